"""Rewriting a graph to the operations the chip has: batch norms into weights, biases into products, patterns by name."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from yunqi.labs.npu.engine.read.patterns import fuse_patterns
from yunqi.labs.npu.model import Array, Graph, Node, Value


def fuse(graph: Graph) -> Graph:
    """Return the graph with folded and fused nodes; what it computes is the same up to rounding.

    Batch normalisation goes into the convolution before it (or becomes ``Affine``), zero padding into the window, a
    constant addend into the product's bias, and the usual spellings of GELU, SiLU and layer normalisation become one
    node each.
    """
    fused = graph.copy()
    for step in (_to_float32, _fold_padding, _fold_batch_norms, fuse_patterns, _drop_identities, _fold_biases):
        step(fused)
    used = {name for node in fused.nodes for name in (*node.inputs, *node.outputs)}
    used |= {*fused.inputs, *fused.outputs}
    fused.values = {name: value for name, value in fused.values.items() if name in used}
    return fused


def _to_float32(graph: Graph) -> None:
    """Read half and double precision as single: the chip quantises all of them, and operators may not be mixed."""
    for name, value in graph.values.items():
        if value.is_float and value.dtype != "float32":
            data = None if value.data is None else value.data.astype(np.float32)
            graph.values[name] = replace(value, dtype="float32", data=data)
    casts = (10, 11, 16)  # to half, double and brain floats
    graph.nodes = [
        replace(node, attributes={**node.attributes, "to": 1})
        if node.op == "Cast" and node.attributes.get("to") in casts
        else node
        for node in graph.nodes
    ]


class _Rewriter:
    """Shared bookkeeping of a pass: who reads and makes what, and which nodes go."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.readers, self.makers = graph.consumers(), graph.producers()
        self.gone: set[int] = set()
        self.changed: dict[int, Node] = {}

    def only_reader(self, name: str) -> bool:
        return len(self.readers.get(name, ())) == 1 and name not in self.graph.outputs

    def maker(self, name: str, op: str) -> Node | None:
        node = self.makers.get(name)
        if node is None or node.op != op or not self.only_reader(name):
            return None
        return self.changed.get(id(node), node)

    def constant(self, like: str, data: Array) -> str:
        name, count = f"{like}.folded", 0
        while name in self.graph.values:
            count += 1
            name = f"{like}.folded{count}"
        self.graph.values[name] = Value(name, tuple(data.shape), str(data.dtype), data)
        return name

    def merge(self, first: Node, second: Node, merged: Node) -> None:
        """Put ``merged`` where ``second`` stands and drop ``first``."""
        original = self.makers[first.output]
        self.gone.add(id(original))
        self.changed[id(second)] = merged

    def finish(self) -> None:
        nodes = [self.changed.get(id(node), node) for node in self.graph.nodes if id(node) not in self.gone]
        self.graph.nodes = nodes


def _each(graph: Graph, op: str, action: Callable[[_Rewriter, Node], None]) -> None:
    rewriter = _Rewriter(graph)
    for node in graph.nodes:
        if node.op == op and not node.domain:
            action(rewriter, node)
    rewriter.finish()


def _drop_identities(graph: Graph) -> None:
    """Let readers of a copy read the original; a copy that is an output of the network stays."""
    other: dict[str, str] = {}
    nodes = []
    for node in graph.nodes:
        reads = tuple(other.get(name, name) for name in node.inputs)
        if node.op == "Identity" and not node.domain and node.output not in graph.outputs:
            other[node.output] = reads[0]
        else:
            nodes.append(replace(node, inputs=reads))
    graph.nodes = nodes


def _fold_batch_norms(graph: Graph) -> None:
    _each(graph, "BatchNormalization", _fold_batch_norm)


