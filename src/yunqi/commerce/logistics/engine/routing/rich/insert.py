"""The cheapest place of a task: beside its close tasks, those that promise least first, each priced by a whole simulated day.

Every function is compiled.
"""

import numpy as np
from numba import njit

from yunqi.commerce.logistics.engine.routing.rich.day import evaluate, task, vehicle
from yunqi.commerce.logistics.engine.routing.rich.layout import (
    AT_PLACE,
    AT_ROW,
    CARRIED,
    COSTS,
    DELIVERY,
    DIMENSIONS,
    END,
    FIXED,
    GROUP,
    HAS,
    HOMES,
    INFEASIBLE,
    KIND,
    LENGTHS,
    LIKE,
    LOAD,
    MAX_TASKS,
    MINE,
    NEAR,
    NEAR_COUNT,
    NEED,
    PARTNER,
    PENALTY,
    PER_DISTANCE,
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
    STAMP,
    STAMPS,
    START,
    WHERE,
    WIDTH,
    WORK,
    M,
    N,
)
from yunqi.commerce.logistics.engine.routing.rich.rows import put, touch
from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints, Matrix

BLINK = 0.01
"""How often a place is overlooked."""
ENOUGH = 8
"""Places that hold, of which the cheapest is taken: those behind them promise less."""
LOOK_FURTHER = 0.2
"""How often all rows are looked at where no place beside a close task holds."""
PAIR_NEAR, FEW = 20, 60
"""Close tasks whose rows a pair may be put into; up to so many tasks it may be put into any row."""
PAIR_FURTHER = 0.05
"""How often a pair of a larger problem may be put into any row."""


@njit(cache=True, nogil=True)
def way(prices: Floats, table: Matrix, r: int, a: int, b: int) -> float:
    """Return the price of the way between two places, waiting and services aside; nothing where one is -1."""
    if a < 0 or b < 0:
        return 0.0
    at = r * PRICE_COLUMNS
    return prices[at + PER_DISTANCE] * table[0, a, b] + prices[at + PER_TIME] * table[1, a, b]


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
    """Return what it would add to a row to go by two places, one after the other, before its task at an index."""
    before, after = place_at(p, s, r, at - 1), place_at(p, s, r, at)
    there = way(prices, table, r, before, first) + way(prices, table, r, last, after)
    if first != last:
        there += way(prices, table, r, first, last)
    return there - way(prices, table, r, before, after)


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
    if not s[s[MINE] + r] or task(p, i, NEED) & ~vehicle(p, r, HAS):
        return False
    pin = task(p, i, PIN)
    return (pin < 0 or pin == r) and fits(p, s, r, i)


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
def offer(
    p: Ints, prices: Floats, table: Matrix, s: Ints, f: Floats, r: int, at: int, i: int, move: float, best: float, count: int
) -> int:  # fmt: skip
    """List a place if it promises less than the best; return how many are listed."""
    stamp = s[STAMPS] + r * p[WIDTH] + at
    if s[stamp] == s[STAMP] or at < vehicle(p, r, PREFIX):
        return count
    s[stamp] = s[STAMP]
    place = task(p, i, PLACE)
    promise = detour(p, prices, table, s, r, at, place, place) + opening(p, s, r) + away(s, r, i, move)
    if promise >= best or count >= int(f[PLACES]) or np.random.random() < BLINK:
        return count
    f[int(f[PROMISE]) + count] = promise
    s[s[AT_ROW] + count], s[s[AT_PLACE] + count] = r, at
    return count + 1


@njit(cache=True, nogil=True)
def offer_near(p: Ints, prices: Floats, table: Matrix, s: Ints, f: Floats, i: int, move: float, best: float) -> int:
    """List the places beside close tasks, and one idle vehicle of each kind."""
    count = 0
    for k in range(p[NEAR_COUNT]):
        j = p[p[NEAR] + i * p[NEAR_COUNT] + k]
        if j < 0:
            break
        r = s[s[WHERE] + j]
        if r >= 0 and may(p, s, r, i):
            at = s[s[POSITION] + j]
            count = offer(p, prices, table, s, f, r, at, i, move, best, count)
            count = offer(p, prices, table, s, f, r, at + 1, i, move, best, count)
    last = -1
    for r in range(p[M]):
        if s[s[LENGTHS] + r] == 0 and vehicle(p, r, LIKE) != last and may(p, s, r, i):
            last = vehicle(p, r, LIKE)
            count = offer(p, prices, table, s, f, r, 0, i, move, best, count)
    return count


@njit(cache=True, nogil=True)
def offer_rows(
    p: Ints, prices: Floats, table: Matrix, s: Ints, f: Floats, i: int, only: int, move: float, best: float
) -> int:
    """List the places of one row, or of all."""
    count = 0
    for r in range(p[M]):
        if (only < 0 or only == r) and may(p, s, r, i):
            for at in range(s[s[LENGTHS] + r] + 1):
                count = offer(p, prices, table, s, f, r, at, i, move, best, count)
    return count


