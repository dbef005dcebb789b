"""Shelves: best sellers by product type and the shop-wide lists, cut from the state every few seconds."""

import numpy as np

from yunqi.commerce.ranking import DAY, Found, ShopState
from yunqi.commerce.recommend.engine.neighbours import Dense, Ints, Scores, best

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

    def __init__(self, state: ShopState, available: np.ndarray, now: int, *, listed: Ints | None = None) -> None:  # type: ignore[type-arg]
        size = len(available)
        self.month = _full(state.products.popularity[1].read_all(size, now), size)
        week = _full(state.products.popularity[0].read_all(size, now), size)
        self.order, self.starts, self.ends = _by_type(state, available, self.month)
        gain = week / np.sqrt(self.month * 7.0 / 28.0 + 3.0)
        first = np.full(size, 2**62)
        known = min(size, len(state.products.first))
        first[:known] = state.products.first[:known]
        if listed is not None:
            first = np.minimum(first, listed)
        fresh = np.where((now - first < 56 * DAY) & (first <= now), self.month + 0.01, 0.0)
        self.lists: dict[str, tuple[Dense, Scores]] = {
            "trending": _head(gain, available),
            "popular": _head(self.month, available),
            "new": _head(fresh, available),
        }

    def of_types(self, types: Ints, weights: np.ndarray, limit: int) -> Found:  # type: ignore[type-arg]
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
        price = state.products.price
        for seed, kind in zip(seeds.tolist(), state.types_of(seeds).tolist(), strict=True):
            if 0 <= kind < len(self.starts):
                shelf = self.order[self.starts[kind] : self.ends[kind]][: 2 * limit]
                near = np.zeros(len(shelf))
                both = (shelf < len(price)) & (seed < len(price))
                if seed < len(price) and np.isfinite(price[seed]):
                    near[both] = -np.abs(np.log(price[shelf[both]] / price[seed]))
                near = np.where(np.isfinite(near), np.maximum(near, -2.0), -2.0)
                same = state.brand_of(shelf) == state.brand_of(np.array([seed], np.int32))[0]
                picked.append(shelf)
                scores.append(2.0 + near + 0.5 * same + 0.3 * np.log1p(self.month[shelf]))
        if not picked:
            return Found(np.zeros(0, np.int32), np.zeros(0, np.float32))
        products, values = best(np.concatenate(picked), np.concatenate(scores).astype(np.float32), limit + len(seeds))
        other = ~np.isin(products, seeds)
        return Found(products[other][:limit], values[other][:limit])


def _full(values: np.ndarray, size: int) -> np.ndarray:  # type: ignore[type-arg]
    return values if len(values) == size else np.concatenate([values, np.zeros(size - len(values))])


def _by_type(state: ShopState, available: np.ndarray, sales: np.ndarray) -> tuple[Dense, Ints, Ints]:  # type: ignore[type-arg]
    products = np.flatnonzero(available).astype(np.int32)
    kinds = state.types_of(products)
    products, kinds = products[kinds >= 0], kinds[kinds >= 0]
    order = np.lexsort((products, -sales[products], kinds))
    size = int(kinds.max(initial=-1)) + 1
    starts = np.searchsorted(kinds[order], np.arange(size), side="left")
    ends = np.searchsorted(kinds[order], np.arange(size), side="right")
    return products[order], starts, ends


def _head(values: np.ndarray, available: np.ndarray) -> tuple[Dense, Scores]:  # type: ignore[type-arg]
    scored = np.where(available, values, 0.0)
    top = np.argpartition(-scored, min(_LIST, len(scored) - 1))[:_LIST] if len(scored) else np.zeros(0, np.int64)
    top = top[scored[top] > 0]
    order = top[np.lexsort((top, -scored[top]))]
    return order.astype(np.int32), scored[order].astype(np.float32)