def _fold_batch_norm(rewriter: _Rewriter, node: Node) -> None:
    graph = rewriter.graph
    parts = [graph.constant(name) for name in node.inputs[1:5]]
    if len(parts) < 4 or any(part is None for part in parts):
        return
    scale, bias, mean, variance = (np.asarray(part, np.float64) for part in parts)
    gain = scale / np.sqrt(np.maximum(variance, 0) + node.attributes.get("epsilon", 1e-5))
    shift = bias - mean * gain
    conv = rewriter.maker(node.inputs[0], "Conv")
    weight = graph.constant(conv.inputs[1]) if conv else None
    old = graph.constant(conv.inputs[2]) if conv and len(conv.inputs) > 2 and conv.inputs[2] else None
    if conv is None or weight is None or (len(conv.inputs) > 2 and conv.inputs[2] and old is None):
        inputs = (
            node.inputs[0],
            rewriter.constant(node.inputs[1], gain.astype(np.float32)),
            rewriter.constant(node.inputs[2], shift.astype(np.float32)),
        )
        rewriter.changed[id(node)] = Node("Affine", node.name, inputs, node.outputs[:1], {"axis": 1})
        return
    new = weight * gain.reshape(-1, *[1] * (weight.ndim - 1))
    total = shift if old is None else shift + old * gain
    inputs = (
        conv.inputs[0],
        rewriter.constant(conv.inputs[1], new.astype(np.float32)),
        rewriter.constant(node.inputs[2], total.astype(np.float32)),
    )
    rewriter.merge(conv, node, replace(conv, inputs=inputs, outputs=node.outputs[:1]))


def _fold_padding(graph: Graph) -> None:
    _each(graph, "Conv", _fold_pad)


def _fold_pad(rewriter: _Rewriter, node: Node) -> None:
    graph = rewriter.graph
    pad = rewriter.maker(node.inputs[0], "Pad")
    if pad is None or pad.attributes.get("mode", "constant") != "constant" or len(pad.inputs) > 3:
        return
    amounts = graph.constant(pad.inputs[1]) if len(pad.inputs) > 1 else None
    value = graph.constant(pad.inputs[2]) if len(pad.inputs) > 2 and pad.inputs[2] else np.zeros(1)
    if node.attributes.get("auto_pad", "NOTSET") != "NOTSET" or amounts is None or value is None or np.any(value != 0):
        return
    rank = len(graph.shape(node.inputs[0]))
    edges = [int(n) for n in amounts.ravel()]
    if len(edges) != 2 * rank or min(edges) < 0 or any(edges[place] for place in (0, 1, rank, rank + 1)):
        return
    old = node.attributes.get("pads", [0] * (2 * rank - 4))
    new = [a + b for a, b in zip(old, edges[2:rank] + edges[rank + 2 :], strict=True)]
    rewriter.merge(
        pad, node, replace(node, inputs=(pad.inputs[0], *node.inputs[1:]), attributes={**node.attributes, "pads": new})
    )


def _fold_biases(graph: Graph) -> None:
    _each(graph, "Add", _fold_bias)


def _fold_bias(rewriter: _Rewriter, node: Node) -> None:
    graph = rewriter.graph
    for place in (0, 1):
        bias = graph.constant(node.inputs[1 - place])
        product = rewriter.maker(node.inputs[place], "MatMul") or rewriter.maker(node.inputs[place], "Conv")
        if bias is None or product is None or len(product.inputs) > 2:
            continue
        weight = graph.constant(product.inputs[1])
        axis = -1 if product.op == "MatMul" else 1
        outputs = graph.shape(node.output)[axis]
        flat = bias.shape[axis:] if axis == -1 else bias.shape[-len(graph.shape(node.output)) + 1 :]
        if weight is None or bias.size != outputs or not flat or flat[0] != outputs:
            continue
        name = rewriter.constant(node.inputs[1 - place], bias.reshape(-1).astype(np.float32))
        rewriter.merge(product, node, replace(product, inputs=(*product.inputs, name), outputs=node.outputs))
        return
