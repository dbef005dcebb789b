"""A day of errands made better: a few robots are planned anew, with errands that change hands (large neighbourhoods).

Unlike the steps that are chosen one by one, this knows the errands to come. The goals of the day's `Plans` are homes.
"""

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.robots.kernels.around import (
    MOST,
    Plans,
    around,
    drawn,
    free_from,
    joined,
    leg,
    put,
    take,
)
from yunqi.commerce.logistics.engine.robots.kernels.cells import Cells


class Day(NamedTuple):
    """Who does which errands when.

    Parameters
    ----------
    plans
        Paths, with the robots' homes as goals; its guides have lines for pickups and drops too.
    line
        [cells]: the row of guides to a cell, -1 where nobody goes.
    pickups, drops, releases
        [errands]: cells, and the step from which an errand can be picked up.
    turns, counts
        [robots, errands] in their order, and how many they are.
    dropped, picked
        [errands]: steps.
    """

    plans: Plans
    line: Cells
    pickups: Cells
    drops: Cells
    releases: Cells
    turns: Cells
    counts: Cells
    dropped: Cells
    picked: Cells


@numba.njit(cache=True, nogil=True)
def improve_day(day: Day, turns: int, weights: npt.NDArray[np.float64], seed: int) -> None:
    """Plan a few robots anew so many times, and keep what takes no more steps from release to drop.

    Parameters
    ----------
    weights
        [kinds of neighbourhoods, sizes]: how much each gained lately; changed.
    """
    np.random.seed(seed)
    plans, robots = day.plans, len(day.counts)
    some, paths = np.empty(MOST, np.int32), np.empty((MOST, plans.paths.shape[1]), np.int32)
    turns_kept, counts_kept = np.empty((MOST, day.turns.shape[1]), np.int32), np.empty((2, MOST), np.int32)
    picked, dropped = np.empty_like(day.picked), np.empty_like(day.dropped)
    for _ in range(turns):
        kind, size = drawn(weights)
        count = _chosen(day, some, min(robots, 1 << size), kind)
        picked[:], dropped[:] = day.picked, day.dropped
        was = 0
        for k in range(count):
            robot = some[k]
            paths[k], turns_kept[k] = plans.paths[robot], day.turns[robot]
            counts_kept[0, k], counts_kept[1, k] = day.counts[robot], plans.lengths[robot]
            was += _steps(day, robot)
            take(plans, robot)
        if np.random.random() < 0.6:
            _hand_over(day, some[:count])
        done, now = 0, 0
        while done < count:
            if not _planned(day, some[done]):
                break
            put(plans, some[done])
            now += _steps(day, some[done])
            done += 1
            if now > was:
                break
        gained = was - now
        if done < count or gained < 0:
            gained = 0
            for k in range(done):
                take(plans, some[k])
            for k in range(count):
                robot = some[k]
                plans.paths[robot], day.turns[robot] = paths[k], turns_kept[k]
                day.counts[robot], plans.lengths[robot] = counts_kept[0, k], counts_kept[1, k]
                put(plans, robot)
            day.picked[:], day.dropped[:] = picked, dropped
        weights[kind, size] = max(0.05, 0.99 * weights[kind, size] + gained / (count * count))


@numba.njit(cache=True, nogil=True)
def _steps(day: Day, robot: int) -> int:
    """Return the steps from release to drop of a robot's errands."""
    total = 0
    for k in range(day.counts[robot]):
        errand = day.turns[robot, k]
        total += day.dropped[errand] - day.releases[errand]
    return total


@numba.njit(cache=True, nogil=True)
def _planned(day: Day, robot: int) -> bool:
    """Write a robot's path past all its errands and home; False when there is none."""
    plans = day.plans
    here, now, last = plans.starts[robot], 0, plans.there.shape[0] - 1
    for k in range(day.counts[robot]):
        errand = day.turns[robot, k]
        pickup, drop = day.pickups[errand], day.drops[errand]
        now = leg(plans, robot, day.line[pickup], pickup, here, now, day.releases[errand], last)
        if now < 0:
            return False
        day.picked[errand] = now
        now = leg(plans, robot, day.line[drop], drop, pickup, now, now, last)
        if now < 0:
            return False
        day.dropped[errand] = now
        here = drop
    home = plans.goals[robot]
    end = leg(plans, robot, day.line[home], home, here, now, max(now, free_from(plans, home)), last)
    if end < 0:
        return False
    plans.paths[robot, end:] = home
    plans.lengths[robot] = end
    return True


