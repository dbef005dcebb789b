"""How far a search may leave a plan in force: so many tasks may change their vehicle, and each that does has a price.

The price follows how much of the leeway is used, as a Lagrange multiplier would: what gains least by its move goes home
again, and what gains more takes its place.
"""

from collections.abc import Sequence

import numpy as np

from yunqi.commerce.logistics.engine.routing.strings import layout as at
from yunqi.commerce.logistics.engine.routing.strings.arrays import Ints

FIRST, LOWEST, HIGHEST = 0.2, 0.02, 1.5
"""The price of a move, as a share of the mean way between two stops: at first, at least, at most."""
DEARER, CHEAPER = 1.15, 0.85
"""How the price changes from round to round where the leeway is used up, and where it is not."""
NEARLY = 0.95
"""Share of the leeway from which it counts as used up."""

LENT, LENT_UNTIL = 1 / 3, 0.4
"""What every vehicle in use is paid at first, as a share of the mean length of a route, and the share of the budget after
which it is not. Full vehicles can't exchange a stop for a larger one; with more vehicles than needed, there is room."""
ROOMY = 1.15
"""How many times the vehicles of the plan in force are in use when they are not paid any more: else all would be sent."""
CROWDED = 1.1
"""Vehicles are too full for what is new where the first plan costs so many times the plan in force; only then are they paid."""


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
        self.is_crowded = False
        self.paid = 0
        self.most = int(ROOMY * len(set(homes.values())))

    def enter(self, states: Sequence[Ints]) -> None:
        """Write the homes into the states."""
        for state in states:
            state[int(state[at.HOME]) + np.array(list(self.homes), np.int64)] = list(self.homes.values())

    def moved(self, routes: Sequence[tuple[int, list[int]]]) -> int:
        """Return how many tasks are not at home."""
        return sum(self.homes.get(task, slot) != slot for slot, tasks in routes for task in tasks)

    def spare(self, moved: int, shares: int) -> int:
        """Return how many more each of so many threads may move."""
        return max(0, self.movable - moved) // shares

    def pay(self, p: Ints, used: int, done: float, tour: float) -> None:
        """Write what a vehicle costs when so many are in use and so much of the budget is spent.

        Parameters
        ----------
        tour
            Mean length of a route.
        """
        is_lent = self.is_crowded and done < LENT_UNTIL and used <= self.most
        before, self.paid = self.paid, int(LENT * tour) if is_lent else 0
        p[int(p[at.FIXED]) : int(p[at.FIXED]) + int(p[at.VEHICLES])] += before - self.paid

    def follow(self, states: Sequence[Ints], moved: int, hop: float) -> None:
        """Set the price of a move.

        Parameters
        ----------
        hop
            Mean way between two stops.
        """
        change = DEARER if moved > NEARLY * self.movable else CHEAPER
        self.price = min(HIGHEST, max(LOWEST, self.price * change))
        for state in states:
            state[at.MOVE_PRICE] = int(self.price * hop)
