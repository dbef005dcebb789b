"""Simulate one vehicle's day in compiled code: cost and feasibility of a sequence of tasks."""

from numba import njit

from yunqi.commerce.logistics.engine.routing.rich.layout import (
    AFTERS,
    BREAKS,
    BROKEN,
    CHARGE_HERE,
    CHARGE_TIME,
    CHARGERS,
    CLOSES,
    DRIVE_LIMIT,
    DRIVE_PAUSE,
    DRIVEN,
    END,
    FAIRNESS,
    FAR,
    FIRST_AFTER,
    FIRST_BREAK,
    FIRST_CHARGER,
    FIRST_WINDOW,
    FIXED,
    HAS,
    HELD_AT,
    HELD_BY,
    INFEASIBLE,
    KIND,
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
    PIN,
    PLACE,
    PREFIX,
    RANGE,
    RELOAD_TIME,
    RELOADED,
    RELOADS,
    SERVICE,
    SHIP_DELIVERY,
    SINCE_CHARGE,
    SINCE_PAUSE,
    START,
    TAKEN,
    WAITED,
    WHERE,
    WINDOWS,
)
from yunqi.commerce.logistics.engine.routing.rich.trips import carry, put_on
from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints, Matrix


@njit(cache=True, nogil=True)
def takes(table: Matrix, profile: Ints, a: int, b: int, now: int) -> int:
    """Return the time of a way begun at a time."""
    plain = int(table[1, a, b])
    percent = 100
    for k in range(profile.shape[0]):
        if now >= profile[k, 0]:
            percent = profile[k, 1]
    return plain if percent == 100 else (plain * percent + 99) // 100


@njit(cache=True, nogil=True)
def rests(vehicle: Ints, c: Ints, long: int) -> int:
    """Return how many pauses a way needs that is longer than may be driven at a stretch."""
    limit = vehicle[DRIVE_LIMIT]
    if limit <= 0 or long <= limit:
        return 0
    return (c[SINCE_PAUSE] + long + limit - 1) // limit - 1


@njit(cache=True, nogil=True)
def pause(vehicle: Ints, breaks: Ints, c: Ints, until: int) -> None:
    """Take the breaks whose window would be missed by going on until a time."""
    while c[TAKEN] < vehicle[BREAKS]:
        row = vehicle[FIRST_BREAK] + c[TAKEN]
        if until <= breaks[row, 1]:
            return
        c[TAKEN] += 1
        begins = max(c[NOW], breaks[row, 0])
        c[WAITED] += begins - c[NOW]
        if begins > breaks[row, 1]:
            c[BROKEN] = 1
        c[NOW] = begins + breaks[row, 2]
        if breaks[row, 2] >= vehicle[DRIVE_PAUSE]:
            c[SINCE_PAUSE] = 0
        until += breaks[row, 2]


@njit(cache=True, nogil=True)
def idle(vehicle: Ints, breaks: Ints, c: Ints, until: int) -> None:
    """Take the breaks that fit into the time until something can go on."""
    while c[TAKEN] < vehicle[BREAKS]:
        row = vehicle[FIRST_BREAK] + c[TAKEN]
        begins = max(c[NOW], breaks[row, 0])
        if begins > breaks[row, 1] or begins + breaks[row, 2] > until:
            return
        c[TAKEN] += 1
        c[WAITED] += begins - c[NOW]
        c[NOW] = begins + breaks[row, 2]
        if breaks[row, 2] >= vehicle[DRIVE_PAUSE]:
            c[SINCE_PAUSE] = 0


@njit(cache=True, nogil=True)
def drive(table: Matrix, profile: Ints, vehicle: Ints, breaks: Ints, c: Ints, place: int) -> None:
    """Go to a place."""
    if c[WHERE] < 0:
        c[WHERE] = place
        return
    long = takes(table, profile, c[WHERE], place, c[NOW])
    limit = vehicle[DRIVE_LIMIT]
    if c[TAKEN] < vehicle[BREAKS]:
        due = int(limit >= 0 and long <= limit < c[SINCE_PAUSE] + long and c[SINCE_PAUSE] > 0)
        pause(vehicle, breaks, c, c[NOW] + long + (due + rests(vehicle, c, long)) * vehicle[DRIVE_PAUSE])
    if limit >= 0 and long <= limit < c[SINCE_PAUSE] + long and c[SINCE_PAUSE] > 0:
        c[NOW] += vehicle[DRIVE_PAUSE]
        c[SINCE_PAUSE] = 0
    long = takes(table, profile, c[WHERE], place, c[NOW])
    if limit >= 0:
        pauses = rests(vehicle, c, long)
        c[NOW] += pauses * vehicle[DRIVE_PAUSE]
        c[SINCE_PAUSE] -= pauses * limit
    apart = table[0, c[WHERE], place]
    c[SINCE_CHARGE] += apart
    if 0 <= vehicle[RANGE] < c[SINCE_CHARGE]:
        c[BROKEN] = 1
    c[FAR] += apart
    c[DRIVEN] += long
    c[SINCE_PAUSE] += long
    c[NOW] += long
    c[WHERE] = place


