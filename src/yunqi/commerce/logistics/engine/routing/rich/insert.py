"""The cheapest place of a task: beside its close tasks, those that promise least first, each priced by a whole simulated day.

Every function is compiled.
"""

import numpy as np
from numba import njit

from yunqi.commerce.logistics.engine.routing.rich.departing import evaluate, keep
from yunqi.commerce.logistics.engine.routing.rich.layout import (
    AT_END,
    AT_PLACE,
    AT_ROW,
    COSTS,
    ENOUGH,
    FRESH,
    GENEROUS,
    INFEASIBLE,
    IS_BOUND,
    LENGTHS,
    LIKE,
    LURE,
    NEAR,
    NEAR_COUNT,
    PARTNER,
    PENALTY,
    PROMISE,
    REQUIRED,
    ROWS,
    STAMP,
    STAMPS,
    WHERE,
    WIDTH,
    WORK,
    M,
    N,
)
from yunqi.commerce.logistics.engine.routing.rich.offers import (
    away,
    elsewhere,
    freshen,
    group_home,
    is_pair,
    may,
    offer_near,
    offer_pair,
    offer_rows,
)
from yunqi.commerce.logistics.engine.routing.rich.rows import put, touch
from yunqi.commerce.logistics.engine.routing.rich.ways import task, vehicle
from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints, Matrix

LOOK_FURTHER = 0.2
"""How often all rows are looked at where no place beside a close task holds."""
PAIR_NEAR, FEW = 20, 60
"""Close tasks whose rows a pair may be put into; up to so many tasks it may be put into any row."""
ELSEWHERE = 0.25
"""How often the first of what has to share a vehicle goes into a random one: where it adds least, the others may not fit."""
PAIR_TRIES = 6
"""Places of a pair that are gone through for each that may hold: most of those that fail do so for a time on board."""
PAIR_FURTHER = 0.05
"""How often a pair of a larger problem may be put into any row."""


@njit(cache=True, nogil=True)
def cheapest(
    p: Ints, prices: Floats, table: Matrix, s: Ints, f: Floats, c: Ints, i: int, move: float, best: float, count: int
) -> tuple[float, int, int]:
    """Return the cheapest of the listed places: what it adds, row and index; a row of -1 when none holds and costs less."""
    row, place, held = -1, -1, 0
    work, promise = s[WORK], int(f[PROMISE])
    heap(s, f, count)
    while count > 0:
        if held >= f[ENOUGH] or f[promise] >= best:
            break
        r, at = s[s[AT_ROW]], s[s[AT_PLACE]]
        count -= 1
        swap(s, f, 0, count)
        sift(s, f, 0, count)
        length, here = s[s[LENGTHS] + r], s[ROWS] + r * p[WIDTH]
        for b in range(at):
            s[work + b] = s[here + b]
        s[work + at] = i
        for b in range(at, length):
            s[work + b + 1] = s[here + b]
        cost, gone = f[int(f[COSTS]) + r], away(s, r, i, move)
        first = at if s[s[FRESH] + r] == 1 else 0
        added = evaluate(p, prices, table, s, c, r, work, length + 1, cost + best - gone, first) - cost + gone
        if added < 0.5 * INFEASIBLE:
            held += 1
        if added < best:
            best, row, place = added, r, at
    return best, row, place


@njit(cache=True, nogil=True)
def swap(s: Ints, f: Floats, a: int, b: int) -> None:
    """Exchange two listed places."""
    promise = int(f[PROMISE])
    f[promise + a], f[promise + b] = f[promise + b], f[promise + a]
    for column in (AT_ROW, AT_PLACE, AT_END):
        s[s[column] + a], s[s[column] + b] = s[s[column] + b], s[s[column] + a]


@njit(cache=True, nogil=True)
def sift(s: Ints, f: Floats, at: int, count: int) -> None:
    """Let a listed place sink below those that promise less."""
    promise = int(f[PROMISE])
    while True:
        least_of = at
        for child in (2 * at + 1, 2 * at + 2):
            if child < count and f[promise + child] < f[promise + least_of]:
                least_of = child
        if least_of == at:
            return
        swap(s, f, at, least_of)
        at = least_of


