"""Simulate one vehicle's day in compiled code: cost and feasibility of a sequence of tasks."""

from numba import njit

from yunqi.commerce.logistics.engine.routing.rich.layout import (
    AFTERS,
    BREAKS,
    CHARGE_TIME,
    CHARGERS,
    CLOSES,
    DELIVERY,
    DRIVE_LIMIT,
    DRIVE_PAUSE,
    END,
    FAIRNESS,
    FIRST_AFTER,
    FIRST_BREAK,
    FIRST_CHARGER,
    FIRST_WINDOW,
    FIXED,
    HAS,
    INFEASIBLE,
    KIND,
    MAX_DISTANCE,
    MAX_RIDE,
    MAX_TASKS,
    MAX_TIME,
    NEED,
    OPENS,
    PARTNER,
    PER_DISTANCE,
    PER_TIME,
    PICKUP,
    PIN,
    PLACE,
    RANGE,
    RELOADS,
    SERVICE,
    SHIP_DELIVERY,
    SHIP_PICKUP,
    START,
    WINDOWS,
)
from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints, Matrix

# The clock of a simulation: time, place, distance, driving since the last pause, distance since the last charge,
# breaks taken, waiting so far, and 0 while nothing is broken.
NOW, WHERE, FAR, SINCE_PAUSE, SINCE_CHARGE, TAKEN, WAITED, BROKEN = range(8)


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
def drive(table: Matrix, profile: Ints, vehicle: Ints, breaks: Ints, c: Ints, place: int) -> None:
    """Go to a place."""
    if c[WHERE] < 0:
        c[WHERE] = place
        return
    pause(vehicle, breaks, c, c[NOW] + takes(table, profile, c[WHERE], place, c[NOW]))
    long = takes(table, profile, c[WHERE], place, c[NOW])
    planned = long
    limit = vehicle[DRIVE_LIMIT]
    if limit >= 0:
        if c[SINCE_PAUSE] + planned > limit and c[SINCE_PAUSE] > 0:
            c[NOW] += vehicle[DRIVE_PAUSE]
            c[SINCE_PAUSE] = 0
            long = takes(table, profile, c[WHERE], place, c[NOW])
        if long > limit:
            c[BROKEN] = 1
    apart = table[0, c[WHERE], place]
    c[SINCE_CHARGE] += apart
    if 0 <= vehicle[RANGE] < c[SINCE_CHARGE]:
        c[BROKEN] = 1
    c[FAR] += apart
    c[SINCE_PAUSE] += long
    c[NOW] += long
    c[WHERE] = place


@njit(cache=True, nogil=True)
def charge_before(
    table: Matrix, profile: Ints, vehicle: Ints, breaks: Ints, chargers: Ints, c: Ints, place: int
) -> int:
    """Charge on the way when the next place, and a charger or the end behind it, cannot be reached; return where, or -1."""
    if vehicle[RANGE] < 0 or c[WHERE] < 0:
        return -1
    ahead = c[SINCE_CHARGE] + table[0, c[WHERE], place]
    onward = int(table[0, place, vehicle[END]]) if vehicle[END] >= 0 else 0
    for k in range(vehicle[FIRST_CHARGER], vehicle[FIRST_CHARGER] + vehicle[CHARGERS]):
        onward = min(onward, int(table[0, place, chargers[k]]))
    if ahead + onward <= vehicle[RANGE]:
        return -1
    best, station = 1 << 60, -1
    for k in range(vehicle[FIRST_CHARGER], vehicle[FIRST_CHARGER] + vehicle[CHARGERS]):
        to = int(table[0, c[WHERE], chargers[k]])
        detour = to + int(table[0, chargers[k], place])
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
def trip_fits(tasks: Ints, load: Ints, room: Ints, sequence: Ints, first: int, last: int, pairs: Ints) -> bool:
    """Whether the tasks from one index to another fit into the vehicle in one trip."""
    for k in range(len(room)):
        on_board = pairs[k]
        for at in range(first, last):
            if tasks[sequence[at], KIND] == DELIVERY:
                on_board += load[sequence[at], k]
        if on_board > room[k]:
            return False
        for at in range(first, last):
            kind = tasks[sequence[at], KIND]
            if kind in (PICKUP, SHIP_PICKUP):
                on_board += load[sequence[at], k]
                if on_board > room[k]:
                    return False
            elif kind in (DELIVERY, SHIP_DELIVERY):
                on_board -= load[sequence[at], k]
    return True


