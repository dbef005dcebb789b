"""The parts of a decoder block between its matrix products, each one pass forwards and one back, under bfloat16 autocast.

The loops are `kernels`, which needs Numba; where it is missing, or a call is of another kind, PyTorch's own stay in place.
"""

import importlib.util
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import torch

_MOST_PLACES = 512


@cache
def available() -> bool:
    """Return whether the compiled loops can be used."""
    return importlib.util.find_spec("numba") is not None


def serves() -> bool:
    """Return whether a call now is one of training in bfloat16."""
    return bool(
        available()
        and torch.is_grad_enabled()
        and torch.is_autocast_enabled("cpu")
        and torch.get_autocast_dtype("cpu") is torch.bfloat16
    )


def rms_norm(values: Any, weight: Any, epsilon: float) -> Any:
    """Return root mean square normalised rows [..., width] of float32 as bfloat16, times a weight [width]."""
    return _Norm.apply(values, weight, epsilon)  # type: ignore[no-untyped-call]


def turned(values: Any, weight: Any, epsilon: float, cosine: Any, sine: Any, factor: float = 1.0) -> Any:
    """Return heads normalised, turned by their places and scaled.

    Parameters
    ----------
    values
        Shape [batch, length, heads, width], bfloat16.
    weight
        Of the norm, shape [width]; None for architectures without one.
    cosine, sine
        Shape [length, width].

    Returns
    -------
    Tensor
        Shape [batch, heads, length, width], bfloat16.
    """
    return _Turn.apply(values, weight, epsilon, cosine, sine, factor)  # type: ignore[no-untyped-call]


def gated(gate: Any, up: Any) -> Any:
    """Return ``silu(gate) * up`` of bfloat16 tensors."""
    return _Gate.apply(gate, up)  # type: ignore[no-untyped-call]


def attended(query: Any, key: Any, value: Any) -> Any:
    """Return causal attention of scaled queries; all [batch, heads, length, width] of bfloat16, at most 512 places."""
    return _Attention.apply(query, key, value)  # type: ignore[no-untyped-call]


def surprise(logits: Any, wanted: Any) -> Any:
    """Replace logits [rows, words] of bfloat16 by the gradient of their summed loss, and return that loss in nats."""
    from yunqi.cloud.training.engine.learning import kernels

    losses = torch.empty(len(wanted))
    _share(len(wanted), kernels.surprise, logits, wanted, losses)
    return losses.sum()


def short(length: int) -> bool:
    """Return whether `attended` is the faster way for sequences of this length."""
    return length <= _MOST_PLACES


class _Norm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Any, weight: Any, epsilon: float) -> Any:
        from yunqi.cloud.training.engine.learning import kernels

        rows = values.detach().float().contiguous().view(-1, values.shape[-1])
        out, inverse = torch.empty(rows.shape, dtype=torch.bfloat16), torch.empty(len(rows))
        flat = weight.detach().float()
        _share(len(rows), kernels.norm_forward, rows, flat, _number(epsilon), out, inverse)
        ctx.save_for_backward(rows, flat, inverse)
        ctx.kinds = values.dtype, weight.dtype
        return out.view(values.shape)

    @staticmethod
    def backward(ctx: Any, gradient: Any) -> Any:
        from yunqi.cloud.training.engine.learning import kernels

        rows, weight, inverse = ctx.saved_tensors
        pushed = gradient.to(torch.bfloat16).contiguous().view(rows.shape)
        out = torch.empty_like(rows)
        moved = _summed(len(rows), kernels.norm_backward, (pushed, rows, weight, inverse, out), len(weight))
        return out.view(gradient.shape).to(ctx.kinds[0]), moved.to(ctx.kinds[1]), None


