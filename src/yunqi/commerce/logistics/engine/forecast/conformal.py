"""Intervals that keep their level while the world drifts.

A score says how far an outcome fell outside a raw interval, in widths of that interval (conformalised quantile regression,
Romano, Patterson and Candes 2019; scaled as by Sesia and Candes 2020). The raw interval is widened by a quantile of the last
scores, and the level that is asked of the quantile moves against the errors made (adaptive conformal inference, Gibbs and
Candes 2021). A class of trips has scores and a level of its own once it has enough of them.
"""

import bisect
from collections import deque

WINDOW = 3_000
"""The most recent scores that count."""
ENOUGH = 300
"""Scores after which a class stands for itself."""
STEP = 0.002
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
        self._classes: dict[int, Recent] = {}
        self._level = level
        self._adapts = adapts

    def calibrate(self, group: int, score: float) -> None:
        """Take in the score of a trip that ended before the first forecast."""
        self._whole.add(score)
        self._classes.setdefault(group, Recent(1 - self._level)).add(score)

    def wider(self, group: int) -> float:
        """Return by how many widths the raw interval of a class is to grow on each side; below 0 it shrinks."""
        return self._of(group).quantile()

    def learn(self, group: int, score: float, *, allowed: float) -> None:
        """Take in the score of a trip that ended, and whether the interval that it was given held it."""
        if not self._adapts:
            return
        self._of(group).judge(missed=score > allowed)
        self.calibrate(group, score)

    def _of(self, group: int) -> Recent:
        mine = self._classes.get(group)
        return mine if mine is not None and len(mine) >= ENOUGH else self._whole
