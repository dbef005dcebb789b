"""A robot's earliest way around all others, and better plans by planning a few anew (large neighbourhoods; Li and others 2021).

Who is where when stands in a table [steps, cells]; at their goals robots rest to its end.
"""

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.robots.kernels.cells import NOWHERE, Cells

MOST = 16
"""Robots that are planned anew at once."""
LAST_STAMP = (1 << 31) - 1
"""Searches after which their numbers begin anew."""


class Plans(NamedTuple):
    """Paths of all robots, and the tables of the search.

    Parameters
    ----------
    near
        Neighbours [cells, 4], -1 after the last.
    guides
        Steps [lines, cells] to goals; those of robots come first.
    starts, goals
        [robots].
    paths
        [robots, steps]: cells, the goal to the end.
    lengths
        [robots]: the step at which a robot comes to rest; -1 where it has no path.
    there
        [steps, cells]: who is there, -1 for nobody.
    seen, before
        [steps, cells]: the last search that looked at it, and the cell before.
    heads, links
        Buckets of the search by their arrival, and entries (step, cell, the next one).
    turn
        [1]: number of the last search.
    """

    near: Cells
    guides: Cells
    starts: Cells
    goals: Cells
    paths: Cells
    lengths: Cells
    there: Cells
    seen: Cells
    before: Cells
    heads: Cells
    links: Cells
    turn: npt.NDArray[np.int64]


def new_plans(near: Cells, guides: Cells, starts: Cells, goals: Cells, steps: int) -> Plans:
    """Return tables for plans of at most ``steps`` steps, without paths yet."""
    robots, cells = len(starts), len(near)
    return Plans(
        near, guides, starts, goals, np.empty((robots, steps + 1), np.int32), np.full(robots, -1, np.int32),
        np.full((steps + 1, cells), -1, np.int32), np.zeros((steps + 1, cells), np.int32),
        np.empty((steps + 1, cells), np.int32), np.empty(steps + 2, np.int32),
        np.empty(((steps + 1) * cells + 1, 3), np.int32), np.zeros(1, np.int64),
    )  # fmt: skip


@numba.njit(cache=True, nogil=True)
def put(plans: Plans, robot: int) -> None:
    """Write a robot's path into the table."""
    for at in range(plans.paths.shape[1]):
        plans.there[at, plans.paths[robot, at]] = robot


@numba.njit(cache=True, nogil=True)
def take(plans: Plans, robot: int) -> None:
    """Take a robot's path out of the table."""
    for at in range(plans.paths.shape[1]):
        plans.there[at, plans.paths[robot, at]] = -1


@numba.njit(cache=True, nogil=True)
def way(plans: Plans, robot: int, limit: int) -> bool:
    """Write the earliest path that meets nobody and rests at the robot's goal by ``limit``; False when there is none."""
    goal = plans.goals[robot]
    end = leg(plans, robot, robot, goal, plans.starts[robot], 0, free_from(plans, goal), limit)
    if end < 0:
        return False
    plans.paths[robot, end:] = goal
    plans.lengths[robot] = end
    return True


@numba.njit(cache=True, nogil=True)
def free_from(plans: Plans, cell: int) -> int:
    """Return the first step from which nobody is at a cell any more."""
    found = plans.there.shape[0]
    while found and plans.there[found - 1, cell] < 0:
        found -= 1
    return int(found)


