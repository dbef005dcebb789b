"""The usual spellings of GELU, SiLU, HardSwish and layer normalisation, found and named.

Each matcher starts at the last node of the pattern and walks up; it takes the pattern only when nothing else reads what
lies inside it.
"""

from collections.abc import Callable, Iterable
from math import isclose, pi, sqrt

import numpy as np

from yunqi.labs.npu.model import Graph, Node

_Match = tuple[str, tuple[str, ...], dict[str, float]]


def fuse_patterns(graph: Graph) -> None:
    """Replace each pattern by one node, in place."""
    for match in (_pair, _nan_guard, _gelu, _tanh_gelu, _layer_norm, _silu):
        _Search(graph).replace(match)


class _Search:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.makers, self.readers = graph.producers(), graph.consumers()
        self.inside: list[Node] = []

    def replace(self, match: "Callable[[_Search, Node], _Match | None]") -> None:
        gone: set[int] = set()
        nodes = []
        for node in reversed(self.graph.nodes):
            if id(node) in gone:
                continue
            self.inside = [node]
            found = match(self, node)
            if found is None or not self._is_closed(found[1]):
                nodes.append(node)
                continue
            gone |= {id(one) for one in self.inside}
            op, inputs, attributes = found
            nodes.append(Node(op, node.name, inputs, node.outputs, dict(attributes)))
        self.graph.nodes = nodes[::-1]

    def _is_closed(self, inputs: tuple[str, ...]) -> bool:
        members = {id(node) for node in self.inside}
        for node in self.inside[1:]:
            for name in node.outputs:
                outside = any(id(reader) not in members for reader in self.readers.get(name, ()))
                if outside or name in self.graph.outputs:
                    return False
        made_inside = {name for node in self.inside for name in node.outputs}
        return all(name in self.graph.values and name not in made_inside for name in inputs)

    def up(self, name: str, *ops: str) -> Node | None:
        """Return the maker of a value when it is one of ``ops``, and count it as inside."""
        node = self.makers.get(name)
        if node is None or node.op not in ops:
            return None
        if node not in self.inside:
            self.inside.append(node)
        return node

    def number(self, name: str) -> float | None:
        data = self.graph.constant(name)
        return float(data.ravel()[0]) if data is not None and data.size == 1 else None

    def scaled(self, node: Node) -> tuple[str, float] | None:
        """Read ``x * c``, ``c * x`` or ``x / c`` as (x, factor)."""
        if node.op == "Div":
            by = self.number(node.inputs[1])
            return (node.inputs[0], 1 / by) if by else None
        for place in (0, 1):
            factor = self.number(node.inputs[1 - place])
            if factor is not None:
                return node.inputs[place], factor
        return None

    def plus(self, node: Node, addend: float) -> str | None:
        """Read ``x + addend`` in either order as x."""
        for place in (0, 1):
            number = self.number(node.inputs[1 - place])
            if number is not None and isclose(number, addend, rel_tol=1e-3, abs_tol=1e-12):
                return node.inputs[place]
        return None


def _pair(search: _Search, node: Node) -> _Match | None:
    """Match QuantizeLinear and DequantizeLinear around a tensor: a network that is quantised already is quantised anew."""
    if node.op != "DequantizeLinear":
        return None
    made = search.up(node.inputs[0], "QuantizeLinear")
    return ("Identity", made.inputs[:1], {}) if made is not None else None


def _nan_guard(search: _Search, node: Node) -> _Match | None:
    """Match ``where(isnan(x), 0, x)``, which exporters put after softmax: quantised values are never NaN."""
    if node.op != "Where" or len(node.inputs) != 3 or search.number(node.inputs[1]) != 0:
        return None
    test = search.up(node.inputs[0], "IsNaN")
    return ("Identity", (node.inputs[2],), {}) if test and test.inputs[0] == node.inputs[2] else None


def _factors(search: _Search, node: Node) -> tuple[list[str], float]:
    """Return the tensors and the constant of a product tree of at most three factors."""
    tensors: list[str] = []
    constant, open_ = 1.0, [node]
    while open_:
        for name in open_.pop().inputs:
            number = search.number(name)
            maker = search.makers.get(name)
            if number is not None:
                constant *= number
            elif maker is not None and maker.op == "Mul" and len(tensors) + len(open_) < 3:
                inner = search.up(name, "Mul")
                assert inner is not None
                open_.append(inner)
            else:
                tensors.append(name)
    return tensors, constant


def _gelu(search: _Search, node: Node) -> _Match | None:
    if node.op != "Mul":
        return None
    tensors, constant = _factors(search, node)
    if not isclose(constant, 0.5, rel_tol=1e-3):
        scaled = [name for name in tensors if (maker := search.makers.get(name)) is not None and maker.op == "Div"]
        if not scaled or not isclose(constant, 1.0):
            return None
    mark = len(search.inside)
    for grown in tensors:
        del search.inside[mark:]
        add = search.up(grown, "Add")
        erf_output = search.plus(add, 1.0) if add else None
        erf = search.up(erf_output, "Erf") if erf_output else None
        inner = search.up(erf.inputs[0], "Div", "Mul") if erf else None
        read = search.scaled(inner) if inner else None
        if read is None or not isclose(read[1], 1 / sqrt(2), rel_tol=1e-3):
            continue
        others = [name for name in tensors if name != grown]
        half = _halved(search, others, constant)
        if half == read[0]:
            return "Gelu", (read[0],), {}
    return None


