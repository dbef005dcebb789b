"""Simulated annealing over the order of vessels at each berth."""

import numba
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
FORBIDDEN = np.int64(1) << 40
LATE = 1_000
"""What an hour beyond a closing time costs: more than any plan gains by it."""


@numba.njit(cache=True)
def berth_cost(
    queue: Ints,
    size: int,
    berth: int,
    arrival: Ints,
    latest: Ints,
    opening: Ints,
    closing: Ints,
    handling: Ints,
    weight: Ints,
) -> int:
    """Return the cost of serving the first ``size`` vessels of a queue in turn."""
    now, cost = opening[berth], np.int64(0)
    for k in range(size):
        vessel = queue[k]
        if handling[vessel, berth] >= FORBIDDEN:
            return int(FORBIDDEN)
        now = max(now, arrival[vessel]) + handling[vessel, berth]
        cost += weight[vessel] * (now - arrival[vessel])
        over = now - min(latest[vessel], closing[berth])
        if over > 0:
            cost += LATE * over
    return int(cost)


@numba.njit(cache=True)
def greedy(arrival: Ints, opening: Ints, handling: Ints, order: Ints) -> tuple[Ints, Ints]:
    """Serve vessels in ``order``, each where it leaves first; return queues [berth, place] and their lengths."""
    vessels, berths = handling.shape
    queues, sizes = np.zeros((berths, vessels), np.int64), np.zeros(berths, np.int64)
    free = opening.copy()
    for vessel in order:
        best, best_end = -1, FORBIDDEN
        for berth in range(berths):
            if handling[vessel, berth] < FORBIDDEN:
                end = max(free[berth], arrival[vessel]) + handling[vessel, berth]
                if end < best_end:
                    best, best_end = berth, end
        queues[best, sizes[best]] = vessel
        sizes[best] += 1
        free[best] = best_end
    return queues, sizes


@numba.njit(cache=True)
def _moved(queue: Ints, size: int, out: int, into: int, vessel: int, target: Ints) -> int:
    """Copy a queue with place ``out`` taken out (-1: none) and ``vessel`` put before place ``into`` of the rest (-1: none)."""
    n = 0
    for k in range(size):
        if k == out:
            continue
        if n == into:
            target[n] = vessel
            n += 1
        target[n] = queue[k]
        n += 1
    if n == into:
        target[n] = vessel
        n += 1
    return n


@numba.njit(cache=True)
def _propose(queues: Ints, sizes: Ints, handling: Ints, a: int, b: int, first: Ints, second: Ints) -> tuple[int, int]:
    """Write changed queues for berths a and b; return their lengths, (-1, 0) where the change is not allowed.

    One vessel moves to another place or berth, two vessels are exchanged, or the tails of the two queues are.
    """
    kind = np.random.random()
    p = np.random.randint(sizes[a])
    one = queues[a, p]
    if a == b:
        return _moved(queues[a], sizes[a], p, np.random.randint(sizes[a]), one, first), 0
    if kind < 0.5:
        if handling[one, b] >= FORBIDDEN:
            return -1, 0
        q = np.random.randint(sizes[b] + 1)
        return _moved(queues[a], sizes[a], p, -1, -1, first), _moved(queues[b], sizes[b], -1, q, one, second)
    if kind < 0.8:
        if sizes[b] == 0:
            return -1, 0
        q = np.random.randint(sizes[b])
        two = queues[b, q]
        if handling[one, b] >= FORBIDDEN or handling[two, a] >= FORBIDDEN:
            return -1, 0
        first[: sizes[a]], second[: sizes[b]] = queues[a, : sizes[a]], queues[b, : sizes[b]]
        first[p], second[q] = two, one
        return sizes[a], sizes[b]
    q = np.random.randint(sizes[b] + 1)
    na, nb = p + sizes[b] - q, q + sizes[a] - p
    first[:p], first[p:na] = queues[a, :p], queues[b, q : sizes[b]]
    second[:q], second[q:nb] = queues[b, :q], queues[a, p : sizes[a]]
    return na, nb


@numba.njit(cache=True, nogil=True)
def anneal(
    queues: Ints, sizes: Ints, costs: Ints, best_queues: Ints, best_sizes: Ints, best: int,
    arrival: Ints, latest: Ints, opening: Ints, closing: Ints, handling: Ints, weight: Ints,
    heat: float, moves: int, seed: int,
) -> int:  # fmt: skip
    """Try ``moves`` changes at one temperature; return the best cost so far.

    ``queues``, ``sizes`` and ``costs`` (of each berth) are changed in place; the best plan is kept in ``best_*``.
    """
    np.random.seed(seed)
    berths = len(sizes)
    total = costs.sum()
    first, second = np.empty(queues.shape[1], np.int64), np.empty(queues.shape[1], np.int64)
    for _ in range(moves):
        a, b = np.random.randint(berths), np.random.randint(berths)
        if sizes[a] == 0:
            continue
        na, nb = _propose(queues, sizes, handling, a, b, first, second)
        if na < 0:
            continue
        cost_a = berth_cost(first, na, a, arrival, latest, opening, closing, handling, weight)
        cost_b = 0
        change = cost_a - costs[a]
        if a != b:
            cost_b = berth_cost(second, nb, b, arrival, latest, opening, closing, handling, weight)
            change += cost_b - costs[b]
        if change > 0 and np.random.random() >= np.exp(-change / heat):
            continue
        queues[a, :na], sizes[a], costs[a] = first[:na], na, cost_a
        if a != b:
            queues[b, :nb], sizes[b], costs[b] = second[:nb], nb, cost_b
        total += change
        if total < best:
            best = total
            best_queues[:], best_sizes[:] = queues, sizes
    return int(best)
