"""The day of a vehicle that only windows, loads, limits and breaks shape, faster than the whole simulation. Compiled.

What would be on board for too long is fetched later: the earliest schedule within all times on board is the least one that
meets them, found by raising the begin of a pickup to what its delivery asks and going on from there (the times of a route are
a system of differences). Where its length matters the day begins later by the forward slack (Savelsbergh, 1992), which makes
rides no longer.
"""

from numba import njit

from yunqi.commerce.logistics.engine.routing.rich.day import board, closes_at, opens, worth
from yunqi.commerce.logistics.engine.routing.rich.layout import (
    AFTER,
    AFTERS,
    AT,
    BREAK,
    BREAKS,
    CLOCK,
    CLOSES,
    DEPARTED,
    DIMENSIONS,
    DONE_AT,
    DRIVEN,
    END,
    ENDS,
    EVER,
    FAIRNESS,
    FAR,
    FIRST_AFTER,
    FIRST_BREAK,
    HAS,
    HELD_TO,
    HOLD,
    INFEASIBLE,
    KEPT,
    KIND,
    LINKED,
    MAX_DISTANCE,
    MAX_DRIVE,
    MAX_RIDE,
    MAX_TASKS,
    MAX_TIME,
    NEED,
    NOW,
    OPENS,
    PARTNER,
    PER_TIME,
    PLACE,
    PREFIX,
    PRICE_COLUMNS,
    SERVICE,
    SHIP_DELIVERY,
    SLACK,
    START,
    TAKEN,
    TAKEN_AT,
    TASK,
    TASK_COLUMNS,
    TIGHT,
    TRAVELS,
    WAITED,
    WAITS,
    WATCHED,
    WAYS,
)
from yunqi.commerce.logistics.engine.routing.rich.ways import task, vehicle
from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints, Matrix

MOST_RAISED = 3
"""Times a stop that begins are raised, at most: where that is not enough, the order is a poor one."""


@njit(cache=True, nogil=True)
def plain_day(
    p: Ints, prices: Floats, table: Matrix, s: Ints, c: Ints, r: int, row: int, length: int, first: int, is_kept: bool
) -> tuple[float, int]:  # fmt: skip
    """Return the cost of a day and when it begins; INFEASIBLE when it breaks a rule.

    Parameters
    ----------
    first
        The tasks before this index are gone through already as the state has kept it.
    is_kept
        Whether the state keeps the clock behind each task.
    """
    departed = vehicle(p, r, DEPARTED)
    early = vehicle(p, r, OPENS) if departed < 0 else departed
    if length == 0:
        return 0.0, early
    most = vehicle(p, r, MAX_TASKS)
    holds = (most < 0 or length <= most) and carry_on(p, table, s, c, r, row, length, first, early, is_kept)
    holds = holds and keep_time(p, s, r, row, length, first)
    if p[LINKED]:
        for at in range(length):
            s[s[ENDS] + s[row + at]] = -1
    cost, when = INFEASIBLE, early
    if holds:
        cost, when = length_of(p, prices, table, s, c, r, row, length, early)
    if is_kept:
        note(p, s, row, length, first)
    if p[LINKED]:
        for at in range(length):
            s[s[HOLD] + at] = 0
    return cost, when


