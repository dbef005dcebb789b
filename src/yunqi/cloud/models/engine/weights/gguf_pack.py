"""Packs tensors for GGUF files: plain, or as Q4_0 or Q8_0."""

from collections.abc import Callable

import torch
from torch import Tensor

from yunqi.cloud.models.engine.weights.gguf_write import GgufTensor
from yunqi.kernel.errors import Invalid

_SHARES = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 1.05, -0.95, -0.9)


def plain(name: str, value: Tensor) -> GgufTensor:
    """Return a tensor written as float32."""
    return GgufTensor(
        name, tuple(value.shape), 0, value.numel() * 4, lambda: value.float().contiguous().numpy().tobytes()
    )


def packed(name: str, shape: tuple[int, ...], kind: str, value: Callable[[], Tensor]) -> GgufTensor:
    """Return a tensor written as ``Q4_0`` or ``Q8_0``; its last axis must hold whole blocks of 32."""
    if shape[-1] % 32:
        raise Invalid(f"Tensor {name} has rows of {shape[-1]}; {kind} needs a multiple of 32.")
    number, each, pack = {"Q4_0": (2, 18, _q4_0), "Q8_0": (8, 34, _q8_0)}[kind]
    count = 1
    for part in shape:
        count *= part
    return GgufTensor(name, shape, number, count // 32 * each, lambda: pack(value()))


def _q4_0(value: Tensor) -> bytes:
    """Pack with the scale that loses least in the mean square, among those around the largest value's."""
    blocks = value.float().reshape(-1, 32)
    peak = blocks.gather(1, blocks.abs().argmax(dim=1, keepdim=True)) / -8
    best = torch.full_like(peak, float("inf"))
    scales = peak.half()
    for share in _SHARES:
        tried = (peak * share).half()
        lost = (_numbers(blocks, tried) * tried.float() - 8 * tried.float() - blocks).square().sum(1, keepdim=True)
        scales = torch.where(lost < best, tried, scales)
        best = torch.minimum(lost, best)
    numbers = _numbers(blocks, scales).to(torch.uint8)
    both = numbers[:, :16] | (numbers[:, 16:] << 4)
    return torch.cat((scales.view(torch.uint8), both), dim=1).numpy().tobytes()


def _numbers(blocks: Tensor, scales: Tensor) -> Tensor:
    inverse = torch.where(scales == 0, 0.0, 1.0 / scales.float())
    return (blocks * inverse + 8.5).floor().clamp(0, 15)


def _q8_0(value: Tensor) -> bytes:
    blocks = value.float().reshape(-1, 32)
    scales = (blocks.abs().amax(dim=1, keepdim=True) / 127).half()
    inverse = torch.where(scales == 0, 0.0, 1.0 / scales.float())
    numbers = (blocks * inverse).round().clamp(-127, 127).to(torch.int8)
    return torch.cat((scales.view(torch.uint8), numbers.view(torch.uint8)), dim=1).numpy().tobytes()
