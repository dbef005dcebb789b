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
    LAST_OF,
    LATEST,
    LOOK,
    LOOKED_AT,
    MATE,
    NEAR,
    NEED,
    NEIGHBOURS,
    PENALTY,
    READY,
    ROUTE,
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
CLOSE = 30
"""Close tasks of the pickup, and as many of the delivery, whose routes are looked at first."""
FEW = 12
"""Routes up to which all are looked at."""


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
    best, at_pickup, at_delivery, at_route = NOTHING, -1, -1, -1
    if s[USED] > FEW:
        best, at_pickup, at_delivery, at_route = in_near_routes(p, table, xy, s, c, d)
    if at_route < 0:
        best, at_pickup, at_delivery, at_route = in_any_route(p, table, xy, s, c, d)
    unused = next_unused(p, s, c, 0)
    while unused >= 0:  # one of each kind
        if at_route < 0 or p[p[FIXED] + unused] < best:
            cost, i, j = in_route(p, table, xy, s, c, d, unused, best)
            if cost < best:
                best, at_pickup, at_delivery, at_route = cost, i, j, unused
        unused = next_unused(p, s, c, p[p[LAST_OF] + unused] + 1)
    if at_route < 0 or best >= p[p[PENALTY] + c]:
        return False
    touch(p, table, xy, s, at_route)
    link(p, table, xy, s, c, at_pickup, at_route)
    link(p, table, xy, s, d, c if at_delivery == at_pickup else at_delivery, at_route)
    reschedule(p, table, xy, s, c)
    reschedule(p, table, xy, s, d)
    return True


@njit(cache=True, nogil=True)
def next_unused(p: Ints, s: Ints, c: int, since: int) -> int:
    """Return the first vehicle from a number on that stands idle, may be used and can serve a task, or -1."""
    size, allowed, need = s[SIZE], s[IS_ALLOWED], p[p[NEED] + c]
    for r in range(since, p[VEHICLES]):
        if s[size + r] == 0 and s[allowed + r] and not need & ~p[p[HAS] + r]:
            return r
    return -1


@njit(cache=True, nogil=True)
def in_near_routes(p: Ints, table: Matrix, xy: Floats, s: Ints, c: int, d: int) -> tuple[int, int, int, int]:
    """Return the cheapest insertion into routes that hold a close task of the pickup or the delivery, and the route or -1."""
    best, at_pickup, at_delivery, at_route = NOTHING, -1, -1, -1
    width, need = p[NEIGHBOURS], p[p[NEED] + c]
    first, second = p[NEAR] + c * width, p[NEAR] + d * width
    s[LOOK] += 1
    for k in range(2 * min(width, CLOSE)):
        v = p[(second if k & 1 else first) + (k >> 1)]
        if v < 0:
            continue
        r = s[s[ROUTE] + v]
        if r < 0 or s[s[LOOKED_AT] + r] == s[LOOK] or need & ~p[p[HAS] + r]:
            continue
        s[s[LOOKED_AT] + r] = s[LOOK]
        cost, i, j = in_route(p, table, xy, s, c, d, r, best)
        if cost < best:
            best, at_pickup, at_delivery, at_route = cost, i, j, r
    return best, at_pickup, at_delivery, at_route


@njit(cache=True, nogil=True)
def in_any_route(p: Ints, table: Matrix, xy: Floats, s: Ints, c: int, d: int) -> tuple[int, int, int, int]:
    """Return the cheapest insertion into all routes, and the route or -1."""
    best, at_pickup, at_delivery, at_route = NOTHING, -1, -1, -1
    left = s[USED]
    for r in range(p[VEHICLES]):
        if left <= 0:
            break
        if s[s[SIZE] + r] == 0:
            continue
        left -= 1
        if p[p[NEED] + c] & ~p[p[HAS] + r]:
            continue
        cost, i, j = in_route(p, table, xy, s, c, d, r, best)
        if cost < best:
            best, at_pickup, at_delivery, at_route = cost, i, j, r
    return best, at_pickup, at_delivery, at_route


@njit(cache=True, nogil=True)
def in_route(p: Ints, table: Matrix, xy: Floats, s: Ints, c: int, d: int, r: int, best: int) -> tuple[int, int, int]:
    """Return the cheapest insertion into one route below a limit: cost, node before the pickup, node before the delivery."""
    i = p[N] + 2 * r
    end = i + 1
    at_pickup, at_delivery = -1, -1
    extra = p[p[FIXED] + r] if s[s[SIZE] + r] == 0 else 0
    # Where a vector begins is read once: compiled code can't know that a store leaves the header as it is.
    following, hop, earliest, service, blink = s[FOLLOWING], s[HOP], s[EARLIEST], p[SERVICE], s[BLINK]
    is_timed, is_metric, between = p[TIMED], p[SYMMETRIC], distance(p, table, xy, c, d)
    ready_c, due_c, service_c = p[p[READY] + c], p[p[DUE] + c], p[service + c]
    while i != end:
        if is_timed and s[earliest + i] > due_c:
            break
        j = s[following + i]
        to = distance(p, table, xy, i, c)
        alone = extra + to + distance(p, table, xy, c, j) - s[hop + i]
        direct = extra + to + between + distance(p, table, xy, d, j) - s[hop + i]
        if (not is_metric or alone < best or direct < best) and room(p, table, xy, s, c, i, r):
            t = max(s[earliest + i] + p[service + i] + travel(p, table, xy, i, c), ready_c)
            if not is_timed or t <= due_c:
                left = t + service_c
                if direct < best and ends_in_time(p, table, xy, s, left, c, d, j) and draw(s) >= blink:
                    best, at_pickup, at_delivery = direct, i, i
                if alone < best or not is_metric:
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
    following, hop, latest, ready, service = s[FOLLOWING], s[HOP], s[LATEST], p[READY], p[SERVICE]
    is_timed, due_d = p[TIMED], p[p[DUE] + d]
    while j != end:
        if not room(p, table, xy, s, c, j, r):
            break
        if is_timed:
            t = max(left + travel(p, table, xy, before, j), p[ready + j])
            if t > s[latest + j] or t > due_d:
                break
            left = t + p[service + j]
        after = s[following + j]
        cost = alone + distance(p, table, xy, j, d) + distance(p, table, xy, d, after) - s[hop + j]
        if cost < best and ends_in_time(p, table, xy, s, left, j, d, after) and draw(s) >= s[BLINK]:
            best, where = cost, j
        before = j
        j = after
    return best, where