@numba.njit(cache=True, nogil=True)
def leg(plans: Plans, robot: int, line: int, goal: int, start: int, begins: int, earliest: int, limit: int) -> int:
    """Write the part of a path from ``start`` at the step ``begins`` to ``goal``, and return the step of its end, or -1.

    A* over (step, cell) by buckets of the arrival that is possible; among equals the latest step first.

    Parameters
    ----------
    line
        The row of guides to the goal.
    earliest, limit
        The first and the last step at which it may end.
    """
    near, there, seen = plans.near, plans.there, plans.seen
    guide, last = plans.guides[line], min(limit, plans.there.shape[0] - 1)
    arrival = max(begins + guide[start], earliest)
    if there[begins, start] >= 0 or arrival > last:
        return -1
    if plans.turn[0] == LAST_STAMP:
        plans.seen[:] = 0
        plans.turn[0] = 0
    plans.turn[0] += 1
    stamp, entries = plans.turn[0], 1
    plans.heads[arrival : last + 1] = -1
    plans.links[0, 0], plans.links[0, 1], plans.links[0, 2] = begins, start, -1
    plans.heads[arrival] = 0
    seen[begins, start] = stamp
    while arrival <= last:
        entry = plans.heads[arrival]
        if entry < 0:
            arrival += 1
            continue
        at, here = plans.links[entry, 0], plans.links[entry, 1]
        plans.heads[arrival] = plans.links[entry, 2]
        if here == goal and at >= earliest:
            _write(plans, robot, goal, begins, at)
            return int(at)
        after = at + 1
        if after > last:
            continue
        for k in range(5):
            cell = here if k == 4 else near[here, k]
            if cell < 0 or seen[after, cell] == stamp or there[after, cell] >= 0 or guide[cell] >= NOWHERE:
                continue
            other = there[at, cell]
            if other >= 0 and cell != here and there[after, here] == other:
                continue  # they would change places
            possible = max(after + guide[cell], earliest)
            if possible > last:
                continue
            seen[after, cell] = stamp
            plans.before[after, cell] = here
            plans.links[entries, 0], plans.links[entries, 1] = after, cell
            plans.links[entries, 2] = plans.heads[possible]
            plans.heads[possible] = entries
            entries += 1
    return -1


@numba.njit(cache=True, nogil=True)
def _write(plans: Plans, robot: int, goal: int, begins: int, end: int) -> None:
    path, cell = plans.paths[robot], goal
    path[end] = cell
    for at in range(end, begins, -1):
        cell = plans.before[at, cell]
        path[at - 1] = cell


@numba.njit(cache=True, nogil=True)
def in_turn(plans: Plans, order: Cells) -> int:
    """Plan robots one after another, each around those before it; return who found no way, or -1."""
    plans.there[:] = -1
    for robot in order:
        if not way(plans, robot, plans.there.shape[0] - 1):
            return int(robot)
        put(plans, robot)
    return -1


@numba.njit(cache=True, nogil=True)
def improve(plans: Plans, turns: int, weights: npt.NDArray[np.float64], seed: int) -> int:
    """Plan a few robots anew so many times, and keep that when the sum of their steps isn't larger; return the sum of all.

    Parameters
    ----------
    weights
        [kinds of neighbourhoods, sizes]: how much each gained lately; changed.
    """
    np.random.seed(seed)
    robots = len(plans.starts)
    some, old = np.empty(MOST, np.int32), np.empty((MOST, plans.paths.shape[1]), np.int32)
    lengths = np.empty(MOST, np.int32)
    least = np.empty(robots, np.int32)
    for robot in range(robots):
        least[robot] = plans.guides[robot, plans.starts[robot]]
    for _ in range(turns):
        total = plans.lengths.sum()
        if total == least.sum():
            break
        kind, size = drawn(weights)
        count = _chosen(plans, some, min(robots, 2 << size), kind, least)
        was = 0
        for k in range(count):
            robot = some[k]
            old[k], lengths[k] = plans.paths[robot], plans.lengths[robot]
            was += lengths[k]
            take(plans, robot)
        done = _again(plans, some[:count], was, least)
        now = was
        if done == count:
            now = 0
            for k in range(count):
                now += plans.lengths[some[k]]
        else:
            for k in range(done):
                take(plans, some[k])
            for k in range(count):
                plans.paths[some[k]] = old[k]
                plans.lengths[some[k]] = lengths[k]
                put(plans, some[k])
        weights[kind, size] = max(0.05, 0.99 * weights[kind, size] + 0.01 * 100.0 * (was - now) / (count * count))
    return int(plans.lengths.sum())


