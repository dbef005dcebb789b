"""The peer of the recommendation benches: item-item neighbours and personal frequency in plain scipy.

`implicit` has no wheel for every platform that Yunqi runs on, so its item-item model is written out here: cosine
between the columns of the user-item matrix, the best 50 neighbours a product, scores by one sparse product.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from yunqi.commerce.catalog import Cards
from yunqi.commerce.ranking import Kind, Lines

NAME = "scipy item-kNN (cosine, top 50) + frequency"
_KEEP = 50
_BLOCK = 4096


class ItemKnn:
    """Neighbours fitted once; new events need a new fit."""

    def __init__(self, lines: Lines, users: int, cards: Cards, path: Path) -> None:
        self.fit(lines, users, len(cards))
        self._connection = sqlite3.connect(path)
        self._connection.execute("CREATE TABLE products (number INTEGER PRIMARY KEY, id, title, price, brand, image)")
        rows = [
            (n, cards.ids[n], cards.titles[n], int(cards.price_minor[n]), cards.brands[n], cards.images[n])
            for n in range(len(cards))
        ]
        self._connection.executemany("INSERT INTO products VALUES (?, ?, ?, ?, ?, ?)", rows)
        self._connection.commit()

    def fit(self, lines: Lines, users: int, products: int) -> None:
        """Count again from all lines."""
        import scipy.sparse as sp

        bought = lines.take((lines.kind == Kind.PURCHASE) & (lines.user >= 0))
        ones = np.ones(len(bought), np.float32)
        counts: Any = sp.csr_matrix((ones, (bought.user, bought.product)), shape=(users, products))
        counts.data = np.log1p(counts.data)
        norms = np.sqrt(np.asarray(counts.power(2).sum(axis=0)).ravel())
        unit = (counts @ sp.diags(1.0 / np.maximum(norms, 1e-9))).tocsr().astype(np.float32)
        self.counts, self.near = counts, _top(unit.T.tocsr(), unit.tocsr(), products)

    def recommend(self, user: int, size: int = 12) -> list[Any]:
        """Return the best products of a user, with what a page shows of them."""
        row = self.counts[user]
        scores = np.asarray((row @ self.near).todense()).ravel()
        scores[row.indices] += row.data
        top = np.argpartition(-scores, size)[:size]
        return self._read(top[np.argsort(-scores[top])])

    def beside(self, product: int, size: int = 12) -> list[Any]:
        """Return a product's neighbours."""
        row = self.near[product]
        return self._read(row.indices[np.argsort(-row.data)[:size]])

    def _read(self, products: Any) -> list[Any]:
        marks = ",".join("?" * len(products))
        query = f"SELECT * FROM products WHERE number IN ({marks})"  # noqa: S608 - only question marks
        return self._connection.execute(query, [int(number) for number in products]).fetchall()


def _top(left: Any, right: Any, products: int) -> Any:
    import scipy.sparse as sp

    rows, columns, values = [], [], []
    for start in range(0, products, _BLOCK):
        part = (left[start : start + _BLOCK] @ right).tocsr()
        for row in range(part.shape[0]):
            low, high = part.indptr[row], part.indptr[row + 1]
            near, score = part.indices[low:high], part.data[low:high]
            if len(near) > _KEEP:
                best = np.argpartition(-score, _KEEP)[:_KEEP]
                near, score = near[best], score[best]
            rows.append(np.full(len(near), start + row))
            columns.append(near)
            values.append(score)
    return sp.csr_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(products, products)
    )


def call(function: Callable[[int], object], argument: int) -> Callable[[], object]:
    """Bind an argument."""
    return lambda: function(argument)
