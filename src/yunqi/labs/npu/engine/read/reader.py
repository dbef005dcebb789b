"""A checked ONNX model to a graph: dimensions resolved, constants folded, shapes known."""

from collections.abc import Mapping
from heapq import heappop, heappush
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from yunqi.labs.npu.engine.read.folding import evaluate
from yunqi.labs.npu.engine.read.protobuf import Limits, declared_bytes, opset, parse
from yunqi.labs.npu.engine.read.shapes import Shapes
from yunqi.labs.npu.model import Array, Graph, NetworkRefused, Node, NotSupported, ShapeUnknown, Value

__all__ = ["Limits", "read_network"]

_TROUBLE = (ValueError, TypeError, RuntimeError, KeyError, IndexError, AttributeError, OverflowError, MemoryError)
_IDENTITY = ("Identity", "Dropout")
_FOLDED_ELEMENTS = 1 << 24


def read_network(
    data: bytes,
    *,
    name: str = "network",
    folder: Path | None = None,
    batch: int = 1,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    limits: Limits | None = None,
) -> Graph:
    """Read an ONNX network.

    Parameters
    ----------
    data
        The file's bytes.
    folder
        Where external data may lie; ``None`` refuses external data.
    batch
        What a dynamic first dimension is taken to be.
    shapes
        Whole shapes of inputs by name, for other dynamic dimensions.

    Returns
    -------
    Graph
        With every shape known; nodes that compute constants are gone.

    Raises
    ------
    NetworkRefused, ShapeUnknown, NotSupported
        Naming the node or value and the way out.
    """
    limits = limits or Limits()
    if batch < 1 or batch > 65_536:
        raise NetworkRefused(f"The batch must lie between 1 and 65,536, not {batch}.", "batch")
    model = parse(data, folder=folder, limits=limits)
    builder = _Builder(model, limits, name)
    try:
        builder.take_constants()
        builder.take_inputs(batch, dict(shapes or {}))
        builder.walk()
        return builder.finish()
    except _TROUBLE as error:
        raise NetworkRefused(f"The network is damaged near {builder.at!r}: {str(error)[:200]}") from error


