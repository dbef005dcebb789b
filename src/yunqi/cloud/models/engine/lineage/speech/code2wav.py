"""Qwen3-Omni's code decoder (arXiv 2509.17765): groups of codes to a wave, causal, so that it can speak as it goes."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from yunqi.cloud.models.engine.lineage.decoder import Decoder
from yunqi.cloud.models.engine.lineage.spec import Waves
from yunqi.cloud.models.engine.lineage.speech.snake import CausalConv, CausalRise, Snake


class ConvNext(nn.Module):
    """A ConvNeXt block (arXiv 2201.03545) over time."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dwconv = CausalConv(width, width, 7, groups=width)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.pwconv1 = nn.Linear(width, 4 * width)
        self.pwconv2 = nn.Linear(4 * width, width)
        self.gamma = nn.Parameter(torch.full((width,), 1e-6))

    def forward(self, x: Tensor) -> Tensor:
        """Return x [batch, width, frames] one block further."""
        inner = self.norm(self.dwconv(x).transpose(1, 2))
        return x + (self.gamma * self.pwconv2(F.gelu(self.pwconv1(inner)))).transpose(1, 2)


class Residual(nn.Module):
    """A dilated and a pointwise convolution behind waving activations."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.act1, self.act2 = Snake(width), Snake(width)
        self.conv1 = CausalConv(width, width, 7, dilation=dilation)
        self.conv2 = CausalConv(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return x [batch, width, samples] one unit further."""
        return x + self.conv2(self.act2(self.conv1(self.act1(x))))


class Rise(nn.Module):
    """To a higher rate at half the width, then three residual units."""

    def __init__(self, width: int, rate: int) -> None:
        super().__init__()
        units = [Residual(width // 2, dilation) for dilation in (1, 3, 9)]
        self.block = nn.ModuleList([Snake(width), CausalRise(width, width // 2, 2 * rate, rate), *units])

    def forward(self, x: Tensor) -> Tensor:
        """Return x [batch, width, samples] as [batch, width / 2, more samples]."""
        for part in self.block:
            x = part(x)
        return x


class Code2Wav(nn.Module):
    """Codes [batch, groups, frames] to a wave [batch, samples]."""

    def __init__(self, waves: Waves) -> None:
        super().__init__()
        self.waves = waves
        text, width = waves.text, waves.width
        self.pre_transformer = Decoder(text, entry=0)
        self.code_embedding = nn.Embedding(text.vocabulary, text.width)
        self.upsample = nn.ModuleList(
            [
                nn.ModuleList([CausalRise(text.width, text.width, ratio, ratio), ConvNext(text.width)])
                for ratio in waves.ratios
            ]
        )
        last = width // 2 ** len(waves.rates)
        rises = [Rise(width // 2**index, rate) for index, rate in enumerate(waves.rates)]
        self.decoder = nn.ModuleList([CausalConv(text.width, width, 7), *rises, Snake(last), CausalConv(last, 1, 7)])

    def forward(self, codes: Tensor) -> Tensor:
        """Return the wave, within -1 and 1."""
        groups = self.waves.groups
        first = torch.arange(groups)[:, None] * (self.waves.text.vocabulary // groups)
        x = self.pre_transformer(embeds=self.code_embedding(codes + first).mean(1)).transpose(1, 2)
        for parts in self.upsample:
            for part in parts:  # type: ignore[attr-defined]
                x = part(x)
        for part in self.decoder:
            x = part(x)
        return x.clamp(-1.0, 1.0)[:, 0]

    def in_chunks(self, codes: Tensor, *, size: int = 300, before: int = 25) -> Tensor:
        """Return the wave made a chunk of frames at a time, each after some that came before it."""
        each = math.prod((*self.waves.rates, *self.waves.ratios))
        found = []
        for start in range(0, codes.shape[-1], size):
            context = before if start > before else start
            wave = self(codes[..., start - context : start + size])
            found.append(wave[..., context * each :])
        return torch.cat(found, dim=-1)
