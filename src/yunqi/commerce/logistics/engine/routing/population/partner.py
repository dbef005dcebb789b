"""The population in a thread of its own: what it finds is fetched, what others find is handed in."""

import threading
from collections.abc import Callable, Sequence

from yunqi.commerce.logistics.engine.routing.population.evolution import Evolution, Orders

AT_A_TIME = 4
WITHIN = 0.005
"""How far above the best the solutions are whose routes the set partitioning may use."""


class Partner:
    """A population that runs beside another search.

    Parameters
    ----------
    evolution
        The population; nobody else may touch it while this runs.
    """

    def __init__(self, evolution: Evolution) -> None:
        self._evolution = evolution
        self._lock = threading.Lock()
        self._given: tuple[int, Orders] | None = None
        self._last_given = 1 << 60
        self._found: tuple[int, Orders] = (1 << 60, [])
        self._seen: list[Orders] = []

    @property
    def iterations(self) -> int:
        """Children made so far."""
        return self._evolution.iterations

    def run(self, left: Callable[[], float]) -> None:
        """Breed until nothing is left."""
        while left() > 0:
            with self._lock:
                given, self._given = self._given, None
            if given is not None and given[0] < self._evolution.best:
                self._evolution.receive(given[1])
            self._evolution.breed(left, AT_A_TIME)
            best = self._evolution.best
            if best < self._found[0]:
                orders, seen = self._evolution.orders(), self._evolution.seen(WITHIN)
                with self._lock:
                    self._found, self._seen = (best, orders), seen

    def taken(self) -> tuple[int, Orders]:
        """Return the best so far: its length and routes."""
        with self._lock:
            return self._found

    def seen(self) -> list[Orders]:
        """Return the good solutions at the time of the last better one, once."""
        with self._lock:
            seen, self._seen = self._seen, []
        return seen

    def give(self, cost: int, orders: Sequence[Sequence[int]]) -> None:
        """Hand in a solution; one that is no better than the last is passed over."""
        if cost < self._last_given:
            self._last_given = cost
            with self._lock:
                self._given = (cost, [list(order) for order in orders])
