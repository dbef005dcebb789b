"""Policies of stock played day by day over a demand that was; it shares nothing with what reckons policies."""

import math
import random
from collections.abc import Mapping

from yunqi.commerce.logistics.model.reorder import Played, Policy, StockedGood

SEED = 11


class Shelf:
    """A good's stock, played period by period: look, order, receive, sell or owe, count.

    Leads are drawn (of 2.5 periods, 2 or 3); an order that would overtake an earlier one arrives with it. It begins with
    all that the first policy wants.
    """

    def __init__(self, good: StockedGood, leads: Mapping[float, float]) -> None:
        self._good, self._draw = good, random.Random(SEED)
        self._spans, self._chances = list(leads), list(leads.values())
        self._there: int | None = None
        self._coming: dict[int, int] = {}
        self._latest = self._now = self._asked = self._served = 0
        self._cost = 0.0

    def period(self, policy: Policy, demand: int) -> None:
        """Play a period under a policy."""
        good, there = self._good, self._there
        if there is None:
            there = policy.at + policy.size
        position = there + sum(self._coming.values())
        if self._now % good.review == 0 and position <= policy.at:
            units = policy.at + policy.size - position
            if good.pack > 1:
                units = policy.size * ((policy.at - position) // policy.size + 1)
            self._latest = max(self._latest, self._now + self._lead())
            self._coming[self._latest] = self._coming.get(self._latest, 0) + units
            self._cost += good.fixed
        there += self._coming.pop(self._now, 0)
        self._served += min(max(there, 0), demand)
        self._asked += demand
        there -= demand
        self._cost += good.hold * max(there, 0) + (good.backorder or 0.0) * max(-there, 0)
        self._there, self._now = there, self._now + 1

    def _lead(self) -> int:
        lead = self._draw.choices(self._spans, self._chances)[0]
        return math.floor(lead) + (self._draw.random() < lead % 1)

    def told(self) -> Played:
        """Return the cost a period, and the share that was there when it was asked for."""
        return Played(self._cost / max(1, self._now), self._asked, self._served)
