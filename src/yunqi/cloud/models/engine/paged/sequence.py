"""One request in the engine: its tokens, how far the cache has them, and what it waits for."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from yunqi.cloud.models.engine.guessing import Guess
from yunqi.cloud.models.engine.paged.blocks import Block
from yunqi.cloud.models.engine.paged.choosing import Chosen, Wishes


class Stage(Enum):
    """waiting -> running -> done; leaving when its client went away, which ends at the next step."""

    WAITING = "waiting"
    RUNNING = "running"
    LEAVING = "leaving"
    DONE = "done"


class Grammar(Protocol):
    """What an answer must conform to."""

    def mask(self, size: int) -> NDArray[np.bool_] | None:
        """Return which tokens may come next [size], or None when any may."""

    def accept(self, token: int) -> None:
        """Take the next token."""

    def rollback(self, count: int) -> None:
        """Forget the last tokens that were taken."""

    def is_over(self) -> bool:
        """Whether nothing more may follow."""


@dataclass(slots=True, eq=False)
class Sequence:
    """A request.

    Parameters
    ----------
    tokens
        The prompt, then the answer as it grows.
    most
        Longest answer, in tokens.
    ends
        Tokens that end an answer; they are no part of it.
    tell
        Called with each token of the answer, and at the end with None and the reason; true ends the answer.
    guess
        What may come next; it is read in the same step as the last token, and kept as far as it was right.
    draws
        Draws its tokens.
    guessed, kept
        Tokens that were guessed so far, and how many of them were right; only those are part of the answer.
    mix
        The weight of each of the model's adapters; empty where none is used.
    alone
        Read the prompt's last token in a step of its own, so that asked again, when the rest is known, it is read alike.
    """

    tokens: list[int]
    wishes: Wishes
    most: int
    ends: frozenset[int]
    tell: Callable[[Chosen | None, str], bool]
    grammar: Grammar | None = None
    alone: bool = False
    mix: tuple[float, ...] = ()
    guess: list[Guess] = field(default_factory=list)
    draws: random.Random = field(default_factory=random.Random)
    guessed: int = 0
    kept: int = 0
    prompt: int = 0
    cached: int = 0
    past: int = 0
    blocks: list[Block] = field(default_factory=list)
    stage: Stage = Stage.WAITING

    def __post_init__(self) -> None:
        self.prompt = len(self.tokens)

    @property
    def said(self) -> int:
        """Return the tokens of the answer so far."""
        return len(self.tokens) - self.prompt

    @property
    def is_reading(self) -> bool:
        """Whether more than one token has still to be read."""
        return len(self.tokens) - self.past > 1
