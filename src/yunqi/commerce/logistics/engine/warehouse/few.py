"""Waves that need few aisles, proven by looking at every set of so few: what is left after the bound is solved exactly."""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array

from yunqi.commerce.logistics.engine.warehouse.aisles import Ints, Stock, filled, good_set, most_units, survivors
from yunqi.commerce.logistics.model.warehouse import Wave, WaveProblem

ROOM = 2_000
"""Sets of one size that are solved exactly; where more are left the other method goes on."""
MOST_SETS = 1_000_000_000
TRIES = 20


def few_aisles(problem: WaveProblem, *, left: Callable[[], float], seed: int = 1, workers: int = 1) -> Wave | None:
    """Return the best wave found and a bound; None when none was found at all.

    Parameters
    ----------
    left
        Tells how many seconds are left.
    workers
        Threads that look at sets.
    """
    search = _Search(problem, seed, workers)
    search.start(left)
    bound = search.prove(left)
    return None if search.best is None else Wave(*search.best, max(bound, search.value))


class _Search:
    def __init__(self, problem: WaveProblem, seed: int, workers: int) -> None:
        self._stock = Stock(problem)
        self._seed, self._workers = seed, workers
        self.value = 0.0
        self.best: tuple[tuple[int, ...], tuple[int, ...], float] | None = None

    def start(self, left: Callable[[], float]) -> None:
        """Look for good sets of one, two, three... aisles until more can't help."""
        stock, begun = self._stock, left()
        for count in range(1, len(stock.stock) + 1):
            if count * self.value >= stock.most or left() < 0.7 * begun:
                break
            units, aisles = good_set(stock, count, tries=TRIES, seed=self._seed)
            if units >= max(1, stock.least) and units / count > self.value:
                self._keep(self._taken(aisles), aisles)

    def prove(self, left: Callable[[], float]) -> float:
        """Rule out larger and larger sets; return a bound on every wave."""
        stock, aisles, count = self._stock, len(self._stock.stock), 1
        potential = stock.stock.sum(axis=1)
        while count <= aisles and count * self.value < stock.most:
            if math.comb(aisles, count) > MOST_SETS or not self._rule_out(count, potential, left):
                return stock.most / count  # larger waves have no more units than may be picked
            count += 1
        return self.value

    def _rule_out(self, count: int, potential: Ints, left: Callable[[], float]) -> bool:
        """Solve every set of ``count`` aisles that may be better; False when that takes too long."""
        stop, need = np.zeros(1, np.int64), self._need(count)
        with ThreadPoolExecutor(self._workers) as threads:
            firsts = range(len(self._stock.stock) - count + 1)
            jobs = [threads.submit(self._candidates, count, need, potential, first, stop) for first in firsts]
            for job in jobs:
                try:
                    found, sets = job.result(timeout=max(0.0, left() - 0.1))
                except TimeoutError:
                    found, sets = -1, stop
                if not 0 <= found <= ROOM or not all(self._solve(aisles, left) for aisles in sets[:found]):
                    stop[0] = 1
                    return False
        return True

    def _candidates(self, count: int, need: int, potential: Ints, first: int, stop: Ints) -> tuple[int, Ints]:
        stock, room = self._stock, np.empty((ROOM, count), np.int64)
        found = survivors(
            stock.stock, count, need, potential, stock.starts, stock.items, stock.units, first, room, stop
        )
        return found, room[: max(0, found)].copy()

    def _need(self, count: int) -> int:
        return max(self._stock.least, 1, math.floor(self.value * count + 1e-9) + 1)

    def _solve(self, aisles: Ints, left: Callable[[], float]) -> bool:
        """Find whether some orders from these aisles are better; False when that is not known in the time."""
        if left() <= 0.1:
            return False
        stock, supply = self._stock, self._stock.stock[aisles].sum(axis=0)
        asked = np.empty(len(supply), np.int64)
        if most_units(supply, stock.starts, stock.items, stock.units, asked) < self._need(len(aisles)):
            return True
        lines = np.repeat(np.arange(len(stock.sizes)), np.diff(stock.starts))
        short = np.unique(lines[supply[stock.items] < stock.units])
        fits = np.ones(len(stock.sizes))
        fits[short] = 0.0
        orders = np.arange(len(stock.sizes))
        rows = np.append(stock.items, np.full(len(orders), len(supply)))  # the last row: all units together
        values = (np.append(stock.units, stock.sizes), (rows, np.append(lines, orders)))
        matrix = csr_array(coo_array(values, shape=(len(supply) + 1, len(orders))))
        lower = np.append(np.full(len(supply), -np.inf), self._need(len(aisles)))
        solved = milp(
            -stock.sizes.astype(float), constraints=LinearConstraint(matrix, lower, np.append(supply, stock.most)),
            integrality=np.ones(len(fits)), bounds=Bounds(0, fits),
            options={"time_limit": max(0.1, left()), "mip_rel_gap": 1e-9},
        )  # fmt: skip
        if solved.x is not None:
            self._keep(np.flatnonzero(solved.x > 0.5), aisles)
        return solved.status in (0, 2)

    def _taken(self, aisles: Ints) -> Ints:
        stock = self._stock
        left, taken = np.empty(stock.stock.shape[1], np.int64), np.empty(len(stock.sizes), np.int64)
        filled(
            stock.stock[aisles].sum(axis=0), stock.order, stock.starts, stock.items, stock.units, stock.sizes, stock.most,
            left, taken,
        )  # fmt: skip
        return np.flatnonzero(taken)

    def _keep(self, orders: Ints, aisles: Ints) -> None:
        value = float(self._stock.sizes[orders].sum() / len(aisles))
        if value > self.value:
            self.value = value
            self.best = (tuple(map(int, orders)), tuple(map(int, np.sort(aisles))), value)
