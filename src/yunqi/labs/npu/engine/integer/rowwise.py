"""Functions over rows in integers: softmax, layer normalisation, means, sums, pools."""

import numpy as np

from yunqi.labs.npu.engine.integer.arithmetic import clipped, divided, fixed_point, integer_root, shifted
from yunqi.labs.npu.engine.integer.elementwise import Stored, scaled
from yunqi.labs.npu.engine.integer.windows import counted, window_of, windows
from yunqi.labs.npu.model import Array, Graph, Node, Quantity

_EXP_BITS = 20
_ROOT_BITS = 8
_RATIO_BITS = 12


def softmax(stored: Stored, target: Quantity, *, axis: int) -> Array:
    """Return the softmax along an axis: a table of falling powers, a sum, one division."""
    data, source = stored
    wide = data.astype(np.int64)
    below = wide.max(axis=axis, keepdims=True) - wide
    entries = np.rint(np.exp(-np.arange(2 * source.limit + 1) * float(source.scale)) * (1 << _EXP_BITS)).astype(
        np.int64
    )
    powers = entries[below]
    total = powers.sum(axis=axis, keepdims=True)
    factor, shift = fixed_point(1 / float(target.scale), bits=20)
    return clipped(divided(powers * factor, total << np.int64(shift)), target.limit)


def layer_norm(stored: Stored, target: Quantity, scale: Array, bias: Array, *, epsilon: float) -> Array:
    """Return ``(x - mean) / sqrt(variance + epsilon) * scale + bias`` over the last axis.

    With N elements of a row and d = N x - sum: the deviation is sqrt(sum(d^2) / N) / N in units of the input's scale.
    """
    data, source = stored
    wide = data.astype(np.int64)
    length = wide.shape[-1]
    off = length * wide - wide.sum(axis=-1, keepdims=True)
    spare = _ROOT_BITS if source.bits == 8 else 0
    extra = round(epsilon * (length / float(source.scale)) ** 2)
    spread = (off * off).sum(axis=-1, keepdims=True) // length + min(extra, 1 << 40)
    root = np.maximum(integer_root(spread << np.int64(2 * spare)), 1)  # N times the deviation, `spare` bits finer
    parts = divided(off << np.int64(spare + _RATIO_BITS), root)
    gains, shift = fixed_point(np.maximum(np.abs(scale), 1e-30) / float(target.scale), bits=16)
    moved = np.rint(bias / float(target.scale) * 2.0 ** (shift + _RATIO_BITS)).astype(np.int64)
    total = parts * (gains * np.where(scale < 0, -1, 1)) + moved
    return clipped(shifted(total, shift + _RATIO_BITS), target.limit)


def mean(stored: Stored, target: Quantity, *, axes: tuple[int, ...], keep: bool, total: bool = False) -> Array:
    """Return means (or sums) over axes."""
    data, source = stored
    count = 1
    for axis in axes:
        count *= data.shape[axis]
    sums = data.astype(np.int64).sum(axis=axes, keepdims=keep)
    return scaled(sums, float(source.scale) / float(target.scale) / (1 if total else max(1, count)), target.limit)


def pooled(graph: Graph, node: Node, stored: Stored, target: Quantity) -> Array:
    """Return a maximum or average pool."""
    data, source = stored
    spatial = tuple(range(2, data.ndim))
    if node.op == "GlobalAveragePool":
        return mean(stored, target, axes=spatial, keep=True)
    if node.op == "GlobalMaxPool":
        return scaled(data.max(axis=spatial, keepdims=True), float(source.scale) / float(target.scale), target.limit)
    window = window_of(node.attributes, data.shape[2:], node.attributes["kernel_shape"], graph.shape(node.output)[2:])
    last = tuple(range(-len(spatial), 0))
    if node.op == "MaxPool":
        top = windows(data, window, fill=-source.limit).max(axis=last)
        return scaled(top, float(source.scale) / float(target.scale), target.limit)
    sums = windows(data.astype(np.int64), window, fill=0).sum(axis=last)
    pads = node.attributes.get("pads") if node.attributes.get("count_include_pad", 0) else None
    seen = counted(data.shape[2:], window, padded=bool(node.attributes.get("count_include_pad", 0)), pads=pads)
    factor = float(source.scale) / float(target.scale) / seen
    return scaled(
        sums, np.broadcast_to(factor, sums.shape) if seen.size > 1 else float(factor.ravel()[0]), target.limit
    )