class _Builder:
    def __init__(self, model: Any, limits: Limits, name: str) -> None:
        self.graph = Graph(model.graph.name or name, [], {}, (), (), opset(model))
        self.proto, self.limits, self.at = model.graph, limits, "the inputs"
        self.alias: dict[str, str] = {}
        self.named: dict[str, int] = {}
        self.shapes = Shapes(model)

    def take_constants(self) -> None:
        for tensor in self.proto.initializer:
            self.at = tensor.name
            self.add_constant(tensor.name, self.array(tensor))

    def array(self, tensor: Any) -> Array:
        declared_bytes(tensor, self.limits)
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            raise NetworkRefused(f"The constant {tensor.name!r} of {self.at!r} lies in another file.")
        return np.asarray(numpy_helper.to_array(tensor))

    def add_constant(self, name: str, data: Array) -> None:
        self.graph.values[name] = Value(name, tuple(int(n) for n in data.shape), str(data.dtype), data)

    def take_inputs(self, batch: int, given: dict[str, tuple[int, ...]]) -> None:
        names = [value.name for value in self.proto.input if value.name not in self.graph.values]
        unknown = sorted(given.keys() - set(names))
        if unknown:
            raise ShapeUnknown(f"The network has no input {unknown[0]!r}; its inputs are {', '.join(names)}.", "shape")
        for value in self.proto.input:
            if value.name in self.graph.values:
                continue
            self.at = value.name
            shape = self.input_shape(value, batch, given.get(value.name))
            dtype = _dtype(value.type.tensor_type.elem_type)
            self.graph.values[value.name] = Value(value.name, shape, dtype)
            self.check_size(value.name, shape)
            self.graph.inputs += (value.name,)

    def input_shape(self, value: Any, batch: int, given: tuple[int, ...] | None) -> tuple[int, ...]:
        kind = value.type.tensor_type
        if not value.type.HasField("tensor_type") or not kind.HasField("shape"):
            if given is None:
                raise ShapeUnknown(f"The input {value.name!r} has no shape: give --shape {value.name}=1,3,224,224.")
            return given
        dims = kind.shape.dim
        if given is not None and len(given) != len(dims):
            raise ShapeUnknown(f"The input {value.name!r} has {len(dims)} dimensions; --shape gives {len(given)}.")
        found: list[int] = []
        for place, dim in enumerate(dims):
            if given is not None:
                found.append(self.chosen(value.name, dim, given[place]))
            elif dim.HasField("dim_value") and dim.dim_value > 0:
                found.append(int(dim.dim_value))
            else:
                found.append(self.open_dimension(value.name, place, dims, batch))
        return tuple(found)

    def chosen(self, name: str, dim: Any, size: int) -> int:
        if size < 1:
            raise ShapeUnknown(f"The input {name!r} cannot have a dimension of {size}.", "shape")
        if dim.HasField("dim_value") and dim.dim_value > 0 and dim.dim_value != size:
            raise ShapeUnknown(f"The input {name!r} is fixed to {dim.dim_value} where --shape gives {size}.", "shape")
        if dim.dim_param:
            self.graph.assumed[dim.dim_param] = size
        return size

    def open_dimension(self, name: str, place: int, dims: Any, batch: int) -> int:
        label = dims[place].dim_param
        if label and label in self.graph.assumed:
            return self.graph.assumed[label]
        if place == 0:
            self.graph.assumed[label or f"{name}[0]"] = batch
            return batch
        sizes = [dim.dim_value if dim.HasField("dim_value") and dim.dim_value > 0 else "N" for dim in dims]
        example = ",".join(str(size) for size in [batch if sizes[0] == "N" else sizes[0], *sizes[1:]])
        raise ShapeUnknown(
            f"The input {name!r} leaves dimension {place} ({label or 'unnamed'}) open, and the chip's plan needs every "
            f"shape: give --shape {name}={example} with numbers.",
            "shape",
        )

    def walk(self) -> None:
        for proto in _ordered(self.proto, set(self.graph.values)):
            self.at = proto.name or proto.op_type
            self.take(proto)

    def take(self, proto: Any) -> None:
        if proto.op_type == "Constant" and proto.domain in ("", "ai.onnx"):
            self.add_constant(proto.output[0], self.constant(proto))
            return
        inputs = tuple(self.alias.get(name, name) for name in proto.input)
        for name in inputs:
            if name and name not in self.graph.values:
                raise NetworkRefused(f"The node {self.at!r} reads {name!r}, which nothing computes.")
        if proto.op_type == "If" and self.branch(proto, inputs[0]):
            return
        if proto.op_type in _IDENTITY:
            self.alias[proto.output[0]] = inputs[0]
            return
        attributes = {attribute.name: _attribute(attribute, self) for attribute in proto.attribute}
        node = Node(
            proto.op_type, self.own_name(), inputs, tuple(proto.output), attributes,
            "" if proto.domain == "ai.onnx" else proto.domain,
        )  # fmt: skip
        known = [self.graph.values[name].data if name else None for name in inputs]
        folded = self.folded(node, known)
        if folded is not None:
            for name, data in zip(node.outputs, folded, strict=False):
                if name:
                    self.add_constant(name, data)
            return
        for name, shape, dtype in self.shapes.infer(node, proto, self.graph):
            self.check_size(name, shape)
            self.graph.values[name] = Value(name, shape, dtype)
        self.graph.nodes.append(node)

    def own_name(self) -> str:
        """Return the node's name, or that with a number when another has it: plans and refusals speak of one node."""
        count = self.named.get(self.at, 0)
        self.named[self.at] = count + 1
        return self.at if not count else f"{self.at}#{count}"

    def branch(self, proto: Any, condition: str) -> bool:
        """Put the branch in line that a known condition chooses; exporters write such choices about shapes."""
        known = self.graph.values[condition].data
        if known is None or known.size != 1:
            return False
        chosen = "then_branch" if bool(known.ravel()[0]) else "else_branch"
        inner = next((attribute.g for attribute in proto.attribute if attribute.name == chosen), None)
        if inner is None or len(inner.output) != len(proto.output):
            raise NetworkRefused(f"The node {self.at!r} (If) lacks its {chosen}.")
        for tensor in inner.initializer:
            self.add_constant(tensor.name, self.array(tensor))
        for node in inner.node:
            self.at = node.name or node.op_type
            self.take(node)
        for outer, value in zip(proto.output, inner.output, strict=True):
            self.alias[outer] = self.alias.get(value.name, value.name)
        return True

    def folded(self, node: Node, known: list[Array | None]) -> list[Array] | None:
        if node.op == "Shape" and node.inputs:
            shape = self.graph.shape(node.inputs[0])
            start, end = node.attributes.get("start", 0), node.attributes.get("end", len(shape))
            return [np.array(shape[start:end], np.int64)]
        if node.op == "Size" and node.inputs:
            return [np.array(self.graph.values[node.inputs[0]].elements, np.int64)]
        if any(data is None for name, data in zip(node.inputs, known, strict=True) if name):
            return None
        if sum(data.size for data in known if data is not None) > _FOLDED_ELEMENTS:
            return None
        return evaluate(node, known, opset=self.graph.opset, largest=_FOLDED_ELEMENTS)

    def constant(self, proto: Any) -> Array:
        attribute = proto.attribute[0]
        if attribute.name == "value":
            return self.array(attribute.t)
        value = onnx.helper.get_attribute_value(attribute)
        kinds = {"value_float": np.float32, "value_floats": np.float32, "value_int": np.int64, "value_ints": np.int64}
        if attribute.name not in kinds:
            raise NotSupported(f"The constant {self.at!r} holds text or sparse numbers, which the chip cannot use.")
        return np.asarray(value, kinds[attribute.name])

    def check_size(self, name: str, shape: tuple[int, ...]) -> None:
        elements = 1
        for size in shape:
            if size < 0:
                raise NetworkRefused(f"The value {name!r} has a negative dimension {list(shape)}.")
            elements *= size
        if elements > self.limits.elements:
            raise NetworkRefused(
                f"The value {name!r} of shape {list(shape)} has {elements:,} elements; at most {self.limits.elements:,} "
                "are planned and the chip holds 192 MB in all. Give a smaller batch or input."
            )

    def finish(self) -> Graph:
        outputs = [self.alias.get(value.name, value.name) for value in self.proto.output]
        for name in outputs:
            if name not in self.graph.values:
                raise NetworkRefused(f"The output {name!r} is computed by no node.")
        if not outputs:
            raise NetworkRefused("The network has no output.")
        self.graph.outputs = tuple(outputs)
        _prune(self.graph)
        return self.graph


