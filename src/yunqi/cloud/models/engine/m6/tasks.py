"""The six tasks, as batches: what is read, in both directions, and what is written, one token after the other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from yunqi.kernel.errors import Invalid

TASKS = (
    "text_denoising",
    "language_modelling",
    "image_text_denoising",
    "captioning",
    "image_captioning",
    "text_to_image",
)
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789 -'.,:&"
PAD, MASK, END = 0, 1, 2
_FIRST = 3 + len(TASKS)
VOCABULARY = _FIRST + len(_LETTERS)
IGNORED = -100


@dataclass(frozen=True, slots=True)
class Pair:
    """A picture and its text.

    Attributes
    ----------
    patches
        Features [patches, patch_width], float32.
    codes
        The same patches as entries of a codebook [patches].
    text, context
        Tokens of what it is called, and of what else is known of it (its group).
    """

    patches: NDArray[np.float32]
    codes: NDArray[np.int64]
    text: tuple[int, ...]
    context: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """What `network.M6` takes, and the tokens it should say; padding is `IGNORED`."""

    patches: Tensor | None
    source: Tensor
    target: Tensor
    source_real: Tensor
    target_real: Tensor
    wanted: Tensor


def letters(text: str) -> tuple[int, ...]:
    """Return a text as tokens, a letter each, in lower case; letters outside the small alphabet are left out."""
    return tuple(_FIRST + _LETTERS.index(letter) for letter in text.lower() if letter in _LETTERS)


def spelled(tokens: Sequence[int]) -> str:
    """Return tokens as text, up to the end token."""
    ends = list(tokens).index(END) if END in tokens else len(tokens)
    return "".join(_LETTERS[token - _FIRST] for token in tokens[:ends] if _FIRST <= token < VOCABULARY)


def batch(task: str, pairs: Sequence[Pair], rng: np.random.Generator) -> Batch:
    """Return the batch of one task over these pairs.

    Parameters
    ----------
    task
        One of `TASKS`. Denoising masks spans, about a third of the text, and writes the whole text again.
        Image-conditioned captioning reads the picture and the pair's context. The first target token names the task.
    rng
        Draws the spans.

    Raises
    ------
    Invalid
        When there is no such task.
    """
    if task not in TASKS:
        raise Invalid(f"No task {task!r}; there are {', '.join(TASKS)}.", param="task")
    pictured = task in ("image_text_denoising", "captioning", "image_captioning")
    patches = torch.from_numpy(np.stack([pair.patches for pair in pairs])) if pictured else None
    sources = [_read(task, pair, rng) for pair in pairs]
    wanted = [_written(task, pair) for pair in pairs]
    begin = 3 + TASKS.index(task)
    source, target = _padded(sources, PAD), _padded([[begin, *row[:-1]] for row in wanted], PAD)
    goal = _padded(wanted, IGNORED)
    return Batch(patches, source, target, _real(sources, source), _real(wanted, target), goal)


def _read(task: str, pair: Pair, rng: np.random.Generator) -> list[int]:
    if task in ("text_denoising", "image_text_denoising"):
        return masked(pair.text, rng)
    if task == "image_captioning":
        return list(pair.context)
    return list(pair.text) if task == "text_to_image" else []


def _written(task: str, pair: Pair) -> list[int]:
    if task == "text_to_image":
        return [VOCABULARY + int(code) for code in pair.codes]
    return [*pair.text, END]


def masked(text: Sequence[int], rng: np.random.Generator, *, share: float = 0.35, span: int = 3) -> list[int]:
    """Return the text with spans of tokens masked, until `share` of it is."""
    found, wanted = list(text), max(1, round(share * len(text)))
    while text and found.count(MASK) < wanted:
        start = int(rng.integers(0, len(text)))
        for place in range(start, min(start + span, len(text))):
            found[place] = MASK
    return found


def _padded(rows: Sequence[Sequence[int]], fill: int) -> Tensor:
    longest = max((len(row) for row in rows), default=0)
    return torch.tensor([[*row, *[fill] * (longest - len(row))] for row in rows], dtype=torch.long)


def _real(rows: Sequence[Sequence[int]], like: Tensor) -> Tensor:
    lengths = torch.tensor([len(row) for row in rows])
    return torch.arange(like.shape[1])[None] < lengths[:, None]
