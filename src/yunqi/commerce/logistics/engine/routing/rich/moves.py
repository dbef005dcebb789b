"""Ruin and recreate over simulated days, compiled."""

import numpy as np
from numba import njit

from yunqi.commerce.logistics.engine.routing.rich.insert import insert, price
from yunqi.commerce.logistics.engine.routing.rich.layout import (
    ABSENT,
    ABSENTS,
    ALL_PIN,
    BARRED,
    BEST,
    COST,
    COSTS,
    DIRTY,
    DONE,
    FAMILY,
    GENEROUS,
    INFEASIBLE,
    IS_BOUND,
    IS_JOINT,
    LEVEL,
    LURE,
    MINE,
    MOVED,
    ORDER,
    PENALTY,
    PRICE_COLUMNS,
    REMOVED,
    REQUIRED,
    SAVED_COSTS,
    SAVED_LENGTH,
    TOUCHED,
    TOUCHES,
    WAS,
    M,
    N,
)
from yunqi.commerce.logistics.engine.routing.rich.rows import keep_best, undo, weigh
from yunqi.commerce.logistics.engine.routing.rich.ruin import below, ruin
from yunqi.commerce.logistics.engine.routing.rich.ways import task
from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints, Matrix

BAR, BAR_OF_MANY = 0.3, 1.0
"""How often a vehicle is barred for an iteration, at most, and times the number of vehicles."""
PINNED_FIRST = 0.7
"""How often what is bound to one vehicle is put in first."""
OPTIONAL = 100.0
"""Behind all that must be served comes what need not be."""
BE_GENEROUS, MOST_GENEROUS = 0.15, 3.0
"""How often prizes count more, and by how many times their worth at most."""
TRIED_AGAIN, TRIED_OF_MANY, MANY = 30, 15, 300
"""Absent tasks that an iteration tries to put in, and of more than so many tasks: hundreds would take all of its time."""


@njit(cache=True, nogil=True)
def begin(p: Ints, prices: Floats, table: Matrix, s: Ints, f: Floats, c: Ints, limit: int) -> None:
    """Price this thread's rows, and take them as the best of the round if no more tasks are away than may be."""
    cost = 0.0
    for r in range(p[M]):
        s[s[SAVED_LENGTH] + r] = -1
        weigh(p, s, r)
        if s[s[MINE] + r]:
            cost += price(p, prices, table, s, f, c, r, 0)
            s[s[DIRTY] + r] = 1
    for k in range(s[ABSENT]):
        cost += task(p, s[s[ABSENTS] + k], PENALTY)
    f[COST], f[BEST] = cost, INFEASIBLE
    s[BARRED], s[IS_JOINT], f[GENEROUS] = -1, 0, 1.0
    if s[MOVED] <= limit:
        f[BEST] = cost
        keep_best(p, s)


@njit(cache=True, nogil=True)
def arrange(p: Ints, prices: Floats, s: Ints, f: Floats, count: int) -> None:
    """Give what is to be put in an order: who must be served first, then by chance or by a key of the tasks.

    Half of the time what has to share a vehicle comes one after the other, else predecessors come before all others.
    """
    kind = below(12)
    keys = p[M] * PRICE_COLUMNS
    which = 0 if kind < 7 else (1 if kind < 9 else (2 if kind < 10 else 3))
    shuffle = 1000.0 * np.random.random()
    first = 1.0 if np.random.random() < PINNED_FIRST else 0.0
    for k in range(count):
        i = s[s[REMOVED] + k]
        key = np.random.random() if kind < 4 else prices[keys + which * p[N] + i]
        level = 4.0 * task(p, i, LEVEL)
        if s[IS_JOINT] and task(p, i, IS_BOUND):
            key, level = (shuffle * (task(p, i, FAMILY) + 1)) % 1.0, 1e-3 * task(p, i, LEVEL)
        optional = OPTIONAL if task(p, i, PENALTY) + task(p, i, LURE) < REQUIRED else 0.0
        pinned = first if task(p, i, ALL_PIN) >= 0 else 0.0  # its group has to follow it
        f[int(f[ORDER]) + k] = key + level + optional - pinned


