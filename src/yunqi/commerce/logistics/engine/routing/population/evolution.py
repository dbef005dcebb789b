"""Drive the population from Python: build the arrays, breed until told to stop, exchange solutions with others."""

from collections.abc import Callable, Sequence

import numpy as np

from yunqi.commerce.logistics.engine.routing.population import breed
from yunqi.commerce.logistics.engine.routing.population import layout as at
from yunqi.commerce.logistics.engine.routing.strings import layout as strings
from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints, seeded
from yunqi.commerce.logistics.engine.routing.strings.packed import Packed

LARGEST = 600
"""Beyond, a second thread of strings finds more in a minute."""
CLOSE = 20
Orders = list[list[int]]
"""Routes as tasks in order, without their vehicles."""


def suits(arrays: Packed) -> bool:
    """Whether a problem is a plain capacitated one: one depot, one kind of vehicle, one dimension, every task required."""
    p = arrays.p
    n, m = int(p[strings.N]), int(p[strings.VEHICLES])
    if not 8 <= n <= LARGEST or p[strings.TIMED] or p[strings.PAIRED] or p[strings.DIMENSIONS] != 1:
        return False
    if p[p[strings.LAST_OF]] != m - 1 or not p[strings.SYMMETRIC]:
        return False
    depots = p[p[strings.SITE] + n : p[strings.SITE] + n + 2 * m]
    needs = p[p[strings.NEED] : p[strings.NEED] + n]
    prices = p[p[strings.PENALTY] : p[strings.PENALTY] + n]
    demands = p[p[strings.DEMAND] : p[strings.DEMAND] + n]
    fixed = int(p[p[strings.FIXED]])
    room = int(p[p[strings.CAPACITY]])
    plain = (depots == depots[0]).all() and not needs.any() and prices.min() >= 10**12 and fixed < 10**6
    return bool(plain and demands.min() >= 0 and 0 < demands.max() <= room)


