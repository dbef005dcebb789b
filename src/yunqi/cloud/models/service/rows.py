"""Token ids as they come in: one row, many rows, or rows of different lengths."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor


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
