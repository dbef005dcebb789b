"""Places for a task in routes, whole or with some tasks left out; tasks put in and pulled out. All of it is compiled."""

import numpy as np
from numba import njit

from yunqi.commerce.logistics.engine.routing.strings.anneal import mark
from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints, Matrix
from yunqi.commerce.logistics.engine.routing.strings.layout import (
    ALLOWED,
    BEFORE_FIRST,
    BEFORE_SECOND,
    CAPACITY,
    CHANGE,
    COST,
    DEMAND,
    DIMENSIONS,
    DUE,
    EARLIEST,
    EARLY,
    FOLLOWING,
    FROM_FIRST,
    FROM_SECOND,
    GAP,
    GONE,
    HAS,
    HEAD_OF,
    IS_ALLOWED,
    ITERATION,
    KEPT,
    KEPT_GAP,
    LATE,
    LATEST,
    LINE,
    MATE,
    NEED,
    ON_BOARD,
    PICKUP,
    PLACE_ROUTE,
    READY,
    ROUTE,
    SAVED,
    SERVICE,
    SIZE,
    TIMED,
    TO_FIRST,
    TO_SECOND,
    TOUCHED,
    USED,
    VEHICLES,
    N,
)
from yunqi.commerce.logistics.engine.routing.strings.links import below, leg, link, reschedule, touch, travel, unlink
from yunqi.commerce.logistics.engine.routing.strings.pairs import room
from yunqi.commerce.logistics.engine.routing.strings.recreate import fits


@njit(cache=True, nogil=True)
def start_change(s: Ints) -> None:
    """Open a change: nothing touched."""
    s[ITERATION] += 1
    s[TOUCHED] = 0
    s[SAVED] = 0
    s[CHANGE] = 0


@njit(cache=True, nogil=True)
def end_change(s: Ints) -> None:
    """Accept a change."""
    s[COST] += s[CHANGE]
    mark(s)


@njit(cache=True, nogil=True)
def head(p: Ints, i: int) -> int:
    """Return the task that stands for a task and the other half of its pair."""
    return int(p[p[MATE] + i]) if p[p[MATE] + i] >= 0 and not p[p[PICKUP] + i] else i


@njit(cache=True, nogil=True)
def lay_out(p: Ints, table: Matrix, xy: Floats, s: Ints, c: int, d: int, r: int) -> int:
    """Write the nodes of a route in order, with their times to and from a task and its delivery (or -1); return how many."""
    i = p[N] + 2 * r
    end = i + 1
    k = 0
    while True:
        s[s[LINE] + k] = i
        s[s[HEAD_OF] + k] = head(p, i) if i < p[N] else -1
        s[s[TO_FIRST] + k] = travel(p, table, xy, i, c)
        s[s[FROM_FIRST] + k] = travel(p, table, xy, c, i)
        if d >= 0:
            s[s[TO_SECOND] + k] = travel(p, table, xy, i, d)
            s[s[FROM_SECOND] + k] = travel(p, table, xy, d, i)
        if i == end:
            return k + 1
        j = s[s[FOLLOWING] + i]
        s[s[GAP] + k] = leg(p, table, xy, s, i, j)
        i = j
        k += 1


@njit(cache=True, nogil=True)
def leave_out(p: Ints, table: Matrix, xy: Floats, s: Ints, size: int) -> int:
    """Schedule the laid-out route without the heads that are marked as gone; return its nodes, 0 when it is too late."""
    line, gap = s[s[LINE] : s[LINE] + size], s[s[GAP] : s[GAP] + size]
    kept, hop = s[s[KEPT] : s[KEPT] + size], s[s[KEPT_GAP] : s[KEPT_GAP] + size]
    early, late = s[s[EARLY] : s[EARLY] + size], s[s[LATE] : s[LATE] + size]
    heads = s[s[HEAD_OF] : s[HEAD_OF] + size]
    n, dimensions, gone = p[N], p[DIMENSIONS], s[GONE]
    m = 0
    for k in range(size):
        i = line[k]
        h = heads[k]
        if h >= 0 and s[gone + h]:
            continue
        if m == 0:
            early[0] = p[p[READY] + i]
            for q in range(dimensions):
                s[s[ON_BOARD] + q] = 0
        else:
            before = line[kept[m - 1]]
            way = gap[k - 1] if kept[m - 1] == k - 1 else travel(p, table, xy, before, i)
            hop[m - 1] = way
            t = max(early[m - 1] + p[p[SERVICE] + before] + way, p[p[READY] + i])
            if t > p[p[DUE] + i]:
                return 0
            early[m] = t
            for q in range(dimensions):
                more = p[p[DEMAND] + i * dimensions + q] if i < n else 0
                s[s[ON_BOARD] + m * dimensions + q] = s[s[ON_BOARD] + (m - 1) * dimensions + q] + more
        kept[m] = k
        m += 1
    late[m - 1] = p[p[DUE] + line[kept[m - 1]]]
    for at in range(m - 2, -1, -1):
        i = line[kept[at]]
        late[at] = min(late[at + 1] - hop[at] - p[p[SERVICE] + i], p[p[DUE] + i])
    return m


