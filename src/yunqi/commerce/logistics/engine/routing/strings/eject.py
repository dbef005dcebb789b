"""Guided ejection: give a vehicle up and serve its tasks by others, at the expense of those that are easiest to place.

After Nagata and Braysy (2009) and, for pairs, Nagata and Kobayashi (2010): tasks wait in a pool; one that fits nowhere
pushes out of some route those tasks that have failed least often so far, and random moves shake the routes after each
such ejection. Every function is compiled.
"""

import numpy as np
from numba import njit

from yunqi.commerce.logistics.engine.routing.strings.anneal import count_allowed, keep
from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints, Matrix
from yunqi.commerce.logistics.engine.routing.strings.layout import (
    ABSENT,
    ABSENT_TASKS,
    ALLOWED,
    AROUND,
    BEFORE_FIRST,
    BEFORE_SECOND,
    CHANGE,
    COUNTERS,
    DUE,
    EJECTIONS,
    FOLLOWING,
    FROM_FIRST,
    FROM_SECOND,
    HEADS,
    HERE,
    HOP,
    IS_ALLOWED,
    ITERATION,
    LINE,
    MATE,
    MUST,
    NEIGHBOURS,
    PENALTY,
    POOL,
    POOLED,
    PREVIOUS,
    READY,
    ROUTE,
    SERVICE,
    SHAKEN,
    SIZE,
    TASKS,
    TO_FIRST,
    TO_SECOND,
    USED,
    VEHICLES,
    N,
)
from yunqi.commerce.logistics.engine.routing.strings.links import (
    below,
    distance,
    draw,
    schedule,
    touch,
    uniform,
    unlink,
)
from yunqi.commerce.logistics.engine.routing.strings.places import (
    end_change,
    head,
    is_barred,
    lay_out,
    leave_out,
    note,
    place_anywhere,
    places,
    pull_out,
    put_in,
    spots,
    start_change,
)

DEAR = np.int64(1) << 60


@njit(cache=True, nogil=True)
def to_pool(p: Ints, s: Ints, c: int) -> None:
    """Let a head wait in the pool; it is the next one to be placed."""
    s[s[POOL] + s[POOLED]] = c
    s[POOLED] += 1
    s[CHANGE] += p[p[PENALTY] + c]


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
