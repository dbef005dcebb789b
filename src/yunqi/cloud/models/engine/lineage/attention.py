"""Attention with everything the family ever added to it: grouped queries, biases, head norms, windows, a gate."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from yunqi.cloud.models.engine.lineage import chunked
from yunqi.cloud.models.engine.lineage.blocks import RmsNorm
from yunqi.cloud.models.engine.lineage.indexed import Indexer
from yunqi.cloud.models.engine.lineage.rotary import turn
from yunqi.cloud.models.engine.lineage.spec import FULL, WINDOW, Text
from yunqi.cloud.models.engine.lineage.turn import Turn


def masks(text: Text, *, start: int, tokens: int, keep: Tensor | None) -> dict[str, Tensor | None]:
    """Return for each kind of attention which keys each new token may see [batch or 1, 1, tokens, keys]; None: causal."""
    found: dict[str, Tensor | None] = {}
    for kind in {FULL, *text.kinds} & {FULL, WINDOW}:
        window = text.window if kind == WINDOW else 0
        found[kind] = _mask(start, tokens, keep, window)
    return found


def _mask(start: int, tokens: int, keep: Tensor | None, window: int) -> Tensor | None:
    if keep is None and start == 0 and (not window or tokens <= window):
        return None
    mine = torch.arange(start, start + tokens)[:, None]
    keys = torch.arange(start + tokens)[None, :]
    seen = keys <= mine
    if window:
        seen &= keys > mine - window
    seen = seen[None, None]
    if keep is not None:
        # A padding token sees itself: a row that sees nothing would be not a number.
        seen = (seen & keep[:, None, None, :]) | (keys == mine)
    return seen


class Attention(nn.Module):
    """Softmax attention of one layer."""

    def __init__(self, text: Text, layer: int) -> None:
        super().__init__()
        self.text = text
        self.layer = layer
        dim, bias = text.head_dim, text.qkv_bias
        self.q_proj = nn.Linear(text.width, text.heads * dim * (2 if text.gate else 1), bias=bias)
        self.k_proj = nn.Linear(text.width, text.kv_heads * dim, bias=bias)
        self.v_proj = nn.Linear(text.width, text.kv_heads * dim, bias=bias)
        self.o_proj = nn.Linear(text.heads * dim, text.width, bias=text.out_bias)
        self.q_norm = RmsNorm(dim, text.eps, centred=text.centred) if text.head_norm else None
        self.k_norm = RmsNorm(dim, text.eps, centred=text.centred) if text.head_norm else None
        self.indexer = Indexer(text, layer) if text.indexer is not None else None

    def forward(self, x: Tensor, now: Turn) -> Tensor:
        """Return the mixed tokens of x [batch, tokens, width]."""
        text = self.text
        query, gate = self.q_proj(x), None
        if text.gate:
            query, gate = query.unflatten(-1, (text.heads, 2, text.head_dim)).unbind(-2)
            query, gate = query.flatten(-2), gate.flatten(-2)
        query = self._heads(query, text.heads, self.q_norm)
        key = self._heads(self.k_proj(x), text.kv_heads, self.k_norm)
        value = self._heads(self.v_proj(x), text.kv_heads, None)
        if text.rope.chunk:
            mixed = self._chunked(query, key, value, now)
        else:
            query, key = turn(query, now.cos, now.sin), turn(key, now.cos, now.sin)
            if now.cache is not None:
                key, value = now.cache.layers[self.layer].extend(key, value)
            if text.logn and key.shape[2] > text.logn:
                query = query * _logn(text.logn, now)
            mask = now.masks[text.kinds[self.layer]]
            if self.indexer is not None:
                mask = self.indexer(x, now, mask)
            mixed = attend(query, key, value, mask)
        mixed = mixed.transpose(1, 2).flatten(2)
        if gate is not None:
            mixed = mixed * gate.sigmoid()
        return self.o_proj(mixed)

    def _heads(self, x: Tensor, heads: int, norm: RmsNorm | None) -> Tensor:
        x = x.unflatten(-1, (heads, self.text.head_dim))
        return (x if norm is None else norm(x)).transpose(1, 2)

    def _chunked(self, query: Tensor, key: Tensor, value: Tensor, now: Turn) -> Tensor:
        if now.cache is not None:  # keys stay unturned in the cache: their turn depends on who looks
            key, value = now.cache.layers[self.layer].extend(key, value)
        return chunked.attend(self.text, query, key, value, start=now.start, keep=now.keep)


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    """Return softmax attention [batch, heads, tokens, dim]; no mask means causal over equal lengths."""
    single = query.shape[2] == 1
    return F.scaled_dot_product_attention(
        query,
        key,
        value,
        attn_mask=mask,
        is_causal=mask is None and not single,
        enable_gqa=query.shape[1] != key.shape[1],
    )


def _logn(trained: int, now: Turn) -> Tensor:
    """Return log_trained(position + 1) past the trained length, else 1 [1, 1, tokens, 1] (Qwen, 2023)."""
    places = torch.arange(now.start + 1, now.start + now.tokens + 1, dtype=torch.float32)
    return (places.log() / math.log(trained)).clamp(min=1.0)[None, None, :, None]
