"""Simulate one vehicle's day in compiled code: cost and feasibility of a sequence of tasks."""

from numba import njit

from yunqi.commerce.logistics.engine.routing.rich.layout import (
    AFTER,
    AFTERS,
    BREAK,
    BREAKS,
    CHARGE_TIME,
    CHARGER,
    CHARGERS,
    CLOSES,
    DELIVERY,
    DIMENSIONS,
    DRIVE_LIMIT,
    DRIVE_PAUSE,
    END,
    ENDS,
    FAIRNESS,
    FIRST_AFTER,
    FIRST_BREAK,
    FIRST_CHARGER,
    FIRST_WINDOW,
    FIXED,
    HAS,
    INFEASIBLE,
    KIND,
    LOAD,
    MARKS,
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
    PLACE,
    PRICE_COLUMNS,
    PROFILE,
    RANGE,
    RELOADS,
    ROOM,
    SERVICE,
    SHIP_DELIVERY,
    SHIP_PICKUP,
    START,
    STEPS,
    TASK,
    TASK_COLUMNS,
    VEHICLE,
    VEHICLE_COLUMNS,
    WATCHED,
    WINDOW,
    WINDOWS,
)
from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints, Matrix

# The clock of a simulation: time, place, distance, driving since the last pause, distance since the last charge,
# breaks taken, waiting so far, and what is broken: 0 nothing, TOO_LONG only a time on board, or something else. Behind it
# three numbers a dimension: what is on board, the most of this trip, and what of shipments is on board.
NOW, WHERE, FAR, SINCE_PAUSE, SINCE_CHARGE, TAKEN, WAITED, BROKEN = range(8)
CLOCK = 8
LOST, TOO_LONG = 1, 2
"""What may be broken: a later departure mends only the second."""


@njit(cache=True, nogil=True)
def task(p: Ints, i: int, column: int) -> int:
    """Return what stands in a column of a task."""
    return p[p[TASK] + i * TASK_COLUMNS + column]


@njit(cache=True, nogil=True)
def vehicle(p: Ints, r: int, column: int) -> int:
    """Return what stands in a column of a vehicle."""
    return p[p[VEHICLE] + r * VEHICLE_COLUMNS + column]


@njit(cache=True, nogil=True)
def takes(p: Ints, table: Matrix, a: int, b: int, now: int) -> int:
    """Return the time of a way begun at a time."""
    plain = int(table[1, a, b])
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
            c[BROKEN] = LOST
        c[NOW] = begins + p[row + 2]
        if p[row + 2] >= vehicle(p, r, DRIVE_PAUSE):
            c[SINCE_PAUSE] = 0
        until += p[row + 2]


@njit(cache=True, nogil=True)
def drive(p: Ints, table: Matrix, r: int, c: Ints, place: int) -> None:
    """Go to a place."""
    if c[WHERE] < 0:
        c[WHERE] = place
        return
    long = takes(p, table, c[WHERE], place, c[NOW])
    if c[TAKEN] < vehicle(p, r, BREAKS):
        pause(p, r, c, c[NOW] + long)
        long = takes(p, table, c[WHERE], place, c[NOW])
    limit = vehicle(p, r, DRIVE_LIMIT)
    if limit >= 0:
        if c[SINCE_PAUSE] + long > limit and c[SINCE_PAUSE] > 0:
            c[NOW] += vehicle(p, r, DRIVE_PAUSE)
            c[SINCE_PAUSE] = 0
            long = takes(p, table, c[WHERE], place, c[NOW])
        if long > limit:
            c[BROKEN] = LOST
        c[SINCE_PAUSE] += long
    apart = int(table[0, c[WHERE], place])
    reach = vehicle(p, r, RANGE)
    if reach >= 0:
        c[SINCE_CHARGE] += apart
        if reach < c[SINCE_CHARGE]:
            c[BROKEN] = LOST
    c[FAR] += apart
    c[NOW] += long
    c[WHERE] = place


