"""The n-gram baseline: interpolated modified Kneser-Ney over a tokenizer's tokens.

After Chen and Goodman (1999, section 4.2): three discounts an order, estimated from the counts of counts; lower orders
count the different words that come before, not occurrences. Contexts are hashed to 64 bits, so an order is two sorted
arrays.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_FACTOR = np.uint64(0x9E3779B97F4A7C15)

Tokens = NDArray[np.int64]


class KneserNey:
    """An n-gram model of sequences of token ids.

    Parameters
    ----------
    documents
        Token ids of each training document.
    order
        Longest n-gram.
    vocabulary
        Number of possible tokens: unseen ones get an equal part of what the unigrams leave over.
    """

    def __init__(self, documents: Sequence[Tokens], *, order: int, vocabulary: int) -> None:
        self._order = order
        self._vocabulary = vocabulary
        self._levels = [_level(documents, size, highest=size == order) for size in range(1, order + 1)]

    def log_likelihood(self, document: Tokens) -> NDArray[np.float64]:
        """Return the natural log probability of each token given those before it, shape [len(document)]."""
        count = len(document)
        found = np.full(count, 1.0 / self._vocabulary)
        for size in range(1, self._order + 1):
            level = self._levels[size - 1]
            places = np.arange(size - 1, count)
            if not len(places):
                break
            found[places] = level.interpolated(
                _hashes(document, size), _hashes(document, size - 1, places), found[places]
            )
        logs: NDArray[np.float64] = np.log(found)
        return logs


@dataclass(frozen=True, slots=True)
class _Level:
    """One order: discounted mass of each n-gram, and of each context its total and what it leaves to lower orders."""

    grams: NDArray[np.uint64]
    masses: NDArray[np.float64]
    contexts: NDArray[np.uint64]
    totals: NDArray[np.float64]
    left: NDArray[np.float64]

    def interpolated(
        self, grams: NDArray[np.uint64], contexts: NDArray[np.uint64], lower: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        place = np.searchsorted(self.contexts, contexts).clip(max=len(self.contexts) - 1)
        known = self.contexts[place] == contexts
        at = np.searchsorted(self.grams, grams).clip(max=len(self.grams) - 1)
        mass = np.where(self.grams[at] == grams, self.masses[at], 0.0)
        mixed = (mass + self.left[place] * lower) / self.totals[place]
        return np.where(known, mixed, lower)


def _level(documents: Sequence[Tokens], size: int, *, highest: bool) -> _Level:
    keys, contexts, counts = _counted(documents, size, highest=highest)
    discounts = _discounts(counts)
    taken = discounts[np.minimum(counts, 3)]
    names, inverse = np.unique(contexts, return_inverse=True)
    totals = np.bincount(inverse, weights=counts.astype(float)).astype(np.float64)
    left = np.bincount(inverse, weights=taken).astype(np.float64)
    order = np.argsort(keys)
    return _Level(keys[order], (counts - taken)[order], names, totals, left)


def _counted(
    documents: Sequence[Tokens], size: int, *, highest: bool
) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.int64]]:
    """Return different n-grams, their contexts, and how often each came, or after how many different tokens."""
    wide = size if highest else size + 1
    rows = [np.lib.stride_tricks.sliding_window_view(d, wide) for d in documents if len(d) >= wide]
    starts = [] if highest else [d[:size] for d in documents if len(d) >= size]  # nothing comes before: counted once
    table = np.concatenate(rows)
    if not highest:
        distinct = np.unique(_hash_rows(table), return_index=True)[1]
        table = table[distinct][:, 1:]
        if starts:
            table = np.concatenate([table, np.unique(np.stack(starts), axis=0)])
    hashes = _hash_rows(table)
    keys, first, counts = np.unique(hashes, return_index=True, return_counts=True)
    return keys, _hash_rows(table[first][:, :-1]), counts.astype(np.int64)


def _discounts(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return what is taken from counts 0, 1, 2 and 3 or more; never nothing, or the unseen would be impossible."""
    n1, n2, n3, n4 = (max(1, int((counts == n).sum())) for n in (1, 2, 3, 4))
    y = n1 / (n1 + 2 * n2)
    found = [0.0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3]
    clipped: NDArray[np.float64] = np.clip(np.asarray(found), [0.0, 0.1, 0.1, 0.1], [0.0, 1.0, 2.0, 3.0])
    return clipped


def _hash_rows(table: Tokens) -> NDArray[np.uint64]:
    found = np.full(len(table), 1469598103934665603, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for column in range(table.shape[1]):
            found = (found ^ table[:, column].astype(np.uint64)) * _FACTOR
            found ^= found >> np.uint64(29)
    return found


def _hashes(document: Tokens, size: int, ends: NDArray[np.int64] | None = None) -> NDArray[np.uint64]:
    """Return hashes of the n-grams of a document; with ``ends``, of the ``size`` tokens before each of those places."""
    if ends is None:
        return _hash_rows(np.lib.stride_tricks.sliding_window_view(document, size))
    if size == 0:
        return _hash_rows(np.zeros((len(ends), 0), dtype=np.int64))
    return _hash_rows(np.stack([document[ends - size + shift] for shift in range(size)], axis=1))
