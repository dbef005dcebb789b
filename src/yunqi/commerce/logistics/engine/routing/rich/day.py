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
    CHARGE_TIME,
    CHARGER,
    CHARGERS,
    CLOCK,
    CLOSES,
    DELIVERY,
    DIMENSIONS,
    DRIVE_LIMIT,
    DRIVE_PAUSE,
    DRIVEN,
    END,
    ENDS,
    FAIRNESS,
    FAR,
    FIRST_AFTER,
    FIRST_BREAK,
    FIRST_CHARGER,
    FIRST_WINDOW,
    FIXED,
    FORCED,
    HAS,
    HELD_AT,
    HELD_BY,
    HOLD,
    INFEASIBLE,
    KIND,
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
    PROFILE,
    RANGE,
    RELOAD_TIME,
    RELOADED,
    RELOADS,
    ROOM,
    SERVICE,
    SHIP_DELIVERY,
    SHIP_PICKUP,
    SINCE_CHARGE,
    SINCE_PAUSE,
    START,
    STEPS,
    TAKEN,
    TASK,
    TASK_COLUMNS,
    TRAVELS,
    VEHICLE,
    VEHICLE_COLUMNS,
    WAITED,
    WAITS,
    WATCHED,
    WINDOW,
    WINDOWS,
)
from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints, Matrix


@njit(cache=True, nogil=True)
def task(p: Ints, i: int, column: int) -> int:
    """Return what stands in a column of a task."""
    return p[p[TASK] + i * TASK_COLUMNS + column]


@njit(cache=True, nogil=True)
def vehicle(p: Ints, r: int, column: int) -> int:
    """Return what stands in a column of a vehicle."""
    return p[p[VEHICLE] + r * VEHICLE_COLUMNS + column]


@njit(cache=True, nogil=True)
def takes(p: Ints, table: Matrix, r: int, a: int, b: int, now: int) -> int:
    """Return the time of a way begun at a time."""
    plain = int(table[vehicle(p, r, TRAVELS), 1, a, b])
    percent = 100
    for k in range(p[STEPS]):
        if now >= p[p[PROFILE] + 2 * k]:
            percent = p[p[PROFILE] + 2 * k + 1]
    return plain if percent == 100 else (plain * percent + 99) // 100


@njit(cache=True, nogil=True)
def pause(p: Ints, r: int, c: Ints, until: int) -> None:
    """Take the breaks whose window would be missed by going on until a time."""
    while c[TAKEN] < vehicle(p, r, BREAKS):
        row = p[BREAK] + 3 * (vehicle(p, r, FIRST_BREAK) + c[TAKEN])
        if until <= p[row + 1]:
            return
        c[TAKEN] += 1
        begins = max(c[NOW], p[row])
        c[WAITED] += begins - c[NOW]
        if begins > p[row + 1]:
            c[BROKEN] = 1
        c[NOW] = begins + p[row + 2]
        if p[row + 2] >= vehicle(p, r, DRIVE_PAUSE):
            c[SINCE_PAUSE] = 0
        until += p[row + 2]


@njit(cache=True, nogil=True)
def idle(p: Ints, r: int, c: Ints, until: int) -> None:
    """Take the breaks that fit into the time until something can go on."""
    while c[TAKEN] < vehicle(p, r, BREAKS):
        row = p[BREAK] + 3 * (vehicle(p, r, FIRST_BREAK) + c[TAKEN])
        begins = max(c[NOW], p[row])
        if begins > p[row + 1] or begins + p[row + 2] > until:
            return
        c[TAKEN] += 1
        c[WAITED] += begins - c[NOW]
        c[NOW] = begins + p[row + 2]
        if p[row + 2] >= vehicle(p, r, DRIVE_PAUSE):
            c[SINCE_PAUSE] = 0


@njit(cache=True, nogil=True)
def rests(p: Ints, r: int, c: Ints, long: int) -> int:
    """Return how many pauses a way needs that is longer than may be driven at a stretch."""
    limit = vehicle(p, r, DRIVE_LIMIT)
    if limit <= 0 or long <= limit:
        return 0
    return (c[SINCE_PAUSE] + long + limit - 1) // limit - 1


@njit(cache=True, nogil=True)
def is_due(p: Ints, r: int, c: Ints, long: int) -> bool:
    """Whether a pause from driving comes before a way."""
    limit = vehicle(p, r, DRIVE_LIMIT)
    return limit >= 0 and long <= limit < c[SINCE_PAUSE] + long and c[SINCE_PAUSE] > 0


