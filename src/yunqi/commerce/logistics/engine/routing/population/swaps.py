"""Swaps between two routes where each task takes its best place, not the other's (SWAP*), and the whole local search."""

from numba import njit

from yunqi.commerce.logistics.engine.routing.population.layout import (
    AMOUNT,
    BEGINS,
    CHANGED,
    CLOSE,
    LOAD,
    MOVES,
    NEXT,
    PLACE,
    PREVIOUS,
    ROUTE,
    SIZE,
    SLOTS,
    SWAPPED,
    TASKS,
    TRIED,
    TURN,
    WIDE,
)
from yunqi.commerce.logistics.engine.routing.population.moves import (
    below,
    excess,
    exchange,
    improve,
    put_behind,
    refresh,
)
from yunqi.commerce.logistics.engine.routing.strings.arrays import Ints, Matrix

FAR = 1 << 60


@njit(cache=True, nogil=True)
def overlap(route: Ints, a: int, b: int) -> bool:
    """Whether the sectors of two routes share an angle."""
    ahead = (route[b, BEGINS] - route[a, BEGINS]) % TURN
    behind = (route[a, BEGINS] - route[b, BEGINS]) % TURN
    return bool(ahead <= route[a, WIDE] or behind <= route[b, WIDE])


@njit(cache=True, nogil=True)
def places(d: Matrix, node: Ints, route: Ints, g: Ints, best: Ints, r: int, other: int) -> None:
    """List for each task of route r its three cheapest places on another route: costs, nodes before, and when that was."""
    n = g[TASKS]
    u = node[n + 1 + 2 * r, NEXT]
    start = n + 1 + 2 * other
    while u <= n:
        row = best[u, other]
        if row[6] < route[other, CHANGED] + 1:
            row[6] = g[MOVES] + 1
            row[0] = row[1] = row[2] = FAR
            i = start
            while i != start + 1:
                j = node[i, NEXT]
                a, b = node[i, PLACE], node[j, PLACE]
                cost = d[a, u] + d[u, b] - d[a, b]
                if cost < row[0]:
                    row[2], row[5] = row[1], row[4]
                    row[1], row[4] = row[0], row[3]
                    row[0], row[3] = cost, i
                elif cost < row[1]:
                    row[2], row[5] = row[1], row[4]
                    row[1], row[4] = cost, i
                elif cost < row[2]:
                    row[2], row[5] = cost, i
                i = j
        u = node[u, NEXT]


@njit(cache=True, nogil=True)
def cheapest(d: Matrix, node: Ints, best: Ints, u: int, v: int) -> tuple[int, int]:
    """Return what u adds to v's route once v has gone, and the node it follows."""
    row = best[u, node[v, ROUTE]]
    before, after = node[v, PREVIOUS], node[v, NEXT]
    found, where = FAR, -1
    for k in range(3):
        at = row[3 + k]
        if row[k] < FAR and at != v and at != before:
            found, where = row[k], at
            break
    a, b = node[before, PLACE], node[after, PLACE]
    cost = d[a, u] + d[u, b] - d[a, b]
    if cost < found:
        found, where = cost, before
    return found, where


@njit(cache=True, nogil=True)
def saved(d: Matrix, node: Ints, u: int) -> int:
    """Return what the route's length changes by when a task leaves."""
    a, b = node[node[u, PREVIOUS], PLACE], node[node[u, NEXT], PLACE]
    return int(d[a, b] - d[a, u] - d[u, b])


@njit(cache=True, nogil=True)
def swap_best(d: Matrix, node: Ints, route: Ints, angle: Ints, g: Ints, best: Ints, r: int, other: int) -> bool:
    """Make the best swap, or move of one task, between two routes if it gains anything."""
    n = g[TASKS]
    places(d, node, route, g, best, r, other)
    places(d, node, route, g, best, other, r)
    lr, lo = route[r, LOAD], route[other, LOAD]
    before = excess(g, lr) + excess(g, lo)
    gain, u_best, v_best, u_at, v_at = 0, -1, -1, -1, -1
    own = g[SLOTS]  # behind the routes' columns stands what the removal of a task saves
    v = node[n + 1 + 2 * other, NEXT]
    while v <= n:
        best[v, own, 0] = saved(d, node, v)
        v = node[v, NEXT]
    u = node[n + 1 + 2 * r, NEXT]
    while u <= n:
        out_u, q = saved(d, node, u), node[u, AMOUNT]
        free_u, free_o = lr - q, lo + q
        v = node[n + 1 + 2 * other, NEXT]
        while v <= n:
            amount = node[v, AMOUNT]
            base = out_u + best[v, own, 0] + excess(g, free_u + amount) + excess(g, free_o - amount) - before
            if base < gain:
                # What the cheapest places cost at least decides whether to look closer.
                cost_u, at_u = cheapest(d, node, best, u, v)
                if base + cost_u < gain:
                    cost_v, at_v = cheapest(d, node, best, v, u)
                    if base + cost_u + cost_v < gain:
                        gain, u_best, v_best, u_at, v_at = base + cost_u + cost_v, u, v, at_u, at_v
            v = node[v, NEXT]
        change = out_u + best[u, other, 0] + excess(g, lr - q) + excess(g, lo + q) - before
        if change < gain:
            gain, u_best, v_best, u_at = change, u, -1, best[u, other, 3]
        u = node[u, NEXT]
    v = node[n + 1 + 2 * other, NEXT]
    while v <= n:
        q = node[v, AMOUNT]
        change = best[v, own, 0] + best[v, r, 0] + excess(g, lr + q) + excess(g, lo - q) - before
        if change < gain:
            gain, u_best, v_best, v_at = change, -1, v, best[v, r, 3]
        v = node[v, NEXT]
    if gain >= 0:
        return False
    swap_now(node, u_best, v_best, u_at, v_at)
    g[MOVES] += 1
    refresh(node, route, angle, g, r)
    refresh(node, route, angle, g, other)
    return True


