"""Guided ejection: give a vehicle up and serve its tasks by others, at the expense of those that are easiest to place.

After Nagata and Braysy (2009) and, for pairs, Nagata and Kobayashi (2010): tasks wait in a pool; one that fits nowhere
pushes out of some route those tasks that have failed least often so far, and random moves shake the routes after each
such ejection. Every function is compiled.
"""

import numpy as np
from numba import njit

from yunqi.commerce.logistics.engine.routing.strings.anneal import count_allowed, keep, mark
from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints, Matrix
from yunqi.commerce.logistics.engine.routing.strings.layout import (
    ABSENT,
    ABSENT_TASKS,
    ALLOWED,
    AROUND,
    BEFORE_FIRST,
    BEFORE_SECOND,
    CAPACITY,
    CHANGE,
    COST,
    COUNTERS,
    DEMAND,
    DIMENSIONS,
    DUE,
    EARLIEST,
    EARLY,
    EJECTIONS,
    FOLLOWING,
    FROM_FIRST,
    FROM_SECOND,
    GAP,
    HAS,
    HEAD_OF,
    HEADS,
    HERE,
    HOP,
    IS_ALLOWED,
    ITERATION,
    KEPT,
    KEPT_GAP,
    LATE,
    LATEST,
    LINE,
    MATE,
    MUST,
    NEED,
    NEIGHBOURS,
    ON_BOARD,
    PENALTY,
    PICKUP,
    PLACE_ROUTE,
    POOL,
    POOLED,
    PREVIOUS,
    READY,
    ROUTE,
    SAVED,
    SERVICE,
    SHAKEN,
    SIZE,
    TASKS,
    TIMED,
    TO_FIRST,
    TO_SECOND,
    TOUCHED,
    USED,
    VEHICLES,
    N,
)
from yunqi.commerce.logistics.engine.routing.strings.links import (
    below,
    distance,
    draw,
    leg,
    link,
    reschedule,
    schedule,
    touch,
    travel,
    uniform,
    unlink,
)
from yunqi.commerce.logistics.engine.routing.strings.pairs import room
from yunqi.commerce.logistics.engine.routing.strings.recreate import fits

DEAR = np.int64(1) << 60


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
    first_only = found < 0
    found = max(found, 0)
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
def to_pool(p: Ints, s: Ints, c: int) -> None:
    """Let a head wait in the pool; it is the next one to be placed."""
    s[s[POOL] + s[POOLED]] = c
    s[POOLED] += 1
    s[CHANGE] += p[p[PENALTY] + c]


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


@njit(cache=True, nogil=True)
def clash(p: Ints, s: Ints, c: int, i: int, to: int, on: int) -> bool:
    """Whether two tasks can never be on one route, in whichever order: times to and from the first are given."""
    after = p[p[READY] + i] + p[p[SERVICE] + i] + to <= p[p[DUE] + c]
    return not after and p[p[READY] + c] + p[p[SERVICE] + c] + on > p[p[DUE] + i]


@njit(cache=True, nogil=True)
def list_heads(p: Ints, s: Ints, c: int, d: int, size: int) -> int:
    """List the heads of the laid-out route, and which of them can't be on one route with the task; return how many."""
    count = 0
    n = p[N]
    for k in range(1, size - 1):
        i = s[s[LINE] + k]
        if i >= n:
            continue
        h = head(p, i)
        if h == i:
            s[s[HEADS] + count] = i
            s[s[MUST] + count] = 0
            count += 1
    for k in range(1, size - 1):
        i = s[s[LINE] + k]
        no = clash(p, s, c, i, s[s[TO_FIRST] + k], s[s[FROM_FIRST] + k])
        if not no and d >= 0:
            no = clash(p, s, d, i, s[s[TO_SECOND] + k], s[s[FROM_SECOND] + k])
        if no:
            h = head(p, i)
            for x in range(count):
                if s[s[HEADS] + x] == h:
                    s[s[MUST] + x] = 1
    return count