def _prune(graph: Graph) -> None:
    wanted, kept = set(graph.outputs), []
    for node in reversed(graph.nodes):
        if wanted & set(node.outputs):
            kept.append(node)
            wanted |= set(node.inputs)
    graph.nodes = kept[::-1]
    used = wanted | {name for node in kept for name in node.outputs} | set(graph.inputs)
    graph.values = {name: value for name, value in graph.values.items() if name in used}


def _ordered(proto: Any, known: set[str]) -> list[Any]:
    """Return the nodes in an order in which each follows what it reads, refusing cycles and double names."""
    makers: dict[str, int] = {}
    for place, node in enumerate(proto.node):
        for name in node.output:
            if name and (name in makers or name in known):
                raise NetworkRefused(f"The value {name!r} is computed twice.")
            if name:
                makers[name] = place
    waits = [len({makers[name] for name in node.input if name in makers}) for node in proto.node]
    readers: dict[int, set[int]] = {}
    for place, node in enumerate(proto.node):
        for name in node.input:
            if name in makers:
                readers.setdefault(makers[name], set()).add(place)
    ready = [place for place, count in enumerate(waits) if not count]  # a sorted list is a heap
    order = []
    while ready:
        place = heappop(ready)  # the file's own order where it is one: branches read values that they do not list
        order.append(proto.node[place])
        for reader in readers.get(place, ()):
            waits[reader] -= 1
            if not waits[reader]:
                heappush(ready, reader)
    if len(order) < len(proto.node):
        stuck = next(node for node, count in zip(proto.node, waits, strict=True) if count)
        raise NetworkRefused(f"The network goes round in a circle through {stuck.name or stuck.op_type!r}.")
    return order


def _attribute(attribute: Any, builder: _Builder) -> Any:
    if attribute.type == onnx.AttributeProto.TENSOR:
        return builder.array(attribute.t)
    value = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, list) and value and isinstance(value[0], bytes):
        return [item.decode(errors="replace") for item in value]
    return value


def _dtype(kind: int) -> str:
    try:
        return str(onnx.helper.tensor_dtype_to_np_dtype(kind))
    except KeyError as error:
        raise NetworkRefused(f"An input has the unknown element type {kind}.") from error
