"""A first plan for a quay in milliseconds: vessels one after another into the earliest place, in ever better orders."""

import random
from collections.abc import Callable, Sequence

import numpy as np

from yunqi.commerce.logistics.engine.berth.quay import hours_alongside, leaves, tide_allows
from yunqi.commerce.logistics.model.berth import BerthPlan, QuayProblem, Vessel, Visit


def first_plan(
    problem: QuayProblem, *, is_over: Callable[[int], bool], seed: int, starts: Sequence[int] | None = None
) -> BerthPlan | None:
    """Return the best of the plans tried until ``is_over(tries)``; None when some vessel never finds a place.

    Parameters
    ----------
    starts
        Hours by which vessels are ordered at first, as from a relaxed plan; their arrivals when not given.
    """
    chance = random.Random(seed)
    keys = [float(hour) for hour in (starts or [vessel.arrival for vessel in problem.vessels])]
    best, best_keys = _serve(problem, keys), keys
    tries = 1
    while not is_over(tries) and not (best is not None and best.cost == 0):
        keys = list(best_keys)
        for _ in range(chance.choice((1, 1, 2, 3))):
            at = chance.randrange(len(keys))
            keys[at] += chance.gauss(0, 12)
        tried = _serve(problem, keys)
        tries += 1
        if tried is not None and (best is None or tried.cost <= best.cost):
            best, best_keys = tried, keys
    return best


def _serve(problem: QuayProblem, keys: Sequence[float]) -> BerthPlan | None:
    slots = problem.length // problem.step
    taken = np.zeros((problem.hours, slots), bool)
    free = np.full(problem.hours, problem.cranes)
    visits: dict[int, Visit] = {}
    cost = 0
    for index in sorted(range(len(keys)), key=lambda vessel: (keys[vessel], vessel)):
        found = _place(problem, problem.vessels[index], taken, free)
        if found is None:
            return None
        start, end, slot, cranes, price = found
        width = -(-problem.vessels[index].length // problem.step)
        taken[start:end, slot : slot + width] = True
        free[start:end] -= cranes
        cost += price
        name = problem.vessels[index].name
        visits[index] = Visit(index + 1, slot + 1, start, end, name, slot * problem.step, cranes)
    return BerthPlan(tuple(visits[index] for index in range(len(keys))), cost, 0)


def _place(
    problem: QuayProblem, vessel: Vessel, taken: np.ndarray, free: np.ndarray
) -> tuple[int, int, int, int, int] | None:
    """Return start, end, slot, cranes and cost of the cheapest place for a vessel beside those that lie already."""
    width, slots = -(-vessel.length // problem.step), problem.length // problem.step
    home = min(max(0, round(vessel.position / problem.step)), max(0, slots - width))
    order = sorted(range(max(1, slots - width + 1)), key=lambda slot: abs(slot - home))
    best: tuple[int, int, int, int, int] | None = None
    for start in range(vessel.arrival, problem.hours):
        if best is not None and vessel.weight * (start - vessel.arrival) >= best[4]:
            break
        if not tide_allows(problem, vessel, start):
            continue
        for cranes in range(min(vessel.most_cranes, problem.cranes), vessel.least_cranes - 1, -1):
            if free[start] < cranes:
                continue
            for slot in order:
                end = leaves(problem, vessel, start + hours_alongside(vessel, cranes, slot * problem.step))
                price = vessel.weight * (start - vessel.arrival + max(0, end - vessel.due))
                if best is not None and price >= best[4]:
                    break
                if end > problem.hours:
                    continue
                if free[start:end].min() >= cranes and not taken[start:end, slot : slot + width].any():
                    best = (start, end, slot, cranes, price)
                    break
    return best
