"""Picker walks through several cross aisles: the shortest of all orders, in an order that is as short as it says."""

import itertools
import random
from dataclasses import replace

import pytest

from yunqi.commerce.logistics import Block, Depot, LogisticsConfig
from yunqi.commerce.logistics.engine.warehouse.picking import least_metres
from yunqi.commerce.logistics.engine.warehouse.read import read_walk
from yunqi.commerce.logistics.engine.warehouse.touring import tour, violations
from yunqi.commerce.logistics.model.warehouse import Point, WalkProblem
from yunqi.kernel import Invalid

BLOCK = {"aisles": 4, "length_m": 20, "pitch_m": 5}


def between(problem: WalkProblem, one: Point, two: Point) -> float:
    if one[0] == two[0]:
        return abs(one[1] - two[1])
    over = min(abs(one[1] - at) + abs(two[1] - at) for at in problem.crossings)
    return abs(one[0] - two[0]) * problem.block.pitch + over


def length(problem: WalkProblem, order: tuple[Point, ...]) -> float:
    stops = (problem.start, *order, problem.start)
    return sum(between(problem, one, two) for one, two in itertools.pairwise(stops))


def drawn(chance: random.Random) -> WalkProblem:
    long, aisles = chance.choice([5, 10, 20]), chance.randint(1, 5)
    cross = sorted(chance.sample(range(1, long), chance.choice([0, 0, 1, 2, 3])))

    def point() -> Point:
        return chance.randrange(aisles), chance.choice([float(chance.randint(0, long)), chance.uniform(0, long)])

    start = chance.choice([(0, 0.0), point()])
    picks = tuple(point() for _ in range(chance.randint(1, 5)))
    return WalkProblem(
        Block(aisles, float(long), chance.choice([1.0, 3.0, 6.0])), picks, start, tuple(map(float, cross))
    )


def test_a_walk_is_the_shortest_of_all_orders_and_so_is_the_order_it_gives() -> None:
    chance = random.Random(11)
    for _ in range(150):
        problem = drawn(chance)
        best = min(length(problem, order) for order in itertools.permutations(problem.picks))
        route = tour(problem)
        assert violations(problem, route) == []
        assert route.metres == pytest.approx(best)
        assert length(problem, tuple(problem.picks[number] for number in route.picks)) == pytest.approx(best)
        plain = replace(problem, cross=(), start=(0, 0.0))
        assert least_metres(problem.block, problem.picks) == pytest.approx(tour(plain).metres)


def test_a_cross_aisle_in_the_middle_shortens_a_walk() -> None:
    picks = ((0, 9.0), (3, 9.0))
    block = Block(4, 20.0, 5.0)
    assert tour(WalkProblem(block, picks)).metres == 2 * 15 + 4 * 9
    route = tour(WalkProblem(block, picks, cross=(10.0,)))
    assert route.metres == 2 * 15 + 2 * 10
    assert Depot(LogisticsConfig()).pick(block, ()).metres == 0


def test_the_checker_sees_a_longer_walk_and_a_way_through_shelves() -> None:
    problem = WalkProblem(Block(3, 10.0, 2.0), ((1, 4.0), (2, 8.0)))
    route = tour(problem)
    assert "not 1.0 m" in violations(problem, replace(route, metres=1.0))[0]
    assert "not every pick" in violations(problem, replace(route, picks=(0,)))[0]
    assert "no way from" in violations(problem, replace(route, path=((0, 0.0), (1, 4.0), (2, 8.0), (0, 0.0))))[0]
    assert "in their order" in " ".join(
        violations(problem, replace(route, picks=route.picks[::-1], path=route.path[:2] + route.path[-1:]))
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"block": BLOCK | {"cross_m": [10, 10]}}, "cross aisles must lie between"),
        ({"block": BLOCK | {"cross_m": [20]}}, "cross aisles must lie between"),
        ({"block": BLOCK | {"cross_m": [1, 2, 3, 4]}}, "at most 3 cross aisles"),
        ({"picks": [{"id": "a", "aisle": 4, "at_m": 1}]}, "pick 0: aisle 4"),
        ({"picks": [{"id": "a", "aisle": 1, "at_m": float("nan")}]}, r"picks\[0\].at_m is nan"),
        ({"picks": [{"id": "a", "aisle": 1, "at_m": 1}] * 2}, "pick a stands twice"),
        ({"picks": []}, "at least one pick"),
        ({"start": [9, 0]}, "the start: aisle 9"),
        ({"start": [0]}, "an aisle and metres"),
    ],
)
def test_a_walk_that_can_not_be_is_refused(change: dict[str, object], says: str) -> None:
    document = {"block": BLOCK, "picks": [{"id": "a", "aisle": 1, "at_m": 3.5}]}
    assert read_walk(document)[1] == ("a",)
    with pytest.raises(Invalid, match=says):
        read_walk(document | change)
