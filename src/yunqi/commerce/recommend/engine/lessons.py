"""What the trainable surfaces learn from real baskets."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from yunqi.commerce.ranking import DAY, Kind, Moment, Question, Request, Rules, Source
from yunqi.commerce.recommend.engine.neighbours import Neighbours, Scores, Visits, empty, following, together
from yunqi.commerce.recommend.engine.shelves import Shelves
from yunqi.commerce.recommend.engine.sources import Affinity, Again, Listed, Near

_BASKET_DAYS = 3
"""Baskets of the first days after an anchor ask the questions: later ones would meet a state grown stale."""


@dataclass(frozen=True, slots=True)
class Context:
    """What recall sources are made from."""

    following: Neighbours
    together: Neighbours
    shelves: Shelves


def home_sources(context: Context) -> list[Source]:
    """Return the sources of the first strip of the home page."""
    return [
        Again(),
        Near("covisit", context.following),
        Affinity(context.shelves),
        Listed(context.shelves, "popular"),
    ]


def basket_sources(context: Context) -> list[Source]:
    """Return the sources for what goes with a basket."""
    return [
        Near("together", context.together, limit=120),
        Near("covisit", context.following),
        Again(limit=60),
        Affinity(context.shelves, limit=60),
        Listed(context.shelves, "popular"),
    ]


@dataclass(frozen=True, slots=True)
class HomeLesson:
    """What will this shopper buy in the coming weeks? The baseline is their own fading frequency, then best sellers."""

    rules: Rules
    history_days: int = 180
    neighbours: int = 50
    surface: str = "for_you"

    def prepare(self, moment: Moment) -> tuple[Sequence[Source], list[Question]]:
        """Ask once for each shopper who came back; all that they then bought is right."""
        context = context_of(moment, self.history_days, self.neighbours, baskets=False)
        bought = moment.future.take(moment.future.kind == Kind.PURCHASE)
        keys = np.unique(bought.user.astype(np.int64) << 32 | bought.product)
        users, products = (keys >> 32).astype(np.int64), (keys & 0xFFFFFFFF).astype(np.int32)
        starts = np.flatnonzero(np.diff(users, prepend=-1))
        ends = np.append(starts[1:], len(users))
        questions = [
            Question(Request(self.surface, int(users[low]), moment.now), products[low:high])
            for low, high in zip(starts.tolist(), ends.tolist(), strict=True)
        ]
        return home_sources(context), questions

    def baseline(self, names: Sequence[str], matrix: Scores) -> Scores:
        """Score by personal frequency (half-life 90 days), then by popularity."""
        columns = list(names)
        habit, sales = matrix[:, columns.index("habit_90")], matrix[:, columns.index("popularity_28")]
        return np.asarray(habit * 1000.0 + sales, np.float32)


@dataclass(frozen=True, slots=True)
class BasketLesson:
    """Given half of a basket, what is the other half? The baseline is plain co-occurrence, then best sellers."""

    rules: Rules
    history_days: int = 180
    neighbours: int = 50
    surface: str = "basket"

    def prepare(self, moment: Moment) -> tuple[Sequence[Source], list[Question]]:
        """Ask for the hidden half of each basket."""
        context = context_of(moment, self.history_days, self.neighbours)
        soon = moment.future.kind == Kind.PURCHASE
        soon &= moment.future.at < moment.now + _BASKET_DAYS * DAY
        lines = moment.future.take(soon)
        order = np.argsort(lines.basket, kind="stable")
        baskets = lines.basket[order]
        starts = np.flatnonzero(np.diff(baskets, prepend=-1))
        questions = []
        for low, high in zip(starts.tolist(), np.append(starts[1:], len(order)).tolist(), strict=True):
            rows = order[low:high]
            products = np.unique(lines.product[rows]).astype(np.int32)
            if 4 <= len(products) <= 60:
                mixed = moment.rng.permutation(products)
                seeds, hidden = mixed[: len(mixed) // 2], np.sort(mixed[len(mixed) // 2 :])
                request = Request(self.surface, int(lines.user[rows[0]]), int(lines.at[rows[0]]), seeds)
                questions.append(Question(request, hidden))
        return basket_sources(context), questions

    def baseline(self, names: Sequence[str], matrix: Scores) -> Scores:
        """Score by co-occurrence, then by popularity."""
        columns = list(names)
        near, sales = matrix[:, columns.index("recall_together")], matrix[:, columns.index("popularity_28")]
        return np.asarray(np.nan_to_num(near) * 1000.0 + sales, np.float32)


def context_of(moment: Moment, history_days: int, keep: int, *, baskets: bool = True) -> Context:
    """Count neighbours (of ``baskets`` too, where they are asked for) and best sellers as of a moment of the past."""
    recent = moment.past.take(moment.past.at > moment.now - history_days * DAY)
    visits, size = Visits.of(recent), len(moment.available)
    return Context(
        following(visits, size, keep=keep),
        together(visits, size, keep=keep) if baskets else empty(size, keep),
        Shelves(moment.state, moment.available, moment.now),
    )