@njit(cache=True, nogil=True)
def is_room(p: Ints, s: Ints, c: int, at: int, r: int) -> bool:
    """Whether what is on board behind a kept node leaves room for a task."""
    for q in range(p[DIMENSIONS]):
        k = p[DIMENSIONS]
        if s[s[ON_BOARD] + at * k + q] + p[p[DEMAND] + c * k + q] > p[p[CAPACITY] + r * k + q]:
            return False
    return True


@njit(cache=True, nogil=True)
def note(s: Ints, r: int, first: int, second: int) -> None:
    """Remember a place: the nodes behind which the task and its delivery would stand."""
    s[PLACE_ROUTE], s[BEFORE_FIRST], s[BEFORE_SECOND] = r, first, second


@njit(cache=True, nogil=True)
def places(p: Ints, table: Matrix, xy: Floats, s: Ints, c: int, d: int, r: int, m: int, found: int) -> int:
    """Count the places for a task, and its delivery, in what is kept of a route, and note one of all found at random.

    ``found`` places were found before; below 0, the first one ends the search and is not noted.
    """
    first_only, found = found < 0, max(found, 0)
    # Where a vector begins is read once: compiled code can't know that a store leaves the header as it is.
    line, kept, early, late, to_c, from_c = s[LINE], s[KEPT], s[EARLY], s[LATE], s[TO_FIRST], s[FROM_FIRST]
    service, ready_c, due_c, service_c = p[SERVICE], p[p[READY] + c], p[p[DUE] + c], p[p[SERVICE] + c]
    if d < 0 and not is_room(p, s, c, m - 1, r):
        return found
    straight = np.int64(travel(p, table, xy, c, d)) if d >= 0 else np.int64(0)
    for i in range(m - 1):
        if s[early + i] > due_c:
            break
        if s[late + i + 1] < ready_c + service_c:
            continue
        at, after = s[kept + i], s[kept + i + 1]
        before = s[line + at]
        t = max(s[early + i] + p[service + before] + s[to_c + at], ready_c)
        if t > due_c:
            continue
        left, way = t + service_c, s[from_c + after]
        if left + way > s[late + i + 1]:
            continue
        if d >= 0:
            if is_room(p, s, c, i, r):
                found = delivery_places(p, s, c, d, r, m, i, left, way, straight, found, first_only)
        else:
            found += 1
            if not first_only and below(s, found) == 0:
                note(s, r, before, -1)
        if first_only and found > 0:
            return found
    return found


@njit(cache=True, nogil=True)
def delivery_places(
    p: Ints, s: Ints, c: int, d: int, r: int, m: int, i: int, left: int, way: int, straight: int, found: int,
    first_only: bool,
) -> int:  # fmt: skip
    """Count the places for a delivery when its pickup stands behind the kept node ``i``, which it leaves at ``left``."""
    line, kept, hop, late, to_d, from_d = s[LINE], s[KEPT], s[KEPT_GAP], s[LATE], s[TO_SECOND], s[FROM_SECOND]
    ready, service = p[READY], p[SERVICE]
    ready_d, due_d, service_d = p[ready + d], p[p[DUE] + d], p[service + d]
    before = s[line + s[kept + i]]
    t = left + straight
    if t <= due_d and max(t, ready_d) + service_d + s[from_d + s[kept + i + 1]] <= s[late + i + 1]:
        found += 1
        if first_only:
            return found
        if below(s, found) == 0:
            note(s, r, before, c)
    for j in range(i + 1, m - 1):
        node = s[line + s[kept + j]]
        t = max(left + way, p[ready + node])
        if t > s[late + j] or not is_room(p, s, c, j, r):
            break
        left = t + p[service + node]
        if left > due_d:
            break
        way = s[hop + j]
        if s[late + j + 1] < ready_d + service_d:
            continue
        t = left + s[to_d + s[kept + j]]
        if t > due_d:
            break
        if max(t, ready_d) + service_d + s[from_d + s[kept + j + 1]] <= s[late + j + 1]:
            found += 1
            if first_only:
                return found
            if below(s, found) == 0:
                note(s, r, before, node)
    return found


