"""Which tasks leave a route so that another one fits: those that have failed least often.

Nagata and Kobayashi (2010) look for the set of the lowest price among those that make room. Who makes room does so with
more company too, and that bounds the search here: where the k cheapest of a route don't make room together, every set
that does has a member beyond them. Every function is compiled.
"""

import numpy as np
from numba import njit

from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints, Matrix
from yunqi.commerce.logistics.engine.routing.strings.layout import (
    COUNTERS,
    FOLLOWING,
    GONE,
    LEAVERS,
    LEAVING,
    LEVELS,
    PRICES,
    RANKED,
    SIZE,
    TESTS,
    VEHICLES,
    N,
)
from yunqi.commerce.logistics.engine.routing.strings.links import below, draw
from yunqi.commerce.logistics.engine.routing.strings.places import head, is_barred, lay_out, leave_out, places

DEAR = np.int64(1) << 60
DEEPEST = 8
"""Heads that leave a route at most, whatever is asked for."""
TESTED = 3000
"""Sets that are tried for one task, at most: what was found until then counts."""


@njit(cache=True, nogil=True)
def cheapest_leavers(p: Ints, table: Matrix, xy: Floats, s: Ints, c: int, d: int, most: int) -> int:
    """Return a route where up to ``most`` heads that have failed least often make room, or -1; they stand in LEAVERS."""
    best, at = DEAR, -1
    most = min(most, DEEPEST)
    s[TESTS] = 0
    first = below(s, p[VEHICLES])
    for k in range(p[VEHICLES]):
        r = first + k if first + k < p[VEHICLES] else first + k - p[VEHICLES]
        if s[s[SIZE] + r] == 0 or is_barred(p, c, r) or s[TESTS] > TESTED:
            continue
        count = rank(p, s, r, best)
        if count == 0:
            continue
        size = lay_out(p, table, xy, s, c, d, r)
        found = cheapest_of_route(p, table, xy, s, c, d, r, size, count, most, best)
        if found < best:
            best, at = found, r
    return at if at >= 0 else many_leavers(p, table, xy, s, c, d)


@njit(cache=True, nogil=True)
def many_leavers(p: Ints, table: Matrix, xy: Floats, s: Ints, c: int, d: int) -> int:
    """Return a route where heads make room, however many, or -1: the cheapest ones leave, and who need not comes back."""
    gone, ranked, prices = s[GONE], s[RANKED], s[PRICES]
    best, at = DEAR, -1
    for r in range(p[VEHICLES]):
        if s[s[SIZE] + r] == 0 or is_barred(p, c, r):
            continue
        count = rank(p, s, r, DEAR)
        size = lay_out(p, table, xy, s, c, d, r)
        last = needed(p, table, xy, s, c, d, r, size, count) - 1
        if last >= count:
            continue
        price = np.int64(0)
        for k in range(last + 1):
            s[gone + s[ranked + k]] = 1
            price += s[prices + k]
        for k in range(last - 1, -1, -1):
            s[gone + s[ranked + k]] = 0
            if is_enough(p, table, xy, s, c, d, r, size):
                price -= s[prices + k]
            else:
                s[gone + s[ranked + k]] = 1
        if price < best:
            best, at = price, r
            s[LEAVING] = 0
        for k in range(last + 1):
            if s[gone + s[ranked + k]] and at == r:
                s[s[LEAVERS] + s[LEAVING]] = s[ranked + k]
                s[LEAVING] += 1
            s[gone + s[ranked + k]] = 0
    return at


@njit(cache=True, nogil=True)
def rank(p: Ints, s: Ints, r: int, best: int) -> int:
    """List the heads of a route that cost less than ``best``, the cheapest first; ties fall by chance. Return how many."""
    ranked, prices, counters, following = s[RANKED], s[PRICES], s[COUNTERS], s[FOLLOWING]
    count = 0
    i = s[following + p[N] + 2 * r]
    while i < p[N]:
        if head(p, i) == i:
            price = ((1 + s[counters + i]) << 14) + (draw(s) & 1023)
            if price < best:
                k = count
                while k > 0 and s[prices + k - 1] > price:
                    s[prices + k], s[ranked + k] = s[prices + k - 1], s[ranked + k - 1]
                    k -= 1
                s[prices + k], s[ranked + k] = price, i
                count += 1
        i = s[following + i]
    return count


@njit(cache=True, nogil=True)
def is_enough(p: Ints, table: Matrix, xy: Floats, s: Ints, c: int, d: int, r: int, size: int) -> bool:
    """Whether a task fits into the laid-out route without those that are marked."""
    s[TESTS] += 1
    m = leave_out(p, table, xy, s, size)
    return m > 0 and places(p, table, xy, s, c, d, r, m, -1) > 0


@njit(cache=True, nogil=True)
def needed(p: Ints, table: Matrix, xy: Floats, s: Ints, c: int, d: int, r: int, size: int, count: int) -> int:
    """Return how many of the cheapest heads have to leave, with those marked, to make room; ``count`` + 1: more than these."""
    gone, ranked = s[GONE], s[RANKED]
    low, high, marked = 1, count + 1, 0
    middle = count  # all of them first: most often they don't do
    while low < high:
        while marked < middle:
            s[gone + s[ranked + marked]] = 1
            marked += 1
        while marked > middle:
            marked -= 1
            s[gone + s[ranked + marked]] = 0
        if is_enough(p, table, xy, s, c, d, r, size):
            high = middle
        else:
            low = middle + 1
        middle = (low + high) >> 1
    while marked > 0:
        marked -= 1
        s[gone + s[ranked + marked]] = 0
    return low


@njit(cache=True, nogil=True)
def cheapest_of_route(
    p: Ints, table: Matrix, xy: Floats, s: Ints, c: int, d: int, r: int, size: int, count: int, most: int, best: int
) -> int:
    """Return the lowest price below ``best`` at which up to ``most`` ranked heads make room, or ``best``.

    Branch and bound: the dearest member first, then cheaper ones.
    """
    gone, ranked, prices, levels = s[GONE], s[RANKED], s[PRICES], s[LEVELS]
    level, price = 0, np.int64(0)
    s[levels] = needed(p, table, xy, s, c, d, r, size, count) - 1  # the next one to try
    s[levels + DEEPEST] = count  # who may be tried
    while level >= 0:
        k = s[levels + level]
        if k >= s[levels + DEEPEST + level] or price + s[prices + k] >= best or s[TESTS] > TESTED:
            level -= 1
            if level >= 0:
                k = s[levels + level]
                s[gone + s[ranked + k]] = 0
                price -= s[prices + k]
                s[levels + level] = k + 1
            continue
        s[gone + s[ranked + k]] = 1
        if is_enough(p, table, xy, s, c, d, r, size):
            best = price + s[prices + k]
            s[LEAVING] = level + 1
            for x in range(level + 1):
                s[s[LEAVERS] + x] = s[ranked + s[levels + x]]
        elif level + 1 < most:
            price += s[prices + k]
            allowed = k
            while allowed > 0 and price + s[prices + allowed - 1] >= best:
                allowed -= 1
            level += 1
            s[levels + level] = needed(p, table, xy, s, c, d, r, size, allowed) - 1 if allowed > 0 else 0
            s[levels + DEEPEST + level] = allowed
            continue
        s[gone + s[ranked + k]] = 0
        s[levels + level] = k + 1
    return int(best)
