"""Small orders into cartons: the cheapest division of the pieces, by branch and bound over what goes into each carton."""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence

from yunqi.commerce.logistics.model.packing import Bin, Item, PackingProblem, Placement

MOST_PIECES, MOST_MIXES = 12, 600
"""Larger orders have too many mixes of pieces to try."""
Mix = tuple[int, ...]
"""How many of each item."""
Pieces = list[tuple[int, Placement]]
Fill = Callable[[Bin, Mix], Pieces | None]
"""Packs a mix whole into a bin, or returns None."""


def is_small(problem: PackingProblem, copies: Sequence[int]) -> bool:
    """Whether all mixes of an order can be tried, and there is a choice of bins."""
    is_choice = len(problem.bins) > 1 or problem.bins[0].copies != 1
    return is_choice and sum(copies) <= MOST_PIECES and math.prod(number + 1 for number in copies) <= MOST_MIXES


def prices(bins: Sequence[Bin]) -> list[int]:
    """Return what bins count as: their cost, or their volume where none has a cost."""
    return [bin_.cost for bin_ in bins] if any(bin_.cost for bin_ in bins) else [bin_.volume for bin_ in bins]


class Cartons:
    """The search; what it finds is as good as ``fill`` packs, and the best of all where it was not stopped.

    Parameters
    ----------
    is_over
        Asked often; what was found until then is returned.
    """

    def __init__(self, problem: PackingProblem, fill: Fill, *, is_over: Callable[[], bool]) -> None:
        self._items, self._bins = problem.items, problem.bins
        self._fill, self._is_over = fill, is_over
        self._prices = prices(problem.bins)
        self._known: dict[tuple[int, Mix], Pieces | None] = {}
        self._seen: dict[tuple[Mix, Mix], int] = {}
        self._best = math.inf
        self._found: list[tuple[Bin, Pieces]] | None = None

    def cheapest(self, copies: Sequence[int], *, below: float) -> list[tuple[Bin, Pieces]] | None:
        """Return bins with their pieces that hold everything and cost less than ``below``; None when none were found."""
        self._best = below
        room = tuple(bin_.copies or len(self._items) * MOST_PIECES for bin_ in self._bins)
        self._go(tuple(copies), room, 0, [])
        return self._found

    def _go(self, left: Mix, room: Mix, spent: int, chosen: list[tuple[int, Mix]]) -> None:
        if not any(left):
            self._best = spent
            self._found = [(self._bins[kind], self._known[kind, mix] or []) for kind, mix in chosen]
            return
        if self._seen.get((left, room), spent + 1) <= spent or spent + self._least(left) >= self._best:
            return
        self._seen[left, room] = spent
        first = next(at for at, number in enumerate(left) if number)
        mixes = sorted(_mixes(left, first), key=lambda mix: -self._volume(mix))
        for kind in sorted(range(len(self._bins)), key=self._prices.__getitem__):
            for mix in mixes if room[kind] else ():
                if self._is_over():
                    return
                price = spent + self._prices[kind]
                after = tuple(a - b for a, b in zip(left, mix, strict=True))
                if price + self._least(after) >= self._best or not self._holds(kind, mix):
                    continue
                fewer = (*room[:kind], room[kind] - 1, *room[kind + 1 :])
                self._go(after, fewer, price, [*chosen, (kind, mix)])

    def _least(self, left: Mix) -> float:
        """Return what the bins for these pieces cost at least: by volume, and by the dearest piece."""
        by_volume = min(price / bin_.volume for price, bin_ in zip(self._prices, self._bins, strict=True))
        alone = [
            min((p for p, bin_ in zip(self._prices, self._bins, strict=True) if fits(item, bin_)), default=math.inf)
            for item, number in zip(self._items, left, strict=True)
            if number
        ]
        return max(by_volume * self._volume(left) - 1e-9, max(alone, default=0.0))

    def _volume(self, mix: Mix) -> int:
        return sum(item.volume * number for item, number in zip(self._items, mix, strict=True))

    def _holds(self, kind: int, mix: Mix) -> bool:
        if (kind, mix) not in self._known:
            bin_ = self._bins[kind]
            grams = sum(item.weight * number for item, number in zip(self._items, mix, strict=True))
            might = self._volume(mix) <= bin_.volume and (bin_.payload is None or grams <= bin_.payload)
            might = might and all(fits(item, bin_) for item, number in zip(self._items, mix, strict=True) if number)
            self._known[kind, mix] = self._fill(bin_, mix) if might else None
        return self._known[kind, mix] is not None


def _mixes(left: Mix, first: int) -> Iterator[Mix]:
    """Yield every choice of pieces that holds one of the item ``first``."""
    ranges: list[Sequence[int]] = [range(number + 1) for number in left]
    ranges[first] = range(1, left[first] + 1)
    yield from itertools.product(*ranges)


def fits(item: Item, bin_: Bin) -> bool:
    """Whether a piece goes into an empty bin."""
    within = any(
        all(edge <= room for edge, room in zip(turn.turn(item.size), bin_.size, strict=True)) for turn in item.rotations
    )
    return within and (bin_.payload is None or item.weight <= bin_.payload)
