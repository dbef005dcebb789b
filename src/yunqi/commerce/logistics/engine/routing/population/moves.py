"""The local search on one pair of tasks: relocations, swaps and exchanges of ends. Every function is compiled."""

from numba import njit

from yunqi.commerce.logistics.engine.routing.population.layout import (
    AMOUNT,
    BEGINS,
    CAPACITY,
    CHANGED,
    CUMULATED,
    LOAD,
    MOVES,
    NEXT,
    PENALTY,
    PLACE,
    PREVIOUS,
    RANDOM,
    RANK,
    ROUTE,
    SIZE,
    TASKS,
    TURN,
    WIDE,
)
from yunqi.commerce.logistics.engine.routing.strings.arrays import Ints, Matrix
from yunqi.commerce.logistics.engine.routing.strings.chance import bits, whole


@njit(cache=True, nogil=True)
def excess(g: Ints, load: int) -> int:
    """Return the price of a load: nothing up to the capacity."""
    return (load - g[CAPACITY]) * g[PENALTY] if load > g[CAPACITY] else 0


@njit(cache=True, nogil=True)
def refresh(node: Ints, route: Ints, angle: Ints, g: Ints, r: int) -> None:
    """Compute a route's ranks, loads and sector again after a change."""
    i = g[TASKS] + 1 + 2 * r
    end = i + 1
    load, rank, begins, wide = 0, 0, 0, -1
    node[i, RANK] = 0
    node[i, CUMULATED] = 0
    i = node[i, NEXT]
    while i != end:
        rank += 1
        load += node[i, AMOUNT]
        node[i, RANK] = rank
        node[i, CUMULATED] = load
        node[i, ROUTE] = r
        turn = angle[i]
        if wide < 0:
            begins, wide = turn, 0
        else:
            ahead = (turn - begins) % TURN
            if ahead > wide:
                if TURN - ahead < ahead - wide:
                    begins, wide = turn, wide + TURN - ahead
                else:
                    wide = ahead
        i = node[i, NEXT]
    node[end, RANK] = rank + 1
    node[end, CUMULATED] = load
    route[r, LOAD] = load
    route[r, SIZE] = rank
    route[r, CHANGED] = g[MOVES]
    route[r, BEGINS] = begins
    route[r, WIDE] = wide


@njit(cache=True, nogil=True)
def put_behind(node: Ints, u: int, v: int) -> None:
    """Take a task from where it is and put it behind a node."""
    p, x = node[u, PREVIOUS], node[u, NEXT]
    node[p, NEXT] = x
    node[x, PREVIOUS] = p
    y = node[v, NEXT]
    node[v, NEXT] = u
    node[u, PREVIOUS] = v
    node[u, NEXT] = y
    node[y, PREVIOUS] = u


@njit(cache=True, nogil=True)
def exchange(node: Ints, u: int, v: int) -> None:
    """Let two tasks that are not neighbours change places."""
    p, x, q, y = node[u, PREVIOUS], node[u, NEXT], node[v, PREVIOUS], node[v, NEXT]
    node[p, NEXT] = v
    node[v, PREVIOUS] = p
    node[v, NEXT] = x
    node[x, PREVIOUS] = v
    node[q, NEXT] = u
    node[u, PREVIOUS] = q
    node[u, NEXT] = y
    node[y, PREVIOUS] = u


@njit(cache=True, nogil=True)
def turn_round(node: Ints, first: int, last: int) -> None:
    """Reverse the part of a route between two of its tasks, both included."""
    before, after = node[first, PREVIOUS], node[last, NEXT]
    i = first
    while i != after:
        following = node[i, NEXT]
        node[i, NEXT] = node[i, PREVIOUS]
        node[i, PREVIOUS] = following
        i = following
    node[before, NEXT] = last
    node[last, PREVIOUS] = before
    node[first, NEXT] = after
    node[after, PREVIOUS] = first


@njit(cache=True, nogil=True)
def swap_ends(node: Ints, u: int, v: int, end_u: int, end_v: int) -> None:
    """Let two routes exchange what follows u and v."""
    x, y = node[u, NEXT], node[v, NEXT]
    last_u, last_v = node[end_u, PREVIOUS], node[end_v, PREVIOUS]
    if y != end_v:
        node[u, NEXT] = y
        node[y, PREVIOUS] = u
        node[last_v, NEXT] = end_u
        node[end_u, PREVIOUS] = last_v
    else:
        node[u, NEXT] = end_u
        node[end_u, PREVIOUS] = u
    if x != end_u:
        node[v, NEXT] = x
        node[x, PREVIOUS] = v
        node[last_u, NEXT] = end_v
        node[end_v, PREVIOUS] = last_u
    else:
        node[v, NEXT] = end_v
        node[end_v, PREVIOUS] = v


