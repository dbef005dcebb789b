"""Decoding that guesses and checks.

Guesses are read by the decoder in one run, and kept as often as keeps the distribution of its answers (see
`engine.guessing`), greedy ones being always its own; they come from a smaller model, from the model's own head, or from
what was said before.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from yunqi.cloud.models.engine.guessing import Guess, Rate, Spread, judged, width
from yunqi.cloud.models.engine.lineage.cache import Cache
from yunqi.cloud.models.engine.lineage.member import Member
from yunqi.cloud.models.engine.lineage.sample import Sampling, shaped
from yunqi.kernel.errors import Invalid


class Guesser(Protocol):
    """Guesses what comes next."""

    def guess(self, known: list[int], states: Tensor) -> list[Guess]:
        """Return guesses after the known tokens; ``states`` are those before each token known since last time."""

    def heard(self, guessed: int, right: int) -> None:
        """Learn how many of the last guesses were kept."""


class HeadGuesser:
    """Guesses by the head of the model itself."""

    def __init__(self, member: Member, count: int) -> None:
        self._member, self._count = member, count
        self._cache = Cache(member.text.predictors)

    def guess(self, known: list[int], states: Tensor) -> list[Guess]:
        """Return guesses; each after the first rests on the one before."""
        member, head = self._member, self._member.mtp
        if head is None:
            raise Invalid(f"This model of the family {member.spec.family} has no head that looks ahead.", param="ahead")
        fresh = torch.tensor([known[len(known) - states.shape[1] :]])
        hidden = head(states, member.model.embed_tokens(fresh), cache=self._cache)[:, -1:]
        real = self._cache.mark()
        found = [int(member.head(hidden[:, -1]).argmax(-1))]
        while len(found) < self._count:
            hidden = head(hidden, member.model.embed_tokens(torch.tensor([[found[-1]]])), cache=self._cache)
            found.append(int(member.head(hidden[:, -1]).argmax(-1)))
        self._cache.restore(real)
        return [Guess(token) for token in found]

    def heard(self, guessed: int, right: int) -> None:
        """Guess as before."""


class LookupGuesser:
    """Guesses that what followed the last tokens before follows them again (prompt lookup)."""

    def __init__(self, count: int, *, longest: int = 3) -> None:
        self._count, self._longest = count, longest

    def guess(self, known: list[int], states: Tensor) -> list[Guess]:
        """Return what followed the latest earlier occurrence of the longest ending, empty when there is none."""
        for size in range(min(self._longest, len(known) - 1), 0, -1):
            ending = known[-size:]
            for start in range(len(known) - size - 1, -1, -1):
                if known[start : start + size] == ending:
                    return [Guess(token) for token in known[start + size : start + size + self._count]]
        return []

    def heard(self, guessed: int, right: int) -> None:
        """Guess as before."""


class DraftGuesser:
    """Guesses by a smaller model; sparing, as many as pay by how often they were right and how much smaller it is.

    Parameters
    ----------
    cost
        What a run of the draft costs, in runs of the model.
    """

    _MORE, _REST = 0.05, 64
    """What reading a guess adds to a run; tokens after which it tries again though guesses did not pay."""

    def __init__(self, draft: Member, sampling: Sampling, generator: torch.Generator, *, cost: float) -> None:
        self._draft, self._sampling, self._generator = draft, sampling, generator
        self._cost, self._rate = cost, Rate()
        self._cache, self._read, self._rested = Cache(draft.text.layers), 0, 0

    def guess(self, known: list[int], states: Tensor) -> list[Guess]:
        """Return guesses, drawn as the model's own tokens are."""
        if known[-1] >= self._draft.text.vocabulary:  # both tables may be longer than the tokenizer
            return []
        count = self._sampling.ahead
        if self._sampling.sparing:
            count = width(self._rate.value, count, draft=self._cost, more=self._MORE)
        self._rested = 0 if count else self._rested + 1
        if not count and self._rested % self._REST:
            return []
        hidden = self._draft.model(torch.tensor([known[self._read :]]), cache=self._cache)
        self._read, real, found = len(known), self._cache.mark(), list[Guess]()
        while True:
            before = [*known, *(one.token for one in found)]
            odds = spread(self._draft.head(hidden[:, -1]), self._sampling, before)
            drawn = self._sampling.temperature > 0
            token = odds.drawn(float(torch.rand(1, generator=self._generator)) if drawn else 0.0)
            found.append(Guess(token, odds if drawn else None))
            if len(found) >= max(count, 1) or token in self._sampling.ends:
                self._cache.restore(real)
                return found
            hidden = self._draft.model(torch.tensor([[token]]), cache=self._cache)

    def heard(self, guessed: int, right: int) -> None:
        """Learn how often guesses are right."""
        self._rate.heard(guessed, right)


