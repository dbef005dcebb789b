"""The quantised network as ONNX with QuantizeLinear and DequantizeLinear, for runtimes on a CPU.

Signed activations are the chip's own integers. Unsigned ones are the same integers plus 128: the same numbers in the form
that x86 multiplies fastest, so both give equal results.
"""

from enum import Enum
from typing import Any

import numpy as np
from onnx import helper, numpy_helper, version_converter

from yunqi.labs.npu.engine.quantise.exporting import to_onnx
from yunqi.labs.npu.model import Array, NetworkRefused, Node, Program, QuantisedGraph

_OPSET = 13
_BIASED = ("Conv", "Gemm")
_KEEPING = frozenset({"MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "Reshape", "Flatten", "Transpose",
                      "Concat"})  # fmt: skip


class Activations(Enum):
    """How activations are written."""

    SIGNED = "s8"
    UNSIGNED = "u8"
    TIGHT = "tight"
    """For speed on a CPU: what cannot be negative uses all of 0 to 255, and sums are quantised on both sides, which is
    the form that x86 runtimes fuse best. Its numbers are a little finer than the chip's, so not equal to them."""


def to_qdq(program: Program, quantised: QuantisedGraph, *, activations: Activations = Activations.SIGNED) -> Any:
    """Return a ``ModelProto``.

    Raises
    ------
    NetworkRefused
        When the network's operators cannot be written in opset 13 or later.
    """
    model = to_onnx(quantised.graph)
    if quantised.graph.opset < _OPSET:
        try:
            model = version_converter.convert_version(model, _OPSET)
        except (RuntimeError, ValueError) as error:
            raise NetworkRefused(f"The network cannot be converted to opset {_OPSET}: {str(error)[:120]}.") from error
    writer = _Qdq(program, quantised, activations)
    writer.rewrite(model.graph)
    return model


