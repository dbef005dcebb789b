"""Graph nodes to fused layers: each product takes the element-wise operations after it into its two stages."""

from collections.abc import Iterable
from heapq import heappop, heappush

from yunqi.labs.npu.engine.compile.placing import BINARY, PRODUCTS, TABLES, place
from yunqi.labs.npu.engine.compile.work import halo_bytes, work_of
from yunqi.labs.npu.model import Engine, Graph, Layer, Node, Refusal, Widths

_STAGES = 2  # EW1 and EW2, each one operation of two operands; tables ride along


class _Open:
    """A layer being built."""

    def __init__(self, main: Node, engine: Engine) -> None:
        self.main, self.engine = main, engine
        self.stages: list[Node] = []
        self.binaries = 0

    @property
    def output(self) -> str:
        return self.stages[-1].output if self.stages else self.main.output


def make_layers(graph: Graph, widths: Widths) -> tuple[list[Layer], list[Refusal]]:
    """Return the layers in program order, and what stays on the host and why."""
    readers = graph.consumers()
    opened: list[_Open] = []
    by_output: dict[str, _Open] = {}
    refusals = []
    for node in graph.nodes:
        engine, refusal = place(graph, node)
        if refusal is not None:
            refusals.append(refusal)
        target = _fusible(graph, node, engine, by_output, readers)
        if target is not None:
            del by_output[target.output]
            target.stages.append(node)
            target.binaries += node.op in BINARY
            opened.remove(target)  # its second operand may be younger than it
            opened.append(target)
            by_output[target.output] = target
            continue
        layer = _Open(node, engine)
        opened.append(layer)
        if engine is Engine.TENSOR and node.op in PRODUCTS:
            by_output[layer.output] = layer
    return _grouped([_closed(graph, layer, widths) for layer in opened]), refusals


def _grouped(layers: list[Layer]) -> list[Layer]:
    """Order layers so that host and chip change places seldom: stay where we are while anything there is ready."""
    makers = {name: index for index, layer in enumerate(layers) for name in (layer.output, *layer.main.outputs) if name}
    waits = [len({makers[name] for name in layer.inputs if name in makers}) for layer in layers]
    readers: dict[int, set[int]] = {}
    for index, layer in enumerate(layers):
        for name in layer.inputs:
            if name in makers:
                readers.setdefault(makers[name], set()).add(index)
    ready: dict[bool, list[int]] = {True: [], False: []}
    for index, count in enumerate(waits):
        if not count:
            heappush(ready[layers[index].engine is Engine.HOST], index)
    order: list[Layer] = []
    here = bool(ready[True])
    while ready[True] or ready[False]:
        here = here if ready[here] else not here
        index = heappop(ready[here])
        order.append(layers[index])
        for reader in readers.get(index, ()):
            waits[reader] -= 1
            if not waits[reader]:
                heappush(ready[layers[reader].engine is Engine.HOST], reader)
    return order


def _fusible(
    graph: Graph, node: Node, engine: Engine, by_output: dict[str, _Open], readers: dict[str, list[Node]]
) -> _Open | None:
    if engine is not Engine.TENSOR or node.op not in TABLES | BINARY:
        return None
    candidates = [by_output[name] for name in node.inputs if name in by_output]
    candidates = [one for one in candidates if len(readers[one.output]) == 1 and one.output not in graph.outputs]
    candidates = [one for one in candidates if graph.shape(one.output) == graph.shape(node.output)]
    if not candidates:
        return None
    target = candidates[-1]
    if node.op in BINARY and (target.binaries >= _STAGES or len(node.inputs) > 2):
        return None
    return target


def _closed(graph: Graph, opened: _Open, widths: Widths) -> Layer:
    bits, weight_bits = _operands(opened.main, widths)

    def size(name: str) -> int:
        return graph.values[name].elements * widths.of_value(name) // 8

    first = opened.main.inputs[0] if opened.main.inputs else ""
    unit = (widths.of_value(first) if first else bits) // 8
    nodes = [opened.main, *opened.stages]
    made = {node.output for node in nodes}
    reads = [name for node in nodes for name in node.inputs if name and name not in made]
    inputs = tuple(dict.fromkeys(name for name in reads if graph.constant(name) is None))
    constants = dict.fromkeys(name for name in reads if graph.constant(name) is not None)
    outputs = [name for name in opened.main.outputs if name] if not opened.stages else [opened.output]
    shape = graph.shape(opened.output)
    return Layer(
        name=opened.main.name,
        engine=opened.engine,
        main=opened.main,
        stages=tuple(opened.stages),
        inputs=inputs,
        output=opened.output,
        work=work_of(graph, opened.main, opened.engine, unit),
        weight_bytes=_constant_bytes(graph, constants, weight_bits) if opened.engine is not Engine.HOST else 0,
        main_bytes=size(first) if first else 0,
        input_bytes=sum(map(size, inputs)),
        output_bytes=sum(map(size, outputs)),
        bits=bits,
        weight_bits=weight_bits,
        output_elements=sum(graph.values[name].elements for name in outputs),
        rows=shape[2] if len(shape) == 4 else (shape[-2] if len(shape) > 1 else 1),
        halo_bytes=halo_bytes(graph, opened.main, unit),
    )


def _operands(node: Node, widths: Widths) -> tuple[int, int]:
    """Widths of a product's operands; an activation that a wide product reads too is wide here as well."""
    if node.op not in PRODUCTS:
        return widths.bits, widths.bits
    first = 16 if node.name in widths.wide.inputs else widths.of_value(node.inputs[0])
    return first, max(widths.of_weights(node.name), widths.of_value(node.inputs[1]))


def _constant_bytes(graph: Graph, names: Iterable[str], bits: int) -> int:
    return sum(_stored(graph, name, bits) for name in names)


def _stored(graph: Graph, name: str, bits: int) -> int:
    """Bytes of a constant on the chip: weights quantised, biases of 32 bits, indices not at all."""
    value = graph.values[name]
    if not value.is_float:
        return 0
    return value.elements * (bits // 8 if len(value.shape) > 1 else 4)
