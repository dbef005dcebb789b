"""Layers of two or more tensors, and of one tensor that only changes its form: sums, products, joins, enlarged images."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yunqi.labs.riscv.engine.port.layers import ADD_BITS, JOIN_BITS, Kind, Layer, Tensor, Window, fixed
from yunqi.labs.riscv.engine.port.pending import Pending, Values, cuts

Reals = NDArray[np.float64]
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide,
}  # fmt: skip
NAMES = frozenset(_ARITHMETIC)
"""The operators of two operands that this module knows."""


def build_pair(values: Values, pending: Pending, tensor: Tensor | None) -> int:
    """Add the layer of an operator of two operands; returns the number of its output tensor.

    One operand may be a constant number, or the same tensor may stand behind both: then a table answers.
    """
    tensor = pending.quantised(tensor)
    work = _ARITHMETIC[pending.node.op]
    if len(pending.inputs) == 1:
        return _with_constant(values, pending, tensor, work)
    first, second = pending.inputs
    roots = values.root(first), values.root(second)
    if roots[0] == roots[1]:
        return values.lookup_many((first, second), tensor, lambda a, b: pending.clipped(work(a, b)), pending.node.name)
    if pending.node.op == "Add":
        return _add(values, pending, tensor)
    if pending.node.op == "Mul":
        return _multiply(values, pending, tensor)
    raise pending.refuse("takes two tensors, which is ported for Add and Mul")


def _with_constant(values: Values, pending: Pending, tensor: Tensor, work: Callable[[Any, Any], Any]) -> int:
    held = [pending.real(name) for name in pending.node.inputs if name in pending.constants]
    if len(held) != 1 or held[0].size != 1:
        raise pending.refuse("has a constant operand that is not one number")
    number = float(held[0].reshape(()))
    if pending.node.op == "Div" and number == 0:
        raise pending.refuse("divides by zero")
    turned = pending.node.inputs[0] in pending.constants
    if turned and pending.node.op == "Div":
        raise pending.refuse("divides a constant by a tensor, which is not ported")

    def real(inside: Reals) -> Reals:
        found: Reals = pending.clipped(work(number, inside) if turned else work(inside, number))
        return found

    return values.lookup(pending.inputs[0], tensor, real, pending.node.name)


def _add(values: Values, pending: Pending, tensor: Tensor) -> int:
    first, second = (values.tensors[index] for index in pending.inputs)
    if first.shape != second.shape:
        raise pending.refuse(f"adds shapes {first.shape} and {second.shape}; equal ones are ported")
    ratios = np.array([first.scale, second.scale]) / tensor.scale
    if np.any(ratios >= 8):
        raise pending.refuse("is quantised far finer than what it adds")
    multiplier = np.rint(ratios * (1 << ADD_BITS)).astype(np.int32)
    low, high = cuts(pending, tensor)
    index = values.tensor(replace(tensor, shape=first.shape))
    values.layers.append(
        Layer(Kind.ADD, pending.node.name, pending.inputs, index, multiplier=multiplier, zero=tensor.zero, low=low,
              high=high)
    )  # fmt: skip
    return index


def _multiply(values: Values, pending: Pending, tensor: Tensor) -> int:
    first, second = (values.tensors[index] for index in pending.inputs)
    inputs = pending.inputs
    if first.shape[:2] == (1, 1) != second.shape[:2]:
        first, second, inputs = second, first, inputs[::-1]
    if first.shape != second.shape and second.shape != (1, 1, first.shape[2]):
        raise pending.refuse(
            f"multiplies shapes {first.shape} and {second.shape}; equal ones, or one number a channel, are ported"
        )
    multiplier, shift = fixed(np.array([first.scale * second.scale / tensor.scale]), pending.node.name)
    low, high = cuts(pending, tensor)
    index = values.tensor(replace(tensor, shape=first.shape))
    values.layers.append(
        Layer(Kind.MULTIPLY, pending.node.name, inputs, index, multiplier=multiplier, shift=shift, zero=tensor.zero,
              low=low, high=high)
    )  # fmt: skip
    return index


def build_join(values: Values, pending: Pending, tensor: Tensor | None, sums: int, scale: Reals) -> int:
    """Add the layer that brings a product's 32-bit sums and another tensor to the sum's scale in one step."""
    other = values.tensors[pending.inputs[0]]
    tensor = pending.quantised(tensor)
    shape = values.tensors[sums].shape
    if other.shape != shape:
        raise pending.refuse(f"adds shapes {shape} and {other.shape}; equal ones are ported")
    ratios, ratio = scale / tensor.scale, other.scale / tensor.scale
    if np.any(ratios >= 1) or ratio >= 8:
        raise pending.refuse("is quantised far finer than what it adds")
    low, high = cuts(pending, tensor)
    index = values.tensor(replace(tensor, shape=shape))
    values.layers.append(
        Layer(
            Kind.JOIN, pending.node.name, (sums, pending.inputs[0]), index,
            multiplier=np.rint(ratios * ((1 << JOIN_BITS) - 1)).astype(np.int32), zero=tensor.zero, low=low, high=high,
            weight=round(ratio * (1 << JOIN_BITS)),
        )
    )  # fmt: skip
    return index


def build_concat(values: Values, pending: Pending, tensor: Tensor | None) -> int:
    """Add the layer that puts channels side by side, each part at the output's scale."""
    tensor = pending.quantised(tensor)
    parts = [values.tensors[index] for index in pending.inputs]
    if int(pending.node.attributes.get("axis", 1)) not in (1, -3) or len(parts) != len(pending.node.inputs):
        raise pending.refuse("does not join the channels of quantised images")
    if len({part.shape[:2] for part in parts}) != 1:
        raise pending.refuse("joins images of different sizes")
    scaled = tuple(
        index
        if (part.scale, part.zero) == (tensor.scale, tensor.zero)
        else values.lookup(index, replace(tensor, name=f"{part.name} rescaled"), lambda real: real, pending.node.name)
        for index, part in zip(pending.inputs, parts, strict=True)
    )
    index = values.tensor(replace(tensor, shape=(*parts[0].shape[:2], sum(part.shape[2] for part in parts))))
    values.layers.append(Layer(Kind.CONCAT, pending.node.name, scaled, index))
    return index