@njit(cache=True, nogil=True)
def recreate(
    p: Ints, prices: Floats, table: Matrix, s: Ints, f: Floats, c: Ints, left: int, count: int, move: float
) -> int:
    """Insert what was removed; list what fits nowhere as absent behind the first ``left``, and return how many are."""
    arrange(p, prices, s, f, count)
    start = int(f[ORDER])
    for k in np.argsort(f[start : start + count]):
        i = s[s[REMOVED] + k]
        if not insert(p, prices, table, s, f, c, i, move):
            s[s[ABSENTS] + left] = i
            left += 1
    return left


@njit(cache=True, nogil=True)
def change(p: Ints, s: Ints, f: Floats, gone: int, left: int) -> float:
    """Return by how much rows and prices of absent tasks have changed in an iteration."""
    found = 0.0
    for t in range(s[TOUCHED]):
        r = s[s[TOUCHES] + t]
        found += f[int(f[COSTS]) + r] - f[int(f[SAVED_COSTS]) + r]
    for k in range(left):
        found += task(p, s[s[ABSENTS] + k], PENALTY)
    for k in range(gone):
        found -= task(p, s[s[WAS] + k], PENALTY)
    return found


@njit(cache=True, nogil=True)
def vary(p: Ints, s: Ints, f: Floats) -> None:
    """Now and then bar a vehicle, or let prizes count more: what pays only together is not found one by one."""
    is_barring = np.random.random() < min(BAR, BAR_OF_MANY / p[M])
    s[BARRED] = below(p[M]) if is_barring else -1
    s[IS_JOINT] = int(np.random.random() < 0.5)
    f[GENEROUS] = 1.0 + np.random.random() * MOST_GENEROUS if np.random.random() < BE_GENEROUS else 1.0


@njit(cache=True, nogil=True)
def choose_absent(p: Ints, s: Ints) -> int:
    """Bring absent tasks to the front that an iteration tries to put in; return how many."""
    gone = s[ABSENT]
    tried = min(gone, TRIED_AGAIN if p[N] <= MANY else TRIED_OF_MANY)
    for k in range(tried if tried < gone else 0):
        other = k + below(gone - k)
        at, to = s[ABSENTS] + k, s[ABSENTS] + other
        s[at], s[to] = s[to], s[at]
    return tried


@njit(cache=True, nogil=True)
def improve(
    p: Ints, prices: Floats, table: Matrix, s: Ints, f: Floats, c: Ints, iterations: int, temperature: float, seed: int,
    move: float, limit: int, served: int
) -> None:  # fmt: skip
    """Ruin and recreate for some iterations.

    Parameters
    ----------
    seed
        Of the random numbers; -1 goes on with them.
    move, limit
        What it costs to serve a task from another vehicle than its home, and how many may be served so.
    served
        Tasks in a row, on average.
    """
    if seed >= 0:
        np.random.seed(seed)
    for _ in range(iterations):
        s[DONE] += 1
        s[TOUCHED] = 0
        gone, moved = s[ABSENT], s[MOVED]
        for k in range(gone):
            s[s[WAS] + k] = s[s[ABSENTS] + k]
        vary(p, s, f)
        tried = choose_absent(p, s)
        count = ruin(p, s, f, served, tried)
        is_sound = True
        for t in range(s[TOUCHED]):
            is_sound = price(p, prices, table, s, f, c, s[s[TOUCHES] + t], 0) < INFEASIBLE and is_sound
        left = gone - tried
        for k in range(left):
            s[s[ABSENTS] + k] = s[s[ABSENTS] + k + tried]
        if is_sound:
            left = recreate(p, prices, table, s, f, c, left, count, move)
        more = change(p, s, f, gone, left)
        out = s[MOVED] - moved
        is_within = s[MOVED] <= limit or out <= 0
        if is_sound and is_within and more + move * out < -temperature * np.log(np.random.random() + 1e-12):
            f[COST] += more
            s[ABSENT] = left
            for t in range(s[TOUCHED]):
                s[s[DIRTY] + s[s[TOUCHES] + t]] = 1
            if f[COST] < f[BEST] - 1e-6 and s[MOVED] <= limit:
                f[BEST] = f[COST]
                keep_best(p, s)
        else:
            undo(p, s, f, moved)
            s[ABSENT] = gone
            for k in range(gone):
                s[s[ABSENTS] + k] = s[s[WAS] + k]
        for t in range(s[TOUCHED]):
            s[s[SAVED_LENGTH] + s[s[TOUCHES] + t]] = -1
