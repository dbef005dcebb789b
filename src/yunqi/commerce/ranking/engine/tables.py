"""The tables of the state. Each has one `fold`, run on every event as it comes and on the whole log at replay."""

from typing import Any

import numpy as np

from yunqi.commerce.ranking.engine.decay import Decayed
from yunqi.commerce.ranking.engine.lines import Dense, Flags, Floats, Ints, Kind, Lines
from yunqi.commerce.ranking.engine.pairs import PairIndex

NEVER = -(2**62)
"""Stands for a time that has not come."""

RECENT = 24
"""Products remembered in order for each user."""

POPULARITY = (7.0, 28.0, 90.0)
INTEREST = 3.0
HABIT = (14.0, 45.0, 90.0)


def grown(column: Any, size: int, fill: float) -> Any:
    """Return the column with room for at least ``size`` rows."""
    if size <= len(column):
        return column
    wider = np.full((max(size, len(column) * 3 // 2), *column.shape[1:]), fill, column.dtype)
    wider[: len(column)] = column
    return wider


class ProductTable:
    """Per product: fading popularity and interest, last price and discount, first sight."""

    def __init__(self) -> None:
        self.popularity = tuple(Decayed(days) for days in POPULARITY)
        self.interest = Decayed(INTEREST)
        self.price: Floats = np.zeros(0)
        self.discount: Floats = np.zeros(0)
        self.first: Ints = np.zeros(0, np.int64)

    def fold(self, lines: Lines, bought: Lines) -> None:
        """Count the lines."""
        self.grow(int(lines.product.max()) + 1)
        for count in self.popularity:
            count.add(bought.product.astype(np.int64), bought.at)
        browsed = (lines.kind == Kind.VIEW) | (lines.kind == Kind.CART)
        self.interest.add(lines.product[browsed].astype(np.int64), lines.at[browsed])
        priced = np.isfinite(lines.price) & (lines.price > 0)
        self.price[lines.product[priced]] = lines.price[priced]  # a repeated product keeps its last row
        self.discount[lines.product[priced]] = lines.discount[priced]
        np.minimum.at(self.first, bought.product, bought.at)

    def grow(self, size: int) -> None:
        """Make room for product numbers below ``size``."""
        for count in (*self.popularity, self.interest):
            count.grow(size)
        self.price = grown(self.price, size, np.nan)
        self.discount = grown(self.discount, size, 0.0)
        self.first = grown(self.first, size, -NEVER)


class HabitTable:
    """Per (user, product): how often, how regularly and how lately it was bought."""

    def __init__(self) -> None:
        self.index = PairIndex()
        self.count: Ints = np.zeros(0, np.int64)
        self.first: Ints = np.zeros(0, np.int64)
        self.last: Ints = np.zeros(0, np.int64)
        self.fading = tuple(Decayed(days) for days in HABIT)

    def fold(self, bought: Lines) -> Flags:
        """Count purchases; returns which of the lines repeat an earlier one of the same user and product."""
        slots = self.index.slots(bought.user, bought.product)
        self.grow(self.index.size)
        nth = self.count[slots] + occurrence(slots)
        np.add.at(self.count, slots, 1)
        np.minimum.at(self.first, slots, bought.at)
        np.maximum.at(self.last, slots, bought.at)
        for sums in self.fading:
            sums.add(slots, bought.at)
        return np.asarray(nth > 0)

    def merge(self, old: Ints, new: Ints) -> None:
        """Add what the old slots counted to the new ones, and empty the old."""
        self.grow(self.index.size)
        self.count[new] += self.count[old]
        self.first[new] = np.minimum(self.first[new], self.first[old])
        self.last[new] = np.maximum(self.last[new], self.last[old])
        self.count[old] = 0
        for sums in self.fading:
            sums.values[new] += sums.values[old]
            sums.values[old] = 0.0

    def grow(self, size: int) -> None:
        """Make room for ``size`` pairs."""
        self.count = grown(self.count, size, 0)
        self.first = grown(self.first, size, -NEVER)
        self.last = grown(self.last, size, NEVER)
        for sums in self.fading:
            sums.grow(size)


class ShopperTable:
    """Per user: the products met last in order, how many baskets, and how busy lately."""

    def __init__(self) -> None:
        self.recent: Dense = np.full((0, RECENT), -1, np.int32)
        self.met: Ints = np.zeros(0, np.int64)
        self.baskets: Ints = np.zeros(0, np.int64)
        self.basket: Ints = np.zeros(0, np.int64)
        self.first: Ints = np.zeros(0, np.int64)
        self.last: Ints = np.zeros(0, np.int64)
        self.lines = Decayed(45.0)

    def fold(self, lines: Lines, bought: Lines) -> None:
        """Remember the lines (all have a user)."""
        self.grow(int(lines.user.max()) + 1)
        nth = self.met[lines.user] + occurrence(lines.user)
        np.add.at(self.met, lines.user, 1)
        kept = nth >= self.met[lines.user] - RECENT  # earlier ones would be overwritten in this same batch
        self.recent[lines.user[kept], nth[kept] % RECENT] = lines.product[kept]
        if len(bought):
            self._fold_baskets(bought)
            np.minimum.at(self.first, bought.user, bought.at)
            np.maximum.at(self.last, bought.user, bought.at)
            self.lines.add(bought.user.astype(np.int64), bought.at)

    def _fold_baskets(self, bought: Lines) -> None:
        order = np.argsort(bought.user, kind="stable")
        user, basket = bought.user[order], bought.basket[order]
        before = np.concatenate([[-1], basket[:-1]])
        starts = np.concatenate([[True], user[1:] != user[:-1]])
        before[starts] = self.basket[user[starts]]
        np.add.at(self.baskets, user, (basket != before).astype(np.int64))
        self.basket[user] = basket

    def history(self, user: int, limit: int = RECENT) -> Dense:
        """Return the products a user met last, newest first, each once."""
        if user < 0 or user >= len(self.met):
            return np.zeros(0, np.int32)
        met = int(self.met[user])
        places = (met - 1 - np.arange(min(met, RECENT))) % RECENT
        ring = self.recent[user, places]
        _, first = np.unique(ring, return_index=True)
        return np.asarray(ring[np.sort(first)][:limit])

    def merge(self, old: int, new: int) -> None:
        """Let a user have met, last of all, what a visitor met."""
        self.grow(max(old, new) + 1)
        for product in self.history(old)[::-1]:
            self.recent[new, self.met[new] % RECENT] = product
            self.met[new] += 1
        self.baskets[new] += self.baskets[old]
        self.first[new] = min(self.first[new], self.first[old])
        self.last[new] = max(self.last[new], self.last[old])
        self.lines.values[new] += self.lines.values[old]
        self.met[old] = self.baskets[old] = 0

    def grow(self, size: int) -> None:
        """Make room for user numbers below ``size``."""
        self.recent = grown(self.recent, size, -1)
        self.met = grown(self.met, size, 0)
        self.baskets = grown(self.baskets, size, 0)
        self.basket = grown(self.basket, size, -1)
        self.first = grown(self.first, size, -NEVER)
        self.last = grown(self.last, size, NEVER)
        self.lines.grow(size)


class TypeTable:
    """Per product type: what its lines cost, and how many of them repeat a purchase."""

    def __init__(self) -> None:
        self.lines: Floats = np.zeros(0)
        self.repeats: Floats = np.zeros(0)
        self.log_price: Floats = np.zeros(0)
        self.priced: Floats = np.zeros(0)

    def fold(self, bought: Lines, repeated: Flags, types: Dense) -> None:
        """Count purchases by the type of their product."""
        known = types >= 0
        if not known.any():
            return
        self.grow(int(types.max()) + 1)
        np.add.at(self.lines, types[known], 1.0)
        np.add.at(self.repeats, types[known], repeated[known].astype(np.float64))
        priced = known & np.isfinite(bought.price) & (bought.price > 0)
        np.add.at(self.log_price, types[priced], np.log(bought.price[priced]))
        np.add.at(self.priced, types[priced], 1.0)

    def grow(self, size: int) -> None:
        """Make room for type numbers below ``size``."""
        self.lines = grown(self.lines, size, 0.0)
        self.repeats = grown(self.repeats, size, 0.0)
        self.log_price = grown(self.log_price, size, 0.0)
        self.priced = grown(self.priced, size, 0.0)


def occurrence(keys: Ints | Dense) -> Ints:
    """Return for each row how many earlier rows have the same key."""
    if len(keys) == 1:
        return np.zeros(1, np.int64)
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    run = np.arange(len(keys)) - np.repeat(starts, np.diff(np.append(starts, len(keys))))
    nth = np.empty(len(keys), np.int64)
    nth[order] = run
    return nth
