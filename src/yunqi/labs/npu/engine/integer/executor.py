"""Runs a program layer by layer in the chip's integers; every tensor of every engine can be looked at."""

from collections.abc import Mapping, Sequence

import numpy as np

from yunqi.labs.npu.engine.integer import elementwise, rowwise
from yunqi.labs.npu.engine.integer.arithmetic import FACTOR_BITS, WIDE_FACTOR_BITS, quantised
from yunqi.labs.npu.engine.integer.elementwise import Stored
from yunqi.labs.npu.engine.integer.products import product
from yunqi.labs.npu.engine.integer.vector import exact_moves, float_node
from yunqi.labs.npu.model import (
    Array,
    Engine,
    Layer,
    NetworkRefused,
    Node,
    Program,
    QuantisedGraph,
    Quantity,
    clip_limits,
)

_CLIPS = ("Relu", "Clip")
_PRODUCTS = ("Conv", "ConvTranspose", "Gemm", "MatMul")
_Wide = tuple[Array, Array, int]  # integer sums, the real scale of each (broadcast), and bits of a factor on them


class Executor:
    """Executes one program; after `run`, ``tensors`` holds the integers of every activation.

    Parameters
    ----------
    quantised
        What `quantise` made of the graph that the program was compiled from.
    """

    def __init__(self, program: Program, quantised: QuantisedGraph) -> None:
        self.program, self.quantised, self.graph = program, quantised, quantised.graph
        self.tensors: dict[str, Array] = {}
        self.real: dict[str, Array] = {}
        self._tables: dict[tuple[str, str], Array] = {}

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Return the outputs as real numbers for real (or index) inputs."""
        self.start(feeds)
        for layer in self.program.layers:
            self.step(layer)
        return {name: self.as_real(name) for name in self.graph.outputs}

    def start(self, feeds: Mapping[str, Array]) -> None:
        """Take inputs in, before the first layer."""
        self.tensors, self.real = {}, {}
        for name in self.graph.inputs:
            if name not in feeds:
                raise NetworkRefused(f"The input {name!r} is missing; inputs are {', '.join(self.graph.inputs)}.")
            data = np.asarray(feeds[name]).astype(self.graph.values[name].dtype, copy=False)
            if data.shape != self.graph.shape(name):
                raise NetworkRefused(f"The input {name!r} must have shape {self.graph.shape(name)}, not {data.shape}.")
            self.keep_real(name, data)

    def keep_real(self, name: str, data: Array) -> None:
        """Take real numbers in: quantised when the chip reads them."""
        self.real[name] = data
        if name in self.quantised.activations:
            quantity = self.quantised.activations[name]
            self.tensors[name] = quantised(data, float(quantity.scale), quantity.limit)

    def as_real(self, name: str) -> Array:
        """Return a tensor as real numbers."""
        if name in self.real and name not in self.graph.inputs:
            return self.real[name]
        if name in self.tensors:
            return np.asarray(self.tensors[name] * np.float32(self.quantised.activations[name].scale))
        if name in self.real:
            return self.real[name]
        data = self.graph.constant(name)
        if data is None:
            raise NetworkRefused(f"The value {name!r} has not been computed.")
        return data

    def _on_host(self, name: str) -> Array:
        """A tensor as the host sees it: the network's inputs are not quantised for it."""
        return self.real[name] if name in self.graph.inputs else self.as_real(name)

    def stored(self, name: str) -> Stored:
        """Return a tensor's integers and how they are stored; constants are quantised to 16 bits."""
        if name in self.tensors:
            return self.tensors[name], self.quantised.activations[name]
        data = self.graph.constant(name)
        if data is None:
            quantity = self.quantised.activations.get(name)
            if quantity is None:
                raise NetworkRefused(f"The value {name!r} was not calibrated.")
            return quantised(self.as_real(name), float(quantity.scale), quantity.limit), quantity
        largest = float(np.max(np.abs(data))) if data.size else 0.0
        quantity = Quantity(np.asarray(max(largest, 1e-30) / 32767), 16)
        return quantised(data, float(quantity.scale), 32767), quantity

    def step(self, layer: Layer) -> None:
        """Carry out one layer; layers come in program order."""
        nodes = [layer.main, *layer.stages]
        if layer.engine is Engine.HOST:
            for name, data in float_node(self.graph, layer.main, self._on_host).items():
                self.keep_real(name, data)
            return
        if layer.main.op in _PRODUCTS:
            self._stages(self._sums(layer.main), nodes)
            return
        if layer.engine is Engine.MEMORY:
            self.tensors |= exact_moves(self.graph, layer.main, self.stored, self.quantised.activations)
            return
        target = self.quantised.activations[layer.main.output]
        self.tensors[layer.main.output] = self._apply(layer.main, layer.main.inputs, target)

    def _sums(self, node: Node) -> _Wide:
        left, left_quantity = self.stored(node.inputs[0])
        rank = len(self.graph.shape(node.output))
        axis = 1 if node.op in ("Conv", "ConvTranspose") else rank - 1
        if node.inputs[1] in self.quantised.weights:
            right, right_quantity = self.quantised.weights[node.inputs[1]]
        else:
            right, right_quantity = self.stored(node.inputs[1])
        scale = float(left_quantity.scale) * np.asarray(right_quantity.scale, np.float64)
        scale = scale * float(node.attributes.get("alpha", 1.0)) if node.op == "Gemm" else scale
        lined = scale.reshape([-1 if place == axis else 1 for place in range(rank)]) if scale.ndim else scale
        sums = product(self.graph, node, left, right)
        bias = self.as_real(node.inputs[2]) if len(node.inputs) > 2 and node.inputs[2] else None
        if bias is not None:
            factor = float(node.attributes.get("beta", 1.0)) if node.op == "Gemm" else 1.0
            shape = [-1 if place == axis else 1 for place in range(rank)] if bias.ndim <= 1 else bias.shape
            whole = np.rint(factor * bias.reshape(shape).astype(np.float64) / lined)
            sums = sums + np.clip(whole, -(2**31), 2**31 - 1).astype(np.int64)
        narrow = left_quantity.bits == right_quantity.bits == 8
        return sums, np.asarray(lined), FACTOR_BITS if narrow else WIDE_FACTOR_BITS

    def _stages(self, wide: _Wide, nodes: Sequence[Node]) -> None:
        """Push sums through the stages; the last operation that is no mere clip rounds to the stored width."""
        place = 1
        pending: _Wide | None = wide
        while place < len(nodes) or pending is not None:
            clips = place
            node = nodes[place] if place < len(nodes) else None
            joins = pending is not None and pending[2] == FACTOR_BITS and _is_sum(node)
            clips += joins
            while clips < len(nodes) and nodes[clips].op in _CLIPS:
                clips += 1
            if pending is not None:
                name = nodes[clips - 1].output if clips > place else nodes[place - 1].output
                target = self.quantised.activations[name]
                limits = self._limits(nodes[place + joins : clips], target)
                before = nodes[place - 1].output
                joined = node if joins else None
                self.tensors[name] = self._rounded(pending, joined, before, target, limits)
                pending = None
                place = clips
                continue
            assert node is not None
            target = self.quantised.activations[node.output]
            self.tensors[node.output] = self._apply(node, node.inputs, target)
            place += 1

    def _limits(self, nodes: Sequence[Node], target: Quantity) -> tuple[int | None, int | None]:
        low: int | None = None
        high: int | None = None
        for node in nodes:
            bottom, top = elementwise.bounds(node, self.graph.constant, target)
            low = bottom if low is None or (bottom is not None and bottom > low) else low
            high = top if high is None or (top is not None and top < high) else high
        return low, high

    def _rounded(
        self, wide: _Wide, join: Node | None, before: str, target: Quantity, limits: tuple[int | None, int | None]
    ) -> Array:
        low, high = limits
        if join is None:
            factor = wide[1] / float(target.scale)
            return elementwise.scaled(wide[0], factor, target.limit, bits=wide[2], low=low, high=high)
        other = join.inputs[1] if join.inputs[0] == before else join.inputs[0]
        data, quantity = self.stored(other)
        pairs = [(wide[0], wide[1]), (data, np.asarray(float(quantity.scale)))]
        if join.op == "Sub" and join.inputs[0] == other:
            pairs.reverse()
        sign = -1 if join.op == "Sub" else 1
        return elementwise.added(pairs[0], pairs[1], target, sign=sign, low=low, high=high)

    def _apply(self, node: Node, inputs: Sequence[str], target: Quantity) -> Array:
        op = node.op
        if op in elementwise.FUNCTIONS and (op != "Pow" or self._exponent(node) is not None):
            return self._table(node, target)
        if op in ("Add", "Sub", "Mul", "Div", "Min", "Max", "PRelu") and len(inputs) == 2:
            return self._binary(op, self.stored(inputs[0]), self.stored(inputs[1]), target)
        if op in ("MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"):
            return rowwise.pooled(self.graph, node, self.stored(inputs[0]), target)
        found = self._rowwise(node, target)
        if found is not None:
            return found
        real = float_node(self.graph, node, self.as_real)[node.output]  # the FP24 vector unit, emulated in FP32
        return quantised(real, float(target.scale), target.limit)

    def _rowwise(self, node: Node, target: Quantity) -> Array | None:
        rank = len(self.graph.shape(node.inputs[0]))
        if node.op == "Softmax":
            axis = int(node.attributes.get("axis", -1 if self.graph.opset >= 13 else 1)) % rank
            if self.graph.opset >= 13 or axis == rank - 1:
                return rowwise.softmax(self.stored(node.inputs[0]), target, axis=axis)
        if node.op == "LayerNormalization" and int(node.attributes.get("axis", -1)) in (-1, rank - 1):
            scale = self.graph.constant(node.inputs[1])
            bias = self.graph.constant(node.inputs[2]) if len(node.inputs) > 2 else np.zeros(1, np.float32)
            if scale is not None and bias is not None:
                epsilon = float(node.attributes.get("epsilon", 1e-5))
                return rowwise.layer_norm(
                    self.stored(node.inputs[0]),
                    target,
                    scale.astype(np.float64),
                    bias.astype(np.float64),
                    epsilon=epsilon,
                )
        if node.op in ("ReduceMean", "ReduceSum"):
            axes = self._axes(node, rank)
            keep = bool(node.attributes.get("keepdims", 1))
            return rowwise.mean(self.stored(node.inputs[0]), target, axes=axes, keep=keep, total=node.op == "ReduceSum")
        return None

    def _axes(self, node: Node, rank: int) -> tuple[int, ...]:
        axes = node.attributes.get("axes")
        if axes is None and len(node.inputs) > 1 and node.inputs[1]:
            data = self.graph.constant(node.inputs[1])
            axes = None if data is None else data.ravel()
        return tuple(int(axis) % rank for axis in axes) if axes is not None else tuple(range(rank))

    def _exponent(self, node: Node) -> float | None:
        data = self.graph.constant(node.inputs[1])
        return float(data.ravel()[0]) if data is not None and data.size == 1 else None

    def _table(self, node: Node, target: Quantity) -> Array:
        data, source = self.stored(node.inputs[0])
        key = (node.name, node.output)
        if key not in self._tables:
            attributes = dict(node.attributes)
            if node.op == "Clip":
                attributes["min"], attributes["max"] = clip_limits(node, self.graph.constant)
            if node.op == "Pow":
                attributes["exponent"] = self._exponent(node)
            self._tables[key] = elementwise.table(node.op, attributes, source, target)
        return elementwise.looked_up(data, self._tables[key], source)

    def _binary(self, op: str, left: Stored, right: Stored, target: Quantity) -> Array:
        if op in ("Add", "Sub"):
            pairs = (left[0], float(left[1].scale)), (right[0], float(right[1].scale))
            return elementwise.added(pairs[0], pairs[1], target, sign=1 if op == "Add" else -1)
        if op == "Mul":
            return elementwise.multiplied(left, right, target)
        if op == "Div":
            return elementwise.ratio(left, right, target)
        if op == "PRelu":
            negative = elementwise.multiplied((np.minimum(left[0], 0), left[1]), right, target)
            positive = elementwise.requantised((np.maximum(left[0], 0), left[1]), target)
            return negative + positive
        first, second = elementwise.requantised(left, target), elementwise.requantised(right, target)
        return np.minimum(first, second) if op == "Min" else np.maximum(first, second)


def _is_sum(node: Node | None) -> bool:
    return node is not None and node.op in ("Add", "Sub") and len(node.inputs) == 2


def run_program(program: Program, quantised_graph: QuantisedGraph, feeds: Mapping[str, Array]) -> dict[str, Array]:
    """Return the outputs of one run."""
    return Executor(program, quantised_graph).run(feeds)