@njit(cache=True, nogil=True)
def join_ends(node: Ints, u: int, v: int, end_u: int, start_v: int) -> None:
    """Join u to v and their successors to each other: v's head is turned round behind u, u's tail before v's."""
    x, y = node[u, NEXT], node[v, NEXT]
    i, before = v, u
    while i != start_v:  # u, v, ..., first of v, end of u
        back = node[i, PREVIOUS]
        node[before, NEXT] = i
        node[i, PREVIOUS] = before
        before, i = i, back
    tail = node[end_u, PREVIOUS]
    node[before, NEXT] = end_u
    node[end_u, PREVIOUS] = before
    i, before = tail, start_v
    if x != end_u:
        while True:  # start of v, last of u, ..., x, y
            back = node[i, PREVIOUS]
            node[before, NEXT] = i
            node[i, PREVIOUS] = before
            before = i
            if i == x:
                break
            i = back
    node[before, NEXT] = y
    node[y, PREVIOUS] = before


@njit(cache=True, nogil=True)
def shift(d: Matrix, node: Ints, route: Ints, g: Ints, u: int, v: int) -> tuple[int, int]:
    """Return the best gain of moving u, or u and its successor, behind v, and which: 1 u, 2 both, 3 both turned round."""
    n = g[TASKS]
    x, p, y = node[u, NEXT], node[u, PREVIOUS], node[v, NEXT]
    ru, rv = node[u, ROUTE], node[v, ROUTE]
    pu, pp, px, pv, py = u, node[p, PLACE], node[x, PLACE], node[v, PLACE], node[y, PLACE]
    before = excess(g, route[ru, LOAD]) + excess(g, route[rv, LOAD])
    best, which = 0, 0
    out = d[pp, px] - d[pp, pu] - d[pu, px]
    hop = d[pv, py]
    if v != p:
        gain = out + d[pv, pu] + d[pu, py] - hop
        if ru != rv and gain < before:
            amount = node[u, AMOUNT]
            gain += excess(g, route[ru, LOAD] - amount) + excess(g, route[rv, LOAD] + amount) - before
        if gain < best:
            best, which = gain, 1
    if x <= n and v != x and v != p:
        pxx = node[node[x, NEXT], PLACE]
        away = d[pp, pxx] - d[pp, pu] - d[px, pxx] - hop
        more = 0
        if ru != rv:
            amount = node[u, AMOUNT] + node[x, AMOUNT]
            more = excess(g, route[ru, LOAD] - amount) + excess(g, route[rv, LOAD] + amount) - before
        gain = away + d[pv, pu] + d[px, py] + more
        if gain < best:
            best, which = gain, 2
        gain = away + d[pv, px] + d[pu, py] + more
        if gain < best:
            best, which = gain, 3
    return best, which


@njit(cache=True, nogil=True)
def trade(d: Matrix, node: Ints, route: Ints, g: Ints, u: int, v: int) -> tuple[int, int]:
    """Return the best gain of a swap, and which: 4 u for v, 5 u and its successor for v, 6 two for two."""
    n = g[TASKS]
    x, p, y, q = node[u, NEXT], node[u, PREVIOUS], node[v, NEXT], node[v, PREVIOUS]
    if u in (q, y):
        return 0, 0
    ru, rv = node[u, ROUTE], node[v, ROUTE]
    pp, px, py, pq = node[p, PLACE], node[x, PLACE], node[y, PLACE], node[q, PLACE]
    before = excess(g, route[ru, LOAD]) + excess(g, route[rv, LOAD])
    one, two = node[u, AMOUNT], node[v, AMOUNT]
    best, which = 0, 0
    out = d[pp, v] - d[pp, u] - d[pq, v]
    if u < v:
        gain = out + d[v, px] - d[u, px] + d[pq, u] + d[u, py] - d[v, py]
        if ru != rv:
            gain += excess(g, route[ru, LOAD] - one + two) + excess(g, route[rv, LOAD] - two + one) - before
        if gain < best:
            best, which = gain, 4
    if x > n or x == q:
        return best, which
    one += node[x, AMOUNT]
    pxx = node[node[x, NEXT], PLACE]
    gain = out + d[v, pxx] - d[px, pxx] + d[pq, u] + d[px, py] - d[v, py]
    if ru != rv:
        gain += excess(g, route[ru, LOAD] - one + two) + excess(g, route[rv, LOAD] - two + one) - before
    if gain < best:
        best, which = gain, 5
    if u < v and y <= n and y != p and x != v and v != node[x, NEXT]:
        two += node[y, AMOUNT]
        pyy = node[node[y, NEXT], PLACE]
        gain = out + d[py, pxx] - d[px, pxx] + d[pq, u] + d[px, pyy] - d[py, pyy]
        if ru != rv:
            gain += excess(g, route[ru, LOAD] - one + two) + excess(g, route[rv, LOAD] - two + one) - before
        if gain < best:
            best, which = gain, 6
    return best, which