@njit(cache=True, nogil=True)
def onward(table: Matrix, vehicle: Ints, chargers: Ints, place: int) -> int:
    """Return how far it is from a place to the nearest charger or to the end."""
    least = int(table[0, place, vehicle[END]]) if vehicle[END] >= 0 else 0
    for k in range(vehicle[FIRST_CHARGER], vehicle[FIRST_CHARGER] + vehicle[CHARGERS]):
        least = min(least, int(table[0, place, chargers[k]]))
    return least


@njit(cache=True, nogil=True)
def charge_before(
    table: Matrix, profile: Ints, vehicle: Ints, breaks: Ints, chargers: Ints, c: Ints, place: int
) -> int:
    """Charge on the way when the next place, and a charger or the end behind it, cannot be reached; return where, or -1."""
    if vehicle[RANGE] < 0 or c[WHERE] < 0:
        return -1
    behind = onward(table, vehicle, chargers, place)
    if c[SINCE_CHARGE] + table[0, c[WHERE], place] + behind <= vehicle[RANGE]:
        return -1
    best, station = 1 << 60, -1
    for k in range(vehicle[FIRST_CHARGER], vehicle[FIRST_CHARGER] + vehicle[CHARGERS]):
        to = int(table[0, c[WHERE], chargers[k]])
        rest = int(table[0, chargers[k], place])
        detour = to + rest
        if rest + behind > vehicle[RANGE]:  # from there it would come no further than from here
            detour += 1 << 40
        if c[SINCE_CHARGE] + to <= vehicle[RANGE] and detour < best:
            best, station = detour, chargers[k]
    if station >= 0:
        drive(table, profile, vehicle, breaks, c, station)
        c[NOW] += vehicle[CHARGE_TIME]
        c[SINCE_CHARGE] = 0
    return station


@njit(cache=True, nogil=True)
def opens(task: Ints, windows: Ints, now: int) -> int:
    """Return when service may begin at or after a time, or -1."""
    if task[WINDOWS] == 0:
        return now
    for k in range(task[FIRST_WINDOW], task[FIRST_WINDOW] + task[WINDOWS]):
        if windows[k, 1] >= now:
            return max(now, windows[k, 0])
    return -1


@njit(cache=True, nogil=True)
def serve(vehicle: Ints, breaks: Ints, task: Ints, windows: Ints, c: Ints) -> int:
    """Wait and serve; return when the service begins."""
    begins = opens(task, windows, c[NOW])
    if begins < 0:
        c[BROKEN] = 1
        return c[NOW]
    if c[TAKEN] < vehicle[BREAKS]:
        idle(vehicle, breaks, c, begins)
        if c[TAKEN] < vehicle[BREAKS] and begins + task[SERVICE] > breaks[vehicle[FIRST_BREAK] + c[TAKEN], 1]:
            pause(vehicle, breaks, c, begins + task[SERVICE])
            begins = opens(task, windows, c[NOW])
            if begins < 0:
                c[BROKEN] = 1
                return c[NOW]
    c[WAITED] += begins - c[NOW]
    c[NOW] = begins + task[SERVICE]
    return begins


@njit(cache=True, nogil=True)
def simulate(
    tasks: Ints, load: Ints, windows: Ints, afters: Ints, vehicle: Ints, room: Ints, price: Floats, breaks: Ints,
    chargers: Ints, table: Matrix, profile: Ints, sequence: Ints, length: int, departs: int, ends: Ints, marks: Ints, c: Ints,
    are_forced: bool
) -> float:  # fmt: skip
    """Return the cost of a day, or INFEASIBLE.

    Parameters
    ----------
    sequence, length
        The tasks in order.
    ends
        Room for the end of service of each task, by task; -1 elsewhere, and set back to -1.
    marks
        Room for what happens before each stop (see `layout`), then seconds to hold back each stop, then the waiting up to
        each, then where a reload is forced.
    c
        Room for the clock; ``c[HELD_AT]`` is the stop that had to be begun ``c[HELD_BY]`` later, or -1.
    are_forced
        Whether reloads are where ``marks`` says, and nowhere else; else where no more fits.
    """
    quarter = len(marks) // 4
    hold, waited, forced = marks[quarter:], marks[2 * quarter :], marks[3 * quarter :]
    width = len(room)
    pairs = marks[quarter - width : quarter]
    high, on = waited[quarter - width : quarter], hold[quarter - width : quarter]
    c[:] = 0
    c[NOW], c[WHERE], c[HELD_AT] = departs, vehicle[START], -1
    if 0 <= vehicle[MAX_TASKS] < length:
        return INFEASIBLE
    pairs[:] = 0
    high[:] = 0
    on[:] = 0
    for at in range(length):
        i = sequence[at]
        marks[at] = 0
        again = bool(forced[at]) if are_forced else False
        if not again:
            again = not put_on(tasks, load, i, high, on, room)
            if again and are_forced:
                c[BROKEN] = 1
                break
        if again:
            high[:] = pairs
            on[:] = pairs
            if not put_on(tasks, load, i, high, on, room):
                c[BROKEN] = 1
            marks[at] = load_again(table, profile, vehicle, breaks, chargers, c)
            if c[BROKEN]:
                break
        carry(tasks, load, i, pairs)
        marks[at] += 2 * (1 + charge_before(table, profile, vehicle, breaks, chargers, c, tasks[i, PLACE]))
        drive(table, profile, vehicle, breaks, c, tasks[i, PLACE])
        c[NOW] += hold[at]
        begins = serve(vehicle, breaks, tasks[i], windows, c)
        ends[i] = c[NOW]
        waited[at] = c[WAITED]
        if c[BROKEN] or not allowed(tasks, afters, vehicle, sequence, at, ends, begins, waited, c):
            c[BROKEN] = 1
            break
    marks[length] = 0
    if not c[BROKEN] and vehicle[END] >= 0:
        marks[length] = 2 * (1 + charge_before(table, profile, vehicle, breaks, chargers, c, vehicle[END]))
        drive(table, profile, vehicle, breaks, c, vehicle[END])
    forget(tasks, vehicle, sequence, length, ends, c)
    return total(vehicle, price, c, departs, length)


