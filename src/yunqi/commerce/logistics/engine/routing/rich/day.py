"""Simulate one vehicle's day in compiled code: cost and feasibility of a sequence of tasks."""

from numba import njit

from yunqi.commerce.logistics.engine.routing.rich.layout import (
    AFTER,
    AFTERS,
    AT,
    BREAK,
    BREAKS,
    BROKEN,
    CHARGE_HERE,
    CLOCK,
    CLOSES,
    DELIVERY,
    DIMENSIONS,
    DRIVEN,
    END,
    ENDS,
    EVER,
    FAIRNESS,
    FAR,
    FIRST_AFTER,
    FIRST_BREAK,
    FIRST_WINDOW,
    FIXED,
    FORCED,
    HAS,
    HELD_AT,
    HELD_TO,
    HOLD,
    INFEASIBLE,
    KEPT,
    KIND,
    LINKED,
    LOAD,
    MARKS,
    MAX_DISTANCE,
    MAX_DRIVE,
    MAX_RIDE,
    MAX_TASKS,
    MAX_TIME,
    NEED,
    NOW,
    PARTNER,
    PER_DISTANCE,
    PER_DRIVE,
    PER_TIME,
    PICKUP,
    PLACE,
    PREFIX,
    PRICE_COLUMNS,
    RANGE,
    RELOAD_TIME,
    RELOADED,
    RELOADS,
    ROOM,
    SERVICE,
    SHIP_DELIVERY,
    SHIP_PICKUP,
    SLACK,
    START,
    TAKEN,
    WAITED,
    WAITS,
    WATCHED,
    WINDOW,
    WINDOWS,
)
from yunqi.commerce.logistics.engine.routing.rich.ways import charge_before, drive, idle, pause, task, vehicle
from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints, Matrix


@njit(cache=True, nogil=True)
def opens(p: Ints, i: int, now: int) -> int:
    """Return when service may begin at or after a time, or -1."""
    count = task(p, i, WINDOWS)
    if count == 0:
        return now
    first = p[WINDOW] + 2 * task(p, i, FIRST_WINDOW)
    for k in range(first, first + 2 * count, 2):
        if p[k + 1] >= now:
            return max(now, p[k])
    return -1


@njit(cache=True, nogil=True)
def closes_at(p: Ints, i: int, begins: int) -> int:
    """Return when the window closes in which service begins."""
    first = p[WINDOW] + 2 * task(p, i, FIRST_WINDOW)
    for k in range(first, first + 2 * task(p, i, WINDOWS), 2):
        if p[k + 1] >= begins:
            return p[k + 1]
    return EVER


@njit(cache=True, nogil=True)
def serve(p: Ints, r: int, i: int, c: Ints) -> int:
    """Wait and serve; return when the service begins."""
    begins = opens(p, i, c[NOW])
    if begins < 0:
        c[BROKEN] = 1
        return c[NOW]
    service = task(p, i, SERVICE)
    if c[TAKEN] < vehicle(p, r, BREAKS):
        idle(p, r, c, begins)
    if c[TAKEN] < vehicle(p, r, BREAKS):
        row = p[BREAK] + 3 * (vehicle(p, r, FIRST_BREAK) + c[TAKEN])
        if begins + service > p[row + 1]:
            pause(p, r, c, begins + service)
            begins = opens(p, i, c[NOW])
            if begins < 0:
                c[BROKEN] = 1
                return c[NOW]
    c[WAITED] += begins - c[NOW]
    c[SLACK] = min(c[SLACK], c[WAITED] + closes_at(p, i, begins) - begins)
    c[NOW] = begins + service
    return begins


