"""Layers from operators whose output scale has become known."""

from dataclasses import replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from yunqi.labs.riscv.engine.port import curves
from yunqi.labs.riscv.engine.port.combine import NAMES, build_concat, build_join, build_pair, build_resize
from yunqi.labs.riscv.engine.port.layers import Kind, Layer, Tensor, Window, fixed
from yunqi.labs.riscv.engine.port.pending import Pending, Values, cuts

Shape = tuple[int, int, int]


def build(values: Values, pending: Pending, tensor: Tensor | None) -> int:
    """Add the layer of an operator; returns the number of its output tensor.

    Parameters
    ----------
    values
        Where it goes.
    pending
        The operator.
    tensor
        Scale and zero point of the output; none: the sums themselves, or the input's own scale for a pool.
    """
    op = pending.node.op
    if op in curves.NAMES:
        tensor = pending.quantised(tensor)
        curve = curves.function(pending.node, pending.constants)
        return values.lookup(pending.inputs[0], tensor, curve, pending.node.name)
    if op in ("Conv", "Gemm", "MatMul"):
        return _product(values, pending, tensor)
    if pending.product is not None:
        kept = values.scales
        sums = _product(values, pending.product, None)
        scale, values.scales = values.scales, kept
        assert scale is not None
        return build_join(values, pending, tensor, sums, scale)
    if op in NAMES:
        return build_pair(values, pending, tensor)
    if op == "Concat":
        return build_concat(values, pending, tensor)
    if op == "Resize":
        return build_resize(values, pending, tensor)
    if op == "MaxPool":
        return _max_pool(values, pending, tensor)
    return _average(values, pending, tensor)


def _product(values: Values, pending: Pending, tensor: Tensor | None) -> int:
    source = values.tensors[pending.inputs[0]]
    if pending.node.op == "Conv":
        kind, window, weights, scale, shape = _convolution(pending, source)
    else:
        kind, window, weights, scale, shape = _matrix(pending, source)
    outputs = shape[2]
    scale = np.broadcast_to(scale * source.scale * pending.gain, (outputs,)).astype(np.float64)
    sums = weights.astype(np.int64).sum(axis=(0, 1) if kind is Kind.DEPTHWISE else (1, 2, 3))
    bias = _bias(pending, scale) - source.zero * sums
    if np.any(np.abs(bias) >= 1 << 31) or prod(weights.shape[1:]) * 255 * 128 >= 1 << 31:
        raise pending.refuse("can overflow 32 bits")
    layer = Layer(kind, pending.node.name, (pending.inputs[0],), 0, window, weights, bias.astype(np.int32))
    if tensor is None:
        if (pending.low, pending.high) != (-np.inf, np.inf):
            raise pending.refuse("has an output that is cut but not quantised")
        values.scales = scale
        index = values.tensor(Tensor(pending.node.outputs[0], shape, 1.0, 0))
        values.layers.append(replace(layer, output=index, raw=True))
        return index
    multiplier, shift = fixed(scale / tensor.scale, pending.node.name)
    low, high = cuts(pending, tensor)
    index = values.tensor(replace(tensor, shape=shape))
    values.layers.append(
        replace(layer, output=index, multiplier=multiplier, shift=shift, zero=tensor.zero, low=low, high=high)
    )
    return index


def _weights(pending: Pending) -> tuple[NDArray[np.int8], NDArray[np.float64], int]:
    name = pending.node.inputs[1]
    held = pending.constants.get(name)
    if held is None or not hasattr(held, "scale"):
        raise pending.refuse("has weights that are not quantised constants")
    data = held.data.astype(np.int64) - (128 if held.data.dtype == np.uint8 else 0)
    zero = held.zero - (128 if held.data.dtype == np.uint8 else 0)
    if held.data.dtype not in (np.int8, np.uint8) or np.any(zero):
        raise pending.refuse("has weights with a zero point; quantise them symmetrically")
    return data.astype(np.int8), held.scale, held.axis


def _bias(pending: Pending, scale: NDArray[np.float64]) -> NDArray[np.int64]:
    name = pending.node.inputs[2] if len(pending.node.inputs) > 2 else ""
    if name and name not in pending.constants:
        raise pending.refuse("has a bias that is computed")
    real = pending.real(name).reshape(-1) if name else np.zeros(scale.shape)
    if pending.more is not None:
        if pending.more.size not in (1, scale.size):
            raise pending.refuse(f"is followed by a sum with {pending.more.size} numbers for {scale.size} outputs")
        real = real + pending.more
    whole = np.rint((real * pending.gain + pending.offset) / scale)
    if whole.size != scale.size or np.any(np.abs(whole) >= 2.0**31):
        raise pending.refuse("has a bias that does not fit")
    return whole.astype(np.int64)


def _convolution(pending: Pending, source: Tensor) -> tuple[Kind, Window, NDArray[np.int8], NDArray[np.float64], Shape]:
    node = pending.node
    data, scale, axis = _weights(pending)
    if data.ndim != 4 or (scale.size > 1 and axis != 0):
        raise pending.refuse("is not a convolution over images with scales per output channel")
    outputs, inputs, height, width = data.shape
    group = int(node.attributes.get("group", 1))
    if tuple(node.attributes.get("dilations", (1, 1))) != (1, 1):
        raise pending.refuse("is dilated, which is not ported")
    window = _window(pending, (height, width), source.shape)
    rows, columns = _spread(pending, window, source.shape)
    shape = (rows, columns, outputs)
    if group == 1 and inputs == source.shape[2]:
        return Kind.CONVOLUTION, window, np.ascontiguousarray(data.transpose(0, 2, 3, 1)), scale.reshape(-1), shape
    if group == outputs == source.shape[2] and inputs == 1:
        kernel = np.ascontiguousarray(data[:, 0].transpose(1, 2, 0))
        return Kind.DEPTHWISE, window, kernel, scale.reshape(-1), shape
    raise pending.refuse(f"has {group} groups over {source.shape[2]} channels; 1 or one a channel are ported")


