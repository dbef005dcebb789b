"""The verbs of search."""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import msgspec
import numpy as np
import numpy.typing as npt

from yunqi.commerce.catalog import Cards
from yunqi.commerce.ranking import Answer, Found, Ranking, Request, ShopState
from yunqi.commerce.search.config import SearchConfig
from yunqi.commerce.search.engine.facets import Prices, brand_facet, category_facet, matching, tree
from yunqi.commerce.search.engine.surfaces import LISTING, RELEVANCE
from yunqi.commerce.search.engine.words import words
from yunqi.commerce.search.model import Category, Filters, IndexRebuilt, Results, Sort, Suggestion
from yunqi.commerce.search.service.indexing import Indexing, Progress
from yunqi.commerce.search.service.understanding import Find, Understander, Understanding
from yunqi.commerce.search.service.vocabulary import Vocabulary
from yunqi.commerce.search.store import Hits, QueryStore
from yunqi.kernel import Event, Invalid, Kernel
from yunqi.kernel.clock import to_micros

Dense = npt.NDArray[np.int32]
Scores = npt.NDArray[np.float32]
_LARGEST_PAGE = 100
_EVERYTHING = Filters()

__all__ = ["Search", "Understander"]


class _Searched(msgspec.Struct):
    search_term: str | None = None


@dataclass(frozen=True, slots=True)
class _Fixed:
    """A recall source whose candidates are known already."""

    name: str
    found: Found

    def recall(self, state: ShopState, request: Request) -> Found:
        """Return them."""
        return self.found


@dataclass(frozen=True, slots=True)
class _Matches:
    """All products that match, best first, before paging."""

    products: Dense
    scores: Scores
    total: int
    suggestion: str | None = None