@njit(cache=True, nogil=True)
def board(p: Ints, r: int, i: int, c: Ints) -> bool:
    """Take a task into this trip if there is room: deliveries are on board from its start, pickups from here on."""
    kind, dimensions = task(p, i, KIND), p[DIMENSIONS]
    load, room = p[LOAD] + i * dimensions, p[ROOM] + r * dimensions
    takes_in = kind in (PICKUP, SHIP_PICKUP)
    for k in range(dimensions):
        at = CLOCK + 3 * k
        if kind == DELIVERY and c[at + 1] + p[load + k] > p[room + k]:
            return False
        if takes_in and max(c[at + 1], c[at] + p[load + k]) > p[room + k]:
            return False
    for k in range(dimensions):
        at = CLOCK + 3 * k
        if kind == DELIVERY:
            c[at + 1] += p[load + k]
        elif takes_in:
            c[at] += p[load + k]
            c[at + 1] = max(c[at + 1], c[at])
            if kind == SHIP_PICKUP:
                c[at + 2] += p[load + k]
        elif kind == SHIP_DELIVERY:
            c[at] -= p[load + k]
            c[at + 2] -= p[load + k]
    return True


@njit(cache=True, nogil=True)
def load_again(p: Ints, table: Matrix, r: int, c: Ints) -> int:
    """Go to the start for another load, of which only shipments under way are left; return the mark of that."""
    for k in range(p[DIMENSIONS]):
        at = CLOCK + 3 * k
        c[at] = c[at + 1] = c[at + 2]
    c[RELOADED] += 1
    start = vehicle(p, r, START)
    if c[RELOADED] > vehicle(p, r, RELOADS) or start < 0:
        c[BROKEN] = 1
        return 0
    charged = charge_before(p, table, r, c, start)
    drive(p, table, r, c, start)
    c[NOW] += vehicle(p, r, RELOAD_TIME)
    return 1 + CHARGE_HERE * (1 + charged)


@njit(cache=True, nogil=True)
def simulate(
    p: Ints, prices: Floats, table: Matrix, s: Ints, c: Ints, r: int, row: int, length: int, departs: int, are_forced: bool,
    first: int = 0, is_kept: bool = False
) -> float:  # fmt: skip
    """Return the cost of a vehicle's day, or INFEASIBLE; the state's marks and waits tell of each stop afterwards.

    Parameters
    ----------
    row, length
        Where in the state the tasks stand in order, and how many.
    are_forced
        Whether reloads are where the state says, and nowhere else; else where no more fits.
    first
        The tasks before this index are gone through already as the state has kept it.
    is_kept
        Whether the state keeps the clock behind each task from here on.
    """
    stride = CLOCK + 3 * p[DIMENSIONS]
    watched = resume(p, s, c, row, first)
    if first == 0:
        c[NOW], c[AT], c[SLACK] = departs, vehicle(p, r, START), EVER
    c[HELD_AT] = -1
    if 0 <= vehicle(p, r, MAX_TASKS) < length:
        c[BROKEN] = 1
        if watched:
            forget(p, s, c, r, row, first)
        return INFEASIBLE
    marks, reach = s[MARKS], vehicle(p, r, RANGE)
    has, closes = vehicle(p, r, HAS), vehicle(p, r, CLOSES)
    for at in range(first, length):
        i = s[row + at]
        s[marks + at] = 0
        again = are_forced and s[s[FORCED] + at] > 0
        if again or not board(p, r, i, c):
            s[marks + at] = load_again(p, table, r, c)
            if are_forced != again or not board(p, r, i, c):
                c[BROKEN] = 1
            if c[BROKEN]:
                break
        place = task(p, i, PLACE)
        if reach >= 0:
            s[marks + at] += 2 * (1 + charge_before(p, table, r, c, place))
        drive(p, table, r, c, place)
        if s[s[HOLD] + at] > c[NOW]:
            c[WAITED] += s[s[HOLD] + at] - c[NOW]
            c[NOW] = s[s[HOLD] + at]
        begins = serve(p, r, i, c)
        s[s[WAITS] + at] = c[WAITED]
        if c[BROKEN] or c[NOW] > closes or task(p, i, NEED) & ~has:
            c[BROKEN] = 1
            break
        if task(p, i, WATCHED):
            watched += 1
            s[s[ENDS] + i] = c[NOW]
            if not allowed(p, s, c, row, at, begins):
                c[BROKEN] = 1
                break
        if is_kept:
            for k in range(stride):
                s[s[KEPT] + i * stride + k] = c[k]
    s[marks + length] = 0
    end = vehicle(p, r, END)
    if not c[BROKEN] and end >= 0:
        s[marks + length] = 2 * (1 + charge_before(p, table, r, c, end))
        drive(p, table, r, c, end)
    if watched:
        forget(p, s, c, r, row, length)
    return total(p, prices, c, r, departs, length)