@njit(cache=True, nogil=True)
def heap(s: Ints, f: Floats, count: int) -> None:
    """Order the listed places so that the first promises least."""
    for at in range(count // 2 - 1, -1, -1):
        sift(s, f, at, count)


@njit(cache=True, nogil=True)
def cheapest_pair(
    p: Ints, prices: Floats, table: Matrix, s: Ints, f: Floats, c: Ints, i: int, move: float, best: float, count: int
) -> tuple[float, int, int, int]:  # fmt: skip
    """Return the cheapest of the listed places: what it adds, the row (-1 for none), and the indices of both halves."""
    mate, work, promise = task(p, i, PARTNER), s[WORK], int(f[PROMISE])
    found, at, to, held, tried = -1, -1, -1, 0, 0
    heap(s, f, count)
    while count > 0 and f[promise] < best and held < f[ENOUGH] and tried < PAIR_TRIES * f[ENOUGH]:
        r, a, b = s[s[AT_ROW]], s[s[AT_PLACE]], s[s[AT_END]]
        count -= 1
        swap(s, f, 0, count)
        sift(s, f, 0, count)
        row, length = s[ROWS] + r * p[WIDTH], s[s[LENGTHS] + r]
        for k in range(a):
            s[work + k] = s[row + k]
        s[work + a] = i
        for k in range(a, b):
            s[work + k + 1] = s[row + k]
        s[work + b + 1] = mate
        for k in range(b, length):
            s[work + k + 2] = s[row + k]
        gone, cost = away(s, r, i, move) + away(s, r, mate, move), f[int(f[COSTS]) + r]
        first = a if s[s[FRESH] + r] == 1 else 0
        added = evaluate(p, prices, table, s, c, r, work, length + 2, cost + best - gone, first) - cost + gone
        held += int(added < 0.5 * INFEASIBLE)
        tried += 1
        if added < best:
            best, found, at, to = added, r, a, b + 1
    return best, found, at, to


@njit(cache=True, nogil=True)
def best_of_pair(
    p: Ints, prices: Floats, table: Matrix, s: Ints, f: Floats, c: Ints, i: int, home: int, move: float, best: float,
    is_wide: bool
) -> tuple[float, int, int, int]:  # fmt: skip
    """Return the cheapest places of both halves of a shipment: what they add, the row (-1 for none), and both indices."""
    mate, last, count = task(p, i, PARTNER), -1, 0
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
        freshen(p, prices, table, s, c, r)
        count = offer_pair(p, prices, table, s, f, i, r, move, best, count)
    return cheapest_pair(p, prices, table, s, f, c, i, move, best, count)


@njit(cache=True, nogil=True)
def price(p: Ints, prices: Floats, table: Matrix, s: Ints, f: Floats, c: Ints, r: int, first: int) -> float:
    """Price a row anew, of which nothing has changed before an index; return what it costs."""
    row, length = s[ROWS] + r * p[WIDTH], s[s[LENGTHS] + r]
    cost = keep(p, prices, table, s, c, r, row, length, first, True)
    f[int(f[COSTS]) + r] = cost
    return cost


@njit(cache=True, nogil=True)
def least(p: Ints, prices: Floats, table: Matrix, s: Ints, f: Floats, c: Ints, i: int) -> tuple[float, int]:
    """Return what a task adds where it adds least, and the vehicle; -1 where it fits nowhere."""
    s[STAMP] += 1
    home = group_home(p, s, i)
    if is_pair(p, i):
        best, row, _, _ = best_of_pair(p, prices, table, s, f, c, i, home, 0.0, 0.5 * INFEASIBLE, True)
        return best, row
    count = offer_rows(p, prices, table, s, f, c, i, home, 0.0, 0.5 * INFEASIBLE)
    best, row, _ = cheapest(p, prices, table, s, f, c, i, 0.0, 0.5 * INFEASIBLE, count)
    return best, row


@njit(cache=True, nogil=True)
def insert(p: Ints, prices: Floats, table: Matrix, s: Ints, f: Floats, c: Ints, i: int, move: float) -> bool:
    """Insert a task where it adds least; False when that costs more than leaving it out.

    Parameters
    ----------
    move
        What it costs to serve a task from another vehicle than its home.
    """
    s[STAMP] += 1
    home, lure = group_home(p, s, i), task(p, i, LURE)
    # What others wait for is worth serving for their sake; not always, or else it would stay without them.
    worst = float(task(p, i, PENALTY)) + (lure if lure > 0 and np.random.random() < 0.5 else 0)
    if worst < REQUIRED:
        worst *= f[GENEROUS]
    row, at, to = -1, -1, -1
    if home < 0 and task(p, i, IS_BOUND) and np.random.random() < ELSEWHERE:
        home = elsewhere(p, s, i)
    if is_pair(p, i):
        is_wide = home >= 0 or p[N] <= FEW or np.random.random() < PAIR_FURTHER
        _, row, at, to = best_of_pair(p, prices, table, s, f, c, i, home, move, worst, is_wide)
    else:
        if home < 0:
            count = offer_near(p, prices, table, s, f, c, i, move, worst)
            _, row, at = cheapest(p, prices, table, s, f, c, i, move, worst, count)
        if home >= 0 or (row < 0 and (p[N] <= FEW or np.random.random() < LOOK_FURTHER)):
            s[STAMP] += 1
            count = offer_rows(p, prices, table, s, f, c, i, home, move, worst)
            _, row, at = cheapest(p, prices, table, s, f, c, i, move, worst, count)
    if row < 0:
        return False
    touch(p, s, f, row)
    put(p, s, row, i, at)
    if to >= 0:
        put(p, s, row, task(p, i, PARTNER), to)
    price(p, prices, table, s, f, c, row, at if s[s[FRESH] + row] == 1 else 0)
    return True
