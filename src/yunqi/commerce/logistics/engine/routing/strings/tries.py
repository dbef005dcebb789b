"""What the threads tried on their ways to several plans, and the best plan that its routes make together."""

import itertools

import numpy as np

from yunqi.commerce.logistics.engine.routing.pricing import cheapest_plan
from yunqi.commerce.logistics.engine.routing.strings import book as pages
from yunqi.commerce.logistics.engine.routing.strings import layout as at
from yunqi.commerce.logistics.engine.routing.strings.arrays import Ints
from yunqi.commerce.logistics.engine.routing.strings.links import distance
from yunqi.commerce.logistics.engine.routing.strings.packed import Packed
from yunqi.commerce.logistics.engine.routing.strings.workers import Found

ROUTES, WORDS = 200_000, 4_000_000
"""Routes that each thread writes down at most, and tasks in them together: eight bytes a task."""


class Tries:
    """Routes tried, a book for each thread; for vehicles that are all alike.

    Parameters
    ----------
    arrays
        The problem.
    threads
        How many books.
    """

    def __init__(self, arrays: Packed, threads: int) -> None:
        self._arrays = arrays
        self._n = int(arrays.p[at.N])
        self.books = [pages.new_book(self._n, routes=ROUTES, words=WORDS) for _ in range(threads)]

    def better(self, best: Found, seconds: float) -> Found | None:
        """Return a shorter plan with no more vehicles than a complete one, or None when none was found in the time."""
        if best.absent:
            return None
        p, args = self._arrays.p, self._arrays.args
        ways = [[self._n + 2 * slot, *tasks, self._n + 2 * slot + 1] for slot, tasks in best.routes]
        lengths = [sum(int(distance(*args, a, b)) for a, b in itertools.pairwise(way)) for way in ways]
        parts = [
            (np.array(lengths), np.array([len(way) - 2 for way in ways]), np.array([i for w in ways for i in w[1:-1]]))
        ]
        parts += [_written(book) for book in self.books]
        costs, counts, words = (np.concatenate(column) for column in zip(*parts, strict=True))
        picked = cheapest_plan(costs, counts, words, known=len(ways), rows=self._n, seconds=seconds)
        if picked is None:
            return None
        ends = np.cumsum(counts)
        fixed = [int(p[p[at.FIXED] + slot]) for slot, _ in best.routes[: len(picked)]]
        routes = [
            (slot, words[ends[k] - counts[k] : ends[k]].tolist())
            for (slot, _), k in zip(best.routes, picked, strict=False)
        ]
        return Found(int(costs[picked].sum()) + sum(fixed), routes, [])


def _written(book: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the length of each route, how many tasks it has, and all their tasks one after another."""
    routes, words = int(book[pages.ROUTES]), int(book[pages.WRITTEN])
    lengths, counts, first = (int(book[name]) for name in (pages.LENGTH, pages.COUNT, pages.WORDS))
    return book[lengths : lengths + routes], book[counts : counts + routes], book[first : first + words]
