"""BigVGAN (arXiv 2206.04658): mel frames to a wave, by upsampling and periodic residual blocks."""

import math

import torch
from torch import Tensor, nn

from yunqi.cloud.models.engine.lineage.spec import Vocoder
from yunqi.cloud.models.engine.lineage.speech.snake import Antialiased

_FLOOR = -115.0
_LOUDEST = 20.0


class Periodic(nn.Module):
    """Pairs of dilated and plain convolutions behind antialiased activations, each pair a residual."""

    def __init__(self, channels: int, size: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(
            [nn.Conv1d(channels, channels, size, dilation=far, padding=(size - 1) * far // 2) for far in dilations]
        )
        self.convs2 = nn.ModuleList([nn.Conv1d(channels, channels, size, padding=(size - 1) // 2) for _ in dilations])
        self.activations = nn.ModuleList([Antialiased(channels) for _ in range(2 * len(dilations))])

    def forward(self, x: Tensor) -> Tensor:
        """Return x [batch, channels, samples] one block further."""
        for index, (far, near) in enumerate(zip(self.convs1, self.convs2, strict=True)):
            x = x + near(self.activations[2 * index + 1](far(self.activations[2 * index](x))))
        return x


class BigVgan(nn.Module):
    """The whole vocoder."""

    def __init__(self, vocoder: Vocoder) -> None:
        super().__init__()
        self.vocoder = vocoder
        widths = [vocoder.channels // 2**index for index in range(len(vocoder.rates) + 1)]
        self.conv_pre = nn.Conv1d(vocoder.bins, widths[0], 7, padding=3)
        self.ups = nn.ModuleList(
            [
                nn.ModuleList([nn.ConvTranspose1d(wide, narrow, size, rate, padding=(size - rate) // 2)])
                for wide, narrow, size, rate in zip(widths, widths[1:], vocoder.kernels, vocoder.rates, strict=False)
            ]
        )
        self.resblocks = nn.ModuleList(
            [
                Periodic(width, size, dilations)
                for width in widths[1:]
                for size, dilations in zip(vocoder.block_kernels, vocoder.block_dilations, strict=True)
            ]
        )
        self.activation_post = Antialiased(widths[-1])
        self.conv_post = nn.Conv1d(widths[-1], 1, 7, padding=3, bias=False)

    def forward(self, mel: Tensor) -> Tensor:
        """Return the wave [batch, samples], within -1 and 1, of log-mel frames [batch, bins, frames]."""
        x = self.conv_pre(_normed(mel))
        each = len(self.vocoder.block_kernels)
        for index, up in enumerate(self.ups):
            x = up[0](x)  # type: ignore[index]
            blocks = self.resblocks[index * each : (index + 1) * each]
            x = torch.stack([block(x) for block in blocks]).sum(0) / each
        return self.conv_post(self.activation_post(x)).clamp(-1.0, 1.0)[:, 0]


def _normed(mel: Tensor) -> Tensor:
    """Return natural log amplitudes as decibels below the loudest, within -1 and 1."""
    floor = math.exp(_FLOOR / 20 * math.log(10))
    decibels = 20 * mel.exp().clamp(min=floor).log10() - _LOUDEST
    return (2 * ((decibels - _FLOOR) / -_FLOOR) - 1).clamp(-1.0, 1.0)
