"""The ruin: strings of neighbouring stops leave the rows around a task (Christiaens and Vanden Berghe, 2020). Compiled."""

import numpy as np
from numba import njit

from yunqi.commerce.logistics.engine.routing.rich.layout import (
    ABSENTS,
    AROUND,
    AROUND_COUNT,
    GROUP,
    KIND,
    LENGTHS,
    LIKE,
    LINKED,
    LOCKED,
    MINE,
    OWN,
    OWN_COUNT,
    PARTNER,
    PIN,
    POSITION,
    REMOVED,
    ROWS,
    SAVED,
    SAVED_LENGTH,
    SHIP_PICKUP,
    WHERE,
    WIDTH,
    WORK,
    M,
    N,
)
from yunqi.commerce.logistics.engine.routing.rich.rows import drop, put, touch, widow
from yunqi.commerce.logistics.engine.routing.rich.ways import task, vehicle
from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints

MEAN_REMOVED, LONGEST = 10.0, 10.0
"""Tasks that leave on average, and the longest string."""
SPLIT, DEEPER = 0.5, 0.01
"""How often a string keeps some of its tasks, and how often one more of them."""
EXCHANGE = 0.03
"""How often two vehicles of different kinds exchange all they serve, instead."""
WHOLE_GROUP = 0.3
"""How often all of a group leave, where a ruin begins at one of it."""
AROUND_ABSENT = 0.5
"""How often a ruin begins at a task that nobody serves, where there is one."""


@njit(cache=True, nogil=True)
def below(count: int) -> int:
    """Return a random number from 0 on, below a number."""
    return int(np.random.random() * count)


@njit(cache=True, nogil=True)
def ruin(p: Ints, s: Ints, f: Floats, served: int, count: int) -> int:
    """Remove strings; return how many tasks are listed as removed, the first absent ones included.

    Parameters
    ----------
    served
        How many tasks this thread's rows hold on average.
    count
        How many of the absent tasks are tried.
    """
    for k in range(count):
        s[s[REMOVED] + k] = s[s[ABSENTS] + k]
    is_beside = count > 0 and np.random.random() < AROUND_ABSENT
    seed = s[s[ABSENTS] + below(count)] if is_beside else s[s[OWN] + below(s[OWN_COUNT])]
    if np.random.random() < EXCHANGE and exchange(p, s, f, s[s[WHERE] + seed], below(p[M])):
        return count
    longest = min(LONGEST, max(1.0, served))
    strings = int(np.random.random() * max(4.0 * MEAN_REMOVED / (1.0 + longest) - 1.0, 0.0) + 1.0)
    done = 0
    if task(p, seed, GROUP) >= 0 and np.random.random() < WHOLE_GROUP:
        count = remove_group(p, s, f, seed, count)
    for k in range(-1, p[AROUND_COUNT]):
        i = seed if k < 0 else p[p[AROUND] + seed * p[AROUND_COUNT] + k]
        if i < 0 or done >= strings:
            break
        r = s[s[WHERE] + i]
        if r < 0 or not s[s[MINE] + r] or s[s[SAVED_LENGTH] + r] >= 0 or task(p, i, LOCKED):
            continue
        touch(p, s, f, r)
        size = s[s[LENGTHS] + r]
        length = min(size, int(np.random.random() * min(float(size), longest) + 1.0))
        count = remove_string(p, s, i, r, length, count)
        done += 1
    return count


@njit(cache=True, nogil=True)
def exchange(p: Ints, s: Ints, f: Floats, a: int, b: int) -> bool:
    """Let two vehicles of different kinds, one of which may be idle, exchange their tasks; False when something binds them."""
    if a < 0 or a == b or not s[s[MINE] + a] or not s[s[MINE] + b] or vehicle(p, a, LIKE) == vehicle(p, b, LIKE):
        return False
    for r in (a, b):
        for k in range(s[s[LENGTHS] + r]):
            i = s[s[ROWS] + r * p[WIDTH] + k]
            if task(p, i, LOCKED) or task(p, i, PIN) >= 0:
                return False
    for r in (a, b):
        touch(p, s, f, r)
        for k in range(s[s[SAVED_LENGTH] + r]):
            drop(p, s, s[s[SAVED] + r * p[WIDTH] + k])
    for k in range(s[s[SAVED_LENGTH] + a]):
        put(p, s, b, s[s[SAVED] + a * p[WIDTH] + k], k)
    for k in range(s[s[SAVED_LENGTH] + b]):
        put(p, s, a, s[s[SAVED] + b * p[WIDTH] + k], k)
    return True


@njit(cache=True, nogil=True)
def remove_string(p: Ints, s: Ints, i: int, r: int, length: int, count: int) -> int:
    """Remove a string that holds a task, or two strings with a few stops kept between them."""
    size, at = s[s[LENGTHS] + r], s[s[POSITION] + i]
    kept = 0
    if 1 < length < size and np.random.random() < SPLIT:
        kept = 1
        while length + kept < size and np.random.random() < DEEPER:
            kept += 1
    whole = length + kept
    low, high = max(0, at - whole + 1), min(at, size - whole)
    start = low + below(high - low + 1)
    skip = 1 + below(length - 1) if kept else whole
    row = s[ROWS] + r * p[WIDTH] + start
    for k in range(whole):
        s[s[WORK] + k] = s[row + k]
    for k in range(whole):
        j = s[s[WORK] + k]
        if not skip <= k < skip + kept and s[s[WHERE] + j] == r:
            count = take_out(p, s, j, count)
    return take_widows(p, s, r, count)


@njit(cache=True, nogil=True)
def remove_group(p: Ints, s: Ints, f: Floats, seed: int, count: int) -> int:
    """Remove all tasks of a task's group."""
    row = s[s[WHERE] + seed]
    if row < 0 or not s[s[MINE] + row]:
        return count
    touch(p, s, f, row)
    for i in range(p[N]):
        if s[s[WHERE] + i] == row and task(p, i, GROUP) == task(p, seed, GROUP):
            count = take_out(p, s, i, count)
    return take_widows(p, s, row, count)


@njit(cache=True, nogil=True)
def take_widows(p: Ints, s: Ints, r: int, count: int) -> int:
    """Remove what cannot be in a row without what has left it."""
    while p[LINKED]:
        i, before = widow(p, s, r), count
        if i >= 0:
            count = take_out(p, s, i, count)
        if count == before:
            break
    return count


@njit(cache=True, nogil=True)
def take_out(p: Ints, s: Ints, i: int, count: int) -> int:
    """Take a task, and the other half of its pair, out of their row; locked ones stay."""
    if task(p, i, LOCKED):
        return count
    mate = task(p, i, PARTNER)
    drop(p, s, i)
    is_whole = mate >= 0 and not task(p, mate, LOCKED)
    if is_whole and s[s[WHERE] + mate] >= 0:
        drop(p, s, mate)
    s[s[REMOVED] + count] = mate if is_whole and task(p, i, KIND) != SHIP_PICKUP else i
    return count + 1
