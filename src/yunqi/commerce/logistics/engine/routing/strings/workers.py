"""The states of the threads: filled, read, and what each may still do."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from yunqi.commerce.logistics.engine.routing.strings import anneal as compiled
from yunqi.commerce.logistics.engine.routing.strings import layout as at
from yunqi.commerce.logistics.engine.routing.strings.arrays import Ints, new_state
from yunqi.commerce.logistics.engine.routing.strings.packed import Packed

Routes = list[tuple[int, list[int]]]
"""Slots with their tasks in order."""


@dataclass(slots=True)
class Found:
    """A solution of the search.

    Parameters
    ----------
    cost
        In the arrays' units, prices of what is left out included.
    routes
        Slots in use with their tasks.
    absent
        Tasks left out.
    iterations
        Of all threads.
    """

    cost: int
    routes: Routes
    absent: list[int]
    iterations: int = 0


class Workers:
    """One state for each thread, and the budget that they share.

    Parameters
    ----------
    arrays
        The problem.
    left
        Returns the share of the budget that is still left, from 1 to 0, and below 0 to stop at once.
    """

    def __init__(self, arrays: Packed, left: Callable[[], float], seed: int, count: int) -> None:
        self.arrays = arrays
        self.left = left
        self.n = int(arrays.p[at.N])
        self.states = [new_state(arrays.p, seed * 1000 + k) for k in range(count)]
        self.counted: int | None = None

    def limit(self, iterations: int) -> None:
        """Count iterations instead of time: the same problem, seed and number give the same answer.

        Each thread is told before it starts how many iterations it may make, and what all have made is counted only
        while none of them runs.
        """
        before = self.work()
        self.counted = iterations

        def left() -> float:
            return 1 - (self.work() - before) / iterations

        self.left = left

    def work(self) -> int:
        """Return the iterations of all threads."""
        return sum(self.own(state) for state in self.states)

    def own(self, state: Ints) -> int:
        """Return the iterations of one thread, mere shaking left out."""
        return int(state[at.ITERATION]) - int(state[at.SHAKEN])

    def is_over(self, until: float = 0.0) -> bool:
        """Whether a thread must stop; what others did in the meantime says nothing where iterations are counted."""
        return self.counted is None and self.left() <= until

    def quota(self, length: int) -> int:
        """Return how many iterations one thread may make of a number: no more than its share of what is left."""
        if self.counted is None:
            return length
        return max(1, min(length, math.ceil(self.left() * self.counted / len(self.states))))

    def heads(self) -> Ints:
        """Return the tasks that are put in: single ones, and the pickups of pairs."""
        everything = np.arange(self.n, dtype=np.int64)
        if self.arrays.p[at.PAIRED]:
            everything = everything[(self.vector(at.MATE) < 0) | (self.vector(at.PICKUP) > 0)]
        return everything

    def vector(self, name: int) -> Ints:
        """Return one number of each task."""
        start = self.arrays.p[name]
        return self.arrays.p[start : start + self.n]

    def fill(self, state: Ints, part: Found, forbidden: set[int] | None = None) -> None:
        """Load routes and what is left out into a state; forbidden slots stay empty."""
        allowed = state[state[at.IS_ALLOWED] : state[at.IS_ALLOWED] + int(self.arrays.p[at.VEHICLES])]
        allowed[:] = 1
        if forbidden:
            allowed[list(forbidden)] = 0
        lengths = [len(tasks) for _, tasks in part.routes]
        stops = np.array([task for _, tasks in part.routes for task in tasks], np.int64)
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        slots = np.array([slot for slot, _ in part.routes], np.int64)
        compiled.load(*self.arrays.args, state, stops, starts, slots, np.array(part.absent, np.int64))

    def read(self, state: Ints, *, best: bool) -> Found:
        """Return the best or the current solution of a state."""
        p, n = self.arrays.p, self.n
        links = state[state[at.BEST_FOLLOWING if best else at.FOLLOWING] :]
        routes: Routes = []
        for slot in range(int(p[at.VEHICLES])):
            i = int(links[n + 2 * slot])
            if i >= n:
                continue
            tasks = []
            while i < n:
                tasks.append(i)
                i = int(links[i])
            routes.append((slot, tasks))
        place = state[at.BEST_ABSENT] if best else state[at.ABSENT_TASKS] - 1
        count = int(state[place]) if best else int(state[at.ABSENT])
        absent = [int(task) for task in state[place + 1 : place + 1 + count]]
        return Found(int(state[at.BEST if best else at.COST]), routes, absent, int(state[at.ITERATION]))
