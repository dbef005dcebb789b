"""Operators that wait for the scale of their output, and the tensors and layers made so far."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yunqi.kernel.errors import Invalid
from yunqi.labs.riscv.engine.port.graph import Node
from yunqi.labs.riscv.engine.port.layers import Kind, Layer, Tensor

_MOST_ELEMENTS = 1 << 26


@dataclass(frozen=True, slots=True)
class Pending:
    """An operator whose result has not been quantised yet, with its quantised inputs, constants and cuts.

    Parameters
    ----------
    more
        Numbers that are added to a product's outputs, one each.
    gain, offset
        What a product is multiplied by then, and what is added after that.
    product
        The product whose sums are this addition's other operand.
    """

    node: Node
    inputs: tuple[int, ...]
    constants: dict[str, Any] = field(repr=False)
    low: float = -np.inf
    high: float = np.inf
    more: NDArray[np.float64] | None = None
    product: "Pending | None" = None
    gain: float = 1.0
    offset: float = 0.0

    def cut(self, low: float, high: float) -> "Pending":
        """Return the same with its result cut further."""
        return replace(self, low=max(low, self.low), high=min(high, self.high))

    @property
    def plain(self) -> bool:
        """Whether nothing has been done to the operator's result."""
        return (self.low, self.high, self.gain, self.offset) == (-np.inf, np.inf, 1, 0) and self.more is None

    def clipped(self, real: Any) -> Any:
        """Return real numbers cut as this operator's result is."""
        return np.clip(real, self.low, self.high)

    def real(self, name: str) -> NDArray[np.float64]:
        """Return a constant as real numbers."""
        held = self.constants[name]
        if hasattr(held, "scale"):
            return np.asarray((held.data.astype(np.int64) - held.zero) * held.scale, np.float64)
        return np.asarray(held, np.float64)

    def quantised(self, tensor: Tensor | None) -> Tensor:
        """Return the output's tensor.

        Raises
        ------
        Invalid
            The output is not quantised.
        """
        if tensor is None:
            raise self.refuse("has an output that is not quantised")
        return tensor

    def refuse(self, why: str) -> Invalid:
        """Return an error about this operator."""
        return Invalid(f"{self.node.op} ({self.node.name}) {why}.", "network")


@dataclass(slots=True)
class Values:
    """Tensors and layers made so far."""

    tensors: list[Tensor] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)
    scales: NDArray[np.float64] | None = None
    tables: dict[int, tuple[int, NDArray[np.int8]]] = field(default_factory=dict)

    def tensor(self, one: Tensor) -> int:
        """Keep a tensor; returns its number."""
        if not 0 < prod(one.shape) <= _MOST_ELEMENTS:
            raise Invalid(f"{one.name} has {prod(one.shape)} elements; at most {_MOST_ELEMENTS} are ported.", "network")
        self.tensors.append(one)
        return len(self.tensors) - 1

    def root(self, index: int) -> int:
        """Return the tensor that a table's answer was looked up from, or the tensor itself."""
        return self.tables[index][0] if index in self.tables else index

    def lookup(self, source: int, tensor: Tensor, real: Callable[[Any], Any], name: str) -> int:
        """Add a layer that answers from a table."""
        return self.lookup_many((source,), tensor, real, name)

    def lookup_many(self, sources: tuple[int, ...], tensor: Tensor, real: Callable[..., Any], name: str) -> int:
        """Add a layer that answers from a table what tensors give that hang on one tensor alone.

        A table of a table is one table, byte for byte: a chain of functions costs one layer.
        """
        root = self.root(sources[0])
        inside = []
        for source in sources:
            before = self.tensors[source]
            held = self.tables[source][1].astype(np.int64) if source in self.tables else np.arange(-128, 128)
            inside.append(before.scale * (held - before.zero))
        table = np.clip(np.rint(real(*inside) / tensor.scale) + tensor.zero, -128, 127).astype(np.int8)
        index = self.tensor(replace(tensor, shape=self.tensors[root].shape))
        self.layers.append(Layer(Kind.LOOKUP, name, (root,), index, table=table))
        self.tables[index] = root, table
        return index

    def needed(self, output: int) -> tuple[Layer, ...]:
        """Return the layers without those whose output nobody reads."""
        wanted, kept = {output}, []
        for layer in reversed(self.layers):
            if layer.output in wanted:
                wanted |= set(layer.inputs)
                kept.append(layer)
        return tuple(reversed(kept))


def cuts(pending: Pending, tensor: Tensor) -> tuple[int, int]:
    """Return the bytes between which an operator's result stays."""

    def whole(bound: float, edge: int) -> int:
        if not np.isfinite(bound):
            return edge
        return int(np.clip(np.rint(bound / tensor.scale) + tensor.zero, -128, 127))

    return whole(pending.low, -128), whole(pending.high, 127)