@njit(cache=True, nogil=True)
def carry_on(
    p: Ints, table: Matrix, s: Ints, c: Ints, r: int, row: int, length: int, first: int, early: int, is_kept: bool
) -> bool:  # fmt: skip
    """Go along the row but for times: ways, loads, skills and order; False when one of them is broken."""
    stride, own, has = CLOCK + 3 * p[DIMENSIONS], vehicle(p, r, TRAVELS), vehicle(p, r, HAS)
    begin = s[row + first - 1] if first > 0 else -1
    for k in range(stride):
        c[k] = s[s[KEPT] + begin * stride + k] if first > 0 else 0
    s[s[DONE_AT]], s[s[WAITS]], s[s[TIGHT]], s[s[TAKEN_AT]] = early, 0, EVER, 0
    place = vehicle(p, r, START)
    for at in range(0 if p[LINKED] else max(0, first - 1), length):
        i = s[row + at]
        there = task(p, i, PLACE)
        long = 0 if place < 0 else int(table[own, 1, place, there])
        s[s[WAYS] + at] = long
        if at < first:
            kept = s[KEPT] + i * stride
            s[s[DONE_AT] + at + 1], s[s[WAITS] + at + 1] = s[kept + NOW], s[kept + WAITED]
            s[s[TIGHT] + at + 1], s[s[TAKEN_AT] + at + 1] = s[kept + SLACK], s[kept + TAKEN]
            s[s[HOLD] + at] = s[kept + HELD_TO]
        else:
            if task(p, i, NEED) & ~has or not board(p, r, i, c):
                return False
            c[DRIVEN] += long
            c[FAR] += 0 if place < 0 else int(table[own, 0, place, there])
            if is_kept:
                for k in range(stride):
                    s[s[KEPT] + i * stride + k] = c[k]
        place = there
        if task(p, i, WATCHED):
            s[s[ENDS] + i] = at
            if at >= first and not in_order(p, s, i):
                return False
    return not p[LINKED] or are_whole(p, s, r, row, length)


@njit(cache=True, nogil=True)
def in_order(p: Ints, s: Ints, i: int) -> bool:
    """Whether what has to come before a task is in the row already."""
    after = p[AFTER] + task(p, i, FIRST_AFTER)
    for k in range(after, after + task(p, i, AFTERS)):
        if s[s[ENDS] + p[k]] < 0:
            return False
    return task(p, i, KIND) != SHIP_DELIVERY or s[s[ENDS] + task(p, i, PARTNER)] >= 0


@njit(cache=True, nogil=True)
def are_whole(p: Ints, s: Ints, r: int, row: int, length: int) -> bool:
    """Whether the other half of each pair is in the row."""
    for at in range(vehicle(p, r, PREFIX), length):  # what was fetched already may have to stay on board
        mate = task(p, s[row + at], PARTNER)
        if mate >= 0 and s[s[ENDS] + mate] < 0:
            return False
    return True


@njit(cache=True, nogil=True)
def keep_time(p: Ints, s: Ints, r: int, row: int, length: int, first: int) -> bool:
    """Begin each stop as early as windows, breaks and times on board admit; False when they admit no time."""
    over, waits, tight, hold, taken_at, ways = s[DONE_AT], s[WAITS], s[TIGHT], s[HOLD], s[TAKEN_AT], s[WAYS]
    breaks, is_linked = vehicle(p, r, BREAKS), p[LINKED]
    has_slack = breaks == 0  # else it tells nothing
    at, raised = first, 0
    while at < length:
        i = s[row + at]
        base = p[TASK] + i * TASK_COLUMNS
        taken, service = s[taken_at + at], p[base + SERVICE]
        now, waited = s[over + at], s[waits + at]
        if taken < breaks:
            now, taken, waited = rested(p, r, now, taken, waited, now + s[ways + at], True)
            if now < 0:
                return False
        now += s[ways + at]
        if is_linked and s[hold + at] > now:
            waited += s[hold + at] - now
            now = s[hold + at]
        begins = opens(p, i, now)
        if taken < breaks and begins >= 0:
            now, taken, waited = rested(p, r, now, taken, waited, begins, False)
            if taken < breaks:
                now, taken, waited = rested(p, r, now, taken, waited, begins + service, True)
                begins = opens(p, i, now)
        if begins < 0 or now < 0:
            return False
        waited += begins - now
        s[waits + at + 1], s[over + at + 1], s[taken_at + at + 1] = waited, begins + service, taken
        if has_slack:
            s[tight + at + 1] = min(s[tight + at], waited + closes_at(p, i, begins) - begins)
        if is_linked and p[base + MAX_RIDE] >= 0 and p[base + KIND] == SHIP_DELIVERY:
            mate = s[s[ENDS] + p[base + PARTNER]]
            excess = begins - s[over + mate + 1] - p[base + MAX_RIDE]
            if excess > 0:
                raised += 1
                if excess > waited - s[waits + mate + 1] or raised > MOST_RAISED * length:
                    return False
                s[hold + mate] = s[over + mate + 1] - task(p, s[row + mate], SERVICE) + excess
                at = mate
                continue
        at += 1
    return True


