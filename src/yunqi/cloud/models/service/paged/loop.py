"""The thread in which steps are run; requests come in from another, and are told their tokens from here."""

import random
import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from yunqi.cloud.models.engine.paged.blocks import BlockPool
from yunqi.cloud.models.engine.paged.choosing import choose
from yunqi.cloud.models.engine.paged.echo import Echo
from yunqi.cloud.models.engine.paged.scheduler import Run, Scheduler
from yunqi.cloud.models.engine.paged.sequence import Sequence, Stage
from yunqi.cloud.models.service.paged.runner import WIDE, Runner

CHUNK = 512
"""Tokens a step may read: about a third of a second of a small model on one core, which those who decode wait for."""


class Loop:
    """Runs sequences until they are done.

    Parameters
    ----------
    lookup
        Guess what comes next by what followed the same words before, where few run.
    on_loss
        Called when a step fails for no reason that a request gave; the process is then of no more use.
    """

    def __init__(self, runner: Runner, *, places: int, on_loss: Callable[[], None], lookup: bool = False) -> None:
        self._runner = runner
        self._lookup = lookup
        self._echoes: dict[int, Echo] = {}
        calm = 2 * CHUNK if runner.is_small else CHUNK
        self._scheduler = Scheduler(BlockPool(runner.blocks), places=places, chunk=CHUNK, calm=calm)
        self._inbox: list[tuple[Sequence, random.Random]] = []
        self._draws: dict[int, random.Random] = {}
        self._changed = threading.Condition()
        self._on_loss = on_loss
        threading.Thread(target=self._run, name="steps", daemon=True).start()

    def add(self, sequence: Sequence, draws: random.Random) -> None:
        """Begin with a sequence; its tokens are drawn by these numbers."""
        with self._changed:
            self._inbox.append((sequence, draws))
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
        for sequence, draws in fresh:
            self._draws[id(sequence)] = draws
            if sequence.stage is Stage.WAITING:
                self._scheduler.add(sequence)

    def _step(self) -> None:
        runs = self._scheduler.plan()
        if not runs:
            return
        logits = self._runner.step(runs, self._scheduler.copies)
        self._scheduler.ran(runs)
        rows = iter(logits)
        for run in (run for run in runs if run.last):
            own = [next(rows) for _ in range(1 + len(run.guess))]
            if run.sequence.stage is Stage.RUNNING:
                self._hear(run, own)

    def _hear(self, run: Run, rows: list[NDArray[np.float32]]) -> None:
        """Take the next token, and after each guess that was right one more."""
        sequence, right = run.sequence, 0
        sequence.guess = []
        for place, row in enumerate(rows):
            token = self._next(sequence, row)
            if token is None:
                return
            if place == len(run.guess) or token != run.guess[place]:
                break
            self._scheduler.confirm(sequence)
            right += 1
        if self._lookup and not sequence.alone:
            self._foretell(sequence, len(run.guess), right)

    def _foretell(self, sequence: Sequence, guessed: int, right: int) -> None:
        echo = self._echoes.setdefault(id(sequence), Echo())
        if guessed:
            echo.heard(guessed, right)
        room = min(WIDE // len(self._scheduler.running), sequence.most - sequence.said) - 1
        sequence.guess = echo.guess(sequence.tokens, room) if room > 0 else []

    def _next(self, sequence: Sequence, logits: NDArray[np.float32]) -> int | None:
        """Choose a token and tell it; None when the answer ends with it."""
        grammar, wishes = sequence.grammar, sequence.wishes
        allowed = None if grammar is None else grammar.mask(len(logits))
        draw = self._draws[id(sequence)].random() if wishes.temperature else 0.0
        said = sequence.tokens[sequence.prompt :] if wishes.presence or wishes.frequency else ()
        chosen = choose(logits, wishes, said, draw, allowed=allowed)
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
        self._draws.pop(id(sequence), None)
        self._echoes.pop(id(sequence), None)
        sequence.tell(None, reason)