@njit(cache=True, nogil=True)
def cross(d: Matrix, node: Ints, route: Ints, g: Ints, u: int, v: int) -> tuple[int, int]:
    """Return the best gain of other ends, and which: 7 a part turned round, 8 heads joined, 9 tails exchanged."""
    x, y = node[u, NEXT], node[v, NEXT]
    pu, pv, px, py = node[u, PLACE], node[v, PLACE], node[x, PLACE], node[y, PLACE]
    ru, rv = node[u, ROUTE], node[v, ROUTE]
    gone = d[pu, px] + d[pv, py]
    if ru == rv:
        if node[u, RANK] > node[v, RANK] or x == v:
            return 0, 0
        gain = d[pu, pv] + d[px, py] - gone
        return (gain, 7) if gain < 0 else (0, 0)
    before = excess(g, route[ru, LOAD]) + excess(g, route[rv, LOAD])
    cu, cv = node[u, CUMULATED], node[v, CUMULATED]
    lu, lv = route[ru, LOAD], route[rv, LOAD]
    best, which = 0, 0
    gain = d[pu, pv] + d[px, py] - gone
    if gain < before:
        gain += excess(g, cu + cv) + excess(g, lu + lv - cu - cv) - before
        if gain < best:
            best, which = gain, 8
    gain = d[pu, py] + d[pv, px] - gone
    if gain < before:
        gain += excess(g, cu + lv - cv) + excess(g, cv + lu - cu) - before
        if gain < best:
            best, which = gain, 9
    return best, which


@njit(cache=True, nogil=True)
def perform(node: Ints, route: Ints, angle: Ints, g: Ints, u: int, v: int, which: int) -> None:
    """Make a move and bring both routes up to date."""
    n = g[TASKS]
    x, y = node[u, NEXT], node[v, NEXT]
    ru, rv = node[u, ROUTE], node[v, ROUTE]
    if which == 1:
        put_behind(node, u, v)
    elif which == 2:
        put_behind(node, u, v)
        put_behind(node, x, u)
    elif which == 3:
        put_behind(node, x, v)
        put_behind(node, u, x)
    elif which == 4:
        exchange(node, u, v)
    elif which == 5:
        exchange(node, u, v)
        put_behind(node, x, u)
    elif which == 6:
        exchange(node, u, v)
        exchange(node, x, y)
    elif which == 7:
        turn_round(node, x, v)
    elif which == 8:
        join_ends(node, u, v, n + 2 + 2 * ru, n + 1 + 2 * rv)
    else:
        swap_ends(node, u, v, n + 2 + 2 * ru, n + 2 + 2 * rv)
    g[MOVES] += 1
    refresh(node, route, angle, g, ru)
    if rv != ru:
        refresh(node, route, angle, g, rv)


@njit(cache=True, nogil=True)
def improve(d: Matrix, node: Ints, route: Ints, angle: Ints, g: Ints, u: int, v: int) -> bool:
    """Make the best of the moves that bring two tasks together, if it gains anything; v may be the start of a route."""
    gain, which = shift(d, node, route, g, u, v)
    if v <= g[TASKS]:
        other, kind = trade(d, node, route, g, u, v)
        if other < gain:
            gain, which = other, kind
    if v <= g[TASKS] or node[u, ROUTE] != node[v, ROUTE]:
        other, kind = cross(d, node, route, g, u, v)
        if other < gain:
            gain, which = other, kind
    if which == 0:
        return False
    perform(node, route, angle, g, u, v, which)
    return True


@njit(cache=True, nogil=True)
def draw(g: Ints) -> int:
    """Return 32 random bits."""
    return int(bits(g, RANDOM))


@njit(cache=True, nogil=True)
def below(g: Ints, limit: int) -> int:
    """Return a random integer in [0, limit)."""
    return int(whole(g, RANDOM, limit))
