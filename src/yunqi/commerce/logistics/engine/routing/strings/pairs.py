"""The insertion of a pickup with its delivery. Every function is compiled."""

import numpy as np
from numba import njit

from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints, Matrix
from yunqi.commerce.logistics.engine.routing.strings.layout import (
    BLINK,
    CAPACITY,
    CARRIED,
    DEMAND,
    DIMENSIONS,
    DUE,
    EARLIEST,
    FIXED,
    FOLLOWING,
    HAS,
    HOP,
    IS_ALLOWED,
    LATEST,
    MATE,
    NEED,
    PENALTY,
    READY,
    SERVICE,
    SIZE,
    SYMMETRIC,
    TIMED,
    USED,
    VEHICLES,
    N,
)
from yunqi.commerce.logistics.engine.routing.strings.links import distance, draw, link, reschedule, touch, travel

NOTHING = np.int64(1) << 60


@njit(cache=True, nogil=True)
def room(p: Ints, table: Matrix, xy: Floats, s: Ints, c: int, i: int, r: int) -> bool:
    """Whether what is on board behind a node leaves room for a task."""
    for k in range(p[DIMENSIONS]):
        if (
            s[s[CARRIED] + i * p[DIMENSIONS] + k] + p[p[DEMAND] + c * p[DIMENSIONS] + k]
            > p[p[CAPACITY] + r * p[DIMENSIONS] + k]
        ):
            return False
    return True


@njit(cache=True, nogil=True)
def insert_pair(p: Ints, table: Matrix, xy: Floats, s: Ints, c: int) -> bool:
    """Insert a pickup and its delivery at the cheapest two places of one route."""
    d = p[p[MATE] + c]
    best = NOTHING
    at_pickup, at_delivery, at_route = -1, -1, -1
    left, unused = s[USED], -1
    for r in range(p[VEHICLES]):
        if s[s[SIZE] + r] == 0:
            if unused < 0 and s[s[IS_ALLOWED] + r]:
                unused = r
            continue
        if p[p[NEED] + c] & ~p[p[HAS] + r]:
            continue
        cost, i, j = in_route(p, table, xy, s, c, d, r, best)
        if cost < best:
            best, at_pickup, at_delivery, at_route = cost, i, j, r
        left -= 1
        if left <= 0 and unused >= 0:
            break
    if unused >= 0 and (at_route < 0 or p[p[FIXED] + unused] < best):
        cost, i, j = in_route(p, table, xy, s, c, d, unused, best)
        if cost < best:
            best, at_pickup, at_delivery, at_route = cost, i, j, unused
    if at_route < 0 or best >= p[p[PENALTY] + c]:
        return False
    touch(p, table, xy, s, at_route)
    link(p, table, xy, s, c, at_pickup, at_route)
    link(p, table, xy, s, d, c if at_delivery == at_pickup else at_delivery, at_route)
    reschedule(p, table, xy, s, c)
    reschedule(p, table, xy, s, d)
    return True


@njit(cache=True, nogil=True)
def in_route(p: Ints, table: Matrix, xy: Floats, s: Ints, c: int, d: int, r: int, best: int) -> tuple[int, int, int]:
    """Return the cheapest insertion into one route below a limit: cost, node before the pickup, node before the delivery."""
    i = p[N] + 2 * r
    end = i + 1
    at_pickup, at_delivery = -1, -1
    extra = p[p[FIXED] + r] if s[s[SIZE] + r] == 0 else 0
    while i != end:
        if p[TIMED] and s[s[EARLIEST] + i] > p[p[DUE] + c]:
            break
        j = s[s[FOLLOWING] + i]
        to = distance(p, table, xy, i, c)
        alone = extra + to + distance(p, table, xy, c, j) - s[s[HOP] + i]
        direct = extra + to + distance(p, table, xy, c, d) + distance(p, table, xy, d, j) - s[s[HOP] + i]
        if (not p[SYMMETRIC] or alone < best or direct < best) and room(p, table, xy, s, c, i, r):
            t = max(s[s[EARLIEST] + i] + p[p[SERVICE] + i] + travel(p, table, xy, i, c), p[p[READY] + c])
            if not p[TIMED] or t <= p[p[DUE] + c]:
                left = t + p[p[SERVICE] + c]
                if direct < best and ends_in_time(p, table, xy, s, left, c, d, j) and draw(s) >= s[BLINK]:
                    best, at_pickup, at_delivery = direct, i, i
                if alone < best or not p[SYMMETRIC]:
                    cost, where = later(p, table, xy, s, c, d, r, j, left, alone, best)
                    if cost < best:
                        best, at_pickup, at_delivery = cost, i, where
        i = j
    return (best if at_pickup >= 0 else NOTHING), at_pickup, at_delivery


@njit(cache=True, nogil=True)
def ends_in_time(p: Ints, table: Matrix, xy: Floats, s: Ints, left: int, i: int, d: int, j: int) -> bool:
    """Whether a delivery can be made between two nodes when the first is left at a time."""
    if not p[TIMED]:
        return True
    t = left + travel(p, table, xy, i, d)
    if t > p[p[DUE] + d]:
        return False
    return max(t, p[p[READY] + d]) + p[p[SERVICE] + d] + travel(p, table, xy, d, j) <= s[s[LATEST] + j]


@njit(cache=True, nogil=True)
def later(
    p: Ints, table: Matrix, xy: Floats, s: Ints, c: int, d: int, r: int, j: int, left: int, alone: int, best: int
) -> tuple[int, int]:
    """Return the cheapest delivery behind a node when the pickup comes just before it, and the node before the delivery."""
    end = p[N] + 2 * r + 1
    where = -1
    before = c
    while j != end:
        if not room(p, table, xy, s, c, j, r):
            break
        if p[TIMED]:
            t = max(left + travel(p, table, xy, before, j), p[p[READY] + j])
            if t > s[s[LATEST] + j] or t > p[p[DUE] + d]:
                break
            left = t + p[p[SERVICE] + j]
        following = s[s[FOLLOWING] + j]
        cost = alone + distance(p, table, xy, j, d) + distance(p, table, xy, d, following) - s[s[HOP] + j]
        if cost < best and ends_in_time(p, table, xy, s, left, j, d, following) and draw(s) >= s[BLINK]:
            best, where = cost, j
        before = j
        j = following
    return best, where