@njit(cache=True, nogil=True)
def fits_without(
    p: Ints, table: Matrix, xy: Floats, s: Ints, c: int, d: int, r: int, size: int, a: int, b: int, e: int
) -> bool:
    """Whether a task fits into the laid-out route when some heads leave it."""
    m = leave_out(p, table, xy, s, size, a, b, e)
    return m > 0 and places(p, table, xy, s, c, d, r, m, -1) > 0


@njit(cache=True, nogil=True)
def cheapest_ejection(
    p: Ints, table: Matrix, xy: Floats, s: Ints, c: int, d: int, most: int
) -> tuple[int, int, int, int]:
    """Return a route and up to ``most`` heads of it (-1: none) that have failed least often and whose leaving makes room."""
    best, ties = DEAR, 0
    at, out_a, out_b, out_e = -1, np.int64(-1), np.int64(-1), np.int64(-1)
    none = np.int64(-1)
    for depth in range(1, most + 1):  # single tasks in all routes first: their price spares most of the pairs
        for r in range(p[VEHICLES]):
            if s[s[SIZE] + r] == 0 or is_barred(p, c, r) or low_price(p, s, r, depth) > best:
                continue
            size = lay_out(p, table, xy, s, c, d, r)
            count = list_heads(p, s, c, d, size)
            must, price = 0, 0
            for x in range(count):
                if s[s[MUST] + x]:
                    must += 1
                    price += 1 + s[s[COUNTERS] + s[s[HEADS] + x]]
            if must > depth or price > best:
                continue
            for x in range(count):
                a = s[s[HEADS] + x]
                price_a = 1 + s[s[COUNTERS] + a]
                left_a = must - s[s[MUST] + x]
                if price_a > best or left_a >= depth:
                    continue
                if depth == 1:
                    if fits_without(p, table, xy, s, c, d, r, size, a, none, none):
                        ties = 1 if price_a < best else ties + 1
                        best = price_a
                        if below(s, ties) == 0:
                            at, out_a, out_b, out_e = r, a, none, none
                    continue
                for y in range(x + 1, count):
                    b = s[s[HEADS] + y]
                    price_b = price_a + 1 + s[s[COUNTERS] + b]
                    left_b = left_a - s[s[MUST] + y]
                    if price_b > best or left_b > depth - 2:
                        continue
                    if depth == 2:
                        if fits_without(p, table, xy, s, c, d, r, size, a, b, none):
                            ties = 1 if price_b < best else ties + 1
                            best = price_b
                            if below(s, ties) == 0:
                                at, out_a, out_b, out_e = r, a, b, none
                        continue
                    for z in range(y + 1, count):
                        e = s[s[HEADS] + z]
                        price_e = price_b + 1 + s[s[COUNTERS] + e]
                        if price_e > best or left_b - s[s[MUST] + z] > 0:
                            continue
                        if fits_without(p, table, xy, s, c, d, r, size, a, b, e):
                            ties = 1 if price_e < best else ties + 1
                            best = price_e
                            if below(s, ties) == 0:
                                at, out_a, out_b, out_e = r, a, b, e
    return at, out_a, out_b, out_e


@njit(cache=True, nogil=True)
def low_price(p: Ints, s: Ints, r: int, depth: int) -> int:
    """Return what ``depth`` heads of a route fail at least."""
    first = second = third = DEAR >> 2
    i = s[s[FOLLOWING] + p[N] + 2 * r]
    while i < p[N]:
        if head(p, i) == i:
            price = 1 + s[s[COUNTERS] + i]
            if price < first:
                first, second, third = price, first, second
            elif price < second:
                second, third = price, second
            elif price < third:
                third = price
        i = s[s[FOLLOWING] + i]
    return first + (second if depth > 1 else 0) + (third if depth > 2 else 0)


