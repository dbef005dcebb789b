"""Puts a checkpoint's tensors into a module built without memory, and refuses what does not fit, by name."""

from typing import Protocol

import torch
from torch import Tensor, nn

from yunqi.cloud.models.engine.lineage.names import Piece, pieces
from yunqi.cloud.models.model import BadCheckpoint

SILENT = ("talker.", "token2wav.", "code2wav.")
"""Where the voice of an omni member lies, which a config may switch off."""


class Source(Protocol):
    """Tensors by name."""

    def names(self) -> list[str]:
        """Return the names of all tensors."""

    def shape(self, name: str) -> tuple[int, ...]:
        """Return a tensor's shape without reading it."""

    def tensor(self, name: str) -> Tensor:
        """Return a tensor."""


def fill(
    module: nn.Module, source: Source, *, dtype: torch.dtype | None, where: str, unread: tuple[str, ...] = ()
) -> None:
    """Give a module on the meta device its weights.

    Parameters
    ----------
    dtype
        What floating tensors become; None keeps what the file has (and so the mapping, without a copy).
    unread
        Beginnings of names that the config says are not to be used; all others must have a place.

    Raises
    ------
    BadCheckpoint
        When tensors are missing, left over or of another shape; each is named.
    """
    found = pieces(source.names())
    wanted = dict(module.state_dict())
    _complete(found, wanted, where, unread)
    weights = {name: _assemble(name, found[name], like, source, dtype, where) for name, like in wanted.items()}
    module.load_state_dict(weights, assign=True)
    module.requires_grad_(False)
    module.eval()


def _complete(found: dict[str, list[Piece]], wanted: dict[str, Tensor], where: str, unread: tuple[str, ...]) -> None:
    missing = sorted(set(wanted) - set(found))
    if missing:
        raise BadCheckpoint(f"{where} lacks {len(missing)} tensors of its config: {some(missing)}.")
    extra = sorted(name for name in set(found) - set(wanted) if not name.startswith(unread))
    if "lm_head.weight" in extra:  # tied: the embedding is used, as its makers do
        extra.remove("lm_head.weight")
    if extra:
        raise BadCheckpoint(f"{where} holds {len(extra)} tensors that its config has no place for: {some(extra)}.")


def _assemble(
    name: str, parts: list[Piece], like: Tensor, source: Source, dtype: torch.dtype | None, where: str
) -> Tensor:
    if parts[0].expert is not None:
        value = _stack(name, parts, like, source, where)
    elif parts[0].shard is not None:
        ordered = sorted(parts, key=lambda part: part.shard or 0)
        value = torch.cat([source.tensor(part.source) for part in ordered])
    else:
        value = source.tensor(parts[0].source)
        if parts[0].third is not None:
            value = value.chunk(3, dim=0)[parts[0].third]
        if value.shape != like.shape and value.dim() == 3 and value.transpose(1, 2).shape == like.shape:
            value = value.transpose(1, 2).contiguous()  # experts stored input first (Qwen3-VL-MoE)
    if value.shape != like.shape:
        raise BadCheckpoint(
            f"{where}: tensor {parts[0].source!r} has shape {list(value.shape)}; the config asks for {list(like.shape)}."
        )
    return value.to(dtype) if dtype is not None and value.is_floating_point() else value


def _stack(name: str, parts: list[Piece], like: Tensor, source: Source, where: str) -> Tensor:
    experts, rows, _ = like.shape
    half = rows // 2 if parts[0].half is not None else rows
    seen = {(part.expert, part.half) for part in parts}
    if len(seen) != len(parts) or len(parts) != experts * (rows // half):
        raise BadCheckpoint(
            f"{where} has {len(parts)} expert tensors for {name}; the config asks for {experts} experts."
        )
    first = source.tensor(parts[0].source)
    value = torch.empty(like.shape, dtype=first.dtype)
    for part in parts:
        tensor, start = source.tensor(part.source), (part.half or 0) * half
        expert = part.expert if part.expert is not None else -1
        if not 0 <= expert < experts or tensor.shape != (half, like.shape[2]):
            raise BadCheckpoint(
                f"{where}: tensor {part.source!r} has shape {list(tensor.shape)}; the config asks for "
                f"{experts} experts of {[half, like.shape[2]]}."
            )
        value[expert, start : start + half] = tensor
    return value


def some(names: list[str]) -> str:
    """Return up to five names and how many more there are."""
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"
