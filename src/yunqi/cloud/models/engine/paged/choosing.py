"""Which token comes next: the likeliest, or one drawn, under penalties and a grammar."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yunqi.cloud.models.engine.guessing import Guess, Spread, judged
from yunqi.kernel.errors import Invalid

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Wishes:
    """How tokens are chosen; temperature 0 takes the likeliest, ``top_k`` and ``top_p`` cut the tail off.

    Parameters
    ----------
    logprobs
        How many alternatives to report beside the log probability of what was chosen; None reports nothing.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    presence: float = 0.0
    frequency: float = 0.0
    logprobs: int | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.temperature <= 5.0:
            raise Invalid(f"temperature is {self.temperature}; it lies between 0 and 2.", param="temperature")
        if not 0.0 < self.top_p <= 1.0:
            raise Invalid(f"top_p is {self.top_p}; it is above 0 and at most 1.", param="top_p")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A token, its log probability, and the likeliest tokens with theirs (where they were asked for)."""

    token: int
    logprob: float = 0.0
    others: tuple[tuple[int, float], ...] = ()


def choose(
    logits: Floats,
    wishes: Wishes,
    said: Sequence[int],
    draw: float,
    *,
    allowed: NDArray[np.bool_] | None = None,
    guess: Guess | None = None,
) -> Chosen:
    """Choose from logits [vocabulary].

    Parameters
    ----------
    said
        The answer so far, for the penalties.
    draw
        A number drawn evenly from [0, 1).
    allowed
        Which tokens the grammar lets through [vocabulary].
    guess
        What was guessed; it is kept as often as keeps the distribution, where it was drawn.
    """
    if wishes.temperature == 0.0:
        token = int(_scores(logits, wishes, said, allowed).argmax())
    else:
        found = spread(logits, wishes, said, allowed=allowed)
        odds = None if guess is None else guess.odds
        token = found.drawn(draw) if guess is None or odds is None else judged(found, guess.token, odds, draw)
    if wishes.logprobs is None:
        return Chosen(token)
    return _reported(logits, token, wishes.logprobs)


def spread(logits: Floats, wishes: Wishes, said: Sequence[int], *, allowed: NDArray[np.bool_] | None = None) -> Spread:
    """Return what a token is drawn from, likeliest first; see `choose`."""
    scores = _scores(logits, wishes, said, allowed)
    if wishes.temperature == 0.0:
        return Spread(np.array([scores.argmax()]), np.ones(1))
    count = wishes.top_k if 0 < wishes.top_k < len(scores) else len(scores)
    kept = np.argpartition(scores, -count)[-count:] if count < len(scores) else np.arange(len(scores))
    kept = kept[np.argsort(-scores[kept], kind="stable")]
    chances = np.exp((scores[kept].astype(np.float64) - scores[kept[0]]) / wishes.temperature)
    sums = chances.cumsum()
    if wishes.top_p < 1.0:
        count = int(np.searchsorted(sums, wishes.top_p * sums[-1])) + 1
        kept, chances = kept[:count], chances[:count]
    return Spread(kept, chances / chances.sum())


def _scores(logits: Floats, wishes: Wishes, said: Sequence[int], allowed: NDArray[np.bool_] | None) -> Floats:
    scores = logits
    if said and (wishes.presence or wishes.frequency):
        scores = logits.copy()
        seen, counts = np.unique(np.asarray(said), return_counts=True)
        scores[seen] -= wishes.presence + wishes.frequency * counts.astype(np.float32)
    return scores if allowed is None else np.where(allowed, scores, -np.inf).astype(np.float32, copy=False)


def _reported(logits: Floats, token: int, count: int) -> Chosen:
    wide = logits.astype(np.float64)
    wide -= wide.max()
    wide -= np.log(np.exp(wide).sum())
    best = np.argpartition(wide, -count)[-count:] if count else np.empty(0, dtype=np.int64)
    best = best[np.argsort(-wide[best], kind="stable")]
    return Chosen(token, float(wide[token]), tuple((int(one), float(wide[one])) for one in best))
