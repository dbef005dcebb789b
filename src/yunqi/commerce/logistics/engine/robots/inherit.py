"""Steps with inherited priorities (PIBT; Okumura, Machida, Defago and Tamura 2022), and a search around them that always
finds a way where there is one (LaCAM; Okumura 2023): fast for hundreds of robots."""

import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from yunqi.commerce.logistics.engine.robots.floor import Ground


class Mover:
    """Chooses where all robots step at once.

    Parameters
    ----------
    seed
        Decides between ways that are equally short.
    """

    def __init__(self, ground: Ground, *, seed: int) -> None:
        self._ground = ground
        self._chance = random.Random(seed)

    def step(
        self, at: Sequence[int], goals: Sequence[int], order: Sequence[int], fixed: Mapping[int, int] | None = None
    ) -> list[int] | None:
        """Return the next cell of each robot; None when the ``fixed`` ones leave no way.

        Parameters
        ----------
        order
            Robots by priority; who stands in the way of a higher one inherits its priority.
        """
        self._at, self._goals = at, goals
        self._next: list[int] = [-1] * len(at)
        self._holder = {cell: robot for robot, cell in enumerate(at)}
        self._claimed: dict[int, int] = {}
        for robot, cell in (fixed or {}).items():
            holder = self._holder.get(cell, -1)
            if cell in self._claimed or (holder >= 0 and holder != robot and self._next[holder] == at[robot]):
                return None
            self._next[robot] = cell
            self._claimed[cell] = robot
        for robot in order:
            if self._next[robot] < 0 and not self._move(robot):
                return None
        return self._next

    def _move(self, robot: int) -> bool:
        """Claim a cell for a robot and make who stands there move first; False when it can neither move nor stay."""
        here, guide = self._at[robot], self._ground.distances(self._goals[robot])
        ways = [*self._ground.next[here], here]
        self._chance.shuffle(ways)
        ways.sort(key=lambda cell: (guide[cell], cell in self._holder))
        for cell in ways:
            if cell in self._claimed:
                continue
            holder = self._holder.get(cell, -1)
            if holder >= 0 and holder != robot and self._next[holder] == here:
                continue  # they would change places
            self._next[robot] = cell
            self._claimed[cell] = robot
            if holder < 0 or holder == robot or self._next[holder] >= 0 or self._move(holder):
                return True
            if self._claimed.get(cell) == robot:
                del self._claimed[cell]
        self._next[robot] = here
        if self._claimed.get(here, robot) != robot:
            self._next[robot] = -1
            return False
        self._claimed[here] = robot
        return False


@dataclass(slots=True)
class _Scene:
    """All robots' cells, how patient each is, and which steps were not tried from here yet."""

    cells: tuple[int, ...]
    patience: list[float]
    before: "_Scene | None"
    order: list[int] = field(default_factory=list)
    tries: deque[tuple[tuple[int, int], ...]] = field(default_factory=lambda: deque([()]))


def ways_together(
    ground: Ground, ends: Sequence[tuple[int, int]], *, used: Callable[[], float], seed: int
) -> list[list[int]] | None:
    """Return a path for each robot (start, goal), by depth-first search over where all robots are; None when time is over.

    Raises
    ------
    LookupError
        There is no way at all: everything was tried.
    """
    mover, chance = Mover(ground, seed=seed), random.Random(seed)
    starts, goals = tuple(start for start, _ in ends), tuple(goal for _, goal in ends)
    far = [ground.distances(goal)[start] for start, goal in ends]
    first = _Scene(starts, [distance / ground.size for distance in far], None)
    known, stack = {starts: first}, [first]
    while stack:
        scene = stack[-1]
        if scene.cells == goals:
            return _paths(scene)
        if used() >= 1.0:
            return None
        if not scene.tries:
            stack.pop()
            continue
        scene.order = scene.order or sorted(range(len(ends)), key=lambda robot: -scene.patience[robot])
        fixed = scene.tries.popleft()
        if len(fixed) < len(ends):
            robot = scene.order[len(fixed)]
            ways = [*ground.next[scene.cells[robot]], scene.cells[robot]]
            chance.shuffle(ways)
            scene.tries.extend((*fixed, (robot, cell)) for cell in ways)
        found = mover.step(scene.cells, goals, scene.order, dict(fixed))
        if found is None:
            continue
        cells = tuple(found)
        if cells in known:
            stack.append(known[cells])
            continue
        patience = [
            now % 1.0 if cell == goal else now + 1.0
            for now, cell, goal in zip(scene.patience, cells, goals, strict=True)
        ]
        known[cells] = _Scene(cells, patience, scene)
        stack.append(known[cells])
    raise LookupError


def _paths(scene: _Scene | None) -> list[list[int]]:
    scenes = []
    while scene is not None:
        scenes.append(scene.cells)
        scene = scene.before
    paths = [list(path) for path in zip(*scenes[::-1], strict=True)]
    for path in paths:
        while len(path) > 1 and path[-1] == path[-2]:
            path.pop()
    return paths
