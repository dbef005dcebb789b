"""The towers that hear: log-mel frames to features as wide as the decoder.

Qwen2-Audio: Whisper's encoder over 30 s, halved. Qwen2.5-Omni: the same in chunks of 2 s that do not see each other.
Qwen3-Omni and Qwen3-ASR: three strided convolutions over chunks of 1 s, attention within longer windows.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from yunqi.cloud.models.engine.lineage.blocks import activation
from yunqi.cloud.models.engine.lineage.spec import Audio
from yunqi.cloud.models.engine.lineage.vision import Segments, within


class Layer(nn.Module):
    """One encoder layer over frames packed without padding."""

    def __init__(self, audio: Audio) -> None:
        super().__init__()
        width, self.heads = audio.width, audio.heads
        self.self_attn = nn.ModuleDict(
            {
                "q_proj": nn.Linear(width, width),
                "k_proj": nn.Linear(width, width, bias=audio.kind in ("qwen3", "asr")),
                "v_proj": nn.Linear(width, width),
                "out_proj": nn.Linear(width, width),
            }
        )
        self.self_attn_layer_norm = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, audio.inner)
        self.fc2 = nn.Linear(audio.inner, width)
        self.final_layer_norm = nn.LayerNorm(width)
        self.act = activation(audio.activation)

    def forward(self, x: Tensor, segments: Segments) -> Tensor:
        """Return x [frames, width] one layer further."""
        normed, parts = self.self_attn_layer_norm(x), self.self_attn
        query, key, value = (
            parts[name](normed).unflatten(-1, (self.heads, -1)).transpose(0, 1)
            for name in ("q_proj", "k_proj", "v_proj")
        )
        x = x + parts["out_proj"](within(query, key, value, segments).transpose(0, 1).flatten(1))
        return x + self.fc2(self.act(self.fc1(self.final_layer_norm(x))))


class Tower(nn.Module):
    """The whole tower; which convolutions come first and what comes last depends on the kind."""

    def __init__(self, audio: Audio) -> None:
        super().__init__()
        self.audio = audio
        self.layers = nn.ModuleList([Layer(audio) for _ in range(audio.layers)])
        if audio.kind in ("qwen3", "asr"):
            self._spectral(audio)
        else:
            self.conv1 = nn.Conv1d(audio.bins, audio.width, 3, padding=1)
            self.conv2 = nn.Conv1d(audio.width, audio.width, 3, stride=2, padding=1)
        if audio.kind == "whisper":
            self.embed_positions = nn.Embedding(audio.positions, audio.width)
            self.layer_norm = nn.LayerNorm(audio.width)
        else:
            self.ln_post = nn.LayerNorm(audio.width)
        if audio.kind == "omni":
            self.audio_bos_eos_token = nn.Embedding(2, audio.out)
            self.proj = nn.Linear(audio.width, audio.out)
        if audio.kind == "qwen3":
            self.proj1 = nn.Linear(audio.width, audio.width)
            self.proj2 = nn.Linear(audio.width, audio.out)

    def _spectral(self, audio: Audio) -> None:
        size = audio.channels
        self.conv2d1 = nn.Conv2d(1, size, 3, 2, padding=1)
        self.conv2d2 = nn.Conv2d(size, size, 3, 2, padding=1)
        self.conv2d3 = nn.Conv2d(size, size, 3, 2, padding=1)
        self.conv_out = nn.Linear(size * _halved(audio.bins), audio.width, bias=False)

    def forward(self, clips: list[Tensor]) -> list[Tensor]:
        """Return features [tokens, out] of each clip of log-mel frames [bins, frames]."""
        dtype = next(self.parameters()).dtype
        return [self._hear(clip.to(dtype)) for clip in clips]

    def _hear(self, clip: Tensor) -> Tensor:
        audio = self.audio
        if audio.kind in ("qwen3", "asr"):
            x, segments = self._by_second(clip)
        elif audio.kind == "omni":
            x, segments = self._by_chunk(clip)
        else:
            whole = F.pad(clip, (0, 2 * audio.positions - clip.shape[1]))
            x = (self._strided(whole[None])[0] + self.embed_positions.weight)[: (clip.shape[1] + 1) // 2]
            segments = [len(x)]
        for layer in self.layers:
            x = layer(x, segments)
        if audio.kind in ("qwen3", "asr"):
            x = self.ln_post(x)
            return self.proj2(activation(audio.activation)(self.proj1(x))) if audio.kind == "qwen3" else x
        pairs = x[: len(x) // 2 * 2].view(-1, 2, x.shape[-1]).mean(1)
        if audio.kind == "omni":
            return self.proj(self.ln_post(pairs))
        return self.layer_norm(pairs)

    def _strided(self, frames: Tensor) -> Tensor:
        return F.gelu(self.conv2(F.gelu(self.conv1(frames)))).transpose(1, 2)

    def _by_chunk(self, clip: Tensor) -> tuple[Tensor, Segments]:
        found = [self._strided(part[None])[0] for part in clip.split(self.audio.chunk * 2, dim=1)]
        places = waves(max(len(part) for part in found), self.audio.width)
        return torch.cat([part + places[: len(part)] for part in found]), [len(part) for part in found]

    def _by_second(self, clip: Tensor) -> tuple[Tensor, Segments]:
        size = self.audio.chunk * 2
        parts = clip.split(size, dim=1)
        longest = max(part.shape[1] for part in parts)
        padded = torch.stack([F.pad(part, (0, longest - part.shape[1])) for part in parts])[:, None]
        heard = [self._spectrum(group) for group in padded.split(self.audio.batch)]
        x = torch.cat(heard)
        x = x + waves(x.shape[1], self.audio.width)
        lengths = [_halved(part.shape[1]) for part in parts]
        packed = torch.cat([row[:length] for row, length in zip(x, lengths, strict=True)])
        window = max(lengths) * (self.audio.window // size)
        whole, rest = divmod(len(packed), window)
        return packed, [window] * whole + ([rest] if rest else [])

    def _spectrum(self, group: Tensor) -> Tensor:
        for conv in (self.conv2d1, self.conv2d2, self.conv2d3):
            group = F.gelu(conv(group))
        return self.conv_out(group.permute(0, 3, 1, 2).flatten(2))


class Projector(nn.Module):
    """From the tower's width to the decoder's: one layer (Qwen2-Audio) or two (Qwen3-ASR)."""

    def __init__(self, audio: Audio) -> None:
        super().__init__()
        self.kind, self.act = audio.kind, activation(audio.activation)
        if audio.kind == "whisper":
            self.linear = nn.Linear(audio.width, audio.out)
        else:
            self.linear_1 = nn.Linear(audio.width, audio.width)
            self.linear_2 = nn.Linear(audio.width, audio.out)

    def forward(self, x: Tensor) -> Tensor:
        """Return x [tokens, width] as [tokens, out]."""
        return self.linear(x) if self.kind == "whisper" else self.linear_2(self.act(self.linear_1(x)))


def tokens(audio: Audio, frames: int) -> int:
    """Return how many tokens a clip of so many mel frames becomes."""
    if audio.kind in ("qwen3", "asr"):
        size = audio.chunk * 2
        whole, rest = divmod(frames, size)
        return whole * _halved(size) + (_halved(rest) if rest else 0)
    if audio.kind == "omni":
        size = audio.chunk * 2
        whole, rest = divmod(frames, size)
        return (whole * ((size - 1) // 2 + 1) + (((rest - 1) // 2 + 1) if rest else 0)) // 2
    return ((frames - 1) // 2 + 1) // 2


def waves(length: int, width: int) -> Tensor:
    """Return sinusoidal positions [length, width]: sines, then cosines."""
    rates = torch.exp(-math.log(10_000) / (width // 2 - 1) * torch.arange(width // 2).float())
    angles = torch.arange(length)[:, None] * rates[None]
    return torch.cat((angles.sin(), angles.cos()), dim=1)


def _halved(count: int) -> int:
    for _ in range(3):
        count = (count - 1) // 2 + 1
    return count