def _halved(search: _Search, others: list[str], constant: float) -> str | None:
    if len(others) != 1:
        return None
    if isclose(constant, 0.5, rel_tol=1e-3):
        return others[0]
    div = search.up(others[0], "Div")
    read = search.scaled(div) if div else None
    return read[0] if read and isclose(read[1], 0.5, rel_tol=1e-3) else None


def _tanh_gelu(search: _Search, node: Node) -> _Match | None:
    if node.op != "Mul":
        return None
    tensors, constant = _factors(search, node)
    if not isclose(constant, 0.5, rel_tol=1e-3) or len(tensors) != 2:
        return None
    mark = len(search.inside)
    for grown, x in (tensors, tensors[::-1]):
        del search.inside[mark:]
        add = search.up(grown, "Add")
        tanh_output = search.plus(add, 1.0) if add else None
        tanh = search.up(tanh_output, "Tanh") if tanh_output else None
        inner = search.up(tanh.inputs[0], "Mul") if tanh else None
        read = search.scaled(inner) if inner else None
        if read is None or not isclose(read[1], sqrt(2 / pi), rel_tol=1e-3):
            continue
        if _has_cube(search, read[0], x):
            return "Gelu", (x,), {"tanh": 1}
    return None


def _has_cube(search: _Search, name: str, x: str) -> bool:
    total = search.up(name, "Add")
    if total is None or x not in total.inputs:
        return False
    other = total.inputs[0] if total.inputs[1] == x else total.inputs[1]
    product = search.up(other, "Mul")
    if product is None:
        return False
    tensors, constant = _factors(search, product)
    if not isclose(constant, 0.044715, rel_tol=1e-3):
        return False
    if tensors == [x, x, x]:
        return True
    cube = search.up(tensors[0], "Pow") if len(tensors) == 1 else None
    return cube is not None and cube.inputs[0] == x and search.number(cube.inputs[1]) == 3


def _silu(search: _Search, node: Node) -> _Match | None:
    if node.op != "Mul":
        return None
    for x, gate in (node.inputs, node.inputs[::-1]):
        del search.inside[1:]
        sigmoid = search.up(gate, "Sigmoid", "HardSigmoid")
        if sigmoid is not None and sigmoid.inputs[0] == x:
            if sigmoid.op == "Sigmoid":
                return "Silu", (x,), {}
            if isclose(sigmoid.attributes.get("alpha", 0.2), 1 / 6, rel_tol=1e-3):
                return "HardSwish", (x,), {}
    return None


def _layer_norm(search: _Search, node: Node) -> _Match | None:
    """Match ``(x - mean) / sqrt(mean((x - mean)^2) + eps) * scale + bias`` over the last axis."""
    if node.op != "Add":
        return None
    for place in (0, 1):
        del search.inside[1:]
        bias = search.graph.constant(node.inputs[1 - place])
        scaled = search.up(node.inputs[place], "Mul")
        if bias is None or scaled is None:
            continue
        for side in (0, 1):
            scale = search.graph.constant(scaled.inputs[1 - side])
            ratio = search.up(scaled.inputs[side], "Div")
            if scale is None or ratio is None or scale.ndim != 1 or scale.size != bias.size:
                continue
            centred = search.up(ratio.inputs[0], "Sub")
            epsilon = _deviation_of(search, ratio.inputs[1], ratio.inputs[0])
            if centred is None or epsilon is None:
                continue
            mean = search.up(centred.inputs[1], "ReduceMean")
            if mean is not None and mean.inputs[0] == centred.inputs[0] and _is_last_axis(search.graph, mean):
                inputs = (centred.inputs[0], scaled.inputs[1 - side], node.inputs[1 - place])
                return "LayerNormalization", inputs, {"axis": -1, "epsilon": epsilon}
    return None


def _deviation_of(search: _Search, name: str, centred: str) -> float | None:
    """Return epsilon when ``name`` is the standard deviation of ``centred``."""
    root = search.up(name, "Sqrt")
    add = search.up(root.inputs[0], "Add") if root else None
    if add is None:
        return None
    for place in (0, 1):
        epsilon = search.number(add.inputs[1 - place])
        variance = search.up(add.inputs[place], "ReduceMean")
        if epsilon is None or variance is None or not _is_last_axis(search.graph, variance):
            continue
        square = search.up(variance.inputs[0], "Pow", "Mul")
        if square is None or not _same(search, square.inputs[0], centred):
            continue
        if square.op == "Mul" and square.inputs[0] == square.inputs[1]:
            return epsilon
        if square.op == "Pow" and search.number(square.inputs[1]) == 2:
            return epsilon
    return None


def _same(search: _Search, name: str, other: str) -> bool:
    """Whether two values are the same, or the same subtraction written twice (as older exporters do)."""
    if name == other:
        return True
    first, second = search.up(name, "Sub"), search.makers.get(other)
    return first is not None and second is not None and first.op == second.op and first.inputs == second.inputs


def _is_last_axis(graph: Graph, node: Node) -> bool:
    axes = node.attributes.get("axes")
    if axes is None and len(node.inputs) > 1:
        data = graph.constant(node.inputs[1])
        axes = None if data is None else [int(n) for n in np.ravel(data)]
    last = len(graph.shape(node.inputs[0])) - 1
    keep = node.attributes.get("keepdims", 1)
    return _as_list(axes) in ([-1], [last]) and keep == 1


def _as_list(axes: Iterable[int] | None) -> list[int]:
    return [int(axis) for axis in axes] if axes is not None else []
