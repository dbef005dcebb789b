"""Recall sources of the recommendation surfaces: each looks at the live state and returns its best candidates."""

from dataclasses import dataclass

import numpy as np

from yunqi.commerce.ranking import Found, Request, ShopState
from yunqi.commerce.recommend.engine.neighbours import Neighbours, Scores
from yunqi.commerce.recommend.engine.shelves import Shelves

_FADE = 0.85

NOTHING = Found(np.zeros(0, np.int32), np.zeros(0, np.float32))
"""What a source returns that has nothing to say."""


@dataclass(frozen=True, slots=True)
class Again:
    """What this user buys, most and latest first."""

    name: str = "again"
    limit: int = 180

    def recall(self, state: ShopState, request: Request) -> Found:
        """Return the user's own products by faded frequency."""
        habits = state.habits
        slots = habits.index.of(request.user) if request.user >= 0 else np.zeros(0, np.int64)
        weights = habits.fading[1].read(slots, request.now) + 0.3 * habits.fading[2].read(slots, request.now)
        order = np.argsort(-weights, kind="stable")[: self.limit]
        return Found(habits.index.products[slots[order]], weights[order].astype(np.float32))


@dataclass(frozen=True, slots=True)
class Near:
    """The neighbours of the request's seeds or, without any, of what the user met last."""

    name: str
    neighbours: Neighbours
    limit: int = 80

    def recall(self, state: ShopState, request: Request) -> Found:
        """Return neighbours by summed score; later seeds weigh more."""
        seeds = request.seeds if len(request.seeds) else state.shoppers.history(request.user)
        weights: Scores = (_FADE ** np.arange(len(seeds))).astype(np.float32)
        products, scores = self.neighbours.of(seeds, weights, self.limit + len(seeds))
        other = ~np.isin(products, request.seeds)
        return Found(products[other][: self.limit], scores[other][: self.limit])


@dataclass(frozen=True, slots=True)
class Affinity:
    """What sells in the product types that this user buys."""

    shelves: Shelves
    name: str = "affinity"
    types: int = 40
    limit: int = 120

    def recall(self, state: ShopState, request: Request) -> Found:
        """Return the best sellers of the user's types, weighed by the share of each type."""
        habits = state.habits
        slots = habits.index.of(request.user) if request.user >= 0 else np.zeros(0, np.int64)
        if not len(slots):
            return NOTHING
        weights = habits.fading[2].read(slots, request.now)
        kinds = state.types_of(habits.index.products[slots])
        sums = np.bincount(kinds + 1, weights=weights)[1:]
        mine = np.argsort(-sums, kind="stable")[: self.types]
        mine = mine[sums[mine] > 0]
        return self.shelves.of_types(mine, np.sqrt(sums[mine] / weights.sum()), self.limit)


@dataclass(frozen=True, slots=True)
class Similar:
    """Products of the same type as the seeds, nearest in brand and price, best sellers first."""

    shelves: Shelves
    name: str = "similar"
    limit: int = 80

    def recall(self, state: ShopState, request: Request) -> Found:
        """Return products like the seeds, without the seeds."""
        if not len(request.seeds):
            return NOTHING
        return self.shelves.like(state, request.seeds, self.limit)


@dataclass(frozen=True, slots=True)
class Listed:
    """A list that is the same for everybody: trending, best sellers, new."""

    shelves: Shelves
    name: str
    limit: int = 80

    def recall(self, state: ShopState, request: Request) -> Found:
        """Return the list's head."""
        products, scores = self.shelves.lists[self.name]
        return Found(products[: self.limit], scores[: self.limit])
