"""One step of all robots at once with inherited priorities (PIBT; Okumura, Machida, Defago and Tamura 2022).

Two robots that have to change places in a lane pull each other out of it (the swap of Okumura 2023, LaCAM with improvements).
All arrays of a crew stand in one tuple: see `Crew`.
"""

from typing import NamedTuple

import numba
import numpy as np

from yunqi.commerce.logistics.engine.robots.kernels.cells import Cells


class Crew(NamedTuple):
    """Robots on a floor, as the kernels see them.

    Parameters
    ----------
    near
        Neighbours [cells, 4], -1 after the last.
    doors
        Neighbours of each cell, counted.
    guides
        Steps [robots, cells] to each robot's goal.
    goals
        [robots].
    at, after
        Where each robot is, and will be; -1 while that is open.
    holder, claimed
        [cells]: who is there now, and who will be; -1 for nobody.
    chain
        [robots, 10]: who makes whom move, by the columns below.
    swaps
        Whether robots pull each other out of lanes: good where everybody ends at its goal, bad where goals change all day.
    """

    near: Cells
    doors: Cells
    guides: Cells
    goals: Cells
    at: Cells
    after: Cells
    holder: Cells
    claimed: Cells
    chain: Cells
    swaps: bool


ROBOT, PUSHER, COUNT, TRIED, PARTNER, FIRST = 0, 1, 2, 3, 4, 5
"""Columns of a link: robot, who pushes it, its cells, how many were tried, who changes places with it, the first cell."""
TAKEN, STAYS = -1, -2


@numba.njit(cache=True, nogil=True)
def sow(seed: int) -> None:
    """Begin the chances of the kernels anew."""
    np.random.seed(seed)


@numba.njit(cache=True, nogil=True)
def step(crew: Crew, order: Cells, fixed: Cells) -> bool:
    """Choose the next cell of each robot, into ``crew.after``; False when the ``fixed`` ones leave no way.

    Parameters
    ----------
    order
        Robots by priority; who stands in the way of a higher one inherits its priority.
    fixed
        Pairs [.., 2] of a robot and the cell it has to step to.
    """
    at, after, holder, claimed = crew.at, crew.after, crew.holder, crew.claimed
    holder[:] = -1
    claimed[:] = -1
    after[:] = -1
    for robot in range(len(at)):
        holder[at[robot]] = robot
    for row in range(len(fixed)):
        robot, cell = fixed[row, 0], fixed[row, 1]
        other = holder[cell]
        if claimed[cell] >= 0 or (other >= 0 and other != robot and after[other] == at[robot]):
            return False
        after[robot] = cell
        claimed[cell] = robot
    for robot in order:  # noqa: SIM110 - compiled
        if after[robot] < 0 and not _move(crew, robot):
            return False
    return True


@numba.njit(cache=True, nogil=True)
def _move(crew: Crew, robot: int) -> bool:
    """Claim a cell for a robot, and make who stands there move first, and so on; False when it stays, or can't even do that.

    Robots of the chain are rows of ``crew.chain``; the last one is tried next. (Compiled code that calls itself can't be kept.)
    """
    chain = crew.chain
    _link(crew, 0, robot, -1)
    depth, moved, told = 0, False, False
    while depth >= 0:
        link = chain[depth]
        if told and not moved and crew.claimed[link[FIRST + link[TRIED]]] == link[ROBOT]:
            crew.claimed[link[FIRST + link[TRIED]]] = -1
        link[TRIED] += told and not moved
        if not (told and moved):
            state = _claim(crew, link)
            if state >= 0:  # somebody stands there
                depth += 1
                _link(crew, depth, state, link[ROBOT])
                told = False
                continue
            moved = state == TAKEN
        if moved:
            _pull(crew, link)
        told = True
        depth -= 1
    return moved