@njit(cache=True, nogil=True)
def rested(
    p: Ints, r: int, now: int, taken: int, waited: int, until: int, must_go_on: bool
) -> tuple[int, int, int]:  # fmt: skip
    """Take breaks; return the time behind them (-1 when one comes too late), how many are taken, and the waiting.

    Parameters
    ----------
    until, must_go_on
        Those whose window would be missed by going on until a time; or those that fit into the time until then.
    """
    while taken < vehicle(p, r, BREAKS) and now >= 0:
        row = p[BREAK] + 3 * (vehicle(p, r, FIRST_BREAK) + taken)
        begins = max(now, p[row])
        if must_go_on:
            if until <= p[row + 1]:
                break
            until += p[row + 2]
        elif begins > p[row + 1] or begins + p[row + 2] > until:
            break
        taken += 1
        waited += begins - now
        now = -1 if begins > p[row + 1] else begins + p[row + 2]
    return now, taken, waited


@njit(cache=True, nogil=True)
def length_of(
    p: Ints, prices: Floats, table: Matrix, s: Ints, c: Ints, r: int, row: int, length: int, early: int
) -> tuple[float, int]:  # fmt: skip
    """Return what a day costs that is begun as late as it may, and when that is."""
    end, own, when = vehicle(p, r, END), vehicle(p, r, TRAVELS), early
    c[NOW], c[WAITED], c[AT] = s[s[DONE_AT] + length], s[s[WAITS] + length], task(p, s[row + length - 1], PLACE)
    if end >= 0:
        long = int(table[own, 1, c[AT], end])
        if s[s[TAKEN_AT] + length] < vehicle(p, r, BREAKS):
            c[NOW], _, c[WAITED] = rested(p, r, c[NOW], s[s[TAKEN_AT] + length], c[WAITED], c[NOW] + long, True)
            if c[NOW] < 0:
                return INFEASIBLE, early
        c[NOW] += long
        c[DRIVEN] += long
        c[FAR] += int(table[own, 0, c[AT], end])
    if c[NOW] > vehicle(p, r, CLOSES):
        return INFEASIBLE, early
    if 0 <= vehicle(p, r, MAX_DISTANCE) < c[FAR] or 0 <= vehicle(p, r, MAX_DRIVE) < c[DRIVEN]:
        return INFEASIBLE, early
    span, longest = c[NOW] - early, vehicle(p, r, MAX_TIME)
    is_timed = prices[r * PRICE_COLUMNS + PER_TIME] > 0 or prices[r * PRICE_COLUMNS + FAIRNESS] > 0
    if vehicle(p, r, DEPARTED) < 0 and (is_timed or 0 <= longest < span):
        later = max(0, min(c[WAITED], s[s[TIGHT] + length]))
        span, when = span - later, early + later
    if 0 <= longest < span:
        return INFEASIBLE, early
    return worth(p, prices, r, c, span), when


@njit(cache=True, nogil=True)
def note(p: Ints, s: Ints, row: int, length: int, first: int) -> None:
    """Keep the times behind each task."""
    stride = CLOCK + 3 * p[DIMENSIONS]
    for at in range(0 if p[LINKED] else first, length):
        kept = s[KEPT] + s[row + at] * stride
        s[kept + NOW], s[kept + WAITED] = s[s[DONE_AT] + at + 1], s[s[WAITS] + at + 1]
        s[kept + SLACK], s[kept + HELD_TO] = s[s[TIGHT] + at + 1], s[s[HOLD] + at]
        s[kept + TAKEN] = s[s[TAKEN_AT] + at + 1]