@njit(cache=True, nogil=True)
def drive(p: Ints, table: Matrix, r: int, c: Ints, place: int) -> None:
    """Go to a place."""
    if c[AT] < 0:
        c[AT] = place
        return
    long = takes(p, table, r, c[AT], place, c[NOW])
    limit = vehicle(p, r, DRIVE_LIMIT)
    if c[TAKEN] < vehicle(p, r, BREAKS):
        stops = int(is_due(p, r, c, long)) + rests(p, r, c, long)
        pause(p, r, c, c[NOW] + long + stops * vehicle(p, r, DRIVE_PAUSE))
    if is_due(p, r, c, long):
        c[NOW] += vehicle(p, r, DRIVE_PAUSE)
        c[SINCE_PAUSE] = 0
    if p[STEPS]:
        long = takes(p, table, r, c[AT], place, c[NOW])
    if limit >= 0:
        pauses = rests(p, r, c, long)
        c[NOW] += pauses * vehicle(p, r, DRIVE_PAUSE)
        c[SINCE_PAUSE] += long - pauses * limit
    apart = int(table[vehicle(p, r, TRAVELS), 0, c[AT], place])
    reach = vehicle(p, r, RANGE)
    if reach >= 0:
        c[SINCE_CHARGE] += apart
        if reach < c[SINCE_CHARGE]:
            c[BROKEN] = 1
    c[FAR] += apart
    c[DRIVEN] += long
    c[NOW] += long
    c[AT] = place


@njit(cache=True, nogil=True)
def onward(p: Ints, table: Matrix, r: int, place: int) -> int:
    """Return how far it is from a place to the nearest charger or to the end."""
    end, own = vehicle(p, r, END), vehicle(p, r, TRAVELS)
    least = int(table[own, 0, place, end]) if end >= 0 else 0
    first = p[CHARGER] + vehicle(p, r, FIRST_CHARGER)
    for k in range(first, first + vehicle(p, r, CHARGERS)):
        least = min(least, int(table[own, 0, place, p[k]]))
    return least


@njit(cache=True, nogil=True)
def charge_before(p: Ints, table: Matrix, r: int, c: Ints, place: int) -> int:
    """Charge on the way when the next place, and a charger or the end behind it, cannot be reached; return where, or -1."""
    reach, own = vehicle(p, r, RANGE), vehicle(p, r, TRAVELS)
    if reach < 0 or c[AT] < 0:
        return -1
    behind = onward(p, table, r, place)
    if c[SINCE_CHARGE] + int(table[own, 0, c[AT], place]) + behind <= reach:
        return -1
    best, station = 1 << 60, -1
    first = p[CHARGER] + vehicle(p, r, FIRST_CHARGER)
    for k in range(first, first + vehicle(p, r, CHARGERS)):
        to, rest = int(table[own, 0, c[AT], p[k]]), int(table[own, 0, p[k], place])
        detour = to + rest
        if rest + behind > reach:  # from there it would come no further than from here
            detour += 1 << 40
        if c[SINCE_CHARGE] + to <= reach and detour < best:
            best, station = detour, p[k]
    if station >= 0:
        drive(p, table, r, c, station)
        c[NOW] += vehicle(p, r, CHARGE_TIME)
        c[SINCE_CHARGE] = 0
    return station


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
    p: Ints, prices: Floats, table: Matrix, s: Ints, c: Ints, r: int, row: int, length: int, departs: int, are_forced: bool
) -> float:  # fmt: skip
    """Return the cost of a vehicle's day, or INFEASIBLE; the state's marks and waits tell of each stop afterwards.

    Parameters
    ----------
    row, length
        Where in the state the tasks stand in order, and how many.
    are_forced
        Whether reloads are where the state says, and nowhere else; else where no more fits.
    """
    for k in range(CLOCK + 3 * p[DIMENSIONS]):
        c[k] = 0
    c[NOW], c[AT], c[HELD_AT] = departs, vehicle(p, r, START), -1
    if 0 <= vehicle(p, r, MAX_TASKS) < length:
        c[BROKEN] = 1
        return INFEASIBLE
    marks, watched, reach = s[MARKS], 0, vehicle(p, r, RANGE)
    has, closes = vehicle(p, r, HAS), vehicle(p, r, CLOSES)
    for at in range(length):
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
        c[NOW] += s[s[HOLD] + at]
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
    s[marks + length] = 0
    end = vehicle(p, r, END)
    if not c[BROKEN] and end >= 0:
        s[marks + length] = 2 * (1 + charge_before(p, table, r, c, end))
        drive(p, table, r, c, end)
    if watched:
        forget(p, s, c, r, row, length)
    return total(p, prices, c, r, departs, length)


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
                    c[HELD_AT], c[HELD_BY] = first, excess
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
