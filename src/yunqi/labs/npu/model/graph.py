"""A network as the compiler sees it: every shape known, constants folded, one name for each value."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy.typing as npt

from yunqi.labs.npu.model.errors import NetworkRefused

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor of the network.

    Parameters
    ----------
    shape
        Every dimension, batch included.
    dtype
        NumPy name, as ``float32`` or ``int64``.
    data
        The elements when the value is a constant.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    data: Array | None = None

    @property
    def elements(self) -> int:
        """How many elements the tensor has."""
        count = 1
        for size in self.shape:
            count *= size
        return count

    @property
    def is_float(self) -> bool:
        """Whether the elements are real numbers, which the chip quantises."""
        return self.dtype in ("float32", "float16", "float64", "bfloat16")


@dataclass(frozen=True, slots=True)
class Node:
    """One operation: ``op`` is the ONNX name, or a fused one that `fuse` made (as ``Gelu`` or ``LayerNormalization``)."""

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any] = field(default_factory=dict)
    domain: str = ""

    @property
    def output(self) -> str:
        """The first output."""
        return self.outputs[0]


@dataclass(slots=True)
class Graph:
    """A network: nodes in an order in which each follows what it reads.

    Parameters
    ----------
    values
        Every tensor by name, constants with their data.
    opset
        Version of the ONNX operator set of the file.
    assumed
        Dimensions that the file leaves open and that were given or taken to be the batch, by name.
    """

    name: str
    nodes: list[Node]
    values: dict[str, Value]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    opset: int
    assumed: dict[str, int] = field(default_factory=dict)

    def copy(self) -> "Graph":
        """Return a graph whose nodes and values can be replaced while this one stays as it is."""
        return replace(self, nodes=list(self.nodes), values=dict(self.values), assumed=dict(self.assumed))

    def constant(self, name: str) -> Array | None:
        """Return a value's elements when it is a constant."""
        value = self.values.get(name)
        return None if value is None else value.data

    def shape(self, name: str) -> tuple[int, ...]:
        """Return a value's shape."""
        if name not in self.values:
            raise NetworkRefused(f"The value {name!r} is used but nothing computes it.")
        return self.values[name].shape

    def consumers(self) -> dict[str, list[Node]]:
        """Return which nodes read each value."""
        found: dict[str, list[Node]] = {name: [] for name in self.values}
        for node in self.nodes:
            for name in node.inputs:
                if name:
                    found.setdefault(name, []).append(node)
        return found

    def producers(self) -> dict[str, Node]:
        """Return which node computes each value."""
        return {name: node for node in self.nodes for name in node.outputs if name}

    def parameters(self) -> Iterator[Value]:
        """Yield the constants that nodes read, each once."""
        seen = set()
        for node in self.nodes:
            for name in node.inputs:
                value = self.values.get(name)
                if value is not None and value.data is not None and name not in seen:
                    seen.add(name)
                    yield value

    @property
    def batch(self) -> int:
        """The first dimension of the first input, 1 when there is none."""
        shape = self.values[self.inputs[0]].shape if self.inputs else ()
        return shape[0] if len(shape) > 1 else 1


def clip_limits(node: Node, constants: Callable[[str], Array | None]) -> tuple[float, float]:
    """Return the real bounds of a Relu or Clip."""
    if node.op == "Relu":
        return 0.0, math.inf
    found = [node.attributes.get("min", -math.inf), node.attributes.get("max", math.inf)]
    for place in (1, 2):
        if len(node.inputs) > place and node.inputs[place]:
            data = constants(node.inputs[place])
            if data is not None and data.size:
                found[place - 1] = float(data.ravel()[0])
    return float(found[0]), float(found[1])
