"""Indexed attention: a small scorer picks, for every query, the blocks of keys that it may see.

Keys of the scorer are means over blocks of tokens. All tokens after the last whole block are always seen.
"""

import math

import torch
from torch import Tensor, nn

from yunqi.cloud.models.engine.lineage.blocks import RmsNorm
from yunqi.cloud.models.engine.lineage.rotary import turn
from yunqi.cloud.models.engine.lineage.spec import Text
from yunqi.cloud.models.engine.lineage.turn import Turn
from yunqi.kernel.errors import Invalid


class Indexer(nn.Module):
    """The scorer of one layer."""

    def __init__(self, text: Text, layer: int) -> None:
        super().__init__()
        if text.indexer is None:
            raise Invalid("The config names no indexer.", param="indexer_n_heads")
        self.shape, self.layer = text.indexer, layer
        self.index_qk_proj = nn.Linear(text.width, (self.shape.heads + 1) * self.shape.head_dim, bias=False)
        self.q_layernorm = RmsNorm(self.shape.head_dim, text.eps, centred=True)
        self.k_layernorm = RmsNorm(self.shape.head_dim, text.eps, centred=True)

    def forward(self, x: Tensor, now: Turn, mask: Tensor | None) -> Tensor:
        """Return which keys each token of x may see [batch, 1, tokens, keys]."""
        parts = self.index_qk_proj(x).unflatten(-1, (self.shape.heads + 1, self.shape.head_dim)).transpose(1, 2)
        query = turn(self.q_layernorm(parts[:, :-1]), now.cos, now.sin)
        keys = parts[:, -1:]
        if now.cache is not None:
            memory = now.cache.layers[self.layer].conv
            keys = torch.cat((memory["keys"], keys), dim=2) if "keys" in memory else keys
            memory["keys"] = keys
        total, batch = keys.shape[2], len(x)
        order = torch.arange(total)
        causal = order[None] <= torch.arange(total - now.tokens, total)[:, None]
        mask = causal[None, None] if mask is None else mask
        cos, sin = now.turned if now.turned is not None else (now.cos, now.sin)
        rows = [self._row(query[row], keys[row, 0], (cos[min(row, len(cos) - 1)], sin[min(row, len(sin) - 1)]),
                          self._first(now, row), now.tokens) for row in range(batch)]  # fmt: skip
        return mask & torch.stack(rows)[:, None]

    def _first(self, now: Turn, row: int) -> int:
        """Return the index of a row's first real token."""
        return 0 if now.keep is None else int(now.keep[row].long().argmax())

    def _row(self, query: Tensor, keys: Tensor, turned: tuple[Tensor, Tensor], first: int, tokens: int) -> Tensor:
        block, total = self.shape.block, len(keys)
        seen = torch.zeros(tokens, total, dtype=torch.bool)
        whole = (total - first) // block
        scores = self._scores(query, keys, turned, first, whole)
        for place in range(tokens):
            end = total - tokens + place + 1
            if end <= first:
                seen[place, end - 1] = True  # padding sees itself
                continue
            blocks = (end - first) // block
            if blocks:
                best = scores[place, :blocks].topk(min(self.shape.budget // block, blocks)).indices
                starts = first + best * block
                seen[place, (starts[:, None] + torch.arange(block)).flatten()] = True
            seen[place, first + blocks * block : end] = True
        return seen

    def _scores(self, query: Tensor, keys: Tensor, turned: tuple[Tensor, Tensor], first: int, whole: int) -> Tensor:
        """Return how much each query cares for each whole block [tokens, blocks]."""
        block = self.shape.block
        means = keys[first : first + whole * block].unflatten(0, (whole, block)).float().mean(1).to(keys.dtype)
        starts = first + torch.arange(whole) * block
        pooled = turn(self.k_layernorm(means)[None, None], turned[0][starts][None], turned[1][starts][None])[0, 0]
        return (query.float() @ pooled.float().T).relu().sum(0) / math.sqrt(self.shape.head_dim)