@numba.njit(cache=True, nogil=True)
def _again(plans: Plans, some: Cells, was: int, least: Cells) -> int:
    """Plan robots anew in their order, together in at most ``was`` steps; return how many got a path."""
    left = was
    for robot in some:
        left -= least[robot]
    for k in range(len(some)):
        robot = some[k]
        if not way(plans, robot, least[robot] + left):
            return k
        left -= plans.lengths[robot] - least[robot]
        put(plans, robot)
    return len(some)


@numba.njit(cache=True, nogil=True)
def drawn(weights: npt.NDArray[np.float64]) -> tuple[int, int]:
    """Draw a kind and a size by their weights."""
    left = np.random.random() * weights.sum()
    for kind in range(weights.shape[0]):
        for size in range(weights.shape[1]):
            left -= weights[kind, size]
            if left <= 0:
                return kind, size
    return int(weights.shape[0] - 1), int(weights.shape[1] - 1)


@numba.njit(cache=True, nogil=True)
def _chosen(plans: Plans, some: Cells, size: int, kind: int, least: Cells) -> int:
    """Choose robots into ``some``, in random order: those in a late one's way, those around a crossing, or any."""
    robots = len(plans.starts)
    count = 0
    if kind == 0:
        late = _late(plans, least)
        some[0], count = late, 1
        for _ in range(10):
            count = _wandered(plans, some, count, size, late)
            if count == size:
                break
    elif kind == 1:
        count = around(plans, some, size)
    while count < size:
        count = joined(some, count, np.random.randint(robots))
    np.random.shuffle(some[:count])
    return count


@numba.njit(cache=True, nogil=True)
def joined(some: Cells, count: int, robot: int) -> int:
    """Add a robot that is not among the first ``count`` yet; return how many they are."""
    for k in range(count):
        if some[k] == robot:
            return count
    some[count] = robot
    return count + 1


@numba.njit(cache=True, nogil=True)
def _late(plans: Plans, least: Cells) -> int:
    """Draw a robot by the steps it takes more than alone."""
    left = np.random.random() * (plans.lengths.sum() - least.sum())
    for robot in range(len(least)):
        left -= plans.lengths[robot] - least[robot]
        if left < 0:
            return robot
    return len(least) - 1


@numba.njit(cache=True, nogil=True)
def _wandered(plans: Plans, some: Cells, count: int, size: int, late: int) -> int:
    """Add who stands in a late robot's way on a random walk that would bring it to its goal earlier."""
    guide, end = plans.guides[late], plans.lengths[late]
    at = np.random.randint(end) if end else 0
    here = plans.paths[late, at]
    while at < end and count < size:
        first, cell = np.random.randint(5), -1
        for k in range(5):
            way_k = (first + k) % 5
            trial = here if way_k == 4 else plans.near[here, way_k]
            if trial >= 0 and at + 1 + guide[trial] < end:
                cell = trial
                break
        if cell < 0:
            break
        for other in (plans.there[at + 1, cell], plans.there[at, cell]):
            if other >= 0 and other != late and count < size:
                count = joined(some, count, other)
        here = cell
        at += 1
    return count


@numba.njit(cache=True, nogil=True)
def around(plans: Plans, some: Cells, size: int) -> int:
    """Choose who passes a random cell of a random robot's path, at any time, and the cells beside it."""
    robot = np.random.randint(len(plans.starts))
    cell = plans.paths[robot, np.random.randint(plans.lengths[robot] + 1)]
    count = joined(some, 0, robot)
    for _ in range(4):
        first = np.random.randint(plans.there.shape[0])
        for k in range(plans.there.shape[0]):
            other = plans.there[(first + k) % plans.there.shape[0], cell]
            if other >= 0 and count < size:
                count = joined(some, count, other)
        if count == size:
            break
        onward = plans.near[cell, np.random.randint(4)]
        cell = onward if onward >= 0 else cell
    return int(count)
