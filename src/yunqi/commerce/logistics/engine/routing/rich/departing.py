"""When a vehicle leaves, and where it loads again: the days that a sequence of tasks can be. Every function is compiled."""

import numpy as np
from numba import njit

from yunqi.commerce.logistics.engine.routing.rich.day import board, simulate, worth
from yunqi.commerce.logistics.engine.routing.rich.layout import (
    BROKEN,
    CLOCK,
    CLOSES,
    DEPARTED,
    DIMENSIONS,
    END,
    EVER,
    FAIRNESS,
    FIRST_WINDOW,
    FORCED,
    FRESH,
    HELD_AT,
    HELD_TO,
    HOLD,
    INFEASIBLE,
    IS_DIRECT,
    IS_PLAIN,
    KIND,
    LATEST,
    LINKED,
    LOAD,
    MAX_TIME,
    NOW,
    OPENS,
    PER_TIME,
    PLACE,
    PRICE_COLUMNS,
    PROFILE,
    RELOADED,
    RELOADS,
    SERVICE,
    SHIP_DELIVERY,
    SHIP_PICKUP,
    SLACK,
    START,
    STEPS,
    TRAVELS,
    WAITED,
    WINDOW,
    WINDOWS,
)
from yunqi.commerce.logistics.engine.routing.rich.plain import plain_day
from yunqi.commerce.logistics.engine.routing.rich.ways import task, vehicle
from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints, Matrix

UNKNOWN = 2
"""In place of 1: a row that does not hold when it begins as early as it may, so that nothing of it is kept."""
MOST_HELD = 6
"""Times that a day is gone through anew to hold pickups back: where that is not enough, the order is a poor one."""


@njit(cache=True, nogil=True)
def held(
    p: Ints, prices: Floats, table: Matrix, s: Ints, c: Ints, r: int, row: int, length: int, departs: int, are_forced: bool,
    first: int = 0
) -> float:  # fmt: skip
    """Return the cost of a day in which pickups are begun later where else their load would be on board for too long."""
    cost = simulate(p, prices, table, s, c, r, row, length, departs, are_forced, first)
    if c[HELD_AT] < 0:
        return cost
    for _ in range(min(length, MOST_HELD)):
        s[s[HOLD] + c[HELD_AT]] = c[HELD_TO]
        cost = simulate(p, prices, table, s, c, r, row, length, departs, are_forced)
        if c[HELD_AT] < 0:
            break
    return cost


@njit(cache=True, nogil=True)
def let_go(s: Ints, length: int) -> None:
    """Hold no stop back any more."""
    for k in range(length):
        s[s[HOLD] + k] = 0


