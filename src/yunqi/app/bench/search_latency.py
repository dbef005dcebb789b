"""`yunqi bench search-latency`: a ranked page of results in the process, beside SQLite FTS5 on the same texts.

Both sides find the same words in the same products and return a page of 24 with prices and the total. Yunqi also
filters by stock, counts facets, ranks 300 candidates for the shopper, explores, and logs the Decision; the peer orders
by BM25. Queries are product types and categories of the catalog, cut to one to three words (derived: the data set has
no queries), the same ones for both.
"""

import gc
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from yunqi.app.application import App, open_shop
from yunqi.app.bench.model import Row
from yunqi.app.bench.shop import copy_of_shop
from yunqi.app.bench.timing import percentile_rows, timed
from yunqi.commerce.catalog import Cards
from yunqi.commerce.search import words

QUERIES = 500
PEER = f"SQLite {sqlite3.sqlite_version} FTS5 bm25"


def run(runs: int = 3) -> list[Row]:
    """Run all queries on both sides, so many times."""
    with copy_of_shop() as folder, open_shop(folder) as shop, tempfile.TemporaryDirectory() as peer_folder:
        shop.start()
        return measure(shop, Path(peer_folder) / "peer.db", runs)


def measure(shop: App, peer_file: Path, runs: int) -> list[Row]:
    """Measure an opened, started shop."""
    cards = shop.catalog.cards()
    queries = derived_queries(cards, np.random.default_rng(11), QUERIES)
    subjects = subjects_of(shop, QUERIES)
    peer = Peer(peer_file, cards)
    ours, theirs, typing = [], [], []
    for number in range(runs + 1):  # the first is warm-up
        gc.collect()
        took = timed([_ours(shop, query, who) for query, who in zip(queries, subjects, strict=True)])
        beside = timed([peer.page(query) for query in queries])
        keys = timed([_typed(shop, query) for query in queries])
        if number:
            ours.append(took)
            theirs.append(beside)
            typing.append(keys)
    suggest = float(np.median([np.percentile(run, 99) for run in typing]))
    return [
        *percentile_rows(ours, theirs, PEER),
        Row("suggest_p99_ms", suggest, "ms", runs=runs),
        Row("products", float(len(cards)), "products"),
    ]


def derived_queries(cards: Cards, rng: np.random.Generator, count: int) -> list[str]:
    """Return queries made of category names: one to three words that stand side by side."""
    names = [found for path in cards.categories if (found := words(path[-1]))]
    queries = []
    for name in rng.integers(len(names), size=count):
        length = min(int(rng.integers(1, 4)), len(names[name]))
        start = int(rng.integers(len(names[name]) - length + 1))
        queries.append(" ".join(names[name][start : start + length]))
    return queries


def subjects_of(shop: App, count: int) -> list[str]:
    """Return shoppers of the log, drawn with a seed."""
    users = sorted(shop.ranking.live.state.users)
    rng = np.random.default_rng(12)
    return [users[number] for number in rng.integers(len(users), size=count)] if users else ["nobody"] * count


def _ours(shop: App, query: str, who: str) -> Callable[[], object]:
    return lambda: shop.search.find(query, subject=who)


def _typed(shop: App, query: str) -> Callable[[], object]:
    return lambda: shop.search.suggest(query[: 1 + len(query) // 2])


class Peer:
    """FTS5 with the stemmer, an index of the same fields, and a table to read the page's products from."""

    def __init__(self, path: Path, cards: Cards) -> None:
        self._connection = sqlite3.connect(path)
        run = self._connection.execute
        run("CREATE VIRTUAL TABLE texts USING fts5(title, category, brand, tokenize='porter unicode61')")
        run("CREATE TABLE products (number INTEGER PRIMARY KEY, id, title, price, sale, brand, size, image, available)")
        rows = [number for number in range(len(cards)) if cards.live[number]]
        texts = [
            (n, cards.titles[n], " ".join(cards.path(n)), f"{cards.brands[n]} {cards.sizes[n]} {cards.ids[n]}")
            for n in rows
        ]
        self._connection.executemany("INSERT INTO texts (rowid, title, category, brand) VALUES (?, ?, ?, ?)", texts)
        self._connection.executemany(
            "INSERT INTO products VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", [_product(cards, n) for n in rows]
        )
        self._connection.commit()

    def page(self, query: str) -> Callable[[], object]:
        """Return a call that finds a page: all words, else any."""
        terms = [f'"{word}"' for word in words(query)]

        def find() -> list[Any]:
            for joined in (" AND ".join(terms), " OR ".join(terms)):
                found = self._connection.execute(
                    "SELECT p.* FROM texts t JOIN products p ON p.number = t.rowid WHERE texts MATCH ? "
                    "ORDER BY bm25(texts, 3.0, 2.0, 1.5) LIMIT 24",
                    (joined,),
                ).fetchall()
                if found:
                    self._connection.execute("SELECT COUNT(*) FROM texts WHERE texts MATCH ?", (joined,)).fetchone()
                    return found
            return []

        return find


def _product(cards: Cards, number: int) -> tuple[Any, ...]:
    return (
        number,
        cards.ids[number],
        cards.titles[number],
        int(cards.price_minor[number]),
        int(cards.sale_price_minor[number]),
        cards.brands[number],
        cards.sizes[number],
        cards.images[number],
        bool(cards.available[number]),
    )
