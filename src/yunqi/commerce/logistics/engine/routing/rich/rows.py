"""The tasks of each vehicle as rows: put in, taken out, kept for a way back. Every function is compiled."""

from numba import njit

from yunqi.commerce.logistics.engine.routing.rich.layout import (
    AFTER,
    AFTERS,
    BEST_LENGTHS,
    BEST_ROWS,
    CARRIED,
    COSTS,
    DELIVERY,
    DIMENSIONS,
    DIRTY,
    FIRST_AFTER,
    FRESH,
    HOMES,
    KIND,
    LENGTHS,
    LOAD,
    LOCKED,
    MOVED,
    PARTNER,
    PICKUP,
    POSITION,
    ROWS,
    SAVED,
    SAVED_COSTS,
    SAVED_LENGTH,
    TOUCHED,
    TOUCHES,
    WHERE,
    WIDTH,
    M,
)
from yunqi.commerce.logistics.engine.routing.rich.ways import task
from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints


@njit(cache=True, nogil=True)
def touch(p: Ints, s: Ints, f: Floats, r: int) -> None:
    """Save a row before its first change."""
    if s[s[SAVED_LENGTH] + r] >= 0:
        return
    length = s[s[LENGTHS] + r]
    s[s[SAVED_LENGTH] + r] = length
    f[int(f[SAVED_COSTS]) + r] = f[int(f[COSTS]) + r]
    row, saved = s[ROWS] + r * p[WIDTH], s[SAVED] + r * p[WIDTH]
    for k in range(length):
        s[saved + k] = s[row + k]
    s[s[TOUCHES] + s[TOUCHED]] = r
    s[TOUCHED] += 1


@njit(cache=True, nogil=True)
def carry(p: Ints, s: Ints, r: int, i: int, sign: int) -> None:
    """Add a task's load to what its row's deliveries or pickups weigh, or take it away."""
    kind, dimensions = task(p, i, KIND), p[DIMENSIONS]
    if kind in (DELIVERY, PICKUP):
        at = s[CARRIED] + 2 * r * dimensions + (kind == PICKUP) * dimensions
        for k in range(dimensions):
            s[at + k] += sign * p[p[LOAD] + i * dimensions + k]


@njit(cache=True, nogil=True)
def weigh(p: Ints, s: Ints, r: int) -> None:
    """Add up anew what a row carries."""
    for k in range(2 * p[DIMENSIONS]):
        s[s[CARRIED] + 2 * r * p[DIMENSIONS] + k] = 0
    for k in range(s[s[LENGTHS] + r]):
        carry(p, s, r, s[s[ROWS] + r * p[WIDTH] + k], 1)


@njit(cache=True, nogil=True)
def put(p: Ints, s: Ints, r: int, i: int, at: int) -> None:
    """Put a task into a row."""
    row = s[ROWS] + r * p[WIDTH]
    for k in range(s[s[LENGTHS] + r], at, -1):
        j = s[row + k - 1]
        s[row + k] = j
        s[s[POSITION] + j] = k
    s[row + at] = i
    s[s[POSITION] + i] = at
    s[s[WHERE] + i] = r
    s[s[LENGTHS] + r] += 1
    carry(p, s, r, i, 1)
    home = s[s[HOMES] + i]
    if home >= 0 and home != r:
        s[MOVED] += 1


@njit(cache=True, nogil=True)
def drop(p: Ints, s: Ints, i: int) -> None:
    """Take a task out of its row."""
    r = s[s[WHERE] + i]
    row = s[ROWS] + r * p[WIDTH]
    s[s[LENGTHS] + r] -= 1
    for k in range(s[s[POSITION] + i], s[s[LENGTHS] + r]):
        j = s[row + k + 1]
        s[row + k] = j
        s[s[POSITION] + j] = k
    s[s[WHERE] + i] = -1
    carry(p, s, r, i, -1)
    home = s[s[HOMES] + i]
    if home >= 0 and home != r:
        s[MOVED] -= 1


@njit(cache=True, nogil=True)
def undo(p: Ints, s: Ints, f: Floats, moved: int) -> None:
    """Put every touched row back, and the number of tasks away from home."""
    for t in range(s[TOUCHED]):
        r = s[s[TOUCHES] + t]
        row = s[ROWS] + r * p[WIDTH]
        for k in range(s[s[LENGTHS] + r]):
            s[s[WHERE] + s[row + k]] = -1
    for t in range(s[TOUCHED]):
        r = s[s[TOUCHES] + t]
        row, saved = s[ROWS] + r * p[WIDTH], s[SAVED] + r * p[WIDTH]
        length = s[s[SAVED_LENGTH] + r]
        s[s[LENGTHS] + r] = length
        f[int(f[COSTS]) + r] = f[int(f[SAVED_COSTS]) + r]
        for k in range(length):
            i = s[saved + k]
            s[row + k] = i
            s[s[WHERE] + i] = r
            s[s[POSITION] + i] = k
        s[s[FRESH] + r] = 0
        weigh(p, s, r)
    s[MOVED] = moved


@njit(cache=True, nogil=True)
def keep_best(p: Ints, s: Ints) -> None:
    """Write the rows that have changed since the last time into the best of the round."""
    for r in range(p[M]):
        if s[s[DIRTY] + r]:
            s[s[DIRTY] + r] = 0
            length = s[s[LENGTHS] + r]
            s[s[BEST_LENGTHS] + r] = length
            row, best = s[ROWS] + r * p[WIDTH], s[BEST_ROWS] + r * p[WIDTH]
            for k in range(length):
                s[best + k] = s[row + k]


@njit(cache=True, nogil=True)
def widow(p: Ints, s: Ints, r: int) -> int:
    """Return a task of a row whose partner or predecessor is not there any more, or -1; locked ones stay."""
    row = s[ROWS] + r * p[WIDTH]
    for k in range(s[s[LENGTHS] + r]):
        i = s[row + k]
        if task(p, i, LOCKED):
            continue
        mate = task(p, i, PARTNER)
        if mate >= 0 and s[s[WHERE] + mate] != r:
            return i
        first = p[AFTER] + task(p, i, FIRST_AFTER)
        for a in range(first, first + task(p, i, AFTERS)):
            if s[s[WHERE] + p[a]] != r:
                return i
    return -1
