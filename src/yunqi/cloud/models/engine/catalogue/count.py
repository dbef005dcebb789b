"""Counts a member's parameters by building it where tensors have shapes and no memory (PyTorch's meta device).

One layer of each sort is built and counted as often as it stands in the member; `whole` builds every layer.
"""

from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache

import torch

from yunqi.cloud.models.engine.lineage.member import build
from yunqi.cloud.models.engine.lineage.spec import Spec


@dataclass(frozen=True, slots=True)
class Count:
    """Parameters: all, those one token uses, all but the embeddings, and those of the experts."""

    total: int
    active: int
    body: int
    experts: int


@lru_cache(maxsize=256)
def count(spec: Spec, *, whole: bool = False) -> Count:
    """Return the parameters of a member."""
    slim, times = (spec, {}) if whole else _slim(spec)
    with torch.device("meta"):
        module = build(slim)
    total = experts = embeddings = 0
    for name, parameter in module.named_parameters():
        size = parameter.numel() * next((often for prefix, often in times.items() if name.startswith(prefix)), 1)
        total += size
        experts += size if ".mlp.experts." in name else 0
        embeddings += size if name in ("model.embed_tokens.weight", "lm_head.weight") else 0
    idle = 0
    if spec.text.experts is not None:
        idle = experts - experts * spec.text.experts.chosen // spec.text.experts.count
    return Count(total, total - idle, total - embeddings, experts)


def _slim(spec: Spec) -> tuple[Spec, dict[str, int]]:
    """Return the spec with one layer of each sort, and how often each stands for."""
    text = spec.text
    sorts = Counter(zip(text.kinds, text.sparse, strict=True))
    times = {f"model.layers.{index}.": often for index, often in enumerate(sorts.values())}
    kinds, sparse = tuple(kind for kind, _ in sorts), tuple(is_sparse for _, is_sparse in sorts)
    slim = replace(spec, text=replace(text, layers=len(sorts), kinds=kinds, sparse=sparse))
    if spec.vision is not None:
        slim = replace(slim, vision=replace(spec.vision, depth=1))
        times["visual.blocks.0."] = spec.vision.depth
    if spec.audio is not None:
        slim = replace(slim, audio=replace(spec.audio, layers=1))
        times["audio_tower.layers.0."] = spec.audio.layers
    return slim, times
