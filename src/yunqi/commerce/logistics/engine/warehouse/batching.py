"""Batches of orders for one cart: savings to begin with, then annealing over moves and exchanges, every walk computed exactly.

The bound adds what no batching can avoid: each gap between aisles is crossed twice by enough carts for all orders that lie
beyond it, and each aisle is entered by enough carts for all orders in it, the dearest orders of the aisle filling the first.
"""

from collections.abc import Callable

import numba
import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.warehouse.walks import shape, walk, ways
from yunqi.commerce.logistics.model.floor import Batch, Batching, BatchProblem, Walk

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
CHUNK = 20_000
"""Moves between two looks at the clock."""
QUIET = 40
"""Chunks without a better batching after which a search that may run on is done."""


class _Arrays:
    """The problem flat: the picks of order o are ``starts[o]`` to ``starts[o + 1]``, sorted by aisle and place."""

    def __init__(self, problem: BatchProblem) -> None:
        picks = [sorted(order.picks) for order in problem.orders]
        self.starts = np.cumsum([0, *(len(one) for one in picks)])
        self.aisles = np.array([aisle for one in picks for aisle, _ in one], np.int64)
        self.places = np.array([at for one in picks for _, at in one], np.float64)
        self.loads = np.array([order.load for order in problem.orders], np.int64)
        self.block = shape(problem.block)
        self.is_exact = problem.walk is Walk.EXACT

    def metres(self, members: list[int]) -> float:
        """Return the walk of some orders together."""
        at = np.array(members, np.int64)
        return float(
            together(at, len(at), self.starts, self.aisles, self.places, self.block, self.is_exact, *buffers(self))
        )


def buffers(arrays: _Arrays) -> tuple[Ints, Floats]:
    """Return room for the picks of a batch."""
    return np.empty(len(arrays.aisles), np.int64), np.empty(len(arrays.aisles))