@njit(cache=True, nogil=True)
def simulate(
    tasks: Ints, load: Ints, windows: Ints, afters: Ints, vehicle: Ints, room: Ints, price: Floats, breaks: Ints,
    chargers: Ints, table: Matrix, profile: Ints, sequence: Ints, length: int, departs: int, ends: Ints, marks: Ints, c: Ints
) -> float:  # fmt: skip
    """Return the cost of a day, or INFEASIBLE.

    Parameters
    ----------
    sequence, length
        The tasks in order.
    ends
        Room for the end of service of each task, by task; -1 elsewhere, and set back to -1.
    marks
        Room for what happens before each stop: bit 0 a reload, higher bits 1 + the place of a charge.
    c
        Room for the clock.
    """
    c[:] = 0
    c[NOW], c[WHERE] = departs, vehicle[START]
    if 0 <= vehicle[MAX_TASKS] < length:
        return INFEASIBLE
    pairs = marks[length + 2 : length + 2 + len(room)]
    pairs[:] = 0
    trip, reloads = 0, 0
    for at in range(length):
        i = sequence[at]
        marks[at] = 0
        if not trip_fits(tasks, load, room, sequence, trip, at + 1, pairs):
            reloads += 1
            if reloads > vehicle[RELOADS] or vehicle[START] < 0:
                c[BROKEN] = 1
                break
            for k in range(len(room)):
                for b in range(trip, at):
                    kind = tasks[sequence[b], KIND]
                    pairs[k] += load[sequence[b], k] * (int(kind == SHIP_PICKUP) - int(kind == SHIP_DELIVERY))
            trip = at
            if not trip_fits(tasks, load, room, sequence, trip, at + 1, pairs):
                c[BROKEN] = 1
                break
            drive(table, profile, vehicle, breaks, c, vehicle[START])
            marks[at] = 1
        marks[at] += 2 * (1 + charge_before(table, profile, vehicle, breaks, chargers, c, tasks[i, PLACE]))
        drive(table, profile, vehicle, breaks, c, tasks[i, PLACE])
        begins = serve(vehicle, breaks, tasks[i], windows, c)
        ends[i] = c[NOW]
        if c[BROKEN] or not allowed(tasks, afters, vehicle, i, ends, begins):
            c[BROKEN] = 1
            break
    marks[length] = 0
    if not c[BROKEN] and vehicle[END] >= 0:
        marks[length] = 2 * (1 + charge_before(table, profile, vehicle, breaks, chargers, c, vehicle[END]))
        drive(table, profile, vehicle, breaks, c, vehicle[END])
    for at in range(length):
        i = sequence[at]
        if tasks[i, PARTNER] >= 0 and ends[tasks[i, PARTNER]] < 0:
            c[BROKEN] = 1
    for at in range(length):
        ends[sequence[at]] = -1
    return total(vehicle, price, c, departs, length)


@njit(cache=True, nogil=True)
def allowed(tasks: Ints, afters: Ints, vehicle: Ints, i: int, ends: Ints, begins: int) -> bool:
    """Whether skills, order and time on board admit a task here."""
    if tasks[i, NEED] & ~vehicle[HAS]:
        return False
    for k in range(tasks[i, FIRST_AFTER], tasks[i, FIRST_AFTER] + tasks[i, AFTERS]):
        if ends[afters[k]] < 0:
            return False
    if tasks[i, KIND] == SHIP_DELIVERY:
        left = ends[tasks[i, PARTNER]]
        if left < 0 or (tasks[i, MAX_RIDE] >= 0 and begins - left > tasks[i, MAX_RIDE]):
            return False
    return True


@njit(cache=True, nogil=True)
def total(vehicle: Ints, price: Floats, c: Ints, departs: int, length: int) -> float:
    """Return what a simulated day costs, or INFEASIBLE when it breaks a limit."""
    span = c[NOW] - departs
    if c[BROKEN] or c[NOW] > vehicle[CLOSES]:
        return INFEASIBLE
    if 0 <= vehicle[MAX_DISTANCE] < c[FAR] or 0 <= vehicle[MAX_TIME] < span:
        return INFEASIBLE
    if length == 0:
        return 0.0
    even = price[FAIRNESS] * span * span / 1e6
    return vehicle[FIXED] + price[PER_DISTANCE] * c[FAR] + price[PER_TIME] * span + even


@njit(cache=True, nogil=True)
def pinned_elsewhere(tasks: Ints, i: int, r: int) -> bool:
    """Whether a task belongs to another vehicle."""
    return tasks[i, PIN] >= 0 and tasks[i, PIN] != r


@njit(cache=True, nogil=True)
def best_departure(
    tasks: Ints, load: Ints, windows: Ints, afters: Ints, vehicle: Ints, room: Ints, price: Floats, breaks: Ints,
    chargers: Ints, table: Matrix, profile: Ints, sequence: Ints, length: int, ends: Ints, marks: Ints, c: Ints
) -> tuple[float, int]:  # fmt: skip
    """Return the cost of a day that begins as late as it may without waiting more than needed, and when it begins."""
    early = vehicle[OPENS]
    cost = simulate(
        tasks, load, windows, afters, vehicle, room, price, breaks, chargers, table, profile, sequence, length, early,
        ends, marks, c,
    )  # fmt: skip
    timed = price[PER_TIME] > 0 or price[FAIRNESS] > 0 or vehicle[MAX_TIME] >= 0
    if not timed or length == 0 or (cost >= INFEASIBLE and vehicle[MAX_TIME] < 0):
        return cost, early
    best, when = cost, early
    waited = c[WAITED]
    step = waited
    while step > 0:
        later = simulate(
            tasks, load, windows, afters, vehicle, room, price, breaks, chargers, table, profile, sequence, length,
            when + step, ends, marks, c,
        )  # fmt: skip
        if later < best or (best >= INFEASIBLE and later < INFEASIBLE):
            best, when = later, when + step
        step //= 2
        if step < max(1, waited // 64):
            break
    return best, when
