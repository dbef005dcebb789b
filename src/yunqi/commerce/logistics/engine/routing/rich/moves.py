"""Ruin and recreate over simulated days, compiled."""

import numpy as np
from numba import njit

from yunqi.commerce.logistics.engine.routing.rich.day import pinned_elsewhere
from yunqi.commerce.logistics.engine.routing.rich.departing import best_departure
from yunqi.commerce.logistics.engine.routing.rich.layout import (
    AFTERS,
    CLOCK,
    END,
    FIRST_AFTER,
    GROUP,
    INFEASIBLE,
    KIND,
    LIKE,
    LURE,
    PARTNER,
    PENALTY,
    PER_DISTANCE,
    PIN,
    PLACE,
    PREFIX,
    REQUIRED,
    SHIP_DELIVERY,
    SHIP_PICKUP,
    START,
    TRAVELS,
    marks_room,
)
from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints

ALL_PLACES, PLACES, PAIR_PLACES = 30, 12, 8
"""Places in a row up to which an insertion looks at all of them, and at how many else: each is a whole simulated day."""
TRIED_AGAIN = 30
"""Tasks left out that an iteration tries to insert again: where hundreds are, all of them would take its whole time."""


@njit(cache=True, nogil=True)
def evaluate(q: tuple, r: int, sequence: Ints, length: int, ends: Ints, marks: Ints, c: Ints) -> float:
    """Return the cost of a vehicle that serves a sequence."""
    table = q[9][q[4][r, TRAVELS]]
    cost, _, _ = best_departure(
        q[0], q[1], q[2], q[3], q[4][r], q[5][r], q[6][r], q[7], q[8], table, q[10], sequence, length, ends, marks, c
    )
    return cost


@njit(cache=True, nogil=True)
def try_vehicle(
    q: tuple, r: int, i: int, row: Ints, length: int, base: float, best: float, work: Ints, ends: Ints, marks: Ints, c: Ints,
    blink: float
) -> tuple[float, int, int]:  # fmt: skip
    """Return the cheapest insertion of a task (and of its partner) into a vehicle: added cost and places.

    Parameters
    ----------
    blink
        The chance with which a better place is passed over, as the search does to get about; 0 for prices.
    """
    tasks = q[0]
    mate = tasks[i, PARTNER] if tasks[i, KIND] != SHIP_DELIVERY else -1  # what is on board already is only brought
    at, to = -1, -1
    first = min(q[4][r, PREFIX], length)
    unit = q[6][r, PER_DISTANCE]
    near, far = places(q, r, i, row, length, first, PLACES if mate < 0 else PAIR_PLACES)
    behind, more = places(q, r, mate, row, length, first, PAIR_PLACES) if mate >= 0 else (near, far)
    for k in range(len(near)):
        a = near[k]
        if unit * far[k] >= best:  # the way alone costs as much
            continue
        work[:a] = row[:a]
        work[a] = i
        if mate < 0:
            work[a + 1 : length + 1] = row[a:length]
            cost = evaluate(q, r, work, length + 1, ends, marks, c) - base
            if cost < best and (blink == 0 or np.random.random() > blink):
                best, at = cost, a
            continue
        for j in range(-1, len(behind)):
            b = a + 1 if j < 0 else behind[j] + 1
            if j >= 0 and (b <= a + 1 or unit * (far[k] + more[j]) >= best):
                continue
            work[a + 1 : b] = row[a : b - 1]
            work[b] = mate
            work[b + 1 : length + 2] = row[b - 1 : length]
            cost = evaluate(q, r, work, length + 2, ends, marks, c) - base
            if cost < best and (blink == 0 or np.random.random() > blink):
                best, at, to = cost, a, b
    return best, at, to