@njit(cache=True, nogil=True)
def resume(p: Ints, s: Ints, c: Ints, row: int, first: int) -> int:
    """Set the clock to behind the first tasks of a row, which the state has kept; return how many of them others look at."""
    stride, watched = CLOCK + 3 * p[DIMENSIONS], 0
    if first == 0:
        for k in range(stride):
            c[k] = 0
        return 0
    kept = s[KEPT] + s[row + first - 1] * stride
    for k in range(stride):
        c[k] = s[kept + k]
    if p[LINKED]:
        for at in range(first):
            i = s[row + at]
            s[s[WAITS] + at] = s[s[KEPT] + i * stride + WAITED]
            if task(p, i, WATCHED):
                s[s[ENDS] + i] = s[s[KEPT] + i * stride + NOW]
                watched += 1
    return watched


@njit(cache=True, nogil=True)
def forget(p: Ints, s: Ints, c: Ints, r: int, row: int, length: int) -> None:
    """Break the day when half of a pair is missing, and take the ends of service out of the state."""
    for at in range(vehicle(p, r, PREFIX), length):  # what was fetched already may have to stay on board
        mate = task(p, s[row + at], PARTNER)
        if mate >= 0 and s[s[ENDS] + mate] < 0:
            c[BROKEN] = 1
    for at in range(length):
        s[s[ENDS] + s[row + at]] = -1


@njit(cache=True, nogil=True)
def allowed(p: Ints, s: Ints, c: Ints, row: int, at: int, begins: int) -> bool:
    """Whether order and time on board admit a task here; notes a pickup that may be begun later instead."""
    i = s[row + at]
    after = p[AFTER] + task(p, i, FIRST_AFTER)
    for k in range(after, after + task(p, i, AFTERS)):
        if s[s[ENDS] + p[k]] < 0:
            return False
    if task(p, i, KIND) == SHIP_DELIVERY:
        mate, longest = task(p, i, PARTNER), task(p, i, MAX_RIDE)
        left = s[s[ENDS] + mate]
        if left < 0:
            return False
        if longest >= 0 and begins - left > longest:
            excess = begins - left - longest
            for first in range(at):
                if s[row + first] == mate and excess <= s[s[WAITS] + at] - s[s[WAITS] + first]:
                    c[HELD_AT], c[HELD_TO] = first, left - task(p, mate, SERVICE) + excess
            return False
    return True


@njit(cache=True, nogil=True)
def total(p: Ints, prices: Floats, c: Ints, r: int, departs: int, length: int) -> float:
    """Return what a simulated day costs, or INFEASIBLE when it breaks a limit."""
    span = c[NOW] - departs
    if c[BROKEN] or c[NOW] > vehicle(p, r, CLOSES):
        return INFEASIBLE
    if 0 <= vehicle(p, r, MAX_DISTANCE) < c[FAR] or 0 <= vehicle(p, r, MAX_TIME) < span:
        return INFEASIBLE
    if 0 <= vehicle(p, r, MAX_DRIVE) < c[DRIVEN]:
        return INFEASIBLE
    return worth(p, prices, r, c, span) if length else 0.0


@njit(cache=True, nogil=True)
def worth(p: Ints, prices: Floats, r: int, c: Ints, span: int) -> float:
    """Return what a day of a length costs."""
    at = r * PRICE_COLUMNS
    even = prices[at + FAIRNESS] * span * span / 1e6
    way = prices[at + PER_DISTANCE] * c[FAR] + prices[at + PER_DRIVE] * c[DRIVEN]
    return vehicle(p, r, FIXED) + way + prices[at + PER_TIME] * span + even
