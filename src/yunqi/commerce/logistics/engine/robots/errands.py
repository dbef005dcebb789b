"""Robots that share errands: who does what, and everybody's next cell, step by step."""

import random
from collections.abc import Callable

from yunqi.commerce.logistics.engine.robots.better import better_day
from yunqi.commerce.logistics.engine.robots.floor import FAR, Ground
from yunqi.commerce.logistics.engine.robots.goals import Fleet
from yunqi.commerce.logistics.engine.robots.mover import Mover
from yunqi.commerce.logistics.engine.robots.passing import Passage, passage
from yunqi.commerce.logistics.model.robots import Errand, RobotPlan, RobotProblem, Served
from yunqi.kernel.errors import Invalid

PATIENCE = 20
"""Errands are given up after so many times the steps that they need at least."""
TRIALS = 0.25
"""The share of the time in which days are tried; then the best one is made better, if all its errands are done."""
STUCK = (12, 40, 6, 200)
"""After how many steps without coming nearer a robot gets the right of way, in one attempt after another."""
SHUFFLES = 0.3
"""How often all priorities are drawn anew instead: two that give way to each other in turn never end otherwise."""


def plan_errands(problem: RobotProblem, ground: Ground, *, used: Callable[[], float], seed: int) -> RobotPlan:
    """Return the best of as many days as there is time for: most errands done, then least steps; the first is never cut.

    Raises
    ------
    Invalid
        A pickup or drop can't be reached, by name.
    """
    total_bound, makespan_bound, most = _bounds(problem, ground)
    best: tuple[int, int] | None = None
    attempt = 0
    while best is None or (used() < (1.0 if best[0] else TRIALS) and (best[0] or best[1] > total_bound)):
        day = _Day(problem, ground, seed + attempt, STUCK[attempt % len(STUCK)])
        if not day.run(most, (lambda: False) if best is None else (lambda: used() >= 1.0)):
            break
        if best is None or day.score() < best:
            best, chosen = day.score(), day
        attempt += 1
    if not chosen.score()[0] and chosen.score()[1] > total_bound and used() < 1.0 and chosen.go_home(used, seed):
        better_day(ground, problem, chosen.homes, chosen.paths, chosen.served, used=used, seed=seed)
    done = {one.errand for one in chosen.served}
    still_open = tuple(sorted(errand.id for errand in problem.errands if errand.id not in done))
    paths = {name: tuple(map(ground.cell, path)) for name, path in zip(chosen.names, chosen.paths, strict=True)}
    total = chosen.score()[1]
    last = max((one.dropped for one in chosen.served), default=0)
    return RobotPlan(paths, total, last, min(total_bound, total) if still_open else total_bound, makespan_bound,
                     tuple(chosen.served), still_open)  # fmt: skip


