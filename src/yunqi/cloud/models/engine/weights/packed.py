"""Unpacks GPTQ and AWQ checkpoints: integers of 2 to 8 bits packed into int32, with scales and zero points a group.

GPTQ (arXiv 2210.17323) packs rows of the input side; AWQ (2306.00978) packs the output side, in the order of its GPU
kernels. Layouts as in the checkpoints published by the Qwen team.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from yunqi.cloud.models.engine.weights.fill import Source
from yunqi.cloud.models.model import BadCheckpoint

_AWQ_ORDER = (0, 4, 1, 5, 2, 6, 3, 7)
_PARTS = (".qweight", ".qzeros", ".scales", ".g_idx")


class Unpacked:
    """A quantised checkpoint as if it were not: ``x.qweight`` and its companions appear as ``x.weight``."""

    def __init__(self, inner: Source, settings: Mapping[str, Any]) -> None:
        self._inner = inner
        self._method = str(settings.get("quant_method", ""))
        self._bits = settings.get("bits", settings.get("w_bit", 4))
        self._old = str(settings.get("checkpoint_format", "gptq")) == "gptq"
        if self._method not in ("gptq", "awq") or self._bits not in (2, 4, 8):
            raise BadCheckpoint(
                f"The config names the quantisation {self._method!r} of {self._bits} bits; gptq and awq of 2, 4 or 8 "
                "bits are read here."
            )
        self._packed = {name[: -len(".qweight")] for name in inner.names() if name.endswith(".qweight")}

    def names(self) -> list[str]:
        """Return the names of the unpacked tensors."""
        plain = [
            name
            for name in self._inner.names()
            if not (name.endswith(_PARTS) and name.rsplit(".", 1)[0] in self._packed)
        ]
        return plain + [f"{name}.weight" for name in sorted(self._packed)]

    def shape(self, name: str) -> tuple[int, ...]:
        """Return a tensor's shape."""
        return tuple(self.tensor(name).shape) if self._is_packed(name) else self._inner.shape(name)

    def tensor(self, name: str) -> Tensor:
        """Return a tensor; a packed one in the type of its scales, [outputs, inputs]."""
        if not self._is_packed(name):
            return self._inner.tensor(name)
        base, have = name[: -len(".weight")], set(self._inner.names())
        for part in (".qzeros", ".scales"):
            if base + part not in have:
                raise BadCheckpoint(f"The packed tensor {base}.qweight lacks {base}{part}.")
        weight, zeros, scales = (self._inner.tensor(base + part) for part in (".qweight", ".qzeros", ".scales"))
        if self._method == "awq":
            return _awq(weight, zeros, scales, self._bits)
        groups = self._inner.tensor(f"{base}.g_idx") if f"{base}.g_idx" in have else None
        return _gptq(weight, zeros, scales, groups, self._bits, plus=1 if self._old else 0)

    def _is_packed(self, name: str) -> bool:
        return name.endswith(".weight") and name[: -len(".weight")] in self._packed


def _bits(packed: Tensor, bits: int) -> Tensor:
    """Return the integers in each int32, lowest first [..., 32 / bits]."""
    places = torch.arange(0, 32, bits, dtype=torch.int32)
    return (packed.to(torch.int32)[..., None] >> places) & ((1 << bits) - 1)


def _gptq(weight: Tensor, zeros: Tensor, scales: Tensor, groups: Tensor | None, bits: int, *, plus: int) -> Tensor:
    values = _bits(weight.T, bits).flatten(1)  # [outputs, inputs]
    offsets = _bits(zeros, bits).flatten(1) + plus  # [groups, outputs]
    if groups is None:
        groups = torch.arange(values.shape[1]) // (values.shape[1] // scales.shape[0])
    which = groups.long()
    return ((values - offsets[which].T) * scales[which].T.float()).to(scales.dtype)


def _awq(weight: Tensor, zeros: Tensor, scales: Tensor, bits: int) -> Tensor:
    order = list(_AWQ_ORDER) if bits == 4 else list(range(32 // bits))
    values = _bits(weight, bits)[..., order].flatten(1)  # [inputs, outputs]
    offsets = _bits(zeros, bits)[..., order].flatten(1)  # [groups, outputs]
    which = torch.arange(values.shape[0]) // (values.shape[0] // scales.shape[0])
    return ((values - offsets[which]) * scales[which].float()).T.to(scales.dtype).contiguous()
