"""What is made of the last states: the next word, classes, labels, a reward, a span, vectors, or nothing."""

from torch import Tensor, nn

from yunqi.cloud.models.engine.lineage.cache import Cache
from yunqi.cloud.models.engine.lineage.decoder import Decoder
from yunqi.cloud.models.engine.lineage.spec import Text


class LanguageModel(nn.Module):
    """A decoder and its head; parameter names are those of the official checkpoints."""

    def __init__(self, text: Text) -> None:
        super().__init__()
        self.text = text
        self.model = Decoder(text)
        self.lm_head: nn.Linear | None = None
        self.score: nn.Module | None = None
        self.qa_outputs: nn.Linear | None = None
        self.embedding_proj_layer: nn.Linear | None = None
        if text.head == "words" and not text.tied:
            self.lm_head = nn.Linear(text.width, text.vocabulary, bias=False)
        elif text.head in ("classes", "labels"):
            self.score = nn.Linear(text.width, text.classes, bias=text.head == "labels" and text.head_bias)
        elif text.head == "reward":
            self.score = _rewarder(text)
        elif text.head == "span":
            self.qa_outputs = nn.Linear(text.width, 2)
        elif text.head == "vectors":
            self.embedding_proj_layer = nn.Linear(text.width, text.classes)

    def head(self, hidden: Tensor) -> Tensor:
        """Return what the head makes of hidden states [..., width]: logits [..., vocabulary], or as `Text` says."""
        for layer in (self.score, self.qa_outputs, self.lm_head):
            if layer is not None:
                return layer(hidden)
        if self.embedding_proj_layer is not None:
            return nn.functional.normalize(self.embedding_proj_layer(hidden), dim=-1, eps=0.0)
        if self.text.head == "states":
            return hidden
        return nn.functional.linear(hidden, self.model.embed_tokens.weight)

    def forward(self, token_ids: Tensor, *, keep: Tensor | None = None, cache: Cache | None = None) -> Tensor:
        """Return what the head makes of every token of token_ids [batch, tokens]."""
        return self.head(self.model(token_ids, keep=keep, cache=cache))


def _rewarder(text: Text) -> nn.Module:
    """Return the head of Qwen2.5-Math's reward models."""
    return nn.Sequential(nn.Linear(text.width, text.width), nn.ReLU(), nn.Linear(text.width, text.classes))
