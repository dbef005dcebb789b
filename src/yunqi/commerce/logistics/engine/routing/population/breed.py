"""The population: children, survivors, diversity and penalties. Every function is compiled."""

import numpy as np
from numba import njit

from yunqi.commerce.logistics.engine.routing.population.layout import (
    ALIVE,
    BEST,
    CAPACITY,
    CHILDREN,
    COUNTED,
    EXCESS,
    FEASIBLE,
    FEWEST,
    FITNESS,
    FREE,
    HELD,
    IDLE,
    IMPROVED,
    INFEASIBLE,
    ITERATIONS,
    KIND,
    LENGTH,
    LOAD,
    PENALTY,
    PLACES,
    RESTARTS,
    SLOTS,
    TASKS,
    WAITING,
)
from yunqi.commerce.logistics.engine.routing.population.moves import below, draw
from yunqi.commerce.logistics.engine.routing.population.swaps import descend, shuffle
from yunqi.commerce.logistics.engine.routing.population.tours import cross, load, split, write
from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints, Matrix

ONE = 1 << 20
CLOSEST = 5
ELITE = 4
IDLE_LIMIT = 20_000
DEAREST = 1 << 40


@njit(cache=True, nogil=True)
def penalised(g: Ints, info: Ints, k: int) -> int:
    """Return an individual's length with the price of what is too much."""
    return int(info[k, LENGTH] + info[k, EXCESS] * g[PENALTY])


@njit(cache=True, nogil=True)
def members(info: Ints, kind: int) -> Ints:
    """Return the individuals of a kind."""
    return np.flatnonzero(info[:, KIND] == kind)


@njit(cache=True, nogil=True)
def nearness(apart: Ints, group: Ints, a: int, most: int) -> int:
    """Return the mean distance of an individual to the ones most like it."""
    closest = np.full(most, ONE * 2)
    for b in group:
        if b == a:
            continue
        value = apart[a, b]
        k = most - 1
        if value >= closest[k]:
            continue
        while k > 0 and closest[k - 1] > value:
            closest[k] = closest[k - 1]
            k -= 1
        closest[k] = value
    count = min(most, len(group) - 1)
    return closest[:count].sum() // count if count > 0 else ONE


@njit(cache=True, nogil=True)
def rate(g: Ints, info: Ints, apart: Ints, group: Ints) -> None:
    """Rank a group by cost and by diversity."""
    size = len(group)
    costs, crowd = np.zeros(size, np.int64), np.zeros(size, np.int64)
    for k in range(size):
        costs[k] = penalised(g, info, group[k])
        crowd[k] = -nearness(apart, group, group[k], CLOSEST)
    by_cost, by_crowd = np.argsort(costs), np.argsort(crowd)
    for rank in range(size):
        info[group[by_cost[rank]], FITNESS] = rank * ONE // max(size - 1, 1)
    if size > ELITE:
        for rank in range(size):
            share = rank * ONE // (size - 1)
            info[group[by_crowd[rank]], FITNESS] += share * (size - ELITE) // size


@njit(cache=True, nogil=True)
def thin_out(g: Ints, info: Ints, apart: Ints, kind: int) -> None:
    """Remove clones, then the least fit, until the fewest are left; the cheapest stays."""
    group = members(info, kind)
    while len(group) > g[FEWEST]:
        rate(g, info, apart, group)
        cheapest = group[0]
        for a in group:
            if penalised(g, info, a) < penalised(g, info, cheapest):
                cheapest = a
        worst, highest = -1, np.int64(-1)
        for a in group:
            if a == cheapest:
                continue
            value = info[a, FITNESS] + (8 * ONE if nearness(apart, group, a, 1) == 0 else 0)
            if value > highest:
                worst, highest = a, value
        info[worst, KIND] = FREE
        g[ALIVE] -= 1
        group = members(info, kind)


@njit(cache=True, nogil=True)
def add(
    d: Matrix, node: Ints, route: Ints, g: Ints, xy: Floats, tours: Ints, follows: Ints, leads: Ints, info: Ints,
    apart: Ints
) -> bool:  # fmt: skip
    """Let the routes under change join the population; return whether they are the best so far and hold."""
    k = np.int64(0)
    while info[k, KIND] != FREE:
        k += 1
    write(d, node, route, g, xy, tours[k], follows[k], leads[k], info[k])
    kind = FEASIBLE if info[k, EXCESS] == 0 else INFEASIBLE
    n = g[TASKS]
    for b in members(info, kind):
        broken = 0
        for c in range(1, n + 1):
            if follows[k, c] != follows[b, c] and follows[k, c] != leads[b, c]:
                broken += 1
            if leads[k, c] == 0 and leads[b, c] != 0 and follows[b, c] != 0:
                broken += 1
        apart[k, b] = apart[b, k] = broken * ONE // n
    info[k, KIND] = kind
    g[ALIVE] += 1
    group = members(info, kind)
    if kind == FEASIBLE and info[k, LENGTH] < g[BEST]:
        g[BEST] = info[k, LENGTH]
        g[IMPROVED] += 1
        last = g[PLACES]
        tours[last], follows[last], leads[last], info[last] = tours[k], follows[k], leads[k], info[k]
        info[last, KIND] = FREE
        better = True
    else:
        better = False
    if len(group) > g[FEWEST] + g[CHILDREN]:
        thin_out(g, info, apart, kind)
        group = members(info, kind)
    rate(g, info, apart, group)
    return better


