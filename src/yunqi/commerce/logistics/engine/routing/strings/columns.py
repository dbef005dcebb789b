"""The routes that a re-plan has seen, each with its vehicle, and the best choice from them within the leeway."""

import itertools

from yunqi.commerce.logistics.engine.routing.polish import Column, recombine_near
from yunqi.commerce.logistics.engine.routing.strings import layout as at
from yunqi.commerce.logistics.engine.routing.strings.leeway import Leeway
from yunqi.commerce.logistics.engine.routing.strings.links import distance
from yunqi.commerce.logistics.engine.routing.strings.packed import Packed
from yunqi.commerce.logistics.engine.routing.strings.workers import Found

MOST = 4000
"""Routes that are kept; the oldest go first."""


class Columns:
    """Routes seen, for set partitioning.

    Parameters
    ----------
    arrays
        The problem.
    leeway
        What may change.
    """

    def __init__(self, arrays: Packed, leeway: Leeway) -> None:
        self._arrays = arrays
        self._leeway = leeway
        self._seen: dict[tuple[int, frozenset[int]], Column] = {}

    def collect(self, found: Found) -> None:
        """Keep the routes of a solution; of the same tasks on the same vehicle, the shortest."""
        p, args = self._arrays.p, self._arrays.args
        n = int(p[at.N])
        for slot, tasks in found.routes:
            key, order = (slot, frozenset(tasks)), tuple(tasks)
            known = self._seen.get(key)
            if known is not None and known.order == order:
                continue
            chain = [n + 2 * slot, *order, n + 2 * slot + 1]
            cost = int(p[p[at.FIXED] + slot]) + sum(int(distance(*args, a, b)) for a, b in itertools.pairwise(chain))
            if known is None or cost < known.cost:
                self._seen[key] = Column(slot, order, cost, self._leeway.moved([(slot, tasks)]))
        while len(self._seen) > MOST:
            self._seen.pop(next(iter(self._seen)))

    def better(self, best: Found, seconds: float) -> Found | None:
        """Return a cheaper choice than a complete solution, or None."""
        if best.absent:
            return None
        self.collect(best)
        tasks = [task for _, route in best.routes for task in route]
        chosen = recombine_near(
            list(self._seen.values()), tasks, best.cost, movable=self._leeway.movable, seconds=seconds
        )
        if chosen is None:
            return None
        routes = [(column.slot, list(column.order)) for column in chosen]
        return Found(sum(column.cost for column in chosen), routes, [])
