"""An ONNX file as plain nouns: nodes, constants, shapes; read with distrust."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yunqi.kernel.errors import Invalid

_MOST_NODES = 20_000
_MOST_BYTES = 512 << 20


@dataclass(frozen=True, slots=True)
class Node:
    """One operator: name, inputs, outputs, attributes."""

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(repr=False)

    def text(self, name: str, default: str) -> str:
        """Return an attribute that is a word."""
        value = self.attributes.get(name, default)
        return value.decode() if isinstance(value, bytes) else str(value)


@dataclass(frozen=True, slots=True)
class Graph:
    """Operators in order, constants by name, the input with its shape, the output."""

    nodes: tuple[Node, ...]
    constants: dict[str, NDArray[Any]] = field(repr=False)
    input: str
    shape: tuple[int, ...]
    output: str


def read_graph(data: bytes, name: str) -> Graph:
    """Read an ONNX file.

    Raises
    ------
    Invalid
        Not an ONNX file, several inputs or outputs, or shapes that are not whole numbers.
    """
    import onnx
    from google.protobuf.message import DecodeError
    from onnx import numpy_helper

    if len(data) > _MOST_BYTES:
        raise Invalid(f"{name} has {len(data)} bytes; at most {_MOST_BYTES} are read.", "network")
    try:
        model = onnx.load_model_from_string(data)
    except (DecodeError, ValueError, UnicodeDecodeError):
        raise Invalid(f"{name} is not an ONNX file, or is cut off.", "network") from None
    graph = model.graph
    if not graph.node or len(graph.node) > _MOST_NODES:
        raise Invalid(f"{name} has {len(graph.node)} operators; from 1 to {_MOST_NODES} are read.", "network")
    try:
        constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        nodes = [_node(proto) for proto in graph.node]
    except (ValueError, TypeError, OSError, KeyError) as error:
        raise Invalid(f"{name} holds a tensor that cannot be read: {str(error)[:120]}", "network") from None
    for node in nodes:
        if node.op == "Constant" and isinstance(node.attributes.get("value"), np.ndarray):
            constants[node.outputs[0]] = node.attributes["value"]
    inputs = [value for value in graph.input if value.name not in constants]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise Invalid(
            f"{name} has {len(inputs)} inputs and {len(graph.output)} outputs; networks of one each are taken.",
            "network",
        )
    shape = tuple(int(one.dim_value) or 0 for one in inputs[0].type.tensor_type.shape.dim)
    shape = (1, *shape[1:]) if shape and shape[0] == 0 else shape
    if not shape or any(not 0 < one <= 1 << 16 for one in shape):
        raise Invalid(f"{name} has the input shape {shape}; every dimension but the first must be a number.", "network")
    kept = tuple(node for node in nodes if node.op != "Constant")
    return Graph(kept, constants, inputs[0].name, shape, graph.output[0].name)


def _node(proto: Any) -> Node:
    from onnx import AttributeProto, helper, numpy_helper

    attributes: dict[str, Any] = {}
    for one in proto.attribute:
        if one.type == AttributeProto.TENSOR:
            attributes[one.name] = numpy_helper.to_array(one.t)
        elif one.type not in (AttributeProto.GRAPH, AttributeProto.GRAPHS):
            attributes[one.name] = helper.get_attribute_value(one)
    domain = "" if proto.domain in ("", "ai.onnx") else f"{proto.domain}."
    return Node(domain + proto.op_type, proto.name or (proto.output[0] if proto.output else proto.op_type),
                tuple(proto.input), tuple(proto.output), attributes)  # fmt: skip
