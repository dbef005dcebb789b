"""Mixed width: which operands of which products get 16 bits, cheapest first for what they take away.

A product's input and its weights are wide apart from each other, since each doubles its passes over the array. In a network
of 16 bits, one operand of one product at a time is narrowed to 8, and the error of the outputs is noted. What two operands
lose adds up nearly, so widening is a knapsack of up to three sizes a product; steps along the convex hull of each product,
in the order of error taken away for each cycle, are its greedy solution (Sinha and Zoltners 1979): a path of ever wider
networks, on which the first that is near enough is looked for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from yunqi.labs.npu.engine.compile import compile_network
from yunqi.labs.npu.engine.quantise.calibrating import Range, quiet_session
from yunqi.labs.npu.engine.quantise.compensating import is_product
from yunqi.labs.npu.engine.quantise.judging import Judged, judged
from yunqi.labs.npu.engine.quantise.qdq import to_qdq
from yunqi.labs.npu.engine.quantise.recipe import quantise
from yunqi.labs.npu.engine.timing import pace_of
from yunqi.labs.npu.model import Array, Chip, Graph, NotSupported, Program, QuantisedGraph, Recipe, Wide

Seen = Callable[[int, int], None]
Outputs = list[dict[str, Array]]
MOST_CHIPS = 64
_INPUT, _WEIGHTS = "input", "weights"


@dataclass(frozen=True, slots=True)
class Step:
    """One widening on the path.

    Parameters
    ----------
    operands
        ``("input",)``, ``("weights",)`` or both.
    lost
        Squared relative error of the outputs that it takes away.
    cycles
        What it adds to one image on one core.
    """

    product: str
    operands: tuple[str, ...]
    lost: float
    cycles: int

    @property
    def worth(self) -> float:
        """Error taken away for each cycle."""
        return self.lost / max(1, self.cycles)


def wide_of(steps: Sequence[Step]) -> Wide:
    """Return what is wide after some steps."""
    inputs = (step.product for step in steps if _INPUT in step.operands)
    return Wide(frozenset(inputs), frozenset(step.product for step in steps if _WEIGHTS in step.operands))


class Mixed:
    """Networks of one graph at any widths, with integers chosen once, judged through onnxruntime.

    Parameters
    ----------
    graph
        As the recipe rewrote it, before integers were chosen.
    narrow
        Its integers at 8 bits.
    """

    def __init__(
        self, graph: Graph, chip: Chip, ranges: Mapping[str, Range], recipe: Recipe, narrow: QuantisedGraph
    ) -> None:
        self.graph, self.chip, self.ranges, self.recipe, self.narrow = graph, chip, ranges, recipe, narrow
        plain = compile_network(graph, chip, chips=MOST_CHIPS)
        self.products = tuple(layer.name for layer in plain.chip_layers if layer.work.macs and layer.weight_bytes)
        self.cycles = pace_of(plain, chip).batch_cycles
        if not self.products:
            raise NotSupported(f"{graph.name!r} has no product with constant weights whose width could be chosen.")

    @property
    def all(self) -> Wide:
        """Every operand wide."""
        return Wide(frozenset(self.products), frozenset(self.products))

    def compiled(self, wide: Wide) -> Program:
        """Return the program at some widths."""
        return compile_network(self.graph, self.chip, wide=wide, chips=MOST_CHIPS)

    def quantised(self, program: Program) -> QuantisedGraph:
        """Return the integers at a program's widths: those of 8 bits are the narrow network's."""
        own = self.graph.copy()
        found = quantise(own, program, self.ranges, self.recipe)
        for node in own.nodes:
            held = found.weights.get(node.inputs[1]) if len(node.inputs) > 1 else None
            if held is not None and held[1].bits == 8:
                found.weights[node.inputs[1]] = self.narrow.weights[node.inputs[1]]
                if is_product(node, own) and len(node.inputs) > 2 and node.inputs[2]:
                    own.values[node.inputs[2]] = self.narrow.graph.values[node.inputs[2]]
        return found

    def outputs(self, wide: Wide, feeds: Sequence[Mapping[str, Array]]) -> Outputs:
        """Return the outputs at some widths, what is wide in floating point."""
        program = self.compiled(wide)
        return quick_outputs(program, self.quantised(program), feeds)

    def steps(self, feeds: Sequence[Mapping[str, Array]], real: Outputs, *, seen: Seen) -> list[Step]:
        """Return the path of widenings, judged on some inputs that floating point gives ``real`` for."""
        done, of = 0, 2 * len(self.products) + 1

        def lost(wide: Wide) -> float:
            nonlocal done
            found = self.judge(wide, feeds, real).error ** 2
            done += 1
            seen(done, of)
            return found

        floor, every = lost(self.all), self.all
        path: list[Step] = []
        for name in self.products:
            only = frozenset({name})
            losses = {
                _INPUT: max(0.0, lost(Wide(every.inputs - only, every.weights)) - floor),
                _WEIGHTS: max(0.0, lost(Wide(every.inputs, every.weights - only)) - floor),
            }
            widened = {_INPUT: Wide(only, frozenset()), _WEIGHTS: Wide(frozenset(), only)}
            cycles = {side: self._added(wide) for side, wide in widened.items()}
            path += _hull(name, losses, cycles, self._added(Wide(only, only)))
        return sorted(path, key=lambda step: -step.worth)

    def judge(self, wide: Wide, feeds: Sequence[Mapping[str, Array]], real: Outputs, *, scores: bool = False) -> Judged:
        """Judge the network at some widths."""
        return judged(real, self.outputs(wide, feeds), first=self.graph.outputs[0], classifies=scores)

    def _added(self, wide: Wide) -> int:
        return pace_of(self.compiled(wide), self.chip).batch_cycles - self.cycles


def _hull(name: str, losses: Mapping[str, float], cycles: Mapping[str, int], both: int) -> list[Step]:
    """Steps of one product: the better operand first, then the other, or both at once where the second is worth more."""
    first = max(losses, key=lambda side: losses[side] / max(1, cycles[side]))
    second = _WEIGHTS if first == _INPUT else _INPUT
    steps = [
        Step(name, (first,), losses[first], cycles[first]),
        Step(name, (second,), losses[second], both - cycles[first]),
    ]
    if steps[1].worth > steps[0].worth:
        return [Step(name, (_INPUT, _WEIGHTS), sum(losses.values()), both)]
    return steps


def shortest(steps: Sequence[Step], near: Callable[[Wide], bool], *, least: int = 0) -> int:
    """Return the shortest beginning of the path, of ``least`` steps or more, that is near enough, by bisection.

    All of it when none is.
    """
    low, high = least - 1, len(steps)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if near(wide_of(steps[:middle])) else (middle, high)
    return high


def quick_outputs(program: Program, quantised: QuantisedGraph, feeds: Sequence[Mapping[str, Array]]) -> Outputs:
    """Return the real outputs of integers through onnxruntime, which computes what is wide in floating point."""
    graph = quantised.graph
    names = [name for name in graph.outputs if graph.values[name].is_float]
    session = quiet_session(to_qdq(program, quantised).SerializeToString())
    return [dict(zip(names, session.run(names, dict(feed)), strict=True)) for feed in feeds]
