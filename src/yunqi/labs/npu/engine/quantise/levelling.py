"""Levelling and centring: the same network with activations that fill the chip's symmetric integers.

The chip stores a tensor with one scale and no offset, so a channel that never grows large uses few of the 255 values, and
what a rectifier makes uses half of them. Both cost nothing to avoid, since products absorb constants. With per-channel
factors ``s`` and offsets ``c``, the product that makes ``x`` makes ``s x - c`` instead, and the products that read it take
columns divided by ``s`` and ``W c / s`` into their bias. A rectifier between them passes positive factors, and one offset
for all channels moves its bounds; a sum passes both. The factors generalise cross-layer equalisation (Nagel et al., 2019).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from yunqi.labs.npu.engine.integer.windows import window_of
from yunqi.labs.npu.engine.quantise.flowing import RECTIFIERS, Flow, absorbs, is_padded
from yunqi.labs.npu.model import Array, Graph, Node, Value, clip_limits

_DEVIATIONS = 6.0  # from its mean that a channel is taken to reach
_LEAST = 0.25  # a channel that calibration hardly saw is taken to reach this share of the widest: it may yet


@dataclass(slots=True)
class Spread:
    """What calibration saw of each channel: lowest and highest element, how many, their sum and sum of squares."""

    low: Array
    high: Array
    count: int
    total: Array
    squares: Array

    def join(self, other: "Spread") -> None:
        """Take what was seen on one more image in."""
        self.low, self.high = np.minimum(self.low, other.low), np.maximum(self.high, other.high)
        self.count += other.count
        self.total, self.squares = self.total + other.total, self.squares + other.squares

    def reach(self) -> tuple[Array, Array]:
        """Return how far each channel may go: what was seen, or some deviations from its mean where that is farther."""
        mean = self.total / self.count
        far = _DEVIATIONS * np.sqrt(np.maximum(self.squares / self.count - mean**2, 0))
        return np.minimum(self.low, mean - far), np.maximum(self.high, mean + far)


def spreads(names: Iterable[str], seen: Iterable[Mapping[str, Array]]) -> dict[str, Spread]:
    """Return the spread of each channel (axis 1) over the images."""
    wanted = tuple(names)
    found: dict[str, Spread] = {}
    for tensors in seen:
        for name in wanted:
            one = _spread(tensors[name])
            if name in found:
                found[name].join(one)
            else:
                found[name] = one
    return found


def _spread(data: Array) -> Spread:
    flat = np.moveaxis(data, 1, 0).reshape(data.shape[1], -1).astype(np.float64)
    return Spread(flat.min(axis=1), flat.max(axis=1), flat.shape[1], flat.sum(axis=1), np.square(flat).sum(axis=1))


def level(graph: Graph, flow: Flow, spread: Mapping[str, Spread], *, share: float = 0.5, pads: bool = False) -> Graph:
    """Return an equal network (within what calibration saw) with level, centred activations.

    Parameters
    ----------
    flow
        Which tensors share channels.
    share
        How far channels that dense products read are levelled: 0 not at all, 1 wholly at the cost of their weights.
        Channels that only depthwise products read are levelled wholly, rectified ones that dense products read never.
    pads
        Centre what padded products read too, at the cost of a padding operation before each.
    """
    writer = _Writer(graph, flow, spread, pads=pads)
    for group in flow.groups():
        writer.scale(group, share)
    writer.centre()
    return writer.written()


class _Writer:
    def __init__(self, graph: Graph, flow: Flow, spread: Mapping[str, Spread], *, pads: bool) -> None:
        self.graph, self.flow, self.pads = graph, flow, pads
        self.reach = {name: one.reach() for name, one in spread.items()}
        for node in graph.nodes:
            if node.output in flow.rectified:
                self.reach[node.output] = self._rectified(node)
        self.factors: dict[str, Array] = {}
        self.offsets: dict[str, Array] = {}
        self.values = dict(graph.values)

    def scale(self, group: frozenset[str], share: float) -> None:
        """Choose the factors of tensors that share their channels."""
        parts = []
        for name in group & self.flow.stored:
            size = self._half(name)
            if size.max() > 0:
                parts.append(size / size.max())
        if not parts:
            return
        part = np.max(parts, axis=0)
        dense = any(absorbs(node, self.graph) and not self.flow.depthwise(node) for node in self.flow.reading(group))
        if not dense:
            share = 1.0
        elif group & self.flow.rectified:
            share = 0.0  # rare features would be cut off where calibration never saw them: tried, and it does harm
        factor = (1 / np.maximum(part, _LEAST)) ** share
        for name in group:
            self.factors[name] = factor

    def _rectified(self, node: Node) -> tuple[Array, Array]:
        """A rectifier cuts what its input may reach: channels that stayed dark in calibration may light up later."""
        high = np.maximum(self.reach[node.inputs[0]][1], 0)
        bound = clip_limits(node, self.graph.constant)[1]
        return np.zeros(len(high)), np.minimum(high, bound)

    def _half(self, name: str) -> Array:
        low, high = self.reach[name]
        if self._centred(name) and name not in self.flow.rectified:
            return np.asarray((high - low) / 2)
        return np.maximum(np.abs(low), np.abs(high))

    def _centred(self, name: str) -> bool:
        """Whether a tensor may have an offset: all its readers absorb it, and padding stays zero elsewhere."""
        if name not in self.flow.stored or name not in self.flow.members:
            return False
        uniform = name in self.flow.rectified
        for node in self.flow.readers[name]:
            if absorbs(node, self.graph):
                if is_padded(node, self.graph) and not (uniform and self.pads and node.op == "Conv"):
                    return False
            elif node.op != "Add" or node.name not in self.flow.free:
                return False
        return True

    def centre(self) -> None:
        """Choose the offsets, in program order; a sum's free operand takes what is left over."""
        for node in self.graph.nodes:
            if node.output not in self.flow.members:
                continue
            if node.op == "Add":
                self._sum(node)
            elif node.op in RECTIFIERS or not absorbs(node, self.graph):
                before = self.offsets.get(node.inputs[0])
                if before is not None:
                    self.offsets[node.output] = before
            elif self.flow.added_by(node.output) is None:
                self._offset(node.output, self._wanted(self.flow.end(node.output)))

    def _sum(self, node: Node) -> None:
        loose = self.flow.free.get(node.name)
        others = [self.offsets[name] for name in node.inputs if name != loose and name in self.offsets]
        if loose is None:
            if others:
                self._offset(node.output, np.sum(others, axis=0))
            return
        wanted = self._wanted(self.flow.end(node.output))
        self._offset(node.output, wanted)
        self._offset(loose, wanted - np.sum(others, axis=0) if others else wanted)

    def _offset(self, name: str, offset: Array) -> None:
        if np.any(offset):
            self.offsets[name] = offset

    def _wanted(self, name: str) -> Array:
        """The middle of what a tensor holds, in its own units; one number for all channels after a rectifier."""
        if name not in self.reach or not self._centred(name):
            return np.zeros(self.graph.shape(name)[1])
        low, high = self.reach[name]
        factor = self.factors.get(name, np.ones(len(high)))
        if name in self.flow.rectified:
            return np.full(len(factor), float(np.max(factor * high)) / 2)
        return np.asarray(factor * (high + low) / 2)

    def written(self) -> Graph:
        nodes: list[Node] = []
        for node in self.graph.nodes:
            if absorbs(node, self.graph):
                nodes += self._product(node)
            elif node.op in RECTIFIERS and node.output in self.flow.members:
                nodes.append(self._rectifier(node))
            else:
                nodes.append(node)
        found = self.graph
        return Graph(found.name, nodes, self.values, found.inputs, found.outputs, found.opset, dict(found.assumed))

    def _rectifier(self, node: Node) -> Node:
        high, factor = self.reach[node.output][1], self.factors.get(node.output)
        offset = self.offsets.get(node.output)
        if factor is None and offset is None:
            return node
        top = float(np.max((1.0 if factor is None else factor) * high))
        moved = 0.0 if offset is None else float(offset[0])
        low = self._constant(f"{node.output}.low", np.array(-moved, np.float32))
        bound = self._constant(f"{node.output}.high", np.array(top - moved, np.float32))
        return replace(node, op="Clip", inputs=(node.inputs[0], low, bound), attributes={})

    def _product(self, node: Node) -> list[Node]:
        graph, source = self.graph, node.inputs[0]
        weight = np.asarray(graph.constant(node.inputs[1]), np.float64)
        bias = graph.constant(node.inputs[2]) if len(node.inputs) > 2 and node.inputs[2] else None
        turned = node.op == "Gemm" and not node.attributes.get("transB", 0)
        weight = weight.T if turned else weight
        shift = np.zeros(len(weight)) if bias is None else np.broadcast_to(bias.ravel(), len(weight)).astype(np.float64)
        columns = _columns(node, weight)
        factor, offset = self.factors.get(source), self.offsets.get(source)
        lined = [-1, weight.shape[1], *[1] * (weight.ndim - 2)]
        if factor is not None:
            weight = weight / factor[columns].reshape(lined)
        if offset is not None:
            shift = shift + np.sum(weight * offset[columns].reshape(lined), axis=tuple(range(1, weight.ndim)))
        scale, middle = self.factors.get(node.output), self.offsets.get(node.output)
        if scale is not None:
            weight, shift = weight * scale.reshape(-1, *[1] * (weight.ndim - 1)), shift * scale
        if middle is not None:
            shift = shift - middle
        weight = weight.T if turned else weight
        inputs = (
            self._constant(f"{node.output}.weight", weight.astype(np.float32)),
            self._constant(f"{node.output}.bias", shift.astype(np.float32)),
        )
        if offset is not None and is_padded(node, self.graph):
            pad, attributes = self._pad(node, float(-offset[0]))
            return [pad, replace(node, inputs=(pad.output, *inputs), attributes=attributes)]
        return [replace(node, inputs=(source, *inputs))]

    def _pad(self, node: Node, fill: float) -> tuple[Node, dict[str, object]]:
        graph, name = self.graph, f"{node.output}.padded"
        shape = graph.shape(node.inputs[0])
        window = window_of(node.attributes, shape[2:], graph.shape(node.inputs[1])[2:], graph.shape(node.output)[2:])
        edges = np.array([0, 0, *window.begins, 0, 0, *window.ends], np.int64)
        sizes = tuple(n + b + e for n, b, e in zip(shape[2:], window.begins, window.ends, strict=True))
        self.values[name] = Value(name, (*shape[:2], *sizes), graph.values[node.inputs[0]].dtype)
        inputs = (
            node.inputs[0],
            self._constant(f"{name}.edges", edges),
            self._constant(f"{name}.fill", np.array(fill, np.float32)),
        )
        kept = {key: value for key, value in node.attributes.items() if key not in ("auto_pad", "pads")}
        return Node("Pad", f"{node.name}.pad", inputs, (name,)), {**kept, "pads": [0] * (2 * len(sizes))}

    def _constant(self, name: str, data: Array) -> str:
        while name in self.graph.values:
            name += "_"
        self.values[name] = Value(name, tuple(data.shape), str(data.dtype), data)
        return name


def _columns(node: Node, weight: Array) -> Array:
    """Which input channel each column of each row reads, as rows x columns."""
    groups = int(node.attributes.get("group", 1)) if node.op == "Conv" else 1
    inner, share = weight.shape[1], len(weight) // groups
    return np.asarray((np.arange(len(weight)) // share)[:, None] * inner + np.arange(inner)[None])
