"""Hyper-connections: several residual streams, mixed for each block by a gate and given its answer by another.

Each block reads a gated mean of the normed streams, and writes its output back into every stream with a weight of its
own between 0 and 2.
"""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional as F

from yunqi.cloud.models.engine.lineage.blocks import RmsNorm
from yunqi.cloud.models.engine.lineage.spec import Streams, Text
from yunqi.kernel.errors import Invalid


class Streamed(nn.Module):
    """Wraps a block of one stream to work on all of them."""

    def __init__(self, text: Text, *, inject: bool = True) -> None:
        super().__init__()
        if text.streams is None:
            raise Invalid("The config names no hyper-connections.", param="hc_count")
        self.streams: Streams = text.streams
        self.width = text.width
        whole = text.streams.count * text.width
        self.hc_norm = RmsNorm(whole, text.eps, centred=True, group=text.width)
        self.input_mix_weight_down = nn.Linear(whole, text.streams.rank, bias=False)
        self.input_mix_weight_up = nn.Linear(text.streams.rank, whole, bias=False)
        self.block_inject_weight = nn.Linear(whole, text.streams.count, bias=False) if inject else None

    def mix(self, x: Tensor) -> Tensor:
        """Return one stream [batch, tokens, width] of all x [batch, tokens, streams * width]."""
        return self._mix(self.hc_norm(x))

    def forward(self, x: Tensor, block: Callable[[Tensor], Tensor]) -> Tensor:
        """Return the streams after a block read them and wrote to them."""
        normed = self.hc_norm(x)
        said = block(self._mix(normed))
        if self.block_inject_weight is None:
            return said
        weights = 2 * (self.block_inject_weight(normed) / self.streams.count).sigmoid()
        return x + (said[..., None, :] * weights[..., None]).flatten(-2)

    def _mix(self, normed: Tensor) -> Tensor:
        gate = F.silu(self.input_mix_weight_down(normed) / self.streams.count)
        gate = self.input_mix_weight_up(gate).sigmoid()
        return (gate * normed).unflatten(-1, (self.streams.count, self.width)).mean(-2)
