"""Shelves: best sellers by product type and the shop-wide lists, cut from the state every few seconds."""

import numpy as np

from yunqi.commerce.ranking import DAY, Found, ShopState
from yunqi.commerce.recommend.engine.neighbours import Dense, Flags, Floats, Ints, Scores, best

_PER_TYPE = 40
_LIST = 400


class Shelves:
    """Products of each type, best sellers first, and named lists.

    Attributes
    ----------
    lists
        ``trending`` (sales of the last week against the usual), ``popular`` (sales of the last month), ``new`` (first
        seen or first listed lately, then by sales).
    """

    def __init__(self, state: ShopState, available: Flags, now: int, *, price: Ints | None = None) -> None:
        size = len(available)
        self.month = _full(state.products.popularity[1].read_all(size, now), size)
        week = _full(state.products.popularity[0].read_all(size, now), size)
        self.order, self.starts, self.ends = _by_type(state, available, self.month)
        self.price = _full(state.products.price[:size], size) if price is None else price.astype(np.float64)
        self.price[self.price <= 0] = np.nan
        gain = week / np.sqrt(self.month * 7.0 / 28.0 + 3.0)
        first = np.full(size, 2**62)
        known = min(size, len(state.products.first))
        first[:known] = state.products.first[:known]
        fresh = np.where((now - first < 56 * DAY) & (first <= now), self.month + 0.01, 0.0)
        unsold = first > 2**61  # never sold: the highest numbers joined the catalog last
        fresh = np.where(unsold, 0.005 * np.arange(size) / max(size, 1), fresh)
        self.lists: dict[str, tuple[Dense, Scores]] = {
            "trending": _head(gain, available),
            "popular": _head(self.month, available),
            "new": _head(fresh, available),
        }

    def of_types(self, types: Ints, weights: Floats, limit: int) -> Found:
        """Return best sellers of some types, each type's share of the places by its weight."""
        picked, scores = [], []
        for kind, weight in zip(types.tolist(), weights.tolist(), strict=True):
            if kind < len(self.starts):
                low = self.starts[kind]
                shelf = self.order[low : min(self.ends[kind], low + max(2, int(limit * weight)))][:_PER_TYPE]
                picked.append(shelf)
                scores.append(weight * np.log1p(self.month[shelf]))
        if not picked:
            return Found(np.zeros(0, np.int32), np.zeros(0, np.float32))
        return Found(*best(np.concatenate(picked), np.concatenate(scores).astype(np.float32), limit))

    def like(self, state: ShopState, seeds: Dense, limit: int) -> Found:
        """Return products of the seeds' types by nearness of price and brand, then by sales."""
        picked, scores = [], []
        for seed, kind in zip(seeds.tolist(), state.types_of(seeds).tolist(), strict=True):
            if 0 <= kind < len(self.starts):
                shelf = self.order[self.starts[kind] : self.ends[kind]][: 2 * limit]
                picked.append(shelf)
                scores.append(self._nearness(state, seed, shelf))
        if not picked:
            return Found(np.zeros(0, np.int32), np.zeros(0, np.float32))
        products, values = best(np.concatenate(picked), np.concatenate(scores).astype(np.float32), limit + len(seeds))
        other = ~np.isin(products, seeds)
        return Found(products[other][:limit], values[other][:limit])

    def _nearness(self, state: ShopState, seed: int, shelf: Dense) -> Floats:
        with np.errstate(invalid="ignore"):
            apart = np.abs(np.log(self.price[shelf] / (self.price[seed] if seed < len(self.price) else np.nan)))
        near = np.where(np.isfinite(apart), -np.minimum(apart, 2.0), -2.0)
        same = state.brand_of(shelf) == state.brand_of(np.array([seed], np.int32))[0]
        return np.asarray(2.0 + near + 0.5 * same + 0.3 * np.log1p(self.month[shelf]))


def _full(values: Floats, size: int) -> Floats:
    return np.concatenate([values, np.zeros(size - len(values))])


def _by_type(state: ShopState, available: Flags, sales: Floats) -> tuple[Dense, Ints, Ints]:
    products = np.flatnonzero(available).astype(np.int32)
    kinds = state.types_of(products)
    products, kinds = products[kinds >= 0], kinds[kinds >= 0]
    order = np.lexsort((products, -sales[products], kinds))
    size = int(kinds.max(initial=-1)) + 1
    starts = np.searchsorted(kinds[order], np.arange(size), side="left")
    ends = np.searchsorted(kinds[order], np.arange(size), side="right")
    return products[order], starts, ends


def _head(values: Floats, available: Flags) -> tuple[Dense, Scores]:
    scored = np.where(available, values, 0.0)
    top = np.argpartition(-scored, min(_LIST, len(scored) - 1))[:_LIST] if len(scored) else np.zeros(0, np.int64)
    top = top[scored[top] > 0]
    order = top[np.lexsort((top, -scored[top]))]
    return order.astype(np.int32), scored[order].astype(np.float32)
