"""Parts that vocoders share: an activation that waves, filters against aliasing, causal convolutions.

Sources: Snake (arXiv 2006.08195), BigVGAN (2206.04658), and the windowed sinc of any signal processing text.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Snake(nn.Module):
    """x + sin(a x)^2 / b, with a and b a channel, kept as logarithms."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.zeros(channels))
        self.beta = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return the activation of x [batch, channels, samples]."""
        rate, size = self.alpha.exp()[:, None], self.beta.exp()[:, None]
        return x + (x * rate).sin().square() / (size + 1e-9)


def low_pass(ratio: int, taps: int) -> Tensor:
    """Return a Kaiser-windowed sinc [taps], float32, that passes what a rate lower by ``ratio`` can hold; it sums to one."""
    cutoff, half = 0.5 / ratio, taps // 2
    attenuation = 2.285 * (half - 1) * math.pi * 4 * (0.6 / ratio) + 7.95
    beta = 0.0
    if attenuation > 50:
        beta = 0.1102 * (attenuation - 8.7)
    elif attenuation >= 21:
        beta = 0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21)
    window = torch.kaiser_window(taps, periodic=False, beta=beta, dtype=torch.float32, device="cpu")
    places = torch.arange(taps, dtype=torch.float32, device="cpu") - half + (0.5 if taps % 2 == 0 else 0.0)
    found = 2 * cutoff * window * torch.sinc(2 * cutoff * places)
    return found / found.sum()


class Antialiased(nn.Module):
    """Snake at twice the rate, filtered on the way up and on the way down."""

    def __init__(self, channels: int, *, taps: int = 12) -> None:
        super().__init__()
        self.act = Snake(channels)
        self.taps = taps

    def forward(self, x: Tensor) -> Tensor:
        """Return the activation of x [batch, channels, samples]."""
        channels, taps = x.shape[1], self.taps
        weight = low_pass(2, taps).to(x).expand(channels, 1, taps)
        pad = taps // 2 - 1
        edge = 2 * pad + (taps - 2) // 2
        x = F.pad(x, (pad, pad), mode="replicate")
        x = 2 * F.conv_transpose1d(x, weight, stride=2, groups=channels)
        x = self.act(x[..., edge : x.shape[-1] - (2 * pad + (taps - 1) // 2)])
        x = F.pad(x, (taps // 2 - (taps % 2 == 0), taps // 2), mode="replicate")
        return F.conv1d(x, weight, stride=2, groups=channels)


class CausalConv(nn.Module):
    """A convolution that sees no later sample."""

    def __init__(self, into: int, out: int, size: int, *, dilation: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv1d(into, out, size, dilation=dilation, groups=groups)
        self.past = (size - 1) * dilation

    def forward(self, x: Tensor) -> Tensor:
        """Return x [batch, into, samples] as [batch, out, samples]."""
        return self.conv(F.pad(x, (self.past, 0)))


class CausalRise(nn.Module):
    """A transposed convolution to a higher rate, trimmed on both sides by what overlaps."""

    def __init__(self, into: int, out: int, size: int, rate: int) -> None:
        super().__init__()
        self.conv = nn.ConvTranspose1d(into, out, size, stride=rate)
        self.trim = size - rate

    def forward(self, x: Tensor) -> Tensor:
        """Return x [batch, into, samples] at the higher rate."""
        x = self.conv(x)
        return x[..., self.trim : x.shape[-1] - self.trim]
