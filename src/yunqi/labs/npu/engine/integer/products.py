"""Products of integer matrices and convolutions: exact sums.

Sums are taken by the double-precision matrix product, which is exact here: operands are at most 16 bits, so a sum of up
to 2**22 products stays below 2**53. That makes the integer path as fast as the linear algebra library.
"""

import math

import numpy as np

from yunqi.labs.npu.engine.integer.windows import window_of, windows
from yunqi.labs.npu.model import Array, Graph, Node


def product(graph: Graph, node: Node, left: Array, right: Array) -> Array:
    """Return the exact integer sums of a Conv, ConvTranspose, Gemm or MatMul, as int64."""
    if node.op == "Conv":
        return _convolution(graph, node, left, right)
    if node.op == "ConvTranspose":
        return _transposed(graph, node, left, right)
    if node.op == "Gemm":
        left = left.T if node.attributes.get("transA", 0) else left
        right = right.T if node.attributes.get("transB", 0) else right
    return _exact(left.astype(np.float64) @ right.astype(np.float64))


def _exact(sums: Array) -> Array:
    return np.asarray(sums.astype(np.int64))


def _convolution(graph: Graph, node: Node, data: Array, weight: Array) -> Array:
    groups = int(node.attributes.get("group", 1))
    outputs, inner = weight.shape[:2]
    window = window_of(node.attributes, data.shape[2:], weight.shape[2:], graph.shape(node.output)[2:])
    if math.prod(weight.shape[2:]) == 1 and not any((*window.begins, *window.ends)) and groups == 1:
        steps = tuple(slice(None, (o - 1) * s + 1, s) for o, s in zip(window.outputs, window.strides, strict=True))
        taken = data[(slice(None), slice(None), *steps)].reshape(data.shape[0], inner, -1).astype(np.float64)
        sums = weight.reshape(outputs, inner).astype(np.float64) @ taken
        return _exact(sums).reshape(data.shape[0], outputs, *window.outputs)
    view = windows(data, window, fill=0)
    if groups > 1 and inner == 1 and outputs == groups:
        return _depthwise(view, weight)
    batch, rank = data.shape[0], len(window.kernel)
    found = np.empty((batch, outputs, math.prod(window.outputs)), np.int64)
    share = outputs // groups
    axes = (0, 1, *range(2 + rank, 2 + 2 * rank), *range(2, 2 + rank))
    for group in range(groups):
        part = view[:, group * inner : (group + 1) * inner].transpose(axes)
        columns = part.reshape(batch, inner * math.prod(window.kernel), -1).astype(np.float64)
        kernel = weight[group * share : (group + 1) * share].reshape(share, -1).astype(np.float64)
        found[:, group * share : (group + 1) * share] = kernel @ columns
    return found.reshape(batch, outputs, *window.outputs)


def _depthwise(view: Array, weight: Array) -> Array:
    rank = weight.ndim - 2
    sums = np.zeros(view.shape[: 2 + rank], np.int64)
    for tap in np.ndindex(*weight.shape[2:]):
        factor = weight[(slice(None), 0, *tap)].astype(np.int64).reshape(1, -1, *[1] * rank)
        sums += view[(..., *tap)] * factor
    return sums


def _transposed(graph: Graph, node: Node, data: Array, weight: Array) -> Array:
    """Scatter each input times the kernel into the output, then cut the padding away."""
    groups, shape = int(node.attributes.get("group", 1)), graph.shape(node.output)
    rank = data.ndim - 2
    strides = node.attributes.get("strides") or [1] * rank
    dilations = node.attributes.get("dilations") or [1] * rank
    sizes = [
        (n - 1) * s + (k - 1) * d + 1
        for n, s, k, d in zip(data.shape[2:], strides, weight.shape[2:], dilations, strict=True)
    ]
    begins = _transposed_begins(node, sizes, shape[2:], rank)
    room = [max(size, begin + out) for size, begin, out in zip(sizes, begins, shape[2:], strict=True)]
    full = np.zeros((data.shape[0], shape[1], *room), np.int64)
    inner, share = data.shape[1] // groups, weight.shape[1]
    for group in range(groups):
        part = data[:, group * inner : (group + 1) * inner].astype(np.float64)
        for tap in np.ndindex(*weight.shape[2:]):
            kernel = weight[(slice(group * inner, (group + 1) * inner), slice(None), *tap)].astype(np.float64)
            sums = _exact(np.einsum("ni...,io->no...", part, kernel))
            where = tuple(
                slice(t * d, t * d + (n - 1) * s + 1, s)
                for t, d, n, s in zip(tap, dilations, data.shape[2:], strides, strict=True)
            )
            full[(slice(None), slice(group * share, (group + 1) * share), *where)] += sums
    cut = tuple(slice(begin, begin + out) for begin, out in zip(begins, shape[2:], strict=True))
    return full[(slice(None), slice(None), *cut)]


def _transposed_begins(node: Node, sizes: list[int], outputs: tuple[int, ...], rank: int) -> list[int]:
    auto = node.attributes.get("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        total = [max(0, size - out) for size, out in zip(sizes, outputs, strict=True)]
        return [amount // 2 if auto == "SAME_UPPER" else amount - amount // 2 for amount in total]
    return [int(n) for n in (node.attributes.get("pads") or [0] * (2 * rank))[:rank]]
