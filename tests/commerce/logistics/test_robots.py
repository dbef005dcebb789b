"""Robots on a floor: against all joint moves on small floors, judged by a checker that shares nothing with the search."""

import heapq
import itertools
import math
import random
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from yunqi.commerce.logistics import Grid, LogisticsConfig, Robot, RobotPlan, RobotProblem, Yard, generated_fleet
from yunqi.commerce.logistics.engine.robots.check import violations
from yunqi.commerce.logistics.engine.robots.floor import FAR, Ground
from yunqi.commerce.logistics.engine.robots.kernels import around
from yunqi.commerce.logistics.engine.robots.passing import passage
from yunqi.commerce.logistics.engine.robots.solve import plan_robots
from yunqi.commerce.logistics.model.robots import Errand
from yunqi.commerce.logistics.service.plain_yard import robots_document
from yunqi.kernel import Invalid

YARD = Yard(LogisticsConfig())


def steps(calls: int, *, seconds: float = math.inf) -> Callable[[], float]:
    count, begun = itertools.count(), time.monotonic()
    return lambda: max(next(count) / calls, (time.monotonic() - begun) / seconds)


def least_total(problem: RobotProblem) -> int:
    """Return the smallest sum of the steps at which robots come to rest, from all joint moves (Dijkstra)."""
    starts = tuple(robot.start for robot in problem.robots)
    goals = tuple(robot.goal for robot in problem.robots)
    # A robot may declare itself at rest on its goal; from then on it costs nothing and never moves.
    heap = [(0, starts, (False,) * len(starts))]
    seen = set()
    while heap:
        cost, cells, rests = heapq.heappop(heap)
        if all(rests):
            return cost
        if (cells, rests) in seen:
            continue
        seen.add((cells, rests))
        for at, cell in enumerate(cells):
            if not rests[at] and cell == goals[at]:
                heapq.heappush(heap, (cost, cells, (*rests[:at], True, *rests[at + 1 :])))
        ways = []
        for (row, column), rest in zip(cells, rests, strict=True):
            around = [(row, column), (row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)]
            ways.append([(row, column)] if rest else [one for one in around if problem.grid.is_free(one)])
        for after in itertools.product(*ways):
            swaps = any(
                after[a] == cells[b] and after[b] == cells[a] for a, b in itertools.combinations(range(len(cells)), 2)
            )
            if len(set(after)) == len(after) and not swaps:
                heapq.heappush(heap, (cost + rests.count(False), after, rests))
    raise AssertionError("no plan")


@pytest.mark.parametrize("seed", range(12))
def test_few_robots_take_the_least_steps_of_all_joint_moves(seed: int) -> None:
    chance = random.Random(seed)
    grid = Grid(("....", ".##.", "....", ".#.."))
    cells = [(row, column) for row in range(4) for column in range(4) if grid.is_free((row, column))]
    starts, goals = chance.sample(cells, 3), chance.sample(cells, 3)
    problem = RobotProblem(grid, tuple(Robot(f"r{k}", starts[k], goals[k]) for k in range(3)))
    plan = plan_robots(problem, used=steps(100_000))
    assert plan.total == plan.total_bound == least_total(problem)
    assert plan.is_proven
    assert violations(problem, plan) == []


def test_two_robots_pass_in_a_lane_with_one_bay() -> None:
    problem = RobotProblem(Grid((".....", "##.##")), (Robot("a", (0, 0), (0, 4)), Robot("b", (0, 4), (0, 0))))
    plan = plan_robots(problem, used=steps(100_000))
    assert plan.total == least_total(problem) == 11
    assert plan.paths["a"][0] == (0, 0)
    assert violations(problem, plan) == []


def test_many_robots_never_meet_and_improve() -> None:
    problem = generated_fleet(14, 32, 40, seed=2)
    quick, longer = plan_robots(problem, used=steps(60)), plan_robots(problem, used=steps(400))
    for plan in (quick, longer):
        assert violations(problem, plan) == []
        assert plan.total >= plan.total_bound
        assert plan.makespan >= plan.makespan_bound
    assert longer.total <= quick.total


def test_a_crowd_in_lanes_one_cell_wide_gets_through() -> None:
    rows = [
        "".join("#" if row % 3 and column % 11 and row < 21 and column < 33 else "." for column in range(34))
        for row in range(22)
    ]
    chance = random.Random(3)
    cells = [(row, column) for row in range(22) for column in range(34) if rows[row][column] == "."]
    starts, goals = chance.sample(cells, 40), chance.sample(cells, 40)
    robots = tuple(Robot(f"r{k}", starts[k], goals[k]) for k in range(40))
    problem = RobotProblem(Grid(tuple(rows)), robots)
    plan = plan_robots(problem, used=steps(40))
    assert violations(problem, plan) == []
    assert plan.total < 2 * plan.total_bound


