"""Which places of a task are worth a simulated day: those beside close tasks that times and loads do not rule out. Compiled."""

import numpy as np
from numba import njit

from yunqi.commerce.logistics.engine.routing.rich.day import opens
from yunqi.commerce.logistics.engine.routing.rich.departing import keep
from yunqi.commerce.logistics.engine.routing.rich.layout import (
    ALL_NEED,
    ALL_PIN,
    AT_END,
    AT_PLACE,
    AT_ROW,
    BARRED,
    BLINK,
    CARRIED,
    CLOCK,
    CLOSES,
    DELIVERY,
    DEPARTED,
    DIMENSIONS,
    END,
    EVER,
    FIXED,
    FRESH,
    GROUP,
    HAS,
    HOMES,
    IS_DIRECT,
    IS_JOINT,
    KEPT,
    KIND,
    LATEST,
    LENGTHS,
    LIKE,
    LOAD,
    LOOKED,
    MAX_RIDE,
    MAX_TASKS,
    MINE,
    NEAR,
    NEAR_COUNT,
    NEED,
    NOW,
    OPENS,
    PARTNER,
    PER_DISTANCE,
    PER_DRIVE,
    PER_TIME,
    PICKUP,
    PIN,
    PLACE,
    PLACES,
    POSITION,
    PREFIX,
    PRICE_COLUMNS,
    PROMISE,
    RELOADS,
    ROOM,
    ROWS,
    SERVICE,
    SHIP_DELIVERY,
    STAMP,
    STAMPS,
    START,
    TASK,
    TASK_COLUMNS,
    TRAVELS,
    VEHICLE,
    VEHICLE_COLUMNS,
    WHERE,
    WIDTH,
    M,
    N,
)
from yunqi.commerce.logistics.engine.routing.rich.ways import task, vehicle
from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints, Matrix


@njit(cache=True, nogil=True)
def way(p: Ints, prices: Floats, table: Matrix, r: int, a: int, b: int) -> float:
    """Return the price of the way between two places, waiting and services aside; nothing where one is -1."""
    if a < 0 or b < 0:
        return 0.0
    at, own = r * PRICE_COLUMNS, vehicle(p, r, TRAVELS)
    at_wheel = prices[at + PER_DRIVE] + prices[at + PER_TIME]
    return prices[at + PER_DISTANCE] * table[own, 0, a, b] + at_wheel * table[own, 1, a, b]


@njit(cache=True, nogil=True)
def place_at(p: Ints, s: Ints, r: int, k: int) -> int:
    """Return the place of a row's k-th task; of its start before the first, of its end behind the last."""
    if k < 0:
        return vehicle(p, r, START)
    if k >= s[s[LENGTHS] + r]:
        return vehicle(p, r, END)
    return task(p, s[s[ROWS] + r * p[WIDTH] + k], PLACE)


@njit(cache=True, nogil=True)
def detour(p: Ints, prices: Floats, table: Matrix, s: Ints, r: int, at: int, first: int, last: int) -> float:
    """Return what it would add to a row to go by two places, one after the other, before its task at an index.

    Where time has a price it is a guess: the way may take the place of waiting.
    """
    before, after = place_at(p, s, r, at - 1), place_at(p, s, r, at)
    there = way(p, prices, table, r, before, first) + way(p, prices, table, r, last, after)
    if first != last:
        there += way(p, prices, table, r, first, last)
    return there - way(p, prices, table, r, before, after)


@njit(cache=True, nogil=True)
def fits(p: Ints, s: Ints, r: int, i: int) -> bool:
    """Whether a vehicle that cannot load again has room for a task beside all its deliveries, or all its pickups."""
    most = vehicle(p, r, MAX_TASKS)
    if 0 <= most <= s[s[LENGTHS] + r]:
        return False
    kind, dimensions = task(p, i, KIND), p[DIMENSIONS]
    if vehicle(p, r, RELOADS) or kind not in (DELIVERY, PICKUP):
        return True
    carried = s[CARRIED] + 2 * r * dimensions + (kind == PICKUP) * dimensions
    load, room, over = p[LOAD] + i * dimensions, p[ROOM] + r * dimensions, 0
    for k in range(dimensions):
        over += s[carried + k] + p[load + k] > p[room + k]
    return over == 0


