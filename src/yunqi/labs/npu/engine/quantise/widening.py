"""Mixed width: the fewest products at 16 bits whose outputs stay within a wanted distance of floating point.

Each product alone is narrowed to 8 bits in a network of 16, and the error of the outputs is noted. Products are then
widened in the order of the error they take away for each cycle they cost, and the shortest such list that reaches the
wanted error is found by bisection, with all other products at 8 bits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from yunqi.labs.npu.engine.compile import compile_network
from yunqi.labs.npu.engine.integer import Executor
from yunqi.labs.npu.engine.quantise.calibrating import Range, float_outputs
from yunqi.labs.npu.engine.quantise.recipe import quantise
from yunqi.labs.npu.engine.timing.cost import product_cycles
from yunqi.labs.npu.model import Array, Chip, Graph, Recipe

Seen = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Widening:
    """Which products take 16 bits, and what that buys.

    Parameters
    ----------
    wide
        Names of products, the most useful first.
    products
        How many the network has.
    error, narrow_error
        Root mean square error of the outputs over that of the outputs themselves, with ``wide`` and with 8 bits alone.
    """

    wide: tuple[str, ...]
    products: int
    error: float
    narrow_error: float


def widen(
    graph: Graph,
    chip: Chip,
    ranges: Mapping[str, Range],
    feeds: Sequence[Mapping[str, Array]],
    recipe: Recipe,
    *,
    tolerance: float,
    seen: Seen = lambda done, of: None,
) -> Widening:
    """Return the products that need 16 bits.

    Parameters
    ----------
    feeds
        Inputs to judge by: what calibration saw, never what quality is measured on.
    tolerance
        Wanted error, as in `Widening`. When not even 16 bits everywhere reach it, all products are widened.
    seen
        Called with the judged variants and how many there will be at most.
    """
    plain = compile_network(graph, chip, chips=64)
    products = [layer for layer in plain.chip_layers if layer.work.macs and layer.weight_bytes]
    names = [layer.name for layer in products]
    wanted = float_outputs(graph, feeds)
    steps = len(names) + 2 + len(names).bit_length()
    done = 0

    def error(wide: Sequence[str]) -> float:
        nonlocal done
        program = compile_network(graph, chip, wide=wide, chips=64)
        executor = Executor(program, quantise(graph, program, ranges, recipe))
        found = _distance(wanted, [executor.run(feed) for feed in feeds])
        done += 1
        seen(done, steps)
        return found

    narrow = error(())
    if narrow <= tolerance:
        return Widening((), len(names), narrow, narrow)
    lost = {name: error([other for other in names if other != name]) ** 2 for name in names}
    dear = {layer.name: product_cycles(layer.work, chip, bits=16, rows=layer.rows) for layer in products}
    order = sorted(names, key=lambda name: -lost[name] / max(1, dear[name]))
    low, high, reached = 0, len(order), float("nan")
    while high - low > 1:
        middle = (low + high) // 2
        now = error(order[:middle])
        low, high, reached = (low, middle, now) if now <= tolerance else (middle, high, reached)
    if np.isnan(reached):
        reached = error(order[:high])
    return Widening(tuple(order[:high]), len(names), reached, narrow)


def _distance(wanted: Sequence[Mapping[str, Array]], found: Sequence[Mapping[str, Array]]) -> float:
    power = away = 0.0
    for real, got in zip(wanted, found, strict=True):
        for name, data in real.items():
            power += float(np.sum(np.square(data, dtype=np.float64)))
            away += float(np.sum(np.square(data.astype(np.float64) - got[name])))
    return float(np.sqrt(away / power)) if power else float(np.sqrt(away))
