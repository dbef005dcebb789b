"""Finite chances of a time: arrays of minutes in order and of what is likely."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.model.journeys import Outcomes

NEVER = 10**12
"""The minute that stands for not at all."""
SLACK = 1e-12


@dataclass(frozen=True, slots=True)
class Chances:
    """When something happens.

    Parameters
    ----------
    at
        Minutes, each once, in order; ``NEVER`` for not at all.
    share
        The chance of each.
    """

    at: npt.NDArray[np.int64]
    share: npt.NDArray[np.float64]

    def shifted(self, minutes: int) -> "Chances":
        """Return it so much later."""
        return self.moved(lambda at: at + minutes)

    def moved(self, step: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.int64]]) -> "Chances":
        """Return it with every minute but ``NEVER`` replaced by what ``step`` makes of it."""
        there = self.at < NEVER
        moved = np.where(there, NEVER, self.at)
        moved[there] = step(self.at[there])
        return merged(moved, self.share)

    def plus(self, takes: Outcomes) -> "Chances":
        """Return it after something that takes time by its own chances."""
        minutes = np.array([minute for _, minute in takes])
        shares = np.array([share for share, _ in takes])
        summed = np.where(self.at[:, None] >= NEVER, NEVER, self.at[:, None] + minutes)
        return merged(summed.ravel(), np.outer(self.share, shares).ravel())

    def by(self, minute: int) -> float:
        """Return the chance that it is at a minute or before."""
        return float(self.share[: int(np.searchsorted(self.at, minute, side="right"))].sum())

    def quantile(self, share: float) -> int:
        """Return the first minute by which it has happened with a chance; ``NEVER`` if with none."""
        found = int(np.searchsorted(self.share.cumsum(), share - SLACK))
        return int(self.at[found]) if found < len(self.at) else NEVER

    def is_never_later(self, other: "Chances") -> bool:
        """Whether it is at least as likely as ``other`` to have happened, at every minute (stochastic dominance)."""
        mine = np.concatenate([[0.0], self.share.cumsum()])[np.searchsorted(self.at, other.at, side="right")]
        there = other.at < NEVER
        return bool((mine[there] >= other.share.cumsum()[there] - 1e-9).all())

    def outcomes(self) -> Outcomes:
        """Return it as plain pairs, without what never happens."""
        return tuple((float(s), int(a)) for a, s in zip(self.at, self.share, strict=True) if a < NEVER)


def certain(minute: int) -> Chances:
    """Return what happens at one minute for sure."""
    return Chances(np.array([minute], np.int64), np.array([1.0]))


def merged(at: npt.NDArray[np.int64], share: npt.NDArray[np.float64]) -> Chances:
    """Return minutes in order, each once."""
    times, place = np.unique(at, return_inverse=True)
    summed: npt.NDArray[np.float64] = np.zeros(len(times))
    np.add.at(summed, place, share)
    return Chances(times.astype(np.int64), summed)
