"""Features: pure functions of the state, the moment and the candidates. Training and serving run this same code."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from yunqi.commerce.ranking.engine.decay import DAY, Decayed
from yunqi.commerce.ranking.engine.lines import Dense, Floats, Ints, Lines, Scores
from yunqi.commerce.ranking.engine.state import ShopState

VERSION = 1
"""Raised whenever a feature changes its meaning: a policy serves only the version it was trained on."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Who asks, when, and about which candidates; ``sources`` holds scores by source (NaN: not found by it)."""

    user: int
    now: int
    products: Dense
    sources: Mapping[str, Scores]


class Look:
    """What several features need of one question, looked up once."""

    def __init__(self, state: ShopState, ask: Ask) -> None:
        self.state = state
        self.ask = ask
        self.mine: Ints = state.habits.index.of(ask.user) if ask.user >= 0 else np.zeros(0, np.int64)
        self.my_products: Dense = state.habits.index.products[self.mine]
        self.slots = _match(self.my_products, self.mine, ask.products)
        self.weights = state.habits.fading[1].read(self.mine, ask.now)
        self.taxonomy = state.taxonomy_of(ask.products)
        self.my_taxonomy = state.taxonomy_of(self.my_products)
        self.brands = state.brand_of(ask.products)
        self.my_brands = state.brand_of(self.my_products)


class Feature(Protocol):
    """One or more columns of the matrix; what they count is folded by the tables of `ShopState`."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns."""
        ...

    def values(self, look: Look) -> list[Floats]:
        """Return one column for each name; NaN where there is nothing to say."""
        ...


class Popularity:
    """How much a product is bought, at several half-lives, and whether that rises."""

    names = ("popularity_7", "popularity_28", "popularity_90", "trend", "product_age")

    def values(self, look: Look) -> list[Floats]:
        """Return the columns."""
        table, now, products = look.state.products, look.ask.now, look.ask.products
        week, month, season = (_read(count, products, now) for count in table.popularity)
        trend = np.log((week + 0.5) / (month * (7.0 / 28.0) + 0.5))
        first = _at(table.first, products, 2**62)
        age = np.where(first < 2**61, (now - first) / DAY, np.nan)
        return [np.log1p(week), np.log1p(month), np.log1p(season), trend, age]


class Interest:
    """Views and baskets of everybody lately, and whether this user met the product lately."""

    names = ("interest", "met_lately")

    def values(self, look: Look) -> list[Floats]:
        """Return the columns."""
        ask = look.ask
        seen = np.log1p(_read(look.state.products.interest, ask.products, ask.now))
        history = look.state.shoppers.history(ask.user)
        return [seen, _match(history, np.arange(len(history)), ask.products, missing=np.nan)]


class Habit:
    """How often, how regularly and how lately this user bought this product."""

    names = ("habit_14", "habit_45", "habit_90", "habit_count", "habit_age", "habit_gap", "habit_due", "habit_share")

    def values(self, look: Look) -> list[Floats]:
        """Return the columns."""
        table, ask = look.state.habits, look.ask
        known = look.slots >= 0
        slots = np.where(known, look.slots, 0).astype(np.int64)
        if not len(table.count):
            return [np.zeros(len(slots))] * 4 + [np.full(len(slots), np.nan)] * 4
        fading = [np.where(known, sums.read(slots, ask.now), 0.0) for sums in table.fading]
        count = np.where(known, table.count[slots], 0).astype(np.float64)
        age = np.where(known, (ask.now - table.last[slots]) / DAY, np.nan)
        span = (table.last[slots] - table.first[slots]) / DAY
        gap = np.where(count > 1, span / np.maximum(count - 1, 1), np.nan)
        known_user = 0 <= ask.user < len(look.state.shoppers.baskets)
        baskets = float(look.state.shoppers.baskets[ask.user]) if known_user else 0.0
        share = np.where(known, count / max(baskets, 1.0), np.nan)
        return [*fading, count, age, gap, age / np.maximum(gap, 0.5), share]


class Affinity:
    """Which share of this user's buying goes to the product's department, category, type and brand."""

    names = ("department_share", "category_share", "type_share", "brand_share", "type_age", "type_lead")

    def values(self, look: Look) -> list[Floats]:
        """Return the columns."""
        total = max(float(look.weights.sum()), 1e-9)
        shares = [_share(look.my_taxonomy[:, i], look.taxonomy[:, i], look.weights) / total for i in range(3)]
        brand = _share(look.my_brands, look.brands, look.weights) / total
        last = look.state.habits.last[look.mine]
        newest = _newest(look.my_taxonomy[:, 2], look.taxonomy[:, 2], last)
        age = np.where(newest > -(2**61), (look.ask.now - newest) / DAY, np.nan)
        own = np.zeros(len(look.slots))
        known = look.slots >= 0
        own[known] = look.state.habits.fading[1].read(look.slots[known].astype(np.int64), look.ask.now)
        lead = own / np.maximum(shares[2] * total, 1e-9)
        return [*shares, brand, age, np.where(known, lead, np.nan)]


