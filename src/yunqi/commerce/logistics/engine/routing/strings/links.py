"""Linked routes: link, unlink, schedule, save and put back. Every function is compiled."""

from numba import njit

from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints, Matrix
from yunqi.commerce.logistics.engine.routing.strings.chance import bits, whole
from yunqi.commerce.logistics.engine.routing.strings.layout import (
    ABSENT,
    ABSENT_TASKS,
    CARRIED,
    CHANGE,
    COST,
    DEMAND,
    DIMENSIONS,
    DUE,
    EARLIEST,
    FIXED,
    FOLLOWING,
    HOP,
    ITERATION,
    LATEST,
    LOAD,
    MODE,
    PAIRED,
    PREVIOUS,
    RANDOM,
    READY,
    ROUTE,
    SAVED,
    SAVED_ABSENT,
    SAVED_EARLIEST,
    SAVED_FROM,
    SAVED_HOP,
    SAVED_LATEST,
    SAVED_START,
    SAVED_TASKS,
    SAVED_TIMES,
    SERVICE,
    SITE,
    SIZE,
    TIMED,
    TOUCHED,
    TOUCHED_AT,
    TOUCHED_ROUTES,
    USED,
    N,
)


@njit(cache=True, nogil=True)
def draw(s: Ints) -> int:
    """Return 32 random bits."""
    return bits(s, RANDOM)


@njit(cache=True, nogil=True)
def uniform(s: Ints) -> float:
    """Return a random number in [0, 1)."""
    return draw(s) / 4294967296.0


@njit(cache=True, nogil=True)
def below(s: Ints, limit: int) -> int:
    """Return a random integer in [0, limit)."""
    return whole(s, RANDOM, limit)


@njit(cache=True, nogil=True)
def distance(p: Ints, table: Matrix, xy: Floats, i: int, j: int) -> int:
    """Return the distance from one node to another."""
    if p[MODE] == 0:
        return int(table[0, p[p[SITE] + i], p[p[SITE] + j]])
    dx = xy[2 * i + 2] - xy[2 * j + 2]
    dy = xy[2 * i + 3] - xy[2 * j + 3]
    return int((dx * dx + dy * dy) ** 0.5 * xy[0] + xy[1])


@njit(cache=True, nogil=True)
def travel(p: Ints, table: Matrix, xy: Floats, i: int, j: int) -> int:
    """Return the time from one node to another."""
    if p[MODE] == 0:
        return int(table[1, p[p[SITE] + i], p[p[SITE] + j]])
    dx = xy[2 * i + 2] - xy[2 * j + 2]
    dy = xy[2 * i + 3] - xy[2 * j + 3]
    return int((dx * dx + dy * dy) ** 0.5 * xy[0] + xy[1])


@njit(cache=True, nogil=True)
def leg(p: Ints, table: Matrix, xy: Floats, s: Ints, i: int, j: int) -> int:
    """Return the time from a node to the one that follows it."""
    return int(s[s[HOP] + i]) if p[MODE] != 0 else travel(p, table, xy, i, j)


@njit(cache=True, nogil=True)
def schedule(p: Ints, table: Matrix, xy: Floats, s: Ints, r: int) -> None:
    """Compute again when each node of a route can be served, and what is on board."""
    start = p[N] + 2 * r
    end = start + 1
    if p[TIMED]:
        # Where a vector begins is read once: compiled code can't know that a store leaves the header as it is.
        ready, due, service = p[READY], p[DUE], p[SERVICE]
        following, previous, earliest, latest, hop = s[FOLLOWING], s[PREVIOUS], s[EARLIEST], s[LATEST], s[HOP]
        is_drawn = p[MODE] != 0
        t = p[ready + start]
        s[earliest + start] = t
        i = start
        while i != end:
            j = s[following + i]
            t += p[service + i] + (s[hop + i] if is_drawn else travel(p, table, xy, i, j))
            t = max(t, p[ready + j])
            s[earliest + j] = t
            i = j
        t = p[due + end]
        s[latest + end] = t
        j = end
        while j != start:
            i = s[previous + j]
            t -= p[service + i] + (s[hop + i] if is_drawn else travel(p, table, xy, i, j))
            t = min(t, p[due + i])
            s[latest + i] = t
            j = i
    if p[PAIRED]:
        carry(p, s, start, end)


