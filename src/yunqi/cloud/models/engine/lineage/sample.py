"""Chooses the next token, and runs a model from token to token."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from yunqi.cloud.models.engine.lineage.cache import Cache
from yunqi.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are chosen.

    Parameters
    ----------
    temperature
        0 takes the likeliest.
    ahead
        Guess so many tokens a run; with ``sparing`` fewer, where a draft's guesses do not pay.
    """

    max_tokens: int = 64
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    repetition_penalty: float = 1.0
    seed: int = 0
    ends: tuple[int, ...] = ()
    ahead: int = 0
    sparing: bool = False

    def __post_init__(self) -> None:
        if self.max_tokens < 0 or self.temperature < 0 or not 0 < self.top_p <= 1 or self.repetition_penalty <= 0:
            raise Invalid("max_tokens and temperature must not be negative; top_p lies in (0, 1].", param="sampling")
        if self.ahead < 0:
            raise Invalid(f"ahead is {self.ahead}; it is a number of guesses, 0 or more.", param="ahead")


Step = Callable[[Tensor, Tensor | None, Cache], Tensor]
"""One run: tokens [batch, new], which are real, the cache; returns the last token's logits [batch, vocabulary]."""


def run(
    step: Step, prompts: list[list[int]], sampling: Sampling, *, layers: int, tell: Callable[[int], bool] | None = None
) -> list[list[int]]:
    """Return what follows each prompt, the end token included when one came.

    Parameters
    ----------
    tell
        Called with each new token of a single prompt; true stops.
    """
    tokens, real = padded(prompts)
    keep = None if bool(real.all()) else real
    generator = torch.Generator().manual_seed(sampling.seed)
    cache, done = Cache(layers), [False] * len(prompts)
    said: list[list[int]] = [[] for _ in prompts]
    for _ in range(sampling.max_tokens):
        logits = step(tokens, keep, cache)
        chosen = choose(
            logits, sampling, generator, [[*prompt, *text] for prompt, text in zip(prompts, said, strict=True)]
        )
        for index, token in enumerate(chosen):
            if not done[index]:
                said[index].append(token)
                done[index] = token in sampling.ends
        if all(done) or (tell is not None and tell(chosen[0])):
            break
        tokens, keep = torch.tensor(chosen)[:, None], None
    return said


def padded(rows: list[list[int]]) -> tuple[Tensor, Tensor]:
    """Return rows padded on the left, and which of their tokens are real, both [rows, longest]."""
    longest = max(len(row) for row in rows)
    tokens = torch.tensor([[0] * (longest - len(row)) + row for row in rows])
    return tokens, torch.tensor([[False] * (longest - len(row)) + [True] * len(row) for row in rows])


def choose(logits: Tensor, sampling: Sampling, generator: torch.Generator, before: list[list[int]]) -> list[int]:
    """Return one token a row of logits [batch, vocabulary]."""
    logits = shaped(logits, sampling, before)
    if sampling.temperature == 0:
        return [int(token) for token in logits.argmax(-1)]
    return [int(token) for token in torch.multinomial(logits.softmax(-1), 1, generator=generator)[:, 0]]


def shaped(logits: Tensor, sampling: Sampling, before: list[list[int]]) -> Tensor:
    """Return logits [batch, vocabulary] whose softmax is what is drawn from; at temperature 0 the largest one counts."""
    logits = logits.float()
    if sampling.repetition_penalty != 1.0:
        for row, tokens in zip(logits, before, strict=True):
            seen = torch.tensor(sorted(token for token in set(tokens) if token < len(row)), dtype=torch.long)
            held = row[seen]
            row[seen] = torch.where(held > 0, held / sampling.repetition_penalty, held * sampling.repetition_penalty)
    if sampling.temperature == 0:
        return logits
    logits = logits / sampling.temperature
    if sampling.top_k:
        edge = logits.topk(min(sampling.top_k, logits.shape[-1]), dim=-1).values[:, -1:]
        logits = logits.masked_fill(logits < edge, float("-inf"))
    if sampling.top_p < 1:
        ordered, places = logits.sort(dim=-1, descending=True)
        heavier = ordered.softmax(-1).cumsum(-1) - ordered.softmax(-1)
        logits = logits.masked_fill((heavier >= sampling.top_p).gather(-1, places.argsort(-1)), float("-inf"))
    return logits
