"""Root mean square normalisation with its gradient written out: half the passes over memory that autograd makes of it."""

from typing import Any

import torch


def rms_norm(values: Any, weight: Any, epsilon: float) -> Any:
    """Return values divided by their root mean square over the last axis, times a weight; differentiable once.

    Parameters
    ----------
    values
        Shape [..., width]; computed in float32 whatever their type.
    weight
        Shape [width].

    Returns
    -------
    Tensor
        Of the products' type under autocast, so that no layer after it converts again; otherwise as torch promotes.

    Notes
    -----
    Zhang and Sennrich (2019), equation 4; rounding as in Qwen's and Llama's: to the type of ``values`` before the weight.
    """
    return _RmsNorm.apply(values, weight, epsilon)  # type: ignore[no-untyped-call]


class _RmsNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Any, weight: Any, epsilon: float) -> Any:
        wide = values.float()
        length = torch.linalg.vector_norm(wide, dim=-1, keepdim=True)
        inverse = length.square_().div_(wide.shape[-1]).add_(epsilon).rsqrt_()
        normal = wide * inverse
        ctx.save_for_backward(normal, inverse, weight)
        ctx.kind = values.dtype
        found = normal.to(values.dtype) * weight
        return found.to(torch.get_autocast_dtype("cpu")) if torch.is_autocast_enabled("cpu") else found

    @staticmethod
    def backward(ctx: Any, gradient: Any) -> Any:
        normal, inverse, weight = ctx.saved_tensors
        gradient = gradient.float()
        moved = None
        if ctx.needs_input_grad[1]:
            moved = (gradient * normal.to(ctx.kind)).flatten(0, -2).sum(0).to(weight.dtype)
        pushed = gradient * weight
        along = torch.linalg.vecdot(pushed, normal).unsqueeze(-1).div_(normal.shape[-1])
        return pushed.addcmul_(normal, along, value=-1).mul_(inverse).to(ctx.kind), moved, None