@njit(cache=True, nogil=True)
def places(q: tuple, r: int, i: int, row: Ints, length: int, first: int, most: int) -> tuple[Ints, Ints]:
    """Return where in a row a task may go, all or in a long one the places with the shortest detours, and the detours."""
    tasks, table = q[0], q[9][q[4][r, TRAVELS]]
    detours = np.zeros(length + 1 - first, np.int64)
    here = tasks[i, PLACE]
    for a in range(first, length + 1):
        before = tasks[row[a - 1], PLACE] if a > 0 else q[4][r, START]
        after = tasks[row[a], PLACE] if a < length else q[4][r, END]
        if before >= 0:
            detours[a - first] += table[0, before, here]
        if after >= 0:
            detours[a - first] += table[0, here, after]
        if before >= 0 and after >= 0:
            detours[a - first] -= table[0, before, after]
    if len(detours) <= ALL_PLACES:
        return np.arange(first, length + 1), detours
    order = np.argsort(detours)[:most]
    return order + first, detours[order]


@njit(cache=True, nogil=True)
def group_home(tasks: Ints, where: Ints, i: int) -> int:
    """Return the vehicle that serves others of the task's group, or -1."""
    if tasks[i, GROUP] >= 0:
        for j in range(len(where)):
            if where[j] >= 0 and tasks[j, GROUP] == tasks[i, GROUP]:
                return where[j]
    return -1


@njit(cache=True, nogil=True)
def insert_best(
    q: tuple, i: int, seq: Ints, lens: Ints, costs: Floats, where: Ints, near: Ints, saved: Ints, mark: Ints, work: Ints,
    ends: Ints, marks: Ints, c: Ints
) -> bool:  # fmt: skip
    """Insert a task where it adds least; False when that costs more than leaving it out."""
    tasks, vehicles = q[0], q[4]
    home = group_home(tasks, where, i)
    # What others wait for is worth serving for their sake; not always, or else it would stay without them.
    lure = tasks[i, LURE] if tasks[i, LURE] > 0 and np.random.random() < 0.5 else 0
    best, chosen, at, to = float(tasks[i, PENALTY] + lure), -1, -1, -1
    m = len(lens)
    beside = np.zeros(m, np.bool_)
    wide = len(where) <= 250 or home >= 0
    for k in range(near.shape[1]):
        if near[i, k] >= 0 and where[near[i, k]] >= 0:
            beside[where[near[i, k]]] = True
    last_empty = -1
    for r in range(m):
        if pinned_elsewhere(tasks, i, r) or (home >= 0 and home != r):
            continue
        if lens[r] == 0:
            if vehicles[r, LIKE] == last_empty and tasks[i, PIN] < 0:
                continue
            last_empty = vehicles[r, LIKE]
        elif not wide and not beside[r]:
            continue
        cost, a, b = try_vehicle(q, r, i, seq[r], lens[r], costs[r], best, work, ends, marks, c, 0.01)
        if a >= 0 and cost < best:
            best, chosen, at, to = cost, r, a, b
    if chosen < 0:
        return False
    touch(seq, lens, chosen, saved, mark)
    put(seq, lens, where, chosen, i, at)
    if to >= 0:
        put(seq, lens, where, chosen, tasks[i, PARTNER], to)
    costs[chosen] += best
    return True


@njit(cache=True, nogil=True)
def price(q: tuple, i: int, seq: Ints, lens: Ints, costs: Floats) -> tuple[float, int]:
    """Return what a task adds where it adds least, and the vehicle; INFEASIBLE and -1 where it fits nowhere."""
    n, width = len(q[0]), seq.shape[1]
    work, ends = np.zeros(width + 4, np.int64), np.full(n, -1, np.int64)
    marks, c = np.zeros(marks_room(width, q[5].shape[1]), np.int64), np.zeros(CLOCK, np.int64)
    best, chosen, last_empty = INFEASIBLE / 2, -1, -1
    for r in range(len(lens)):
        if pinned_elsewhere(q[0], i, r) or (lens[r] == 0 and q[4][r, LIKE] == last_empty):
            continue
        if lens[r] == 0:
            last_empty = q[4][r, LIKE]
        cost, at, _ = try_vehicle(q, r, i, seq[r], lens[r], costs[r], best, work, ends, marks, c, 0.0)
        if at >= 0 and cost < best:
            best, chosen = cost, r
    return best, chosen


