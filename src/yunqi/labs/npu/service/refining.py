"""The recipe that keeps most of a network at 8 bits: level, centre, calibrate, then choose integers by their effect."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from yunqi.labs.npu.engine.compile import compile_network
from yunqi.labs.npu.model import Chip, Graph, Program, QuantisedGraph, Recipe
from yunqi.labs.npu.service.quantising import Feeds, Progress, ranges_of, refused_by_onnxruntime

if TYPE_CHECKING:
    from yunqi.labs.npu.engine.quantise import Range

VENDOR = Recipe()
BEST = Recipe(level=True, compensate=True)
"""What is chosen by ``--recipe best``; decided on photographs that no test uses (docs/decisions/0023)."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A network as a recipe rewrote it, before integers are chosen: what programs of any widths are quantised from."""

    graph: Graph
    ranges: "Mapping[str, Range]"
    recipe: Recipe
    feeds: Feeds

    def quantised(self, program: Program, *, progress: Progress | None = None) -> QuantisedGraph:
        """Return the integers of a program of the graph; the graph itself stays as it is."""
        from yunqi.labs.npu.engine.quantise import compensate, quantise

        def seen(done: int, of: int) -> None:
            if progress is not None:
                progress(done, of, "rounding layers")

        own = self.graph.copy()
        found = quantise(own, program, self.ranges, self.recipe)
        found.images = len(self.feeds)
        if self.recipe.compensate:
            compensate(program, found, self.feeds, seen=seen)
        return found


def rewrite(
    graph: Graph, program: Program, feeds: Feeds, recipe: Recipe, *, progress: Progress | None = None
) -> Rewritten:
    """Rewrite a network by a recipe and look at its activations."""
    from yunqi.labs.npu.engine.quantise import equalise, with_biases

    if recipe.equalise:
        graph, _ = equalise(graph)
    if recipe.level:
        graph = _levelled(graph, program, feeds)
    if recipe.compensate:
        graph = with_biases(graph)
    return Rewritten(graph, ranges_of(graph, feeds, recipe, progress), recipe, feeds)


def refine_network(
    graph: Graph, program: Program, chip: Chip, feeds: Feeds, recipe: Recipe, *, progress: Progress | None
) -> tuple[Graph, Program, QuantisedGraph]:
    """Rewrite, compile, calibrate and round a network by the recipe.

    Returns
    -------
    tuple
        The rewritten graph, its program with the widths of ``program``, and its integers.
    """
    found = rewrite(graph, program, feeds, recipe, progress=progress)
    widths, chips = program.widths, program.memory.chips
    program = compile_network(found.graph, chip, bits=widths.bits, wide=widths.wide, chips=chips)
    quantised = found.quantised(program, progress=progress)
    return quantised.graph, program, quantised


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
