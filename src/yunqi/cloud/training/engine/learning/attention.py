"""Causal self-attention for training on processors: plain matrix products where PyTorch's fused kernel is slow.

For the short sequences that small models are trained on, the fused kernel takes two (256 tokens) to seven times (40 tokens)
as long as three matrix products with a softmax between them. Long sequences, masks and dropout stay with PyTorch.
"""

from typing import Any

import torch

_LONGEST = 512
_MASKS: dict[tuple[int, torch.dtype], Any] = {}


def causal_attention(query: Any, key: Any, value: Any, scale: float) -> Any:
    """Return what each place takes from the places up to it.

    Parameters
    ----------
    query, key, value
        Shape [batch, heads, length, width], of one type.
    scale
        Applied to the products of queries and keys.

    Returns
    -------
    Tensor
        Shape [batch, heads, length, width]; differentiable once.
    """
    return _Causal.apply(query, key, value, scale)  # type: ignore[no-untyped-call]


def serves(query: Any, key: Any, mask: Any, dropout: float) -> bool:
    """Return whether `causal_attention` is right for a call: training on whole, short sequences without mask or dropout."""
    whole = query.shape[-2] == key.shape[-2] <= _LONGEST
    return bool(torch.is_grad_enabled() and mask is None and not dropout and whole and query.requires_grad)


class _Causal(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, query: Any, key: Any, value: Any, scale: float) -> Any:
        query = query * scale
        likelihood = torch.softmax((query @ key.mT).add_(_mask(query)), dim=-1)
        ctx.save_for_backward(query, key, value, likelihood)
        ctx.scale = scale
        return likelihood @ value

    @staticmethod
    def backward(ctx: Any, gradient: Any) -> Any:
        query, key, value, likelihood = ctx.saved_tensors
        gradient = gradient.to(value.dtype)
        pushed = torch.ops.aten._softmax_backward_data(gradient @ value.mT, likelihood, -1, likelihood.dtype)
        return (pushed @ key).mul_(ctx.scale), pushed.mT @ query, likelihood.mT @ gradient, None


def _mask(query: Any) -> Any:
    length, kind = query.shape[-2], query.dtype
    if (length, kind) not in _MASKS:
        if len(_MASKS) > 64:
            _MASKS.clear()
        _MASKS[length, kind] = torch.full((length, length), float("-inf"), dtype=kind).triu(1)
    return _MASKS[length, kind]