def _bounds(problem: RobotProblem, ground: Ground) -> tuple[int, int, int]:
    """Return what total and makespan are not below, and after how many steps a day is given up."""
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
    farthest = max(max((far for far in ground.distances(cell) if far < FAR), default=0) for cell in starts)
    most = makespan_bound + PATIENCE * (farthest + 10) * (1 + len(problem.errands) // len(starts))
    return total_bound, makespan_bound, most


class _Day:
    """Robots on errands: who does what, and where they are.

    Parameters
    ----------
    stuck_after
        After how many steps without coming nearer to its next cell a robot gets the right of way.
    """

    def __init__(self, problem: RobotProblem, ground: Ground, seed: int, stuck_after: int) -> None:
        self.ground, self.stuck_after = ground, stuck_after
        self.errands = problem.errands
        self.names = [robot.id for robot in problem.robots]
        self.homes = [ground.number(robot.start) for robot in problem.robots]
        self.mover, self.chance = Mover(ground, self.homes, seed=seed), random.Random(seed)
        self.at = list(self.homes)
        self.patience = [robot / (len(self.homes) + 1) for robot in range(len(self.homes))]
        self.nearest = [FAR] * len(self.homes)
        self.stuck = [0] * len(self.homes)
        self.passage: Passage | None = None
        self.waiting = sorted(problem.errands, key=lambda errand: (errand.release, errand.id))
        self.doing: list[Errand | None] = [None] * len(self.homes)
        self.picked = [-1] * len(self.homes)
        self.served: list[Served] = []
        self.paths = [[home] for home in self.homes]

    def run(self, most: int, cut: Callable[[], bool]) -> bool:
        """Go on until all errands are done, for at most so many steps; False when ``cut`` ended it before."""
        self._handle(0)
        for step in range(1, most + 1):
            if len(self.served) == len(self.errands):
                break
            if cut():
                return False
            self._move(step)
            self._handle(step)
        return True

    def go_home(self, used: Callable[[], float], seed: int) -> bool:
        """Add everybody's way home; False when none was found, and nothing is changed."""
        try:
            ways = Fleet(self.ground, list(zip(self.at, self.homes, strict=True)), seed=seed).first(used=used)
        except LookupError:
            return False
        if ways is None:
            return False
        longest = max(map(len, ways))
        for path, way in zip(self.paths, ways, strict=True):
            path += [*way[1:], *[way[-1]] * (longest - len(way))]
        return True

    def score(self) -> tuple[int, int]:
        """Return how many errands are open, and the sum of the steps from release to drop of the others."""
        released = {errand.id: errand.release for errand in self.errands}
        steps = sum(one.dropped - released[one.errand] for one in self.served)
        return len(self.errands) - len(self.served), steps

    def _handle(self, step: int) -> None:
        """Take up and set down what lies under the robots, and give free robots the nearest errands."""
        for robot, errand in enumerate(self.doing):
            if errand is None:
                continue
            at = self.at[robot]
            if self.picked[robot] < 0 and at == self.ground.number(errand.pickup):
                self.picked[robot] = step
                self._onward(robot)
            if self.picked[robot] >= 0 and at == self.ground.number(errand.drop):
                self.served.append(Served(errand.id, self.names[robot], self.picked[robot], step))
                self.doing[robot], self.picked[robot] = None, -1
                self._onward(robot)
        free = [robot for robot, errand in enumerate(self.doing) if errand is None]
        ready = [errand for errand in self.waiting if errand.release <= step]
        pairs = sorted(
            (self.ground.distances(self.ground.number(errand.pickup))[self.at[robot]], errand.release, at, robot)
            for robot in free
            for at, errand in enumerate(ready[: 4 * len(free)])
        )
        given: set[int] = set()
        for _, _, at, robot in pairs:
            if at not in given and self.doing[robot] is None:
                given.add(at)
                self.doing[robot] = ready[at]
                self._onward(robot)
                if self.at[robot] == self.ground.number(ready[at].pickup):
                    self.picked[robot] = step
        gone = {ready[at].id for at in given}
        self.waiting = [errand for errand in self.waiting if errand.id not in gone]

    def _onward(self, robot: int) -> None:
        """Note that a robot has another cell to go to, so nobody has to make way for it any more."""
        self.nearest[robot], self.stuck[robot] = FAR, 0
        if self.passage and self.passage.robot == robot:
            self.passage = None

    def _goal(self, robot: int) -> int:
        errand = self.doing[robot]
        if errand is None:
            return self.homes[robot]
        return self.ground.number(errand.pickup if self.picked[robot] < 0 else errand.drop)

    def _move(self, step: int) -> None:
        """Move all robots one step towards pickup, drop, home, or aside."""
        own = [self._goal(robot) for robot in range(len(self.at))]
        if self.passage and step >= self.passage.until:
            self.stuck[self.passage.robot], self.passage = 0, None
        if not self.passage:
            self._help(own, step)
        goals = list(own)
        order = sorted(range(len(goals)), key=lambda one: (self.doing[one] is None, -self.patience[one]))
        if self.passage:
            order = self.passage.order(self.at, order)
            for robot, place in self.passage.aside.items():
                goals[robot] = place
        self.at = self.mover.step(self.at, goals, order) or self.at
        for robot, goal in enumerate(goals):
            rests = self.at[robot] == goal
            self.patience[robot] = self.patience[robot] % 1.0 if rests else self.patience[robot] + 1.0
            far = self.ground.distances(own[robot])[self.at[robot]]
            nearer = self.doing[robot] is None or far < self.nearest[robot]
            self.stuck[robot] = 0 if nearer else self.stuck[robot] + 1
            self.nearest[robot] = min(self.nearest[robot], far)
            self.paths[robot].append(self.at[robot])

    def _help(self, goals: list[int], step: int) -> None:
        """Where a robot has been stuck for long, give it the right of way, or draw all priorities anew."""
        robot = max(range(len(goals)), key=lambda one: self.stuck[one])
        if self.stuck[robot] < self.stuck_after + len(goals) // 4:
            return
        if self.chance.random() >= SHUFFLES:
            self.passage = passage(self.ground, self.at, robot, goals[robot], step=step)
        if not self.passage:
            self.chance.shuffle(self.patience)
            self.stuck = [0] * len(self.stuck)
