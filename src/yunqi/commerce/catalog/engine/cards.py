"""The catalog as columns: what a ranking pipeline reads instead of rows."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from yunqi.commerce.catalog.model import CardFacts, Money

NO_PRICE = -1
"""Stands for "no price" (and "no sale price") in the price columns."""

_PART = 2000
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_ALWAYS = (-(2**62), 2**62)


@dataclass(frozen=True, slots=True, eq=False)
class Cards:
    """One generation of the catalog as columns, indexed by a dense product number; never changed once made.

    A product keeps its number for ever (numbers are only appended), so arrays of other domains may be aligned with
    these. A retired product stays, with ``live`` and ``available`` false.

    Attributes
    ----------
    generation
        The catalog generation the columns show.
    ids, titles, brands, sizes, images
        Texts by number.
    index
        Product id to number.
    price_minor, sale_price_minor
        int64; `NO_PRICE` where there is none. `price_now` applies the sale's dates.
    sale_from, sale_until
        int64 UTC microseconds.
    live, available, title_derived
        bool; ``available`` = live, has a price, is not out of stock, and its counted stock, if any, is not used up.
    category
        int32, shape (n, 3): numbers into ``categories`` at up to three levels of the path, -1 where there is none.
    categories
        Category paths by number; the number of a path is stable within one process only.
    brand
        int32 numbers into ``brand_names``.
    """

    generation: int
    currency: str
    ids: list[str]
    index: dict[str, int]
    titles: list[str]
    brands: list[str]
    sizes: list[str]
    images: list[str]
    derived: NDArray[np.bool_]
    price_minor: NDArray[np.int64]
    sale_price_minor: NDArray[np.int64]
    sale_from: NDArray[np.int64]
    sale_until: NDArray[np.int64]
    live: NDArray[np.bool_]
    available: NDArray[np.bool_]
    offered: NDArray[np.bool_] = field(repr=False)
    category: NDArray[np.int32]
    categories: list[tuple[str, ...]]
    category_index: dict[tuple[str, ...], int]
    brand: NDArray[np.int32]
    brand_names: list[str]
    brand_index: dict[str, int] = field(repr=False)
    levels: dict[tuple[str, ...], tuple[int, int, int]] = field(repr=False)

    def __len__(self) -> int:
        return len(self.ids)

    def price_now(self, at: datetime) -> NDArray[np.int64]:
        """Return what each product costs at a time, in minor units; `NO_PRICE` where that is unknown."""
        now = micros(at)
        on_sale = (self.sale_price_minor >= 0) & (self.sale_from <= now) & (now <= self.sale_until)
        return np.where(on_sale, self.sale_price_minor, self.price_minor)

    def money(self, amount_minor: int) -> Money | None:
        """Return an amount of a price column as money."""
        return None if amount_minor < 0 else Money(int(amount_minor), self.currency)

    def path(self, number: int) -> tuple[str, ...]:
        """Return the (at most three-level) category path of a product."""
        deepest = self.category[number][self.category[number] >= 0]
        return self.categories[int(deepest[-1])] if len(deepest) else ()


def micros(at: datetime) -> int:
    """Return UTC microseconds since 1970."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def empty(currency: str) -> Cards:
    """Return the columns of a catalog that has no products."""

    def zeros(kind: type, *shape: int) -> NDArray[np.int64]:
        return np.zeros(shape or (0,), dtype=kind)

    return Cards(
        generation=0,
        currency=currency,
        ids=[],
        index={},
        titles=[],
        brands=[],
        sizes=[],
        images=[],
        derived=np.zeros(0, np.bool_),
        price_minor=zeros(np.int64),
        sale_price_minor=zeros(np.int64),
        sale_from=zeros(np.int64),
        sale_until=zeros(np.int64),
        live=np.zeros(0, np.bool_),
        available=np.zeros(0, np.bool_),
        offered=np.zeros(0, np.bool_),
        category=np.zeros((0, 3), np.int32),
        categories=[],
        category_index={},
        brand=np.zeros(0, np.int32),
        brand_names=[],
        brand_index={},
        levels={},
    )


def updated(
    cards: Cards,
    generation: int,
    fresh: list[tuple[int, str]],
    changes: Iterable[CardFacts],
    retired: list[int],
) -> Cards:
    """Return new columns with some products set or retired; `with_stock` has to follow.

    Parameters
    ----------
    fresh
        Number and id of every product number that the old columns do not have, in order.
    changes
        What was set.
    retired
        Numbers of products that left the catalog.
    """
    size = max(len(cards), fresh[-1][0] + 1) if fresh else len(cards)
    new = _grown(cards, generation, size)
    for number, product_id in fresh:
        new.ids[number] = product_id
        new.index[product_id] = number
    new.live[retired] = False
    new.offered[retired] = False
    iterator = iter(changes)
    while part := list(itertools.islice(iterator, _PART)):  # few at a time: many live objects make the collector slow
        _set_texts(new, part)
        _set_figures(new, part)
    return new


