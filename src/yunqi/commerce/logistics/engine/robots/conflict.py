"""Conflict-based search (Sharon, Stern, Felner and Sturtevant 2015): the least sum of steps, proven, for few robots.

Each robot is planned alone. Where two meet, one branch forbids it to the first and another to the second, and only that robot
is planned anew. The cheapest open branch is a bound on every plan.
"""

import heapq
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from yunqi.commerce.logistics.engine.robots.floor import FAR, Ground

Meeting = tuple[int, int, int, int, int]
"""Two robots, the step, and the cells the first moves between (the same twice: both are there)."""


@dataclass(slots=True)
class _Forbidden:
    """Cells and moves that a robot may not use, by step, as numbers; and the last step of these."""

    cells: set[int]
    moves: set[int]
    last: int


@dataclass(slots=True)
class _Branch:
    paths: list[list[int]]
    forbidden: frozenset[tuple[int, int, int, int]]


def conflict_search(
    ground: Ground, ends: Sequence[tuple[int, int]], *, used: Callable[[], float], known: int
) -> tuple[list[list[int]] | None, int]:
    """Return the best paths, when they are found in time and cheaper than ``known``, and what no plan's sum is below."""
    paths = [_route(ground, _Forbidden(set(), set(), 0), *one) for one in ends]
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
    taken = _Forbidden(set(), set(), 0)
    for who, step, before, here in forbidden:
        if who != robot:
            continue
        taken.last = max(taken.last, step)
        if before == here:
            taken.cells.add(step * ground.size + here)
        else:  # the search looks for whoever comes the other way
            taken.moves.add(((step - 1) * ground.size + here) * ground.size + before)
    return _route(ground, taken, *ends[robot])


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


def _route(ground: Ground, taken: _Forbidden, start: int, goal: int) -> list[int] | None:
    """Return the earliest path from ``start`` to a rest at ``goal`` that does nothing forbidden; None when there is none.

    A* over (cell, step), with the distance on the empty floor as the guide. After the last step of what is forbidden all
    steps are alike, so a cell that is reached later than that twice is looked at once.
    """
    guide, size, still = ground.distances(goal), ground.size, taken.last + 1
    if guide[start] == FAR:
        return None
    rest_from = max((step + 1 for step in range(taken.last + 1) if step * size + goal in taken.cells), default=0)
    nodes = [(start, 0, -1)]
    heap = [(max(guide[start], rest_from), 0, 0)]
    seen = {start}
    while heap:
        node = heapq.heappop(heap)[2]
        here, step, _ = nodes[node]
        if here == goal and step >= rest_from:
            return _back(nodes, node)
        after = step + 1
        for there in (*ground.next[here], here):
            key = min(after, still) * size + there
            if key in seen or after * size + there in taken.cells:
                continue
            if (step * size + there) * size + here in taken.moves:
                continue
            seen.add(key)
            nodes.append((there, after, node))
            heapq.heappush(heap, (max(after + guide[there], rest_from), -after, len(nodes) - 1))
    return None


def _back(nodes: list[tuple[int, int, int]], node: int) -> list[int]:
    path = []
    while node >= 0:
        path.append(nodes[node][0])
        node = nodes[node][2]
    return path[::-1]
