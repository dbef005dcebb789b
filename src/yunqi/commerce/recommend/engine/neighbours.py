"""Which products go with which: counted from the visits of all shoppers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from yunqi.commerce.ranking import Kind, Lines, occurrence

Dense = npt.NDArray[np.int32]
Scores = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The best neighbours of each product, best first; rows are padded with -1 and 0."""

    products: Dense
    scores: Scores

    def __len__(self) -> int:
        return len(self.products)

    def of(self, seeds: Dense, weights: Scores, limit: int) -> tuple[Dense, Scores]:
        """Return the products nearest to a weighted set of seeds, with their summed scores, best first."""
        inside = seeds < len(self.products)
        near = self.products[seeds[inside]].ravel()
        scores = (self.scores[seeds[inside]] * weights[inside, None]).ravel()
        real = near >= 0
        return best(near[real], scores[real], limit)


def best(products: Dense, scores: Scores, limit: int) -> tuple[Dense, Scores]:
    """Sum the scores of repeated products and return the highest; ties go to the lower product number."""
    if not len(products):
        return np.zeros(0, np.int32), np.zeros(0, np.float32)
    unique, inverse = np.unique(products, return_inverse=True)
    sums = np.bincount(inverse, weights=scores)
    order = np.argsort(-sums, kind="stable")[:limit]
    return unique[order], sums[order].astype(np.float32)


@dataclass(frozen=True, slots=True)
class Visits:
    """Which products were met together: one row for each product of a visit; visits of a user are in time order."""

    visit: Ints
    product: Dense
    user: Dense

    @classmethod
    def of(cls, lines: Lines, *, gap_minutes: float = 30.0, largest: int = 60) -> "Visits":
        """Cut lines into visits.

        A purchase's basket is a visit; a user's views are cut where nothing happened for ``gap_minutes``. Order inside
        of a visit is not used: a basket has none. Products after the ``largest`` number of a visit are left out, since
        such visits say little about pairs and cost the square of their size.
        """
        known = (lines.user >= 0) & (lines.kind != Kind.PRICE)
        lines = lines.take(known)
        lines = lines.take(np.argsort(lines.user, kind="stable"))
        bought = lines.kind == Kind.PURCHASE
        new = np.ones(len(lines), np.bool_)
        new[1:] = (
            (lines.user[1:] != lines.user[:-1])
            | (bought[1:] & (lines.basket[1:] != lines.basket[:-1]))
            | (bought[1:] != bought[:-1])
            | (lines.at[1:] - lines.at[:-1] > gap_minutes * 60e6)
        )
        visit = np.cumsum(new) - 1
        _, first = np.unique(visit << 32 | lines.product, return_index=True)
        first = np.sort(first)
        visit, product, user = visit[first], lines.product[first], lines.user[first]
        kept = occurrence(visit) < largest
        return cls(visit[kept], product[kept], user[kept])


def together(visits: Visits, size: int, *, keep: int = 50, shrink: float = 10.0) -> Neighbours:
    """Count products met in the same visit; a visit of n products adds 1/n for each pair.

    Parameters
    ----------
    size
        Product numbers are below it.
    shrink
        Added to the denominator: pairs seen once or twice do not come first.
    """
    if not len(visits.visit):
        return empty(size, keep)
    incidence, counts = _incidence(visits, size)
    return _normalised(incidence.T.tocsr(), incidence, counts, keep, shrink)


def following(visits: Visits, size: int, *, keep: int = 50, shrink: float = 10.0) -> Neighbours:
    """Count products met in the same user's next visit: directed."""
    if not len(visits.visit):
        return empty(size, keep)
    incidence, counts = _incidence(visits, size)
    owner = np.zeros(incidence.shape[0], np.int32)
    owner[visits.visit] = visits.user
    before = np.flatnonzero(owner[1:] == owner[:-1])
    if not len(before):
        return empty(size, keep)
    return _normalised(incidence[before].T.tocsr(), incidence[before + 1], counts, keep, shrink)


def empty(size: int, keep: int) -> Neighbours:
    """Return neighbours of products that have none."""
    return Neighbours(np.full((size, keep), -1, np.int32), np.zeros((size, keep), np.float32))


def _incidence(visits: Visits, size: int) -> tuple[Any, Any]:
    import scipy.sparse as sp

    weight = (1.0 / np.sqrt(np.bincount(visits.visit).clip(1)))[visits.visit].astype(np.float32)
    shape = (int(visits.visit.max()) + 1, size)
    incidence = sp.csr_matrix((weight, (visits.visit, visits.product)), shape=shape)
    return incidence, np.bincount(visits.product, weights=weight.astype(np.float64) ** 2, minlength=size)


def _normalised(left: Any, right: Any, counts: Any, keep: int, shrink: float) -> Neighbours:
    size = left.shape[0]
    products = np.full((size, keep), -1, np.int32)
    scores = np.zeros((size, keep), np.float32)
    block = 4096
    for start in range(0, size, block):
        part = (left[start : start + block] @ right).tocsr()
        for row in range(part.shape[0]):
            low, high = part.indptr[row], part.indptr[row + 1]
            if high > low:
                _keep_best(products, scores, start + row, part.indices[low:high], part.data[low:high], counts, shrink)
    return Neighbours(products, scores)


def _keep_best(products: Dense, scores: Scores, row: int, near: Any, sums: Any, counts: Any, shrink: float) -> None:
    value = sums / (np.sqrt(counts[row] * counts[near]) + shrink)
    other = near != row
    near, value = near[other], value[other]
    keep = products.shape[1]
    if len(value) > keep:
        top = np.argpartition(-value, keep)[:keep]
        near, value = near[top], value[top]
    order = np.lexsort((near, -value))
    products[row, : len(order)] = near[order]
    scores[row, : len(order)] = value[order]
