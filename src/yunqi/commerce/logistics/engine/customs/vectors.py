"""Sparse rows of weighted terms: BM25 for words, TF-IDF for pieces of words; terms are hashed, so no dictionary is kept."""

import zlib
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

from yunqi.commerce.logistics.engine.customs.words import SLOTS, pieces, words

Floats = npt.NDArray[np.float64]
FLATTENING, LENGTH = 1.2, 0.5
"""The k1 and b of BM25 (Robertson and Zaragoza 2009)."""


def word_terms(text: str) -> list[int]:
    """Return the hashed words of a text."""
    return [zlib.crc32(word.encode()) % SLOTS for word in words(text)]


def piece_terms(text: str) -> list[int]:
    """Return the hashed pieces of the words of a text."""
    return pieces(text)


def counts(texts: Sequence[str], terms: Callable[[str], list[int]]) -> sparse.csr_matrix:
    """Return how often each term stands in each text [texts, SLOTS]."""
    data: list[int] = []
    columns: list[int] = []
    ends = [0]
    for text in texts:
        found = Counter(terms(text))
        columns += sorted(found)
        data += [found[term] for term in sorted(found)]
        ends.append(len(columns))
    return sparse.csr_matrix((np.array(data, float), np.array(columns, np.int64), ends), shape=(len(texts), SLOTS))


def rarity(table: sparse.csr_matrix) -> Floats:
    """Return the inverse document frequency of every slot; a term that no text has counts as the rarest."""
    seen = np.bincount(table.indices, minlength=SLOTS)
    idf: Floats = np.log1p((table.shape[0] - seen + 0.5) / (seen + 0.5))
    return idf


def bm25(table: sparse.csr_matrix, idf: Floats) -> sparse.csr_matrix:
    """Return the BM25 weights of a table of counts; a question's score is its 0-1 row times these."""
    lengths = np.asarray(table.sum(axis=1)).ravel()
    norm = FLATTENING * (1 - LENGTH + LENGTH * lengths / max(lengths.mean(), 1e-9))
    rows = np.repeat(np.arange(table.shape[0]), np.diff(table.indptr))
    data = idf[table.indices] * table.data * (FLATTENING + 1) / (table.data + norm[rows])
    return sparse.csr_matrix((data, table.indices, table.indptr), shape=table.shape)


def unit(table: sparse.csr_matrix, idf: Floats) -> sparse.csr_matrix:
    """Return TF-IDF rows of length 1, so that a product of two rows is their likeness from 0 to 1."""
    data = (1 + np.log(table.data)) * idf[table.indices]
    weighted = sparse.csr_matrix((data, table.indices, table.indptr), shape=table.shape)
    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    return sparse.diags(1 / np.maximum(lengths, 1e-12)) @ weighted


def asked(texts: Sequence[str], idf: Floats) -> sparse.csr_matrix:
    """Return questions as rows of shares: each distinct word once, divided by the rarity of all words together."""
    table = counts(texts, word_terms)
    table.data[:] = 1.0
    rows = np.repeat(np.arange(len(texts)), np.diff(table.indptr))
    whole = np.bincount(rows, idf[table.indices], minlength=len(texts))
    return sparse.diags(1 / np.maximum(whole, 1e-12)) @ table