def _matrix(pending: Pending, source: Tensor) -> tuple[Kind, Window, NDArray[np.int8], NDArray[np.float64], Shape]:
    node = pending.node
    data, scale, axis = _weights(pending)
    plain = float(node.attributes.get("alpha", 1)) == float(node.attributes.get("beta", 1)) == 1
    if data.ndim != 2 or not plain or int(node.attributes.get("transA", 0)):
        raise pending.refuse("is not a plain product with a constant matrix")
    turned = bool(int(node.attributes.get("transB", 0)))
    if scale.size > 1 and axis % 2 != (0 if turned else 1):
        raise pending.refuse("has scales along its inputs")
    matrix = data if turned else data.T
    height, width, channels = source.shape
    if matrix.shape[1] != source.size:
        raise pending.refuse(f"multiplies {matrix.shape[1]} numbers, and {source.size} come in")
    arranged = matrix.reshape(-1, channels, height, width).transpose(0, 2, 3, 1)  # the file's order is channel first
    return Kind.DENSE, Window(height, width), np.ascontiguousarray(arranged), scale.reshape(-1), (1, 1, matrix.shape[0])


def _window(pending: Pending, kernel: tuple[int, int], shape: Shape) -> Window:
    attributes = pending.node.attributes
    down, right = (int(one) for one in attributes.get("strides", (1, 1)))
    pads = tuple(int(one) for one in attributes.get("pads", (0, 0, 0, 0)))
    automatic = pending.node.text("auto_pad", "NOTSET")
    if automatic in ("SAME_UPPER", "SAME_LOWER"):
        whole = [max(0, (-(-size // step) - 1) * step + k - size)
                 for size, step, k in zip(shape[:2], (down, right), kernel, strict=True)]  # fmt: skip
        before = [one // 2 if automatic == "SAME_UPPER" else -(-one // 2) for one in whole]
        pads = (*before, *(one - half for one, half in zip(whole, before, strict=True)))
    if len(pads) != 4 or min(pads) < 0 or max(pads) > 64 or min(down, right, *kernel) < 1:
        raise pending.refuse("has pads, strides or a kernel that are not ported")
    return Window(*kernel, down, right, (pads[0], pads[1], pads[2], pads[3]))


def _spread(pending: Pending, window: Window, shape: Shape) -> tuple[int, int]:
    top, left, bottom, right = window.pads
    if int(pending.node.attributes.get("ceil_mode", 0)):
        raise pending.refuse("rounds its size up (ceil_mode), which is not ported")
    rows = (shape[0] + top + bottom - window.height) // window.down + 1
    columns = (shape[1] + left + right - window.width) // window.right + 1
    if min(rows, columns) < 1:
        raise pending.refuse("has a window larger than its input")
    return rows, columns


def _max_pool(values: Values, pending: Pending, tensor: Tensor | None) -> int:
    source = values.tensors[pending.inputs[0]]
    kernel = tuple(int(one) for one in pending.node.attributes.get("kernel_shape", ()))
    if len(kernel) != 2 or tuple(pending.node.attributes.get("dilations", (1, 1))) != (1, 1):
        raise pending.refuse("is not a plain pool over images")
    window = _window(pending, (kernel[0], kernel[1]), source.shape)
    shape = (*_spread(pending, window, source.shape), source.shape[2])
    same = tensor is None or (tensor.scale, tensor.zero) == (source.scale, source.zero)
    name = tensor.name if tensor is not None and same else pending.node.outputs[0]
    index = values.tensor(replace(source, name=name, shape=shape))
    values.layers.append(Layer(Kind.MAX_POOL, pending.node.name, pending.inputs[:1], index, window))
    if tensor is None or same:
        return index
    return values.lookup(index, tensor, pending.clipped, f"{pending.node.name} rescaled")


def _average(values: Values, pending: Pending, tensor: Tensor | None) -> int:
    source = values.tensors[pending.inputs[0]]
    height, width, channels = source.shape
    tensor = pending.quantised(tensor)
    if pending.node.op == "AveragePool":
        kernel = tuple(int(one) for one in pending.node.attributes.get("kernel_shape", ()))
        if len(kernel) != 2:
            raise pending.refuse("is not a pool over images")
        window = _window(pending, (kernel[0], kernel[1]), source.shape)
        if any(window.pads):
            raise pending.refuse("has pads, which are not ported for averages")
        rows, columns = _spread(pending, window, source.shape)
    else:
        window, rows, columns = Window(height, width), 1, 1
    scale = np.full(channels, source.scale / tensor.scale / (window.height * window.width))
    multiplier, shift = fixed(scale, pending.node.name)
    low, high = cuts(pending, tensor)
    index = values.tensor(replace(tensor, shape=(rows, columns, channels)))
    values.layers.append(
        Layer(
            Kind.AVERAGE_POOL,
            pending.node.name,
            pending.inputs,
            index,
            window,
            None,
            np.zeros(channels, np.int32),
            multiplier,
            shift,
            tensor.zero,
            low,
            high,
        )
    )
    return index
