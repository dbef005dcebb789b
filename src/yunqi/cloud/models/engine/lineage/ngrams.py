"""Embeddings of hashed token n-grams, added to every stream of some layers behind a gate and a short convolution."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from yunqi.cloud.models.engine.lineage.blocks import RmsNorm
from yunqi.cloud.models.engine.lineage.delta import convolve
from yunqi.cloud.models.engine.lineage.spec import Ngrams, Text
from yunqi.cloud.models.engine.lineage.turn import Turn
from yunqi.kernel.errors import Invalid

_GOLDEN, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_WORD = (1 << 64) - 1
_STEP = 10007


class Hashed(nn.Module):
    """Embeds, for every token, the n-grams that end in it: several hashes of each length, each in a table of its own."""

    def __init__(self, text: Text, ngrams: Ngrams, order: int) -> None:
        super().__init__()
        self.ngrams = ngrams
        heads = (ngrams.size - 1) * ngrams.heads
        self.sizes = [_prime_after(ngrams.vocabulary - 1, order * heads + head + 1) for head in range(heads)]
        total = -(-sum(self.sizes) // ngrams.multiple) * ngrams.multiple
        self.multipliers = _multipliers(text.vocabulary, ngrams, order)
        self.ngram_embedding = nn.Embedding(total, ngrams.width // heads)

    def forward(self, history: Tensor, tokens: int) -> Tensor:
        """Return [batch, tokens, width] for the last tokens of a history [batch, context + tokens]."""
        shifted = [_shifted(history, shift, self.ngrams.end) for shift in range(self.ngrams.size)]
        places, start, mixed = [], 0, shifted[0] * self.multipliers[0]
        for order in range(1, self.ngrams.size):
            mixed = mixed ^ (shifted[order] * self.multipliers[order])
            for size in self.sizes[(order - 1) * self.ngrams.heads : order * self.ngrams.heads]:
                places.append(mixed.remainder(size) + start)
                start += size
        return self.ngram_embedding(torch.stack(places, dim=-1)[:, -tokens:]).flatten(-2)


class NgramLayer(nn.Module):
    """What one layer adds to its streams."""

    def __init__(self, text: Text, layer: int) -> None:
        super().__init__()
        if text.ngrams is None or text.streams is None:
            raise Invalid("The config names no n-gram embeddings.", param="ple_layer_ids")
        self.text, self.layer, self.ngrams = text, layer, text.ngrams
        self.count = text.streams.count
        whole = self.count * text.width
        self.ple_embedding = Hashed(text, text.ngrams, text.ngrams.layers.index(layer))
        self.key_proj = nn.Linear(text.ngrams.width, whole, bias=False)
        self.value_proj = nn.Linear(text.ngrams.width, text.width, bias=False)
        self.norm_key, self.norm_query, self.norm_conv = (
            RmsNorm(whole, text.eps, centred=True, group=text.width) for _ in range(3)
        )
        self.conv1d = nn.Conv1d(whole, whole, text.ngrams.kernel, groups=whole, bias=False)

    def forward(self, x: Tensor, now: Turn) -> Tensor:
        """Return what is added to the streams x [batch, tokens, streams * width]."""
        if now.token_ids is None:
            raise Invalid("This member embeds its tokens again in later layers, so it needs token ids.", param="embeds")
        real = now.fresh()
        recent = None if now.cache is None else now.cache.recent
        history = joined(self.ngrams, now.token_ids, real, recent)
        embedded = self.ple_embedding(history, now.tokens)
        key = self.norm_key(self.key_proj(embedded)).unflatten(-1, (self.count, -1))
        query = self.norm_query(x).unflatten(-1, (self.count, -1))
        fit = (key * query).sum(-1, keepdim=True) / math.sqrt(self.text.width)
        fit = fit.abs().clamp_min(1e-6).sqrt() * fit.sign()
        value = (fit.sigmoid() * self.value_proj(embedded)[..., None, :]).flatten(-2)
        normed = self.norm_conv(value)
        if real is not None:
            value, normed = value * real[..., None], normed * real[..., None]
        memory = None if now.cache is None else now.cache.layers[self.layer]
        return value + F.silu(convolve(self.conv1d, normed, memory, "ngrams", dilation=self.ngrams.size))


def joined(ngrams: Ngrams, token_ids: Tensor, real: Tensor | None, recent: Tensor | None) -> Tensor:
    """Return tokens [batch, size - 1 + tokens] with those before them; padding reads as the end token."""
    if real is not None:
        token_ids = token_ids.masked_fill(~real, ngrams.end)
    if recent is None:
        recent = token_ids.new_full((len(token_ids), ngrams.size - 1), ngrams.end)
    return torch.cat((recent, token_ids), dim=1)


def _shifted(history: Tensor, shift: int, end: int) -> Tensor:
    """Return the token ``shift`` places before each, or the end token where a text ended between them."""
    if not shift:
        return history
    places = torch.arange(history.shape[1])
    ends = torch.where(history == end, places, -1).cummax(dim=1).values
    begun = F.pad(ends[:, :-1], (1, 0), value=-1) + 1
    moved = F.pad(history, (shift, 0), value=end)[:, : history.shape[1]]
    return torch.where(places - begun >= shift, moved, end)


def _multipliers(vocabulary: int, ngrams: Ngrams, order: int) -> list[int]:
    half = max(1, ((1 << 63) - 1) // max(vocabulary, 1) // 2)
    base = ngrams.seed + _STEP * order
    return [2 * (_mixed((base + _GOLDEN * (place + 1)) & _WORD) % half) + 1 for place in range(ngrams.size)]


def _mixed(value: int) -> int:
    """Return SplitMix64 of a number (Steele et al., 2014)."""
    value = (value + _GOLDEN) & _WORD
    value = ((value ^ (value >> 30)) * _FIRST) & _WORD
    value = ((value ^ (value >> 27)) * _SECOND) & _WORD
    return value ^ (value >> 31)


def _prime_after(start: int, count: int) -> int:
    found = start
    while count:
        found += 1
        count -= found > 1 and all(found % part for part in range(2, math.isqrt(found) + 1))
    return found
