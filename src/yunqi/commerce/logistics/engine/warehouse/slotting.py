"""Where products lie so that orders are short walks: a matching to begin with, then exchanges judged by whole walks.

The matching puts what is asked for most (by cube) nearest to the depot, within weights and heights: the cube-per-order rule,
which is also the peer. The exchanges see which products are wanted together, because each is priced by the shortest walk of
every learned order that it touches. Orders that were held out are never looked at until both are judged by them.
"""

from collections.abc import Callable

import numba
import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from yunqi.commerce.logistics.engine.warehouse.walks import exact, shape
from yunqi.commerce.logistics.model.floor import Location, Product, SlotProblem, Slotting, allows
from yunqi.kernel.errors import Invalid

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
CHUNK = 2_000
"""Exchanges between two looks at the clock."""
QUIET = 60
"""Chunks without a better placement after which the search is done."""
_NEVER = 1e12


class _Orders:
    """Orders flat (products of order o: ``starts[o]`` to ``starts[o + 1]``) and, per product, the orders that want it."""

    def __init__(self, problem: SlotProblem, orders: tuple[tuple[str, ...], ...]) -> None:
        number = {product.id: at for at, product in enumerate(problem.products)}
        rows = [sorted({number[product] for product in order}) for order in orders if order]
        self.count = len(rows)
        self.starts = np.cumsum([0, *(len(row) for row in rows)])
        self.products = np.array([product for row in rows for product in row], np.int64)
        wanted: list[list[int]] = [[] for _ in problem.products]
        for at, row in enumerate(rows):
            for product in row:
                wanted[product].append(at)
        self.wanted_starts = np.cumsum([0, *(len(one) for one in wanted)])
        self.wanted = np.array([at for one in wanted for at in one], np.int64)
        self.times = np.diff(self.wanted_starts)


