"""Cross-layer equalisation: consecutive convolutions share the spread of their channels (Nagel et al., 2019).

A rectifier passes a positive factor, so channel c of the first may be divided, and the second's column multiplied, by
the same number; the network computes the same and no channel is much wider than the others.
"""

from dataclasses import replace

import numpy as np

from yunqi.labs.npu.model import Array, Graph, Node


def equalise(graph: Graph, *, rounds: int = 3) -> tuple[Graph, int]:
    """Return an equal graph with balanced weights, and how many pairs were balanced."""
    found = graph.copy()
    pairs = _pairs(found)
    for _ in range(rounds):
        for first, second in pairs:
            _balance(found, first, second)
    return found, len(pairs)


def _pairs(graph: Graph) -> list[tuple[Node, Node]]:
    readers, makers = graph.consumers(), graph.producers()
    uses = {name: len(nodes) for name, nodes in readers.items()}
    found = []
    for second in graph.nodes:
        if second.op != "Conv" or graph.constant(second.inputs[1]) is None or uses[second.inputs[1]] != 1:
            continue
        maker = makers.get(second.inputs[0])
        chain = [second.inputs[0]]
        if maker is not None and maker.op == "Relu":
            chain.append(maker.inputs[0])
            maker = makers.get(maker.inputs[0])
        alone = all(uses.get(name) == 1 and name not in graph.outputs for name in chain)
        if maker is None or maker.op != "Conv" or not alone or uses[maker.inputs[1]] != 1:
            continue
        if len(maker.inputs) > 2 and uses[maker.inputs[2]] != 1:
            continue
        if int(second.attributes.get("group", 1)) in (1, graph.shape(second.inputs[1])[0]):
            found.append((maker, second))
    return found


def _balance(graph: Graph, first: Node, second: Node) -> None:
    above, below = graph.constant(first.inputs[1]), graph.constant(second.inputs[1])
    if above is None or below is None:
        return
    depthwise = below.shape[1] == 1 and below.shape[0] == above.shape[0]
    wide = _largest(above, 0)
    narrow = _largest(below, 0 if depthwise else 1)
    live = (wide > 0) & (narrow > 0)
    factor = np.where(live, np.sqrt(wide / np.where(narrow > 0, narrow, 1)), 1.0)
    factor = np.clip(factor, 1e-3, 1e3)
    _store(graph, first.inputs[1], above / _lined(factor, above.ndim, 0))
    if len(first.inputs) > 2 and first.inputs[2]:
        bias = graph.constant(first.inputs[2])
        if bias is not None:
            _store(graph, first.inputs[2], bias / factor)
    _store(graph, second.inputs[1], below * _lined(factor, below.ndim, 0 if depthwise else 1))


def _largest(weight: Array, axis: int) -> Array:
    others = tuple(place for place in range(weight.ndim) if place != axis)
    return np.asarray(np.max(np.abs(weight.astype(np.float64)), axis=others))


def _lined(factor: Array, rank: int, axis: int) -> Array:
    return factor.reshape([-1 if place == axis else 1 for place in range(rank)])


def _store(graph: Graph, name: str, data: Array) -> None:
    graph.values[name] = replace(graph.values[name], data=data.astype(np.float32))