class Price:
    """What it costs, beside its type; how much is off; how often its type is bought again."""

    names = ("price", "price_in_type", "discount", "type_repeats")

    def values(self, look: Look) -> list[Floats]:
        """Return the columns."""
        table, types = look.state.products, look.state.types
        price = np.log(_at(table.price, look.ask.products, np.nan))
        of_type = look.taxonomy[:, 2]
        priced, total = _at(types.priced, of_type, 0.0), _at(types.log_price, of_type, 0.0)
        usual = np.where(priced > 0, total / np.maximum(priced, 1.0), np.nan)
        repeats = _at(types.repeats, of_type, 0.0) / np.maximum(_at(types.lines, of_type, 0.0), 1.0)
        return [price, price - usual, _at(table.discount, look.ask.products, 0.0), repeats]


class Shopper:
    """How busy this user is: the same for all candidates, but other features mean more beside it."""

    names = ("shopper_lines", "shopper_baskets", "shopper_gap", "shopper_away")

    def values(self, look: Look) -> list[Floats]:
        """Return the columns."""
        table, ask = look.state.shoppers, look.ask
        if ask.user < 0 or ask.user >= len(table.met) or table.baskets[ask.user] == 0:
            row = [0.0, 0.0, np.nan, np.nan]
        else:
            user, one = ask.user, np.array([ask.user], np.int64)
            baskets = float(table.baskets[user])
            gap = float(table.last[user] - table.first[user]) / DAY / max(baskets - 1.0, 1.0)
            away = float(ask.now - table.last[user]) / DAY
            row = [float(np.log1p(table.lines.read(one, ask.now))[0]), baskets, gap, away]
        return [np.full(len(ask.products), value) for value in row]


class Recall:
    """The scores of the recall sources; logged with the decision, so replay takes them from there."""

    def __init__(self, sources: tuple[str, ...]) -> None:
        self.sources = sources
        self.names = tuple(f"recall_{name}" for name in sources)

    def values(self, look: Look) -> list[Floats]:
        """Return the columns."""
        empty = np.full(len(look.ask.products), np.nan)
        return [np.asarray(look.ask.sources.get(name, empty), np.float64) for name in self.sources]


class FeatureSet:
    """Features side by side.

    `fold` is the one way into the state: the service calls it on each committed event, replay on the whole log, and
    `matrix` reads the result. So the columns of a logged decision can be made again, equal to the last bit, by folding
    the log up to the sequence number that the decision names.
    """

    def __init__(self, features: tuple[Feature, ...]) -> None:
        self.features = features
        self.names = tuple(name for feature in features for name in feature.names)

    def fold(self, state: ShopState, lines: Lines) -> None:
        """Take lines into the state."""
        state.fold(lines)

    def matrix(self, state: ShopState, ask: Ask) -> Scores:
        """Return float32 of shape (candidates, features)."""
        look = Look(state, ask)
        out = np.empty((len(ask.products), len(self.names)), np.float32)
        column = 0
        with np.errstate(divide="ignore", invalid="ignore"):
            for feature in self.features:
                for values in feature.values(look):
                    out[:, column] = values
                    column += 1
        return out


RECALL_SOURCES = ("bm25", "again", "covisit", "together", "similar", "affinity", "popular", "trending", "new", "listed")


def feature_set() -> FeatureSet:
    """Return the features of this version."""
    return FeatureSet((Popularity(), Interest(), Habit(), Affinity(), Price(), Shopper(), Recall(RECALL_SOURCES)))


def _at(column: Floats | Ints, rows: Dense, missing: float) -> Floats:
    inside = (rows >= 0) & (rows < len(column))
    out = np.full(len(rows), missing, column.dtype)
    out[inside] = column[rows[inside]]
    return np.asarray(out)


def _read(count: Decayed, products: Dense, now: int) -> Floats:
    inside = products < len(count.values)
    out = np.zeros(len(products))
    out[inside] = count.read(products[inside].astype(np.int64), now)
    return out


def _match(keys: Dense, values: Ints, wanted: Dense, *, missing: float = -1.0) -> Floats:
    """Return the value of each wanted key; keys and wanted are each without repeats, keys usually the longer."""
    out = np.full(len(wanted), missing)
    if len(keys) and len(wanted):
        order = np.argsort(wanted, kind="stable")
        ordered = wanted[order]
        place = np.minimum(np.searchsorted(ordered, keys), len(ordered) - 1)
        hit = ordered[place] == keys
        out[order[place[hit]]] = values[hit]
    return out


def _share(mine: Dense, wanted: Dense, weights: Floats) -> Floats:
    size = max(int(mine.max(initial=-1)), int(wanted.max(initial=-1))) + 2
    sums = np.bincount(mine + 1, weights=weights, minlength=size)
    sums[0] = 0.0
    return np.asarray(sums[wanted + 1])


def _newest(mine: Dense, wanted: Dense, last: Ints) -> Ints:
    size = max(int(mine.max(initial=-1)), int(wanted.max(initial=-1))) + 2
    newest = np.full(size, -(2**62))
    np.maximum.at(newest, mine + 1, last)
    newest[0] = -(2**62)
    return np.asarray(newest[wanted + 1])