@njit(cache=True, nogil=True)
def make_way(p: Ints, table: Matrix, xy: Floats, s: Ints, c: int, d: int, most: int) -> bool:
    """Put a task where others must leave for it, and let those wait in the pool."""
    r, a, b, e = cheapest_ejection(p, table, xy, s, c, d, most)
    if r < 0:
        return False
    touch(p, table, xy, s, r)
    turn = below(s, 3)
    for k in range(3):
        which = (k + turn) % 3
        h = a if which == 0 else b if which == 1 else e
        if h >= 0:
            pull_out(p, table, xy, s, h)
            to_pool(p, s, h)
    schedule(p, table, xy, s, r)
    spots(p, table, xy, s, c, d, r, 0)
    put_in(p, table, xy, s, c, d)
    return True


@njit(cache=True, nogil=True)
def gained(p: Ints, table: Matrix, xy: Floats, s: Ints, c: int) -> int:
    """Return the distance that is spared when a head, and the other half of its pair, leave their route."""
    d = p[p[MATE] + c]
    before, after = s[s[PREVIOUS] + c], s[s[FOLLOWING] + c]
    if d < 0:
        return int(s[s[HOP] + before] + s[s[HOP] + c] - distance(p, table, xy, before, after))
    last = s[s[FOLLOWING] + d]
    if after == d:
        return int(s[s[HOP] + before] + s[s[HOP] + c] + s[s[HOP] + d] - distance(p, table, xy, before, last))
    one = s[s[HOP] + before] + s[s[HOP] + c] - distance(p, table, xy, before, after)
    near = s[s[PREVIOUS] + d]
    return int(one + s[s[HOP] + near] + s[s[HOP] + d] - distance(p, table, xy, near, last))


@njit(cache=True, nogil=True)
def next_without(p: Ints, s: Ints, i: int, out: int) -> int:
    """Return the node behind one on its route, a head and its other half passed over."""
    j = s[s[FOLLOWING] + i]
    while out >= 0 and j < p[N] and head(p, j) == out:
        j = s[s[FOLLOWING] + j]
    return int(j)


@njit(cache=True, nogil=True)
def added(p: Ints, table: Matrix, xy: Floats, s: Ints, c: int, d: int, out: int) -> int:
    """Return the distance that the place noted last adds to the route without a head."""
    i, k = s[BEFORE_FIRST], s[BEFORE_SECOND]
    j = next_without(p, s, i, out)
    to = distance(p, table, xy, i, c)
    if d >= 0 and k == c:
        return int(to + distance(p, table, xy, c, d) + distance(p, table, xy, d, j) - distance(p, table, xy, i, j))
    one = to + distance(p, table, xy, c, j) - distance(p, table, xy, i, j)
    if d < 0:
        return int(one)
    j = next_without(p, s, k, out)
    return int(one + distance(p, table, xy, k, d) + distance(p, table, xy, d, j) - distance(p, table, xy, k, j))


@njit(cache=True, nogil=True)
def shake(p: Ints, table: Matrix, xy: Floats, s: Ints, level: float) -> None:
    """Move a random task into another route beside one of its neighbours, or let the two change places, if that fits.

    The distance may grow as far as a temperature allows.
    """
    v = s[s[TASKS] + below(s, s[HERE])]
    c = head(p, v)
    if s[s[ROUTE] + c] < 0:
        return
    w = p[p[AROUND] + v * p[NEIGHBOURS] + below(s, p[NEIGHBOURS])]
    if w < 0:
        return
    o = head(p, w)
    r, q = s[s[ROUTE] + c], s[s[ROUTE] + o]
    if q < 0 or q == r or is_barred(p, c, q):
        return
    d = p[p[MATE] + c]
    swap = draw(s) & 1
    if swap and is_barred(p, o, r):
        return
    out = o if swap else np.int64(-1)
    if swap:
        size = lay_out(p, table, xy, s, c, d, q)
        m = leave_out(p, table, xy, s, size, out, -1, -1)
        found = places(p, table, xy, s, c, d, q, m, 0) if m > 0 else 0
    else:
        found = spots(p, table, xy, s, c, d, q, 0)
    if found == 0:
        return
    first, second = s[BEFORE_FIRST], s[BEFORE_SECOND]
    longer = added(p, table, xy, s, c, d, out) - gained(p, table, xy, s, c)
    limit = -level * np.log(uniform(s) + 1e-12)
    if not swap and longer > limit:
        return
    start_change(s)
    if swap:
        f = p[p[MATE] + o]
        size = lay_out(p, table, xy, s, o, f, r)
        m = leave_out(p, table, xy, s, size, c, -1, -1)
        if m == 0 or places(p, table, xy, s, o, f, r, m, 0) == 0:
            return
        if longer + added(p, table, xy, s, o, f, c) - gained(p, table, xy, s, o) > limit:
            return
        pull_out(p, table, xy, s, c)
        pull_out(p, table, xy, s, o)
        put_in(p, table, xy, s, o, f)
        schedule(p, table, xy, s, r)
    else:
        pull_out(p, table, xy, s, c)
        schedule(p, table, xy, s, r)
    note(s, q, first, second)
    put_in(p, table, xy, s, c, d)
    schedule(p, table, xy, s, q)
    end_change(s)


