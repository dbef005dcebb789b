"""What the shop's words are: for spelling and for completions."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from yunqi.commerce.catalog import Cards
from yunqi.commerce.search.engine.completions import Completions, Entry
from yunqi.commerce.search.engine.facets import JOIN
from yunqi.commerce.search.engine.spelling import Spelling
from yunqi.commerce.search.engine.words import words
from yunqi.commerce.search.model import Suggestion, SuggestionKind


class Vocabulary:
    """Spelling and completions of one generation of the catalog."""

    def __init__(
        self,
        cards: Cards,
        sales: Sequence[float],
        queries: Sequence[tuple[str, int]],
        *,
        products: int,
        limit: int,
    ) -> None:
        self.generation = cards.generation
        self.spelling = Spelling(_frequency(cards))
        self.completions = Completions(_entries(cards, sales, queries, products), limit=limit)


def _frequency(cards: Cards) -> Counter[str]:
    counts: Counter[str] = Counter()
    for title, live in zip(cards.titles, cards.live.tolist(), strict=True):
        if live:
            counts.update(words(title))
    for path in cards.categories:
        counts.update(words(path[-1]))
    for brand in cards.brand_names:
        counts.update(words(brand))
    return counts


def _entries(
    cards: Cards, sales: Sequence[float], queries: Sequence[tuple[str, int]], products: int
) -> Iterator[Entry]:
    bought = np.zeros(len(cards))
    bought[: len(sales)] = sales[: len(cards)]
    bought[~cards.available] = 0.0
    for level in range(3):
        yield from _category_entries(cards, bought, level)
    for query, count in queries:
        yield Entry(Suggestion(query, SuggestionKind.QUERY, None), 10.0 + 20.0 * float(np.log1p(count)))
    for number in np.argsort(-bought, kind="stable")[:products].tolist():
        if cards.available[number]:
            suggestion = Suggestion(cards.titles[number], SuggestionKind.PRODUCT, cards.ids[number])
            yield Entry(suggestion, float(np.log1p(bought[number])))


def _category_entries(cards: Cards, bought: npt.NDArray[np.float64], level: int) -> Iterator[Entry]:
    column = cards.category[cards.available, level]
    known = column >= 0
    sums = np.bincount(column[known], weights=bought[cards.available][known] + 0.1, minlength=len(cards.categories))
    for number in np.flatnonzero(sums).tolist():
        path = cards.categories[number]
        if len(path) == level + 1:
            suggestion = Suggestion(path[-1], SuggestionKind.CATEGORY, JOIN.join(path))
            yield Entry(suggestion, 6.0 - level + 3.0 * float(np.log1p(sums[number])))
