"""The ruin: strings of neighbouring stops leave the rows around a task (Christiaens and Vanden Berghe, 2020). Compiled."""

import numpy as np
from numba import njit

from yunqi.commerce.logistics.engine.routing.rich.day import task
from yunqi.commerce.logistics.engine.routing.rich.layout import (
    ABSENT,
    ABSENTS,
    AROUND,
    AROUND_COUNT,
    KIND,
    LENGTHS,
    LINKED,
    LOCKED,
    MINE,
    OWN,
    OWN_COUNT,
    PARTNER,
    POSITION,
    REMOVED,
    ROWS,
    SAVED_LENGTH,
    SHIP_PICKUP,
    WHERE,
    WIDTH,
    WORK,
)
from yunqi.commerce.logistics.engine.routing.rich.rows import drop, touch, widow
from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints

MEAN_REMOVED, LONGEST = 10.0, 10.0
"""Tasks that leave on average, and the longest string."""
SPLIT, DEEPER = 0.5, 0.01
"""How often a string keeps some of its tasks, and how often one more of them."""
AROUND_ABSENT = 0.5
"""How often a ruin begins at a task that nobody serves, where there is one."""


@njit(cache=True, nogil=True)
def below(count: int) -> int:
    """Return a random number from 0 on, below a number."""
    return int(np.random.random() * count)


@njit(cache=True, nogil=True)
def ruin(p: Ints, s: Ints, f: Floats, served: int) -> int:
    """Remove strings; return how many tasks are listed as removed, those absent before included.

    Parameters
    ----------
    served
        How many tasks this thread's rows hold on average.
    """
    count = s[ABSENT]
    for k in range(count):
        s[s[REMOVED] + k] = s[s[ABSENTS] + k]
    is_beside = count > 0 and np.random.random() < AROUND_ABSENT
    seed = s[s[ABSENTS] + below(count)] if is_beside else s[s[OWN] + below(s[OWN_COUNT])]
    longest = min(LONGEST, max(1.0, served))
    strings = int(np.random.random() * max(4.0 * MEAN_REMOVED / (1.0 + longest) - 1.0, 0.0) + 1.0)
    done = 0
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
    while p[LINKED]:
        j, before = widow(p, s, r), count
        if j >= 0:
            count = take_out(p, s, j, count)
        if count == before:
            break
    return count


@njit(cache=True, nogil=True)
def take_out(p: Ints, s: Ints, i: int, count: int) -> int:
    """Take a task, and the other half of its pair, out of their row; locked ones stay."""
    mate = task(p, i, PARTNER)
    if task(p, i, LOCKED) or (mate >= 0 and task(p, mate, LOCKED)):
        return count
    drop(p, s, i)
    if mate >= 0 and s[s[WHERE] + mate] >= 0:
        drop(p, s, mate)
    s[s[REMOVED] + count] = i if mate < 0 or task(p, i, KIND) == SHIP_PICKUP else mate
    return count + 1
