"""Counts that fade: each addition loses half its weight in every half-life.

The sums are kept in "forward decay": an addition at time t weighs ``2 ** ((t - origin) / half_life)``, so nothing has
to be touched as time passes, and a batch adds in the same order, with the same numbers, as one event after another.
Before the exponent can overflow, the origin moves by whole half-lives, which scales by a power of two: exact.
"""

import numpy as np

from yunqi.commerce.ranking.engine.lines import Floats, Ints

DAY = 86_400_000_000
"""Microseconds."""

_SPAN = 256
_START = 946_684_800_000_000  # the year 2000


class Decayed:
    """A growing column of fading sums."""

    __slots__ = ("_step", "epoch", "half_life", "values")

    def __init__(self, half_life_days: float) -> None:
        self.half_life = half_life_days * DAY
        self._step = int(self.half_life * _SPAN)
        self.epoch = -1
        self.values: Floats = np.zeros(0)

    def grow(self, size: int) -> None:
        """Make room for ``size`` slots."""
        if size > len(self.values):
            wider = np.zeros(max(size, len(self.values) * 3 // 2))
            wider[: len(self.values)] = self.values
            self.values = wider

    def add(self, slots: Ints, at: Ints, amounts: Floats | None = None) -> None:
        """Add one (or an amount) to each slot, in the given order."""
        if not len(slots):
            return
        epochs = np.maximum(np.maximum.accumulate((at - _START) // self._step), self.epoch)
        for epoch in range(int(epochs[0]), int(epochs[-1]) + 1):
            here = epochs == epoch
            if here.any():
                self._move_to(epoch)
                weights = np.exp2((at[here] - self._origin()) / self.half_life)
                np.add.at(self.values, slots[here], weights if amounts is None else weights * amounts[here])

    def read(self, slots: Ints, now: int) -> Floats:
        """Return the sums as they have faded by ``now``."""
        return np.asarray(self.values[slots] * np.exp2(np.float64(self._origin() - now) / self.half_life))

    def read_all(self, size: int, now: int) -> Floats:
        """Return the first ``size`` sums as they have faded by ``now``."""
        return np.asarray(self.values[:size] * np.exp2(np.float64(self._origin() - now) / self.half_life))

    def _origin(self) -> int:
        return _START + max(self.epoch, 0) * self._step

    def _move_to(self, epoch: int) -> None:
        if self.epoch >= 0 and epoch > self.epoch:
            self.values *= 2.0 ** (-_SPAN * (epoch - self.epoch))
        self.epoch = epoch