@njit(cache=True, nogil=True)
def reschedule(p: Ints, table: Matrix, xy: Floats, s: Ints, i: int) -> None:
    """Compute the schedule of a route again around a task that was just put in, as far as it changed."""
    r = s[s[ROUTE] + i]
    start = p[N] + 2 * r
    end = start + 1
    if p[TIMED]:
        ready, due, service = p[READY], p[DUE], p[SERVICE]
        following, previous, earliest, latest = s[FOLLOWING], s[PREVIOUS], s[EARLIEST], s[LATEST]
        at = s[previous + i]
        t = s[earliest + at]
        while at != end:
            j = s[following + at]
            t = max(t + p[service + at] + leg(p, table, xy, s, at, j), p[ready + j])
            if t == s[earliest + j] and j != i:
                break
            s[earliest + j] = t
            at = j
        at = s[following + i]
        t = s[latest + at]
        while at != start:
            j = s[previous + at]
            t = min(t - p[service + j] - leg(p, table, xy, s, j, at), p[due + j])
            if t == s[latest + j] and j != i:
                break
            s[latest + j] = t
            at = j
    if p[PAIRED]:
        carry(p, s, start, end)


@njit(cache=True, nogil=True)
def carry(p: Ints, s: Ints, start: int, end: int) -> None:
    """Compute again what is on board behind each node."""
    for k in range(p[DIMENSIONS]):
        on_board = 0
        i = start
        s[s[CARRIED] + i * p[DIMENSIONS] + k] = 0
        while True:
            i = s[s[FOLLOWING] + i]
            if i == end:
                break
            on_board += p[p[DEMAND] + i * p[DIMENSIONS] + k]
            s[s[CARRIED] + i * p[DIMENSIONS] + k] = on_board
        s[s[CARRIED] + end * p[DIMENSIONS] + k] = on_board


@njit(cache=True, nogil=True)
def touch(p: Ints, table: Matrix, xy: Floats, s: Ints, r: int) -> None:
    """Save a route, its schedule included, before its first change in this iteration."""
    if s[s[TOUCHED_AT] + r] == s[ITERATION]:
        return
    s[s[TOUCHED_AT] + r] = s[ITERATION]
    count = s[TOUCHED]
    length = s[SAVED]
    following, hop, earliest, latest = s[FOLLOWING], s[HOP], s[EARLIEST], s[LATEST]
    tasks, hops, early, late = s[SAVED_TASKS], s[SAVED_HOP], s[SAVED_EARLIEST], s[SAVED_LATEST]
    is_timed = p[TIMED]
    start = p[N] + 2 * r
    end = start + 1
    s[s[TOUCHED_ROUTES] + count] = r
    s[s[SAVED_FROM] + count] = length
    s[s[SAVED_START] + count] = s[hop + start]
    s[s[SAVED_TIMES] + 2 * count] = s[latest + start]
    s[s[SAVED_TIMES] + 2 * count + 1] = s[earliest + end]
    i = s[following + start]
    while i != end:
        s[tasks + length] = i
        s[hops + length] = s[hop + i]
        if is_timed:
            s[early + length] = s[earliest + i]
            s[late + length] = s[latest + i]
        length += 1
        i = s[following + i]
    s[s[SAVED_FROM] + count + 1] = length
    s[TOUCHED] = count + 1
    s[SAVED] = length


@njit(cache=True, nogil=True)
def unlink(p: Ints, table: Matrix, xy: Floats, s: Ints, i: int) -> None:
    """Take a task out of its route; the schedule is left for `schedule`."""
    r = s[s[ROUTE] + i]
    before, after = s[s[PREVIOUS] + i], s[s[FOLLOWING] + i]
    gained = distance(p, table, xy, before, after)
    s[CHANGE] += gained - s[s[HOP] + before] - s[s[HOP] + i]
    s[s[HOP] + before] = gained
    s[s[FOLLOWING] + before] = after
    s[s[PREVIOUS] + after] = before
    s[s[ROUTE] + i] = -1
    s[s[SIZE] + r] -= 1
    if s[s[SIZE] + r] == 0:
        s[CHANGE] -= p[p[FIXED] + r] + s[s[HOP] + before]
        s[s[HOP] + before] = 0
        s[USED] -= 1
    for k in range(p[DIMENSIONS]):
        s[s[LOAD] + r * p[DIMENSIONS] + k] -= p[p[DEMAND] + i * p[DIMENSIONS] + k]


