"""The recreation: greedy insertion that sometimes looks away (blinks). Every function is compiled."""

import numpy as np
from numba import njit

from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints, Matrix
from yunqi.commerce.logistics.engine.routing.strings.layout import (
    ABSENT,
    ABSENT_TASKS,
    ALLOWED,
    BLINK,
    CAPACITY,
    CHANGE,
    DEMAND,
    DIMENSIONS,
    DUE,
    EARLIEST,
    EMPTY,
    FIXED,
    FOLLOWING,
    HAS,
    HOME,
    HOP,
    IS_ALLOWED,
    IS_MOVED,
    KEYS,
    KIND,
    LAST_OF,
    LATEST,
    LIMIT,
    LOAD,
    MATE,
    MOVE_PRICE,
    NEAR,
    NEAR_DISTANCE,
    NEED,
    NEIGHBOURS,
    OFFERED,
    PAIRED,
    PENALTY,
    PREVIOUS,
    READY,
    REMOVED,
    REMOVED_TASKS,
    ROUTE,
    SERVICE,
    SIZE,
    SYMMETRIC,
    TIMED,
    USED,
    VEHICLES,
    N,
)
from yunqi.commerce.logistics.engine.routing.strings.links import below, distance, draw, link, reschedule, touch, travel
from yunqi.commerce.logistics.engine.routing.strings.packed import REQUIRED
from yunqi.commerce.logistics.engine.routing.strings.pairs import insert_pair

NOTHING = np.int64(1) << 60
RANK = 44
"""Bits below a task's rank in what removed tasks are sorted by: more than random numbers, loads, ways and times have."""
EVERYWHERE = 2000
"""Tasks up to which every place is tried before another vehicle is sent."""