def test_a_day_of_errands_gets_much_better_and_stays_whole() -> None:
    problem = generated_fleet(14, 32, 30, errands=90, seed=3)
    quick, longer = plan_robots(problem, used=lambda: 1.0), plan_robots(problem, used=steps(300))
    assert violations(problem, longer) == []
    assert longer.open == ()
    assert longer.total < 0.85 * quick.total
    assert {one.errand for one in longer.served} == {errand.id for errand in problem.errands}


@pytest.mark.parametrize("seed", range(6))
def test_small_drawn_days_of_errands_are_never_broken(seed: int) -> None:
    chance = random.Random(seed)
    grid = Grid(tuple("".join("#" if chance.random() < 0.15 else "." for _ in range(7)) for _ in range(5)))
    cells = [(row, column) for row in range(5) for column in range(7) if grid.is_free((row, column))]
    ground = Ground(grid)
    joined = [one for one in cells if ground.distances(ground.number(cells[0]))[ground.number(one)] < FAR]
    robots = tuple(Robot(f"r{k}", cell) for k, cell in enumerate(chance.sample(joined, 4)))
    errands = tuple(
        Errand(f"e{k}", chance.choice(joined), chance.choice(joined), chance.randrange(12)) for k in range(9)
    )
    problem = RobotProblem(grid, robots, errands)
    plan = plan_robots(problem, used=steps(200))
    assert violations(problem, plan) == []
    assert plan.total >= plan.total_bound


def test_numbers_of_searches_begin_anew_before_they_overflow() -> None:
    ground = Ground(Grid(("....", "....")))
    cells = np.array([0, 3], np.int32)
    plans = around.new_plans(
        ground.near, np.array([ground.guide(int(cell)) for cell in cells[::-1]]), cells, cells[::-1].copy(), 8
    )
    plans.turn[0] = around.LAST_STAMP - 1
    plans.seen[:] = 1  # what searches long ago had looked at
    assert around.in_turn(plans, np.arange(2, dtype=np.int32)) == -1
    assert plans.turn[0] == 1
    assert sorted(plans.lengths.tolist()) == [3, 5]


def test_errands_are_all_done_by_robots_that_never_meet() -> None:
    problem = generated_fleet(14, 32, 20, errands=60, seed=3)
    plan = plan_robots(problem, used=steps(1))
    assert plan.open == ()
    assert len(plan.served) == 60
    assert violations(problem, plan) == []
    assert plan.makespan >= plan.makespan_bound
    assert plan.total >= plan.total_bound


def lanes(robots: int, errands: int, *, seed: int) -> RobotProblem:
    """Return a floor of one-wide dead ends off one aisle, with errands between them."""
    chance = random.Random(seed)
    grid = Grid(("." * 15, *("".join(".#"[column % 2] for column in range(15)) for _ in range(6))))
    cells = [(row, column) for row in range(7) for column in range(15) if grid.is_free((row, column))]
    crew = tuple(Robot(f"r{k}", start) for k, start in enumerate(chance.sample(cells, robots)))
    return RobotProblem(grid, crew, tuple(Errand(f"e{k}", *chance.sample(cells, 2), k) for k in range(errands)))


@pytest.mark.parametrize("seed", range(4))
def test_errands_in_dead_ends_are_all_done(seed: int) -> None:
    problem = lanes(4 + 2 * seed, 20, seed=seed)
    plan = plan_robots(problem, used=steps(4_000, seconds=1.0))
    assert plan.open == ()
    assert violations(problem, plan) == []


def test_more_time_for_errands_is_never_worse_and_the_first_plan_is_whole() -> None:
    problem = lanes(8, 20, seed=7)
    quick, longer = plan_robots(problem, used=lambda: 1.0), plan_robots(problem, used=steps(300))
    assert len(quick.served) + len(quick.open) == 20
    assert (len(longer.open), longer.total) < (len(quick.open), quick.total)


