"""The compiler: layers, segments on chip and host, memory."""

from collections.abc import Collection, Sequence

from yunqi.labs.npu.engine.compile.layers import make_layers
from yunqi.labs.npu.engine.compile.memory import plan_memory
from yunqi.labs.npu.engine.compile.placing import PRODUCTS
from yunqi.labs.npu.model import Chip, Engine, Graph, Layer, NetworkRefused, Program, Segment, Wide, Widths


def compile_network(
    graph: Graph, chip: Chip, *, bits: int = 8, wide: Wide | Collection[str] = (), chips: int = 1
) -> Program:
    """Compile a fused graph for a chip.

    Parameters
    ----------
    bits
        8 or 16.
    wide
        Products with operands of 16 bits all the same; plain names widen both operands.
    chips
        How many chips a network that does not fit one may be spread over.

    Raises
    ------
    DoesNotFit
        When it does not fit that many chips; the message names the nearest plan that does.
    NetworkRefused
        When a name in ``wide`` is no product of the network.
    """
    widths = _widths(graph, bits, wide if isinstance(wide, Wide) else Wide(frozenset(wide), frozenset(wide)))
    layers, refusals = make_layers(graph, widths)
    memory = plan_memory(graph, layers, widths=widths, capacity=chip.sram_bytes, chips=chips)
    return Program(
        network=graph.name,
        widths=widths,
        batch=graph.batch,
        layers=tuple(layers),
        segments=tuple(_segments(graph, layers, widths)),
        refusals=tuple(refusals),
        memory=memory,
        inputs=graph.inputs,
        outputs=graph.outputs,
        assumed=tuple(sorted(graph.assumed.items())),
    )


def _widths(graph: Graph, bits: int, wide: Wide) -> Widths:
    products = {node.name: node for node in graph.nodes if node.op in PRODUCTS}
    for name in sorted(wide.names):
        if name not in products:
            raise NetworkRefused(f"{name!r} is no product of the network, so it has no operands to widen.", "wide")
    if not wide.names or bits == 16:
        return Widths(bits)
    sides = (wide.inputs, wide.weights)
    narrow = {node.inputs[k] for node in products.values() for k in (0, 1) if node.name not in sides[k]}
    narrow -= {products[name].inputs[k] for k in (0, 1) for name in sides[k]}
    made = {name for node in graph.nodes for name in node.outputs if name} | set(graph.inputs)
    return Widths(bits, wide, frozenset(made - narrow))


def _segments(graph: Graph, layers: Sequence[Layer], widths: Widths) -> list[Segment]:
    runs: list[list[Layer]] = []
    for layer in layers:
        if runs and (runs[-1][0].engine is Engine.HOST) == (layer.engine is Engine.HOST):
            runs[-1].append(layer)
        else:
            runs.append([layer])
    reads: dict[str, set[int]] = {}
    for place, run in enumerate(runs):
        for layer in run:
            for name in layer.inputs:
                reads.setdefault(name, set()).add(place)
    return [_segment(graph, run, place, reads, widths) for place, run in enumerate(runs)]


def _segment(graph: Graph, run: Sequence[Layer], place: int, reads: dict[str, set[int]], widths: Widths) -> Segment:
    made = {name for layer in run for name in (layer.output, *layer.main.outputs) if name}
    inputs = tuple(dict.fromkeys(name for layer in run for name in layer.inputs if name not in made))
    outputs = tuple(
        name
        for name in dict.fromkeys(layer.output for layer in run)
        if name in graph.outputs or reads.get(name, set()) - {place}
    )
    on_host = run[0].engine is Engine.HOST
    return Segment(
        place="host" if on_host else "chip",
        layers=tuple(layer.name for layer in run),
        inputs=inputs,
        outputs=outputs,
        input_bytes=sum(graph.values[name].elements * widths.of_value(name) // 8 for name in inputs),
        output_bytes=sum(graph.values[name].elements * widths.of_value(name) // 8 for name in outputs),
        macs=sum(layer.work.macs for layer in run),
    )
