"""Paths for robots: to goals of their own, or on errands that they share."""

import sys
from collections.abc import Callable

from yunqi.commerce.logistics.engine.robots.conflict import conflict_search
from yunqi.commerce.logistics.engine.robots.errands import plan_errands
from yunqi.commerce.logistics.engine.robots.floor import FAR, Ground
from yunqi.commerce.logistics.engine.robots.inherit import ways_together
from yunqi.commerce.logistics.engine.robots.priority import first_paths, improve
from yunqi.commerce.logistics.model.robots import RobotPlan, RobotProblem
from yunqi.kernel.errors import Invalid

FEW = 16
"""Up to so many robots the search for a proven plan is tried."""


def plan_robots(problem: RobotProblem, *, used: Callable[[], float], seed: int = 1) -> RobotPlan:
    """Return paths on which no two robots meet.

    Parameters
    ----------
    used
        Tells which share of the budget is gone.

    Raises
    ------
    Invalid
        A goal, pickup or drop can't be reached, by name; or no plan was found in the time.
    """
    ground = Ground(problem.grid)
    _deep(len(problem.robots))
    return (
        plan_errands(problem, ground, used=used, seed=seed) if problem.errands else _goals(problem, ground, used, seed)
    )


def _goals(problem: RobotProblem, ground: Ground, used: Callable[[], float], seed: int) -> RobotPlan:
    ends = []
    for robot in problem.robots:
        start, goal = ground.number(robot.start), ground.number(robot.goal or robot.start)
        if ground.distances(goal)[start] == FAR:
            raise Invalid(
                f"robot {robot.id}: no way leads from {list(robot.start)} to {list(robot.goal or robot.start)}",
                "robots",
            )
        ends.append((start, goal))
    least = [ground.distances(goal)[start] for start, goal in ends]
    paths = first_paths(ground, ends, used=lambda: used() * 2.2, seed=seed)
    if paths is None:
        try:
            paths = ways_together(ground, ends, used=lambda: used() * 1.3, seed=seed)
        except LookupError:
            raise Invalid(
                "no plan exists in which all robots reach their goals: some cannot pass each other", "robots"
            ) from None
    bound = sum(least)
    if len(ends) <= FEW and (paths is None or _total(paths) > bound):
        known = FAR if paths is None else _total(paths)
        better, bound = conflict_search(ground, ends, used=lambda: used() * 1.2, known=known)
        paths = better or paths
    if paths is None:
        raise Invalid("no plan was found in which all robots reach their goals; give more seconds", "seconds")
    if _total(paths) > bound:
        paths = improve(ground, ends, paths, used=used, seed=seed)
    named = {
        robot.id: tuple(map(ground.cell, path)) for robot, path in zip(problem.robots, paths, strict=True)
    }  # fmt: skip
    return RobotPlan(named, _total(paths), max(map(len, paths)) - 1, bound, max(least))


def _total(paths: list[list[int]]) -> int:
    return sum(len(path) - 1 for path in paths)


def _deep(robots: int) -> None:
    # Priorities are inherited along chains of robots, one call deep for each.
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 4 * robots + 1_000))