@njit(cache=True, nogil=True)
def link(p: Ints, table: Matrix, xy: Floats, s: Ints, i: int, before: int, r: int) -> None:
    """Put a task into a route behind a node; the schedule is left for `schedule`."""
    after = s[s[FOLLOWING] + before]
    if s[s[SIZE] + r] == 0:
        s[CHANGE] += p[p[FIXED] + r]
        s[USED] += 1
    to, on = distance(p, table, xy, before, i), distance(p, table, xy, i, after)
    s[CHANGE] += to + on - s[s[HOP] + before]
    s[s[HOP] + before] = to
    s[s[HOP] + i] = on
    s[s[FOLLOWING] + before] = i
    s[s[PREVIOUS] + i] = before
    s[s[FOLLOWING] + i] = after
    s[s[PREVIOUS] + after] = i
    s[s[ROUTE] + i] = r
    s[s[SIZE] + r] += 1
    for k in range(p[DIMENSIONS]):
        s[s[LOAD] + r * p[DIMENSIONS] + k] += p[p[DEMAND] + i * p[DIMENSIONS] + k]


@njit(cache=True, nogil=True)
def clear(p: Ints, table: Matrix, xy: Floats, s: Ints, r: int) -> None:
    """Empty a route slot."""
    start = p[N] + 2 * r
    s[s[FOLLOWING] + start] = start + 1
    s[s[PREVIOUS] + start + 1] = start
    s[s[HOP] + start] = 0
    s[s[SIZE] + r] = 0
    for k in range(p[DIMENSIONS]):
        s[s[LOAD] + r * p[DIMENSIONS] + k] = 0
    schedule(p, table, xy, s, r)


@njit(cache=True, nogil=True)
def put_back(p: Ints, table: Matrix, xy: Floats, s: Ints, cost: int, used: int) -> None:
    """Undo this iteration."""
    route, following = s[ROUTE], s[FOLLOWING]
    for t in range(s[TOUCHED]):
        r = s[s[TOUCHED_ROUTES] + t]
        end = p[N] + 2 * r + 1
        i = s[following + end - 1]
        while i != end:
            s[route + i] = -1
            i = s[following + i]
    for t in range(s[TOUCHED]):
        relink(p, s, t)
    s[COST] = cost
    s[USED] = used
    s[ABSENT] = s[s[SAVED_ABSENT] + 0]
    for a in range(s[ABSENT]):
        s[s[ABSENT_TASKS] + a] = s[s[SAVED_ABSENT] + a + 1]


@njit(cache=True, nogil=True)
def relink(p: Ints, s: Ints, t: int) -> None:
    """Put one touched route back as it was saved."""
    route, following, previous, hop = s[ROUTE], s[FOLLOWING], s[PREVIOUS], s[HOP]
    earliest, latest = s[EARLIEST], s[LATEST]
    tasks, hops, early, late = s[SAVED_TASKS], s[SAVED_HOP], s[SAVED_EARLIEST], s[SAVED_LATEST]
    demand, dimensions, is_timed = p[DEMAND], p[DIMENSIONS], p[TIMED]
    r = s[s[TOUCHED_ROUTES] + t]
    before = p[N] + 2 * r
    end = before + 1
    s[hop + before] = s[s[SAVED_START] + t]
    s[latest + before] = s[s[SAVED_TIMES] + 2 * t]
    s[earliest + end] = s[s[SAVED_TIMES] + 2 * t + 1]
    load = s[LOAD] + r * dimensions
    for k in range(dimensions):
        s[load + k] = 0
    first, last = s[s[SAVED_FROM] + t], s[s[SAVED_FROM] + t + 1]
    for at in range(first, last):
        i = s[tasks + at]
        s[following + before] = i
        s[previous + i] = before
        s[hop + i] = s[hops + at]
        s[route + i] = r
        if is_timed:
            s[earliest + i] = s[early + at]
            s[latest + i] = s[late + at]
        for k in range(dimensions):
            s[load + k] += p[demand + i * dimensions + k]
        before = i
    s[following + before] = end
    s[previous + end] = before
    s[s[SIZE] + r] = last - first
    if p[PAIRED]:
        carry(p, s, end - 1, end)
