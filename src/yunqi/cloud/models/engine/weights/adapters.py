"""Adapters' files: read in the layout of the `peft` library, written as GGUF for llama.cpp."""

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from yunqi.cloud.models.engine.adapter import Adapter, Floats
from yunqi.cloud.models.engine.weights.folder import read_json
from yunqi.cloud.models.engine.weights.gguf_names import gguf_name, gguf_paired
from yunqi.cloud.models.engine.weights.gguf_pack import plain
from yunqi.cloud.models.engine.weights.gguf_write import GgufTensor, write_gguf
from yunqi.cloud.models.engine.weights.safetensors import SafeFile
from yunqi.cloud.models.model import BadCheckpoint

SETTINGS, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_NAME = re.compile(r"base_model\.model\.(.+)\.lora_(A|B)\.weight")
_REFUSED = ("use_dora", "modules_to_save", "fan_in_fan_out", "trainable_token_indices", "layer_replication")

Shapes = Mapping[str, tuple[int, ...]]


def read_adapter(folder: Path, shapes: Shapes) -> Adapter:
    """Read an adapter folder and hold it against the model it is for.

    Parameters
    ----------
    shapes
        Of the model's weights, by their official names.

    Raises
    ------
    BadCheckpoint
        When the files are damaged, the adapter is of a kind that is not read, or it does not fit the model; the message
        names the tensor or setting.
    """
    settings = read_json(folder / SETTINGS)
    if not isinstance(settings, dict) or settings.get("peft_type") != "LORA":
        raise BadCheckpoint(f"{folder / SETTINGS} does not say peft_type LORA; other adapters are not served.")
    if odd := [name for name in _REFUSED if settings.get(name)]:
        raise BadCheckpoint(f"{folder / SETTINGS} sets {odd[0]}, which is not served.")
    file = SafeFile(folder / WEIGHTS)
    sides = _sides(file)
    ways = {}
    for name, (first, second) in sides.items():
        a, b = (file.tensor(one).float().numpy() for one in (first, second))
        wanted = shapes.get(f"{name}.weight")
        if wanted is None:
            raise BadCheckpoint(f"{file.path} adapts {name}, which the model does not have.")
        if a.ndim != 2 or b.ndim != 2 or (b.shape[0], a.shape[1]) != tuple(wanted) or a.shape[0] != b.shape[1]:
            raise BadCheckpoint(f"{file.path}: {name} is {wanted}, the adapter's sides are {b.shape} and {a.shape}.")
        if not (np.isfinite(a).all() and np.isfinite(b).all()):
            raise BadCheckpoint(f"{file.path}: {name} holds numbers that are not finite.")
        ways[name] = (a, (b * _scale(settings, name, a.shape[0])).astype(np.float32))
    rank = max(a.shape[0] for a, _ in ways.values())
    return Adapter(rank, {name: _filled(a, b, rank) for name, (a, b) in ways.items()})


def write_adapter(target: Path, adapter: Adapter, *, architecture: str, name: str, heads: tuple[int, int]) -> int:
    """Write an adapter as the GGUF file that llama.cpp loads beside a model, and return its bytes.

    Parameters
    ----------
    architecture
        The model's, as its GGUF file names it.
    heads
        Query heads and key heads.
    """
    values = {
        "general.architecture": architecture,
        "general.type": "adapter",
        "general.name": name,
        "adapter.type": "lora",
        "adapter.lora.alpha": float(adapter.rank),  # divided by the rank again: the scale is in B already
    }
    return write_gguf(target, values, _items(adapter, architecture, heads))


def _items(adapter: Adapter, architecture: str, heads: tuple[int, int]) -> Iterator[GgufTensor]:
    for name, (a, b) in adapter.ways.items():
        stored, second = gguf_name(f"{name}.weight"), torch.from_numpy(b)
        if architecture == "llama" and name.endswith(("q_proj", "k_proj")):
            second = gguf_paired(second, heads[0] if name.endswith("q_proj") else heads[1])
        yield plain(f"{stored}.lora_a", torch.from_numpy(a))
        yield plain(f"{stored}.lora_b", second)


def _sides(file: SafeFile) -> dict[str, tuple[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for tensor in file.names():
        match = _NAME.fullmatch(tensor)
        if match is None:
            raise BadCheckpoint(
                f"{file.path} holds the tensor {tensor!r}, which is no side of a linear layer's adapter."
            )
        found.setdefault(match[1], {})[match[2]] = tensor
    if not found:
        raise BadCheckpoint(f"{file.path} holds no tensor.")
    for name, sides in found.items():
        if len(sides) < 2:
            raise BadCheckpoint(f"{file.path} holds one side only of {name}.")
    return {name: (sides["A"], sides["B"]) for name, sides in sorted(found.items())}


def _scale(settings: Mapping[str, Any], name: str, rank: int) -> float:
    """Return alpha over rank (or its root), with what a pattern says for single layers."""
    patterns = settings.get("alpha_pattern") or {}
    own = [value for key, value in patterns.items() if name == key or name.endswith(f".{key}")]
    alpha = float(own[0] if own else settings.get("lora_alpha", rank))
    return alpha / (math.sqrt(rank) if settings.get("use_rslora") else rank)


def _filled(a: Floats, b: Floats, rank: int) -> tuple[Floats, Floats]:
    missing = rank - a.shape[0]
    return np.pad(a, ((0, missing), (0, 0))), np.pad(b, ((0, 0), (0, missing)))
