"""How far a search may leave a plan in force: so many tasks may change their vehicle, and each that does has a price.

The price follows how much of the leeway is used, as a Lagrange multiplier would: what gains least by its move goes home
again, and what gains more takes its place. In the first half of the search the price alone holds tasks at home: a search
that refuses each move too many comes to a stand.
"""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from yunqi.commerce.logistics.engine.routing.strings import layout as at
from yunqi.commerce.logistics.engine.routing.strings.arrays import Ints

FIRST, LOWEST, HIGHEST = 0.2, 0.02, 10.0
"""The price of a move, as a share of the mean way between two stops: at first, at least, at most."""
STEEPEST = 1.15
"""By how much the price changes at most from round to round."""
AIM = 0.97
"""Share of the leeway at which the price stays as it is."""
STRICT_FROM, BACK_BY = 0.5, 0.75
"""Shares of the budget after which a move too many is refused, whatever it gains, and by which the price must have sent enough
tasks home: if not, the search goes back to the best plan within the leeway."""

Routes = Sequence[tuple[int, list[int]]]
"""Slots with their tasks in order."""


class Leeway:
    """What a search may change about who serves what.

    Parameters
    ----------
    homes
        The slot of each task of the plan in force.
    movable
        How many of them may be served from another slot.
    """

    def __init__(self, homes: dict[int, int], movable: int) -> None:
        self.homes = homes
        self.movable = movable
        self.price = FIRST
        self._alike: list[dict[int, int]] = []

    def enter(self, p: Ints, states: Sequence[Ints]) -> None:
        """Write the homes into the states, and learn which vehicles are interchangeable."""
        for state in states:
            state[int(state[at.HOME]) + np.array(list(self.homes), np.int64)] = list(self.homes.values())
        groups: dict[tuple[int, int], dict[int, int]] = {}
        for slot in range(int(p[at.VEHICLES])):
            group = groups.setdefault((int(p[p[at.KIND] + slot]), int(p[p[at.HAS] + slot])), {})
            group[slot] = len(group)
        self._alike = list(groups.values())

    def moved(self, routes: Routes) -> int:
        """Return how many tasks are not at home."""
        return sum(self.homes.get(task, slot) != slot for slot, tasks in routes for task in tasks)

    def spare(self, moved: int, shares: int) -> int:
        """Return how many more each of so many threads may move."""
        return max(0, self.movable - moved) // shares

    def is_lost(self, routes: Routes, done: float) -> bool:
        """Whether too many are away although there was time to send them home."""
        return done > BACK_BY and self.moved(routes) > self.movable

    def settle(self, routes: Routes) -> list[tuple[int, list[int]]]:
        """Return routes with interchangeable vehicles dealt so that most tasks are at home (Hungarian method)."""
        found = []
        for columns in self._alike:
            mine = [(slot, tasks) for slot, tasks in routes if slot in columns]
            at_home = np.zeros((len(mine), len(columns)))
            for row, (slot, tasks) in enumerate(mine):
                for task in tasks:
                    home = self.homes.get(task, -1)
                    if home in columns:
                        at_home[row, columns[home]] += 1
                at_home[row, columns[slot]] += 0.5 / len(mine)  # nobody changes for nothing
            slots = list(columns)
            rows, chosen = linear_sum_assignment(-at_home)
            found += [(slots[k], mine[row][1]) for row, k in zip(rows, chosen, strict=True)]
        return sorted(found, key=lambda route: route[0])

    def follow(self, states: Sequence[Ints], moved: int, hop: float, *, is_strict: bool = False) -> None:
        """Set the price of a move.

        Parameters
        ----------
        hop
            Mean way between two stops.
        is_strict
            Whether those too many have to go home soon.
        """
        change = (moved + 1) / (AIM * self.movable + 1)
        if is_strict and moved > self.movable:
            change = STEEPEST
        self.price = min(HIGHEST, max(LOWEST, self.price * min(STEEPEST, max(1 / STEEPEST, change))))
        for state in states:
            state[at.MOVE_PRICE] = int(self.price * hop)
