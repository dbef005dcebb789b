"""Unpacks GPTQ, AWQ and FP8 checkpoints.

GPTQ (arXiv 2210.17323) packs rows of the input side into int32; AWQ (2306.00978) packs the output side, in the order of
its GPU kernels; both have scales and zero points a group. FP8 keeps a scale a block, a channel or a tensor. Layouts as
in the checkpoints published by the Qwen team.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from yunqi.cloud.models.engine.weights.fill import Source
from yunqi.cloud.models.model import BadCheckpoint

_AWQ_ORDER = (0, 4, 1, 5, 2, 6, 3, 7)
_PARTS = (".qweight", ".qzeros", ".scales", ".g_idx")
_EIGHT = (torch.float8_e4m3fn, torch.float8_e5m2)
_SCALES = ("_scale_inv", "_scale")


def unpacked(inner: Source, settings: Mapping[str, Any]) -> Source:
    """Return a quantised checkpoint as if it were not.

    Raises
    ------
    BadCheckpoint
        When the way it is packed is unknown here.
    """
    method = str(settings.get("quant_method", ""))
    return Eighths(inner, settings) if method in ("fp8", "compressed-tensors") else Unpacked(inner, settings)


class Eighths:
    """A checkpoint whose weights are 8-bit floats with scales beside them, as if they were whole."""

    def __init__(self, inner: Source, settings: Mapping[str, Any]) -> None:
        self._inner = inner
        block = settings.get("weight_block_size") or (0, 0)
        if not isinstance(block, list | tuple) or len(block) != 2:
            raise BadCheckpoint(f"The config gives weight_block_size = {block!r}; it must be two numbers.")
        self._block = (int(block[0]), int(block[1]))
        names = set(inner.names())
        self._scales = {name: name + ending for name in names for ending in reversed(_SCALES) if name + ending in names}

    def names(self) -> list[str]:
        """Return the names of the weights, without scales of weights and of activations."""
        hidden = set(self._scales.values())
        return [name for name in self._inner.names() if name not in hidden and not name.endswith(".input_scale")]

    def shape(self, name: str) -> tuple[int, ...]:
        """Return a tensor's shape."""
        return self._inner.shape(name)

    def tensor(self, name: str) -> Tensor:
        """Return a tensor; one of 8 bits in the type of its scales."""
        value = self._inner.tensor(name)
        if name not in self._scales:
            if value.dtype in _EIGHT:
                raise BadCheckpoint(f"The 8-bit tensor {name} lacks {name}_scale_inv.")
            return value
        scale = self._inner.tensor(self._scales[name])
        wide = scale.float() if scale.dim() < 2 or not self._block[0] else self._spread(name, scale.float(), value)
        if wide.dim() == 1 and wide.numel() > 1:
            wide = wide[:, None]
        return (value.float() * wide).to(scale.dtype)

    def _spread(self, name: str, scale: Tensor, value: Tensor) -> Tensor:
        """Return a scale a block as a scale an element; experts may be stacked before."""
        rows, columns = value.shape[-2:]
        each = self._block
        if scale.shape[-2:] != (-(-rows // each[0]), -(-columns // each[1])):
            raise BadCheckpoint(
                f"The scales of {name} have shape {list(scale.shape)}; blocks of {list(each)} of {[rows, columns]} need "
                f"{[-(-rows // each[0]), -(-columns // each[1])]}."
            )
        return scale.repeat_interleave(each[0], -2)[..., :rows, :].repeat_interleave(each[1], -1)[..., :columns]


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
                "bits, and fp8, are read here."
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
