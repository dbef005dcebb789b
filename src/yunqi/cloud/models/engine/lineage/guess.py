"""Decoding that guesses and checks.

Guesses are read by the decoder in one run, and kept as far as it would have said the same (arXiv 2211.17192), so the
answer never changes; they come from the model's own head, or from what was said before.
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from yunqi.cloud.models.engine.lineage.cache import Cache
from yunqi.cloud.models.engine.lineage.member import Member
from yunqi.cloud.models.engine.lineage.sample import Sampling
from yunqi.kernel.errors import Invalid


class Guesser(Protocol):
    """Guesses what comes next."""

    def guess(self, known: list[int], states: Tensor) -> list[int]:
        """Return guesses after the known tokens; ``states`` are those before each token known since last time."""


class HeadGuesser:
    """Guesses by the head of the model itself."""

    def __init__(self, member: Member, count: int) -> None:
        self._member, self._count = member, count
        self._cache = Cache(member.text.predictors)

    def guess(self, known: list[int], states: Tensor) -> list[int]:
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
        return found


class LookupGuesser:
    """Guesses that what followed the last tokens before follows them again (prompt lookup)."""

    def __init__(self, count: int, *, longest: int = 3) -> None:
        self._count, self._longest = count, longest

    def guess(self, known: list[int], states: Tensor) -> list[int]:
        """Return what followed the latest earlier occurrence of the longest ending, empty when there is none."""
        for size in range(min(self._longest, len(known) - 1), 0, -1):
            ending = known[-size:]
            for start in range(len(known) - size - 1, -1, -1):
                if known[start : start + size] == ending:
                    return known[start + size : start + size + self._count]
        return []


@dataclass(frozen=True, slots=True)
class Speculation:
    """How guessing went: runs of the decoder, tokens said, guesses made and kept."""

    runs: int = 0
    said: int = 0
    guessed: int = 0
    kept: int = 0


@torch.inference_mode()
def speculate(
    member: Member, prompt: list[int], guesser: Guesser, *, most: int, ends: tuple[int, ...]
) -> tuple[list[int], Speculation]:
    """Return what follows a prompt greedily, the same as without guesses, and how guessing went.

    A layer that remembers in a state cannot forget single tokens: after a wrong guess its memory of before the run is
    taken back, and what was right is read again together with the next guesses.
    """
    cache, said = Cache(member.text.layers), list[int]()
    waiting, guesses, tally = list(prompt), list[int](), [0, 0, 0]
    while True:
        before = cache.mark()
        hidden = member.model(torch.tensor([waiting + guesses]), cache=cache)
        fresh = hidden[:, len(waiting) - 1 :] if said else hidden
        named = member.head(hidden[:, len(waiting) - 1 :])[0].argmax(-1).tolist()
        right = next((index for index, guess in enumerate(guesses) if guess != named[index]), len(guesses))
        tally = [tally[0] + 1, tally[1] + len(guesses), tally[2] + right]
        news = named[: right + 1]
        stop = next((index + 1 for index, token in enumerate(news) if token in ends), len(news))
        said += news[:stop]
        if len(said) >= most or said[-1] in ends:
            return said[:most], Speculation(tally[0], min(len(said), most), tally[1], tally[2])
        if right == len(guesses):
            waiting = [news[-1]]
        elif cache.crops():
            cache.crop(before.length + len(waiting) + right)
            waiting = [news[-1]]
        else:
            cache.restore(before)
            waiting = waiting + news
        keep = fresh.shape[1] - (len(guesses) - right)
        guesses = guesser.guess(prompt + said, fresh[:, :keep])
        guesses = guesses[: max(most - len(said) - 1, 0)]


def ahead(member: Member, prompt: list[int], sampling: Sampling) -> tuple[list[int], Speculation]:
    """Return what follows a prompt greedily, guessed by the member's own head, or by lookup where it has none."""
    guesser: Guesser = LookupGuesser(sampling.ahead)
    if member.mtp is not None:
        guesser = HeadGuesser(member, sampling.ahead)
    return speculate(member, prompt, guesser, most=sampling.max_tokens, ends=sampling.ends)