@njit(cache=True, nogil=True)
def empty_one(p: Ints, table: Matrix, xy: Floats, s: Ints) -> None:
    """Take a random vehicle away; its tasks wait in the pool."""
    at = below(s, s[USED])
    victim = -1
    for r in range(p[VEHICLES]):
        if s[s[SIZE] + r] == 0:
            s[s[IS_ALLOWED] + r] = 0
            continue
        if at == 0:
            victim = r
        at -= 1
    start_change(s)
    touch(p, table, xy, s, victim)
    s[s[IS_ALLOWED] + victim] = 0
    s[ALLOWED] = count_allowed(p, s)
    i = s[s[FOLLOWING] + p[N] + 2 * victim]
    while i < p[N]:
        following = s[s[FOLLOWING] + i]
        unlink(p, table, xy, s, i)
        if head(p, i) == i:
            to_pool(p, s, i)
        i = following
    schedule(p, table, xy, s, victim)
    end_change(s)
    for c in range(p[N]):
        s[s[COUNTERS] + c] = 0
    s[EJECTIONS] = 0


@njit(cache=True, nogil=True)
def eject(
    p: Ints, table: Matrix, xy: Floats, s: Ints, iterations: int, target: int, most: int, shakes: int, level: float
) -> None:
    """Give vehicles up one after another until ``target`` are used or the iterations are spent.

    The pool and the counters stay in the state: the next call goes on.
    """
    until = s[ITERATION] - s[SHAKEN] + iterations
    for a in range(s[ABSENT]):
        s[s[POOL] + s[POOLED]] = s[s[ABSENT_TASKS] + a]
        s[POOLED] += 1
    s[ABSENT] = 0
    while s[ITERATION] - s[SHAKEN] < until:
        if s[POOLED] == 0:
            if s[USED] <= target:
                return
            empty_one(p, table, xy, s)
        start_change(s)
        s[POOLED] -= 1
        c = s[s[POOL] + s[POOLED]]
        d = p[p[MATE] + c]
        s[CHANGE] -= p[p[PENALTY] + c]
        if place_anywhere(p, table, xy, s, c, d):
            end_change(s)
            if s[POOLED] == 0:
                keep(p, table, xy, s)
            continue
        s[s[COUNTERS] + c] += 1
        if make_way(p, table, xy, s, c, d, most):
            s[EJECTIONS] += 1
        else:  # it fits nowhere, whatever leaves: the others come first
            to_pool(p, s, c)
            at = below(s, s[POOLED])
            s[s[POOL] + s[POOLED] - 1] = s[s[POOL] + at]
            s[s[POOL] + at] = c
        end_change(s)
        before = s[ITERATION]
        for _ in range(shakes):
            shake(p, table, xy, s, level)
        s[SHAKEN] += s[ITERATION] - before
