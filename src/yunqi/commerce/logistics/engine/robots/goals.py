"""Paths of many robots to goals of their own: a first plan in which nobody meets, then better ones until the time is over."""

import random
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from yunqi.commerce.logistics.engine.robots.floor import Ground
from yunqi.commerce.logistics.engine.robots.kernels.around import Plans, improve, in_turn, new_plans, put
from yunqi.commerce.logistics.engine.robots.kernels.together import FOUND, FULL, NONE, Scenes, begin, new_scenes, search
from yunqi.commerce.logistics.engine.robots.mover import new_crew

MEMORY = 150_000_000
"""Bytes that the tables of scenes, or those of steps and cells, take at most."""
KINDS, SIZES = 3, 4
MOST_TURNS = 1_000
"""Neighbourhoods between two looks at the clock: some 15 ms."""
ORDERS = 30
"""Orders in which robots are planned one after another, before and beside the first plan."""

Paths = list[list[int]]


class Fleet:
    """Robots (start, goal) on a floor.

    Parameters
    ----------
    seed
        Decides between ways that are equally short, and what is tried.
    """

    def __init__(self, ground: Ground, ends: Sequence[tuple[int, int]], *, seed: int) -> None:
        self._ground, self._seed = ground, seed
        self._starts = np.array([start for start, _ in ends], np.int32)
        self._goals = np.array([goal for _, goal in ends], np.int32)
        self._guides = np.array([ground.guide(goal) for _, goal in ends])
        self._least = self._guides[np.arange(len(ends)), self._starts]

    def first(self, *, used: Callable[[], float]) -> Paths | None:
        """Return paths on which no two meet, those with fewest steps of a few tried; None when time is over.

        Raises
        ------
        LookupError
            There is no way at all: everything was tried.
        """
        together = self._together(used)
        longest = int(self._least.max()) if together is None else max(map(len, together)) - 1
        apart = self._in_turn(longest, used)
        found = [paths for paths in (together, apart) if paths is not None]
        return min(found, key=total, default=None)

    def _together(self, used: Callable[[], float]) -> Paths | None:
        robots = len(self._starts)
        crew = new_crew(self._ground, self._guides, self._goals, self._starts, swaps=True)
        room = min(400_000, MEMORY // (12 * robots + 200))
        attempt = 0
        while used() < 1.0:
            scenes = new_scenes(robots, room)
            crew.at[:] = self._starts
            begin(crew, scenes, self._seed + attempt)
            state = search(crew, scenes, 20)
            while state not in (FOUND, NONE, FULL) and used() < 1.0:
                state = search(crew, scenes, 200)
            if state == FOUND:
                return _paths(scenes)
            if state == NONE:
                raise LookupError
            attempt += 1
        return None

    def _in_turn(self, longest: int, used: Callable[[], float]) -> Paths | None:
        """Plan one after another, the longest ways first, then whoever found no way earlier."""
        plans = self._tables(2 * longest + len(self._starts) // 4 + 10)
        chance, order = random.Random(self._seed), np.argsort(-self._least, kind="stable").astype(np.int32).tolist()
        for _ in range(ORDERS):
            failed = int(in_turn(plans, np.array(order, np.int32)))
            if failed < 0:
                return paths_of(plans)
            if used() >= 1.0:
                break
            order.remove(failed)
            order.insert(chance.randrange(1 + len(order) // 8) if chance.random() < 0.2 else 0, failed)
        return None

    def _tables(self, steps: int) -> Plans:
        steps = max(1, min(steps, most_steps(self._ground)))
        return new_plans(self._ground.near, self._guides, self._starts, self._goals, steps)

    def better(self, paths: Paths, *, used: Callable[[], float]) -> Paths:
        """Plan a few robots anew again and again, and keep what takes no more steps together."""
        steps = max(map(len, paths)) - 1
        if steps > most_steps(self._ground):
            return paths
        plans = self._tables(steps + 10)
        lay(plans, paths)
        weights, least = np.ones((KINDS, SIZES)), int(self._least.sum())
        for turns, seed in rounds(used, self._seed):
            if improve(plans, turns, weights, seed) == least:
                break
        return paths_of(plans)


def most_steps(ground: Ground) -> int:
    """Return how many steps the tables of a floor may have: six numbers of four bytes for each step and cell."""
    return MEMORY // (24 * ground.size)


def lay(plans: Plans, paths: Sequence[Sequence[int]]) -> None:
    """Write paths into tables without any; rests at their ends are none of their steps."""
    for robot, path in enumerate(paths):
        plans.paths[robot, : len(path)] = path
        plans.paths[robot, len(path) :] = path[-1]
        end = len(path) - 1
        while end and path[end - 1] == path[-1]:
            end -= 1
        plans.lengths[robot] = end
        put(plans, robot)


def paths_of(plans: Plans) -> Paths:
    """Return the paths that stand in tables, without rests at their ends."""
    return [path[: end + 1].tolist() for path, end in zip(plans.paths, plans.lengths, strict=True)]


def rounds(used: Callable[[], float], seed: int) -> Iterator[tuple[int, int]]:
    """Return how many neighbourhoods to try, and a seed, until the time is over: more at once while they take next to none."""
    turns = 5
    while (before := used()) < 1.0:
        yield turns, seed
        seed += 1
        turns = min(MOST_TURNS, 2 * turns) if used() - before < 0.005 else max(1, turns // 2)


def total(paths: Paths) -> int:
    """Return the steps of all paths together."""
    return sum(len(path) - 1 for path in paths)


def _paths(scenes: Scenes) -> Paths:
    """Return the paths to the scene on the top of the stack, without rests at their ends."""
    scene, passed = int(scenes.stack[scenes.counts[2] - 1]), []
    while scene >= 0:
        passed.append(scenes.cells[scene])
        scene = int(scenes.before[scene])
    paths = [path.tolist() for path in np.array(passed[::-1]).T]
    for path in paths:
        while len(path) > 1 and path[-1] == path[-2]:
            path.pop()
    return paths
