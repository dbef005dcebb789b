"""Waves from the side of the aisles: good sets by exchange, and bounds by looking at every small set.

For a given set of aisles the units that can be picked are at most what its stock allows to those orders that it can
serve at all.
A good wave often needs few aisles, and then all sets of so few can be looked at: those whose bound is too low are out.
"""

import numba
import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.model.warehouse import WaveProblem

Ints = npt.NDArray[np.int64]


class Stock:
    """A wave problem flat: lines of orders (``starts``, ``items``, ``units``) and stock by aisle and item."""

    def __init__(self, problem: WaveProblem) -> None:
        number = {item: at for at, item in enumerate(dict.fromkeys(i for row in problem.orders for i in row))}
        rows = [[(number[item], units) for item, units in row.items() if units] for row in problem.orders]
        self.starts = np.cumsum([0, *(len(row) for row in rows)])
        self.items = np.array([item for row in rows for item, _ in row], np.int64)
        self.units = np.array([units for row in rows for _, units in row], np.int64)
        self.sizes = np.array([sum(units for _, units in row) for row in rows], np.int64)
        self.wanted = np.bincount(self.items, self.units, len(number)).astype(np.int64)
        self.stock = np.zeros((len(problem.aisles), len(number)), np.int64)
        for at, aisle in enumerate(problem.aisles):
            for item, units in aisle.items():
                if item in number:
                    self.stock[at, number[item]] = min(units, self.wanted[number[item]])
        self.least, self.most = problem.least, problem.most
        # Large orders first fill a wave with few units lost at its end; the small ones fill the rest.
        self.order = np.argsort(-self.sizes, kind="stable")


@numba.njit(cache=True, nogil=True)
def filled(
    supply: Ints, order: Ints, starts: Ints, items: Ints, units: Ints, sizes: Ints, most: int, left: Ints, taken: Ints
) -> int:
    """Take orders in turn while stock and ``most`` allow; write who was ``taken`` and return the units."""
    left[:] = supply
    taken[:] = 0
    total = 0
    for one in order:
        if sizes[one] == 0 or total + sizes[one] > most:
            continue
        fits = True
        for at in range(starts[one], starts[one + 1]):
            if left[items[at]] < units[at]:
                fits = False
                break
        if not fits:
            continue
        for at in range(starts[one], starts[one + 1]):
            left[items[at]] -= units[at]
        taken[one] = 1
        total += sizes[one]
    return total


@numba.njit(cache=True, nogil=True)
def most_units(supply: Ints, starts: Ints, items: Ints, units: Ints, asked: Ints) -> int:
    """Return units that no choice of orders passes: stock, or what those orders ask that it can serve at all."""
    asked[:] = 0
    for one in range(len(starts) - 1):
        fits = True
        for at in range(starts[one], starts[one + 1]):
            if supply[items[at]] < units[at]:
                fits = False
                break
        if fits:
            for at in range(starts[one], starts[one + 1]):
                asked[items[at]] += units[at]
    total = 0
    for item in range(len(asked)):
        total += min(asked[item], supply[item])
    return total


@numba.njit(cache=True, nogil=True)
def _exchanged(
    stock: Ints, chosen: Ints, count: int, order: Ints, starts: Ints, items: Ints, units: Ints, sizes: Ints, most: int,
    rounds: int, seed: int,
) -> int:  # fmt: skip
    """Improve ``chosen[:count]`` by the best exchange of one aisle, then by random pairs; return its units."""
    np.random.seed(seed)
    left, taken, supply = (
        np.empty(stock.shape[1], np.int64),
        np.empty(len(sizes), np.int64),
        np.zeros(stock.shape[1], np.int64),
    )
    inside = np.zeros(len(stock), np.bool_)
    for k in range(count):
        supply += stock[chosen[k]]
        inside[chosen[k]] = True
    best = filled(supply, order, starts, items, units, sizes, most, left, taken)
    for _ in range(rounds):
        if best >= most:
            break
        gain, out, into = best, -1, -1
        for k in range(count):
            for aisle in range(len(stock)):
                if inside[aisle]:
                    continue
                trial = supply - stock[chosen[k]] + stock[aisle]
                value = filled(trial, order, starts, items, units, sizes, most, left, taken)
                if value > gain:
                    gain, out, into = value, k, aisle
        if out < 0:
            break
        supply += stock[into] - stock[chosen[out]]
        inside[chosen[out]], inside[into] = False, True
        chosen[out] = into
        best = gain
    return int(best)


def good_set(stock: Stock, count: int, *, tries: int, seed: int) -> tuple[int, Ints]:
    """Return the units and aisles of the best set of ``count`` aisles found by exchange from greedy and random starts."""
    chance = np.random.default_rng(seed)
    flat = (stock.order, stock.starts, stock.items, stock.units, stock.sizes, stock.most)
    best, best_set = -1, np.zeros(count, np.int64)
    potential = stock.stock.sum(axis=1)
    for number in range(tries):
        weights = potential * (1.0 if number == 0 else chance.random(len(potential)))
        chosen = np.argsort(-weights, kind="stable")[:count].astype(np.int64)
        units = _exchanged(stock.stock, chosen, count, *flat, 200, seed + number)
        if units > best:
            best, best_set = units, chosen.copy()
        if best >= stock.most:
            break
    return best, best_set


