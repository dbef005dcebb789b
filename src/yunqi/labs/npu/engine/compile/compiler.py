"""The compiler: layers, segments on chip and host, memory."""

from collections.abc import Sequence

from yunqi.labs.npu.engine.compile.layers import make_layers
from yunqi.labs.npu.engine.compile.memory import plan_memory
from yunqi.labs.npu.model import Chip, Engine, Graph, Layer, Program, Segment


def compile_network(graph: Graph, chip: Chip, *, bits: int = 8, chips: int = 1) -> Program:
    """Compile a fused graph for a chip.

    Parameters
    ----------
    bits
        8 or 16.
    chips
        How many chips a network that does not fit one may be spread over.

    Raises
    ------
    DoesNotFit
        When it does not fit that many chips; the message names the nearest plan that does.
    """
    layers, refusals = make_layers(graph, bits=bits)
    memory = plan_memory(graph, layers, bits=bits, capacity=chip.sram_bytes, chips=chips)
    return Program(
        network=graph.name,
        bits=bits,
        batch=graph.batch,
        layers=tuple(layers),
        segments=tuple(_segments(graph, layers, bits // 8)),
        refusals=tuple(refusals),
        memory=memory,
        inputs=graph.inputs,
        outputs=graph.outputs,
        assumed=tuple(sorted(graph.assumed.items())),
    )


def _segments(graph: Graph, layers: Sequence[Layer], size: int) -> list[Segment]:
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
    return [_segment(graph, run, place, reads, size) for place, run in enumerate(runs)]


def _segment(graph: Graph, run: Sequence[Layer], place: int, reads: dict[str, set[int]], size: int) -> Segment:
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
        input_bytes=sum(graph.values[name].elements for name in inputs) * size,
        output_bytes=sum(graph.values[name].elements for name in outputs) * size,
        macs=sum(layer.work.macs for layer in run),
    )
