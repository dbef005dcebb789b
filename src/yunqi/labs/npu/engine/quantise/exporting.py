"""A fused graph as an ONNX model again: fused operations are written in the operators of the graph's own opset."""

import math
from typing import Any

import numpy as np
from onnx import helper, numpy_helper

from yunqi.labs.npu.model import Array, Graph, Node


class _Writer:
    def __init__(self, graph: Graph) -> None:
        self.graph, self.nodes, self.constants = graph, [], {}  # type: ignore[var-annotated]
        self.count = 0

    def constant(self, data: Array) -> str:
        name = f"export.{len(self.constants)}"
        self.constants[name] = data
        return name

    def add(self, op: str, inputs: list[str], output: str = "", **attributes: Any) -> str:
        self.count += 1
        output = output or f"export.value.{self.count}"
        self.nodes.append(helper.make_node(op, inputs, [output], name=f"export.{op}.{self.count}", **attributes))
        return output

    def write(self, node: Node) -> None:
        writers = {
            "Affine": self._affine,
            "Silu": self._silu,
            "HardSwish": self._hard_swish,
            "Gelu": self._gelu,
            "LayerNormalization": self._layer_norm,
            "MatMul": self._mat_mul,
        }
        writer = writers.get(node.op)
        if writer is not None and not node.domain:
            writer(node)
            return
        attributes = {name: _plain(value) for name, value in node.attributes.items()}
        self.nodes.append(
            helper.make_node(
                node.op, list(node.inputs), list(node.outputs), name=node.name, domain=node.domain, **attributes
            )
        )

    def _affine(self, node: Node) -> None:
        rank = len(self.graph.shape(node.inputs[0]))
        parts = []
        for name in node.inputs[1:3]:
            data = self.graph.constant(name)
            assert data is not None
            parts.append(self.constant(data.reshape(1, -1, *[1] * (rank - 2))))
        self.add("Add", [self.add("Mul", [node.inputs[0], parts[0]]), parts[1]], node.output)

    def _silu(self, node: Node) -> None:
        self.add("Mul", [node.inputs[0], self.add("Sigmoid", [node.inputs[0]])], node.output)

    def _hard_swish(self, node: Node) -> None:
        gate = self.add("HardSigmoid", [node.inputs[0]], alpha=1 / 6, beta=0.5)
        self.add("Mul", [node.inputs[0], gate], node.output)

    def _gelu(self, node: Node) -> None:
        x = node.inputs[0]

        def number(value: float) -> str:
            return self.constant(np.array(value, np.float32))

        if node.attributes.get("tanh") or node.attributes.get("approximate") == "tanh":
            cube = self.add("Mul", [self.add("Mul", [x, x]), x])
            inner = self.add("Add", [x, self.add("Mul", [cube, number(0.044715)])])
            grown = self.add("Tanh", [self.add("Mul", [inner, number(math.sqrt(2 / math.pi))])])
        else:
            grown = self.add("Erf", [self.add("Mul", [x, number(1 / math.sqrt(2))])])
        half = self.add("Mul", [x, number(0.5)])
        self.add("Mul", [half, self.add("Add", [grown, number(1.0)])], node.output)

    def _layer_norm(self, node: Node) -> None:
        if self.graph.opset >= 17:
            attributes = {name: _plain(value) for name, value in node.attributes.items()}
            made = helper.make_node(node.op, list(node.inputs), list(node.outputs), name=node.name, **attributes)
            self.nodes.append(made)
            return
        x = node.inputs[0]
        centred = self.add("Sub", [x, self.add("ReduceMean", [x], axes=[-1])])
        variance = self.add("ReduceMean", [self.add("Mul", [centred, centred])], axes=[-1])
        epsilon = self.constant(np.array(node.attributes.get("epsilon", 1e-5), np.float32))
        deviation = self.add("Sqrt", [self.add("Add", [variance, epsilon])])
        ratio = self.add("Div", [centred, deviation])
        self.add("Add", [self.add("Mul", [ratio, node.inputs[1]]), node.inputs[2]], node.output)

    def _mat_mul(self, node: Node) -> None:
        if len(node.inputs) < 3:
            self.add("MatMul", list(node.inputs), node.output)
            return
        self.add("Add", [self.add("MatMul", list(node.inputs[:2])), node.inputs[2]], node.output)


def to_onnx(graph: Graph, *, watched: tuple[str, ...] = ()) -> Any:
    """Return a ``ModelProto`` that computes what the graph does, with fixed shapes.

    Parameters
    ----------
    watched
        Values that become outputs besides the graph's own.
    """
    writer = _Writer(graph)
    for node in graph.nodes:
        writer.write(node)
    weights = [
        numpy_helper.from_array(value.data, value.name) for value in graph.parameters() if value.data is not None
    ]
    weights += [numpy_helper.from_array(data, name) for name, data in writer.constants.items()]
    held = {weight.name for weight in weights}
    for name in graph.outputs:  # an output may be a constant itself
        data = graph.constant(name)
        if data is not None and name not in held:
            weights.append(numpy_helper.from_array(data, name))
    names = [*graph.outputs, *[name for name in watched if name not in graph.outputs]]
    proto = helper.make_graph(
        writer.nodes,
        graph.name,
        [_info(graph, name) for name in graph.inputs],
        [_info(graph, name) for name in names],
        weights,
    )
    model = helper.make_model(proto, opset_imports=[helper.make_opsetid("", graph.opset)])
    model.ir_version = 10
    return model


def _info(graph: Graph, name: str) -> Any:
    value = graph.values[name]
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(value.dtype)), value.shape)


def _plain(value: Any) -> Any:
    return numpy_helper.from_array(value) if isinstance(value, np.ndarray) else value
