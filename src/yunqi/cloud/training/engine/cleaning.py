"""Cleans training text: normalised, without what was seen before, nearly seen, or is in the held-out examples.

Near duplicates are found by MinHash signatures (Broder, 1997) banded into buckets (Leskovec, Rajaraman, Ullman, Mining
of Massive Datasets, chapter 3): two documents meet in a bucket with a chance that rises steeply around the threshold,
and only those that meet are compared.
"""

import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from yunqi.cloud.training.model import Cleaning

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufeff]")
_WORD = re.compile(r"\w+")
_PERMUTATIONS = 64
_ROWS = 4
_SHINGLE = 3
_PRIME = np.uint64((1 << 31) - 1)


def normalise(text: str) -> str:
    """Return the text in Unicode NFC with one kind of line end and without control characters."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _CONTROL.sub("", text).strip()


def words(text: str) -> list[str]:
    """Return the words in lower case, as the comparisons see them."""
    return _WORD.findall(text.lower())


@dataclass(slots=True)
class Removed:
    """How many documents were taken out, and why."""

    short: int = 0
    exact: int = 0
    near: int = 0
    contaminated: int = 0


class NearDuplicates:
    """Remembers signatures; says whether a document is nearly one seen before.

    Parameters
    ----------
    threshold
        Smallest estimated Jaccard similarity of the sets of three-word shingles that counts as the same.
    seed
        Draws the permutations.
    """

    def __init__(self, threshold: float, *, seed: int) -> None:
        self._threshold = threshold
        random = np.random.default_rng([seed, 1])
        self._factor = random.integers(1, int(_PRIME), _PERMUTATIONS, dtype=np.uint64)
        self._shift = random.integers(0, int(_PRIME), _PERMUTATIONS, dtype=np.uint64)
        self._buckets: dict[tuple[int, bytes], list[int]] = {}
        self._signatures: list[NDArray[np.uint32]] = []

    def seen(self, tokens: Sequence[str]) -> bool:
        """Return whether a near duplicate was added before; if not, the document is added."""
        signature = self._signature(tokens)
        keys = [(band, signature[band : band + _ROWS].tobytes()) for band in range(0, _PERMUTATIONS, _ROWS)]
        candidates = {other for key in keys for other in self._buckets.get(key, ())}
        least = self._threshold * _PERMUTATIONS
        if any(int((self._signatures[other] == signature).sum()) >= least for other in candidates):
            return True
        for key in keys:
            self._buckets.setdefault(key, []).append(len(self._signatures))
        self._signatures.append(signature)
        return False

    def _signature(self, tokens: Sequence[str]) -> NDArray[np.uint32]:
        count = max(1, len(tokens) - _SHINGLE + 1)
        shingles = {zlib.crc32(" ".join(tokens[i : i + _SHINGLE]).encode()) & 0x7FFFFFFF for i in range(count)}
        hashes = np.fromiter(shingles, dtype=np.uint64, count=len(shingles))
        permuted = (hashes[:, None] * self._factor + self._shift) % _PRIME
        found: NDArray[np.uint32] = permuted.min(axis=0).astype(np.uint32)
        return found


class Contamination:
    """The word n-grams of held-out examples; a training document that shares one is refused.

    Parameters
    ----------
    length
        Words in a row. A held-out example with fewer words counts as one n-gram of its own length.
    """

    def __init__(self, length: int) -> None:
        self._length = length
        self._grams: dict[int, set[tuple[str, ...]]] = {}

    def add(self, text: str) -> None:
        """Remember a held-out example."""
        tokens = words(text)
        size = min(self._length, len(tokens))
        if size:
            grams = (tuple(tokens[i : i + size]) for i in range(len(tokens) - size + 1))
            self._grams.setdefault(size, set()).update(grams if size == self._length else [tuple(tokens)])

    def touches(self, tokens: Sequence[str]) -> bool:
        """Return whether the words share an n-gram with a held-out example; short examples must be equal."""
        full = self._grams.get(self._length, set())
        if len(tokens) < self._length:
            return tuple(tokens) in self._grams.get(len(tokens), set())
        return any(tuple(tokens[i : i + self._length]) in full for i in range(len(tokens) - self._length + 1))


@dataclass(slots=True)
class Cleaner:
    """Passes documents through in order and counts what it holds back.

    Parameters
    ----------
    rules
        What is taken out.
    heldout
        Texts that no training document may share a run of words with.
    """

    rules: Cleaning
    seed: int
    heldout: Iterable[str] = ()
    removed: Removed = field(default_factory=Removed)

    def clean(self, documents: Iterable[str]) -> Iterator[str]:
        """Yield the documents that stay."""
        kept: set[int] = set()
        near = NearDuplicates(self.rules.near, seed=self.seed) if self.rules.near else None
        foreign = Contamination(self.rules.contamination)
        for text in self.heldout if self.rules.contamination else ():
            foreign.add(text)
        for document in documents:
            text = normalise(document) if self.rules.normalise else document
            tokens = words(text)
            fingerprint = zlib.crc32(" ".join(tokens).encode()) << 32 | zlib.adler32(text.lower().encode())
            if len(text) < self.rules.shortest:
                self.removed.short += 1
            elif self.rules.contamination and foreign.touches(tokens):
                self.removed.contaminated += 1
            elif self.rules.exact and fingerprint in kept:
                self.removed.exact += 1
            elif near is not None and near.seen(tokens):
                self.removed.near += 1
            else:
                kept.add(fingerprint)
                yield text