@njit(cache=True, nogil=True)
def choose(g: Ints, info: Ints) -> int:
    """Return the fitter of two individuals drawn at random."""
    found = -1
    for _ in range(2):
        k = below(g, g[PLACES])
        while info[k, KIND] == FREE:
            k = below(g, g[PLACES])
        if found < 0 or info[k, FITNESS] < info[found, FITNESS]:
            found = k
    return found


@njit(cache=True, nogil=True)
def adapt(g: Ints, info: Ints, apart: Ints) -> None:
    """Raise the penalty where few children hold, lower it where many do: a fifth is wanted."""
    if g[HELD] * 100 <= g[COUNTED] * 15:
        g[PENALTY] = min(DEAREST, g[PENALTY] * 6 // 5 + 1)
    elif g[HELD] * 100 >= g[COUNTED] * 25:
        g[PENALTY] = max(1, g[PENALTY] * 17 // 20)
    g[COUNTED] = g[HELD] = 0
    rate(g, info, apart, members(info, INFEASIBLE))


@njit(cache=True, nogil=True)
def evolve(
    d: Matrix, near: Ints, node: Ints, route: Ints, angle: Ints, g: Ints, best: Ints, order: Ints, turns: Ints,
    xy: Floats, tours: Ints, follows: Ints, leads: Ints, info: Ints, apart: Ints, child: Ints, cuts: Ints
) -> bool:  # fmt: skip
    """Make one child (or, in the beginning, one random individual), improve it, and let it join."""
    if g[IDLE] > IDLE_LIMIT:
        info[: g[PLACES], KIND] = FREE
        g[ALIVE] = g[IDLE] = 0
        g[WAITING] = 4 * g[FEWEST]
        g[RESTARTS] += 1
    if g[WAITING] > 0:
        child[:] = order
        shuffle(g, child)
        g[WAITING] -= 1
    else:
        cross(g, tours[choose(g, info)], tours[choose(g, info)], child)
    count = split(d, node, g, child, cuts)
    if count == 0:
        g[PENALTY] = g[PENALTY] * 6 // 5 + 1
        return False
    g[ITERATIONS] += 1
    load(node, route, angle, g, child, cuts, count)
    descend(d, near, node, route, angle, g, best, order, turns)
    better = add(d, node, route, g, xy, tours, follows, leads, info, apart)
    held = fits(route, g)
    g[COUNTED] += 1
    g[HELD] += 1 if held else 0
    if not held and draw(g) & 1:
        usual = g[PENALTY]
        g[PENALTY] = min(DEAREST, usual * 10)
        descend(d, near, node, route, angle, g, best, order, turns)
        g[PENALTY] = usual
        if fits(route, g):
            better = add(d, node, route, g, xy, tours, follows, leads, info, apart) or better
    g[IDLE] = 0 if better else g[IDLE] + 1
    if g[COUNTED] >= 100:
        adapt(g, info, apart)
    return bool(better)


@njit(cache=True, nogil=True)
def fits(route: Ints, g: Ints) -> bool:
    """Whether no route under change carries too much."""
    return bool(route[: g[SLOTS], LOAD].max() <= g[CAPACITY])


@njit(cache=True, nogil=True)
def join(
    d: Matrix, near: Ints, node: Ints, route: Ints, angle: Ints, g: Ints, best: Ints, order: Ints, turns: Ints,
    xy: Floats, tours: Ints, follows: Ints, leads: Ints, info: Ints, apart: Ints, child: Ints, cuts: Ints, count: int
) -> bool:  # fmt: skip
    """Improve routes from elsewhere (``child`` cut at ``cuts``) and let them join."""
    load(node, route, angle, g, child, cuts, count)
    descend(d, near, node, route, angle, g, best, order, turns)
    better = add(d, node, route, g, xy, tours, follows, leads, info, apart)
    if better:
        g[IDLE] = 0
    return bool(better)
