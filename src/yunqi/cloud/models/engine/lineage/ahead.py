"""The head that looks ahead (multi-token prediction).

Qwen3-Next and Qwen3.5 carry one more layer after their decoder: from the final state of a token and the embedding of
the token that follows, it predicts the one after that.
"""

from dataclasses import replace

import torch
from torch import Tensor, nn

from yunqi.cloud.models.engine.lineage.blocks import RmsNorm
from yunqi.cloud.models.engine.lineage.cache import Cache
from yunqi.cloud.models.engine.lineage.decoder import Decoder
from yunqi.cloud.models.engine.lineage.spec import FULL, Text


class Ahead(nn.Module):
    """The layers of the head; its embeddings and its output layer are the decoder's own."""

    def __init__(self, text: Text) -> None:
        super().__init__()
        count = text.predictors
        inner = replace(
            text, layers=count, kinds=(FULL,) * count, sparse=(text.experts is not None,) * count, delta=None
        )
        self.pre_fc_norm_embedding = RmsNorm(text.width, text.eps, centred=text.centred)
        self.pre_fc_norm_hidden = RmsNorm(text.width, text.eps, centred=text.centred)
        self.fc = nn.Linear(2 * text.width, text.width, bias=False)
        self.model = Decoder(inner, entry=0)

    def forward(self, states: Tensor, following: Tensor, *, cache: Cache | None = None) -> Tensor:
        """Return states [batch, tokens, width] whose logits name the token after the next.

        Parameters
        ----------
        states
            The decoder's final states, or the head's own where it guesses on from a guess.
        following
            Embeddings of the tokens that follow each.
        """
        both = torch.cat((self.pre_fc_norm_embedding(following), self.pre_fc_norm_hidden(states)), dim=-1)
        return self.model(embeds=self.fc(both), cache=cache)