@njit(cache=True, nogil=True)
def load_again(table: Matrix, profile: Ints, vehicle: Ints, breaks: Ints, chargers: Ints, c: Ints) -> int:
    """Go to the start for another load; return the mark of that."""
    c[RELOADED] += 1
    if c[RELOADED] > vehicle[RELOADS] or vehicle[START] < 0:
        c[BROKEN] = 1
        return 0
    charged = charge_before(table, profile, vehicle, breaks, chargers, c, vehicle[START])
    drive(table, profile, vehicle, breaks, c, vehicle[START])
    c[NOW] += vehicle[RELOAD_TIME]
    return 1 + CHARGE_HERE * (1 + charged)


@njit(cache=True, nogil=True)
def forget(tasks: Ints, vehicle: Ints, sequence: Ints, length: int, ends: Ints, c: Ints) -> None:
    """Set the ends of services back, and note a pair that is not whole."""
    for at in range(vehicle[PREFIX], length):  # what was fetched already may have to stay on board
        i = sequence[at]
        if tasks[i, PARTNER] >= 0 and ends[tasks[i, PARTNER]] < 0:
            c[BROKEN] = 1
    for at in range(length):
        ends[sequence[at]] = -1


@njit(cache=True, nogil=True)
def allowed(
    tasks: Ints, afters: Ints, vehicle: Ints, sequence: Ints, at: int, ends: Ints, begins: int, waited: Ints, c: Ints
) -> bool:
    """Whether skills, order and time on board admit a task here; notes a pickup that may be begun later instead."""
    i = sequence[at]
    if tasks[i, NEED] & ~vehicle[HAS]:
        return False
    for k in range(tasks[i, FIRST_AFTER], tasks[i, FIRST_AFTER] + tasks[i, AFTERS]):
        if ends[afters[k]] < 0:
            return False
    if tasks[i, KIND] == SHIP_DELIVERY:
        left = ends[tasks[i, PARTNER]]
        if left < 0:
            return False
        if tasks[i, MAX_RIDE] >= 0 and begins - left > tasks[i, MAX_RIDE]:
            excess = begins - left - tasks[i, MAX_RIDE]
            for first in range(at):
                if sequence[first] == tasks[i, PARTNER] and excess <= waited[at] - waited[first]:
                    c[HELD_AT], c[HELD_BY] = first, excess
            return False
    return True


@njit(cache=True, nogil=True)
def total(vehicle: Ints, price: Floats, c: Ints, departs: int, length: int) -> float:
    """Return what a simulated day costs, or INFEASIBLE when it breaks a limit."""
    span = c[NOW] - departs
    if c[BROKEN] or c[NOW] > vehicle[CLOSES]:
        return INFEASIBLE
    if 0 <= vehicle[MAX_DISTANCE] < c[FAR] or 0 <= vehicle[MAX_TIME] < span or 0 <= vehicle[MAX_DRIVE] < c[DRIVEN]:
        return INFEASIBLE
    if length == 0:
        return 0.0
    even = price[FAIRNESS] * span * span / 1e6
    cost = vehicle[FIXED] + price[PER_DISTANCE] * c[FAR] + price[PER_TIME] * span + even
    return cost + price[PER_DRIVE] * c[DRIVEN]


@njit(cache=True, nogil=True)
def pinned_elsewhere(tasks: Ints, i: int, r: int) -> bool:
    """Whether a task, or the other half of its pair, belongs to another vehicle."""
    if tasks[i, PIN] >= 0 and tasks[i, PIN] != r:
        return True
    mate = tasks[i, PARTNER]
    return mate >= 0 and tasks[mate, PIN] >= 0 and tasks[mate, PIN] != r
