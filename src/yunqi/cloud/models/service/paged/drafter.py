"""Guesses by a smaller model's graph (speculative decoding), for all sequences of a step together."""

import time
from collections.abc import Sequence as Many

import numpy as np
from numpy.typing import NDArray

from yunqi.cloud.models.engine.guessing import Guess, Prices, Rate, Trials, width
from yunqi.cloud.models.engine.paged.blocks import BlockPool
from yunqi.cloud.models.engine.paged.choosing import Wishes, spread
from yunqi.cloud.models.engine.paged.pages import Pages
from yunqi.cloud.models.engine.paged.scheduler import Run
from yunqi.cloud.models.engine.paged.sequence import Sequence
from yunqi.cloud.models.service.paged.runner import Runner

MOST = 8
"""Guesses at a time."""
_FIRST = 2
"""Guesses where it is not known yet whether they pay."""
_CHUNK = 512

Floats = NDArray[np.float32]


class _Reader:
    """What the draft knows of a sequence: a sequence of its own, over the same tokens, and how its guesses fared."""

    def __init__(self, sequence: Sequence, rate: Rate) -> None:
        self.of, self.rate = sequence, Rate(rate)
        self.own = Sequence([], Wishes(), 0, frozenset(), lambda chosen, reason: True)


class Drafter:
    """Guesses for the sequences of a loop.

    Parameters
    ----------
    runner
        The smaller model, whose cache has room for as many tokens as the larger one's.
    size
        The larger model's vocabulary.
    context
        Tokens that the smaller model can read.
    """

    def __init__(self, runner: Runner, *, size: int, context: int) -> None:
        self._runner, self._size, self._context = runner, size, context
        self._pages = Pages(BlockPool(runner.blocks))
        self._readers: dict[int, _Reader] = {}
        self._rate, self._trials = Rate(), Trials()
        self._large, self._small = Prices(), Prices()

    def stepped(self, tokens: int, seconds: float) -> None:
        """Learn what a step of the larger model cost, in which nobody's prompt was read."""
        self._large.seen(tokens, seconds)

    def heard(self, sequence: Sequence, guessed: int, right: int) -> None:
        """Learn how many guesses for a sequence were kept."""
        for rate in (self._rate, self._reader(sequence).rate):
            rate.heard(guessed, right)

    def leave(self, sequence: Sequence) -> None:
        """Forget a sequence; what was read of it stays known."""
        if reader := self._readers.pop(id(sequence), None):
            self._pages.release(reader.own)

    def guess(self, asked: Many[tuple[Sequence, int]]) -> None:
        """Put guesses on sequences, at most so many on each; fewer where they cost more than they save, often none."""
        wanted = dict[int, int]()
        for one, most in asked:
            room = min(most, MOST, self._context - len(one.tokens))
            if room > 0 and (count := self._width(one, room, len(asked))):
                wanted[id(one)] = count
        readers = [self._reader(one) for one, _ in asked if id(one) in wanted]
        rows = self._read(readers)
        marks = {id(reader): reader.own.past for reader in readers}
        live = [reader for reader in readers if id(reader) in rows]
        while live:
            live = [one for one in live if self._add(one, rows[id(one)]) and len(one.of.guess) < wanted[id(one.of)]]
            rows = self._step([Run(one.own, 1, last=True) for one in live], live)
            for reader in live:
                reader.own.past += 1
        for reader in readers:  # what was guessed is read again when it is known to be right
            own = reader.own
            own.past = marks[id(reader)]
            del own.tokens[len(reader.of.tokens) :]
            if reader.of.grammar is not None:
                reader.of.grammar.rollback(sum(one.token not in reader.of.ends for one in reader.of.guess))

    def _width(self, sequence: Sequence, most: int, running: int) -> int:
        """Return how many guesses to make; a step's cost is shared by those who run."""
        if not self._small.is_known or not self._large.is_known:
            return min(most, _FIRST)
        step = self._large.of(running)
        draft = self._small.of(running) / step
        more = (self._large.of(2 * running) - step) / step
        count = width(self._reader(sequence).rate.value, most, draft=draft, more=more)
        if count:
            self._trials.paid()
        return count or (min(most, _FIRST) if self._trials.is_due() else 0)

    def _reader(self, sequence: Sequence) -> _Reader:
        return self._readers.setdefault(id(sequence), _Reader(sequence, self._rate))

    def _read(self, readers: Many[_Reader]) -> dict[int, Floats]:
        """Read what was said since; return the logits after it, of those that have read all of it."""
        runs, left = list[Run](), _CHUNK
        for reader in readers:
            own, tokens = reader.own, reader.of.tokens
            own.tokens += tokens[len(own.tokens) :]
            if not own.blocks:
                self._pages.begin(own)
            count = min(len(tokens) - own.past, left)
            if count > 0 and self._pages.grow(own, own.past + count):
                runs.append(Run(own, count, last=own.past + count == len(tokens)))
                left -= count
        owners = {id(reader.own): reader for reader in readers}
        rows = self._step(runs, [owners[id(run.sequence)] for run in runs if run.last])
        for run in runs:
            self._pages.write(run.sequence, run.count)
        return rows

    def _step(self, runs: Many[Run], last: Many[_Reader]) -> dict[int, Floats]:
        if not runs:
            return {}
        began = time.process_time()
        rows = self._runner.step(runs, self._pages.copies)
        self._pages.copies = []
        if all(run.count <= MOST + 1 for run in runs):
            self._small.seen(sum(run.count for run in runs), time.process_time() - began)
        return {id(reader): self._sized(row) for reader, row in zip(last, rows, strict=True)}

    def _sized(self, row: Floats) -> Floats:
        """Return logits for the larger model's vocabulary; both may be longer than the tokenizer's."""
        missing = self._size - len(row)
        return np.pad(row, (0, missing), constant_values=-np.inf) if missing > 0 else row[: self._size].copy()

    def _add(self, reader: _Reader, logits: Floats) -> bool:
        """Guess one token; false when nothing is to be guessed after it."""
        sequence, own = reader.of, reader.own
        allowed = None if sequence.grammar is None else sequence.grammar.mask(self._size)
        penalised = sequence.wishes.presence or sequence.wishes.frequency
        odds = spread(logits, sequence.wishes, own.tokens[sequence.prompt :] if penalised else (), allowed=allowed)
        token = odds.drawn(sequence.draws.random() if sequence.wishes.temperature else 0.0)
        sequence.guess.append(Guess(token, odds if sequence.wishes.temperature else None))
        if token in sequence.ends:
            return False
        own.tokens.append(token)
        if sequence.grammar is not None:
            sequence.grammar.accept(token)
            if sequence.grammar.is_over():
                return False
        return self._pages.grow(own, len(own.tokens))