@njit(cache=True, nogil=True)
def put(seq: Ints, lens: Ints, where: Ints, r: int, i: int, at: int) -> None:
    """Put a task into a row."""
    for k in range(lens[r], at, -1):
        seq[r, k] = seq[r, k - 1]
    seq[r, at] = i
    lens[r] += 1
    where[i] = r


@njit(cache=True, nogil=True)
def touch(seq: Ints, lens: Ints, r: int, saved: Ints, mark: Ints) -> None:
    """Save a row before its first change."""
    if mark[r] < 0:
        mark[r] = lens[r]
        saved[r, : lens[r]] = seq[r, : lens[r]]


@njit(cache=True, nogil=True)
def drop(tasks: Ints, seq: Ints, lens: Ints, where: Ints, r: int, i: int) -> None:
    """Take a task out of a row."""
    for k in range(lens[r]):
        if seq[r, k] == i:
            for b in range(k, lens[r] - 1):
                seq[r, b] = seq[r, b + 1]
            lens[r] -= 1
            where[i] = -1
            return


@njit(cache=True, nogil=True)
def widow(q: tuple, seq: Ints, lens: Ints, where: Ints, locked: Ints, r: int) -> int:
    """Return a task of a row whose partner or predecessor is not there any more, or -1."""
    tasks, afters = q[0], q[3]
    for k in range(lens[r]):
        i = seq[r, k]
        if locked[i]:
            continue
        if tasks[i, PARTNER] >= 0 and where[tasks[i, PARTNER]] != r:
            return i
        for a in range(tasks[i, FIRST_AFTER], tasks[i, FIRST_AFTER] + tasks[i, AFTERS]):
            if where[afters[a]] != r:
                return i
    return -1


@njit(cache=True, nogil=True)
def ruin_near(
    q: tuple, seq: Ints, lens: Ints, where: Ints, near: Ints, locked: Ints, saved: Ints, mark: Ints, removed: Ints, count: int
) -> int:  # fmt: skip
    """Remove some tasks around a random one, now and then all of its group; return how many are listed now."""
    tasks = q[0]
    n = len(where)
    wanted = 1 + int(np.random.random() * min(12.0, max(0.4 * n, 6.0)))
    seed = int(np.random.random() * n)
    done = 0
    if tasks[seed, GROUP] >= 0 and np.random.random() < 0.3:
        for i in range(n):
            if tasks[i, GROUP] == tasks[seed, GROUP] and where[i] >= 0 and not locked[i]:
                count = take(q, seq, lens, where, locked, saved, mark, removed, count, i)
                done += 1
    for k in range(-1, near.shape[1]):
        i = seed if k < 0 else near[seed, k]
        if i < 0 or done >= wanted:
            break
        if where[i] < 0 or locked[i] or np.random.random() < 0.15:
            continue
        before = lens[where[i]]
        r = where[i]
        count = take(q, seq, lens, where, locked, saved, mark, removed, count, i)
        done += before - lens[r]
    return count


@njit(cache=True, nogil=True)
def turns(q: tuple, removed: Ints, count: int, keys: Floats) -> Ints:
    """Return the order in which tasks are inserted: by chance, but what must be served before what has a prize, and each
    behind what it has to follow. ``keys``: -1 for each task, and set back to -1."""
    tasks, afters = q[0], q[3]
    for k in range(count):
        i = removed[k]
        keys[i] = np.random.random() + (2.0 if tasks[i, PENALTY] + tasks[i, LURE] < REQUIRED else 0.0)
    moved = True
    while moved:
        moved = False
        for k in range(count):
            i = removed[k]
            for a in range(tasks[i, FIRST_AFTER], tasks[i, FIRST_AFTER] + tasks[i, AFTERS]):
                if keys[afters[a]] >= keys[i]:
                    keys[i] = keys[afters[a]] + 0.1 * np.random.random() + 1e-6
                    moved = True
    order = np.argsort(keys[removed[:count]])
    for k in range(count):
        keys[removed[k]] = -1.0
    return order


