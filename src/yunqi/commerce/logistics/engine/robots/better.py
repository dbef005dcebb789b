"""A day of errands with fewer steps, from one in which all of them are done and all robots come home."""

from collections.abc import Callable, Sequence

import numpy as np

from yunqi.commerce.logistics.engine.robots.floor import Ground
from yunqi.commerce.logistics.engine.robots.goals import lay, most_steps, paths_of, rounds
from yunqi.commerce.logistics.engine.robots.kernels.around import new_plans
from yunqi.commerce.logistics.engine.robots.kernels.day import Day, improve_day
from yunqi.commerce.logistics.model.robots import RobotProblem, Served

KINDS, SIZES, ROOM = 4, 4, 10
"""Neighbourhoods; and steps beyond the day's last one that a path may take."""


def better_day(
    ground: Ground,
    problem: RobotProblem,
    homes: Sequence[int],
    paths: list[list[int]],
    served: list[Served],
    *,
    used: Callable[[], float],
    seed: int,
) -> None:
    """Change paths and what is served until the time is over: never more steps from release to drop than before."""
    steps = len(paths[0]) - 1 + ROOM
    if steps > most_steps(ground):
        return
    day = _day(ground, problem, homes, paths, served, steps)
    weights = np.ones((KINDS, SIZES))
    for turns, number in rounds(used, seed):
        improve_day(day, turns, weights, number)
    paths[:] = paths_of(day.plans)
    served.clear()
    for robot, count in enumerate(day.counts.tolist()):
        for errand in day.turns[robot, :count].tolist():
            picked, dropped = int(day.picked[errand]), int(day.dropped[errand])
            served.append(Served(problem.errands[errand].id, problem.robots[robot].id, picked, dropped))
    served.sort(key=lambda one: (one.dropped, one.errand))


def _day(
    ground: Ground,
    problem: RobotProblem,
    homes: Sequence[int],
    paths: Sequence[Sequence[int]],
    served: Sequence[Served],
    steps: int,
) -> Day:
    """Return a day as the kernels see it."""
    cells = {name: [ground.number(getattr(one, name)) for one in problem.errands] for name in ("pickup", "drop")}
    lines = list(dict.fromkeys((*homes, *cells["pickup"], *cells["drop"])))  # homes are apart, so they come first
    line = np.full(ground.size, -1, np.int32)
    line[lines] = np.arange(len(lines))
    home = np.array(homes, np.int32)
    plans = new_plans(ground.near, np.array([ground.guide(cell) for cell in lines]), home, home, steps)
    lay(plans, paths)
    number = {errand.id: at for at, errand in enumerate(problem.errands)}
    robots = {robot.id: at for at, robot in enumerate(problem.robots)}
    most = min(len(number), 3 * -(-len(number) // len(robots)) + 20)
    turns = np.zeros((len(robots), max(most, len(served))), np.int32)
    counts, picked, dropped = np.zeros(len(robots), np.int32), *(np.zeros(len(number), np.int32) for _ in range(2))
    for one in sorted(served, key=lambda one: one.picked):
        robot, errand = robots[one.robot], number[one.errand]
        turns[robot, counts[robot]] = errand
        counts[robot] += 1
        picked[errand], dropped[errand] = one.picked, one.dropped
    releases = np.array([errand.release for errand in problem.errands], np.int32)
    pickups, drops = (np.array(cells[name], np.int32) for name in ("pickup", "drop"))
    return Day(plans, line, pickups, drops, releases, turns, counts, dropped, picked)
