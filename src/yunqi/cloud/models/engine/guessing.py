"""Guesses of a smaller model, judged so that what is said has the distribution of the larger one alone.

A guess x that was drawn from q is kept with the chance min(1, p(x) / q(x)), else a token is drawn from what p has more
than q (arXiv 2211.17192 and 2302.01318). How many to make follows from how many were kept and what they cost.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Tokens that may be chosen [n], and the chance of each [n]; chances sum to one."""

    tokens: NDArray[np.int64]
    chances: NDArray[np.float64]

    def at(self, tokens: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the chances of some tokens; 0 for those that may not be chosen."""
        order = np.argsort(self.tokens)
        places = order[np.minimum(np.searchsorted(self.tokens, tokens, sorter=order), len(order) - 1)]
        return np.where(self.tokens[places] == tokens, self.chances[places], 0.0)

    def drawn(self, draw: float) -> int:
        """Return the token that a number drawn evenly from [0, 1) stands for."""
        return _drawn(self.tokens, self.chances, draw)


@dataclass(frozen=True, slots=True, eq=False)
class Guess:
    """A token that may come next, and what it was drawn from; without that it is judged by being said or not."""

    token: int
    odds: Spread | None = None


def judged(target: Spread, guess: int, odds: Spread, draw: float) -> int:
    """Return the guess, or the token that takes its place; over all draws it is distributed as ``target``.

    Parameters
    ----------
    odds
        What the guess was drawn from.
    draw
        A number drawn evenly from [0, 1), independent of the guess.
    """
    place = np.array([guess])
    wanted, made = float(target.at(place)[0]), float(odds.at(place)[0])
    kept = min(1.0, wanted / made) if made else 0.0
    if draw < kept:
        return guess
    left = np.maximum(target.chances - odds.at(target.tokens), 0.0)
    if not left.sum():  # the two are the same but for rounding
        left = target.chances
    return _drawn(target.tokens, left, (draw - kept) / (1.0 - kept))  # given that it is no less than kept, even again


def _drawn(tokens: NDArray[np.int64], weights: NDArray[np.float64], draw: float) -> int:
    sums = weights.cumsum()
    return int(tokens[min(int(np.searchsorted(sums, draw * sums[-1], side="right")), len(sums) - 1)])


class Prices:
    """What a step costs by its tokens: a line through the steps so far, of which old ones count less."""

    _KEPT, _SLOPE, _HOLD = 0.97, 0.04, 4.0

    def __init__(self) -> None:
        self._weight = self._tokens = self._cost = self._squares = self._products = 0.0

    def seen(self, tokens: int, cost: float) -> None:
        """Learn what a step of so many tokens cost; one that took very long counts as twice what it should."""
        if self._weight >= 1.0:
            cost = min(cost, 2.0 * self.of(tokens))
        new = (1.0, tokens, cost, tokens * tokens, tokens * cost)
        old = (self._weight, self._tokens, self._cost, self._squares, self._products)
        self._weight, self._tokens, self._cost, self._squares, self._products = (
            self._KEPT * before + now for before, now in zip(old, new, strict=True)
        )

    @property
    def is_known(self) -> bool:
        """Whether there was a step."""
        return self._weight > 0

    def of(self, tokens: float) -> float:
        """Return what a step of so many tokens costs."""
        mean, cost = self._tokens / self._weight, self._cost / self._weight
        return max(cost + self._line() * (tokens - mean), 0.1 * cost)

    def _line(self) -> float:
        """Return what one more token costs; until steps of several sizes say so, a small part of a step."""
        mean, cost = self._tokens / self._weight, self._cost / self._weight
        spread = self._squares - self._weight * mean * mean
        common = self._products - self._weight * mean * cost
        return max(0.0, (common + self._HOLD * self._SLOPE * cost) / (spread + self._HOLD))


class Rate:
    """The share of guesses that were kept, of those that were judged; old ones count less.

    Parameters
    ----------
    prior
        What to expect before anything is known.
    """

    _KEPT, _HOLD = 0.97, 6.0

    def __init__(self, prior: "Rate | float" = 0.7) -> None:
        self._prior, self._right, self._judged = prior, 0.0, 0.0

    def heard(self, guessed: int, right: int) -> None:
        """Learn how many of a run's guesses were kept; those after the first wrong one say nothing."""
        count = right + (right < guessed)
        self._right = self._KEPT**count * self._right + right
        self._judged = self._KEPT**count * self._judged + count

    @property
    def value(self) -> float:
        """Return the share, pulled towards what was expected while little is known."""
        prior = self._prior.value if isinstance(self._prior, Rate) else self._prior
        return (self._HOLD * prior + self._right) / (self._HOLD + self._judged)


def width(rate: float, most: int, *, draft: float, more: float) -> int:
    """Return how many guesses give the most tokens for their cost; 0 where none pays.

    Parameters
    ----------
    rate
        The chance that a guess is kept, given that all before it were.
    draft, more
        What making a guess costs, and what reading it adds to a step; a step without guesses costs 1.
    """
    best, value, said, chance = 0, 1.0, 1.0, 1.0
    for count in range(1, most + 1):
        chance *= rate
        said += chance
        if said / (1.0 + count * (draft + more)) > value:
            best, value = count, said / (1.0 + count * (draft + more))
    return best


class Trials:
    """When to try again although guesses do not pay: after so many tokens, each time twice as many.

    Parameters
    ----------
    first, last
        Tokens until the first trial after guesses have paid, and the most that lie between two.
    """

    def __init__(self, *, first: int = 64, last: int = 4096) -> None:
        self._first, self._last = first, last
        self._rest = self._left = first

    def is_due(self) -> bool:
        """Count one token said without guesses; true when some should be made again."""
        self._left -= 1
        if self._left > 0:
            return False
        self._rest = self._left = min(self._last, 2 * self._rest)
        return True

    def paid(self) -> None:
        """Note that guesses pay."""
        self._rest = self._left = self._first
