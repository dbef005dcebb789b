"""From an ONNX graph with QuantizeLinear and DequantizeLinear to layers of whole numbers."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yunqi.kernel.errors import Invalid
from yunqi.labs.riscv.engine.port import combine, curves
from yunqi.labs.riscv.engine.port.build import build
from yunqi.labs.riscv.engine.port.graph import Graph, Node, read_graph
from yunqi.labs.riscv.engine.port.layers import Network, Tensor
from yunqi.labs.riscv.engine.port.pending import Pending, Values

_HOST = frozenset({"Softmax", "LogSoftmax", "ArgMax"})
_VIEWS = frozenset({"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout"})
_PRODUCTS = frozenset({"Conv", "Gemm", "MatMul"})
_WORK = _PRODUCTS | combine.NAMES | {"MaxPool", "AveragePool", "GlobalAveragePool", "ReduceMean", "Concat", "Resize"}
SUPPORTED = tuple(sorted(_WORK | _VIEWS | curves.NAMES | {"Softmax", "LogSoftmax", "ArgMax"}))
"""The operators that can be ported, between QuantizeLinear and DequantizeLinear."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant that was dequantised: whole numbers, scales, zero points, along which axis."""

    data: NDArray[Any]
    scale: NDArray[np.float64]
    zero: NDArray[np.int64]
    axis: int


def read_network(data: bytes, *, name: str = "the network") -> Network:
    """Read an ONNX network of eight-bit integers (QDQ form).

    Parameters
    ----------
    data
        The file.
    name
        What errors call it.

    Raises
    ------
    Invalid
        Not such a file; an operator that is not ported, by name; a form that the kernels do not take.
    """
    return _Reader(read_graph(data, name), name).network()