@numba.njit(cache=True, nogil=True)
def _link(crew: Crew, depth: int, robot: int, pusher: int) -> None:
    """Write a robot at the end of the chain, with the cells it would like best first."""
    link = crew.chain[depth]
    here, guide, count = crew.at[robot], crew.guides[robot], 0
    keys = np.empty(5, np.float64)
    for k in range(5):
        cell = here if k == 4 else crew.near[here, k]
        if cell < 0:
            continue
        key = guide[cell] + (0.5 if crew.holder[cell] >= 0 and cell != here else 0.0) + 0.4 * np.random.random()
        place = count
        while place and keys[place - 1] > key:
            keys[place], link[FIRST + place] = keys[place - 1], link[FIRST + place - 1]
            place -= 1
        keys[place], link[FIRST + place] = key, cell
        count += 1
    link[ROBOT], link[PUSHER], link[COUNT], link[TRIED] = robot, pusher, count, 0
    link[PARTNER] = _partner(crew, robot, link[FIRST]) if crew.swaps else -1
    if link[PARTNER] >= 0:
        link[FIRST : FIRST + count] = link[FIRST : FIRST + count][::-1].copy()


@numba.njit(cache=True, nogil=True)
def _claim(crew: Crew, link: Cells) -> int:
    """Claim the next cell for the robot of a link: who has to leave it first, `TAKEN`, or `STAYS` where none is left."""
    robot, here = link[ROBOT], crew.at[link[ROBOT]]
    while link[TRIED] < link[COUNT]:
        cell = link[FIRST + link[TRIED]]
        other = crew.holder[cell]
        swaps = other >= 0 and other != robot and crew.after[other] == here
        if crew.claimed[cell] < 0 and not swaps:
            crew.after[robot] = cell
            crew.claimed[cell] = robot
            return TAKEN if other < 0 or other == robot or crew.after[other] >= 0 else int(other)
        link[TRIED] += 1
    if crew.claimed[here] >= 0 and crew.claimed[here] != robot and crew.claimed[here] != link[PUSHER]:
        crew.after[robot] = -1
    else:
        crew.after[robot] = here
        crew.claimed[here] = robot
    return STAYS


@numba.njit(cache=True, nogil=True)
def _pull(crew: Crew, link: Cells) -> None:
    """Let who has to change places with a robot follow it, when it got the cell it liked best."""
    here, partner = crew.at[link[ROBOT]], link[PARTNER]
    if link[TRIED] == 0 and partner >= 0 and crew.after[partner] < 0 and crew.claimed[here] < 0:
        crew.after[partner] = here
        crew.claimed[here] = partner


@numba.njit(cache=True, nogil=True)
def _partner(crew: Crew, robot: int, best: int) -> int:
    """Return who has to change places with a robot that would step to ``best``, or -1."""
    at, holder = crew.at, crew.holder
    here = at[robot]
    if best == here:
        return -1
    other = holder[best]
    if (
        other >= 0
        and crew.after[other] < 0
        and _must_swap(crew, robot, other, here, best)
        and _can_swap(crew, best, here)
    ):
        return int(other)
    for k in range(4):
        cell = crew.near[here, k]
        if cell < 0:
            break
        behind = holder[cell]
        if behind < 0 or behind == robot or cell == best:
            continue
        if _must_swap(crew, behind, robot, here, best) and _can_swap(crew, best, here):
            return int(behind)
    return -1


@numba.njit(cache=True, nogil=True)
def _onward(crew: Crew, cell: int, before: int) -> tuple[int, int]:
    """Return how many ways lead on from a cell, without dead ends where somebody rests, and one of them."""
    count, onward = crew.doors[cell], -1
    for k in range(4):
        there = crew.near[cell, k]
        if there < 0:
            break
        rests = crew.holder[there]
        if there == before or (crew.doors[there] == 1 and rests >= 0 and crew.goals[rests] == there):
            count -= 1
        else:
            onward = there
    return count, onward


@numba.njit(cache=True, nogil=True)
def _must_swap(crew: Crew, pusher: int, puller: int, behind: int, ahead: int) -> bool:
    """Whether one robot pushing another along the lane ahead only ends where both want past each other."""
    push, pull = crew.guides[pusher], crew.guides[puller]
    while push[ahead] < push[behind]:
        count, onward = _onward(crew, ahead, behind)
        if count >= 2:
            return False
        if count <= 0:
            break
        behind, ahead = ahead, onward
    return bool(pull[behind] < pull[ahead] and (push[behind] == 0 or push[ahead] < push[behind]))


@numba.njit(cache=True, nogil=True)
def _can_swap(crew: Crew, ahead: int, behind: int) -> bool:
    """Whether the lane behind widens, so that two robots can change places there."""
    first = ahead
    while behind != first:
        count, onward = _onward(crew, behind, ahead)
        if count >= 2:
            return True
        if count <= 0:
            return False
        ahead, behind = behind, onward
    return False