@njit(cache=True, nogil=True)
def cheapest(
    p: Ints, prices: Floats, table: Matrix, s: Ints, f: Floats, c: Ints, i: int, move: float, best: float, count: int
) -> tuple[int, int]:
    """Return the cheapest of the listed places, row and index; a row of -1 when none holds and costs less than the best."""
    row, place, held = -1, -1, 0
    work, promise = s[WORK], int(f[PROMISE])
    for _ in range(count):
        k = 0
        for other in range(1, count):
            if f[promise + other] < f[promise + k]:
                k = other
        if f[promise + k] >= best or held >= ENOUGH:
            break
        f[promise + k] = INFEASIBLE
        r, at = s[s[AT_ROW] + k], s[s[AT_PLACE] + k]
        length, here = s[s[LENGTHS] + r], s[ROWS] + r * p[WIDTH]
        for b in range(at):
            s[work + b] = s[here + b]
        s[work + at] = i
        for b in range(at, length):
            s[work + b + 1] = s[here + b]
        cost, gone = f[int(f[COSTS]) + r], away(s, r, i, move)
        added = evaluate(p, prices, table, s, c, r, work, length + 1, cost + best - gone) - cost + gone
        if added < 0.5 * INFEASIBLE:
            held += 1
        if added < best:
            best, row, place = added, r, at
    return row, place


@njit(cache=True, nogil=True)
def best_pair(
    p: Ints, prices: Floats, table: Matrix, s: Ints, f: Floats, c: Ints, i: int, r: int, move: float, best: float
) -> tuple[float, int, int]:
    """Return the cheapest places of a pair in a row: what they add, and the indices of both halves there."""
    mate, length, work, row = task(p, i, PARTNER), s[s[LENGTHS] + r], s[WORK], s[ROWS] + r * p[WIDTH]
    here, there = task(p, i, PLACE), task(p, mate, PLACE)
    at, to = -1, -1
    gone = away(s, r, i, move) + away(s, r, mate, move)
    fixed, cost = gone + opening(p, s, r), f[int(f[COSTS]) + r]
    for a in range(min(vehicle(p, r, PREFIX), length), length + 1):
        apart = fixed + detour(p, prices, table, s, r, a, here, here)
        for b in range(a, length + 1):
            if a == b:
                promise = fixed + detour(p, prices, table, s, r, a, here, there)
            else:
                promise = apart + detour(p, prices, table, s, r, b, there, there)
            if promise >= best or np.random.random() < BLINK:
                continue
            for k in range(a):
                s[work + k] = s[row + k]
            s[work + a] = i
            for k in range(a, b):
                s[work + k + 1] = s[row + k]
            s[work + b + 1] = mate
            for k in range(b, length):
                s[work + k + 2] = s[row + k]
            added = evaluate(p, prices, table, s, c, r, work, length + 2, cost + best - gone) - cost + gone
            if added < best:
                best, at, to = added, a, b + 1
    return best, at, to


@njit(cache=True, nogil=True)
def insert_pair(
    p: Ints, prices: Floats, table: Matrix, s: Ints, f: Floats, c: Ints, i: int, home: int, move: float
) -> bool:
    """Insert both halves of a shipment into the row where they add least; False when that costs more than leaving them out."""
    best, row, at, to = float(task(p, i, PENALTY)), -1, -1, -1
    mate, last = task(p, i, PARTNER), -1
    is_wide = home >= 0 or p[N] <= FEW or np.random.random() < PAIR_FURTHER
    for half in (i, mate):
        for k in range(min(PAIR_NEAR, p[NEAR_COUNT])):
            j = p[p[NEAR] + half * p[NEAR_COUNT] + k]
            if j >= 0 and s[s[WHERE] + j] >= 0:
                s[s[STAMPS] + s[s[WHERE] + j] * p[WIDTH]] = s[STAMP]
    for r in range(p[M]):
        if (home >= 0 and home != r) or not may(p, s, r, i) or not may(p, s, r, mate):
            continue
        if s[s[LENGTHS] + r] == 0 and home < 0:
            if vehicle(p, r, LIKE) == last:
                continue
            last = vehicle(p, r, LIKE)
        elif not is_wide and s[s[STAMPS] + r * p[WIDTH]] != s[STAMP]:
            continue
        added, a, b = best_pair(p, prices, table, s, f, c, i, r, move, best)
        if a >= 0:
            best, row, at, to = added, r, a, b
    if row < 0:
        return False
    touch(p, s, f, row)
    put(p, s, row, i, at)
    put(p, s, row, mate, to)
    price(p, prices, table, s, f, c, row)
    return True


@njit(cache=True, nogil=True)
def price(p: Ints, prices: Floats, table: Matrix, s: Ints, f: Floats, c: Ints, r: int) -> float:
    """Price a row anew; return what it costs."""
    cost = evaluate(p, prices, table, s, c, r, s[ROWS] + r * p[WIDTH], s[s[LENGTHS] + r], INFEASIBLE)
    f[int(f[COSTS]) + r] = cost
    return cost


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
def insert(p: Ints, prices: Floats, table: Matrix, s: Ints, f: Floats, c: Ints, i: int, move: float) -> bool:
    """Insert a task where it adds least; False when that costs more than leaving it out.

    Parameters
    ----------
    move
        What it costs to serve a task from another vehicle than its home.
    """
    s[STAMP] += 1
    home = group_home(p, s, i)
    if task(p, i, PARTNER) >= 0:
        return insert_pair(p, prices, table, s, f, c, i, home, move)
    worst = float(task(p, i, PENALTY))
    row, at = -1, -1
    if home < 0:
        count = offer_near(p, prices, table, s, f, i, move, worst)
        row, at = cheapest(p, prices, table, s, f, c, i, move, worst, count)
    if home >= 0 or (row < 0 and np.random.random() < LOOK_FURTHER):
        s[STAMP] += 1
        count = offer_rows(p, prices, table, s, f, i, home, move, worst)
        row, at = cheapest(p, prices, table, s, f, c, i, move, worst, count)
    if row < 0:
        return False
    touch(p, s, f, row)
    put(p, s, row, i, at)
    price(p, prices, table, s, f, c, row)
    return True