@njit(cache=True, nogil=True)
def charge_before(p: Ints, table: Matrix, r: int, c: Ints, place: int) -> int:
    """Charge on the way when the next place, and a charger or the end behind it, cannot be reached; return where, or -1."""
    reach = vehicle(p, r, RANGE)
    if reach < 0 or c[WHERE] < 0:
        return -1
    ahead = c[SINCE_CHARGE] + int(table[0, c[WHERE], place])
    end = vehicle(p, r, END)
    onward = int(table[0, place, end]) if end >= 0 else 0
    first = p[CHARGER] + vehicle(p, r, FIRST_CHARGER)
    last = first + vehicle(p, r, CHARGERS)
    for k in range(first, last):
        onward = min(onward, int(table[0, place, p[k]]))
    if ahead + onward <= reach:
        return -1
    best, station = 1 << 60, -1
    for k in range(first, last):
        to = int(table[0, c[WHERE], p[k]])
        detour = to + int(table[0, p[k], place])
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
        c[BROKEN] = LOST
        return c[NOW]
    service = task(p, i, SERVICE)
    if c[TAKEN] < vehicle(p, r, BREAKS):
        row = p[BREAK] + 3 * (vehicle(p, r, FIRST_BREAK) + c[TAKEN])
        if begins + service > p[row + 1]:
            pause(p, r, c, begins + service)
            begins = opens(p, i, c[NOW])
            if begins < 0:
                c[BROKEN] = LOST
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
def load_again(dimensions: int, c: Ints) -> None:
    """Begin a new trip: of what was on board only shipments under way stay."""
    for k in range(dimensions):
        at = CLOCK + 3 * k
        c[at] = c[at + 1] = c[at + 2]


@njit(cache=True, nogil=True)
def simulate(
    p: Ints, prices: Floats, table: Matrix, s: Ints, c: Ints, r: int, row: int, length: int, departs: int
) -> float:
    """Return the cost of a vehicle's day, or INFEASIBLE.

    The marks in the state tell afterwards what happens before each stop: bit 0 a reload, higher bits 1 + the place of a charge.

    Parameters
    ----------
    row, length
        Where in the state the tasks stand in order, and how many.
    """
    for k in range(CLOCK + 3 * p[DIMENSIONS]):
        c[k] = 0
    c[NOW], c[WHERE] = departs, vehicle(p, r, START)
    marks, ends = s[MARKS], s[ENDS]
    if 0 <= vehicle(p, r, MAX_TASKS) < length:
        c[BROKEN] = LOST
        return INFEASIBLE
    reloads, watched, reach = 0, 0, vehicle(p, r, RANGE)
    has, closes = vehicle(p, r, HAS), vehicle(p, r, CLOSES)
    for at in range(length):
        i = s[row + at]
        s[marks + at] = 0
        if not board(p, r, i, c):
            reloads += 1
            load_again(p[DIMENSIONS], c)
            start = vehicle(p, r, START)
            if reloads > vehicle(p, r, RELOADS) or start < 0 or not board(p, r, i, c):
                c[BROKEN] = LOST
                break
            drive(p, table, r, c, start)
            s[marks + at] = 1
        place = task(p, i, PLACE)
        if reach >= 0:
            s[marks + at] += 2 * (1 + charge_before(p, table, r, c, place))
        drive(p, table, r, c, place)
        begins = serve(p, r, i, c)
        if task(p, i, WATCHED):
            watched += 1
            s[ends + i] = c[NOW]
        if c[BROKEN] or c[NOW] > closes or task(p, i, NEED) & ~has:
            c[BROKEN] = LOST
            break
        if task(p, i, WATCHED) and not allowed(p, s, c, i, begins):
            break
    s[marks + length] = 0
    end = vehicle(p, r, END)
    if not c[BROKEN] and end >= 0:
        s[marks + length] = 2 * (1 + charge_before(p, table, r, c, end))
        drive(p, table, r, c, end)
    if watched:
        forget(p, s, c, row, length)
    return total(p, prices, c, r, departs, length)


