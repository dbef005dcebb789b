"""Intervals that keep their level while the world drifts.

A score says how far an outcome fell outside a raw interval, in widths of that interval (conformalised quantile regression,
Romano, Patterson and Candes 2019; scaled as by Sesia and Candes 2020). The raw interval is widened by a quantile of the last
scores, and the level that is asked of the quantile moves against the errors made (adaptive conformal inference, Gibbs and
Candes 2021). A class of trips has scores and a level of its own once it has enough of them, and so has each part of it
(Mondrian: long and short ones, for example); until then the class stands for the part, and all trips for the class.
"""

import bisect
from collections import deque

Cell = tuple[int, ...]
"""A class, then the part of it."""
WINDOW = 3_000
"""The most recent scores that count."""
ENOUGH = 300
"""Scores after which a class, or a part of it, stands for itself."""
STEP = 0.004
"""How far one error moves the level."""


class Recent:
    """The last scores of one class, in order of size, and the level in force."""

    def __init__(self, miss: float) -> None:
        self.target = miss
        self.miss = miss
        self._last: deque[float] = deque()
        self._sorted: list[float] = []

    def __len__(self) -> int:
        return len(self._sorted)

    def add(self, score: float) -> None:
        """Take in a score; the oldest goes when there are too many."""
        self._last.append(score)
        bisect.insort(self._sorted, score)
        if len(self._last) > WINDOW:
            self._sorted.pop(bisect.bisect_left(self._sorted, self._last.popleft()))

    def quantile(self) -> float:
        """Return the score that the next outcome exceeds with the chance of a miss."""
        count = len(self._sorted)
        rank = int((1 - self.miss) * (count + 1) + 1 - 1e-9)
        return self._sorted[min(max(rank, 1), count) - 1]

    def judge(self, *, missed: bool) -> None:
        """Ask for a little more after a miss and a little less after a hit."""
        self.miss = min(max(self.miss + STEP * (self.target - missed), self.target / 20), 0.5)


class Adaptive:
    """Scores and levels of all classes.

    Parameters
    ----------
    level
        The share of outcomes that intervals should hold.
    adapts
        Whether scores and levels move on after calibration.
    """

    def __init__(self, level: float, *, adapts: bool = True) -> None:
        self._whole = Recent(1 - level)
        self._classes: dict[Cell, Recent] = {}
        self._level = level
        self._adapts = adapts

    def calibrate(self, cell: Cell, score: float) -> None:
        """Take in the score of a trip that ended before the first forecast."""
        self._whole.add(score)
        for depth in range(1, len(cell) + 1):
            self._classes.setdefault(cell[:depth], Recent(1 - self._level)).add(score)

    def wider(self, cell: Cell) -> float:
        """Return by how many widths the raw interval of a class is to grow on each side; below 0 it shrinks."""
        return self._of(cell).quantile()

    def learn(self, cell: Cell, score: float, *, allowed: float) -> None:
        """Take in the score of a trip that ended, and whether the interval that it was given held it."""
        if not self._adapts:
            return
        self._of(cell).judge(missed=score > allowed)
        self.calibrate(cell, score)

    def _of(self, cell: Cell) -> Recent:
        for depth in range(len(cell), 0, -1):
            mine = self._classes.get(cell[:depth])
            if mine is not None and len(mine) >= ENOUGH:
                return mine
        return self._whole
