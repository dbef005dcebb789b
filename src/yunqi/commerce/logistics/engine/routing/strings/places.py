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
def leave_out(p: Ints, table: Matrix, xy: Floats, s: Ints, size: int, a: int, b: int, e: int) -> int:
    """Schedule the laid-out route without up to three heads (-1: none); return its nodes, 0 when it is too late."""
    line, gap = s[s[LINE] : s[LINE] + size], s[s[GAP] : s[GAP] + size]
    kept, hop = s[s[KEPT] : s[KEPT] + size], s[s[KEPT_GAP] : s[KEPT_GAP] + size]
    early, late = s[s[EARLY] : s[EARLY] + size], s[s[LATE] : s[LATE] + size]
    heads = s[s[HEAD_OF] : s[HEAD_OF] + size]
    n, dimensions = p[N], p[DIMENSIONS]
    m = 0
    for k in range(size):
        i = line[k]
        h = heads[k]
        if h >= 0 and (h == a or h == b or h == e):  # noqa: SIM109 - a tuple costs compiled code a call
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

    ``found`` places were found before; below 0, the first one ends the search.
    """
    first_only, found = found < 0, max(found, 0)
    size = s[s[KEPT] + m - 1] + 1
    line, kept, hop = s[s[LINE] : s[LINE] + size], s[s[KEPT] : s[KEPT] + m], s[s[KEPT_GAP] : s[KEPT_GAP] + m]
    early, late = s[s[EARLY] : s[EARLY] + m], s[s[LATE] : s[LATE] + m]
    to_c, from_c = s[s[TO_FIRST] : s[TO_FIRST] + size], s[s[FROM_FIRST] : s[FROM_FIRST] + size]
    to_d, from_d = s[s[TO_SECOND] : s[TO_SECOND] + size], s[s[FROM_SECOND] : s[FROM_SECOND] + size]
    ready_c, due_c, service_c = p[p[READY] + c], p[p[DUE] + c], p[p[SERVICE] + c]
    if d < 0 and not is_room(p, s, c, m - 1, r):
        return found
    ready_d = due_d = service_d = straight = np.int64(0)
    if d >= 0:
        ready_d, due_d, service_d = p[p[READY] + d], p[p[DUE] + d], p[p[SERVICE] + d]
        straight = np.int64(travel(p, table, xy, c, d))
    for i in range(m - 1):
        if early[i] > due_c:
            break
        before = line[kept[i]]
        t = max(early[i] + p[p[SERVICE] + before] + to_c[kept[i]], ready_c)
        if t > due_c:
            continue
        left = t + service_c
        if d < 0:
            if left + from_c[kept[i + 1]] <= late[i + 1]:
                found += 1
                if first_only:
                    return found
                if below(s, found) == 0:
                    note(s, r, before, -1)
            continue
        if not is_room(p, s, c, i, r):
            continue
        t = left + straight
        if t <= due_d and max(t, ready_d) + service_d + from_d[kept[i + 1]] <= late[i + 1]:
            found += 1
            if first_only:
                return found
            if below(s, found) == 0:
                note(s, r, before, c)
        way = from_c[kept[i + 1]]
        for j in range(i + 1, m - 1):
            if not is_room(p, s, c, j, r):
                break
            node = line[kept[j]]
            t = max(left + way, p[p[READY] + node])
            if t > late[j]:
                break
            left = t + p[p[SERVICE] + node]
            t = left + to_d[kept[j]]
            if t > due_d:
                break
            if max(t, ready_d) + service_d + from_d[kept[j + 1]] <= late[j + 1]:
                found += 1
                if first_only:
                    return found
                if below(s, found) == 0:
                    note(s, r, before, node)
            way = hop[j]
    return found


@njit(cache=True, nogil=True)
def spots(p: Ints, table: Matrix, xy: Floats, s: Ints, c: int, d: int, r: int, found: int) -> int:
    """Count the places for a task, and its delivery, in a route as it stands, as `places` does."""
    if p[p[NEED] + c] & ~p[p[HAS] + r] or (d < 0 and not fits(p, table, xy, s, c, r)):
        return found
    timed = p[TIMED] != 0
    end = p[N] + 2 * r + 1
    ready_c, due_c, service_c = p[p[READY] + c], p[p[DUE] + c], p[p[SERVICE] + c]
    ready_d = due_d = service_d = straight = np.int64(0)
    if d >= 0:
        ready_d, due_d, service_d = p[p[READY] + d], p[p[DUE] + d], p[p[SERVICE] + d]
        straight = np.int64(travel(p, table, xy, c, d))
    i = end - 1
    while i != end:
        early = s[s[EARLIEST] + i]
        if timed and early > due_c:
            break
        j = s[s[FOLLOWING] + i]
        t = max(early + p[p[SERVICE] + i] + travel(p, table, xy, i, c), ready_c)
        way = travel(p, table, xy, c, j)
        left = t + service_c
        if timed and (t > due_c or left + way > s[s[LATEST] + j]):
            i = j
            continue
        if d < 0:
            found += 1
            if below(s, found) == 0:
                note(s, r, i, -1)
            i = j
            continue
        if not room(p, table, xy, s, c, i, r):
            i = j
            continue
        t = left + straight
        if not timed or (t <= due_d and max(t, ready_d) + service_d + travel(p, table, xy, d, j) <= s[s[LATEST] + j]):
            found += 1
            if below(s, found) == 0:
                note(s, r, i, c)
        k = j
        while k != end and room(p, table, xy, s, c, k, r):
            t = max(left + way, p[p[READY] + k])
            if timed and t > s[s[LATEST] + k]:
                break
            left = t + p[p[SERVICE] + k]
            t = left + travel(p, table, xy, k, d)
            if timed and t > due_d:
                break
            after = s[s[FOLLOWING] + k]
            if not timed or max(t, ready_d) + service_d + travel(p, table, xy, d, after) <= s[s[LATEST] + after]:
                found += 1
                if below(s, found) == 0:
                    note(s, r, i, k)
            way = leg(p, table, xy, s, k, after)
            k = after
        i = j
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
