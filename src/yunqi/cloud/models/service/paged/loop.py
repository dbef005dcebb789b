"""The thread in which steps are run; requests come in from another, and are told their tokens from here."""

import random
import threading
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from yunqi.cloud.models.engine.guessing import Guess
from yunqi.cloud.models.engine.paged.blocks import BlockPool
from yunqi.cloud.models.engine.paged.choosing import choose
from yunqi.cloud.models.engine.paged.echo import Echo
from yunqi.cloud.models.engine.paged.scheduler import Run, Scheduler
from yunqi.cloud.models.engine.paged.sequence import Sequence, Stage
from yunqi.cloud.models.service.paged.drafter import Drafter
from yunqi.cloud.models.service.paged.runner import WIDE, Runner

CHUNK = 512
"""Tokens a step may read: about a third of a second of a small model on one core, which those who decode wait for."""


class Loop:
    """Runs sequences until they are done.

    Parameters
    ----------
    lookup
        Guess what comes next by what followed the same words before, where few run.
    drafter
        Guesses where nothing is looked up.
    on_loss
        Called when a step fails for no reason that a request gave; the process is then of no more use.
    """

    def __init__(
        self,
        runner: Runner,
        *,
        places: int,
        on_loss: Callable[[], None],
        lookup: bool = False,
        drafter: Drafter | None = None,
    ) -> None:
        self._runner, self._lookup, self._drafter = runner, lookup, drafter
        self._echoes: dict[int, Echo] = {}
        self._drafted: set[int] = set()
        calm = 2 * CHUNK if runner.is_small else CHUNK
        pool = BlockPool(runner.blocks)
        self._scheduler = Scheduler(pool, places=places, chunk=CHUNK, calm=calm, on_finish=self._forget)
        self._inbox: list[Sequence] = []
        self._changed = threading.Condition()
        self._on_loss = on_loss
        threading.Thread(target=self._run, name="steps", daemon=True).start()

    def add(self, sequence: Sequence, draws: random.Random) -> None:
        """Begin with a sequence; its tokens are drawn by these numbers."""
        sequence.draws = draws
        with self._changed:
            self._inbox.append(sequence)
            self._changed.notify()

    def leave(self, sequence: Sequence) -> None:
        """Stop with a sequence."""
        with self._changed:
            if sequence.stage is not Stage.DONE:
                sequence.stage = Stage.LEAVING
            self._changed.notify()

    def _run(self) -> None:
        try:
            while True:
                self._take_in()
                self._step()
        finally:  # only a step that failed leads here; its error is printed as the thread ends
            self._on_loss()

    def _take_in(self) -> None:
        with self._changed:
            while not self._inbox and self._scheduler.is_idle:
                self._changed.wait()
            fresh, self._inbox = self._inbox, []
        for sequence in fresh:
            if sequence.stage is Stage.WAITING:
                self._scheduler.add(sequence)

    def _step(self) -> None:
        runs = self._scheduler.plan()
        if not runs:
            return
        began = time.process_time()
        logits = self._runner.step(runs, self._scheduler.copies)
        if self._drafter is not None and all(run.count == 1 + len(run.guess) for run in runs):
            self._drafter.stepped(sum(run.count for run in runs), time.process_time() - began)
        self._scheduler.ran(runs)
        rows = iter(logits)
        for run in (run for run in runs if run.last):
            own = [next(rows) for _ in range(1 + len(run.guess))]
            if run.sequence.stage is Stage.RUNNING:
                self._hear(run, own)
        self._foretell([run.sequence for run in runs if run.last and run.sequence.stage is Stage.RUNNING])

    def _hear(self, run: Run, rows: list[NDArray[np.float32]]) -> None:
        """Take the next token, and after each guess that was right one more."""
        sequence, right = run.sequence, 0
        sequence.guess = []
        sequence.guessed += len(run.guess)
        for guess, row in zip((*run.guess, None), rows, strict=True):
            token = self._next(sequence, row, guess)
            if token is None or guess is None or token != guess.token:
                break
            self._scheduler.confirm(sequence)
            right += 1
        if not run.guess or sequence.stage is not Stage.RUNNING:
            return
        if id(sequence) in self._drafted and self._drafter is not None:
            self._drafter.heard(sequence, len(run.guess), right)
        elif id(sequence) in self._echoes:
            self._echoes[id(sequence)].heard(len(run.guess), right)

    def _foretell(self, sequences: list[Sequence]) -> None:
        """Guess what comes next, of those who gave no seed: looked up where that finds something, else by the drafter."""
        asked = []
        for sequence in (one for one in sequences if not one.alone):
            self._drafted.discard(id(sequence))
            room = min((WIDE - 1) // len(self._scheduler.running), sequence.most - sequence.said) - 1
            if room > 0 and self._lookup:
                echo = self._echoes.setdefault(id(sequence), Echo())
                sequence.guess = [Guess(token) for token in echo.guess(sequence.tokens, room)]
            if room > 0 and self._drafter is not None and not sequence.guess:
                asked.append((sequence, room))
                self._drafted.add(id(sequence))
        if self._drafter is not None and asked:
            self._drafter.guess(asked)

    def _next(self, sequence: Sequence, logits: NDArray[np.float32], guess: Guess | None) -> int | None:
        """Choose a token and tell it; None when the answer ends with it."""
        grammar, wishes = sequence.grammar, sequence.wishes
        allowed = None if grammar is None else grammar.mask(len(logits))
        draw = sequence.draws.random() if wishes.temperature else 0.0
        said = sequence.tokens[sequence.prompt :] if wishes.presence or wishes.frequency else ()
        chosen = choose(logits, wishes, said, draw, allowed=allowed, guess=guess)
        sequence.kept += guess is not None and chosen.token == guess.token
        if chosen.token in sequence.ends:
            self._end(sequence, "stop")
            return None
        sequence.tokens.append(chosen.token)
        if grammar is not None:
            grammar.accept(chosen.token)
        if sequence.tell(chosen, "") or (grammar is not None and grammar.is_over()):
            self._end(sequence, "stop")
            return None
        if sequence.said >= sequence.most:
            self._end(sequence, "length")
            return None
        return chosen.token

    def _end(self, sequence: Sequence, reason: str) -> None:
        self._scheduler.finish(sequence)
        sequence.tell(None, reason)

    def _forget(self, sequence: Sequence) -> None:
        self._echoes.pop(id(sequence), None)
        self._drafted.discard(id(sequence))
        if self._drafter is not None:
            self._drafter.leave(sequence)
