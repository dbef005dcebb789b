"""Token ids as they come in: one row, many rows, or rows of different lengths."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from yunqi.cloud.models.engine.tokens.tokenizer import Tokenizer
from yunqi.kernel import Invalid


def is_ragged(token_ids: Any) -> bool:
    """Return whether these are rows of different lengths."""
    return isinstance(token_ids, list | tuple) and len({np.size(row) for row in token_ids if np.ndim(row)}) > 1


def as_rows(prompt: Any) -> tuple[list[list[int]], bool]:
    """Return rows of ids, and whether there were several."""
    if isinstance(prompt, np.ndarray | Tensor):
        prompt = prompt.tolist()
    rows = list(prompt)
    if rows and isinstance(rows[0], Sequence | np.ndarray | Tensor) and not isinstance(rows[0], str):
        return [[int(token) for token in row] for row in rows], True
    return [[int(token) for token in rows]], False


def embedded_rows(texts: Any, instruction: str, tokenizer: Callable[[], Tokenizer]) -> tuple[list[list[int]], bool]:
    """Return the rows of what is to be embedded, texts or ids, and whether it was a single one."""
    single = isinstance(texts, str)
    given = [texts] if single else list(texts)
    if not given or not isinstance(given[0], str):
        rows, many = as_rows(texts)
        return rows, not many
    end = tokenizer().token("<|endoftext|>")
    before = f"Instruct: {instruction}\nQuery:" if instruction else ""
    return [tokenizer().encode(before + text) + ([] if end is None else [end]) for text in given], single


def as_block(token_ids: Any) -> NDArray[np.int64]:
    """Return token ids of one length as an array [length] or [batch, length]."""
    array = np.asarray(token_ids)
    if array.ndim not in (1, 2) or array.size == 0 or not np.issubdtype(array.dtype, np.integer):
        raise Invalid("token_ids must be whole numbers, [length] or [batch, length].", param="token_ids")
    return array.astype(np.int64)


def check(rows: list[list[int]], size: int) -> None:
    """Refuse prompts that are empty, or that hold ids outside a vocabulary of this size."""
    for row in rows:
        if not row:
            raise Invalid("A prompt is empty; give at least one token.", param="prompt")
        if min(row) < 0 or max(row) >= size:
            raise Invalid(f"A token id lies outside the vocabulary of {size}.", param="token_ids")