def with_stock(cards: Cards, gone: Iterable[int]) -> Cards:
    """Return columns in which products whose counted stock is used up, and only those, are kept from sale."""
    sold_out = np.zeros(len(cards), np.bool_)
    sold_out[[number for number in gone if number < len(cards)]] = True
    return replace(cards, available=cards.offered & ~sold_out)


def _grown(cards: Cards, generation: int, size: int) -> Cards:
    extra = size - len(cards.ids)

    def wide(column: NDArray[np.int64], fill: int) -> NDArray[np.int64]:
        return np.concatenate([column, np.full(extra, fill, column.dtype)])

    blank = [""] * extra
    return Cards(
        generation=generation,
        currency=cards.currency,
        ids=cards.ids + blank,
        index=dict(cards.index),
        titles=cards.titles + blank,
        brands=cards.brands + blank,
        sizes=cards.sizes + blank,
        images=cards.images + blank,
        derived=np.concatenate([cards.derived, np.zeros(extra, np.bool_)]),
        price_minor=wide(cards.price_minor, NO_PRICE),
        sale_price_minor=wide(cards.sale_price_minor, NO_PRICE),
        sale_from=wide(cards.sale_from, 0),
        sale_until=wide(cards.sale_until, 0),
        live=np.concatenate([cards.live, np.zeros(extra, np.bool_)]),
        available=np.concatenate([cards.available, np.zeros(extra, np.bool_)]),
        offered=np.concatenate([cards.offered, np.zeros(extra, np.bool_)]),
        category=np.concatenate([cards.category, np.full((extra, 3), -1, np.int32)]),
        categories=list(cards.categories),
        category_index=dict(cards.category_index),
        brand=np.concatenate([cards.brand, np.full(extra, -1, np.int32)]),
        brand_names=list(cards.brand_names),
        brand_index=dict(cards.brand_index),
        levels=dict(cards.levels),
    )


def _set_texts(cards: Cards, changes: list[CardFacts]) -> None:
    titles, brands, sizes, images = cards.titles, cards.brands, cards.sizes, cards.images
    for facts in changes:
        number = facts.number
        titles[number] = facts.title
        brands[number] = facts.brand
        sizes[number] = facts.size
        images[number] = facts.image


def _set_figures(cards: Cards, changes: list[CardFacts]) -> None:
    """Set the arrays, each in one go: a write to one element of an array is slow."""
    numbers = np.fromiter((facts.number for facts in changes), np.int64, len(changes))
    cards.price_minor[numbers] = [NO_PRICE if f.price_minor is None else f.price_minor for f in changes]
    cards.sale_price_minor[numbers] = [NO_PRICE if f.sale_minor is None else f.sale_minor for f in changes]
    cards.sale_from[numbers] = [_ALWAYS[0] if f.sale_starts is None else micros(f.sale_starts) for f in changes]
    cards.sale_until[numbers] = [_ALWAYS[1] if f.sale_ends is None else micros(f.sale_ends) for f in changes]
    cards.derived[numbers] = [f.derived for f in changes]
    cards.live[numbers] = True
    cards.offered[numbers] = [f.offered for f in changes]
    cards.category[numbers] = [_levels(cards, f.category) for f in changes]
    cards.brand[numbers] = [_brand(cards, f.brand) for f in changes]


def _levels(cards: Cards, path: tuple[str, ...]) -> tuple[int, int, int]:
    """Return the numbers of a path's first three levels, giving new paths the next ones."""
    held = cards.levels.get(path)
    if held is None:
        found = [-1, -1, -1]
        for level in range(min(3, len(path))):
            key = path[: level + 1]
            if key not in cards.category_index:
                cards.category_index[key] = len(cards.categories)
                cards.categories.append(key)
            found[level] = cards.category_index[key]
        held = cards.levels[path] = (found[0], found[1], found[2])
    return held


def _brand(cards: Cards, name: str) -> int:
    if not name:
        return -1
    found = cards.brand_index.get(name)
    if found is None:
        found = cards.brand_index[name] = len(cards.brand_names)
        cards.brand_names.append(name)
    return found
