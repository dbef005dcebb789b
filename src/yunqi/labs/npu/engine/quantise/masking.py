"""Attention masks: huge negative numbers that only mean "not this one", kept from stretching the scale of the scores."""

import numpy as np

from yunqi.labs.npu.model import Array, Graph, Node

HIDDEN = -500.0  # at or below this a score is hidden: its power is nothing beside any other
_LOWEST = -1000.0  # what a mask is stored as
_BELOW = 12.0  # how far below the lowest score a hidden sum is stored; its power is a millionth
_PASSING = ("Where", "Expand", "Reshape", "Unsqueeze", "Squeeze", "Identity", "Slice", "Concat", "Cast")


def scores(graph: Graph) -> tuple[set[str], set[str]]:
    """Return the tensors that hold sums on their way into a softmax, and those that are added to them."""
    makers = graph.producers()
    sums = {node.inputs[0] for node in graph.nodes if node.op in ("Softmax", "LogSoftmax") and not node.domain}
    masks: set[str] = set()
    left = list(sums)
    while left:
        node = makers.get(left.pop())
        if node is None or node.domain:
            continue
        if node.op in ("Add", "Sub"):
            masks.update(node.inputs)
            found = {name for name in node.inputs if name in makers and makers[name].op == "Add"} - sums
            sums |= found
            left += found
        elif node.op in _PASSING:
            found = {name for name in node.inputs if name in graph.values and graph.values[name].is_float} - sums
            sums |= found
            left += found
    return sums, masks - sums


def shown(data: Array, *, is_sum: bool) -> Array:
    """Return scores or a mask with what is hidden raised to where it may be stored."""
    hidden = ~(data > HIDDEN)
    if not hidden.any():
        return data
    seen = data[~hidden & np.isfinite(data)]
    largest = float(np.abs(seen).max()) if seen.size else 0.0
    return np.where(hidden, -(largest + _BELOW) if is_sum else _LOWEST, data)


def soften(graph: Graph) -> None:
    """Raise masks that are constants, in place; what the network computes stays the same."""
    sums, masks = scores(graph)
    makers = graph.producers()
    found = sums | masks
    for name in sums | masks:
        node = makers.get(name)
        if node is not None and node.op == "Mul" and any(_is_flag(makers, graph, one) for one in node.inputs):
            found |= {one for one in node.inputs if graph.constant(one) is not None}
    for name in found:
        value = graph.values.get(name)
        if value is not None and value.data is not None and value.is_float and value.data.size:
            raised = np.where(value.data > HIDDEN, value.data, np.asarray(_LOWEST, value.data.dtype))
            graph.values[name] = type(value)(name, value.shape, value.dtype, raised.astype(value.data.dtype))


def _is_flag(makers: dict[str, Node], graph: Graph, name: str) -> bool:
    """Whether a tensor is 0 or 1 by how it is made: a cast of whole numbers, perhaps taken from one."""
    for _ in range(8):
        node = makers.get(name)
        if node is None:
            return False
        if node.op == "Cast":
            return not graph.values[node.inputs[0]].is_float
        first = graph.constant(node.inputs[0])
        if node.op == "Sub" and first is not None and np.all(first == 1):
            name = node.inputs[1]
        elif node.op in _PASSING:
            name = node.inputs[0]
        else:
            return False
    return False
