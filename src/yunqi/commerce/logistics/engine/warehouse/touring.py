"""The shortest walk of a picker past all picks, in any number of cross aisles, and the order in which it passes them.

Aisle by aisle the least metres are kept for each way in which a partial walk can meet the cross aisles: even or odd at each,
and which of them it joins (Ratliff and Rosenthal 1983 for two cross aisles; Roodbergen and de Koster 2001 for three; Pansart,
Catusse and Cambazard 2018 for more). Exact; linear in the aisles, exponential in the cross aisles. The ways chosen make a graph
whose every corner is even, and a round through all its edges (Hierholzer 1873) is the walk.
"""

import functools
import itertools
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from yunqi.commerce.logistics.model.warehouse import Block, PickRoute, Point, WalkProblem

ODD, EVEN = 1, 2
State = tuple[tuple[int, int], ...]
"""For each cross aisle, from the front: untouched (0), odd or even, and which part of the walk it belongs to (0: none)."""


@dataclass(frozen=True, slots=True)
class _Way:
    """A way through a part of an aisle between two cross aisles.

    Parameters
    ----------
    edges
        Steps between neighbouring points as (from, to, how often).
    odd
        Whether both ends become odd where they were even.
    front, back
        Whether the walk touches them; ``joins`` whether it goes from one to the other.
    """

    metres: float
    edges: tuple[tuple[Point, Point, int], ...]
    odd: bool = False
    front: bool = True
    back: bool = True
    joins: bool = True


@dataclass(frozen=True, slots=True)
class _Step:
    """The least metres to a state, from which state before, and by which edges."""

    metres: float
    before: State | None
    edges: tuple[tuple[Point, Point, int], ...]


def tour(problem: WalkProblem) -> PickRoute:
    """Return the shortest walk from the start past all picks and back, the picks in its order, and its corners."""
    crossings = problem.crossings
    places: dict[tuple[int, int], set[float]] = defaultdict(set)
    for aisle, at in (*problem.picks, problem.start):
        places[aisle, _part(crossings, at)].add(at)
    aisles = [aisle for aisle, _ in places]
    if min(aisles) == max(aisles):  # nobody need reach a cross aisle
        points = sorted({*problem.picks, problem.start})
        there_and_back = [(a, b, 2) for a, b in itertools.pairwise(points)]
        return _route(problem, 2 * (points[-1][1] - points[0][1]), _round(problem.start, there_and_back))
    layers: list[dict[State, _Step]] = [{((0, 0),) * len(crossings): _Step(0.0, None, ())}]
    for aisle in range(min(aisles), max(aisles) + 1):
        for part in range(len(crossings) - 1):
            ways = _ways(aisle, crossings[part], crossings[part + 1], sorted(places[aisle, part]))
            layers.append(_along(layers[-1], part, ways))
        if aisle < max(aisles):
            layers.append(_across(layers[-1], aisle, crossings, problem.block))
    ended = {state: step for state, step in layers[-1].items() if _is_whole(state)}
    state = min(ended, key=lambda one: ended[one].metres)
    metres = ended[state].metres
    edges: list[tuple[Point, Point, int]] = []
    for layer in reversed(layers):
        step = layer[state]
        edges += step.edges
        if step.before is not None:
            state = step.before
    return _route(problem, metres, _round(problem.start, edges))


def _part(crossings: Sequence[float], at: float) -> int:
    """Return between which cross aisles a place lies; on one of them: above it, if there is anything above."""
    return min(len(crossings) - 2, sum(one <= at for one in crossings) - 1)


def _ways(aisle: int, front: float, back: float, places: Sequence[float]) -> list[_Way]:
    points = [(aisle, at) for at in dict.fromkeys((front, *places, back))]
    steps = list(itertools.pairwise(points))
    length = back - front
    found = [
        _Way(length, tuple((a, b, 1) for a, b in steps), odd=True),
        _Way(2 * length, tuple((a, b, 2) for a, b in steps)),
    ]
    if not places:
        return [_Way(0.0, (), front=False, back=False, joins=False), *found]
    gaps = [b - a for a, b in itertools.pairwise((front, *places, back))]
    inner = max(range(1, len(gaps) - 1), key=lambda k: gaps[k], default=0)
    for gap in {0, inner, len(gaps) - 1}:
        low, high = ((front, *places)[gap], (*places, back)[gap])
        edges = tuple((a, b, 2) for a, b in steps if not (a[1] >= low and b[1] <= high))
        found.append(_Way(2 * (length - gaps[gap]), edges, front=gap > 0, back=gap < len(gaps) - 1, joins=False))
    return found


