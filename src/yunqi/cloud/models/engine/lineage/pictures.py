"""Pictures to patches, and sound to log-mel frames, as the towers were trained on them."""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from yunqi.cloud.models.engine.lineage.spec import Vision
from yunqi.kernel.errors import Invalid

_CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
_HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
RATE = 16_000
_WINDOW, _HOP = 400, 160


def fitted(
    height: int, width: int, vision: Vision, *, least: int = 56 * 56, most: int = 1280 * 28 * 28
) -> tuple[int, int]:
    """Return the nearest size, in whole squares of patches, that holds between ``least`` and ``most`` pixels."""
    unit = vision.patch * vision.merge
    if max(height, width) > 200 * min(height, width):
        raise Invalid(
            f"A picture of {width} by {height} is too narrow; its sides may differ 200 times.", param="images"
        )
    high, wide = max(unit, round(height / unit) * unit), max(unit, round(width / unit) * unit)
    if high * wide > most:
        shrink = math.sqrt(height * width / most)
        high, wide = (max(unit, math.floor(side / shrink / unit) * unit) for side in (height, width))
    elif high * wide < least:
        grow = math.sqrt(least / (height * width))
        high, wide = (math.ceil(side * grow / unit) * unit for side in (height, width))
    return high, wide


def patches(picture: Any, vision: Vision) -> tuple[Tensor, tuple[int, int, int]]:
    """Return a picture's patches [patches, channels * frames * side * side] and its grid.

    Parameters
    ----------
    picture
        A Pillow image.
    """
    from PIL import Image

    high, wide = fitted(picture.height, picture.width, vision)
    resized = picture.convert("RGB").resize((wide, high), Image.Resampling.BICUBIC)
    mean, spread = (torch.tensor(part) for part in (_HALF if vision.kind == "qwen3" else _CLIP))
    pixels = (torch.from_numpy(np.array(resized)).float() / 255 - mean) / spread
    still = pixels.permute(2, 0, 1).expand(vision.frames, -1, -1, -1)
    rows, columns, merge, side = high // vision.patch, wide // vision.patch, vision.merge, vision.patch
    cut = still.reshape(
        vision.frames, vision.channels, rows // merge, merge, side, columns // merge, merge, side
    )  # frame, channel, block row, row, y, block column, column, x
    return cut.permute(2, 5, 3, 6, 1, 0, 4, 7).reshape(rows * columns, -1), (1, rows, columns)


def log_mel(samples: Any, bins: int) -> Tensor:
    """Return Whisper's log-mel frames [bins, frames] of mono sound at 16 kHz, one frame each 10 ms."""
    wave = torch.as_tensor(np.asarray(samples, dtype=np.float32))
    if wave.dim() != 1 or len(wave) < _WINDOW:
        raise Invalid("Sound must be mono samples at 16 kHz, at least 25 ms of them.", param="audio")
    window = torch.hann_window(_WINDOW)
    power = torch.stft(wave, _WINDOW, _HOP, window=window, return_complex=True)[:, :-1].abs().square()
    found = (_filters(bins) @ power).clamp(min=1e-10).log10()
    return (found.maximum(found.max() - 8.0) + 4.0) / 4.0


def _filters(bins: int) -> Tensor:
    """Return Slaney's mel filters [bins, frequencies], each of equal area."""
    tones = torch.linspace(0, RATE / 2, _WINDOW // 2 + 1, dtype=torch.float64)
    edges = _hertz(torch.linspace(_mel(0.0), _mel(RATE / 2), bins + 2, dtype=torch.float64))
    slopes = edges[:, None] - tones[None]
    widths = edges[1:] - edges[:-1]
    up, down = -slopes[:-2] / widths[:-1, None], slopes[2:] / widths[1:, None]
    return (torch.minimum(up, down).clamp(min=0) * (2 / (edges[2:] - edges[:-2]))[:, None]).float()


def _mel(hertz: float) -> float:
    return hertz * 3 / 200 if hertz < 1000 else 15 + math.log(hertz / 1000) * 27 / math.log(6.4)


def _hertz(mel: Tensor) -> Tensor:
    return torch.where(mel < 15, mel * 200 / 3, 1000 * torch.exp((mel - 15) * math.log(6.4) / 27))
