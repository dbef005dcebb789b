"""The network in NumPy, written apart from the kernels: what their bytes must be."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from yunqi.labs.riscv.engine.port.layers import ADD_BITS, JOIN_BITS, Kind, Layer, Network, Window

Bytes = NDArray[np.int8]
Whole = NDArray[np.int64]


def execute(network: Network, data: Bytes) -> list[NDArray[np.int8] | NDArray[np.int32]]:
    """Return every tensor of the network for one input.

    Parameters
    ----------
    network
        From `read_network`.
    data
        The input's signed bytes, (height, width, channels).
    """
    values: list[Any] = [np.zeros(0, np.int8)] * len(network.tensors)
    values[network.input] = data.reshape(network.tensors[network.input].shape)
    for layer in network.layers:
        values[layer.output] = step(network, layer, [values[index] for index in layer.inputs])
    return values


def step(network: Network, layer: Layer, inputs: Sequence[NDArray[Any]]) -> Any:
    """Return what one layer makes of its inputs: signed bytes, or 32-bit sums of a raw one."""
    given = [one.astype(np.int64) for one in inputs]
    zeros = [network.tensors[index].zero for index in layer.inputs]
    found = _STEPS[layer.kind](layer, given, zeros)
    return found.reshape(network.tensors[layer.output].shape).astype(np.int32 if layer.raw else np.int8)


def scaled(sums: Whole, layer: Layer) -> Whole:
    """Return 32-bit sums as bytes of the output's scale."""
    if layer.raw:
        return sums
    assert layer.multiplier is not None
    assert layer.shift is not None
    high = (sums * layer.multiplier.astype(np.int64) + (1 << 30)) >> 31
    shift = layer.shift.astype(np.int64)
    found = (high + np.where(shift > 0, np.int64(1) << np.maximum(shift - 1, 0), 0)) >> shift
    cut: Whole = np.clip(found + layer.zero, layer.low, layer.high)
    return cut


def _windows(data: Whole, window: Window, fill: int) -> Whole:
    top, left, bottom, right = window.pads
    padded = np.pad(data, ((top, bottom), (left, right), (0, 0)), constant_values=fill)
    view = sliding_window_view(padded, (window.height, window.width), axis=(0, 1))
    picked: Whole = view[:: window.down, :: window.right]  # (rows, columns, channels, height, width)
    return picked


def _convolution(layer: Layer, given: list[Whole], zeros: list[int]) -> Whole:
    assert layer.weights is not None
    assert layer.bias is not None
    seen = _windows(given[0], layer.window, zeros[0])
    rows, columns = seen.shape[:2]
    flat = seen.transpose(0, 1, 3, 4, 2).reshape(rows * columns, -1).astype(np.float64)
    kernel = layer.weights.reshape(layer.weights.shape[0], -1).astype(np.float64)
    sums = np.rint(flat @ kernel.T).astype(np.int64) + layer.bias  # exact: below 2**53
    return scaled(sums, layer).reshape(rows, columns, -1)


def _dense(layer: Layer, given: list[Whole], _: list[int]) -> Whole:
    assert layer.weights is not None
    assert layer.bias is not None
    return scaled(
        layer.weights.reshape(layer.weights.shape[0], -1).astype(np.int64) @ given[0].ravel() + layer.bias, layer
    )


def _depthwise(layer: Layer, given: list[Whole], zeros: list[int]) -> Whole:
    assert layer.weights is not None
    assert layer.bias is not None
    seen = _windows(given[0], layer.window, zeros[0])
    return scaled(np.einsum("yxchw,hwc->yxc", seen, layer.weights.astype(np.int64)) + layer.bias, layer)


def _max_pool(layer: Layer, given: list[Whole], _: list[int]) -> Whole:
    found: Whole = _windows(given[0], layer.window, -128).max(axis=(3, 4))
    return found


def _average_pool(layer: Layer, given: list[Whole], zeros: list[int]) -> Whole:
    return scaled(_windows(given[0] - zeros[0], layer.window, 0).sum(axis=(3, 4)), layer)


def _add(layer: Layer, given: list[Whole], zeros: list[int]) -> Whole:
    assert layer.multiplier is not None
    parts = sum((one - zero) * int(m) for one, zero, m in zip(given, zeros, layer.multiplier, strict=True))
    found: Whole = np.clip(((parts + (1 << (ADD_BITS - 1))) >> ADD_BITS) + layer.zero, layer.low, layer.high)
    return found


def _join(layer: Layer, given: list[Whole], zeros: list[int]) -> Whole:
    assert layer.multiplier is not None
    parts = given[0] * layer.multiplier.astype(np.int64) + (given[1] - zeros[1]) * layer.weight
    found: Whole = np.clip(((parts + (1 << (JOIN_BITS - 1))) >> JOIN_BITS) + layer.zero, layer.low, layer.high)
    return found


def _multiply(layer: Layer, given: list[Whole], zeros: list[int]) -> Whole:
    return scaled((given[0] - zeros[0]) * (given[1] - zeros[1]), layer)


def _concat(_: Layer, given: list[Whole], zeros: list[int]) -> Whole:
    return np.concatenate(given, axis=2)


def _enlarge(layer: Layer, given: list[Whole], _: list[int]) -> Whole:
    found: Whole = given[0].repeat(layer.window.down, axis=0).repeat(layer.window.right, axis=1)
    return found


def _lookup(layer: Layer, given: list[Whole], _: list[int]) -> Whole:
    assert layer.table is not None
    return layer.table[given[0] + 128].astype(np.int64)


_STEPS = {
    Kind.CONVOLUTION: _convolution, Kind.DENSE: _dense, Kind.DEPTHWISE: _depthwise, Kind.MAX_POOL: _max_pool,
    Kind.AVERAGE_POOL: _average_pool, Kind.ADD: _add, Kind.LOOKUP: _lookup, Kind.JOIN: _join,
    Kind.MULTIPLY: _multiply, Kind.CONCAT: _concat, Kind.ENLARGE: _enlarge,
}  # fmt: skip
