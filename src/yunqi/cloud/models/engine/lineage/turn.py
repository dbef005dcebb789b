"""What all layers share in one run."""

from dataclasses import dataclass

from torch import Tensor

from yunqi.cloud.models.engine.lineage.cache import Cache


@dataclass(slots=True)
class Turn:
    """All that is the same for every layer in one run over new tokens.

    Parameters
    ----------
    start
        Tokens before these in the cache.
    keep
        Which of all tokens so far are real [batch, start + tokens]; None when all are.
    turned
        Cos and sin of all tokens so far, where the attention is indexed.
    token_ids
        The new tokens, where layers embed them again.
    """

    cos: Tensor
    sin: Tensor
    positions: Tensor
    start: int
    tokens: int
    keep: Tensor | None
    cache: Cache | None
    masks: dict[str, Tensor | None]
    turned: tuple[Tensor, Tensor] | None = None
    token_ids: Tensor | None = None

    def fresh(self) -> Tensor | None:
        """Return which of the new tokens are real."""
        return None if self.keep is None else self.keep[:, self.start :]
