"""What one thread of the rich engine works on: flat arrays, and views of their lists for what is not compiled."""

import numpy as np

from yunqi.commerce.logistics.engine.routing.rich import layout as at
from yunqi.commerce.logistics.engine.routing.rich.tables import Tables
from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints

MOST_PAIRS = 20_000
"""Places of a pair that are listed, at most."""
BLINK, ENOUGH = 0.01, 8
"""How often a place is overlooked; and of how many places that hold the cheapest is taken: those behind promise less."""


class State:
    """One thread's arrays over one problem.

    Parameters
    ----------
    homes
        Each task's vehicle in the plan in force, or -1.
    """

    def __init__(self, q: Tables, homes: Ints) -> None:
        n, m, width = len(q.tasks), len(q.vehicles), int(q.p[at.WIDTH])
        self._shape = (m, width)
        places = 2 * int(q.p[at.NEAR_COUNT]) + n + 2 * m + (MOST_PAIRS if (q.tasks[:, at.PARTNER] >= 0).any() else 0)
        sizes = dict.fromkeys((at.ROWS, at.BEST_ROWS, at.SAVED, at.STAMPS), m * width)
        sizes |= dict.fromkeys(
            (at.LENGTHS, at.MINE, at.BEST_LENGTHS, at.DIRTY, at.SAVED_LENGTH, at.TOUCHES, at.FRESH, at.LOOKED), m
        )
        sizes |= dict.fromkeys((at.WHERE, at.POSITION, at.ABSENTS, at.ENDS, at.REMOVED, at.WAS, at.LATEST), n + 1)
        sizes[at.KEPT] = n * (at.CLOCK + 3 * int(q.p[at.DIMENSIONS]))
        sizes[at.OWN] = 2 * n + 1
        sizes[at.CARRIED] = 2 * m * int(q.p[at.DIMENSIONS])
        of_a_day = (at.WORK, at.MARKS, at.HOLD, at.WAITS, at.FORCED, at.WAYS, at.DONE_AT, at.TIGHT, at.TAKEN_AT)
        sizes |= dict.fromkeys(of_a_day, width + 1) | dict.fromkeys((at.AT_ROW, at.AT_PLACE, at.AT_END), places)
        sizes[at.HOMES] = len(homes)
        # Zeros that nobody writes to cost nothing: most rows are far shorter than the widest that can be.
        self.s: Ints = np.zeros(at.STATE_HEADER + sum(sizes.values()), np.int64)
        start = at.STATE_HEADER
        for name in sorted(sizes):
            self.s[name] = start
            start += sizes[name]
        self.list(at.HOMES, len(homes))[:] = homes
        numbers = (at.COSTS, m), (at.SAVED_COSTS, m), (at.ORDER, n + 1), (at.PROMISE, places)
        self.f: Floats = np.zeros(at.NUMBER_HEADER + sum(size for _, size in numbers))
        self.f[at.PLACES], self.f[at.BLINK], self.f[at.ENOUGH] = places, BLINK, ENOUGH
        start = at.NUMBER_HEADER
        for name, size in numbers:
            self.f[name] = start
            start += size
        self.c: Ints = np.zeros(at.CLOCK + 3 * int(q.p[at.DIMENSIONS]), np.int64)
        self.args = (q.p, q.prices, q.table, self.s, self.f, self.c)
        self.day = (q.p, q.prices, q.table, self.s, self.c)
        self.work = int(self.s[at.WORK])
        self.list(at.ENDS, n + 1)[:] = -1
        self.list(at.SAVED_LENGTH, m)[:] = -1

    def list(self, name: int, count: int) -> Ints:
        """Return a view of the first numbers of a list."""
        start = int(self.s[name])
        return self.s[start : start + count]

    def rows(self, name: int) -> Ints:
        """Return a view of a table with a row a vehicle."""
        m, width = self._shape
        return self.list(name, m * width).reshape(m, width)

    def write(self, row: Ints) -> int:
        """Write tasks where a simulation finds them; return where that is."""
        self.s[self.work : self.work + len(row)] = row
        return self.work