def _along(layer: dict[State, _Step], part: int, ways: Sequence[_Way]) -> dict[State, _Step]:
    """Return the states after a part of an aisle."""
    found: dict[State, _Step] = {}
    for state, step in layer.items():
        for way in ways:
            ends = list(state)
            fresh = max(name for _, name in state) + 1
            for at, touched in ((part, way.front), (part + 1, way.back)):
                degree, name = ends[at]
                if touched:
                    degree = (ODD if degree in (0, EVEN) else EVEN) if way.odd else degree or EVEN
                    ends[at] = degree, name or fresh + at
            if way.joins:
                one, other = ends[part][1], ends[part + 1][1]
                ends = [(degree, one if name == other else name) for degree, name in ends]
            _keep(found, _named(tuple(ends)), _Step(step.metres + way.metres, state, way.edges))
    return found


def _across(layer: dict[State, _Step], aisle: int, crossings: Sequence[float], block: Block) -> dict[State, _Step]:
    """Return the states at the next aisle: odd corners send one step there, even ones none or two, and no part stays behind."""
    found: dict[State, _Step] = {}
    for state, step in layer.items():
        names = {name for _, name in state if name}
        for times in itertools.product(*({0: (0,), ODD: (1,), EVEN: (0, 2)}[degree] for degree, _ in state)):
            if names - {name for (_, name), often in zip(state, times, strict=True) if often}:
                continue
            after = [((0, 0), (ODD, name), (EVEN, name))[often] for (_, name), often in zip(state, times, strict=True)]
            edges = tuple(
                ((aisle, at), (aisle + 1, at), often) for at, often in zip(crossings, times, strict=True) if often
            )
            _keep(found, _named(tuple(after)), _Step(step.metres + sum(times) * block.pitch, state, edges))
    return found


def _keep(found: dict[State, _Step], state: State, step: _Step) -> None:
    if state not in found or step.metres < found[state].metres:
        found[state] = step


@functools.lru_cache(1 << 14)  # the same few states are met again and again
def _named(ends: tuple[tuple[int, int], ...]) -> State:
    """Number the parts of a walk from the front, so that equal states are equal."""
    names: dict[int, int] = {0: 0}
    return tuple((degree, names.setdefault(name, len(names))) for degree, name in ends)


def _is_whole(state: State) -> bool:
    return all(degree != ODD and name <= 1 for degree, name in state)


def _round(start: Point, edges: Sequence[tuple[Point, Point, int]]) -> list[Point]:
    """Return a round from ``start`` that goes along every edge as often as it says."""
    open_ways: dict[Point, list[tuple[Point, int]]] = defaultdict(list)
    number = 0
    for one, other, often in edges:
        for _ in range(often):
            open_ways[one].append((other, number))
            open_ways[other].append((one, number))
            number += 1
    gone, stack, walk = [False] * number, [start], []
    while stack:
        ways = open_ways[stack[-1]]
        while ways and gone[ways[-1][1]]:
            ways.pop()
        if ways:
            there, number = ways.pop()
            gone[number] = True
            stack.append(there)
        else:
            walk.append(stack.pop())
    return walk[::-1]


def _route(problem: WalkProblem, metres: float, walk: Sequence[Point]) -> PickRoute:
    """Return the picks in the order in which a walk first passes them, and the walk without points where nothing happens."""
    numbers: dict[Point, list[int]] = defaultdict(list)
    for number, point in enumerate(problem.picks):
        numbers[point].append(number)
    order: list[int] = []
    stops = set()
    for at, point in enumerate(walk):
        if numbers[point]:
            order += numbers.pop(point)
            stops.add(at)
            numbers[point] = []
    path = [
        point
        for at, point in enumerate(walk)
        if at in stops or at in (0, len(walk) - 1) or _turns(walk[at - 1], point, walk[at + 1])
    ]
    return PickRoute(metres, tuple(order), tuple(path))


def _turns(before: Point, here: Point, after: Point) -> bool:
    return (after[0] - here[0], _sign(after[1] - here[1])) != (here[0] - before[0], _sign(here[1] - before[1]))


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def violations(problem: WalkProblem, route: PickRoute) -> list[str]:
    """Return what a walk breaks, in words; it shares nothing with the search."""
    found = []
    if sorted(route.picks) != list(range(len(problem.picks))):
        found.append("not every pick is fetched once")
    if route.path[0] != problem.start or route.path[-1] != problem.start:
        found.append("the walk does not begin and end at its start")
    metres, passed = 0.0, iter(_passed(problem, route))
    for (aisle, at), (other, there) in itertools.pairwise(route.path):
        if aisle != other and (at != there or at not in problem.crossings):
            found.append(f"there is no way from {at} m in aisle {aisle} to {there} m in aisle {other}")
        metres += abs(aisle - other) * problem.block.pitch + abs(at - there)
    if not math.isclose(metres, route.metres, rel_tol=1e-9, abs_tol=1e-9):
        found.append(f"the walk has {metres} m, not {route.metres} m")
    if not all(point in passed for point in (problem.picks[number] for number in route.picks)):
        found.append("the walk does not pass the picks in their order")
    return found


def _passed(problem: WalkProblem, route: PickRoute) -> Iterator[Point]:
    """Return the points of the path, each as often as picks lie there."""
    for point in route.path:
        yield from [point] * max(1, problem.picks.count(point))
