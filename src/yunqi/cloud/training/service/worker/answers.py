"""Answers of a model: greedy or drawn, many prompts at a time; and how likely each of given labels is."""

from collections.abc import Sequence
from typing import Any

import torch

from yunqi.cloud.training.engine.overlap import LabelTree

_BATCH = 32


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


def label_likelihoods(model: Any, prompts: Sequence[Sequence[int]], tree: LabelTree) -> Any:
    """Return the log likelihood of each label after each prompt, [prompts, labels]; exact, in one pass a prompt.

    Each node of the tree sees the prompt and the nodes above it, and stands where it would stand in its label.

    Parameters
    ----------
    tree
        The labels, each with the end of a turn as its last token.
    """
    inner = sorted({parent for parent in tree.parents if parent >= 0})
    rows = {node: row for row, node in enumerate(inner)}
    above = torch.zeros(len(inner), len(inner), dtype=torch.bool)
    for row, node in enumerate(inner):
        parent = tree.parents[node]
        if parent >= 0:
            above[row] = above[rows[parent]]
        above[row, row] = True
    begun = torch.tensor([tree.tokens[node] for node in inner], dtype=torch.long)
    depths = torch.tensor([tree.depths[node] for node in inner], dtype=torch.long)
    before = torch.tensor([rows[parent] + 1 if parent >= 0 else 0 for parent in tree.parents])
    wanted = torch.tensor(tree.tokens)
    paths = [torch.tensor(path) for path in tree.paths]
    found = []
    with torch.no_grad():
        for prompt in prompts:
            length = len(prompt)
            seen = torch.ones(length + len(inner), length + len(inner), dtype=torch.bool).tril()
            seen[length:, :length], seen[length:, length:] = True, above
            hidden = model.model(
                input_ids=torch.cat([torch.tensor(list(prompt)), begun])[None],
                attention_mask=torch.zeros(seen.shape).masked_fill_(~seen, float("-inf"))[None, None],
                position_ids=torch.cat([torch.arange(length), length + depths])[None], use_cache=False,
            ).last_hidden_state[0, length - 1 :]  # fmt: skip
            likelihood = model.lm_head(hidden).float().log_softmax(-1)[before, wanted]
            found.append(torch.stack([likelihood[path].sum() for path in paths]))
    return torch.stack(found)


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
