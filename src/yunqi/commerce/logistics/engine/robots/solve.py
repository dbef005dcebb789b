"""Paths for robots: to goals of their own, or on errands that they share."""

from collections.abc import Callable

from yunqi.commerce.logistics.engine.robots.conflict import conflict_search
from yunqi.commerce.logistics.engine.robots.errands import plan_errands
from yunqi.commerce.logistics.engine.robots.floor import FAR, Ground
from yunqi.commerce.logistics.engine.robots.goals import Fleet, total
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
    fleet = Fleet(ground, ends, seed=seed)
    try:
        paths = fleet.first(used=lambda: used() * 1.3)
    except LookupError:
        raise Invalid(
            "no plan exists in which all robots reach their goals: some cannot pass each other", "robots"
        ) from None
    bound = sum(least)
    if len(ends) <= FEW and (paths is None or total(paths) > bound):
        known = FAR if paths is None else total(paths)
        better, bound = conflict_search(ground, ends, used=lambda: used() * 1.2, known=known)
        paths = better or paths
    if paths is None:
        raise Invalid("no plan was found in which all robots reach their goals; give more seconds", "seconds")
    if total(paths) > bound:
        paths = fleet.better(paths, used=used)
    named = {
        robot.id: tuple(map(ground.cell, path)) for robot, path in zip(problem.robots, paths, strict=True)
    }  # fmt: skip
    return RobotPlan(named, total(paths), max(map(len, paths)) - 1, bound, max(least))
