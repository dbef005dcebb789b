"""Who runs in the next step: everybody who decodes, and of the prompts as much as one step may read."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from yunqi.cloud.models.engine.guessing import Guess
from yunqi.cloud.models.engine.paged.blocks import BlockPool
from yunqi.cloud.models.engine.paged.pages import Pages
from yunqi.cloud.models.engine.paged.sequence import Sequence, Stage


@dataclass(frozen=True, slots=True)
class Run:
    """A sequence's part in a step: its next ``count`` tokens; ``last`` when the logits after them are wanted.

    The last ones of them may be guesses; then the logits after each guess, and before the first, are wanted.
    """

    sequence: Sequence
    count: int
    last: bool
    guess: tuple[Guess, ...] = ()

    @property
    def tokens(self) -> list[int]:
        """Return the tokens of this part."""
        sequence = self.sequence
        known = sequence.tokens[sequence.past : sequence.past + self.count - len(self.guess)]
        return [*known, *(one.token for one in self.guess)]


class Scheduler:
    """Continuous batching over a block pool.

    Parameters
    ----------
    places
        Sequences at the same time.
    chunk
        Tokens a step may read; those who decode come first.
    calm
        Tokens a step may read when nobody decodes, so that nobody's next token is waited for.
    on_finish
        Called with each sequence that ran and is let go, whatever for.
    """

    def __init__(
        self,
        pool: BlockPool,
        *,
        places: int,
        chunk: int,
        calm: int = 0,
        on_finish: Callable[[Sequence], None] = lambda sequence: None,
    ) -> None:
        self._pages, self._places, self._chunk, self._calm = Pages(pool), places, chunk, calm or chunk
        self._on_finish = on_finish
        self._waiting: deque[Sequence] = deque()
        self.running: list[Sequence] = []

    def add(self, sequence: Sequence) -> None:
        """Take in a request."""
        self._waiting.append(sequence)

    @property
    def is_idle(self) -> bool:
        """Whether nobody runs or waits."""
        return not self.running and not self._waiting

    @property
    def copies(self) -> list[tuple[int, int]]:
        """Return the pairs of blocks of the last plan."""
        return self._pages.copies

    def plan(self) -> list[Run]:
        """Return the next step; ``copies`` then holds pairs of blocks, the second to be made like the first before it."""
        self._pages.copies = []
        self._part_with_leaving()
        self._let_in()
        runs = list[Run]()
        left = self._calm if all(one.is_reading for one in self.running) else self._chunk
        for sequence in sorted(self.running, key=lambda one: one.is_reading):
            missing = len(sequence.tokens) - sequence.past
            apart = 1 if sequence.alone and missing > 1 else 0
            if (count := min(missing - apart, left)) > 0 and self._pages.grow(sequence, sequence.past + count):
                guess = self._guess(sequence, left) if count == missing == 1 else ()
                runs.append(Run(sequence, count + len(guess), last=count == missing, guess=guess))
                left -= count + len(guess)
        return runs

    def ran(self, runs: list[Run]) -> None:
        """Write down that a step was done."""
        for run in runs:
            self._pages.write(run.sequence, run.count - len(run.guess))

    def confirm(self, sequence: Sequence) -> None:
        """Write down that a guess, which is the sequence's last token by now, was right: the cache has it already."""
        self._pages.write(sequence, 1)

    def finish(self, sequence: Sequence) -> None:
        """Let a sequence go; its blocks stay known."""
        sequence.stage = Stage.DONE
        self.running.remove(sequence)
        self._pages.release(sequence)
        self._on_finish(sequence)

    def _part_with_leaving(self) -> None:
        for sequence in [one for one in self.running if one.stage is Stage.LEAVING]:
            self.finish(sequence)
        self._waiting = deque(one for one in self._waiting if one.stage is not Stage.LEAVING)

    def _let_in(self) -> None:
        while self._waiting and len(self.running) < self._places:
            sequence = self._waiting.popleft()
            self._pages.begin(sequence)
            sequence.stage = Stage.RUNNING
            self.running.append(sequence)

    def _guess(self, sequence: Sequence, left: int) -> tuple[Guess, ...]:
        """Return as much of a guess as the step and the cache have room for."""
        guess = tuple(sequence.guess[: left - 1])
        return guess if guess and self._pages.grow(sequence, sequence.past + 1 + len(guess)) else ()