@njit(cache=True, nogil=True)
def may(p: Ints, s: Ints, r: int, i: int) -> bool:
    """Whether a vehicle is this thread's and has what a task needs besides room."""
    if not s[s[MINE] + r] or task(p, i, ALL_NEED if s[IS_JOINT] else NEED) & ~vehicle(p, r, HAS):
        return False
    pin, mate = task(p, i, ALL_PIN if s[IS_JOINT] else PIN), task(p, i, PARTNER)
    if mate >= 0 and pin < 0:
        pin = task(p, mate, PIN)
    return (pin == r or (pin < 0 and r != s[BARRED])) and fits(p, s, r, i)


@njit(cache=True, nogil=True)
def away(s: Ints, r: int, i: int, move: float) -> float:
    """Return the price of serving a task from another vehicle than its home."""
    home = s[s[HOMES] + i]
    return move if home >= 0 and home != r else 0.0


@njit(cache=True, nogil=True)
def opening(p: Ints, s: Ints, r: int) -> float:
    """Return what a vehicle adds because it was not used."""
    return 0.0 if s[s[LENGTHS] + r] else float(vehicle(p, r, FIXED))


@njit(cache=True, nogil=True)
def freshen(p: Ints, prices: Floats, table: Matrix, s: Ints, c: Ints, r: int) -> None:
    """See to it that the state keeps the clocks of a row."""
    if s[s[FRESH] + r] == 0:
        keep(p, prices, table, s, c, r, s[ROWS] + r * p[WIDTH], s[s[LENGTHS] + r], 0, False)


@njit(cache=True, nogil=True)
def lasts(p: Ints, s: Ints, table: Matrix, r: int, place: int, at: int) -> int:
    """Return the time from a place to that of a row's task, or to its end."""
    there = place_at(p, s, r, at)
    return 0 if there < 0 else int(table[vehicle(p, r, TRAVELS), 1, place, there])


@njit(cache=True, nogil=True)
def left_at(p: Ints, s: Ints, r: int, at: int) -> int:
    """Return when a fresh row is done with what is before an index."""
    if at > 0:
        return s[s[KEPT] + s[s[ROWS] + r * p[WIDTH] + at - 1] * (CLOCK + 3 * p[DIMENSIONS]) + NOW]
    departed = vehicle(p, r, DEPARTED)
    return vehicle(p, r, OPENS) if departed < 0 else departed


@njit(cache=True, nogil=True)
def latest(p: Ints, s: Ints, r: int, at: int) -> int:
    """Return when a fresh row has to reach its task at an index, or its end."""
    if at < s[s[LENGTHS] + r]:
        return s[s[LATEST] + s[s[ROWS] + r * p[WIDTH] + at]]
    return vehicle(p, r, CLOSES)


@njit(cache=True, nogil=True)
def behind(p: Ints, s: Ints, table: Matrix, r: int, at: int, i: int) -> int:
    """Return when a task is done that a fresh row serves before an index, breaks aside; -1 when it comes too late."""
    before = place_at(p, s, r, at - 1)
    way_to = 0 if before < 0 else int(table[vehicle(p, r, TRAVELS), 1, before, task(p, i, PLACE)])
    begins = opens(p, i, left_at(p, s, r, at) + way_to)
    return -1 if begins < 0 else begins + task(p, i, SERVICE)


@njit(cache=True, nogil=True)
def fits_before(p: Ints, s: Ints, r: int, at: int, i: int) -> bool:
    """Whether a fresh row has room for a load beside what it has fetched before an index."""
    if at == 0:
        return True
    dimensions = p[DIMENSIONS]
    kept = s[KEPT] + s[s[ROWS] + r * p[WIDTH] + at - 1] * (CLOCK + 3 * dimensions) + CLOCK
    over = 0
    for k in range(dimensions):
        over += s[kept + 3 * k] + p[p[LOAD] + i * dimensions + k] > p[p[ROOM] + r * dimensions + k]
    return over == 0


