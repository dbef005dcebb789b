"""Quantises a checkpoint: to the nearest, by GPTQ, or after AWQ's scaling; measures what it cost in likelihood."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from yunqi.cloud.training.engine.gguf import Coded
from yunqi.cloud.training.engine.learning.quantise import balance, gptq, linear_names, rounded, second_moments
from yunqi.cloud.training.model import Recipe
from yunqi.cloud.training.service.reading import resolve, rows
from yunqi.cloud.training.service.worker import weights
from yunqi.cloud.training.service.worker.channel import Channel
from yunqi.cloud.training.service.worker.task_model import Task
from yunqi.cloud.training.service.worker.tokens import Writer, load_tokenizer, save_tokenizer


def quantise(task: Task, channel: Channel) -> dict[str, Any]:
    """Quantise the base model and return what is known of the result.

    The folder ``model`` holds the rounded weights in float32, so that anything loads and scores them; the folder
    ``packed`` holds codes and scales when the format asks for safetensors.
    """
    assert task.base is not None
    recipe, rules = task.recipe, task.recipe.quantize
    model = weights.load(task.base).eval()
    coded: dict[str, Coded] = {}
    if rules.bits != 16:
        names = linear_names(model)
        moments = _moments(model, names, recipe, task.base) if rules.method != "nearest" else {}
        if rules.method == "awq":
            balance(model, moments, bits=rules.bits, group=rules.group)
        modules = dict(model.named_modules())
        for place, name in enumerate(names):
            channel.send("progress", phase="quantising", done=place, total=len(names))
            layer = modules[name]
            if rules.method == "gptq":
                found = gptq(layer.weight.data, moments[name], bits=rules.bits, group=rules.group)
            else:
                found = rounded(layer.weight, bits=rules.bits, group=rules.group)
            coded[f"{name}.weight"] = found
            layer.weight.data = torch.from_numpy(found.values())
    target = task.folder / "model"
    weights.save(model, target)
    save_tokenizer(load_tokenizer(task.base), target, base=task.base)
    if rules.format != "gguf":
        _save_packed(model, coded, recipe, task.folder / "packed")
    count = sum(weight.numel() for weight in model.parameters())
    return {"model": str(target), "parameters": count, "coded": coded if rules.format != "safetensors" else None}


def unpacked(folder: Path) -> dict[str, Any]:
    """Return the weights that a ``packed`` folder stands for, by name."""
    from safetensors.torch import load_file

    settings = json.loads((folder / "quantisation.json").read_text(encoding="utf-8"))
    stored, found = load_file(str(folder / "model.safetensors")), {}
    for name, value in stored.items():
        if name.endswith(".codes"):
            stem = name.removesuffix(".codes")
            codes = (
                value
                if settings["bits"] == 8
                else torch.stack([(value & 15), (value >> 4)], -1).flatten(1).to(torch.int8) - 8
            )
            scales = stored[f"{stem}.scales"].float()
            grouped = codes.float().reshape(len(codes), scales.shape[1], -1) * scales[:, :, None]
            found[stem] = grouped.reshape(len(codes), -1)
        elif not name.endswith(".scales"):
            found[name] = value
    return found


def _moments(model: Any, names: list[str], recipe: Recipe, base: Path) -> dict[str, Any]:
    writer = Writer(load_tokenizer(base))

    def batches() -> Iterator[Any]:
        length, taken, kept = recipe.train.sequence, 0, []
        for ids in writer.texts(_texts(recipe)):
            kept += ids
            while len(kept) >= length:
                if taken >= recipe.quantize.samples:
                    return
                yield torch.tensor([kept[:length]])
                kept, taken = kept[length:], taken + 1
        if not taken and kept:
            yield torch.tensor([kept])

    return second_moments(model, names, batches(), lambda ids: model.model(input_ids=ids, use_cache=False))


def _texts(recipe: Recipe) -> Iterator[str]:
    for source in recipe.data:
        path = resolve(source.path, recipe.folder)
        for _, values in rows(path, limit=source.limit):
            yield "\n".join(value for value in values.values() if isinstance(value, str))


def _save_packed(model: Any, coded: dict[str, Coded], recipe: Recipe, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    stored: dict[str, Any] = {}
    for name, value in model.state_dict().items():
        if name in coded:
            stored[f"{name}.codes"] = torch.from_numpy(_nibbles(coded[name]))
            stored[f"{name}.scales"] = torch.from_numpy(coded[name].scales)
        elif not (name == "lm_head.weight" and model.config.tie_word_embeddings):
            stored[name] = value.contiguous().to(torch.float16)
    save_file(stored, str(folder / "model.safetensors"))
    settings = {"bits": recipe.quantize.bits, "group": recipe.quantize.group, "method": recipe.quantize.method}
    (folder / "quantisation.json").write_text(json.dumps(settings) + "\n", encoding="utf-8")
    (folder / "config.json").write_text(model.config.to_json_string(), encoding="utf-8")


def _nibbles(coded: Coded) -> np.ndarray[Any, Any]:
    if coded.bits == 8:
        return coded.codes
    shifted = (coded.codes + 8).astype(np.uint8)
    return shifted[:, 0::2] | shifted[:, 1::2] << 4