@njit(cache=True, nogil=True)
def take(
    q: tuple, seq: Ints, lens: Ints, where: Ints, locked: Ints, saved: Ints, mark: Ints, removed: Ints, count: int, i: int
) -> int:  # fmt: skip
    """Remove a task with all that cannot be there without it; return how many are listed now."""
    tasks = q[0]
    r = where[i]
    touch(seq, lens, r, saved, mark)
    while i >= 0:
        drop(tasks, seq, lens, where, r, i)
        mate = tasks[i, PARTNER]
        if mate < 0 or tasks[i, KIND] == SHIP_PICKUP or locked[mate]:
            removed[count] = i
            count += 1
        i = widow(q, seq, lens, where, locked, r)
    return count


@njit(cache=True, nogil=True)
def improve(
    q: tuple, seq: Ints, lens: Ints, costs: Floats, where: Ints, near: Ints, locked: Ints, absent: Ints,
    numbers: Floats, best_seq: Ints, best_lens: Ints, home: Ints, leeway: int, iterations: int, temperature: float, seed: int
) -> None:  # fmt: skip
    """Ruin and recreate for some iterations.

    Parameters
    ----------
    numbers
        Cost, best cost, tasks in ``absent``, iterations.
    home, leeway
        The vehicle that each task had (-1: none), and how many may leave it.
    """
    if seed >= 0:
        np.random.seed(seed)
    tasks = q[0]
    m, width = seq.shape
    n = len(where)
    saved, mark, old = np.zeros((m, width), np.int64), np.full(m, -1, np.int64), np.zeros(m, np.float64)
    work, ends = np.zeros(width + 4, np.int64), np.full(n, -1, np.int64)
    marks = np.zeros(marks_room(width, q[5].shape[1]), np.int64)
    keys = np.full(n, -1.0, np.float64)
    c, removed, was = np.zeros(CLOCK, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    for _ in range(iterations):
        numbers[3] += 1
        mark[:] = -1
        old[:] = costs
        gone = int(numbers[2])
        was[:gone] = absent[:gone]
        tried = min(gone, TRIED_AGAIN if n <= 300 else TRIED_AGAIN // 2)
        for k in range(tried):
            other = k + int(np.random.random() * (gone - k))
            absent[k], absent[other] = absent[other], absent[k]
        removed[:tried] = absent[:tried]
        count = ruin_near(q, seq, lens, where, near, locked, saved, mark, removed, tried)
        sound = True
        for r in range(m):
            if mark[r] >= 0:
                costs[r] = evaluate(q, r, seq[r], lens[r], ends, marks, c)
                sound = sound and costs[r] < INFEASIBLE
        left = gone - tried
        for k in range(left):
            absent[k] = absent[k + tried]
        if sound:
            for k in turns(q, removed, count, keys):
                i = removed[k]
                if not insert_best(q, i, seq, lens, costs, where, near, saved, mark, work, ends, marks, c):
                    absent[left] = i
                    left += 1
        cost = costs.sum()
        for k in range(left):
            cost += tasks[absent[k], PENALTY]
        if sound and leavers(where, home) > leeway:
            sound = False
        if sound and cost < numbers[0] - temperature * np.log(np.random.random() + 1e-12):
            numbers[0], numbers[2] = cost, left
            if cost < numbers[1] - 1e-6:
                numbers[1] = cost
                best_seq[:] = seq
                best_lens[:] = lens
        else:
            undo(seq, lens, where, saved, mark)
            costs[:] = old
            absent[:gone] = was[:gone]
            numbers[2] = gone


@njit(cache=True, nogil=True)
def leavers(where: Ints, home: Ints) -> int:
    """Return how many tasks are served by another vehicle than the one they had."""
    found = 0
    for i in range(len(where)):
        if home[i] >= 0 and where[i] >= 0 and where[i] != home[i]:
            found += 1
    return found


@njit(cache=True, nogil=True)
def undo(seq: Ints, lens: Ints, where: Ints, saved: Ints, mark: Ints) -> None:
    """Put every touched row back."""
    for r in range(len(lens)):
        if mark[r] >= 0:
            for k in range(lens[r]):
                where[seq[r, k]] = -1
    for r in range(len(lens)):
        if mark[r] >= 0:
            lens[r] = mark[r]
            seq[r, : lens[r]] = saved[r, : lens[r]]
            for k in range(lens[r]):
                where[seq[r, k]] = r
