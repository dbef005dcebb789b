"""The decoder that a `Text` describes, and the whole language model over it."""

import torch
from torch import Tensor, nn

from yunqi.cloud.models.engine.lineage.attention import Attention, masks
from yunqi.cloud.models.engine.lineage.blocks import RmsNorm, Scale, SparseMlp, SwiGlu
from yunqi.cloud.models.engine.lineage.cache import Cache
from yunqi.cloud.models.engine.lineage.delta import DeltaNet
from yunqi.cloud.models.engine.lineage.ngrams import NgramLayer, joined
from yunqi.cloud.models.engine.lineage.rotary import turns
from yunqi.cloud.models.engine.lineage.spec import DELTA, Text
from yunqi.cloud.models.engine.lineage.streams import Streamed
from yunqi.cloud.models.engine.lineage.turn import Turn


class Layer(nn.Module):
    """Norm, mix tokens, add; norm, feed forward, add."""

    def __init__(self, text: Text, layer: int) -> None:
        super().__init__()
        self.input_layernorm = RmsNorm(text.width, text.eps, centred=text.centred)
        self.post_attention_layernorm = RmsNorm(text.width, text.eps, centred=text.centred)
        self.mixer = "linear_attn" if text.kinds[layer] == DELTA else "self_attn"
        self.add_module(self.mixer, DeltaNet(text, layer) if text.kinds[layer] == DELTA else Attention(text, layer))
        self.mlp: nn.Module = (
            SparseMlp(text)
            if text.sparse[layer]
            else SwiGlu(text.width, text.inner, act=text.activation, bias=text.mlp_bias)
        )
        self.self_attn_layer_scale: nn.Module | None = Scale(text.width) if text.scaled else None
        self.mlp_layer_scale: nn.Module | None = Scale(text.width) if text.scaled else None

    def forward(self, x: Tensor, now: Turn) -> Tensor:
        """Return x [batch, tokens, width] one layer further."""
        mixed = getattr(self, self.mixer)(self.input_layernorm(x), now)
        if self.self_attn_layer_scale is None or self.mlp_layer_scale is None:
            x = x + mixed
            return x + self.mlp(self.post_attention_layernorm(x))
        x = x + self.self_attn_layer_scale(mixed)
        return x + self.mlp_layer_scale(self.mlp(self.post_attention_layernorm(x)))


class StreamLayer(nn.Module):
    """A layer over several residual streams (hyper-connections), in some of which n-grams are embedded first."""

    def __init__(self, text: Text, layer: int) -> None:
        super().__init__()
        self.mixer = "linear_attn" if text.kinds[layer] == DELTA else "self_attn"
        self.add_module(self.mixer, DeltaNet(text, layer) if text.kinds[layer] == DELTA else Attention(text, layer))
        self.mlp = SparseMlp(text)
        embeds = text.ngrams is not None and layer in text.ngrams.layers
        self.ple = NgramLayer(text, layer) if embeds else None
        self.attn_hyper_connection = Streamed(text)
        self.mlp_hyper_connection = Streamed(text)

    def forward(self, x: Tensor, now: Turn) -> Tensor:
        """Return the streams x [batch, tokens, streams * width] one layer further."""
        if self.ple is not None:
            x = x + self.ple(x, now)
        x = self.attn_hyper_connection(x, lambda mixed: getattr(self, self.mixer)(mixed, now))
        return self.mlp_hyper_connection(x, self.mlp)


class Decoder(nn.Module):
    """Embeddings, layers and the last norm; parameter names are those of Qwen2 to Qwen3 checkpoints.

    Parameters
    ----------
    entry
        Width of the embeddings where it is not the decoder's; 0: it has none, and reads states alone.
    """

    def __init__(self, text: Text, *, entry: int | None = None) -> None:
        super().__init__()
        self.text = text
        if entry != 0:
            self.embed_tokens = nn.Embedding(text.vocabulary, entry or text.width)
        kind = Layer if text.streams is None else StreamLayer
        self.layers = nn.ModuleList([kind(text, layer) for layer in range(text.layers)])
        if text.streams is None:
            self.norm = RmsNorm(text.width, text.eps, centred=text.centred)
        else:
            self.hyper_connection_mixer = Streamed(text, inject=False)

    def forward(
        self,
        token_ids: Tensor | None = None,
        *,
        embeds: Tensor | None = None,
        keep: Tensor | None = None,
        positions: Tensor | None = None,
        cache: Cache | None = None,
        deep: list[Tensor] | None = None,
        passed: dict[int, Tensor] | None = None,
    ) -> Tensor:
        """Return the last hidden states [batch, tokens, width].

        Parameters
        ----------
        token_ids, embeds
            The tokens [batch, tokens], or what stands for them [batch, tokens, width]; both where pictures lie among them.
        keep
            Which of the new tokens are real [batch, tokens], bool; None when all are.
        positions
            [batch, tokens], or [3, batch, tokens] for M-RoPE; None counts the real tokens.
        deep
            Deepstack: what is added after each of the first layers [batch, tokens, width].
        passed
            Its keys are numbers of layers; each is given the states after so many layers.
        """
        x = self.embed_tokens(token_ids) if embeds is None else embeds
        now = turn_over(self.text, x, keep=keep, positions=positions, cache=cache)
        now.token_ids = token_ids
        if self.text.streams is not None:
            x = x.repeat(1, 1, self.text.streams.count)
        for index, layer in enumerate(self.layers):
            x = layer(x, now)
            if deep is not None and index < len(deep):
                x = x + deep[index]
            if passed is not None and index + 1 in passed:
                passed[index + 1] = x
        if cache is not None and self.text.ngrams is not None and token_ids is not None:
            history = joined(self.text.ngrams, token_ids, now.fresh(), cache.recent)
            cache.recent = history[:, history.shape[1] - self.text.ngrams.size + 1 :]
        return self.norm(x) if self.text.streams is None else self.hyper_connection_mixer.mix(x)


def turn_over(text: Text, x: Tensor, *, keep: Tensor | None, positions: Tensor | None, cache: Cache | None) -> Turn:
    """Return what all layers share in this run over x [batch, tokens, width]; counts the tokens into the cache."""
    batch, tokens = x.shape[:2]
    if keep is not None and bool(keep.all()):
        keep = None
    start = cache.length if cache is not None else 0
    kept = cache.remember(tokens, keep, batch) if cache is not None else keep
    if positions is None:
        positions = _positions(start, tokens, kept, cache)
    length = int(positions.max()) + 1
    if text.rope.kind == "qwen" and cache is not None:
        length = cache.prompt
    cos, sin = turns(text, positions, length=length)
    found = masks(text, start=start, tokens=tokens, keep=kept)
    turned = None
    if text.indexer is not None:
        before = None if cache is None else cache.turned
        turned = (cos, sin) if before is None else (torch.cat((before[0], cos), 1), torch.cat((before[1], sin), 1))
        if cache is not None:
            cache.turned = turned
    return Turn(cos, sin, positions, start, tokens, kept, cache, found, turned)


def _positions(start: int, tokens: int, keep: Tensor | None, cache: Cache | None) -> Tensor:
    places = torch.arange(start, start + tokens)[None]
    if keep is not None:
        places = (keep.long().cumsum(-1) - 1).clamp(min=0)[:, start:]
    if cache is not None and cache.offset is not None:
        places = places + cache.offset
    return places