@dataclass(frozen=True, slots=True)
class Speculation:
    """How guessing went: runs of the decoder, tokens said, guesses made and kept."""

    runs: int = 0
    said: int = 0
    guessed: int = 0
    kept: int = 0


def spread(logits: Tensor, sampling: Sampling, before: list[int]) -> Spread:
    """Return what the token after ``before`` is drawn from, of logits [1, vocabulary]."""
    scores = shaped(logits, sampling, [before])[0]
    if sampling.temperature == 0:
        return Spread(scores.argmax(-1, keepdim=True).numpy(), torch.ones(1, dtype=torch.float64).numpy())
    chances = scores.double().softmax(-1)
    tokens = chances.nonzero()[:, 0]
    return Spread(tokens.numpy(), chances[tokens].numpy())


@torch.inference_mode()
def speculate(
    member: Member,
    prompt: list[int],
    guesser: Guesser,
    sampling: Sampling,
    generator: torch.Generator,
    *,
    tell: Callable[[int], bool] | None = None,
) -> tuple[list[int], Speculation]:
    """Return what follows a prompt, as without guesses, and how guessing went; ``tell`` is as for `sample.run`.

    A layer that remembers in a state cannot forget single tokens: after a wrong guess its memory of before the run is
    taken back, and what was right is read again together with the next guesses.
    """
    cache, said = Cache(member.text.layers), list[int]()
    waiting, guesses, tally = list(prompt), list[Guess](), Speculation()
    while len(said) < sampling.max_tokens:
        before, begun = cache.mark(), len(said)
        hidden = member.model(torch.tensor([waiting + [one.token for one in guesses]]), cache=cache)
        fresh = hidden[:, len(waiting) - 1 :] if said else hidden
        rows, right, is_over = member.head(hidden[:, len(waiting) - 1 :])[0], 0, False
        for place in range(len(guesses) + 1):
            guess = guesses[place] if place < len(guesses) else None
            found = spread(rows[place : place + 1], sampling, prompt + said)
            said.append(_token(found, guess, sampling, generator))
            is_over = bool(tell and tell(said[-1])) or said[-1] in sampling.ends or len(said) == sampling.max_tokens
            is_right = guess is not None and said[-1] == guess.token
            right += is_right
            if is_over or not is_right:
                break
        tally = Speculation(tally.runs + 1, len(said), tally.guessed + len(guesses), tally.kept + right)
        if is_over:
            break
        guesser.heard(len(guesses), right)
        if right == len(guesses):
            waiting = [said[-1]]
        elif cache.crops():
            cache.crop(before.length + len(waiting) + right)
            waiting = [said[-1]]
        else:
            cache.restore(before)
            waiting = waiting + said[begun:]
        keep = fresh.shape[1] - (len(guesses) - right)
        guesses = guesser.guess(prompt + said, fresh[:, :keep])[: max(sampling.max_tokens - len(said) - 1, 0)]
    return said, tally


def _token(found: Spread, guess: Guess | None, sampling: Sampling, generator: torch.Generator) -> int:
    draw = float(torch.rand(1, generator=generator, dtype=torch.float64)) if sampling.temperature > 0 else 0.0
    if guess is None or guess.odds is None:
        return found.drawn(draw)
    return judged(found, guess.token, guess.odds, draw)


def ahead(
    member: Member,
    prompt: list[int],
    sampling: Sampling,
    *,
    draft: Member | None = None,
    tell: Callable[[int], bool] | None = None,
) -> tuple[list[int], Speculation]:
    """Return what follows a prompt, guessed by a draft, by the member's own head, or by lookup where it has none."""
    generator = torch.Generator().manual_seed(sampling.seed)
    guesser: Guesser = LookupGuesser(sampling.ahead)
    if draft is not None:
        cost = _size(draft) / _size(member)
        guesser = DraftGuesser(draft, sampling, generator, cost=cost)
    elif member.mtp is not None:
        guesser = HeadGuesser(member, sampling.ahead)
    return speculate(member, prompt, guesser, sampling, generator, tell=tell)


def _size(member: Member) -> int:
    """Return the weights that a run reads: all but the table of embeddings, of which it reads a row a token."""
    read = sum(parameter.numel() for parameter in member.model.parameters())
    if member.lm_head is not None:
        read += member.lm_head.weight.numel() - member.model.embed_tokens.weight.numel()
    return read