@numba.njit(cache=True, nogil=True)
def together(
    members: Ints, size: int, starts: Ints, aisles: Ints, places: Floats, block: Floats, is_exact: bool,
    some_aisles: Ints, some_places: Floats,
) -> float:  # fmt: skip
    """Return the walk past all picks of ``members[:size]``; the last two arguments are room to work in."""
    count, span = 0, block[0] + 1.0
    for k in range(size):
        for at in range(starts[members[k]], starts[members[k] + 1]):
            some_places[count] = aisles[at] * span + places[at]
            count += 1
    some_places[:count].sort()
    for k in range(count):
        aisle = int(some_places[k] // span)
        some_aisles[k] = aisle
        some_places[k] = min(max(some_places[k] - aisle * span, 0.0), block[0])
    return float(walk(some_aisles, some_places, count, block, is_exact))


def first_come(arrays: _Arrays, capacity: int) -> list[list[int]]:
    """Return batches filled with the orders as they come."""
    found: list[list[int]] = [[]]
    room = capacity
    for order, load in enumerate(arrays.loads.tolist()):
        if load > room:
            found.append([])
            room = capacity
        found[-1].append(order)
        room -= load
    return found


@numba.njit(cache=True, nogil=True)
def _savings(
    starts: Ints, aisles: Ints, places: Floats, loads: Ints, block: Floats, is_exact: bool, capacity: int
) -> Ints:
    """Join the two batches that save most, again and again; return the batch of each order."""
    orders = len(loads)
    members, sizes = np.zeros((orders, orders), np.int64), np.ones(orders, np.int64)
    some, a, b = np.empty(orders, np.int64), np.empty(len(aisles), np.int64), np.empty(len(aisles))
    load, cost, alive = loads.copy(), np.empty(orders), np.ones(orders, np.bool_)
    gain = np.full((orders, orders), -1.0)
    for i in range(orders):
        members[i, 0] = i
        cost[i] = together(members[i], 1, starts, aisles, places, block, is_exact, a, b)
    renew = np.ones(orders, np.bool_)
    while True:
        best, first, second = 1e-9, -1, -1
        for i in range(orders):
            for j in range(i):
                if not (alive[i] and alive[j]) or load[i] + load[j] > capacity:
                    continue
                if renew[i] or renew[j]:
                    some[: sizes[i]] = members[i, : sizes[i]]
                    some[sizes[i] : sizes[i] + sizes[j]] = members[j, : sizes[j]]
                    both = together(some, sizes[i] + sizes[j], starts, aisles, places, block, is_exact, a, b)
                    gain[i, j] = cost[i] + cost[j] - both
                if gain[i, j] > best:
                    best, first, second = gain[i, j], i, j
        if first < 0:
            break
        members[first, sizes[first] : sizes[first] + sizes[second]] = members[second, : sizes[second]]
        sizes[first] += sizes[second]
        load[first] += load[second]
        cost[first] = together(members[first], sizes[first], starts, aisles, places, block, is_exact, a, b)
        alive[second] = False
        renew[:] = False
        renew[first] = True
    batch = np.empty(orders, np.int64)
    for i in range(orders):
        if alive[i]:
            for k in range(sizes[i]):
                batch[members[i, k]] = i
    return batch


@numba.njit(cache=True, nogil=True)
def _without(members: Ints, size: int, gone: int, new: int, out: Ints) -> int:
    """Copy a batch without ``gone`` and with ``new`` (-1: none); return its size."""
    count = 0
    for k in range(size):
        if members[k] != gone:
            out[count] = members[k]
            count += 1
    if new >= 0:
        out[count] = new
        count += 1
    return count


@numba.njit(cache=True, nogil=True)
def _anneal(
    members: Ints, sizes: Ints, used: Ints, costs: Floats, batch: Ints, best_batch: Ints, best: float,
    starts: Ints, aisles: Ints, places: Floats, loads: Ints, block: Floats, is_exact: bool, capacity: int,
    heat: float, moves: int, seed: int,
) -> float:  # fmt: skip
    """Try ``moves`` changes at one temperature: an order moves to another batch, or two are exchanged."""
    np.random.seed(seed)
    orders = len(loads)
    a, b = np.empty(len(aisles), np.int64), np.empty(len(aisles))
    one, two = np.empty(orders, np.int64), np.empty(orders, np.int64)
    total = costs.sum()
    for _ in range(moves):
        order = np.random.randint(orders)
        source, other, target = batch[order], -1, 0
        if np.random.random() < 0.5:
            other = np.random.randint(orders)
            target = batch[other]
            swap = loads[order] - loads[other]
            if used[source] - swap > capacity or used[target] + swap > capacity:
                continue
        else:
            target = batch[np.random.randint(orders)] if np.random.random() < 0.98 else int(np.argmin(sizes))
            if used[target] + loads[order] > capacity:
                continue
        if source == target:
            continue
        n = _without(members[source], sizes[source], order, other, one)
        m = _without(members[target], sizes[target], other, order, two)
        cost_one = together(one, n, starts, aisles, places, block, is_exact, a, b) if n else 0.0
        change = cost_one - costs[source] - costs[target]
        if change > 0 and np.random.random() >= np.exp(-change / heat):
            continue  # even with a free second walk
        cost_two = together(two, m, starts, aisles, places, block, is_exact, a, b)
        change += cost_two
        if change > 0 and np.random.random() >= np.exp(-change / heat):
            continue
        members[source, :n], sizes[source], costs[source] = one[:n], n, cost_one
        members[target, :m], sizes[target], costs[target] = two[:m], m, cost_two
        used[source] -= loads[order] - (loads[other] if other >= 0 else 0)
        used[target] += loads[order] - (loads[other] if other >= 0 else 0)
        batch[order] = target
        if other >= 0:
            batch[other] = source
        total += change
        if total < best - 1e-9:
            best = total
            best_batch[:] = batch
    return best


def improve(
    arrays: _Arrays, capacity: int, batches: list[list[int]], *, used: Callable[[], float], seed: int
) -> list[list[int]]:
    """Anneal from given batches until ``used()``, the share of the budget that is gone, reaches 1."""
    orders = len(arrays.loads)
    members, sizes = np.zeros((orders + 1, orders), np.int64), np.zeros(orders + 1, np.int64)
    load, costs, batch = np.zeros(orders + 1, np.int64), np.zeros(orders + 1), np.zeros(orders, np.int64)
    for at, some in enumerate(batches):
        members[at, : len(some)], sizes[at] = some, len(some)
        load[at], costs[at], batch[some] = arrays.loads[some].sum(), arrays.metres(some), at
    best_batch, best, calls, quiet = batch.copy(), float(costs.sum()), 0, 0
    hot, cold = max(1e-3, 0.05 * best / len(batches)), max(1e-4, 0.001 * best / len(batches))
    while (share := used()) < 1.0 and quiet < QUIET:
        calls += 1
        heat = hot * (cold / hot) ** min(1.0, share / 0.95)
        before = best
        best = _anneal(
            members, sizes, load, costs, batch, best_batch, best, arrays.starts, arrays.aisles, arrays.places,
            arrays.loads, arrays.block, arrays.is_exact, capacity, heat, CHUNK, seed * 100_003 + calls,
        )  # fmt: skip
        quiet = 0 if best < before - 1e-9 or heat > 2 * cold else quiet + 1
    return _grouped(best_batch)


def _grouped(batch: Ints) -> list[list[int]]:
    groups: dict[int, list[int]] = {}
    for order, at in enumerate(batch.tolist()):
        groups.setdefault(at, []).append(order)
    return list(groups.values())


def lower_bound(arrays: _Arrays, capacity: int) -> float:
    """Return metres that no batching is below; see the module."""
    alone = max(
        _filled([(arrays.metres([order]), load) for order, load in enumerate(arrays.loads.tolist())], capacity)
        if arrays.is_exact
        else 0.0,
        0.0,
    )
    length, pitch = arrays.block.tolist()
    last = int(arrays.aisles.max())
    apart, cost = 0.0, np.empty(6)
    inside: list[list[tuple[float, int]]] = [[] for _ in range(last + 1)]
    beyond = [0] * (last + 1)
    for order, load in enumerate(arrays.loads.tolist()):
        here = slice(arrays.starts[order], arrays.starts[order + 1])
        aisles, places = arrays.aisles[here], arrays.places[here]
        for aisle in range(1, int(aisles[-1]) + 1):
            beyond[aisle] += load
        for aisle in sorted(set(aisles.tolist())):
            at, upto = np.searchsorted(aisles, [aisle, aisle + 1]).tolist()
            ways(aisles, places, at, upto, length, cost)
            inside[aisle].append((float(cost.min()), load))
    for aisle in range(last + 1):
        apart += 2 * pitch * -(-beyond[aisle] // capacity) + _filled(inside[aisle], capacity)
    return max(alone, apart)


def _filled(costs: list[tuple[float, int]], capacity: int) -> float:
    """Return the least sum of the dearest member of each cart, over all ways to load (cost, load) pairs, even split ones."""
    total, loaded, opened = 0.0, 0, 0
    for cost, load in sorted(costs, reverse=True):
        loaded += load
        while loaded > opened * capacity:
            total += cost
            opened += 1
    return total


def batch_orders(problem: BatchProblem, *, used: Callable[[], float], seed: int = 1) -> Batching:
    """Return the best batching found, with a bound and two simpler ways beside it.

    Parameters
    ----------
    used
        Tells which share of the budget is gone.
    """
    arrays = _Arrays(problem)
    plain = first_come(arrays, problem.capacity)
    joined = _grouped(
        _savings(
            arrays.starts, arrays.aisles, arrays.places, arrays.loads, arrays.block, arrays.is_exact, problem.capacity
        )
    )
    lengths = [sum(map(arrays.metres, one)) for one in (plain, joined)]
    start = plain if lengths[0] < lengths[1] else joined
    best = improve(arrays, problem.capacity, start, used=used, seed=seed)
    batches = [
        Batch(tuple(problem.orders[k].id for k in one), arrays.metres(one), int(arrays.loads[one].sum()))
        for one in best
    ]
    metres = sum(one.metres for one in batches)
    return Batching(tuple(batches), metres, min(metres, lower_bound(arrays, problem.capacity)), *lengths)


def violations(problem: BatchProblem, found: Batching) -> list[str]:
    """Return what a batching breaks, in words; walks are priced anew by `picking` where they are exact."""
    from yunqi.commerce.logistics.engine.warehouse.picking import least_metres

    orders = {order.id: order for order in problem.orders}
    wrong = []
    if sorted(one for batch in found.batches for one in batch.orders) != sorted(orders):
        return ["not every order is in exactly one batch"]
    for number, batch in enumerate(found.batches):
        load = sum(orders[one].load for one in batch.orders)
        picks = [pick for one in batch.orders for pick in orders[one].picks]
        if load > problem.capacity or load != batch.load:
            wrong.append(f"batch {number}: load {load} on a cart for {problem.capacity}")
        metres = least_metres(problem.block, picks) if problem.walk is Walk.EXACT else _through(problem, picks)
        if abs(metres - batch.metres) > 1e-6:
            wrong.append(f"batch {number}: the walk is {metres} m, not {batch.metres}")
    return wrong


def _through(problem: BatchProblem, picks: list[tuple[int, float]]) -> float:
    aisles = sorted({aisle for aisle, _ in picks})
    metres = 2 * problem.block.pitch * aisles[-1] + problem.block.length * len(aisles)
    if len(aisles) % 2:
        metres += 2 * max(at for aisle, at in picks if aisle == aisles[-1]) - problem.block.length
    return metres
