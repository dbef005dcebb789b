"""Paths for robots: to goals of their own, or on errands that they share."""

import sys
from collections.abc import Callable

from yunqi.commerce.logistics.engine.robots.conflict import conflict_search
from yunqi.commerce.logistics.engine.robots.floor import FAR, Ground
from yunqi.commerce.logistics.engine.robots.inherit import Mover, ways_together
from yunqi.commerce.logistics.engine.robots.priority import first_paths, improve
from yunqi.commerce.logistics.model.robots import Errand, RobotPlan, RobotProblem, Served
from yunqi.kernel.errors import Invalid

FEW = 16
"""Up to so many robots the search for a proven plan is tried."""
PATIENCE = 20
"""Errands are given up after so many times the steps that they need at least."""


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
    return _errands(problem, ground, seed) if problem.errands else _goals(problem, ground, used, seed)


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
    _deep(len(ends))
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


class _Day:
    """Robots on errands: who does what, and where they are."""

    def __init__(self, problem: RobotProblem, ground: Ground, seed: int) -> None:
        self.ground = ground
        self.names = [robot.id for robot in problem.robots]
        self.homes = [ground.number(robot.start) for robot in problem.robots]
        _deep(len(self.homes))
        self.mover = Mover(ground, seed=seed)
        self.at = list(self.homes)
        self.patience = [robot / (len(self.homes) + 1) for robot in range(len(self.homes))]
        self.waiting = sorted(problem.errands, key=lambda errand: (errand.release, errand.id))
        self.doing: list[Errand | None] = [None] * len(self.homes)
        self.picked = [-1] * len(self.homes)
        self.served: list[Served] = []
        self.paths = [[home] for home in self.homes]

    def handle(self, step: int) -> None:
        """Take up and set down what lies under the robots, and give free robots the nearest errands."""
        for robot, errand in enumerate(self.doing):
            if errand is None:
                continue
            at = self.at[robot]
            if self.picked[robot] < 0 and at == self.ground.number(errand.pickup):
                self.picked[robot] = step
            if self.picked[robot] >= 0 and at == self.ground.number(errand.drop):
                self.served.append(Served(errand.id, self.names[robot], self.picked[robot], step))
                self.doing[robot], self.picked[robot] = None, -1
        free = [robot for robot, errand in enumerate(self.doing) if errand is None]
        ready = [errand for errand in self.waiting if errand.release <= step]
        pairs = sorted(
            (
                self.ground.distances(self.ground.number(errand.pickup))[self.at[robot]],
                errand.release,
                at,
                robot,
            )
            for robot in free
            for at, errand in enumerate(ready[: 4 * len(free)])
        )
        given: set[int] = set()
        for _, _, at, robot in pairs:
            if at not in given and self.doing[robot] is None:
                given.add(at)
                self.doing[robot] = ready[at]
                if self.at[robot] == self.ground.number(ready[at].pickup):
                    self.picked[robot] = step
        gone = {ready[at].id for at in given}
        self.waiting = [errand for errand in self.waiting if errand.id not in gone]

    def move(self) -> None:
        """Move all robots one step towards pickup, drop or home."""
        goals = []
        for robot, errand in enumerate(self.doing):
            cell = None if errand is None else (errand.pickup if self.picked[robot] < 0 else errand.drop)
            goals.append(self.homes[robot] if cell is None else self.ground.number(cell))
        order = sorted(range(len(goals)), key=lambda one: (self.doing[one] is None, -self.patience[one]))
        self.at = self.mover.step(self.at, goals, order) or self.at
        for robot, goal in enumerate(goals):
            rests = self.at[robot] == goal
            self.patience[robot] = self.patience[robot] % 1.0 if rests else self.patience[robot] + 1.0
        for path, there in zip(self.paths, self.at, strict=True):
            path.append(there)


def _errands(problem: RobotProblem, ground: Ground, seed: int) -> RobotPlan:
    least, total_bound, makespan_bound = 0, 0, 0
    starts = [ground.number(robot.start) for robot in problem.robots]
    for errand in problem.errands:
        pickup, drop = ground.number(errand.pickup), ground.number(errand.drop)
        near = min(ground.distances(pickup)[start] for start in starts)
        carry = ground.distances(drop)[pickup]
        for what, far in (("pickup", near), ("drop", carry)):
            if far >= FAR:
                raise Invalid(f"errand {errand.id}: no way leads to its {what}", "errands")
        if any(ground.distances(pickup)[start] >= FAR for start in starts):
            raise Invalid(
                f"errand {errand.id}: not every robot can reach it; plan each part of the floor alone", "errands"
            )
        earliest = max(errand.release, near) + carry
        total_bound += earliest - errand.release
        makespan_bound = max(makespan_bound, earliest)
        least += carry
    makespan_bound = max(makespan_bound, -(-least // len(starts)))
    day = _Day(problem, ground, seed)
    farthest = max(max((far for far in ground.distances(cell) if far < FAR), default=0) for cell in starts)
    most = makespan_bound + PATIENCE * (farthest + 10) * (1 + len(problem.errands) // len(starts))
    step = 0
    day.handle(step)
    while len(day.served) < len(problem.errands) and step < most:
        day.move()
        step += 1
        day.handle(step)
    released = {errand.id: errand.release for errand in problem.errands}
    done = {one.errand for one in day.served}
    paths = {name: tuple(map(ground.cell, path)) for name, path in zip(day.names, day.paths, strict=True)}
    total = sum(one.dropped - released[one.errand] for one in day.served)
    still_open = tuple(sorted(set(released) - done))
    last = max((one.dropped for one in day.served), default=0)
    return RobotPlan(paths, total, last, min(total_bound, total) if still_open else total_bound, makespan_bound,
                     tuple(day.served), still_open)  # fmt: skip