@njit(cache=True, nogil=True)
def offer(
    p: Ints, prices: Floats, table: Matrix, s: Ints, f: Floats, r: int, at: int, i: int, move: float, best: float, count: int
) -> int:  # fmt: skip
    """List a place if it promises less than the best; return how many are listed."""
    stamp, base, length = s[STAMPS] + r * p[WIDTH] + at, p[VEHICLE] + r * VEHICLE_COLUMNS, s[s[LENGTHS] + r]
    if s[stamp] == s[STAMP] or at < p[base + PREFIX]:
        return count
    s[stamp] = s[STAMP]
    tasks, row, own = p[TASK], s[ROWS] + r * p[WIDTH], p[base + TRAVELS]
    place = p[tasks + i * TASK_COLUMNS + PLACE]
    before = p[tasks + s[row + at - 1] * TASK_COLUMNS + PLACE] if at > 0 else p[base + START]
    after = p[tasks + s[row + at] * TASK_COLUMNS + PLACE] if at < length else p[base + END]
    to = int(table[own, 1, before, place]) if before >= 0 else 0
    on = int(table[own, 1, place, after]) if after >= 0 else 0
    if s[s[FRESH] + r] == 1 and p[base + IS_DIRECT]:
        begins = opens(p, i, left_at(p, s, r, at) + to)
        if begins < 0 or begins + p[tasks + i * TASK_COLUMNS + SERVICE] + on > latest(p, s, r, at):
            return count
    prices_at = r * PRICE_COLUMNS
    more = (table[own, 0, before, place] if before >= 0 else 0) + (table[own, 0, place, after] if after >= 0 else 0)
    is_between = before >= 0 and after >= 0
    if is_between:
        more -= table[own, 0, before, after]
    promise = opening(p, s, r) + away(s, r, i, move) + prices[prices_at + PER_DISTANCE] * more
    at_wheel = prices[prices_at + PER_DRIVE] + prices[prices_at + PER_TIME]
    if at_wheel > 0:
        promise += at_wheel * (to + on - (int(table[own, 1, before, after]) if is_between else 0))
    if promise >= best or count >= int(f[PLACES]) or np.random.random() < f[BLINK]:
        return count
    f[int(f[PROMISE]) + count] = promise
    s[s[AT_ROW] + count], s[s[AT_PLACE] + count] = r, at
    return count + 1


@njit(cache=True, nogil=True)
def is_able(p: Ints, prices: Floats, table: Matrix, s: Ints, c: Ints, r: int, i: int) -> bool:
    """Whether a vehicle may take the task of this stamp; its row is fresh then."""
    looked = s[s[LOOKED] + r]
    if looked == s[STAMP] or looked == -s[STAMP]:
        return looked > 0
    if not may(p, s, r, i):
        s[s[LOOKED] + r] = -s[STAMP]
        return False
    s[s[LOOKED] + r] = s[STAMP]
    freshen(p, prices, table, s, c, r)
    return True


@njit(cache=True, nogil=True)
def offer_near(
    p: Ints, prices: Floats, table: Matrix, s: Ints, f: Floats, c: Ints, i: int, move: float, best: float
) -> int:  # fmt: skip
    """List the places beside close tasks, and one idle vehicle of each kind."""
    count = 0
    for k in range(p[NEAR_COUNT]):
        j = p[p[NEAR] + i * p[NEAR_COUNT] + k]
        if j < 0:
            break
        r = s[s[WHERE] + j]
        if r >= 0 and is_able(p, prices, table, s, c, r, i):
            at = s[s[POSITION] + j]
            count = offer(p, prices, table, s, f, r, at, i, move, best, count)
            count = offer(p, prices, table, s, f, r, at + 1, i, move, best, count)
    last = -1
    for r in range(p[M]):
        if s[s[LENGTHS] + r] == 0 and vehicle(p, r, LIKE) != last and may(p, s, r, i):
            last = vehicle(p, r, LIKE)
            freshen(p, prices, table, s, c, r)
            count = offer(p, prices, table, s, f, r, 0, i, move, best, count)
    return count