class Search:
    """Products by words, by category, and while typing.

    Parameters
    ----------
    kernel
        The ground floor.
    config
        Settings.
    ranking
        The pipeline that ranks and logs.
    understander
        Makes something that understands queries from its name; it serves only after the gate let it in.
    """

    def __init__(
        self, kernel: Kernel, config: SearchConfig, *, ranking: Ranking, understander: Find | None = None
    ) -> None:
        self.kernel = kernel
        self.config = config
        self.ranking = ranking
        self.catalog = ranking.catalog
        self.workspace = ranking.workspace
        self.indexing = Indexing(kernel, config, catalog=self.catalog, workspace=self.workspace)
        self._queries = QueryStore(kernel.store)
        self.understanding = Understanding(
            kernel, config, hits=self._best, cards=ranking.live.cards, find=understander, workspace=self.workspace
        )
        self._vocabulary: Vocabulary | None = None
        self._tree: tuple[Cards, tuple[Category, ...]] | None = None
        self._renewing = threading.Lock()
        ranking.register(RELEVANCE)
        ranking.register(LISTING)

    def start(self) -> None:
        """Open or build the index, and follow the catalog and the log (call once, after the ranking's start)."""
        self.indexing.start()
        self.indexing.changed = self.renew
        self.kernel.events.subscribe("search.queries", self._count, names={"search"}, durable=True)
        self.renew()

    def is_built(self) -> bool:
        """Whether there is an index on disk."""
        return self.indexing.index.generation > 0 or self.indexing.index.open()

    def is_ready(self) -> bool:
        """Whether this process has an index open."""
        return self.indexing.index.generation > 0

    def close(self) -> None:
        """Stop following."""
        self.indexing.close()

    def find(
        self,
        query: str = "",
        *,
        filters: Filters = _EVERYTHING,
        sort: Sort = Sort.RELEVANCE,
        page: int = 1,
        size: int = 24,
        subject: str | None = None,
    ) -> Results:
        """Find products by words, or list those that pass the filters when there are none.

        Parameters
        ----------
        subject
            Who searches: results are ranked for them.

        Raises
        ------
        Invalid
            For a page or size out of bounds.
        """
        started = time.perf_counter()
        if page < 1 or not 1 <= size <= _LARGEST_PAGE or page * size > 10_000:
            raise Invalid(f"Pages are counted from 1, with 1 to {_LARGEST_PAGE} products, up to 10000.", "page")
        text = query.strip()[: self.config.query_bytes]
        cards = self.ranking.live.cards()
        prices = cache(lambda: cards.price_now(self.kernel.clock()))
        matches = self._match(text, cards, prices, filters)
        understood = self.understanding.understand(text, matches.products, matches.scores) if text else ()
        answer = self._answer(matches, prices, sort, (page - 1) * size, size, subject, text or None)
        return Results(
            text,
            matches.total,
            page,
            size,
            answer,
            category_facet(cards, matches.products, filters.category, self.config.facet_values),
            brand_facet(cards, matches.products, self.config.facet_values),
            matches.suggestion,
            (time.perf_counter() - started) * 1000,
            understood,
        )

    def suggest(self, typed: str) -> list[Suggestion]:
        """Return completions of what was typed so far, mending its spelling when nothing begins like it."""
        vocabulary = self._vocabulary
        if vocabulary is None:
            return []
        typed = typed[: self.config.query_bytes]
        found = vocabulary.completions.find(typed)
        if not found:
            better = vocabulary.spelling.correct_all(words(typed))
            found = vocabulary.completions.find(" ".join(better)) if better else []
        return found

    def categories(self) -> tuple[Category, ...]:
        """Return the category tree of what can be bought."""
        cards = self.ranking.live.cards()
        if self._tree is None or self._tree[0] is not cards:
            self._tree = (cards, tree(cards))
        return self._tree[1]

    def top_queries(self, limit: int = 10) -> list[tuple[str, int]]:
        """Return what shoppers search for most, with counts."""
        with self.kernel.store.read() as tx:
            return self._queries.top(tx, self.workspace, limit)

    def rebuild(self, *, progress: Progress = lambda done, total, text: None) -> IndexRebuilt:
        """Make the index again from the catalog; serving processes take it over when it is done."""
        return self.indexing.build(progress)

    def renew(self) -> None:
        """Renew spelling and completions from the catalog, sales and queries as they are now."""
        with self._renewing:
            cards = self.ranking.live.cards()
            with self.ranking.live.lock:
                popularity = self.ranking.live.state.products.popularity[2]
                sales = popularity.read_all(len(cards), to_micros(self.kernel.clock()))
            self._vocabulary = Vocabulary(
                cards,
                sales.tolist(),
                [(query, count) for query, count in self.top_queries(500) if count > 2],
                products=self.config.suggested_products,
                limit=self.config.suggestions,
            )

    def _match(self, text: str, cards: Cards, prices: Prices, filters: Filters) -> _Matches:
        if not text:
            products = np.flatnonzero(matching(cards, prices, filters)).astype(np.int32)
            return _Matches(products, np.zeros(len(products), np.float32), len(products))
        hits, suggestion = self._hits(text)
        inside = hits.products < len(cards)
        products, scores = hits.products[inside], hits.scores[inside]
        keep = matching(cards, prices, filters, products)
        total = int(keep.sum())
        if hits.count > len(hits.products):  # more match than were looked at: the same share of them passes
            total = int(hits.count * keep.mean()) if len(keep) else 0
        return _Matches(products[keep], scores[keep], total, suggestion)

    def _best(self, text: str) -> tuple[Dense, Scores]:
        cards = self.ranking.live.cards()
        found = self._match(text, cards, lambda: cards.price_now(self.kernel.clock()), _EVERYTHING)
        return found.products, found.scores

    def _hits(self, text: str) -> tuple[Hits, str | None]:
        """Match all words; else with the last one unfinished; else respelled; else any word, one letter off."""
        index, limit, typed = self.indexing.index, self.config.index_hits, words(text)
        stems = index.stems(typed)
        for prefix in (False, True):
            hits = index.find(stems, limit=limit, prefix=prefix)
            if hits.count:
                return hits, None
        better = self._vocabulary.spelling.correct_all(typed) if self._vocabulary else None
        if better:
            stems = index.stems(better)
            hits = index.find(stems, limit=limit)
            if hits.count:
                return hits, " ".join(better)
        hits = index.find(stems, limit=limit, every=False)
        if hits.count:
            return hits, " ".join(better) if better else None
        return index.find(stems, limit=limit, every=False, fuzzy=True), None

    def _answer(
        self,
        matches: _Matches,
        prices: Prices,
        sort: Sort,
        offset: int,
        size: int,
        subject: str | None,
        query: str | None,
    ) -> Answer:
        """Rank the head of the list; what lies behind it, and lists sorted by a column, are shown as they are."""
        products, scores = self._ordered(matches, prices, sort)
        if sort is Sort.RELEVANCE and offset + size <= self.ranking.config.candidates:
            head = products[: self.ranking.config.candidates]
            strength = scores[: len(head)] / max(float(scores.max(initial=0.0)), 1e-6)
            source = _Fixed("bm25", Found(head, strength))
            return self.ranking.answer(RELEVANCE.name, [source], subject=subject, query=query, size=size, offset=offset)
        shown = products[offset : offset + size]
        source = _Fixed("listed", Found(shown, -np.arange(len(shown), dtype=np.float32)))
        return self.ranking.answer(LISTING.name, [source], subject=subject, query=query, size=size, first=offset)

    def _ordered(self, matches: _Matches, prices: Prices, sort: Sort) -> tuple[Dense, Scores]:
        products, scores = matches.products, matches.scores
        if sort is Sort.RELEVANCE and scores.any():
            return products, scores
        if sort in (Sort.PRICE_ASC, Sort.PRICE_DESC):
            known = np.where(prices()[products] >= 0, prices()[products], np.iinfo(np.int64).max)
            rank = known if sort is Sort.PRICE_ASC else -prices()[products]
        else:
            rank = -self._sales(products)
        order = np.lexsort((products, rank))
        return products[order], scores[order]

    def _sales(self, products: Dense) -> npt.NDArray[np.float64]:
        with self.ranking.live.lock:
            popularity = self.ranking.live.state.products.popularity[1]
            sales = np.zeros(len(products))
            inside = products < len(popularity.values)
            sales[inside] = popularity.read(products[inside].astype(np.int64), to_micros(self.kernel.clock()))
        return sales

    def _count(self, events: Sequence[Event]) -> None:
        """Count queries (inside the consumer's transaction)."""
        counts: Counter[str] = Counter()
        for event in events:
            if event.workspace == self.workspace:
                try:
                    term = msgspec.json.decode(event.payload, type=_Searched).search_term
                except msgspec.DecodeError:
                    continue
                counts[" ".join((term or "").lower().split())] += 1
        if counts:
            with self.kernel.store.begin() as tx:
                self._queries.add(tx, self.workspace, counts, to_micros(events[-1].at))