@njit(cache=True, nogil=True)
def swap_now(node: Ints, u: int, v: int, u_at: int, v_at: int) -> None:
    """Put u behind one node and v behind another; one of the tasks may be absent (-1)."""
    if u >= 0 and v >= 0 and u_at == node[v, PREVIOUS] and v_at == node[u, PREVIOUS]:
        exchange(node, u, v)
    elif u >= 0 and v >= 0 and u_at == node[v, PREVIOUS]:
        put_behind(node, u, v)
        put_behind(node, v, v_at)
    elif u >= 0 and v >= 0 and v_at == node[u, PREVIOUS]:
        put_behind(node, v, v_at)
        put_behind(node, u, u_at)
    else:
        if u >= 0:
            put_behind(node, u, u_at)
        if v >= 0:
            put_behind(node, v, v_at)


@njit(cache=True, nogil=True)
def empty_route(route: Ints, g: Ints) -> int:
    """Return a route without stops, or -1."""
    for r in range(g[SLOTS]):
        if route[r, SIZE] == 0:
            return r
    return -1


@njit(cache=True, nogil=True)
def try_neighbours(d: Matrix, near: Ints, node: Ints, route: Ints, angle: Ints, g: Ints, u: int, first: bool) -> bool:
    """Try a task with all tasks close to it, the beginnings of their routes, and an empty route."""
    n = g[TASKS]
    tried = node[u, TRIED]
    node[u, TRIED] = g[MOVES]
    moved = False
    for k in range(g[CLOSE]):
        v = near[u, k]
        if v < 0:
            break
        if not first and max(route[node[u, ROUTE], CHANGED], route[node[v, ROUTE], CHANGED]) <= tried:
            continue
        before = node[v, PREVIOUS]
        if improve(d, node, route, angle, g, u, v) or (before > n and improve(d, node, route, angle, g, u, before)):
            moved = True
    if not first:
        r = empty_route(route, g)
        if r >= 0 and improve(d, node, route, angle, g, u, n + 1 + 2 * r):
            moved = True
    return moved


@njit(cache=True, nogil=True)
def descend(
    d: Matrix, near: Ints, node: Ints, route: Ints, angle: Ints, g: Ints, best: Ints, order: Ints, turns: Ints
) -> None:
    """Improve a solution until no move gains anything; ``order`` and ``turns`` list tasks and routes."""
    shuffle(g, order)
    shuffle(g, turns)
    loop = 0
    moved = True
    while moved or loop < 2:
        moved = False
        for a in range(len(order)):
            if try_neighbours(d, near, node, route, angle, g, order[a], loop == 0):
                moved = True
        for a in range(len(turns)):
            r = turns[a]
            swapped = route[r, SWAPPED]
            route[r, SWAPPED] = g[MOVES]
            if route[r, SIZE] == 0:
                continue
            for b in range(len(turns)):
                other = turns[b]
                if other <= r or route[other, SIZE] == 0 or route[r, SIZE] == 0:
                    continue
                if loop > 0 and max(route[r, CHANGED], route[other, CHANGED]) <= swapped:
                    continue
                if overlap(route, r, other) and swap_best(d, node, route, angle, g, best, r, other):
                    moved = True
        loop += 1


@njit(cache=True, nogil=True)
def shuffle(g: Ints, order: Ints) -> None:
    """Put a list into a random order."""
    for a in range(len(order) - 1, 0, -1):
        b = below(g, a + 1)
        order[a], order[b] = order[b], order[a]
