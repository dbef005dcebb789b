"""Dual chunk attention, with which Qwen2.5-1M reads far past its trained length (arXiv 2402.17463).

No query may see a distance it was not trained on. Positions are cut into chunks of ``chunk - local`` tokens. A key
stands at its place within its chunk; a query stands at its place within the chunk for keys of its own chunk, one chunk
further for keys of the chunk before (but never past the trained length), and at the far end for all older ones.
"""

import torch
from torch import Tensor

from yunqi.cloud.models.engine.lineage.rotary import turn, turns
from yunqi.cloud.models.engine.lineage.spec import Text


def attend(text: Text, query: Tensor, key: Tensor, value: Tensor, *, start: int, keep: Tensor | None) -> Tensor:
    """Return attention [batch, heads, tokens, dim] of unturned heads.

    Parameters
    ----------
    query, key, value
        [batch, heads, tokens, dim]; keys from the very first token on.
    start
        Index of the first query among the keys.
    keep
        Which keys are real [batch, keys].
    """
    size = text.rope.chunk - text.rope.local
    mine = torch.arange(start, start + query.shape[2])
    keys = torch.arange(key.shape[2])
    turned_keys = _turned(text, key, keys % size)
    each = query.shape[1] // key.shape[1]
    turned_keys = turned_keys.repeat_interleave(each, dim=1)
    scores = torch.full((query.shape[0], query.shape[1], len(mine), len(keys)), float("-inf"))
    apart = (mine // size)[:, None] - (keys // size)[None, :]
    places = (mine % size, (mine % size + size).clamp(max=text.rope.chunk), torch.full_like(mine, text.rope.chunk))
    for which, place in enumerate(places):
        here = apart == which if which < 2 else apart >= 2
        if here.any():
            found = _turned(text, query, place) @ turned_keys.transpose(-1, -2)
            scores = torch.where(here, found * text.head_dim**-0.5, scores)
    seen = keys[None, :] <= mine[:, None]
    if keep is not None:
        seen = (seen & keep[:, None, None, :]) | (keys[None, :] == mine[:, None])
    scores = scores.masked_fill(~seen, float("-inf"))
    return scores.float().softmax(-1).to(value.dtype) @ value.repeat_interleave(each, dim=1)


def _turned(text: Text, heads: Tensor, places: Tensor) -> Tensor:
    cos, sin = turns(text, places[None], length=text.rope.chunk)
    return turn(heads, cos, sin)
