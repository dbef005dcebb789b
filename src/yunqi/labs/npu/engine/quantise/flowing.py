"""Which tensors share their channels, so that factors and offsets of channels can pass between products."""

from collections.abc import Collection, Iterator

from yunqi.labs.npu.model import Graph, Node, Program

RECTIFIERS = ("Relu", "Clip")
_PASSING = (*RECTIFIERS, "Add", "MaxPool", "AveragePool", "GlobalAveragePool", "Flatten")


def absorbs(node: Node, graph: Graph) -> bool:
    """Whether a node is a product with constant weights that takes factors and offsets in."""
    if node.op not in ("Conv", "Gemm") or node.domain or graph.constant(node.inputs[1]) is None:
        return False
    if len(node.inputs) > 2 and node.inputs[2]:
        bias = graph.constant(node.inputs[2])
        if bias is None or bias.size not in (1, graph.shape(node.output)[1]):
            return False
    if node.op == "Gemm":
        plain = float(node.attributes.get("alpha", 1.0)) == 1.0 and float(node.attributes.get("beta", 1.0)) == 1.0
        return plain and not node.attributes.get("transA", 0) and graph.constant(node.inputs[0]) is None
    return len(graph.shape(node.inputs[0])) == 4


def is_padded(node: Node, graph: Graph) -> bool:
    """Whether a convolution reads zeros around its input."""
    if node.op != "Conv":
        return False
    if node.attributes.get("auto_pad", "NOTSET") in ("SAME_UPPER", "SAME_LOWER"):
        return any(size > 1 for size in graph.shape(node.inputs[1])[2:])
    return any(node.attributes.get("pads") or ())


class Flow:
    """The tensors of a network that lie between products and what passes channels on.

    Attributes
    ----------
    members
        Tensors that may have factors: made and read by nothing but products and what passes channels.
    stored
        Of all tensors, those that the chip stores in the width of a product's operands.
    rectified
        Members that a rectifier made, whose lowest element is zero.
    free
        For each sum with an operand that a product makes for it alone: that operand, by the sum's name.
    """

    def __init__(self, graph: Graph, program: Program) -> None:
        self.graph = graph
        self.readers = graph.consumers()
        self.makers = graph.producers()
        self._parents: dict[str, str] = {}
        for node in graph.nodes:
            if self._passes(node):
                for name in node.inputs[: 2 if node.op == "Add" else 1]:
                    self._join(name, node.output)
        self.members = self._members()
        self.stored = {layer.output for layer in program.layers} | {
            name for layer in program.layers for name in layer.inputs
        }
        self.rectified = {node.output for node in graph.nodes if node.op in RECTIFIERS and node.output in self.members}
        self.free = self._free()

    def groups(self) -> Iterator[frozenset[str]]:
        """Yield the sets of members that share their channels."""
        found: dict[str, set[str]] = {}
        for name in self.members:
            found.setdefault(self._root(name), set()).add(name)
        for names in found.values():
            yield frozenset(names)

    def reading(self, names: Collection[str]) -> list[Node]:
        """Return the nodes that read any of the tensors."""
        return [node for name in names for node in self.readers.get(name, ())]

    def depthwise(self, node: Node) -> bool:
        """Whether each channel of a convolution reads one channel alone."""
        return (
            node.op == "Conv" and self.graph.shape(node.inputs[1])[1] == 1 and int(node.attributes.get("group", 1)) > 1
        )

    def end(self, name: str) -> str:
        """Return the tensor that is stored: past the rectifier that alone reads it."""
        readers = self.readers.get(name, [])
        if len(readers) == 1 and readers[0].op in RECTIFIERS and name not in self.graph.outputs:
            return readers[0].output
        return name

    def added_by(self, name: str) -> Node | None:
        """Return the sum whose free operand a tensor is."""
        return next((node for node in self.readers.get(name, ()) if self.free.get(node.name) == name), None)

    def _passes(self, node: Node) -> bool:
        graph = self.graph
        if node.op not in _PASSING or node.domain or len([name for name in node.outputs if name]) != 1:
            return False
        if node.op == "Add":
            same = all(graph.shape(name) == graph.shape(node.output) for name in node.inputs)
            return same and all(graph.constant(name) is None for name in node.inputs)
        if node.op == "Clip" and self._low(node) != 0:
            return False
        if node.op == "AveragePool" and node.attributes.get("count_include_pad", 0):
            return False
        if node.op == "Flatten":
            shape = graph.shape(node.inputs[0])
            return int(node.attributes.get("axis", 1)) == 1 and all(size == 1 for size in shape[2:])
        return len(graph.shape(node.output)) in (2, 4)

    def _low(self, node: Node) -> float:
        if len(node.inputs) > 1 and node.inputs[1]:
            low = self.graph.constant(node.inputs[1])
            return float(low.ravel()[0]) if low is not None and low.size else float("nan")
        return float(node.attributes.get("min", float("nan")))

    def _members(self) -> set[str]:
        graph = self.graph
        blocked = set()
        for name, value in graph.values.items():
            if value.data is not None:
                continue
            maker = self.makers.get(name)
            fine = maker is not None and name not in graph.outputs and value.is_float and len(value.shape) in (2, 4)
            touching = [*self.readers.get(name, ()), *([maker] if maker else [])]
            for node in touching if fine else ():
                main = absorbs(node, graph) and name not in node.inputs[1:]
                fine = fine and (main or self._passes(node))
            if not fine:
                blocked.add(self._root(name))
        live = {name for name, value in graph.values.items() if value.data is None}
        members = {name for name in live if self._root(name) not in blocked}
        sizes: dict[str, set[int]] = {}
        for name in members:
            sizes.setdefault(self._root(name), set()).add(graph.shape(name)[1])
        return {name for name in members if len(sizes[self._root(name)]) == 1}

    def _free(self) -> dict[str, str]:
        found = {}
        for node in self.graph.nodes:
            if node.op == "Add" and node.output in self.members:
                for name in node.inputs[::-1]:
                    maker = self.makers.get(name)
                    if maker is not None and absorbs(maker, self.graph) and len(self.readers[name]) == 1:
                        found[node.name] = name
                        break
        return found

    def _root(self, name: str) -> str:
        while self._parents.get(name, name) != name:
            name = self._parents[name]
        return name

    def _join(self, first: str, second: str) -> None:
        self._parents[self._root(first)] = self._root(second)