@numba.njit(cache=True, nogil=True)
def _walk(
    order: int, place: Ints, starts: Ints, products: Ints, aisles: Ints, depths: Floats, block: Floats, a: Ints,
    b: Floats,
) -> float:  # fmt: skip
    count, span = 0, block[0] + 1.0
    for at in range(starts[order], starts[order + 1]):
        where = place[products[at]]
        b[count] = aisles[where] * span + depths[where]
        count += 1
    b[:count].sort()
    for k in range(count):
        aisle = int(b[k] // span)
        a[k] = aisle
        b[k] = min(max(b[k] - aisle * span, 0.0), block[0])
    return float(exact(a, b, count, block))


@numba.njit(cache=True, nogil=True)
def _walks(
    place: Ints, starts: Ints, products: Ints, aisles: Ints, depths: Floats, block: Floats, costs: Floats
) -> float:
    """Write the walk of each order; return their sum."""
    a, b = np.empty(len(products), np.int64), np.empty(len(products))
    for order in range(len(starts) - 1):
        costs[order] = _walk(order, place, starts, products, aisles, depths, block, a, b)
    return float(costs.sum())


@numba.njit(cache=True, nogil=True)
def _exchange(
    place: Ints, holder: Ints, fits: Bools, movable: Ints, costs: Floats, total: float, best_place: Ints, best: float,
    starts: Ints, products: Ints, wanted_starts: Ints, wanted: Ints, aisles: Ints, depths: Floats, block: Floats,
    heat: float, moves: int, seed: int,
) -> tuple[float, float]:  # fmt: skip
    """Try to send products to other locations, whose holder comes back in exchange; return the sums now and at best."""
    np.random.seed(seed)
    a, b = np.empty(len(products), np.int64), np.empty(len(products))
    mark, touched, fresh = np.zeros(len(costs), np.int64), np.empty(len(costs), np.int64), np.empty(len(costs))
    for move in range(1, moves + 1):
        one = movable[np.random.randint(len(movable))]
        source, target = place[one], np.random.randint(len(holder))
        two = holder[target]
        if target == source or not fits[one, target] or two == -2 or (two >= 0 and not fits[two, source]):
            continue
        place[one] = target
        if two >= 0:
            place[two] = source
        count, change = 0, 0.0
        for product in (one, two):
            if product < 0:
                continue
            for at in range(wanted_starts[product], wanted_starts[product + 1]):
                order = wanted[at]
                if mark[order] != move:
                    mark[order] = move
                    fresh[count] = _walk(order, place, starts, products, aisles, depths, block, a, b)
                    change += fresh[count] - costs[order]
                    touched[count] = order
                    count += 1
        if change > 0 and np.random.random() >= np.exp(-change / heat):
            place[one] = source
            if two >= 0:
                place[two] = target
            continue
        for k in range(count):
            costs[touched[k]] = fresh[k]
        holder[target], holder[source] = one, two
        total += change
        if total < best - 1e-9:
            best = total
            best_place[:] = place
    return total, best


def matched(problem: SlotProblem, times: Ints) -> Ints:
    """Return the location of each product by the cube-per-order rule, within weights, heights and pins.

    Raises
    ------
    Invalid
        A product fits nowhere, or products compete for too few locations; named.
    """
    block = problem.block
    near = np.array([2 * (place.aisle * block.pitch + place.at) for place in problem.locations])
    share = np.array(
        [often / (product.cube or 1.0) for often, product in zip(times.tolist(), problem.products, strict=True)]
    )
    cost = np.outer(share, near)
    allowed = np.array([[allows(place, product) for place in problem.locations] for product in problem.products])
    where = {place.id: at for at, place in enumerate(problem.locations)}
    number = {product.id: at for at, product in enumerate(problem.products)}
    for name in sorted(problem.pinned):
        row, column = number[name], where[problem.current[name]]
        allowed[row, :] &= np.arange(len(near)) == column
        allowed[[at for at in range(len(share)) if at != row], column] = False
    for product, row in zip(problem.products, allowed, strict=True):
        if not row.any():
            raise Invalid(f"product {product.id}: no free location takes its weight and height", "products")
    rows, columns = linear_sum_assignment(np.where(allowed, cost, _NEVER))
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        if not allowed[row, column]:
            raise Invalid(
                f"product {problem.products[row].id}: all locations that take it are needed by products that fit nowhere else",
                "products",
            )
    found: Ints = columns.astype(np.int64)
    return found


def slot(problem: SlotProblem, *, used: Callable[[], float], seed: int = 1) -> Slotting:
    """Place every product.

    Parameters
    ----------
    used
        Tells which share of the budget is gone.
    """
    cut = len(problem.orders) - int(len(problem.orders) * problem.held_out)
    learned, judged = _Orders(problem, problem.orders[:cut]), _Orders(problem, problem.orders[cut:])
    aisles = np.array([place.aisle for place in problem.locations], np.int64)
    depths = np.array([place.at for place in problem.locations], np.float64)
    ground = (aisles, depths, shape(problem.block))
    peer = matched(problem, learned.times)
    place = _improved(problem, learned, peer, ground, used, seed)

    def mean(orders: _Orders, places: Ints) -> float:
        total = _walks(places, orders.starts, orders.products, *ground, np.empty(orders.count))
        return total / orders.count if orders.count else 0.0

    places = {product.id: problem.locations[at].id for product, at in zip(problem.products, place, strict=True)}
    today = None
    if len(problem.current) == len(problem.products):
        where = {one.id: at for at, one in enumerate(problem.locations)}
        today = mean(judged, np.array([where[problem.current[product.id]] for product in problem.products], np.int64))
    moves = tuple(one for one, location in places.items() if problem.current.get(one, location) != location)
    return Slotting(
        places, mean(learned, place), mean(judged, place), mean(learned, peer), mean(judged, peer), today, moves
    )


def _improved(
    problem: SlotProblem, orders: _Orders, start: Ints, ground: tuple[Ints, Floats, Floats],
    used: Callable[[], float], seed: int,
) -> Ints:  # fmt: skip
    place, best_place, costs = start.copy(), start.copy(), np.empty(orders.count)
    total = best = _walks(place, orders.starts, orders.products, *ground, costs)
    holder = np.full(len(problem.locations), -1, np.int64)
    holder[place] = np.arange(len(place))
    movable = np.array([at for at, one in enumerate(problem.products) if one.id not in problem.pinned], np.int64)
    for at, product in enumerate(problem.products):
        if product.id in problem.pinned:
            holder[place[at]] = -2
    fits = np.array([[allows(where, one) for where in problem.locations] for one in problem.products])
    if not len(movable) or not orders.count:
        return place
    hot, cold, calls, quiet = max(1e-3, 0.3 * problem.block.length), 0.02 * problem.block.length, 0, 0
    while (share := used()) < 1.0 and quiet < QUIET:
        calls += 1
        heat, before = hot * (cold / hot) ** min(1.0, share / 0.95), best
        total, best = _exchange(
            place, holder, fits, movable, costs, total, best_place, best, orders.starts, orders.products,
            orders.wanted_starts, orders.wanted, *ground, heat, CHUNK, seed * 100_003 + calls,
        )  # fmt: skip
        quiet = 0 if best < before - 1e-9 or heat > 1.5 * cold else quiet + 1
    return best_place


def violations(problem: SlotProblem, found: Slotting) -> list[str]:
    """Return what a placement breaks, in words."""
    places: dict[str, Location] = {one.id: one for one in problem.locations}
    products: dict[str, Product] = {one.id: one for one in problem.products}
    wrong = []
    if set(found.places) != set(products):
        wrong.append("not every product has a place")
    if len(set(found.places.values())) < len(found.places):
        wrong.append("two products share a location")
    for product, where in found.places.items():
        if where not in places or not allows(places[where], products[product]):
            wrong.append(f"product {product} can't lie at {where}")
        if product in problem.pinned and problem.current[product] != where:
            wrong.append(f"product {product} is pinned and was moved")
    return wrong
