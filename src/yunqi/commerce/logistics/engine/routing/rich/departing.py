"""When a vehicle leaves, and where it loads again: the days that a sequence of tasks can be."""

from numba import njit

from yunqi.commerce.logistics.engine.routing.rich.day import simulate
from yunqi.commerce.logistics.engine.routing.rich.layout import (
    BROKEN,
    CLOSES,
    DEPARTED,
    FAIRNESS,
    HELD_AT,
    HELD_BY,
    INFEASIBLE,
    MAX_TIME,
    NOW,
    OPENS,
    PER_TIME,
    RELOADED,
    RELOADS,
    START,
    WAITED,
)
from yunqi.commerce.logistics.engine.routing.rich.trips import nearest_reloads
from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints, Matrix

MOST_HELD = 6
"""Times that a day is gone through anew to hold pickups back: where that is not enough, the order is a poor one."""


@njit(cache=True, nogil=True)
def held(
    tasks: Ints, load: Ints, windows: Ints, afters: Ints, vehicle: Ints, room: Ints, price: Floats, breaks: Ints,
    chargers: Ints, table: Matrix, profile: Ints, sequence: Ints, length: int, departs: int, ends: Ints, marks: Ints, c: Ints,
    are_forced: bool
) -> float:  # fmt: skip
    """Return the cost of a day in which pickups are begun later where else their load would be on board for too long."""
    quarter = len(marks) // 4
    hold = marks[quarter:]
    hold[:length] = 0
    for _ in range(min(length, MOST_HELD) + 1):
        cost = simulate(
            tasks, load, windows, afters, vehicle, room, price, breaks, chargers, table, profile, sequence, length,
            departs, ends, marks, c, are_forced,
        )  # fmt: skip
        if c[HELD_AT] < 0:
            break
        hold[c[HELD_AT]] += c[HELD_BY]
    return cost


@njit(cache=True, nogil=True)
def departing(
    tasks: Ints, load: Ints, windows: Ints, afters: Ints, vehicle: Ints, room: Ints, price: Floats, breaks: Ints,
    chargers: Ints, table: Matrix, profile: Ints, sequence: Ints, length: int, ends: Ints, marks: Ints, c: Ints,
    are_forced: bool
) -> tuple[float, int]:  # fmt: skip
    """Return the cost of a day that begins as late as it may without waiting more than needed, and when it begins."""
    early = vehicle[OPENS] if vehicle[DEPARTED] < 0 else vehicle[DEPARTED]
    cost = held(
        tasks, load, windows, afters, vehicle, room, price, breaks, chargers, table, profile, sequence, length, early,
        ends, marks, c, are_forced,
    )  # fmt: skip
    timed = price[PER_TIME] > 0 or price[FAIRNESS] > 0 or vehicle[MAX_TIME] >= 0
    if not timed or length == 0 or vehicle[DEPARTED] >= 0 or (cost >= INFEASIBLE and vehicle[MAX_TIME] < 0):
        return cost, early
    best, when = cost, early
    waited = c[WAITED] + marks[len(marks) // 4 :][:length].sum()  # what was held back could leave later too
    step = waited
    while step > 0:
        later = held(
            tasks, load, windows, afters, vehicle, room, price, breaks, chargers, table, profile, sequence, length,
            when + step, ends, marks, c, are_forced,
        )  # fmt: skip
        if later < best:
            best, when = later, when + step
        elif best >= INFEASIBLE and not c[BROKEN] and c[NOW] <= vehicle[CLOSES]:
            when += step  # it is still out for too long: it left too early
        step //= 2
        if step < max(1, waited // 64):
            break
    for k in range(len(profile)):  # a way that is begun when the roads get free may be the shorter one
        if early < profile[k, 0] <= early + waited:
            later = held(
                tasks, load, windows, afters, vehicle, room, price, breaks, chargers, table, profile, sequence, length,
                profile[k, 0], ends, marks, c, are_forced,
            )  # fmt: skip
            if later < best:
                best, when = later, profile[k, 0]
    return best, when


@njit(cache=True, nogil=True)
def best_departure(
    tasks: Ints, load: Ints, windows: Ints, afters: Ints, vehicle: Ints, room: Ints, price: Floats, breaks: Ints,
    chargers: Ints, table: Matrix, profile: Ints, sequence: Ints, length: int, ends: Ints, marks: Ints, c: Ints
) -> tuple[float, int, bool]:  # fmt: skip
    """Return the cost of the best day found, when it begins, and whether its reloads are where ``marks`` forces them."""
    cost, when = departing(
        tasks, load, windows, afters, vehicle, room, price, breaks, chargers, table, profile, sequence, length, ends,
        marks, c, False,
    )  # fmt: skip
    if c[RELOADED] == 0 or vehicle[RELOADS] <= 0 or vehicle[START] < 0:
        return cost, when, False
    forced = marks[3 * (len(marks) // 4) :]
    if not nearest_reloads(tasks, load, vehicle, room, table, sequence, length, forced):
        return cost, when, False
    other, at = departing(
        tasks, load, windows, afters, vehicle, room, price, breaks, chargers, table, profile, sequence, length, ends,
        marks, c, True,
    )  # fmt: skip
    return (other, at, True) if other < cost else (cost, when, False)
