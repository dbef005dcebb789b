"""ECAPA-TDNN (arXiv 2005.07143): mel frames of a speaker to one vector that says whose voice it is."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from yunqi.cloud.models.engine.lineage.spec import Flow


def _same(into: int, out: int, size: int = 1, dilation: int = 1) -> nn.Conv1d:
    return nn.Conv1d(into, out, size, dilation=dilation, padding="same", padding_mode="reflect")


class Delayed(nn.Module):
    """A convolution over time and a ReLU."""

    def __init__(self, into: int, out: int, size: int = 1, dilation: int = 1) -> None:
        super().__init__()
        self.conv = _same(into, out, size, dilation)

    def forward(self, x: Tensor) -> Tensor:
        """Return x [batch, into, frames] as [batch, out, frames]."""
        return F.relu(self.conv(x))


class Cascade(nn.Module):
    """Res2Net (arXiv 1904.01169): slices of the channels, each convolved with what came of the slice before."""

    def __init__(self, width: int, scale: int, size: int, dilation: int) -> None:
        super().__init__()
        self.scale = scale
        slim = width // scale
        self.blocks = nn.ModuleList([Delayed(slim, slim, size, dilation) for _ in range(scale - 1)])

    def forward(self, x: Tensor) -> Tensor:
        """Return x [batch, width, frames] one block further."""
        first, *others = x.chunk(self.scale, dim=1)
        found, last = [first], torch.zeros_like(first)
        for block, part in zip(self.blocks, others, strict=True):
            last = block(part + last)
            found.append(last)
        return torch.cat(found, dim=1)


class Squeeze(nn.Module):
    """Scales each channel by what its mean over time says (arXiv 1709.01507)."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = _same(width, inner), _same(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return x [batch, width, frames] scaled."""
        return x * self.conv2(F.relu(self.conv1(x.mean(-1, keepdim=True)))).sigmoid()


class Block(nn.Module):
    """A residual: in, cascade, out, squeeze."""

    def __init__(self, width: int, flow: Flow, size: int, dilation: int) -> None:
        super().__init__()
        self.tdnn1, self.tdnn2 = Delayed(width, width), Delayed(width, width)
        self.res2net_block = Cascade(width, flow.ear_scale, size, dilation)
        self.se_block = Squeeze(width, flow.ear_squeeze)

    def forward(self, x: Tensor) -> Tensor:
        """Return x [batch, width, frames] one block further."""
        return x + self.se_block(self.tdnn2(self.res2net_block(self.tdnn1(x))))


class Pooling(nn.Module):
    """Mean and deviation over time, weighted by attention that knows both."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.tdnn, self.conv = Delayed(3 * width, inner), _same(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return x [batch, width, frames] as [batch, 2 * width, 1]."""
        even = torch.full_like(x[:, :1], 1 / x.shape[-1])
        told = torch.cat((x, *(part.expand_as(x) for part in _moments(x, even))), dim=1)
        weights = self.conv(self.tdnn(told).tanh()).softmax(-1)
        return torch.cat(_moments(x, weights), dim=1)


def _moments(x: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    mean = (weights * x).sum(-1, keepdim=True)
    return mean, (weights * (x - mean).square()).sum(-1, keepdim=True).clamp(min=1e-12).sqrt()


class Ear(nn.Module):
    """The whole encoder."""

    def __init__(self, flow: Flow) -> None:
        super().__init__()
        widths, sizes, far = flow.ear_channels, flow.ear_kernels, flow.ear_dilations
        blocks = [Block(widths[index], flow, sizes[index], far[index]) for index in range(1, len(widths) - 1)]
        self.blocks = nn.ModuleList([Delayed(flow.bins, widths[0], sizes[0], far[0]), *blocks])
        self.mfa = Delayed(widths[-1], widths[-1], sizes[-1], far[-1])
        self.asp = Pooling(widths[-1], flow.ear_attention)
        self.fc = _same(2 * widths[-1], flow.ear_out)

    def forward(self, mel: Tensor) -> Tensor:
        """Return one vector [batch, out] of mel frames [batch, frames, bins]."""
        x, found = mel.transpose(1, 2), []
        for block in self.blocks:
            x = block(x)
            found.append(x)
        return self.fc(self.asp(self.mfa(torch.cat(found[1:], dim=1)))).squeeze(-1)
