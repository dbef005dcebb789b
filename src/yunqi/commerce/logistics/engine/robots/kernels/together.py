"""Depth-first search over where all robots are (LaCAM; Okumura 2023): it finds a way where there is one, fast for hundreds.

A scene is where everybody is. From each scene steps are tried, at first as the robots like; each time the search comes back one
robot more is told where to go, in a tree that in the end holds every step of all of them.
"""

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.robots.kernels.cells import Cells
from yunqi.commerce.logistics.engine.robots.kernels.steps import Crew, step

FOUND, OPEN, NONE, FULL = 0, 1, 2, 3
"""Whether the goals are reached, the search can go on, every step was tried, or there is no room for more scenes."""


class Scenes(NamedTuple):
    """What the search knows, in tables that are filled in turn.

    Parameters
    ----------
    cells, order
        [scenes, robots]: where all are, and who steps first.
    patience
        [scenes, robots]: steps since a robot was at its goal last.
    before
        [scenes]: the scene from which this one was reached first.
    first, last
        [scenes]: of its queue of demands; -1 for none.
    demands
        [.., 5]: robot, cell, the demand it adds to, how many those are, the next in the queue.
    stack
        Scenes to go on from.
    counts
        Scenes, demands, depth of the stack.
    table
        Scenes by their hash, -1 for none.
    """

    cells: Cells
    order: Cells
    patience: npt.NDArray[np.float32]
    before: Cells
    first: Cells
    last: Cells
    demands: Cells
    stack: Cells
    counts: npt.NDArray[np.int64]
    table: Cells


def new_scenes(robots: int, room: int) -> Scenes:
    """Return empty tables for so many scenes."""
    size = 1 << (2 * room).bit_length()
    return Scenes(
        np.empty((room, robots), np.int32), np.empty((room, robots), np.int32), np.empty((room, robots), np.float32),
        np.full(room, -1, np.int32), np.full(room, -1, np.int32), np.full(room, -1, np.int32),
        np.empty((6 * room, 5), np.int32), np.empty(8 * room, np.int32), np.zeros(3, np.int64),
        np.full(size, -1, np.int32),
    )  # fmt: skip


@numba.njit(cache=True, nogil=True)
def begin(crew: Crew, scenes: Scenes, seed: int) -> None:
    """Put the first scene on the stack: who has the longest way steps first."""
    np.random.seed(seed)
    for robot in range(len(crew.at)):
        scenes.patience[0, robot] = crew.guides[robot, crew.at[robot]] / len(crew.near)
    _add(scenes, crew.at, -1)
    scenes.stack[0], scenes.counts[2] = 0, 1


@numba.njit(cache=True, nogil=True)
def search(crew: Crew, scenes: Scenes, turns: int) -> int:
    """Go on for so many turns; return how it stands. When `FOUND`, the scene on the top of the stack is the end."""
    counts, robots = scenes.counts, len(crew.at)
    fixed = np.empty((robots, 2), np.int32)
    for _ in range(turns):
        if counts[2] == 0:
            return NONE
        here = scenes.stack[counts[2] - 1]
        if np.array_equal(scenes.cells[here], crew.goals):
            return FOUND
        demand = scenes.first[here]
        if demand < 0:
            counts[2] -= 1
            continue
        if counts[0] == len(scenes.cells) or counts[1] + 6 > len(scenes.demands) or counts[2] == len(scenes.stack):
            return FULL
        scenes.first[here] = scenes.demands[demand, 4]
        told = scenes.demands[demand, 3]
        if told < robots:
            _ask(crew, scenes, here, demand)
        at = demand
        for k in range(told):
            fixed[k, 0], fixed[k, 1] = scenes.demands[at, 0], scenes.demands[at, 1]
            at = scenes.demands[at, 2]
        crew.at[:] = scenes.cells[here]
        if not step(crew, scenes.order[here], fixed[:told]):
            continue
        known = _find(scenes, crew.after)
        if known < 0:
            for robot in range(robots):
                now = scenes.patience[here, robot]
                rests = crew.after[robot] == crew.goals[robot]
                scenes.patience[counts[0], robot] = now % 1.0 if rests else now + 1.0
            known = _add(scenes, crew.after, here)
        scenes.stack[counts[2]] = known
        counts[2] += 1
    return OPEN


@numba.njit(cache=True, nogil=True)
def _ask(crew: Crew, scenes: Scenes, here: int, demand: int) -> None:
    """Add demands that tell one robot more where to go, in random order, at the end of the scene's queue."""
    told = scenes.demands[demand, 3]
    robot = scenes.order[here, told]
    cell = scenes.cells[here, robot]
    ways, count = np.empty(5, np.int32), 1
    ways[0] = cell
    for k in range(4):
        if crew.near[cell, k] >= 0:
            ways[count] = crew.near[cell, k]
            count += 1
    np.random.shuffle(ways[:count])
    for k in range(count):
        _queue(scenes, here, robot, ways[k], demand, told + 1)


@numba.njit(cache=True, nogil=True)
def _queue(scenes: Scenes, here: int, robot: int, cell: int, above: int, told: int) -> None:
    new = scenes.counts[1]
    scenes.counts[1] += 1
    row = scenes.demands[new]
    row[0], row[1], row[2], row[3], row[4] = robot, cell, above, told, -1
    if scenes.first[here] < 0:
        scenes.first[here] = new
    else:
        scenes.demands[scenes.last[here], 4] = new
    scenes.last[here] = new


@numba.njit(cache=True, nogil=True)
def _add(scenes: Scenes, cells: Cells, before: int) -> int:
    """Write a scene whose patience stands already; return its number."""
    new = scenes.counts[0]
    scenes.counts[0] += 1
    scenes.cells[new] = cells
    scenes.order[new] = np.argsort(-scenes.patience[new]).astype(np.int32)
    scenes.before[new] = before
    _queue(scenes, new, -1, -1, -1, 0)
    place = _place(scenes, cells)
    scenes.table[place] = new
    return int(new)


@numba.njit(cache=True, nogil=True)
def _find(scenes: Scenes, cells: Cells) -> int:
    return int(scenes.table[_place(scenes, cells)])


@numba.njit(cache=True, nogil=True)
def _place(scenes: Scenes, cells: Cells) -> int:
    """Return where a scene stands in the table, or would stand."""
    mixed = np.uint64(14695981039346656037)
    for cell in cells:
        mixed = (mixed ^ np.uint64(cell)) * np.uint64(1099511628211)
    mixed ^= mixed >> np.uint64(29)
    mask = len(scenes.table) - 1
    place = np.int64(mixed & np.uint64(mask))
    while scenes.table[place] >= 0 and not np.array_equal(scenes.cells[scenes.table[place]], cells):
        place = (place + 1) & mask
    return int(place)
