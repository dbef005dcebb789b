"""The recipe that keeps most of a network at 8 bits: level, centre, calibrate, then choose integers by their effect."""

from yunqi.labs.npu.engine.compile import compile_network
from yunqi.labs.npu.model import Chip, Graph, Program, QuantisedGraph, Recipe
from yunqi.labs.npu.service.quantising import Feeds, Progress, quantise_network, refused_by_onnxruntime

VENDOR = Recipe()
BEST = Recipe(level=True, compensate=True)
"""What is chosen by ``--recipe best``; decided on photographs that no test uses (docs/decisions/0023)."""


def refine_network(
    graph: Graph, program: Program, chip: Chip, feeds: Feeds, recipe: Recipe, *, progress: Progress | None
) -> tuple[Graph, Program, QuantisedGraph]:
    """Rewrite, compile, calibrate and round a network by the recipe.

    Returns
    -------
    tuple
        The rewritten graph, its program with the widths of ``program``, and its integers.
    """
    from yunqi.labs.npu.engine.quantise import compensate, with_biases

    def seen(done: int, of: int) -> None:
        if progress is not None:
            progress(done, of, "rounding layers")

    if recipe.level:
        graph = _levelled(graph, program, feeds)
    if recipe.compensate:
        graph = with_biases(graph)
    widths, chips = program.widths, program.memory.chips
    program = compile_network(graph, chip, bits=widths.bits, wide=widths.wide, chips=chips)
    quantised = quantise_network(graph, program, feeds, recipe, progress=progress)
    if recipe.compensate:
        compensate(program, quantised, feeds, seen=seen)
    return graph, program, quantised


def _levelled(graph: Graph, program: Program, feeds: Feeds) -> Graph:
    from yunqi.labs.npu.engine.quantise import Flow, float_session, level, spreads

    flow = Flow(graph, program)
    names = sorted(flow.members)
    if not names:
        return graph
    with refused_by_onnxruntime():
        session = float_session(graph, tuple(names))
        seen = (dict(zip(names, session.run(names, feed), strict=True)) for feed in feeds)
        return level(graph, flow, spreads(names, seen))
