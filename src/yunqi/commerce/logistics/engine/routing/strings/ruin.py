"""The ruin: strings of neighbouring stops leave the routes around a random task. Every function is compiled."""

from numba import njit

from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints, Matrix
from yunqi.commerce.logistics.engine.routing.strings.layout import (
    ABSENT,
    ABSENT_TASKS,
    AROUND,
    CHANGE,
    CLOSING,
    DEEPER,
    FOCUS,
    FOCUSED,
    FOLLOWING,
    HERE,
    ITERATION,
    LIMIT,
    LONGEST,
    MATE,
    MEAN_REMOVED,
    NEIGHBOURS,
    OFFERED,
    OPENING,
    PAIRED,
    PENALTY,
    PICKUP,
    PREVIOUS,
    REMOVED,
    REMOVED_TASKS,
    ROUTE,
    SIZE,
    SPLIT,
    TASKS,
    TIMED,
    TOUCHED_AT,
    USED,
    N,
)
from yunqi.commerce.logistics.engine.routing.strings.links import below, draw, schedule, touch, uniform, unlink


@njit(cache=True, nogil=True)
def ruin(p: Ints, table: Matrix, xy: Floats, s: Ints) -> None:
    """Remove strings; what was absent and what left its route is listed in ``removed``."""
    count = s[ABSENT]
    for a in range(count):
        s[s[REMOVED_TASKS] + a] = s[s[ABSENT_TASKS] + a]
        s[CHANGE] -= p[p[PENALTY] + s[s[ABSENT_TASKS] + a]]
    s[REMOVED] = count
    used = s[USED]
    if used == 0 or s[HERE] == 0:
        return
    longest = min(float(s[LONGEST]), max(1.0, s[HERE] / used))
    strings = int(uniform(s) * max(4.0 * s[MEAN_REMOVED] / (1.0 + longest) - 1.0, 0.0) + 1.0)
    seed = s[s[TASKS] + below(s, s[HERE])]
    if s[FOCUSED] > 0 and draw(s) & 1:
        wanted = s[s[FOCUS] + below(s, s[FOCUSED])]
        if s[s[ROUTE] + wanted] >= 0:
            seed = wanted
    is_free = p[TIMED] and not p[PAIRED] and s[LIMIT] < 0
    is_closing = is_free and draw(s) < s[CLOSING]
    s[OFFERED] = 1 if is_free and draw(s) < s[OPENING] else 0
    done = 0
    for k in range(-1, p[NEIGHBOURS]):
        c = seed if k < 0 else p[p[AROUND] + seed * p[NEIGHBOURS] + k]
        if c < 0:
            break
        r = s[s[ROUTE] + c]
        if r < 0 or s[s[TOUCHED_AT] + r] == s[ITERATION]:
            continue
        touch(p, table, xy, s, r)
        length = int(uniform(s) * min(float(s[s[SIZE] + r]), longest) + 1.0)
        if is_closing and done == 0:
            length = s[s[SIZE] + r]
        remove_string(p, table, xy, s, c, r, min(length, s[s[SIZE] + r]))
        if p[TIMED] or p[PAIRED]:
            schedule(p, table, xy, s, r)
        done += 1
        if done >= strings:
            break


@njit(cache=True, nogil=True)
def remove_string(p: Ints, table: Matrix, xy: Floats, s: Ints, c: int, r: int, length: int) -> None:
    """Remove a string that holds a task, or two strings with a few stops kept between them."""
    size = s[s[SIZE] + r]
    kept = 0
    if 1 < length < size and draw(s) < s[SPLIT]:
        kept = 1
        while length + kept < size and draw(s) < s[DEEPER]:
            kept += 1
    total = length + kept
    start, end = p[N] + 2 * r, p[N] + 2 * r + 1
    back = 0
    i = s[s[PREVIOUS] + c]
    while i != start and back < total - 1:
        back += 1
        i = s[s[PREVIOUS] + i]
    ahead = 0
    i = s[s[FOLLOWING] + c]
    while i != end and ahead < total - 1:
        ahead += 1
        i = s[s[FOLLOWING] + i]
    lowest = max(0, total - 1 - ahead)
    offset = lowest + below(s, back - lowest + 1)
    i = c
    for _ in range(offset):
        i = s[s[PREVIOUS] + i]
    skip_from = 1 + below(s, length - 1) if kept else total
    for at in range(total):
        following = s[s[FOLLOWING] + i]
        if at < skip_from or at >= skip_from + kept:
            if p[PAIRED] and following == p[p[MATE] + i]:
                following = s[s[FOLLOWING] + following]
            take_out(p, table, xy, s, i)
        if following == end:
            break
        i = following


@njit(cache=True, nogil=True)
def take_out(p: Ints, table: Matrix, xy: Floats, s: Ints, i: int) -> None:
    """Take a task, and the other half of its pair, out of their route."""
    unlink(p, table, xy, s, i)
    if p[PAIRED] and p[p[MATE] + i] >= 0:
        other = p[p[MATE] + i]
        unlink(p, table, xy, s, other)
        if not p[p[PICKUP] + i]:
            i = other
    s[s[REMOVED_TASKS] + s[REMOVED]] = i
    s[REMOVED] += 1
