"""The recipe: scales of activations from their ranges, integer weights by channel."""

from collections.abc import Mapping

import numpy as np

from yunqi.labs.npu.engine.integer.arithmetic import quantised
from yunqi.labs.npu.engine.quantise.calibrating import Range
from yunqi.labs.npu.model import Array, Engine, Graph, Layer, Node, Program, QuantisedGraph, Quantity, Recipe, Rounding

_PRODUCTS = ("Conv", "ConvTranspose", "Gemm", "MatMul")
_SMALLEST = 1e-12
_HEADROOM = 4.0  # times what calibration saw: what was widened has integers to spare for what comes later
_MOST_BIAS = 1 << 30  # a bias is an integer of 32 bits in units of input scale times weight scale


def quantise(graph: Graph, program: Program, ranges: Mapping[str, Range], recipe: Recipe) -> QuantisedGraph:
    """Return the quantised graph.

    Every tensor between two layers has the recipe's width, or 16 bits where the program widens its reader; what stays
    inside a fused layer, and the network's outputs, leave the floating-point stages on a grid of 16 bits.
    """
    activations = {
        name: Quantity(_scale(seen, recipe, bits) * (_HEADROOM if name in program.widths.values else 1.0), bits)
        for name, seen in ranges.items()
        for bits in (_width(name, graph, program, recipe),)
    }
    _share_scales(graph, program, activations)
    found = QuantisedGraph(graph, recipe, activations)
    for node in graph.nodes:
        if node.op in _PRODUCTS and node.inputs[1] not in found.weights:
            weight = graph.constant(node.inputs[1])
            if weight is not None:
                bias = graph.constant(node.inputs[2]) if len(node.inputs) > 2 and node.inputs[2] else None
                source = activations.get(node.inputs[0])
                unit = float(source.scale) if source else 1.0
                bits = max(recipe.bits, program.widths.of_weights(node.name))
                found.weights[node.inputs[1]] = _weights(node, weight, bias, unit, recipe, bits)
    return found


def _scale(seen: Range, recipe: Recipe, bits: int) -> Array:
    limit = (1 << (bits - 1)) - 1
    bound = seen.bound(recipe.calibration, limit)
    return np.asarray(
        (bound if bound > _SMALLEST else 1.0) / limit
    )  # of a tensor that is always zero any scale is right


def _width(name: str, graph: Graph, program: Program, recipe: Recipe) -> int:
    inside = {node.output for layer in program.layers for node in (layer.main, *layer.stages)[: len(layer.stages)]}
    if name in inside or name in graph.outputs or name in program.widths.values:
        return 16
    readers = [layer for layer in program.layers if name in layer.inputs]
    product_reads = any(layer.main.op in _PRODUCTS and name in layer.main.inputs for layer in readers)
    return recipe.bits if product_reads or not readers else max(recipe.bits, recipe.residual_bits)


def _share_scales(graph: Graph, program: Program, activations: dict[str, Quantity]) -> None:
    """What only moves elements, or takes the largest, keeps the scale of its input."""
    for layer in program.layers:
        moves = layer.engine is Engine.MEMORY and layer.main.op not in ("Concat", "Pad")
        if (moves or layer.main.op in ("MaxPool", "GlobalMaxPool")) and not layer.stages:
            source = activations.get(layer.main.inputs[0])
            for name in layer.main.outputs:
                if source is not None and name in activations and name not in graph.outputs:
                    activations[name] = source


def weight_axis(node: Node, weight: Array) -> int | None:
    """Return the axis of output channels, ``None`` when one scale serves all."""
    if node.op == "Conv":
        return 0
    if node.op == "ConvTranspose":
        return 1 if int(node.attributes.get("group", 1)) == 1 else None
    if node.op == "Gemm":
        return 0 if node.attributes.get("transB", 0) else 1
    return 1 if weight.ndim == 2 else None


def _weights(
    node: Node, weight: Array, bias: Array | None, unit: float, recipe: Recipe, bits: int
) -> tuple[Array, Quantity]:
    axis = weight_axis(node, weight)
    limit = (1 << (bits - 1)) - 1
    real = _pruned(weight.astype(np.float64), recipe.sparsity)
    if axis is None:
        scale: Array = np.asarray(max(float(np.max(np.abs(real), initial=0)), _SMALLEST) / limit)
        lined = scale
    else:
        others = tuple(place for place in range(real.ndim) if place != axis)
        scales = np.maximum(np.max(np.abs(real), axis=others), _SMALLEST) / limit
        if bias is not None and bias.size == scales.size:  # a dead channel must not push its bias out of 32 bits
            scales = np.maximum(scales, np.abs(bias.ravel().astype(np.float64)) / unit / _MOST_BIAS)
        lined = scales.reshape([-1 if place == axis else 1 for place in range(real.ndim)])
        scale = scales
    half_even = recipe.rounding is Rounding.HALF_EVEN
    return quantised(real, lined, limit, half_even=half_even), Quantity(np.asarray(scale), bits, axis)


def _pruned(weight: Array, share: float) -> Array:
    if share <= 0:
        return weight
    kept = np.abs(weight)
    threshold = np.quantile(kept, min(share, 1.0))
    return np.where(kept < threshold, 0, weight)


def stored_bytes(weights: Mapping[str, tuple[Array, Quantity]]) -> tuple[int, int]:
    """Return bytes of all weights as they are, and compressed: a bit for each weight and the non-zero ones."""
    plain = sum(data.nbytes for data, _ in weights.values())
    packed = sum(-(-data.size // 8) + int(np.count_nonzero(data)) * data.itemsize for data, _ in weights.values())
    return plain, packed


def layer_weights(layer: Layer) -> str | None:
    """Return the name of a product layer's weights."""
    return layer.main.inputs[1] if layer.main.op in _PRODUCTS else None
