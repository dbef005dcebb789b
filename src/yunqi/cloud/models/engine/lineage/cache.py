"""What a sequence leaves behind for its next tokens: keys and values, and the states of recurrent layers."""

from dataclasses import dataclass

import torch
from torch import Tensor


class LayerCache:
    """One layer's memory; grows by doubling, so that a token costs no copy of all before it."""

    def __init__(self) -> None:
        self.conv: dict[str, Tensor] = {}
        self.state: Tensor | None = None
        self._keys: Tensor | None = None
        self._values: Tensor | None = None
        self._length = 0

    def extend(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Append [batch, heads, tokens, dim] and return all so far."""
        start, end = self._length, self._length + keys.shape[2]
        if self._keys is None or self._values is None or end > self._keys.shape[2]:
            self._keys = _grown(self._keys, keys, start, end)
            self._values = _grown(self._values, values, start, end)
        self._keys[:, :, start:end] = keys
        self._values[:, :, start:end] = values
        self._length = end
        return self._keys[:, :, :end], self._values[:, :, :end]

    def crop(self, length: int) -> None:
        """Forget keys and values past ``length`` tokens."""
        self._length = min(self._length, length)

    def states(self) -> tuple[Tensor | None, dict[str, Tensor]]:
        """Return what cannot be cropped: the recurrent state and the convolutions' last inputs."""
        return self.state, dict(self.conv)


def _grown(old: Tensor | None, like: Tensor, used: int, need: int) -> Tensor:
    batch, heads, _, dim = like.shape
    new = like.new_empty((batch, heads, max(need, 2 * used, 64), dim))
    if old is not None:
        new[:, :, :used] = old[:, :, :used]
    return new


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment of a `Cache` to come back to; states are never changed in place, so it costs no copy."""

    length: int
    keep: Tensor | None
    recent: Tensor | None
    turned: tuple[Tensor, Tensor] | None
    states: tuple[tuple[Tensor | None, dict[str, Tensor]], ...]


class Cache:
    """The memory of a batch of sequences over all layers.

    Attributes
    ----------
    keep
        Which of the tokens so far are real [batch, length]; None when all are.
    offset
        Position of the next token minus the tokens so far [batch, 1]; pictures make it negative.
    recent
        The last tokens [batch, n-gram size - 1], for hashed n-grams.
    turned
        Cos and sin of all positions so far, for indexed attention.
    prompt
        Length of the first run, which fixes the 2023 generation's frequencies.
    """

    def __init__(self, layers: int) -> None:
        self.layers = [LayerCache() for _ in range(layers)]
        self.length = 0
        self.keep: Tensor | None = None
        self.offset: Tensor | None = None
        self.prompt = 0
        self.recent: Tensor | None = None
        self.turned: tuple[Tensor, Tensor] | None = None

    def mark(self) -> Mark:
        """Return the present moment."""
        states = tuple(layer.states() for layer in self.layers)
        return Mark(self.length, self.keep, self.recent, self.turned, states)

    def restore(self, mark: Mark) -> None:
        """Forget all that came after a mark."""
        self.length, self.keep, self.recent, self.turned = mark.length, mark.keep, mark.recent, mark.turned
        for layer, (state, conv) in zip(self.layers, mark.states, strict=True):
            layer.crop(mark.length)
            layer.state, layer.conv = state, dict(conv)

    def crops(self) -> bool:
        """Return whether single tokens can be forgotten: whether no layer remembers in a state."""
        held = any(layer.state is not None or layer.conv for layer in self.layers)
        return not held and self.recent is None and self.turned is None and self.keep is None

    def crop(self, length: int) -> None:
        """Forget the tokens past ``length``."""
        self.length = min(self.length, length)
        for layer in self.layers:
            layer.crop(length)

    def remember(self, tokens: int, keep: Tensor | None, batch: int) -> Tensor | None:
        """Count new tokens in; return which of all so far are real, None when all are."""
        if keep is not None or self.keep is not None:
            new = torch.ones(batch, tokens, dtype=torch.bool) if keep is None else keep
            old = torch.ones(batch, self.length, dtype=torch.bool) if self.keep is None else self.keep
            self.keep = torch.cat((old, new), dim=1)
        self.length += tokens
        self.prompt = self.prompt or tokens
        return self.keep
