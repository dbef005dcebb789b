"""Exports a checkpoint as a GGUF file for the embedded engine."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from yunqi.cloud.models import write_gguf
from yunqi.cloud.training.engine.gguf import Coded, Vocabulary, metadata, stored
from yunqi.kernel.errors import Invalid


def export_gguf(
    checkpoint: Path,
    target: Path,
    *,
    name: str,
    licence: str,
    quantisation: str,
    coded: Mapping[str, Coded] | None = None,
) -> Path:
    """Write a checkpoint folder as one GGUF file, whole or not at all; returns the file."""
    config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
    tensors = read_tensors(checkpoint)
    if config.get("tie_word_embeddings"):
        tensors.pop("lm_head.weight", None)
    temporary = target.with_suffix(".new")
    values = metadata(config, read_vocabulary(checkpoint), name=name, licence=licence, quantisation=quantisation)
    write_gguf(temporary, values, stored(config, tensors, quantisation, coded or {}))
    os.replace(temporary, target)
    return target


def read_tensors(checkpoint: Path) -> dict[str, NDArray[np.float32]]:
    """Return all weights of a checkpoint folder, mapped or read, as float32."""
    found: dict[str, NDArray[np.float32]] = {}
    for file in sorted(checkpoint.glob("*.safetensors")):
        with safe_open(str(file), framework="pt") as tensors:
            for name in tensors.keys():  # noqa: SIM118
                found[name] = tensors.get_tensor(name).float().numpy()
    if not found:
        raise Invalid(f"{checkpoint} holds no .safetensors file.", param="base")
    return found


def read_vocabulary(checkpoint: Path) -> Vocabulary:
    """Return the tokenizer of a checkpoint folder as GGUF keeps it."""
    description = json.loads((checkpoint / "tokenizer.json").read_text(encoding="utf-8"))
    model = description["model"]
    if model.get("type") != "BPE":
        raise Invalid(f"GGUF export needs a byte-level BPE tokenizer, not {model.get('type')}.", param="base")
    by_id = {int(number): token for token, number in model["vocab"].items()}
    special: set[int] = set()
    for added in description.get("added_tokens", ()):
        by_id[int(added["id"])] = added["content"]
        if added["special"]:
            special.add(int(added["id"]))
    tokens = tuple(by_id.get(number, f"[PAD{number}]") for number in range(max(by_id) + 1))
    merges = tuple(" ".join(merge) if isinstance(merge, list) else merge for merge in model["merges"])
    settings = _settings(checkpoint)
    ids = {token: number for number, token in by_id.items()}
    end = ids.get(_word(settings.get("eos_token")), 0)
    padding = ids.get(_word(settings.get("pad_token")), end)
    template = checkpoint / "chat_template.jinja"
    chat = template.read_text(encoding="utf-8") if template.exists() else settings.get("chat_template") or ""
    return Vocabulary(tokens, merges, frozenset(special), end, padding, chat)


def _settings(checkpoint: Path) -> dict[str, Any]:
    place = checkpoint / "tokenizer_config.json"
    found: dict[str, Any] = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
    return found


def _word(token: Any) -> str:
    return str(token.get("content", "")) if isinstance(token, dict) else str(token or "")
