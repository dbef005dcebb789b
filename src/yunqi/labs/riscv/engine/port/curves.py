"""Functions of one number: carried out by a table of 256 answers, or by cutting where they only cut."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yunqi.kernel.errors import Invalid
from yunqi.labs.riscv.engine.port.graph import Node

Reals = NDArray[np.float64]
NAMES = frozenset({"Relu", "Clip", "LeakyRelu", "Sigmoid", "Tanh", "HardSigmoid", "HardSwish"})
"""The operators that this module knows."""


def is_cut(node: Node, constants: Mapping[str, Any]) -> bool:
    """Whether a function only cuts off below and above, so that it costs nothing where its input is made."""
    return node.op in ("Relu", "Clip")


def bounds(node: Node, constants: Mapping[str, Any]) -> tuple[float, float]:
    """Return where Relu or Clip cut."""
    if node.op == "Relu":
        return 0.0, np.inf
    found = []
    for index, (name, default) in enumerate((("min", -np.inf), ("max", np.inf)), 1):
        given = node.inputs[index] if len(node.inputs) > index else ""
        if given and given not in constants:
            raise Invalid(f"Clip ({node.name}) has a bound that is computed; bounds must be constants.", "network")
        found.append(
            float(np.asarray(constants[given]).reshape(())) if given else float(node.attributes.get(name, default))
        )
    return found[0], found[1]


def line(node: Node) -> tuple[float, float]:
    """Return the slope and the shift of a hard sigmoid before it cuts."""
    return float(node.attributes.get("alpha", 0.2)), float(node.attributes.get("beta", 0.5))


def function(node: Node, constants: Mapping[str, Any]) -> Callable[[Reals], Reals]:
    """Return what an operator computes, on real numbers."""
    alpha, beta = line(node)
    if node.op in ("Relu", "Clip"):
        low, high = bounds(node, constants)
        return lambda x: np.clip(x, low, high)
    if node.op == "LeakyRelu":
        slope = float(node.attributes.get("alpha", 0.01))
        return lambda x: np.where(x < 0, slope * x, x)
    if node.op == "HardSigmoid":
        return lambda x: np.clip(alpha * x + beta, 0, 1)
    if node.op == "HardSwish":
        return lambda x: x * np.clip(x / 6 + 0.5, 0, 1)
    return np.tanh if node.op == "Tanh" else lambda x: 1 / (1 + np.exp(-np.clip(x, -700, 700)))
