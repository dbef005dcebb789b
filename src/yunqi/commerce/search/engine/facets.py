"""Facets and category trees: counting what matches, by column."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from yunqi.commerce.catalog import Cards
from yunqi.commerce.search.model import Category, FacetValue, Filters

Dense = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Prices = Callable[[], npt.NDArray[np.int64]]
JOIN = " > "


def matching(cards: Cards, prices: Prices, filters: Filters, products: Dense | None = None) -> Flags:
    """Return which of the products (or of all) pass the filters; prices are asked for only when they matter."""
    rows: Dense | slice = slice(None) if products is None else products
    keep = cards.available[rows].copy() if filters.in_stock else cards.live[rows].copy()
    if filters.category:
        number = cards.category_index.get(filters.category[:3])
        keep &= (cards.category[rows] == number).any(axis=1) if number is not None else False
    if filters.brand:
        brand = cards.brand_index.get(filters.brand)
        keep &= cards.brand[rows] == brand if brand is not None else False
    if filters.min_price is not None:
        keep &= prices()[rows] >= max(filters.min_price, 0)
    if filters.max_price is not None:
        keep &= (prices()[rows] <= filters.max_price) & (prices()[rows] >= 0)
    return np.asarray(keep)


def category_facet(cards: Cards, products: Dense, chosen: tuple[str, ...], limit: int) -> tuple[FacetValue, ...]:
    """Count categories one level below the chosen one."""
    level = min(len(chosen), 2)
    top = _top(cards.category[products, level], len(cards.categories), limit)
    return tuple(FacetValue(JOIN.join(cards.categories[number]), count) for number, count in top)


def brand_facet(cards: Cards, products: Dense, limit: int) -> tuple[FacetValue, ...]:
    """Count brands."""
    top = _top(cards.brand[products], len(cards.brand_names), limit)
    return tuple(FacetValue(cards.brand_names[number], count) for number, count in top)


def tree(cards: Cards) -> tuple[Category, ...]:
    """Return the categories of what can be bought, two levels, the fullest first."""
    shown = cards.category[cards.available]
    counts = [np.bincount(shown[:, level] + 1, minlength=len(cards.categories) + 1)[1:] for level in range(2)]
    children: dict[tuple[str, ...], list[Category]] = {}
    tops = []
    for number, path in enumerate(cards.categories):
        if len(path) == 2 and counts[1][number]:
            child = Category(JOIN.join(path), path[-1], int(counts[1][number]))
            children.setdefault(path[:1], []).append(child)
        elif len(path) == 1 and counts[0][number]:
            tops.append((number, path))
    return tuple(
        Category(path[0], path[0], int(counts[0][number]), tuple(sorted(children.get(path, []), key=_fullest)))
        for number, path in sorted(tops, key=lambda top: (-int(counts[0][top[0]]), top[1]))
    )


def _fullest(category: Category) -> tuple[int, str]:
    return (-category.count, category.name)


def _top(numbers: Dense, size: int, limit: int) -> list[tuple[int, int]]:
    counts = np.bincount(numbers[numbers >= 0], minlength=size)
    order = np.argsort(-counts, kind="stable")[:limit]
    return [(i, int(counts[i])) for i in order.tolist() if counts[i] > 0]
