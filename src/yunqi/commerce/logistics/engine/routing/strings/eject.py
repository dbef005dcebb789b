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
    EJECTIONS,
    FOLLOWING,
    GONE,
    HERE,
    HOP,
    IS_ALLOWED,
    ITERATION,
    LEAVERS,
    LEAVING,
    MATE,
    NEIGHBOURS,
    PENALTY,
    POOL,
    POOLED,
    PREVIOUS,
    ROUTE,
    SHAKEN,
    SIZE,
    TASKS,
    USED,
    VEHICLES,
    N,
)
from yunqi.commerce.logistics.engine.routing.strings.leavers import cheapest_leavers
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


@njit(cache=True, nogil=True)
def to_pool(p: Ints, s: Ints, c: int) -> None:
    """Let a head wait in the pool; it is the next one to be placed."""
    s[s[POOL] + s[POOLED]] = c
    s[POOLED] += 1
    s[CHANGE] += p[p[PENALTY] + c]


@njit(cache=True, nogil=True)
def make_way(p: Ints, table: Matrix, xy: Floats, s: Ints, c: int, d: int, most: int) -> bool:
    """Put a task where others must leave for it, and let those wait in the pool."""
    r = cheapest_leavers(p, table, xy, s, c, d, most)
    if r < 0:
        return False
    touch(p, table, xy, s, r)
    turn = below(s, s[LEAVING])
    for k in range(s[LEAVING]):
        h = s[s[LEAVERS] + (k + turn) % s[LEAVING]]
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
def without(p: Ints, table: Matrix, xy: Floats, s: Ints, size: int, c: int) -> int:
    """Schedule the laid-out route without one head; return its nodes."""
    s[s[GONE] + c] = 1
    m = leave_out(p, table, xy, s, size)
    s[s[GONE] + c] = 0
    return m


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
        m = without(p, table, xy, s, size, out)
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
        m = without(p, table, xy, s, size, c)
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