class _Turn(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Any, weight: Any, epsilon: float, cosine: Any, sine: Any, factor: float) -> Any:
        from yunqi.cloud.training.engine.learning import kernels

        values = values.detach().contiguous()
        batch, length, heads, width = values.shape
        flat = torch.ones(width) if weight is None else weight.detach().float()
        out, inverse = values.new_empty(batch, heads, length, width), torch.empty(batch, length, heads)
        scale = _number(factor)
        _share(
            batch * length, kernels.turn_forward, values, flat, _number(epsilon), cosine, sine, scale, out, inverse,
            weight is not None,
        )  # fmt: skip
        ctx.save_for_backward(values, flat, cosine, sine, inverse)
        ctx.rest = scale, None if weight is None else weight.dtype
        return out

    @staticmethod
    def backward(ctx: Any, gradient: Any) -> Any:
        from yunqi.cloud.training.engine.learning import kernels

        values, weight, cosine, sine, inverse = ctx.saved_tensors
        scale, kind = ctx.rest
        pushed = gradient.to(torch.bfloat16).contiguous()
        out = torch.empty_like(values)
        given = (pushed, values, weight, cosine, sine, scale, inverse, out)
        moved = _summed(values.shape[0] * values.shape[1], kernels.turn_backward, given, len(weight), kind is not None)
        return out, None if kind is None else moved.to(kind), None, None, None, None


class _Gate(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, gate: Any, up: Any) -> Any:
        from yunqi.cloud.training.engine.learning import kernels

        gate, up = gate.detach().contiguous(), up.detach().contiguous()
        out = torch.empty_like(gate)
        _share(gate.numel(), kernels.gate_forward, gate.view(-1), up.view(-1), out.view(-1))
        ctx.save_for_backward(gate, up)
        return out

    @staticmethod
    def backward(ctx: Any, gradient: Any) -> Any:
        from yunqi.cloud.training.engine.learning import kernels

        gate, up = ctx.saved_tensors
        pushed = gradient.to(torch.bfloat16).contiguous()
        first, second = torch.empty_like(gate), torch.empty_like(up)
        flat = [tensor.view(-1) for tensor in (pushed, gate, up, first, second)]
        _share(gate.numel(), kernels.gate_backward, *flat)
        return first, second


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, query: Any, key: Any, value: Any) -> Any:
        from yunqi.cloud.training.engine.learning import kernels

        likelihood = query @ key.mT
        flat = likelihood.view(-1, *likelihood.shape[-2:])
        _share(len(flat), kernels.softmax_forward, flat)
        ctx.save_for_backward(query, key, value, likelihood)
        return likelihood @ value

    @staticmethod
    def backward(ctx: Any, gradient: Any) -> Any:
        from yunqi.cloud.training.engine.learning import kernels

        query, key, value, likelihood = ctx.saved_tensors
        gradient = gradient.to(torch.bfloat16)
        pushed = gradient @ value.mT
        flat = pushed.view(-1, *pushed.shape[-2:])
        _share(len(flat), kernels.softmax_backward, flat, likelihood.view(flat.shape))
        return pushed @ key, pushed.mT @ query, likelihood.mT @ gradient


def _share(rows: int, kernel: Callable[..., None], *given: Any) -> None:
    """Run a loop over all rows, shared among PyTorch's number of threads."""
    arrays = [_array(value) for value in given]
    _spread(rows, lambda first, last, _: kernel(first, last, *arrays))


def _summed(rows: int, kernel: Callable[..., None], given: tuple[Any, ...], width: int, *rest: Any) -> Any:
    """Run a loop that also sums over rows, and return the sums [width]."""
    arrays = [_array(value) for value in given]
    sums = torch.zeros(torch.get_num_threads(), width)
    views = sums.numpy()
    _spread(rows, lambda first, last, part: kernel(first, last, *arrays, views[part], *rest))
    return sums.sum(0)


def _spread(rows: int, work: Callable[[int, int, int], None]) -> None:
    parts = min(torch.get_num_threads(), rows)
    if parts <= 1:
        work(0, rows, 0)
        return
    edges = [rows * part // parts for part in range(parts + 1)]
    others = [_threads(parts - 1).submit(work, edges[n], edges[n + 1], n) for n in range(1, parts)]
    work(edges[0], edges[1], 0)
    for other in others:
        other.result()


@cache
def _threads(count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count, thread_name_prefix="fused")


def _array(value: Any) -> Any:
    """Return a tensor as an array over the same memory, bfloat16 as its bits; other values as they are."""
    if not isinstance(value, torch.Tensor):
        return value
    value = value.detach()
    return (value.view(torch.uint16) if value.dtype is torch.bfloat16 else value).numpy()


def _number(value: float) -> Any:
    import numpy as np

    return np.float32(value)
