"""Talkers: decoders that read what the thinker thought and said, and answer in codes of speech.

Qwen2.5-Omni (arXiv 2503.20215) says one code a frame. Qwen3-Omni (2509.17765) says the first of a group; a small
decoder predicts the others, each from those before it in the same frame.
"""

import torch
from torch import Tensor, nn

from yunqi.cloud.models.engine.lineage.blocks import activation
from yunqi.cloud.models.engine.lineage.decoder import Decoder
from yunqi.cloud.models.engine.lineage.spec import Talker as TalkerSpec
from yunqi.cloud.models.engine.lineage.spec import Text


class Projection(nn.Module):
    """From the thinker's width to the talker's, in two layers."""

    def __init__(self, entry: int, text: Text) -> None:
        super().__init__()
        self.linear_fc1 = nn.Linear(entry, text.inner)
        self.linear_fc2 = nn.Linear(text.inner, text.width)
        self.act = activation(text.activation)

    def forward(self, x: Tensor) -> Tensor:
        """Return x [..., entry] as [..., width]."""
        return self.linear_fc2(self.act(self.linear_fc1(x)))


class Predictor(nn.Module):
    """Predicts the codes of a frame after its first, one after the other, each with a head of its own."""

    def __init__(self, text: Text, groups: int) -> None:
        super().__init__()
        self.text = text
        self.model = Decoder(text, entry=0)
        self.model.codec_embedding = nn.ModuleList(
            [nn.Embedding(text.vocabulary, text.width) for _ in range(groups - 1)]
        )
        self.lm_head = nn.ModuleList([nn.Linear(text.width, text.vocabulary, bias=False) for _ in range(groups - 1)])

    def embed(self, group: int, code: int) -> Tensor:
        """Return the embedding [1, 1, width] of a code of a group, counted from the frame's second."""
        table: Tensor = self.model.codec_embedding[group].weight  # type: ignore[index, union-attr]
        return table[code].view(1, 1, -1)


class Talker(nn.Module):
    """A talker of either generation; parameter names are those of the official checkpoints."""

    def __init__(self, spec: TalkerSpec) -> None:
        super().__init__()
        self.spec = spec
        text = spec.text
        first = spec.kind == "qwen2_5"
        self.model = Decoder(text, entry=spec.entry if first else None)
        self.codec_head = nn.Linear(text.width, text.vocabulary, bias=False)
        if first:
            self.thinker_to_talker_proj = nn.Linear(spec.entry, text.width)
        else:
            self.text_projection = Projection(spec.entry, text)
            self.hidden_projection = Projection(spec.entry, text)
            if spec.predictor is not None:
                self.code_predictor = Predictor(spec.predictor, spec.groups)

    def code(self, codes: int | tuple[int, ...]) -> Tensor:
        """Return the embeddings [1, codes, entry or width] of codes."""
        many = (codes,) if isinstance(codes, int) else codes
        return self.model.embed_tokens(torch.tensor([many]))

    def forward(self, embeds: Tensor, **given: object) -> Tensor:
        """Return the last hidden states [1, frames, width] of what it reads [1, frames, entry or width].

        What is ``given`` is as for `Decoder`.
        """
        if self.spec.kind == "qwen2_5":
            embeds = self.thinker_to_talker_proj(embeds)
        return self.model(embeds=embeds, **given)
