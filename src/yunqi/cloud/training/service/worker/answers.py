"""Answers of a model: greedy, drawn, or one of given labels; many prompts at a time."""

from collections.abc import Sequence
from typing import Any

import torch

from yunqi.cloud.training.engine.overlap import Tree, following

_BATCH = 32
_BEAMS = 8


def answer(
    model: Any, prompts: Sequence[Sequence[int]], *, tokens: int, ends: Sequence[int], padding: int,
    temperature: float = 0.0, batch: int = _BATCH,
) -> list[list[int]]:  # fmt: skip
    """Return the ids that follow each prompt, up to and without the end.

    Parameters
    ----------
    tokens
        Longest answer.
    ends
        Ids that end an answer.
    temperature
        0 takes the likeliest token; above, tokens are drawn from the global generator.
    """
    order = sorted(range(len(prompts)), key=lambda number: len(prompts[number]))
    found: list[list[int]] = [[] for _ in prompts]
    for start in range(0, len(order), batch):
        numbers = order[start : start + batch]
        rows = _continued(model, [prompts[n] for n in numbers], tokens, list(ends), padding, temperature)
        for number, row in zip(numbers, rows, strict=True):
            found[number] = row
    return found


def choose(
    model: Any, prompts: Sequence[Sequence[int]], tree: Tree, *, tokens: int, end: int, padding: int
) -> list[list[int]]:
    """Return the ids of the likeliest label after each prompt, found by a search of 8 beams in the labels' tree.

    Parameters
    ----------
    tree
        The labels, each with ``end`` as its last token.
    tokens
        Tokens of the longest label.
    """
    order = sorted(range(len(prompts)), key=lambda number: len(prompts[number]))
    found: list[list[int]] = [[] for _ in prompts]
    for start in range(0, len(order), _BATCH):
        numbers = order[start : start + _BATCH]
        ids, mask, longest = _padded([prompts[n] for n in numbers], padding)

        def allowed(row: int, so_far: Any, longest: int = longest) -> list[int]:
            return following(tree, so_far[longest:].tolist()) or [padding]

        with torch.no_grad():
            full = model.generate(
                input_ids=ids, attention_mask=mask, max_new_tokens=tokens, eos_token_id=[end], pad_token_id=padding,
                do_sample=False, num_beams=_BEAMS, length_penalty=0.0, prefix_allowed_tokens_fn=allowed,
            )  # fmt: skip
        for number, row in zip(numbers, full[:, longest:].tolist(), strict=True):
            found[number] = _cut(row, [end])
    return found


def _padded(prompts: list[Sequence[int]], padding: int) -> tuple[Any, Any, int]:
    longest = max(map(len, prompts))
    ids = torch.full((len(prompts), longest), padding)
    mask = torch.zeros((len(prompts), longest), dtype=torch.long)
    for row, prompt in enumerate(prompts):
        ids[row, longest - len(prompt) :] = torch.tensor(list(prompt))
        mask[row, longest - len(prompt) :] = 1
    return ids, mask, longest


def _continued(
    model: Any, prompts: list[Sequence[int]], tokens: int, ends: list[int], padding: int, temperature: float
) -> list[list[int]]:
    ids, mask, longest = _padded(prompts, padding)
    drawing = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0} if temperature else {}
    with torch.no_grad():
        full = model.generate(
            input_ids=ids, attention_mask=mask, max_new_tokens=tokens, eos_token_id=ends, pad_token_id=padding,
            **(drawing or {"do_sample": False}),
        )  # fmt: skip
    return [_cut(row, ends) for row in full[:, longest:].tolist()]


def _cut(row: list[int], ends: list[int]) -> list[int]:
    for place, token in enumerate(row):
        if token in ends:
            return row[:place]
    return row