def build_resize(values: Values, pending: Pending, tensor: Tensor | None) -> int:
    """Add the layer that repeats every pixel a whole number of times in both directions."""
    source = values.tensors[pending.inputs[0]]
    where = pending.node.text("coordinate_transformation_mode", "half_pixel")
    rounding = pending.node.text("nearest_mode", "round_prefer_floor")
    repeats = (where == "asymmetric" and rounding == "floor") or (
        where in ("half_pixel", "pytorch_half_pixel") and rounding.startswith("round")
    )
    factors = _factors(pending, source)
    if pending.node.text("mode", "nearest") != "nearest" or not repeats or factors is None:
        raise pending.refuse("is not the nearest pixel at a whole number of times the size, which alone is ported")
    down, right = factors
    shape = (source.shape[0] * down, source.shape[1] * right, source.shape[2])
    index = values.tensor(replace(source, name=pending.node.outputs[0], shape=shape))
    values.layers.append(
        Layer(Kind.ENLARGE, pending.node.name, pending.inputs[:1], index, Window(down=down, right=right))
    )
    if tensor is None or (tensor.scale, tensor.zero) == (source.scale, source.zero):
        return index
    return values.lookup(index, tensor, pending.clipped, f"{pending.node.name} rescaled")


def _factors(pending: Pending, source: Tensor) -> tuple[int, int] | None:
    names = [*pending.node.inputs[2:4], "", ""][:2]
    scales, sizes = (pending.constants.get(name) if name else None for name in names)
    if scales is not None and np.size(scales) == 4:
        found = np.asarray(scales, np.float64)
    elif sizes is not None and np.size(sizes) == 4:
        found = np.asarray(sizes, np.float64) / (1, source.shape[2], *source.shape[:2])
    else:
        return None
    whole = [int(one) for one in found]
    if not np.array_equal(found, whole) or whole[:2] != [1, 1] or not 1 <= min(whole) <= max(whole) <= 64:
        return None
    return whole[2], whole[3]
