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
    order = torch.arange(key.shape[2])
    places = order[None] if keep is None else (keep.long().cumsum(-1) - 1).clamp(min=0)
    mine = places[:, start:]
    each = query.shape[1] // key.shape[1]
    keys = _turned(text, key, places % size).repeat_interleave(each, dim=1)
    apart = (mine // size)[:, None, :, None] - (places // size)[:, None, None, :]
    scores = torch.full((1,), float("-inf"))
    for which in range(3):
        place = (mine % size + which * size).clamp(max=text.rope.chunk)
        place = torch.full_like(mine, text.rope.chunk) if which == 2 else place
        found = _turned(text, query, place) @ keys.transpose(-1, -2) * text.head_dim**-0.5
        scores = torch.where((apart == which) if which < 2 else (apart >= 2), found, scores)
    seen = order[None, :] <= order[start:, None]
    if keep is not None:
        seen = (seen & keep[:, None, None, :]) | (order[None, :] == order[start:, None])
    scores = scores.masked_fill(~seen, float("-inf"))
    return scores.float().softmax(-1).to(value.dtype) @ value.repeat_interleave(each, dim=1)


def _turned(text: Text, heads: Tensor, places: Tensor) -> Tensor:
    cos, sin = turns(text, places, length=text.rope.chunk)
    return turn(heads, cos, sin)