def test_robots_that_swap_ends_of_a_lane_make_way_in_its_one_bay() -> None:
    errands = (Errand("east", (1, 0), (1, 8)), Errand("west", (1, 8), (1, 0)))
    problem = RobotProblem(Grid(("####.####", ".........")), (Robot("a", (1, 0)), Robot("b", (1, 8))), errands)
    plan = plan_robots(problem, used=steps(200))
    assert plan.open == ()
    assert plan.total >= 17  # both need eight steps, and one of them waits in the bay
    assert violations(problem, plan) == []
    ground = Ground(problem.grid)
    a, b, bay = (ground.number(cell) for cell in ((1, 3), (1, 5), (0, 4)))
    found = passage(ground, [a, b], 0, ground.number((1, 8)), step=0)
    assert found is not None
    assert found.aside == {1: bay}
    assert passage(ground, [a, ground.number((1, 0))], 0, ground.number((1, 8)), step=0) is None


def test_the_checker_sees_meetings_swaps_and_jumps() -> None:
    problem = RobotProblem(Grid(("...", "...")), (Robot("a", (0, 0), (0, 1)), Robot("b", (0, 1), (0, 0))))

    def broken(a: Any, b: Any) -> str:
        return " ".join(violations(problem, RobotPlan({"a": a, "b": b}, 2, 1, 0, 0)))

    assert "change places" in broken(((0, 0), (0, 1)), ((0, 1), (0, 0)))
    assert "are both at [0, 1]" in broken(((0, 0), (0, 1)), ((0, 1), (0, 1)))
    assert "is no step" in broken(((0, 0), (1, 1), (0, 1)), ((0, 1), (0, 0)))
    assert "ends at [0, 0]" in broken(((0, 0),), ((0, 1), (0, 0)))
    found = plan_robots(problem, used=steps(100_000))
    assert "the steps are" in violations(problem, replace(found, total=found.total - 1))[0]


def test_a_walled_in_goal_is_named() -> None:
    problem = RobotProblem(Grid(("..#.",)), (Robot("shut out", (0, 0), (0, 3)),))
    with pytest.raises(Invalid, match=r"robot shut out: no way leads from \[0, 0\] to \[0, 3\]"):
        plan_robots(problem, used=steps(5))
    errand = {"grid": ["..#."], "robots": [{"id": "r", "start": [0, 0]}], "errands": [{"id": "e", "pickup": [0, 1], "drop": [0, 3]}]}  # fmt: skip
    with pytest.raises(Invalid, match="errand e: no way leads to its drop"):
        YARD.robots(YARD.read_robots(errand), seconds=1)


def test_robots_that_cannot_pass_say_so() -> None:
    problem = RobotProblem(Grid(("...",)), (Robot("a", (0, 0), (0, 2)), Robot("b", (0, 2), (0, 0))))
    with pytest.raises(Invalid, match="some cannot pass each other"):
        plan_robots(problem, used=steps(300))


ROBOT = {"id": "r", "start": [0, 0], "goal": [0, 1]}
FLOOR = {"grid": ["..", ".#"], "robots": [ROBOT]}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"grid": []}, "at least one row"),
        ({"grid": ["..", "."]}, "grid row 1: 1 cells"),
        ({"grid": ["..", ".x"]}, "grid row 1: 'x'"),
        ({"robots": []}, "at least one robot"),
        ({"robots": [ROBOT, ROBOT]}, "robot r stands twice"),
        ({"robots": [ROBOT, ROBOT | {"id": "s"}]}, "r and s have the same start"),
        ({"robots": [ROBOT | {"start": [1, 1]}]}, "robot r: its start"),
        ({"robots": [ROBOT | {"goal": [0, 9]}]}, "robot r: its goal"),
        ({"robots": [ROBOT | {"goal": [0, float("nan")]}]}, r"robots\[0\].goal"),
        ({"robots": [{"id": "r", "start": [0, 0]}]}, "robot r: it needs a goal"),
        ({"robots": [ROBOT], "errands": [{"id": "e", "pickup": [0, 0], "drop": [0, 1]}]}, "no goals of their own"),
        ({"robot": []}, "did you mean 'robots'"),
    ],
)
def test_a_bad_floor_is_refused_by_its_row(change: dict[str, Any], says: str) -> None:
    with pytest.raises(Invalid, match=says):
        YARD.read_robots(FLOOR | change)


def test_the_document_lists_each_step() -> None:
    found = robots_document(YARD.robots(YARD.read_robots(FLOOR), seconds=1))
    assert found["robots"] == [{"id": "r", "path": [[0, 0], [0, 1]]}]
    assert (found["total_steps"], found["is_proven"]) == (1, True)