@njit(cache=True, nogil=True)
def offer_rows(
    p: Ints, prices: Floats, table: Matrix, s: Ints, f: Floats, c: Ints, i: int, only: int, move: float, best: float
) -> int:  # fmt: skip
    """List the places of one row, or of all."""
    count = 0
    for r in range(p[M]):
        if (only < 0 or only == r) and may(p, s, r, i):
            freshen(p, prices, table, s, c, r)
            for at in range(s[s[LENGTHS] + r] + 1):
                count = offer(p, prices, table, s, f, r, at, i, move, best, count)
    return count


@njit(cache=True, nogil=True)
def offer_pair(
    p: Ints, prices: Floats, table: Matrix, s: Ints, f: Floats, i: int, r: int, move: float, best: float, count: int
) -> int:  # fmt: skip
    """List the places of a pair in a row that times, loads and the time on board may admit; return how many are listed."""
    mate, length, row, own = task(p, i, PARTNER), s[s[LENGTHS] + r], s[ROWS] + r * p[WIDTH], vehicle(p, r, TRAVELS)
    here, there, most, promise_at = task(p, i, PLACE), task(p, mate, PLACE), int(f[PLACES]), int(f[PROMISE])
    fixed = away(s, r, i, move) + away(s, r, mate, move) + opening(p, s, r)
    longest = task(p, mate, MAX_RIDE)
    longest = EVER if longest < 0 or not vehicle(p, r, IS_DIRECT) else longest  # a profile may make ways shorter
    is_timed = s[s[FRESH] + r] == 1 and vehicle(p, r, IS_DIRECT)
    for a in range(min(vehicle(p, r, PREFIX), length), length + 1):
        apart = detour(p, prices, table, s, r, a, here, here)
        over = behind(p, s, table, r, a, i) if is_timed else 0
        if over < 0 or (is_timed and not fits_before(p, s, r, a, i)):
            continue
        at, ride = here, 0
        for b in range(a, length + 1):
            to = int(table[own, 1, at, there])
            begins = opens(p, mate, over + to) if is_timed else 0
            if ride + to <= longest and begins >= 0:
                ends = begins + task(p, mate, SERVICE)
                if not is_timed or ends + lasts(p, s, table, r, there, b) <= latest(p, s, r, b):
                    more = detour(p, prices, table, s, r, a, here, there) if a == b else apart
                    promise = fixed + more + (0.0 if a == b else detour(p, prices, table, s, r, b, there, there))
                    if promise < best and count < most and np.random.random() >= f[BLINK]:
                        f[promise_at + count] = promise
                        s[s[AT_ROW] + count], s[s[AT_PLACE] + count], s[s[AT_END] + count] = r, a, b
                        count += 1
            if b == length:
                break
            j = s[row + b]
            place = task(p, j, PLACE)
            long = int(table[own, 1, at, place])
            ride += long + task(p, j, SERVICE)
            if ride > longest:
                break
            if is_timed:
                if over + long > s[s[LATEST] + j] or not fits_before(p, s, r, b + 1, i):
                    break
                over = opens(p, j, over + long) + task(p, j, SERVICE)
            at = place
    return count


@njit(cache=True, nogil=True)
def group_home(p: Ints, s: Ints, i: int) -> int:
    """Return the vehicle that serves others of the task's group, or -1."""
    group = task(p, i, GROUP)
    if group >= 0:
        for j in range(p[N]):
            if s[s[WHERE] + j] >= 0 and task(p, j, GROUP) == group:
                return s[s[WHERE] + j]
    return -1


@njit(cache=True, nogil=True)
def is_pair(p: Ints, i: int) -> bool:
    """Whether both halves of a shipment are put in; what is on board already is only brought."""
    return task(p, i, PARTNER) >= 0 and task(p, i, KIND) != SHIP_DELIVERY


@njit(cache=True, nogil=True)
def elsewhere(p: Ints, s: Ints, i: int) -> int:
    """Return a random vehicle that may serve a task, so that all that has to share it follows; -1 where the draw fails."""
    k = int(np.random.random() * 2 * p[NEAR_COUNT])
    j = p[p[NEAR] + i * p[NEAR_COUNT] + k] if k < p[NEAR_COUNT] else -1
    r = s[s[WHERE] + j] if j >= 0 else int(np.random.random() * p[M])
    return r if r >= 0 and may(p, s, r, i) else -1
