"""Compiled loops between the matrix products of a bfloat16 step: one pass over memory where PyTorch makes five to ten.

bfloat16 comes as its bits, uint16 (NumPy has no such type), and every sum is made in float32. Each loop works on rows
``first`` to ``last``, so that threads may share them; the results do not depend on how they are shared, but for the sums
over rows, of which each share has its own.
"""

from typing import Any

import numba
import numpy as np

_LOG2E = np.float32(1.4426950408889634)
_ONE = np.float32(1.0)
_MOST = np.float32(80.0)


def _compiled(function: Any) -> Any:
    rules = {"nogil": True, "fastmath": True, "error_model": "numpy"}
    try:
        return numba.njit(cache=True, **rules)(function)
    except RuntimeError:  # no folder that a cache could be written to
        return numba.njit(**rules)(function)


def _inlined(function: Any) -> Any:
    return numba.njit(inline="always", fastmath=True, error_model="numpy")(function)


@_inlined
def wide(bits: Any) -> Any:
    """Return the float32 of a bfloat16's bits."""
    return np.uint32(np.uint32(bits) << np.uint32(16)).view(np.float32)


@_inlined
def narrow(value: Any) -> Any:
    """Return the bits of the nearest bfloat16, ties to even."""
    bits = np.float32(value).view(np.uint32)
    return np.uint16(np.uint32(bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16))


@_inlined
def power(value: Any) -> Any:
    """Return e to a power of at most 88, to 6e-5 of its size: bfloat16 holds 4e-3."""
    exponent = max(np.float32(value) * _LOG2E + np.float32(127), _ONE)
    whole = np.int32(exponent)  # of a positive number, so it is the floor, and the biased exponent of the result
    x = exponent - np.float32(whole)
    part = np.float32(0.00967720) + x * np.float32(0.00133336)
    part = np.float32(0.24022651) + x * (np.float32(0.05550411) + x * part)
    part = _ONE + x * (np.float32(0.69314718) + x * part)
    return part * np.int32(whole << np.int32(23)).view(np.float32)


@_compiled
def norm_forward(first: int, last: int, values: Any, weight: Any, epsilon: Any, out: Any, inverse: Any) -> None:
    """Normalise rows [rows, width] of float32 by their root mean square into bfloat16; keep the inverses [rows]."""
    width = values.shape[1]
    for row in range(first, last):
        total = np.float32(0)
        for i in range(width):
            total += values[row, i] * values[row, i]
        scale = _ONE / np.sqrt(total / np.float32(width) + epsilon)
        inverse[row] = scale
        for i in range(width):
            out[row, i] = narrow(values[row, i] * scale * weight[i])


@_compiled
def norm_backward(
    first: int, last: int, gradient: Any, values: Any, weight: Any, inverse: Any, out: Any, moved: Any
) -> None:
    """Push gradients [rows, width] of bfloat16 through `norm_forward`; add the weight's to ``moved`` [width]."""
    width = values.shape[1]
    for row in range(first, last):
        scale, along = inverse[row], np.float32(0)
        for i in range(width):
            pushed = wide(gradient[row, i])
            normal = values[row, i] * scale
            along += pushed * weight[i] * normal
            moved[i] += pushed * normal
        along = along / np.float32(width)
        for i in range(width):
            out[row, i] = (wide(gradient[row, i]) * weight[i] - values[row, i] * scale * along) * scale


@_compiled
def turn_forward(
    first: int,
    last: int,
    values: Any,
    weight: Any,
    epsilon: Any,
    cosine: Any,
    sine: Any,
    factor: Any,
    out: Any,
    inverse: Any,
    normed: Any,
) -> None:
    """Normalise each head, turn it by its place, scale it, and put heads before places.

    values [batch, length, heads, width] and out [batch, heads, length, width] are bfloat16; cosine and sine
    [length, width]; inverse [batch, length, heads]. Rows are batch times length.
    """
    length, heads, width = values.shape[1], values.shape[2], values.shape[3]
    half = width // 2
    for row in range(first, last):
        b, t = row // length, row % length
        for h in range(heads):
            scale = factor
            if normed:
                total = np.float32(0)
                for i in range(width):
                    x = wide(values[b, t, h, i])
                    total += x * x
                root = _ONE / np.sqrt(total / np.float32(width) + epsilon)
                inverse[b, t, h] = root
                scale = factor * root
            for i in range(half):
                low = wide(values[b, t, h, i]) * weight[i]
                high = wide(values[b, t, h, i + half]) * weight[i + half]
                out[b, h, t, i] = narrow((low * cosine[t, i] - high * sine[t, i]) * scale)
                out[b, h, t, i + half] = narrow((high * cosine[t, i + half] + low * sine[t, i + half]) * scale)