@njit(cache=True, nogil=True)
def forget(p: Ints, s: Ints, c: Ints, row: int, length: int) -> None:
    """Break the day when half of a pair is missing, and take the ends of service out of the state."""
    for at in range(length):
        mate = task(p, s[row + at], PARTNER)
        if mate >= 0 and s[s[ENDS] + mate] < 0 and c[BROKEN] == 0:
            c[BROKEN] = LOST
    for at in range(length):
        s[s[ENDS] + s[row + at]] = -1


@njit(cache=True, nogil=True)
def allowed(p: Ints, s: Ints, c: Ints, i: int, begins: int) -> bool:
    """Whether order and time on board admit a task here."""
    first = p[AFTER] + task(p, i, FIRST_AFTER)
    for k in range(first, first + task(p, i, AFTERS)):
        if s[s[ENDS] + p[k]] < 0:
            c[BROKEN] = LOST
            return False
    if task(p, i, KIND) == SHIP_DELIVERY:
        left = s[s[ENDS] + task(p, i, PARTNER)]
        if left < 0:
            c[BROKEN] = LOST
            return False
        longest = task(p, i, MAX_RIDE)
        if longest >= 0 and begins - left > longest:
            c[BROKEN] = TOO_LONG
            return False
    return True


@njit(cache=True, nogil=True)
def total(p: Ints, prices: Floats, c: Ints, r: int, departs: int, length: int) -> float:
    """Return what a simulated day costs, or INFEASIBLE when it breaks a limit."""
    span = c[NOW] - departs
    if c[BROKEN]:
        return INFEASIBLE
    if c[NOW] > vehicle(p, r, CLOSES) or 0 <= vehicle(p, r, MAX_DISTANCE) < c[FAR]:
        c[BROKEN] = LOST
        return INFEASIBLE
    if 0 <= vehicle(p, r, MAX_TIME) < span:
        c[BROKEN] = TOO_LONG
        return INFEASIBLE
    return worth(p, prices, r, c[FAR], span) if length else 0.0


@njit(cache=True, nogil=True)
def worth(p: Ints, prices: Floats, r: int, far: int, span: int) -> float:
    """Return what a day of a length costs."""
    at = r * PRICE_COLUMNS
    even = prices[at + FAIRNESS] * span * span / 1e6
    return vehicle(p, r, FIXED) + prices[at + PER_DISTANCE] * far + prices[at + PER_TIME] * span + even


@njit(cache=True, nogil=True)
def best_departure(
    p: Ints, prices: Floats, table: Matrix, s: Ints, c: Ints, r: int, row: int, length: int, most: float
) -> tuple[float, int]:
    """Return the cost of a day that begins as late as it may without waiting more than needed, and when it begins.

    Parameters
    ----------
    most
        What costs more than this need not be known better.
    """
    early = vehicle(p, r, OPENS)
    cost = simulate(p, prices, table, s, c, r, row, length, early)
    timed = prices[r * PRICE_COLUMNS + PER_TIME] > 0 or prices[r * PRICE_COLUMNS + FAIRNESS] > 0
    waited = c[WAITED]
    if length == 0 or c[BROKEN] == LOST or not (timed or c[BROKEN] == TOO_LONG):
        return cost, early
    if c[BROKEN] == 0 and worth(p, prices, r, c[FAR], c[NOW] - early - waited) >= most:
        return cost, early
    best, when = cost, early
    step = waited
    while step > 0:
        later = simulate(p, prices, table, s, c, r, row, length, when + step)
        if later < best or (best >= INFEASIBLE and later < INFEASIBLE):
            best, when = later, when + step
        step //= 2
        if step < max(1, waited // 64):
            break
    return best, when


@njit(cache=True, nogil=True)
def evaluate(
    p: Ints, prices: Floats, table: Matrix, s: Ints, c: Ints, r: int, row: int, length: int, most: float
) -> float:
    """Return the cost of a vehicle that serves a sequence."""
    cost, _ = best_departure(p, prices, table, s, c, r, row, length, most)
    return cost