@njit(cache=True, nogil=True)
def spots(p: Ints, table: Matrix, xy: Floats, s: Ints, c: int, d: int, r: int, found: int) -> int:
    """Count the places for a task, and its delivery, in a route as it stands, as `places` does."""
    if is_barred(p, c, r) or (d < 0 and not fits(p, table, xy, s, c, r)):
        return found
    timed = p[TIMED] != 0
    end = p[N] + 2 * r + 1
    following, earliest, latest, service = s[FOLLOWING], s[EARLIEST], s[LATEST], p[SERVICE]
    ready_c, due_c, service_c = p[p[READY] + c], p[p[DUE] + c], p[service + c]
    straight = np.int64(travel(p, table, xy, c, d)) if d >= 0 else np.int64(0)
    i = end - 1
    while i != end:
        early = s[earliest + i]
        if timed and early > due_c:
            break
        before, i = i, s[following + i]
        late = s[latest + i]
        if timed and late < ready_c + service_c:
            continue
        t = max(early + p[service + before] + travel(p, table, xy, before, c), ready_c)
        if timed and t > due_c:
            continue
        left, way = t + service_c, travel(p, table, xy, c, i)
        if timed and left + way > late:
            continue
        if d < 0:
            found += 1
            if below(s, found) == 0:
                note(s, r, before, -1)
        elif room(p, table, xy, s, c, before, r):
            found = delivery_spots(p, table, xy, s, c, d, r, before, left, way, straight, found)
    return found


@njit(cache=True, nogil=True)
def delivery_spots(
    p: Ints, table: Matrix, xy: Floats, s: Ints, c: int, d: int, r: int, before: int, left: int, way: int, straight: int,
    found: int,
) -> int:  # fmt: skip
    """Count the places for a delivery when its pickup stands behind ``before``, which it leaves at ``left``."""
    timed = p[TIMED] != 0
    end = p[N] + 2 * r + 1
    following, latest, ready, service = s[FOLLOWING], s[LATEST], p[READY], p[SERVICE]
    ready_d, due_d, service_d = p[ready + d], p[p[DUE] + d], p[service + d]
    k = s[following + before]
    t = left + straight
    if not timed or (t <= due_d and max(t, ready_d) + service_d + travel(p, table, xy, d, k) <= s[latest + k]):
        found += 1
        if below(s, found) == 0:
            note(s, r, before, c)
    while k != end:
        t = max(left + way, p[ready + k])
        if (timed and t > s[latest + k]) or not room(p, table, xy, s, c, k, r):
            break
        left = t + p[service + k]
        if timed and left > due_d:
            break
        behind, k = k, s[following + k]
        way = leg(p, table, xy, s, behind, k)
        if timed and s[latest + k] < ready_d + service_d:
            continue
        t = left + travel(p, table, xy, behind, d)
        if timed and t > due_d:
            break
        if not timed or max(t, ready_d) + service_d + travel(p, table, xy, d, k) <= s[latest + k]:
            found += 1
            if below(s, found) == 0:
                note(s, r, before, behind)
    return found


@njit(cache=True, nogil=True)
def put_in(p: Ints, table: Matrix, xy: Floats, s: Ints, c: int, d: int) -> None:
    """Put a task, and its delivery, at the place noted last."""
    r = s[PLACE_ROUTE]
    touch(p, table, xy, s, r)
    link(p, table, xy, s, c, s[BEFORE_FIRST], r)
    if d >= 0:
        link(p, table, xy, s, d, s[BEFORE_SECOND], r)
    reschedule(p, table, xy, s, c)
    if d >= 0:
        reschedule(p, table, xy, s, d)


@njit(cache=True, nogil=True)
def pull_out(p: Ints, table: Matrix, xy: Floats, s: Ints, c: int) -> None:
    """Take a head, and the other half of its pair, out of its route; the schedule is left for `schedule`."""
    touch(p, table, xy, s, s[s[ROUTE] + c])
    unlink(p, table, xy, s, c)
    if p[p[MATE] + c] >= 0:
        unlink(p, table, xy, s, p[p[MATE] + c])


@njit(cache=True, nogil=True)
def is_barred(p: Ints, c: int, r: int) -> bool:
    """Whether a vehicle lacks a skill that a task needs."""
    return (p[p[NEED] + c] & ~p[p[HAS] + r]) != 0


@njit(cache=True, nogil=True)
def place_anywhere(p: Ints, table: Matrix, xy: Floats, s: Ints, c: int, d: int) -> bool:
    """Put a task at a random one of all places where it fits; a vehicle that stands idle is the last resort."""
    found, idle = 0, -1
    for r in range(p[VEHICLES]):
        if s[s[SIZE] + r] > 0:
            found = spots(p, table, xy, s, c, d, r, found)
        elif s[s[IS_ALLOWED] + r] and idle < 0 and not is_barred(p, c, r):
            idle = r
    if found == 0 and idle >= 0 and s[USED] < s[ALLOWED]:
        found = spots(p, table, xy, s, c, d, idle, 0)
    if found == 0:
        return False
    put_in(p, table, xy, s, c, d)
    return True
