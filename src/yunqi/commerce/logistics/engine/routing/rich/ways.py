"""A vehicle on its way, in compiled code: driving, breaks, pauses from driving, charging."""

from numba import njit

from yunqi.commerce.logistics.engine.routing.rich.layout import (
    AT,
    BREAK,
    BREAKS,
    BROKEN,
    CHARGE_TIME,
    CHARGER,
    CHARGERS,
    DRIVE_LIMIT,
    DRIVE_PAUSE,
    DRIVEN,
    END,
    FAR,
    FIRST_BREAK,
    FIRST_CHARGER,
    NOW,
    PROFILE,
    RANGE,
    SINCE_CHARGE,
    SINCE_PAUSE,
    STEPS,
    TAKEN,
    TASK,
    TASK_COLUMNS,
    TRAVELS,
    VEHICLE,
    VEHICLE_COLUMNS,
    WAITED,
)
from yunqi.commerce.logistics.engine.routing.strings.arrays import Ints, Matrix


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
