"""Between giant tours and routes: splitting, crossing, and writing an individual down. Every function is compiled."""

import numpy as np
from numba import njit

from yunqi.commerce.logistics.engine.routing.population.layout import (
    AMOUNT,
    CAPACITY,
    EXCESS,
    LENGTH,
    LOAD,
    MOVES,
    NEXT,
    PLACE,
    PREVIOUS,
    SIZE,
    SLOTS,
    SWAPPED,
    TASKS,
    TRIED,
)
from yunqi.commerce.logistics.engine.routing.population.moves import below, excess, refresh
from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints, Matrix

FAR = np.int64(1) << 60


@njit(cache=True, nogil=True)
def split(d: Matrix, node: Ints, g: Ints, tour: Ints, cuts: Ints) -> int:
    """Cut a giant tour into the cheapest routes (``cuts``: where each begins, then the end) and return how many."""
    n = g[TASKS]
    most = g[CAPACITY] + g[CAPACITY] // 2
    cost, source = np.full(n + 1, FAR), np.zeros(n + 1, np.int64)
    cost[0] = 0
    for i in range(n):
        load, length = 0, 0
        for j in range(i, n):
            c = tour[j]
            load += node[c, AMOUNT]
            if load > most and j > i:
                break
            length += d[0, c] if j == i else d[tour[j - 1], c]
            total = cost[i] + length + d[c, 0] + excess(g, load)
            if total < cost[j + 1]:
                cost[j + 1], source[j + 1] = total, i
    count, at = 0, n
    while at > 0:
        at = source[at]
        count += 1
    if count > g[SLOTS]:
        return int(split_few(d, node, g, tour, cuts))
    at = n
    for k in range(count, -1, -1):
        cuts[k] = at
        at = source[at]
    return int(count)


@njit(cache=True, nogil=True)
def split_few(d: Matrix, node: Ints, g: Ints, tour: Ints, cuts: Ints) -> int:
    """Cut a giant tour into no more routes than there are slots, at any load."""
    n, m = g[TASKS], g[SLOTS]
    cost, source = np.full((m + 1, n + 1), FAR), np.zeros((m + 1, n + 1), np.int64)
    cost[0, 0] = 0
    most = 3 * g[CAPACITY]
    for k in range(m):
        for i in range(n):
            if cost[k, i] >= FAR:
                continue
            load, length = 0, 0
            for j in range(i, n):
                c = tour[j]
                load += node[c, AMOUNT]
                if load > most and j > i:
                    break
                length += d[0, c] if j == i else d[tour[j - 1], c]
                total = cost[k, i] + length + d[c, 0] + excess(g, load)
                if total < cost[k + 1, j + 1]:
                    cost[k + 1, j + 1], source[k + 1, j + 1] = total, i
    count = 0
    for k in range(1, m + 1):
        if count == 0 or cost[k, n] < cost[count, n]:
            count = k
    if cost[count, n] >= FAR:
        return 0
    at = n
    for k in range(count, -1, -1):
        cuts[k] = at
        at = source[k, at]
    return int(count)


@njit(cache=True, nogil=True)
def load(node: Ints, route: Ints, angle: Ints, g: Ints, tour: Ints, cuts: Ints, count: int) -> None:
    """Write routes into the arrays of the local search."""
    n = g[TASKS]
    g[MOVES] += 1
    for r in range(g[SLOTS]):
        before = n + 1 + 2 * r
        end = before + 1
        if r < count:
            for k in range(cuts[r], cuts[r + 1]):
                c = tour[k]
                node[before, NEXT] = c
                node[c, PREVIOUS] = before
                before = c
        node[before, NEXT] = end
        node[end, PREVIOUS] = before
        refresh(node, route, angle, g, r)
        route[r, SWAPPED] = -1
    for c in range(1, n + 1):
        node[c, TRIED] = -1


@njit(cache=True, nogil=True)
def write(
    d: Matrix, node: Ints, route: Ints, g: Ints, xy: Floats, tour: Ints, follows: Ints, leads: Ints, info: Ints
) -> None:
    """Write the routes down as an individual: tour in the order of the routes' directions, neighbours, length, excess."""
    n, m = g[TASKS], g[SLOTS]
    directions = np.full(m, 1e9)
    length, too_much = 0, 0
    for r in range(m):
        if route[r, SIZE] == 0:
            continue
        x, y = 0.0, 0.0
        i = n + 1 + 2 * r
        while i != n + 2 + 2 * r:
            j = node[i, NEXT]
            length += d[node[i, PLACE], node[j, PLACE]]
            if j <= n:
                x += xy[j, 0] - xy[0, 0]
                y += xy[j, 1] - xy[0, 1]
                leads[j] = node[i, PLACE]
            if i <= n:
                follows[i] = node[j, PLACE]
            i = j
        directions[r] = np.arctan2(y, x)
        too_much += max(0, route[r, LOAD] - g[CAPACITY])
    count = 0
    for r in np.argsort(directions):
        i = node[n + 1 + 2 * r, NEXT]
        while i <= n:
            tour[count] = i
            count += 1
            i = node[i, NEXT]
    info[LENGTH] = length
    info[EXCESS] = too_much


@njit(cache=True, nogil=True)
def cross(g: Ints, one: Ints, two: Ints, child: Ints) -> None:
    """Make a child of two tours: a part of the first, the rest in the order of the second (ordered crossover)."""
    n = g[TASKS]
    taken = np.zeros(n + 1, np.bool_)
    start, end = below(g, n), below(g, n)
    while end == start and n > 1:
        end = below(g, n)
    j = start
    while True:
        at = j % n
        child[at] = one[at]
        taken[one[at]] = True
        if at == end:
            break
        j += 1
    j = (end + 1) % n
    for k in range(1, n + 1):
        c = two[(end + k) % n]
        if not taken[c]:
            child[j] = c
            j = (j + 1) % n
