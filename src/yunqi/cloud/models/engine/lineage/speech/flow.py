"""Qwen2.5-Omni's diffusion transformer: noise to mel frames by flow matching, told by codes and a voice.

Diffusion transformers: arXiv 2212.09748; flow matching for speech: F5-TTS (2410.06885), whose sway sampling is used.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from yunqi.cloud.models.engine.lineage.attention import attend
from yunqi.cloud.models.engine.lineage.rotary import turn
from yunqi.cloud.models.engine.lineage.spec import Flow
from yunqi.cloud.models.engine.lineage.speech.ear import Ear
from yunqi.kernel.errors import Invalid

_TIMES = 256


class Entry(nn.Module):
    """Joins noisy frames, the voice's vector, codes and the speaker's own vector."""

    def __init__(self, flow: Flow) -> None:
        super().__init__()
        self.proj = nn.Linear(flow.bins + flow.ear_out + flow.voice_width + flow.code_width, flow.width)
        self.spk_encoder = Ear(flow)


class Attention(nn.Module):
    """Attention between blocks of frames; only the first head is turned, in pairs of neighbours, as it was trained."""

    def __init__(self, flow: Flow) -> None:
        super().__init__()
        self.heads = flow.heads
        inner = flow.heads * flow.head_dim
        self.to_q, self.to_k, self.to_v = (nn.Linear(flow.width, inner) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(inner, flow.width)])

    def forward(self, x: Tensor, turned: tuple[Tensor, Tensor], seen: Tensor) -> Tensor:
        """Return the mixed frames of x [batch, frames, width]."""
        query, key, value = (
            part(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (self.to_q, self.to_k, self.to_v)
        )
        query, key = (torch.cat((turn(_halves(part[:, :1]), *turned), part[:, 1:]), dim=1) for part in (query, key))
        return self.to_out[0](attend(query, key, value, seen).transpose(1, 2).flatten(2))


def _halves(x: Tensor) -> Tensor:
    return torch.cat((x[..., 0::2], x[..., 1::2]), dim=-1)


class Modulation(nn.Module):
    """What the time says: shifts, scales and gates."""

    def __init__(self, width: int, count: int) -> None:
        super().__init__()
        self.count = count
        self.linear = nn.Linear(width, count * width)

    def forward(self, time: Tensor) -> tuple[Tensor, ...]:
        """Return ``count`` parts [batch, 1, width] of time [batch, width]."""
        return self.linear(F.silu(time))[:, None].chunk(self.count, dim=-1)


class Layer(nn.Module):
    """One block of the transformer, moved by the time."""

    def __init__(self, flow: Flow) -> None:
        super().__init__()
        self.attn_norm = Modulation(flow.width, 6)
        self.attn = Attention(flow)
        inner = nn.ModuleDict({"0": nn.Linear(flow.width, flow.inner), "3": nn.Linear(flow.inner, flow.width)})
        self.ff = nn.ModuleDict({"ff": inner})

    def forward(self, x: Tensor, time: Tensor, turned: tuple[Tensor, Tensor], seen: Tensor) -> Tensor:
        """Return x [batch, frames, width] one layer further."""
        shift, scale, gate, shift_after, scale_after, gate_after = self.attn_norm(time)
        x = x + gate * self.attn(_normed(x) * (1 + scale) + shift, turned, seen)
        inner: nn.ModuleDict = self.ff["ff"]  # type: ignore[assignment]
        wide = F.gelu(inner["0"](_normed(x) * (1 + scale_after) + shift_after), approximate="tanh")
        return x + gate_after * inner["3"](wide)


def _normed(x: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], eps=1e-6)


class FlowTransformer(nn.Module):
    """The whole transformer."""

    def __init__(self, flow: Flow) -> None:
        super().__init__()
        self.flow = flow
        self.time_embed = nn.ModuleDict(
            {"time_mlp": nn.ModuleDict({"0": nn.Linear(_TIMES, flow.width), "2": nn.Linear(flow.width, flow.width)})}
        )
        self.text_embed = nn.ModuleDict({"codec_embed": nn.Embedding(flow.codes + 1, flow.code_width)})
        self.input_embed = Entry(flow)
        self.transformer_blocks = nn.ModuleList([Layer(flow) for _ in range(flow.layers)])
        self.norm_out = Modulation(flow.width, 2)
        self.proj_out = nn.Linear(flow.width, flow.bins)

    def told(self, codes: Tensor, voice: Tensor, sample: Tensor) -> Tensor:
        """Return what the frames are told beside their noise [2, frames, ...]: once with all of it, once with nothing.

        Parameters
        ----------
        codes
            [1, codes], int64.
        voice
            The speaker's vector [1, voice width].
        sample
            Mel frames of the speaker [1, frames, bins].
        """
        embed: nn.Module = self.text_embed["codec_embed"]
        both = embed(torch.cat((codes, torch.zeros_like(codes)))).repeat_interleave(self.flow.repeats, dim=1)
        frames = both.shape[1]
        ear = self.input_embed.spk_encoder
        heard = torch.cat((ear(sample), ear(torch.zeros_like(sample))))[:, None].expand(-1, frames, -1)
        speaker = torch.cat((voice, torch.zeros_like(voice)))[:, None].expand(-1, frames, -1)
        return torch.cat((heard, both, speaker), dim=-1)

    def forward(self, noisy: Tensor, told: Tensor, time: Tensor) -> Tensor:
        """Return where the frames flow [rows, frames, bins] at a time (scalar) from noise to speech."""
        x = self.input_embed.proj(torch.cat((noisy.expand(len(told), -1, -1), told), dim=-1))
        moment = self._moment(time).expand(len(x), -1)
        turned, apart = self._places(x.shape[1])
        for index, layer in enumerate(self.transformer_blocks):
            behind, ahead = int(index in self.flow.behind), int(index in self.flow.ahead)
            x = layer(x, moment, turned, (apart >= -behind) & (apart <= ahead))
        scale, shift = self.norm_out(moment)
        return self.proj_out(_normed(x) * (1 + scale) + shift)

    def _moment(self, time: Tensor) -> Tensor:
        half = _TIMES // 2
        angles = 1000 * time * torch.exp(torch.arange(half).float() * -(math.log(10_000) / (half - 1)))
        parts: nn.ModuleDict = self.time_embed["time_mlp"]  # type: ignore[assignment]
        return parts["2"](F.silu(parts["0"](torch.cat((angles.sin(), angles.cos()))[None])))

    def _places(self, frames: int) -> tuple[tuple[Tensor, Tensor], Tensor]:
        flow, places = self.flow, torch.arange(frames)
        inverse = 1.0 / flow.theta ** (torch.arange(0, flow.head_dim, 2).float() / flow.head_dim)
        angles = (places[:, None].float() * inverse).repeat(1, 2)[None]
        block = places // flow.block
        return (angles.cos(), angles.sin()), block[None, :] - block[:, None]

    def sample(
        self,
        codes: Tensor,
        voice: Tensor,
        sample: Tensor,
        noise: Tensor,
        *,
        steps: int = 10,
        guidance: float = 0.5,
        sway: float = -1.0,
    ) -> Tensor:
        """Return mel frames [1, bins, frames] of codes [1, codes], by the fourth-order rule of Kutta (3/8).

        Parameters
        ----------
        voice, sample
            As for `told`.
        noise
            What the frames begin as [1, frames, bins].
        guidance
            How far to go from what nothing tells towards what the codes and the voice tell.
        sway
            How much denser the times lie near the noise.
        """
        frames = codes.shape[1] * self.flow.repeats
        if frames > self.flow.longest:
            raise Invalid(f"{frames} mel frames are longer than the {self.flow.longest} the voice can say at once.")
        told, x = self.told(codes, voice, sample), noise

        def slope(time: Tensor, here: Tensor) -> Tensor:
            if guidance < 1e-5:
                return self(here, told[:1], time)
            toward, nothing = self(here, told, time).chunk(2)
            return toward + (toward - nothing) * guidance

        times = torch.linspace(0, 1, steps)
        times = times + sway * (torch.cos(torch.pi / 2 * times) - 1 + times)
        for start, end in pairwise(times):
            step = end - start
            first = slope(start, x)
            second = slope(start + step / 3, x + step * first / 3)
            third = slope(start + step * 2 / 3, x + step * (second - first / 3))
            last = slope(end, x + step * (first - second + third))
            x = x + (first + 3 * (second + third) + last) * step / 8
        return x.transpose(1, 2)
