"""Which examples a step sees: a pure function of the seed and the step, so a resumed run needs no other place mark."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yunqi.kernel.errors import Invalid

IGNORED = -100
_POOL = 32


def token_type(vocabulary: int) -> type[np.unsignedinteger]:
    """Return the smallest type that holds every token id."""
    return np.uint16 if vocabulary <= 1 << 16 else np.uint32


def repeats(documents: int, weight: float, *, seed: int) -> NDArray[np.int64]:
    """Return the indices of a source's documents in one epoch, by its mixing weight.

    The whole part of the weight repeats every document; the rest draws that part of them without replacement.
    """
    whole, part = int(weight), weight - int(weight)
    drawn = np.random.default_rng([seed, 2]).permutation(documents)[: round(part * documents)]
    return np.concatenate([np.tile(np.arange(documents), whole), np.sort(drawn)]).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Windows:
    """Sequences cut from one long row of tokens.

    Parameters
    ----------
    tokens
        Token ids, shape [count]; usually a memory map.
    sequence
        Tokens of input in a window; one more is read as the last target.
    """

    tokens: NDArray[np.unsignedinteger]
    sequence: int
    seed: int

    def __post_init__(self) -> None:
        if len(self.tokens) < 2 * self.sequence + 1:
            raise Invalid(
                f"The data holds {len(self.tokens)} tokens, which is less than two sequences of {self.sequence}. "
                "Give more text or a smaller train.sequence.",
                param="sequence",
            )

    @property
    def per_epoch(self) -> int:
        """Return how many windows an epoch has."""
        return (len(self.tokens) - 1 - self.sequence) // self.sequence

    def at(self, first: int, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return windows number ``first`` on, counted over all epochs: inputs and targets, [count, sequence] each."""
        rows = np.stack([self._window(number) for number in range(first, first + count)])
        return rows[:, :-1], rows[:, 1:]

    def _window(self, number: int) -> NDArray[np.int64]:
        epoch, place = divmod(number, self.per_epoch)
        order, offset = _epoch(self.seed, epoch, self.per_epoch, self.sequence)
        start = int(order[place]) * self.sequence + offset
        return np.asarray(self.tokens[start : start + self.sequence + 1], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Examples:
    """Examples of different lengths, each with the tokens that count marked.

    Parameters
    ----------
    tokens, counted
        Token ids and whether each is learned, shape [count].
    offsets
        Where each example begins, shape [examples + 1].
    sequence
        Longest example; what is longer loses its beginning.
    """

    tokens: NDArray[np.unsignedinteger]
    counted: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    sequence: int
    seed: int
    padding: int

    @property
    def per_epoch(self) -> int:
        """Return how many examples an epoch has."""
        return len(self.offsets) - 1

    def at(self, first: int, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return examples number ``first`` on, counted over all epochs, padded on the right."""
        return self.rows([self.number(place, count) for place in range(first, first + count)])

    def rows(self, numbers: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return these examples as inputs and targets, [len(numbers), longest]; `IGNORED` where nothing is learned."""
        taken = [
            slice(max(int(self.offsets[n]), int(self.offsets[n + 1]) - self.sequence - 1), int(self.offsets[n + 1]))
            for n in numbers
        ]
        longest = max(piece.stop - piece.start for piece in taken) - 1
        inputs = np.full((len(taken), longest), self.padding, dtype=np.int64)
        targets = np.full((len(taken), longest), IGNORED, dtype=np.int64)
        for row, piece in enumerate(taken):
            ids, counts = self.tokens[piece].astype(np.int64), self.counted[piece]
            inputs[row, : len(ids) - 1] = ids[:-1]
            targets[row, : len(ids) - 1] = np.where(counts[1:], ids[1:], IGNORED)
        return inputs, targets

    def number(self, place: int, batch: int) -> int:
        """Return the example at a place of the epochs' order: shuffled, then by length within pools of batches."""
        epoch, within = divmod(place, self.per_epoch)
        return int(_by_length(self.seed, epoch, self.per_epoch, batch, self.offsets)[within])


_orders: dict[tuple[int, ...], tuple[NDArray[np.int64], int]] = {}


def _epoch(seed: int, epoch: int, windows: int, sequence: int) -> tuple[NDArray[np.int64], int]:
    key = (seed, epoch, windows, sequence)
    if key not in _orders:
        random = np.random.default_rng([seed, 3, epoch])
        _orders.clear()
        _orders[key] = random.permutation(windows), int(random.integers(0, sequence))
    return _orders[key]


_pools: dict[tuple[int, ...], NDArray[np.int64]] = {}


def _by_length(seed: int, epoch: int, examples: int, batch: int, offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    key = (seed, epoch, examples, batch)
    if key not in _pools:
        random = np.random.default_rng([seed, 4, epoch])
        order = random.permutation(examples)
        lengths = np.diff(offsets)
        pools = [order[start : start + _POOL * batch] for start in range(0, examples, _POOL * batch)]
        batches = []
        for pool in pools:
            ordered = pool[np.argsort(lengths[pool], kind="stable")]
            cut = [ordered[start : start + batch] for start in range(0, len(ordered), batch)]
            batches += [cut[place] for place in random.permutation(len(cut))]
        _pools.clear()
        _pools[key] = np.concatenate(batches)
    return _pools[key]
