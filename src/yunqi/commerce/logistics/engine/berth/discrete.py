"""Discrete berth plans: two annealings and a bound, side by side until the time ends or the gap is closed."""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.berth import anneal as sa
from yunqi.commerce.logistics.engine.berth import bound as dual
from yunqi.commerce.logistics.model.berth import BerthPlan, BerthProblem, Visit

Ints = npt.NDArray[np.int64]
Elapsed = Callable[[], float]
"""Returns which share of the budget is used; 1 or more ends the search."""


@dataclass(slots=True)
class _Shared:
    """What the searches tell each other."""

    cost: int
    bound: float = 0.0
    queues: list[list[int]] = field(default_factory=list)

    def is_closed(self) -> bool:
        return self.cost <= math.ceil(self.bound - 1e-6)


def solve(
    problem: BerthProblem,
    *,
    elapsed: Elapsed,
    seed: int = 1,
    workers: int = 2,
    on_step: Callable[[int, int], None] = lambda c, b: None,
) -> BerthPlan:
    """Plan the visits and prove how good the plan is.

    Parameters
    ----------
    elapsed
        Tells which share of the budget is used.
    on_step
        Told the cost and the bound from time to time.
    """
    arrays = _arrays(problem)
    arrival = arrays[0]
    order = np.argsort(arrival, kind="stable")
    queues, sizes = sa.greedy(arrival, arrays[2], arrays[4], order)
    costs = np.array([sa.berth_cost(queues[b], sizes[b], b, *arrays) for b in range(len(sizes))], np.int64)
    shared = _Shared(int(costs.sum()), queues=_lists(queues, sizes))

    def watched() -> float:
        on_step(shared.cost, math.ceil(shared.bound - 1e-6))
        return elapsed()

    with ThreadPoolExecutor(workers) as pool:
        works = [pool.submit(_prove, shared, arrays, elapsed)]
        works += [
            pool.submit(_search, shared, arrays, queues.copy(), sizes.copy(), costs.copy(), watched, seed + worker)
            for worker in range(max(1, workers - 1))
        ]
        for work in works:
            work.result()
    return _plan(problem, shared)


def _arrays(problem: BerthProblem) -> tuple[Ints, ...]:
    handling = np.array(
        [
            [
                time if time is not None and problem.may(vessel, berth) else sa.FORBIDDEN
                for berth, time in enumerate(row)
            ]
            for vessel, row in enumerate(problem.handling)
        ],
        np.int64,
    )
    arrival, latest, opening, closing, weight = (
        np.array(values, np.int64)
        for values in (problem.arrival, problem.latest, problem.opening, problem.closing, problem.weight)
    )
    return arrival, latest, opening, closing, handling, weight


def _lists(queues: Ints, sizes: Ints) -> list[list[int]]:
    return [[int(v) for v in queue[:size]] for queue, size in zip(queues, sizes, strict=True)]


CHUNK = 50_000
"""Moves between two looks at the clock."""


def _search(
    shared: _Shared, arrays: tuple[Ints, ...], queues: Ints, sizes: Ints, costs: Ints, elapsed: Elapsed, seed: int
) -> None:
    """Anneal once over the whole budget, then cold again from the best."""
    best_queues, best_sizes, best = queues.copy(), sizes.copy(), int(costs.sum())
    hot, cold = max(2.0, 0.25 * float(costs.sum()) / queues.shape[1]), 0.15
    used, calls = elapsed(), 0
    while used < 1.0 and not shared.is_closed():
        calls += 1
        now = hot * (cold / hot) ** min(1.0, used / 0.95)
        best = sa.anneal(
            queues,
            sizes,
            costs,
            best_queues,
            best_sizes,
            best,
            *arrays,
            now,
            CHUNK,
            seed * 100_003 + calls,
        )
        if best < shared.cost:
            shared.cost, shared.queues = best, _lists(best_queues, best_sizes)
        used = elapsed()


def _prove(shared: _Shared, arrays: tuple[Ints, ...], elapsed: Elapsed) -> None:
    """Raise the bound until the time ends, the gap is closed, or steps become too small to matter."""
    arrival, latest, opening, closing, handling, weight = arrays
    one_of, room = dual.classes(opening, closing, handling)
    grouped = np.ascontiguousarray(handling[:, one_of])
    times = np.where(handling < sa.FORBIDDEN, handling, 0).max(axis=1)
    hours = int(min(closing.max(), max(arrival.max(), opening.max()) + times.sum()))
    prices = np.zeros((len(one_of), hours))
    best_prices, best, scale = prices.copy(), 0.0, 1.0
    while elapsed() < 1.0 and not shared.is_closed() and scale > 1e-4:
        best, scale = dual.climb(
            prices, room, arrival, latest, opening[one_of], closing[one_of], grouped, weight,
            float(shared.cost), scale, 100, best_prices, best,
        )  # fmt: skip
        shared.bound = max(shared.bound, best)


def _plan(problem: BerthProblem, shared: _Shared) -> BerthPlan:
    visits = []
    for berth, queue in enumerate(shared.queues):
        now = problem.opening[berth]
        for vessel in queue:
            start = max(now, problem.arrival[vessel])
            now = start + (problem.handling[vessel][berth] or 0)
            visits.append(Visit(vessel + 1, berth + 1, start, now))
    visits.sort(key=lambda visit: visit.vessel)
    cost = sum(problem.weight[v.vessel - 1] * (v.end - problem.arrival[v.vessel - 1]) for v in visits)
    return BerthPlan(tuple(visits), cost, min(cost, math.ceil(shared.bound - 1e-6)))