class _Qdq:
    def __init__(self, program: Program, quantised: QuantisedGraph, activations: Activations) -> None:
        self.program, self.quantised = program, quantised
        self.form = activations
        self.positive = _non_negative(quantised) if activations is Activations.TIGHT else set()
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self.mark = ""
        while any(name.endswith(f".dq{self.mark}") for name in quantised.graph.values):
            self.mark += "_"  # the network was quantised before, and its names are taken

    def constant(self, name: str, data: Array) -> str:
        self.weights.append(numpy_helper.from_array(data, name))
        return name

    def rewrite(self, graph: Any) -> None:
        made = {name for node in graph.node for name in node.output} | {value.name for value in graph.input}
        inside = {n.output for layer in self.program.layers for n in (layer.main, *layer.stages)[: len(layer.stages)]}
        if self.form is Activations.TIGHT:
            inside = _swallowed(self.program)
        chosen = {
            name
            for name, quantity in self.quantised.activations.items()
            if (quantity.bits == 8 or self.form is Activations.TIGHT) and name in made and name not in inside
        } - set(self.program.outputs)
        renamed = {name: f"{name}.dq{self.mark}" for name in chosen}
        products = {node.output: node for node in self.quantised.graph.nodes if node.op in ("Conv", "Gemm", "MatMul")}
        weights = self._weights(products)
        for value in graph.input:
            if value.name in chosen:
                self._pair(value.name)
        for node in graph.node:
            product = products.get(node.output[0])
            inputs = [renamed.get(name, weights.get(name, name)) for name in node.input]
            if product is not None and product.op in _BIASED and len(inputs) > 2 and inputs[2]:
                inputs[2] = self._bias(product, node.input[2])
            del node.input[:]
            node.input.extend(inputs)
            self.nodes.append(node)
            for name in node.output:
                if name in chosen:
                    self._pair(name)
        kept = [tensor for tensor in graph.initializer if tensor.name not in weights]
        del graph.initializer[:]
        graph.initializer.extend([*kept, *self.weights])
        nodes = list(self.nodes)
        del graph.node[:]
        graph.node.extend(nodes)

    def _pair(self, name: str) -> None:
        quantity = self.quantised.activations[name]
        top = 255 if name in self.positive else 127
        step = float(quantity.scale) * quantity.limit / top
        offset = 128 if self.form is Activations.UNSIGNED else 0
        kind = np.uint8 if offset or name in self.positive else np.int8
        scale = self.constant(f"{name}.scale{self.mark}", np.array(step, np.float32))
        zero = self.constant(f"{name}.zero{self.mark}", np.array(offset, kind))
        self.nodes.append(helper.make_node("QuantizeLinear", [name, scale, zero], [f"{name}.q{self.mark}"]))
        self.nodes.append(
            helper.make_node("DequantizeLinear", [f"{name}.q{self.mark}", scale, zero], [f"{name}.dq{self.mark}"])
        )

    def _weights(self, products: dict[str, Node]) -> dict[str, str]:
        names = {node.inputs[1] for node in products.values()}
        found = {}
        for name, (data, quantity) in self.quantised.weights.items():
            if name not in names or quantity.bits != 8:
                continue
            stored = self.constant(f"{name}.q{self.mark}", data)
            scale = self.constant(f"{name}.scale{self.mark}", np.asarray(quantity.scale, np.float32))
            zero = self.constant(f"{name}.zero{self.mark}", np.zeros(np.shape(quantity.scale), np.int8))
            axis = {} if quantity.axis is None else {"axis": quantity.axis}
            self.nodes.append(
                helper.make_node("DequantizeLinear", [stored, scale, zero], [f"{name}.dq{self.mark}"], **axis)
            )
            found[name] = f"{name}.dq{self.mark}"
        return found

    def _bias(self, node: Node, name: str) -> str:
        bias = self.quantised.graph.constant(node.inputs[2])
        source = self.quantised.activations.get(node.inputs[0])
        held = self.quantised.weights.get(node.inputs[1])
        plain = float(node.attributes.get("alpha", 1.0)) == 1.0 and float(node.attributes.get("beta", 1.0)) == 1.0
        if bias is None or bias.ndim != 1 or source is None or held is None or source.bits != 8 or not plain:
            return name
        unit = float(source.scale) * (127 / 255 if node.inputs[0] in self.positive else 1.0)
        scale = np.asarray(unit * np.asarray(held[1].scale), np.float64)
        if scale.ndim and scale.size != bias.size:
            return name
        whole = np.clip(np.rint(bias.astype(np.float64) / scale), -(2**31), 2**31 - 1).astype(np.int32)
        label = f"{node.output}.bias"
        inputs = [
            self.constant(f"{label}.q{self.mark}", whole),
            self.constant(f"{label}.scale{self.mark}", scale.astype(np.float32)),
        ]
        inputs.append(self.constant(f"{label}.zero{self.mark}", np.zeros(scale.shape, np.int32)))
        axis = {"axis": 0} if scale.ndim else {}
        self.nodes.append(helper.make_node("DequantizeLinear", inputs, [f"{label}.dq{self.mark}"], **axis))
        return f"{label}.dq{self.mark}"


def _swallowed(program: Program) -> set[str]:
    """Values that a runtime fuses away: what a rectifier reads directly."""
    return {
        node.output
        for layer in program.layers
        for node, after in zip((layer.main, *layer.stages), layer.stages, strict=False)
        if after.op in ("Relu", "Clip", "Silu", "Gelu")
    }


def _non_negative(quantised: QuantisedGraph) -> set[str]:
    """Values that cannot be negative, by the operation that makes them."""
    found: set[str] = set()
    for node in quantised.graph.nodes:
        reads = node.inputs if node.op == "Concat" else node.inputs[:1]
        keeps = node.op in _KEEPING and all(name in found for name in reads)
        if keeps or node.op in ("Relu", "Sigmoid", "Softmax", "HardSigmoid") or _is_clip(quantised, node):
            found.update(node.outputs)
    return found


def _is_clip(quantised: QuantisedGraph, node: Node) -> bool:
    if node.op != "Clip":
        return False
    low = quantised.graph.constant(node.inputs[1]) if len(node.inputs) > 1 and node.inputs[1] else None
    return float(low.ravel()[0]) >= 0 if low is not None and low.size else node.attributes.get("min", -1.0) >= 0