@numba.njit(cache=True, nogil=True)
def _lines_by_item(starts: Ints, items: Ints, count: int) -> tuple[Ints, Ints]:
    """Return the lines in the order of their items, and where each item begins."""
    begins = np.zeros(count + 1, np.int64)
    for item in items:
        begins[item + 1] += 1
    begins = np.cumsum(begins)
    lines, at = np.empty(len(items), np.int64), begins[:-1].copy()
    for line in range(len(items)):
        lines[at[items[line]]] = line
        at[items[line]] += 1
    return lines, begins


@numba.njit(cache=True, nogil=True)
def _open_orders(supply: Ints, starts: Ints, items: Ints, units: Ints, asked: Ints, missing: Ints) -> int:
    """Write what the orders ask that can be served, and how many lines the others miss; return the bound of `most_units`."""
    asked[:] = 0
    for one in range(len(starts) - 1):
        short = 0
        for at in range(starts[one], starts[one + 1]):
            short += supply[items[at]] < units[at]
        missing[one] = short
        if short == 0:
            for at in range(starts[one], starts[one + 1]):
                asked[items[at]] += units[at]
    total = 0
    for item in range(len(asked)):
        total += min(asked[item], supply[item])
    return total


@numba.njit(cache=True, nogil=True)
def _gained(
    supply: Ints, more: Ints, holds: Ints, lines: Ints, begins: Ints, orders: Ints, starts: Ints, items: Ints, units: Ints,
    asked: Ints, missing: Ints, hits: Ints, touched: Ints,
) -> int:  # fmt: skip
    """Return what ``more`` of the items ``holds`` adds to the bound; ``hits`` is all 0 before and after."""
    total, reached = 0, 0
    for item in holds:
        had, has = supply[item], supply[item] + more[item]
        total += min(asked[item], has) - min(asked[item], had)
        for line in lines[begins[item] : begins[item + 1]]:
            if had < units[line] <= has:
                if hits[orders[line]] == 0:
                    touched[reached] = orders[line]
                    reached += 1
                hits[orders[line]] += 1
    for one in touched[:reached]:
        if hits[one] == missing[one]:
            for line in range(starts[one], starts[one + 1]):
                item = items[line]
                has = supply[item] + more[item]
                total += min(asked[item] + units[line], has) - min(asked[item], has)
                asked[item] += units[line]
    for one in touched[:reached]:
        if hits[one] == missing[one]:
            for line in range(starts[one], starts[one + 1]):
                asked[items[line]] -= units[line]
        hits[one] = 0
    return total


@numba.njit(cache=True, nogil=True)
def survivors(
    stock: Ints, count: int, need: int, potential: Ints, starts: Ints, items: Ints, units: Ints, first: int,
    out: Ints, stop: Ints,
) -> int:  # fmt: skip
    """Write every set of ``count`` aisles beginning with ``first`` whose bound reaches ``need``; return how many there are.

    When there are more than ``out`` has room for, the number is returned all the same; -1 when another thread has set
    ``stop[0]``. The bound is that of `most_units`; for
    the last aisle only the orders are looked at that the aisles before it can't serve and that want something it holds.
    """
    aisles, kinds, found = len(stock), stock.shape[1], 0
    asked, missing = np.empty(kinds, np.int64), np.empty(len(starts) - 1, np.int64)
    supplies = np.zeros((count, kinds), np.int64)
    at = np.zeros(count, np.int64)
    sums = np.zeros(count, np.int64)
    at[0], supplies[0], sums[0] = first, stock[first], potential[first]
    if count == 1:
        if most_units(supplies[0], starts, items, units, asked) >= need:
            out[0, 0] = first
            return 1
        return 0
    orders = np.empty(len(items), np.int64)
    for one in range(len(starts) - 1):
        orders[starts[one] : starts[one + 1]] = one
    lines, begins = _lines_by_item(starts, items, kinds)
    holds = [np.nonzero(stock[aisle])[0] for aisle in range(aisles)]
    hits, touched = np.zeros(len(starts) - 1, np.int64), np.empty(len(starts) - 1, np.int64)
    best_left = 0
    for aisle in range(first + 1, aisles):
        best_left = max(best_left, potential[aisle])
    depth = 1
    at[1] = first
    base = _open_orders(supplies[0], starts, items, units, asked, missing) if count == 2 else 0
    while depth >= 1:
        at[depth] += 1
        if at[depth] > aisles - (count - depth):
            depth -= 1
            continue
        aisle = at[depth]
        sums[depth] = sums[depth - 1] + potential[aisle]
        if sums[depth] + (count - 1 - depth) * best_left < need:
            continue
        if depth < count - 1:
            supplies[depth] = supplies[depth - 1] + stock[aisle]
            if stop[0] != 0:
                return -1
            if depth == count - 2:
                base = _open_orders(supplies[depth], starts, items, units, asked, missing)
            depth += 1
            at[depth] = aisle
            continue
        total = base + _gained(
            supplies[depth - 1], stock[aisle], holds[aisle], lines, begins, orders, starts, items, units, asked, missing,
            hits, touched,
        )  # fmt: skip
        if total >= need:
            if found < len(out):
                out[found] = at
            found += 1
    return found