class Evolution:
    """A population over one problem that `suits`.

    Parameters
    ----------
    arrays
        The problem as the string search has it.
    seed
        Of the random numbers.
    fewest
        Individuals of each kind that survive.
    children
        Individuals of a kind above the fewest, before they are thinned out.
    """

    def __init__(self, arrays: Packed, *, seed: int, fewest: int = 25, children: int = 40) -> None:
        p = arrays.p
        n = int(p[strings.N])
        self.n = n
        site = np.concatenate(
            [p[p[strings.SITE] + n : p[strings.SITE] + n + 1], p[p[strings.SITE] : p[strings.SITE] + n]]
        )
        apart, self.xy = _lengths(arrays, site)
        demands = np.concatenate([[0], p[p[strings.DEMAND] : p[strings.DEMAND] + n]])
        room = int(p[p[strings.CAPACITY]])
        self.unit = 64
        while self.unit > 2 and int(apart.max()) * self.unit > 1 << 27:
            self.unit //= 2
        table = apart.astype(np.int64) * self.unit
        half = int(p[p[strings.FIXED]]) * self.unit // 2
        table[0, 1:] += half
        table[1:, 0] += half
        self.table = table.astype(np.int32)
        slots = min(int(p[strings.VEHICLES]), int(np.ceil(1.3 * demands.sum() / room)) + 3)
        places = 2 * (fewest + children) + 4
        self.g = g = np.zeros(at.NUMBERS, np.int64)
        g[at.TASKS], g[at.SLOTS], g[at.CAPACITY], g[at.CLOSE] = n, slots, room, min(CLOSE, n - 1)
        g[at.PENALTY] = max(1, int(min(1000.0, apart.max() / demands.max()) * self.unit))
        g[at.RANDOM] = seeded(seed)
        g[at.PLACES], g[at.FEWEST], g[at.CHILDREN] = places, fewest, children
        g[at.BEST], g[at.WAITING] = 1 << 60, 4 * fewest
        node = np.zeros((n + 1 + 2 * slots, at.NODE_COLUMNS), np.int64)
        node[: n + 1, at.AMOUNT] = demands
        node[: n + 1, at.PLACE] = np.arange(n + 1)
        node[n + 1 :, at.ROUTE] = np.arange(2 * slots) // 2
        turns = np.arctan2(*(self.xy - self.xy[0]).T[::-1]) / (2 * np.pi) * at.TURN
        self._shape(table, node, turns.astype(np.int64) % at.TURN, slots, places)

    def _shape(self, table: Ints, node: Ints, angle: Ints, slots: int, places: int) -> None:
        n = self.n
        self.args = (
            self.table,
            _near(table, int(self.g[at.CLOSE])),
            node,
            np.zeros((slots, at.ROUTE_COLUMNS), np.int64),
            angle,
            self.g,
            np.zeros((n + 1, slots + 1, 7), np.int64),
            np.arange(1, n + 1, dtype=np.int64),
            np.arange(slots, dtype=np.int64),
            self.xy,
        )
        self.people = (
            np.zeros((places + 1, n), np.int64),
            np.zeros((places + 1, n + 1), np.int64),
            np.zeros((places + 1, n + 1), np.int64),
            np.zeros((places + 1, 4), np.int64),
            np.zeros((places, places), np.int64),
            np.zeros(n, np.int64),
            np.zeros(slots + 1, np.int64),
        )

    @property
    def best(self) -> int:
        """The length of the best individual in the problem's unit."""
        return int(self.g[at.BEST]) // self.unit

    @property
    def iterations(self) -> int:
        """Children made so far."""
        return int(self.g[at.ITERATIONS])

    def breed(self, left: Callable[[], float], most: int) -> bool:
        """Make up to so many children while something is left, and return whether the best became better."""
        before = int(self.g[at.IMPROVED])
        for _ in range(most):
            if left() <= 0:
                break
            breed.evolve(*self.args, *self.people)
        return int(self.g[at.IMPROVED]) > before

    def orders(self) -> Orders:
        """Return the best individual's routes, tasks counted from 0."""
        last = int(self.g[at.PLACES])
        if int(self.g[at.BEST]) >= 1 << 60:
            return []
        return self._orders(last)

    def _orders(self, k: int) -> Orders:
        tours, follows = self.people[0], self.people[1]
        routes: Orders = [[]]
        for task in tours[k].tolist():
            routes[-1].append(task - 1)
            if follows[k, task] == 0:
                routes.append([])
        return [route for route in routes if route]

    def receive(self, orders: Sequence[Sequence[int]]) -> bool:
        """Let a complete solution join, and return whether it became the best."""
        slots = int(self.g[at.SLOTS])
        if len(orders) > slots or sum(map(len, orders)) != self.n:
            return False
        child, cuts = self.people[5], self.people[6]
        child[:] = [task + 1 for order in orders for task in order]
        cuts[: len(orders) + 1] = np.cumsum([0, *map(len, orders)])
        return bool(breed.join(*self.args, *self.people, len(orders)))

    def seen(self, within: float) -> list[Orders]:
        """Return the feasible individuals whose length is at most so much above the best's, as a share."""
        info = self.people[3]
        limit = int(self.g[at.BEST]) * (1 + within)
        rows = np.flatnonzero((info[:, at.KIND] == at.FEASIBLE) & (info[:, at.LENGTH] <= limit))
        return [self._orders(int(k)) for k in rows]


def _lengths(arrays: Packed, site: Ints) -> tuple[Ints, Floats]:
    p = arrays.p
    if p[strings.MODE]:
        n = int(p[strings.N])
        nodes = arrays.xy[2:].reshape(-1, 2)
        points = np.concatenate([nodes[n : n + 1], nodes[:n]])
        gaps = points[:, None] - points[None]
        apart = np.floor(np.sqrt((gaps * gaps).sum(-1)) * arrays.xy[0] + arrays.xy[1]).astype(np.int64)
        np.fill_diagonal(apart, 0)
        return apart, points
    apart = arrays.table[0][np.ix_(site, site)].astype(np.int64)
    far = int(apart.sum(0).argmax())  # two far places stand for directions where there are no coordinates
    other = int(apart[far].argmax())
    return apart, np.stack([apart[far], apart[other]], 1).astype(np.float64)


def _near(table: Ints, close: int) -> Ints:
    inner = table[1:, 1:].astype(np.float64)
    np.fill_diagonal(inner, np.inf)
    order = np.argsort(inner, axis=1, kind="stable")[:, :close] + 1
    sets: list[set[int]] = [set() for _ in range(len(table))]
    for task, row in enumerate(order.tolist(), 1):
        for other in row:  # closeness goes both ways
            sets[task].add(other)
            sets[other].add(task)
    found = np.full((len(table), max(map(len, sets))), -1, np.int64)
    for task, others in enumerate(sets):
        ranked = sorted(others, key=lambda other: (int(table[task, other]), other))
        found[task, : len(ranked)] = ranked
    return found
