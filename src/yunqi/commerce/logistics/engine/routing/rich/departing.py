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
    FAIRNESS,
    FORCED,
    HELD_AT,
    HELD_BY,
    HOLD,
    INFEASIBLE,
    KIND,
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
    SHIP_DELIVERY,
    SHIP_PICKUP,
    START,
    STEPS,
    TRAVELS,
    WAITED,
)
from yunqi.commerce.logistics.engine.routing.rich.ways import task, vehicle
from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints, Matrix

MOST_HELD = 6
"""Times that a day is gone through anew to hold pickups back: where that is not enough, the order is a poor one."""


@njit(cache=True, nogil=True)
def held(
    p: Ints, prices: Floats, table: Matrix, s: Ints, c: Ints, r: int, row: int, length: int, departs: int, are_forced: bool
) -> float:  # fmt: skip
    """Return the cost of a day in which pickups are begun later where else their load would be on board for too long."""
    cost = simulate(p, prices, table, s, c, r, row, length, departs, are_forced)
    if c[HELD_AT] < 0:
        return cost
    for _ in range(min(length, MOST_HELD)):
        s[s[HOLD] + c[HELD_AT]] += c[HELD_BY]
        cost = simulate(p, prices, table, s, c, r, row, length, departs, are_forced)
        if c[HELD_AT] < 0:
            break
    return cost


@njit(cache=True, nogil=True)
def let_go(s: Ints, length: int) -> int:
    """Hold no stop back any more; return for how long stops were."""
    found = 0
    for k in range(length):
        found += s[s[HOLD] + k]
        s[s[HOLD] + k] = 0
    return found


@njit(cache=True, nogil=True)
def departing(
    p: Ints, prices: Floats, table: Matrix, s: Ints, c: Ints, r: int, row: int, length: int, most: float, are_forced: bool
) -> tuple[float, int]:  # fmt: skip
    """Return the cost of a day that begins as late as it may without waiting more than needed, and when it begins.

    Parameters
    ----------
    most
        What costs more than this need not be known better.
    """
    departed, longest = vehicle(p, r, DEPARTED), vehicle(p, r, MAX_TIME)
    early = vehicle(p, r, OPENS) if departed < 0 else departed
    cost = held(p, prices, table, s, c, r, row, length, early, are_forced)
    back = let_go(s, length)
    timed = prices[r * PRICE_COLUMNS + PER_TIME] > 0 or prices[r * PRICE_COLUMNS + FAIRNESS] > 0
    if length == 0 or departed >= 0 or (cost >= INFEASIBLE and longest < 0) or not (timed or cost >= INFEASIBLE):
        return cost, early
    waited = c[WAITED] + back  # what was held back could leave later too
    if p[STEPS] == 0 and cost < INFEASIBLE and worth(p, prices, r, c, c[NOW] - early - waited) >= most:
        return cost, early
    best, when, step = cost, early, waited
    while step > 0:
        later = held(p, prices, table, s, c, r, row, length, when + step, are_forced)
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
            later = held(p, prices, table, s, c, r, row, length, begins, are_forced)
            let_go(s, length)
            if later < best:
                best, when = later, begins
    return best, when


@njit(cache=True, nogil=True)
def best_departure(
    p: Ints, prices: Floats, table: Matrix, s: Ints, c: Ints, r: int, row: int, length: int, most: float
) -> tuple[float, int, bool]:
    """Return the cost of the best day found, when it begins, and whether its reloads are where the state forces them."""
    cost, when = departing(p, prices, table, s, c, r, row, length, most, False)
    if vehicle(p, r, RELOADS) <= 0 or c[RELOADED] == 0 or vehicle(p, r, START) < 0:
        return cost, when, False
    if not nearest_reloads(p, table, s, c, r, row, length):
        return cost, when, False
    other, at = departing(p, prices, table, s, c, r, row, length, most, True)
    return (other, at, True) if other < cost else (cost, when, False)


@njit(cache=True, nogil=True)
def evaluate(
    p: Ints, prices: Floats, table: Matrix, s: Ints, c: Ints, r: int, row: int, length: int, most: float
) -> float:
    """Return the cost of a vehicle that serves a sequence."""
    return best_departure(p, prices, table, s, c, r, row, length, most)[0]


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