@njit(cache=True, nogil=True)
def departing(
    p: Ints, prices: Floats, table: Matrix, s: Ints, c: Ints, r: int, row: int, length: int, most: float, are_forced: bool,
    first: int
) -> tuple[float, int]:  # fmt: skip
    """Return the cost of a day that begins as late as it may without waiting more than needed, and when it begins.

    Parameters
    ----------
    most
        What costs more than this need not be known better.
    """
    departed, longest = vehicle(p, r, DEPARTED), vehicle(p, r, MAX_TIME)
    early = vehicle(p, r, OPENS) if departed < 0 else departed
    cost = held(p, prices, table, s, c, r, row, length, early, are_forced, first)
    if p[LINKED]:
        let_go(s, length)
    timed = prices[r * PRICE_COLUMNS + PER_TIME] > 0 or prices[r * PRICE_COLUMNS + FAIRNESS] > 0
    if length == 0 or departed >= 0 or (cost >= INFEASIBLE and longest < 0) or not (timed or cost >= INFEASIBLE):
        return cost, early
    if c[BROKEN] and p[STEPS] == 0 and c[HELD_AT] < 0:
        return cost, early  # who is late already is no earlier by leaving later
    waited, slack = c[WAITED], c[SLACK]
    if p[STEPS] == 0 and cost < INFEASIBLE and worth(p, prices, r, c, c[NOW] - early - waited) >= most:
        return cost, early
    best, when, step = cost, early, waited
    if 0 < slack < waited and p[STEPS] == 0:
        best, when = later_day(p, prices, table, s, c, r, row, length, early + slack, are_forced, best, early)
        step = waited - slack
    while step > 0:
        later = held(p, prices, table, s, c, r, row, length, when + step, are_forced)
        if p[LINKED]:
            let_go(s, length)
        if later < best:
            best, when = later, when + step
        elif best >= INFEASIBLE and not c[BROKEN] and c[NOW] <= vehicle(p, r, CLOSES):
            when += step  # it is still out for too long: it left too early
        step //= 2
        if step < max(1, waited // 64):
            break
    for k in range(p[STEPS]):  # a way that is begun when the roads get free may be the shorter one
        begins = p[p[PROFILE] + 2 * k]
        if early < begins <= early + waited:
            best, when = later_day(p, prices, table, s, c, r, row, length, begins, are_forced, best, when)
    return best, when


@njit(cache=True, nogil=True)
def later_day(
    p: Ints, prices: Floats, table: Matrix, s: Ints, c: Ints, r: int, row: int, length: int, departs: int, are_forced: bool,
    best: float, when: int
) -> tuple[float, int]:  # fmt: skip
    """Return the better of the best day so far and one that begins at a time."""
    later = held(p, prices, table, s, c, r, row, length, departs, are_forced)
    if p[LINKED]:
        let_go(s, length)
    return (later, departs) if later < best else (best, when)


@njit(cache=True, nogil=True)
def best_departure(
    p: Ints, prices: Floats, table: Matrix, s: Ints, c: Ints, r: int, row: int, length: int, most: float, first: int
) -> tuple[float, int, bool]:  # fmt: skip
    """Return the cost of the best day found, when it begins, and whether its reloads are where the state forces them.

    Parameters
    ----------
    first
        The tasks before this index are gone through already as the state has kept it.
    """
    if vehicle(p, r, IS_PLAIN):
        cost, when = plain_day(p, prices, table, s, c, r, row, length, first, False)
        return cost, when, False
    cost, when = departing(p, prices, table, s, c, r, row, length, most, False, first)
    if vehicle(p, r, RELOADS) <= 0 or c[RELOADED] == 0 or vehicle(p, r, START) < 0:
        return cost, when, False
    if not nearest_reloads(p, table, s, c, r, row, length):
        return cost, when, False
    other, at = departing(p, prices, table, s, c, r, row, length, most, True, 0)
    return (other, at, True) if other < cost else (cost, when, False)


@njit(cache=True, nogil=True)
def evaluate(
    p: Ints, prices: Floats, table: Matrix, s: Ints, c: Ints, r: int, row: int, length: int, most: float, first: int
) -> float:  # fmt: skip
    """Return the cost of a vehicle that serves a sequence."""
    return best_departure(p, prices, table, s, c, r, row, length, most, first)[0]


@njit(cache=True, nogil=True)
def keep(
    p: Ints, prices: Floats, table: Matrix, s: Ints, c: Ints, r: int, row: int, length: int, first: int, is_priced: bool
) -> float:  # fmt: skip
    """Let the state keep the clock behind each task of a row that holds, and when each has to be begun at the latest.

    Returns
    -------
    float
        Where it is asked for, what the row costs.
    """
    departed = vehicle(p, r, DEPARTED)
    early = vehicle(p, r, OPENS) if departed < 0 else departed
    s[s[FRESH] + r] = 1
    if vehicle(p, r, IS_PLAIN):
        cost, _ = plain_day(p, prices, table, s, c, r, row, length, first, True)
    else:
        cost = evaluate(p, prices, table, s, c, r, row, length, INFEASIBLE, first) if is_priced else 0.0
        simulate(p, prices, table, s, c, r, row, length, early, False, first, True)
        for _ in range(MOST_HELD if c[HELD_AT] >= 0 else 0):
            s[s[HOLD] + c[HELD_AT]] = c[HELD_TO]
            simulate(p, prices, table, s, c, r, row, length, early, False, 0, True)
            if c[HELD_AT] < 0:
                break
        let_go(s, length if p[LINKED] else 0)
        if c[BROKEN]:
            s[s[FRESH] + r] = UNKNOWN
    until, own, place = vehicle(p, r, CLOSES), vehicle(p, r, TRAVELS), vehicle(p, r, END)
    is_direct = vehicle(p, r, IS_DIRECT)
    for at in range(length - 1, -1, -1):
        i = s[row + at]
        if not is_direct:
            s[s[LATEST] + i] = EVER
            continue
        here = task(p, i, PLACE)
        until -= task(p, i, SERVICE) + (0 if place < 0 else int(table[own, 1, here, place]))
        until = last_begin(p, i, until)
        s[s[LATEST] + i], place = until, here
    return cost


@njit(cache=True, nogil=True)
def last_begin(p: Ints, i: int, until: int) -> int:
    """Return the latest time up to one at which a window lets service begin; before any day when there is none."""
    count = task(p, i, WINDOWS)
    if count == 0:
        return until
    first = p[WINDOW] + 2 * task(p, i, FIRST_WINDOW)
    for k in range(first + 2 * count - 2, first - 1, -2):
        if p[k] <= until:
            return min(p[k + 1], until)
    return -EVER


@njit(cache=True, nogil=True)
def nearest_reloads(p: Ints, table: Matrix, s: Ints, c: Ints, r: int, row: int, length: int) -> bool:
    """Choose where to load again so that the detours are shortest (dynamic programming over the begins of trips).

    Returns
    -------
    bool
        Whether there is such a choice; the state then has a 1 before each stop that a reload precedes.
    """
    most, start, dimensions = min(vehicle(p, r, RELOADS), length), vehicle(p, r, START), p[DIMENSIONS]
    far = np.full((most + 1, length + 1), 1 << 50, np.int64)
    come = np.full((most + 1, length + 1), -1, np.int64)
    far[0, 0] = 0
    pairs, own = np.zeros(dimensions, np.int64), vehicle(p, r, TRAVELS)
    for first in range(length):
        for k in range(dimensions):
            c[CLOCK + 3 * k] = c[CLOCK + 3 * k + 1] = c[CLOCK + 3 * k + 2] = pairs[k]
        for last in range(first, length):
            if not board(p, r, s[row + last], c):
                break
            detour = 0
            if last + 1 < length:
                a, b = task(p, s[row + last], PLACE), task(p, s[row + last + 1], PLACE)
                detour = int(table[own, 0, a, start]) + int(table[own, 0, start, b]) - int(table[own, 0, a, b])
            for k in range(most + 1):
                to = k + int(last + 1 < length)
                if to <= most and far[k, first] + detour < far[to, last + 1]:
                    far[to, last + 1] = far[k, first] + detour
                    come[to, last + 1] = first
        i = s[row + first]
        sign = int(task(p, i, KIND) == SHIP_PICKUP) - int(task(p, i, KIND) == SHIP_DELIVERY)
        for k in range(dimensions):
            pairs[k] += sign * p[p[LOAD] + i * dimensions + k]
    return force(s, far, come, length)


@njit(cache=True, nogil=True)
def force(s: Ints, far: Ints, come: Ints, length: int) -> bool:
    """Write the reloads of the cheapest choice into the state; False when there is none."""
    k = int(np.argmin(far[:, length]))
    if far[k, length] >= 1 << 50:
        return False
    for at in range(length):
        s[s[FORCED] + at] = 0
    at = come[k, length]
    while at > 0:
        s[s[FORCED] + at] = 1
        at = come[k, at]
        k -= 1
    return True