@_compiled
def turn_backward(
    first: int,
    last: int,
    gradient: Any,
    values: Any,
    weight: Any,
    cosine: Any,
    sine: Any,
    factor: Any,
    inverse: Any,
    out: Any,
    moved: Any,
    normed: Any,
) -> None:
    """Push gradients [batch, heads, length, width] through `turn_forward`; add the weight's to ``moved`` [width]."""
    length, heads, width = values.shape[1], values.shape[2], values.shape[3]
    half = width // 2
    back = np.empty(width, np.float32)
    for row in range(first, last):
        b, t = row // length, row % length
        for h in range(heads):
            for i in range(half):
                low, high = wide(gradient[b, h, t, i]), wide(gradient[b, h, t, i + half])
                back[i] = (low * cosine[t, i] + high * sine[t, i + half]) * factor
                back[i + half] = (high * cosine[t, i + half] - low * sine[t, i]) * factor
            if normed:
                scale, along = inverse[b, t, h], np.float32(0)
                for i in range(width):
                    normal = wide(values[b, t, h, i]) * scale
                    along += back[i] * weight[i] * normal
                    moved[i] += back[i] * normal
                along = along / np.float32(width)
                for i in range(width):
                    normal = wide(values[b, t, h, i]) * scale
                    out[b, t, h, i] = narrow((back[i] * weight[i] - normal * along) * scale)
            else:
                for i in range(width):
                    out[b, t, h, i] = narrow(back[i])


@_compiled
def gate_forward(first: int, last: int, gate: Any, up: Any, out: Any) -> None:
    """Return up times gate times the sigmoid of gate; all [count] of bfloat16."""
    gates, ups, outs = gate[first:last], up[first:last], out[first:last]  # indices from 0 let the loop become vectors
    for i in range(len(gates)):
        x = wide(gates[i])
        outs[i] = narrow(x / (_ONE + power(min(-x, _MOST))) * wide(ups[i]))


@_compiled
def gate_backward(first: int, last: int, gradient: Any, gate: Any, up: Any, gate_out: Any, up_out: Any) -> None:
    """Push gradients through `gate_forward`."""
    pushes, gates, ups = gradient[first:last], gate[first:last], up[first:last]
    gate_outs, up_outs = gate_out[first:last], up_out[first:last]
    for i in range(len(gates)):
        x, pushed = wide(gates[i]), wide(pushes[i])
        sigmoid = _ONE / (_ONE + power(min(-x, _MOST)))
        up_outs[i] = narrow(pushed * x * sigmoid)
        gate_outs[i] = narrow(pushed * wide(ups[i]) * sigmoid * (_ONE + x * (_ONE - sigmoid)))


@_compiled
def softmax_forward(first: int, last: int, scores: Any) -> None:
    """Replace scores [heads, length, length] of bfloat16 by likelihoods over the places up to each; rows are heads."""
    length = scores.shape[1]
    raised = np.empty(length, np.float32)
    for head in range(first, last):
        for t in range(length):
            row = scores[head, t, : t + 1]
            highest = wide(row[0])
            for i in range(len(row)):
                highest = max(highest, wide(row[i]))
            total = np.float32(0)
            for i in range(len(row)):
                value = power(wide(row[i]) - highest)
                raised[i] = value
                total += value
            inverse = _ONE / total
            for i in range(len(row)):
                row[i] = narrow(raised[i] * inverse)
            scores[head, t, t + 1 :] = np.uint16(0)


@_compiled
def softmax_backward(first: int, last: int, gradient: Any, likelihood: Any) -> None:
    """Replace gradients [heads, length, length] by those of the scores."""
    length = gradient.shape[1]
    for head in range(first, last):
        for t in range(length):
            pushed, weights = gradient[head, t, : t + 1], likelihood[head, t, : t + 1]
            along = np.float32(0)
            for i in range(len(pushed)):
                along += wide(pushed[i]) * wide(weights[i])
            for i in range(len(pushed)):
                pushed[i] = narrow((wide(pushed[i]) - along) * wide(weights[i]))
            gradient[head, t, t + 1 :] = np.uint16(0)


@_compiled
def surprise(first: int, last: int, logits: Any, wanted: Any, losses: Any) -> None:
    """Replace logits [rows, words] of bfloat16 by the gradient of their summed loss; losses [rows] in nats."""
    words = logits.shape[1]
    raised = np.empty(words, np.float32)
    for number in range(first, last):
        row, right = logits[number], wanted[number]
        highest = wide(row[0])
        for i in range(words):
            highest = max(highest, wide(row[i]))
        total = np.float32(0)
        for i in range(words):
            value = power(wide(row[i]) - highest)
            raised[i] = value
            total += value
        losses[number] = np.log(total) + highest - wide(row[right])
        inverse = _ONE / total
        for i in range(words):
            row[i] = narrow(raised[i] * inverse)
        row[right] = narrow(raised[right] * inverse - _ONE)
