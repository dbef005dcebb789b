"""Rotary positions: the inverse frequencies of every scaling rule, and how a head is turned.

Sources: RoPE (arXiv 2104.09864), YaRN (2309.00071), dynamic NTK as in Qwen's 2023 code, Llama 3.1's bands, LongRoPE
(2402.13753), M-RoPE (2409.12191).
"""

import math

import torch
from torch import Tensor

from yunqi.cloud.models.engine.lineage.spec import Rope, Text


def frequencies(text: Text, length: int) -> tuple[Tensor, float]:
    """Return the inverse frequencies [rotary dims / 2], float32, and the factor on cos and sin.

    Parameters
    ----------
    length
        Highest position plus one; only the rules that follow the length look at it.
    """
    rope = text.rope
    dims = int(text.head_dim * rope.fraction)
    original = rope.original or text.context
    if rope.kind == "dynamic":
        stretch = rope.factor * max(length, text.context) / text.context - (rope.factor - 1)
        return _plain(rope.theta * stretch ** (dims / (dims - 2)), dims), 1.0
    if rope.kind == "qwen":
        return _plain(rope.theta * alpha(length, original) ** (dims / (dims - 2)), dims), 1.0
    base = _plain(rope.theta, dims)
    if rope.kind == "linear":
        return base / rope.factor, 1.0
    if rope.kind == "llama3":
        return _bands(base, rope, original), 1.0
    if rope.kind == "yarn":
        return _yarn(rope, dims, original), _yarn_scale(rope)
    if rope.kind == "longrope":
        return _long(rope, dims, original, length, text.context)
    return base, 1.0


def alpha(length: int, trained: int) -> float:
    """Return Qwen's (2023) NTK factor for a prompt of this length: 1, 3, 7, ... by powers of two."""
    return max(2.0 ** math.ceil(math.log2(max(length, 1) / trained) + 1) - 1, 1.0)


def turns(text: Text, positions: Tensor, *, length: int) -> tuple[Tensor, Tensor]:
    """Return cos and sin [batch, tokens, rotary dims] of positions [batch, tokens] or [3, batch, tokens]."""
    inverse, scale = frequencies(text, length)
    angles = positions[..., None].float() * inverse.to(positions.device)
    if angles.dim() == 4:
        angles = _sections(angles, text.rope)
    full = torch.cat((angles, angles), dim=-1)
    return full.cos() * scale, full.sin() * scale


def turn(heads: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn heads [batch, heads, tokens, dim]; dims beyond those of cos pass unchanged."""
    dims = cos.shape[-1]
    cos, sin = cos[:, None].to(heads.dtype), sin[:, None].to(heads.dtype)
    moving, still = heads[..., :dims], heads[..., dims:]
    first, second = moving.chunk(2, dim=-1)
    turned = moving * cos + torch.cat((-second, first), dim=-1) * sin
    return torch.cat((turned, still), dim=-1) if still.shape[-1] else turned


def _plain(theta: float, dims: int) -> Tensor:
    return 1.0 / (theta ** (torch.arange(0, dims, 2, dtype=torch.float32) / dims))


def _sections(angles: Tensor, rope: Rope) -> Tensor:
    """Take each frequency from its axis: time, height or width; angles [3, batch, tokens, dims / 2]."""
    if not rope.sections:
        return angles[0]
    axis = torch.zeros(angles.shape[-1], dtype=torch.long)
    if rope.interleaved:
        for which in (1, 2):
            axis[which : rope.sections[which] * 3 : 3] = which
    else:
        start = 0
        for which, size in enumerate(rope.sections):
            axis[start : start + size] = which
            start += size
    return torch.stack([angles[int(which), ..., place] for place, which in enumerate(axis)], dim=-1)


def _yarn(rope: Rope, dims: int, original: int) -> Tensor:
    def place(rotations: float) -> float:
        return dims * math.log(original / (rotations * 2 * math.pi)) / (2 * math.log(rope.theta))

    low, high = place(rope.beta_fast), place(rope.beta_slow)
    if rope.truncate:
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, dims - 1)
    ramp = ((torch.arange(dims // 2, dtype=torch.float32) - low) / ((high - low) or 0.001)).clamp(0, 1)
    exact = _plain(rope.theta, dims)
    return exact / rope.factor * ramp + exact * (1 - ramp)


def _yarn_scale(rope: Rope) -> float:
    if rope.attention_factor is not None:
        return rope.attention_factor

    def scale(weight: float) -> float:
        return 1.0 if rope.factor <= 1 else 0.1 * weight * math.log(rope.factor) + 1.0

    if rope.mscale and rope.mscale_all:
        return scale(rope.mscale) / scale(rope.mscale_all)
    return scale(1.0)


def _bands(base: Tensor, rope: Rope, original: int) -> Tensor:
    wave = 2 * math.pi / base
    smooth = (original / wave - rope.low_frequency) / (rope.high_frequency - rope.low_frequency)
    middle = (1 - smooth) * base / rope.factor + smooth * base
    slow = torch.where(wave > original / rope.low_frequency, base / rope.factor, middle)
    return torch.where(wave < original / rope.high_frequency, base, slow)


def _long(rope: Rope, dims: int, original: int, length: int, context: int) -> tuple[Tensor, float]:
    chosen = rope.long_factors if length > original else rope.short_factors
    factor = rope.factor if rope.factor > 1 else context / original
    scale = rope.attention_factor
    if scale is None:
        scale = 1.0 if factor <= 1 else math.sqrt(1 + math.log(factor) / math.log(original))
    return _plain(rope.theta, dims) / torch.tensor(chosen, dtype=torch.float32), scale
