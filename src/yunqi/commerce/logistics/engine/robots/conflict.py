"""Conflict-based search (Sharon, Stern, Felner and Sturtevant 2015): the least sum of steps, proven, for few robots.

Each robot is planned alone. Where two meet, one branch forbids it to the first and another to the second, and only that robot
is planned anew. The cheapest open branch is a bound on every plan.
"""

import heapq
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from yunqi.commerce.logistics.engine.robots.floor import Ground, Reservations, route

Meeting = tuple[int, int, int, int, int]
"""Two robots, the step, and the cells the first moves between (the same twice: both are there)."""


@dataclass(slots=True)
class _Branch:
    paths: list[list[int]]
    forbidden: frozenset[tuple[int, int, int, int]]


def conflict_search(
    ground: Ground, ends: Sequence[tuple[int, int]], *, used: Callable[[], float], known: int
) -> tuple[list[list[int]] | None, int]:
    """Return the best paths, when they are found in time and cheaper than ``known``, and what no plan's sum is below."""
    paths = [route(ground, Reservations(ground.size), *one) for one in ends]
    alone = [path for path in paths if path is not None]
    tie = itertools.count()
    heap = [(_cost(alone), 0, next(tie), _Branch(alone, frozenset()))]
    bound = heap[0][0]
    while heap:
        cost, _, _, branch = heapq.heappop(heap)
        bound = max(bound, min(cost, known))
        if cost >= known:
            return None, known
        if used() >= 1.0:
            return None, bound
        meetings = _meetings(branch.paths)
        if not meetings:
            return branch.paths, cost
        one, two, step, before, here = meetings[0]
        for robot, move in ((one, (before, here)), (two, (here, before) if before != here else (here, here))):
            forbidden = branch.forbidden | {(robot, step, *move)}
            found = _planned(ground, ends, robot, forbidden)
            if found is not None:
                changed = [*branch.paths]
                changed[robot] = found
                entry = (_cost(changed), len(_meetings(changed)), next(tie), _Branch(changed, forbidden))
                heapq.heappush(heap, entry)
    return None, known


def _planned(
    ground: Ground, ends: Sequence[tuple[int, int]], robot: int, forbidden: frozenset[tuple[int, int, int, int]]
) -> list[int] | None:
    taken = Reservations(ground.size)
    for who, step, before, here in forbidden:
        if who != robot:
            continue
        taken.last = max(taken.last, step)
        if before == here:
            taken.cells.add(step * ground.size + here)
        else:  # the search looks for whoever comes the other way
            taken.moves.add(((step - 1) * ground.size + here) * ground.size + before)
    return route(ground, taken, *ends[robot])


def _cost(paths: Sequence[Sequence[int]]) -> int:
    return sum(len(path) - 1 for path in paths)


def _meetings(paths: Sequence[Sequence[int]]) -> list[Meeting]:
    """Return where pairs of robots meet first, the earliest first."""
    found = []
    for one, two in itertools.combinations(range(len(paths)), 2):
        a, b = paths[one], paths[two]
        for step in range(1, max(len(a), len(b))):
            here, there = a[min(step, len(a) - 1)], b[min(step, len(b) - 1)]
            if here == there:
                found.append((one, two, step, here, here))
                break
            if here == b[min(step - 1, len(b) - 1)] and there == a[min(step - 1, len(a) - 1)]:
                found.append((one, two, step, there, here))
                break
    return sorted(found, key=lambda meeting: meeting[2])