@numba.njit(cache=True, nogil=True)
def _chosen(day: Day, some: Cells, size: int, kind: int) -> int:
    """Choose robots into ``some``, in random order: in a busy one's way, around a crossing, near its errands, or any."""
    plans, robots = day.plans, len(day.counts)
    count, first = 0, np.random.randint(robots)
    for _ in range(2):  # of three, who has most to wait for
        other = np.random.randint(robots)
        if _steps(day, other) > _steps(day, first):
            first = other
    if kind == 0:
        some[0], count = first, 1
        for _ in range(4):
            count = _beside(plans, some, count, size, first)
    elif kind == 1:
        count = around(plans, some, size)
    elif kind == 2 and day.counts[first]:
        some[0], count = first, 1
        errand = day.turns[first, np.random.randint(day.counts[first])]
        at, guide = day.picked[errand], plans.guides[day.line[day.pickups[errand]]]
        for _ in range(30):
            other = np.random.randint(robots)
            if count < size and guide[plans.paths[other, at]] <= 2 + at // 4 + np.random.randint(12):
                count = joined(some, count, other)
    while count < size:
        count = joined(some, count, np.random.randint(robots))
    np.random.shuffle(some[:count])
    return count


@numba.njit(cache=True, nogil=True)
def _beside(plans: Plans, some: Cells, count: int, size: int, robot: int) -> int:
    """Add who is next to a robot during some steps of its path."""
    begins = np.random.randint(plans.lengths[robot] + 1)
    for at in range(begins, min(begins + 12, plans.there.shape[0])):
        here = plans.paths[robot, at]
        for k in range(4):
            cell = plans.near[here, k]
            if cell < 0 or count == size:
                break
            other = plans.there[at, cell]
            if other >= 0 and other != robot:
                count = joined(some, count, other)
    return count


@numba.njit(cache=True, nogil=True)
def _hand_over(day: Day, some: Cells) -> None:
    """Take one or two errands from robots and give each where it seems to cost least, with some chance."""
    for _ in range(1 + np.random.randint(2)):
        giver = some[np.random.randint(len(some))]
        if not day.counts[giver]:
            continue
        place = np.random.randint(day.counts[giver])
        errand = day.turns[giver, place]
        day.turns[giver, place : day.counts[giver] - 1] = day.turns[giver, place + 1 : day.counts[giver]].copy()
        day.counts[giver] -= 1
        best, to, at = np.inf, giver, place
        for robot in some:
            before = _guess(day, robot, -1, 0)
            for k in range(day.counts[robot] + 1):
                more = (_guess(day, robot, errand, k) - before) * (1.0 + 0.3 * np.random.random())
                if more < best:
                    best, to, at = more, robot, k
        if day.counts[to] == day.turns.shape[1]:
            to, at = giver, place
        day.turns[to, at + 1 : day.counts[to] + 1] = day.turns[to, at : day.counts[to]].copy()
        day.turns[to, at] = errand
        day.counts[to] += 1


@numba.njit(cache=True, nogil=True)
def _guess(day: Day, robot: int, errand: int, place: int) -> int:
    """Return a robot's steps from release to drop on an empty floor, with one errand more at a place of its turns."""
    plans = day.plans
    here, now, total = plans.starts[robot], 0, 0
    for k in range(day.counts[robot] + (errand >= 0)):
        shifted = errand >= 0 and k > place
        one = errand if errand >= 0 and k == place else day.turns[robot, k - 1 if shifted else k]
        pickup, drop = day.pickups[one], day.drops[one]
        now = max(now + plans.guides[day.line[pickup], here], day.releases[one])
        now += plans.guides[day.line[drop], pickup]
        total += now - day.releases[one]
        here = drop
    return total