class _Reader:
    def __init__(self, graph: Graph, name: str) -> None:
        self.graph, self.name = graph, name
        self.values = Values()
        self.bytes: dict[str, int] = {}
        self.real: dict[str, int] = {}
        self.pending: dict[str, Pending] = {}
        self.dequantised: dict[str, Constant] = {}
        self.host: list[str] = []
        self.beyond: dict[str, Pending | int] = {}
        self.input: int | None = None
        self.unsigned: dict[int, bool] = {}

    def network(self) -> Network:
        """Read every operator in turn."""
        self._check()
        for node in self.graph.nodes:
            self._step(node)
        values = self.values
        output, scales = self._output()
        if self.input is None:
            raise Invalid(
                f"{self.name} does not quantise its input; quantise it: yunqi npu quantize FILE --out", "network"
            )
        unsigned = (self.unsigned.get(self.input, False), self.unsigned.get(output, False))
        return Network(
            tuple(values.tensors), values.needed(output), self.input, output, unsigned, tuple(self.host), scales
        )

    def _check(self) -> None:
        ops = {node.op for node in self.graph.nodes}
        unknown = sorted(ops - set(SUPPORTED) - {"QuantizeLinear", "DequantizeLinear"})
        if unknown:
            raise Invalid(
                f"{self.name} uses {', '.join(unknown)}, which cannot be ported. Ported are: {', '.join(SUPPORTED)}.",
                "network",
            )
        if "QuantizeLinear" not in ops:
            raise Invalid(
                f"{self.name} is not quantised (it has no QuantizeLinear): yunqi npu quantize FILE --out int8.onnx",
                "network",
            )

    def _step(self, node: Node) -> None:
        source = next((name for name in node.inputs if name in self.real or name in self.pending), node.inputs[0])
        if source in self.beyond:
            self._beyond(node)
        elif node.op == "QuantizeLinear":
            self._quantise(node)
        elif node.op == "DequantizeLinear":
            self._dequantise(node)
        elif node.op in _VIEWS and source in self.pending:
            self.pending[node.outputs[0]] = self.pending.pop(source)
        elif node.op in _VIEWS and source in self.real:
            self.real[node.outputs[0]] = self.real[source]
        elif node.op in _VIEWS and source in self.bytes:
            self.bytes[node.outputs[0]] = self.bytes[source]
        elif node.op in _HOST and (source in self.real or source in self.pending):
            self.beyond[source] = self.real[source] if source in self.real else self.pending.pop(source)
            self._beyond(node)
        elif node.op == "MaxPool" and source in self.bytes:  # a pool of the bytes themselves
            self._work(node, {source: self.bytes[source]})
            self.bytes[node.outputs[0]] = self._close(self.pending.pop(node.outputs[0]), None)
        elif node.op == "Add" and any(name in self.pending for name in node.inputs):
            self._grow(node)
        elif node.op == "HardSigmoid" and source in self.pending and self.pending[source].node.op in _PRODUCTS:
            self.pending[node.outputs[0]] = self._straightened(node, self.pending.pop(source))
        elif node.op in curves.NAMES and source in self.pending and curves.is_cut(node, self.graph.constants):
            self.pending[node.outputs[0]] = self.pending.pop(source).cut(*curves.bounds(node, self.graph.constants))
        else:
            self._work(node, self.real)

    def _grow(self, node: Node) -> None:
        """Add to a product that has not been quantised: a constant to its bias, another tensor to its sums."""
        first, second = node.inputs if node.inputs[0] in self.pending else node.inputs[::-1]
        product = self.pending.pop(first)
        constants = self._constants(node)
        if product.node.op not in _PRODUCTS or not product.plain:
            raise product.refuse(f"is not quantised before {node.op} ({node.name})")
        if second in constants:
            self.pending[node.outputs[0]] = replace(product, more=_numbers(product, constants[second]))
        elif second in self.real:
            self.pending[node.outputs[0]] = Pending(node, (self.real[second],), constants, product=product)
        else:
            raise product.refuse(f"and {second}, which {node.op} ({node.name}) adds, are both not quantised")

    def _straightened(self, node: Node, product: Pending) -> Pending:
        """Return a product that is multiplied, shifted and cut: what a hard sigmoid does, without a layer of its own."""
        slope, shift = curves.line(node)
        if slope <= 0 or not replace(product, more=None).plain:
            raise product.refuse(f"is not quantised before {node.op} ({node.name})")
        return replace(product, gain=slope, offset=shift).cut(0.0, 1.0)

    def _beyond(self, node: Node) -> None:
        """Take note of an operator behind the last layer: it is the host's."""
        if node.op not in _HOST | _VIEWS | {"QuantizeLinear", "DequantizeLinear"}:
            raise Invalid(f"{node.op} ({node.name}) comes after {self.host[-1]}, which is left to the host.", "network")
        if node.op in _HOST:
            self.host.append(node.op)
        self.beyond[node.outputs[0]] = self.beyond[node.inputs[0]]

    def _work(self, node: Node, known: dict[str, int]) -> None:
        found = [known[name] for name in node.inputs if name in known]
        if not found:
            raise Invalid(
                f"{node.op} ({node.name}) reads {node.inputs[0]}, which is not quantised; quantise every activation.",
                "network",
            )
        self.pending[node.outputs[0]] = Pending(node, tuple(found), self._constants(node))

    def _constants(self, node: Node) -> dict[str, Any]:
        constants: dict[str, Any] = {name: self.dequantised[name] for name in node.inputs if name in self.dequantised}
        return constants | {name: self.graph.constants[name] for name in node.inputs if name in self.graph.constants}

    def _scale(self, node: Node) -> tuple[NDArray[np.float64], NDArray[np.int64], bool]:
        constants = self.graph.constants
        try:
            scale = np.asarray(constants[node.inputs[1]], np.float64)
            zero = (
                constants[node.inputs[2]]
                if len(node.inputs) > 2 and node.inputs[2]
                else np.zeros(scale.shape, np.uint8)
            )
        except KeyError:
            raise Invalid(f"{node.name} has a scale that is computed; scales must be constants.", "network") from None
        if zero.dtype not in (np.int8, np.uint8, np.int32):
            raise Invalid(f"{node.name} is of {zero.dtype}; eight-bit integers are ported.", "network")
        if not np.all(np.isfinite(scale) & (scale > 0)):
            raise Invalid(f"{node.name} has a scale that is not above zero.", "network")
        return scale, zero.astype(np.int64), zero.dtype == np.uint8

    def _quantise(self, node: Node) -> None:
        scale, zero, unsigned = self._scale(node)
        if scale.size != 1:
            raise Invalid(
                f"{node.name} quantises an activation channel by channel; one scale for all is needed.", "network"
            )
        tensor = Tensor(node.outputs[0], (0, 0, 0), float(scale.reshape(())), int(zero.reshape(())) - 128 * unsigned)
        source = node.inputs[0]
        if source in self.pending:
            index = self._close(self.pending.pop(source), tensor)
        elif source in self.real:
            index = self._rescale(self.real[source], tensor)
        elif source == self.graph.input and self.input is None:
            index = self.input = self.values.tensor(replace(tensor, shape=_shape(self.graph.shape, self.name)))
        else:
            raise Invalid(f"{node.name} quantises {source}, which the ported part does not make.", "network")
        self.unsigned[index] = unsigned
        self.bytes[node.outputs[0]] = index

    def _rescale(self, source: int, tensor: Tensor) -> int:
        before = self.values.tensors[source]
        if (before.scale, before.zero) == (tensor.scale, tensor.zero):
            return source
        return self.values.lookup(source, tensor, lambda real: real, f"{tensor.name} rescaled")

    def _dequantise(self, node: Node) -> None:
        source = node.inputs[0]
        if source in self.bytes:
            self.real[node.outputs[0]] = self.bytes[source]
        elif source in self.graph.constants:
            scale, zero, _ = self._scale(node)
            data = self.graph.constants[source]
            self.dequantised[node.outputs[0]] = Constant(data, scale, zero, int(node.attributes.get("axis", 1)))
        else:
            raise Invalid(f"{node.name} dequantises {source}, which the ported part does not make.", "network")

    def _close(self, pending: Pending, tensor: Tensor | None) -> int:
        return build(self.values, pending, tensor)

    def _output(self) -> tuple[int, NDArray[np.float64] | None]:
        name = self.graph.output
        if name in self.bytes:
            return self.bytes[name], None
        if name in self.real:
            return self.real[name], None
        found = self.beyond.get(name, self.pending.get(name))
        if isinstance(found, int):
            return found, None
        if found is not None:
            return self._close(found, None), self.values.scales
        raise Invalid(f"{self.name} gives {name}, which the ported part does not make.", "network")


def _numbers(product: Pending, held: Any) -> NDArray[np.float64]:
    """Return a constant that is added to a product as one number, or one for every output."""
    real = Pending(product.node, (), {"": held}).real("")
    channel_last = product.node.op != "Conv"
    kept = real.shape[-1:] if channel_last else real.shape[-3:-2]
    if real.size != 1 and (not kept or real.size != kept[0]):
        raise product.refuse("is followed by a sum with a constant that is not one number an output")
    return real.reshape(-1)


def _shape(shape: tuple[int, ...], name: str) -> tuple[int, int, int]:
    if shape[0] != 1:
        raise Invalid(f"{name} takes {shape[0]} inputs at once; the kernels take one.", "network")
    if len(shape) == 4:
        return shape[2], shape[3], shape[1]
    if len(shape) == 2:
        return 1, 1, shape[1]
    raise Invalid(
        f"{name} takes inputs of shape {shape}; (1, channels, height, width) or (1, n) are ported.", "network"
    )
