"""Adapters drawn at random, in the layout that `peft` writes, and what they make of a model's weights."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

ALL = tuple(f"self_attn.{one}_proj" for one in "qkvo") + tuple(f"mlp.{one}_proj" for one in ("gate", "up", "down"))


def drawn(
    folder: Path,
    module: Any,
    *,
    seed: int,
    rank: int = 4,
    size: float = 0.05,
    parts: Sequence[str] = ALL,
    **settings: Any,
) -> Path:
    """Write an adapter of a model and return its folder."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, weight in module.state_dict().items():
        stem = name.removesuffix(".weight")
        if stem.endswith(tuple(parts)) and name.endswith(".weight"):
            rows, columns = weight.shape
            base = f"base_model.model.{stem}"
            tensors[f"{base}.lora_A.weight"] = torch.randn(rank, columns, generator=generator) * size
            tensors[f"{base}.lora_B.weight"] = torch.randn(rows, rank, generator=generator) * size
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, str(folder / "adapter_model.safetensors"))
    told = {"peft_type": "LORA", "r": rank, "lora_alpha": 2 * rank, "target_modules": list(parts), "bias": "none"}
    (folder / "adapter_config.json").write_text(json.dumps(told | settings), encoding="utf-8")
    return folder


def merge(module: Any, folder: Path, *, scale: float = 2.0) -> None:
    """Add an adapter to a model's own weights."""
    from safetensors.torch import load_file

    tensors = load_file(str(folder / "adapter_model.safetensors"))
    weights = module.state_dict()
    for name, a in tensors.items():
        if name.endswith("lora_A.weight"):
            stem = name.removeprefix("base_model.model.").removesuffix(".lora_A.weight")
            weights[f"{stem}.weight"] += scale * tensors[name.replace("lora_A", "lora_B")] @ a