@njit(cache=True, nogil=True)
def order(p: Ints, table: Matrix, xy: Floats, s: Ints) -> None:
    """Sort the removed tasks: at random, by demand, far first, near first, or by their windows.

    Those that must be served come first, by priority: else ones with a prize would take their places.
    """
    count = s[REMOVED]
    rule = below(s, 17 if p[TIMED] else 11)
    depot = p[N]
    for a in range(count):
        c = s[s[REMOVED_TASKS] + a]
        if rule < 4:
            s[s[KEYS] + a] = draw(s)
        elif rule < 8:
            s[s[KEYS] + a] = -(p[p[DEMAND] + c * p[DIMENSIONS] + 0])
        elif rule < 10:
            s[s[KEYS] + a] = -(distance(p, table, xy, depot, c))
        elif rule < 11:
            s[s[KEYS] + a] = distance(p, table, xy, depot, c)
        elif rule < 13:
            s[s[KEYS] + a] = p[p[DUE] + c] - p[p[READY] + c]
        elif rule < 15:
            s[s[KEYS] + a] = p[p[READY] + c]
        else:
            s[s[KEYS] + a] = -(p[p[DUE] + c])
        s[s[KEYS] + a] -= (p[p[PENALTY] + c] // REQUIRED) << RANK
    keys, tasks = s[KEYS], s[REMOVED_TASKS]
    if count > 64:
        by_key = np.argsort(s[keys : keys + count])
        s[tasks : tasks + count] = s[tasks : tasks + count][by_key]
        return
    for a in range(1, count):
        key, c = s[s[KEYS] + a], s[s[REMOVED_TASKS] + a]
        b = a - 1
        while b >= 0 and s[s[KEYS] + b] > key:
            s[s[KEYS] + b + 1] = s[s[KEYS] + b]
            s[s[REMOVED_TASKS] + b + 1] = s[s[REMOVED_TASKS] + b]
            b -= 1
        s[s[KEYS] + b + 1] = key
        s[s[REMOVED_TASKS] + b + 1] = c


@njit(cache=True, nogil=True)
def recreate(p: Ints, table: Matrix, xy: Floats, s: Ints, slack: float) -> bool:
    """Insert the removed tasks one after another; what fits nowhere becomes absent.

    Returns whether the cost, moves from a plan in force included, grows by less than ``slack``. Where distances are a
    metric no insertion lowers it, so a re-plan inserts no more once that can't be: the change has to be undone anyway.
    """
    order(p, table, xy, s)
    s[ABSENT] = 0
    price = s[MOVE_PRICE] if s[LIMIT] >= 0 else 0
    most = slack if p[SYMMETRIC] and s[LIMIT] >= 0 else float(NOTHING)
    owed = -price * away_before(s) if price > 0 else 0
    for a in range(s[REMOVED]):
        c = s[s[REMOVED_TASKS] + a]
        left = most - s[CHANGE] - owed
        if left <= 0:
            return False
        if p[PAIRED] and p[p[MATE] + c] >= 0:
            placed = 1 if insert_pair(p, table, xy, s, c) else 0
        else:
            placed = insert(p, table, xy, s, c, np.int64(np.ceil(min(left, float(NOTHING)))))
        if placed < 0:
            return False
        if placed == 0:
            s[s[ABSENT_TASKS] + s[ABSENT]] = c
            s[ABSENT] += 1
            s[CHANGE] += p[p[PENALTY] + c]
        elif price > 0 and s[s[HOME] + c] >= 0 and s[s[ROUTE] + c] != s[s[HOME] + c]:
            owed += price
    return s[CHANGE] + owed < slack


@njit(cache=True, nogil=True)
def away_before(s: Ints) -> int:
    """Return how many of the removed tasks were away from the vehicle of a plan in force."""
    away = 0
    for a in range(s[REMOVED]):
        away += s[s[IS_MOVED] + s[s[REMOVED_TASKS] + a]]
    return away


@njit(cache=True, nogil=True)
def fits(p: Ints, table: Matrix, xy: Floats, s: Ints, c: int, r: int) -> bool:
    """Whether a vehicle has the room and the skills for a task."""
    if p[p[NEED] + c] & ~p[p[HAS] + r]:
        return False
    for k in range(p[DIMENSIONS]):
        if (
            s[s[LOAD] + r * p[DIMENSIONS] + k] + p[p[DEMAND] + c * p[DIMENSIONS] + k]
            > p[p[CAPACITY] + r * p[DIMENSIONS] + k]
        ):
            return False
    return True


@njit(cache=True, nogil=True)
def in_time(p: Ints, table: Matrix, xy: Floats, s: Ints, c: int, i: int, j: int) -> bool:
    """Whether a task can be served between two nodes."""
    t = s[s[EARLIEST] + i] + p[p[SERVICE] + i] + travel(p, table, xy, i, c)
    if t > p[p[DUE] + c]:
        return False
    return max(t, p[p[READY] + c]) + p[p[SERVICE] + c] + travel(p, table, xy, c, j) <= s[s[LATEST] + j]


@njit(cache=True, nogil=True)
def insert(p: Ints, table: Matrix, xy: Floats, s: Ints, c: int, most: int) -> int:
    """Insert one task at the cheapest place beside its neighbours, or into an empty vehicle.

    Returns 1 where that is done, 0 where there is no place, -1 where every place costs ``most`` or more.
    """
    best = most
    behind = -1
    is_dear = False
    blink = s[BLINK]
    home = s[s[HOME] + c]
    price = s[MOVE_PRICE] if s[LIMIT] >= 0 and home >= 0 else 0
    # Where a vector begins is read once: compiled code can't know that a store leaves the header as it is.
    width, is_metric, is_timed = p[NEIGHBOURS], p[SYMMETRIC], p[TIMED]
    near, apart = p[NEAR] + c * width, p[NEAR_DISTANCE] + c * width
    route, previous, following, hop, load = s[ROUTE], s[PREVIOUS], s[FOLLOWING], s[HOP], s[LOAD]
    dimensions, capacity, amount = p[DIMENSIONS], p[CAPACITY], p[p[DEMAND] + c * p[DIMENSIONS]]
    for k in range(width):
        v = p[near + k]
        if v < 0:
            break
        r = s[route + v]
        if r < 0 or s[load + r * dimensions] + amount > p[capacity + r * dimensions]:
            continue
        more = 0 if r == home else price
        twice = more + 2 * p[apart + k] if is_metric else -(1 << 40)
        i = s[previous + v]
        on, to = s[hop + v], s[hop + i]
        if twice - max(on, to) >= best:
            is_dear = True
            continue
        if not fits(p, table, xy, s, c, r):
            continue
        if twice - on < best:
            j = s[following + v]
            cost = more + distance(p, table, xy, v, c) + distance(p, table, xy, c, j) - on
            if cost < best and (not is_timed or in_time(p, table, xy, s, c, v, j)) and draw(s) >= blink:
                best, behind = cost, v
        if twice - to < best:
            cost = more + distance(p, table, xy, i, c) + distance(p, table, xy, c, v) - to
            if cost < best and (not is_timed or in_time(p, table, xy, s, c, i, v)) and draw(s) >= blink:
                best, behind = cost, i
    if behind < 0 and p[N] <= EVERYWHERE and not is_dear:  # rather far away than another vehicle
        best, behind = anywhere(p, table, xy, s, c)
    cost, start = cheapest_empty(p, table, xy, s, c)
    cost += price
    if s[OFFERED]:
        s[OFFERED] = 0
        if start >= 0:
            cost -= distance(p, table, xy, start, c) + distance(p, table, xy, c, start + 1)
    if cost < best:
        best, behind = cost, start
    if behind < 0 and p[N] > EVERYWHERE and not is_dear:
        best, behind = anywhere(p, table, xy, s, c)
    if min(best, p[p[PENALTY] + c]) >= most:
        return -1
    if behind < 0 or best >= p[p[PENALTY] + c]:
        return 0
    r = (behind - p[N]) >> 1 if behind >= p[N] else s[s[ROUTE] + behind]
    touch(p, table, xy, s, r)
    link(p, table, xy, s, c, behind, r)
    if p[TIMED] or p[PAIRED]:
        reschedule(p, table, xy, s, c)
    return 1


@njit(cache=True, nogil=True)
def cheapest_empty(p: Ints, table: Matrix, xy: Floats, s: Ints, c: int) -> tuple[int, int]:
    """Return what it costs to send another vehicle, and the node where it starts; -1 when there is none."""
    best, start = NOTHING, np.int64(-1)
    if s[USED] >= s[ALLOWED]:
        return best, start
    r = 0
    m = p[VEHICLES]
    while r < m:
        last = p[p[KIND] + r]
        slot = s[s[EMPTY] + last]
        if slot >= 0 and (s[s[SIZE] + slot] != 0 or not s[s[IS_ALLOWED] + slot] or p[p[KIND] + slot] != last):
            slot = -1
            at = r
            while at < m and p[p[KIND] + at] == last:
                if s[s[SIZE] + at] == 0 and s[s[IS_ALLOWED] + at]:
                    slot = at
                    break
                at += 1
            s[s[EMPTY] + last] = slot if slot >= 0 else s[s[EMPTY] + last]
        if slot >= 0 and fits(p, table, xy, s, c, slot):
            i = p[N] + 2 * slot
            cost = p[p[FIXED] + slot] + distance(p, table, xy, i, c) + distance(p, table, xy, c, i + 1)
            if cost < best and (not p[TIMED] or in_time(p, table, xy, s, c, i, i + 1)):
                best, start = cost, np.int64(i)
        r = p[p[LAST_OF] + r] + 1
    return best, start


@njit(cache=True, nogil=True)
def anywhere(p: Ints, table: Matrix, xy: Floats, s: Ints, c: int) -> tuple[int, int]:
    """Return the cheapest insertion when all places count, and the node before it or -1."""
    best = NOTHING
    behind = -1
    home = s[s[HOME] + c]
    price = s[MOVE_PRICE] if s[LIMIT] >= 0 and home >= 0 else 0
    for r in range(p[VEHICLES]):
        if s[s[SIZE] + r] == 0 or not fits(p, table, xy, s, c, r):
            continue
        more = 0 if r == home else price
        i = p[N] + 2 * r
        end = i + 1
        while i != end:
            j = s[s[FOLLOWING] + i]
            cost = more + distance(p, table, xy, i, c) + distance(p, table, xy, c, j) - s[s[HOP] + i]
            if cost < best and (not p[TIMED] or in_time(p, table, xy, s, c, i, j)) and draw(s) >= s[BLINK]:
                best, behind = cost, i
            i = j
    return best, behind


@njit(cache=True, nogil=True)
def price(p: Ints, table: Matrix, xy: Floats, s: Ints, c: int) -> tuple[int, int]:
    """Return what a task would add at its cheapest place, an empty vehicle's included, and the node before it or -1."""
    best, behind = cheapest_empty(p, table, xy, s, c)
    for r in range(p[VEHICLES]):
        if s[s[SIZE] + r] == 0 or not fits(p, table, xy, s, c, r):
            continue
        i = p[N] + 2 * r
        end = i + 1
        while i != end:
            j = s[s[FOLLOWING] + i]
            cost = distance(p, table, xy, i, c) + distance(p, table, xy, c, j) - s[s[HOP] + i]
            if cost < best and (not p[TIMED] or in_time(p, table, xy, s, c, i, j)):
                best, behind = cost, i
            i = j
    return best, behind
