"""Weights in 8 or 4 bits, as OpenVINO's CPU kernels multiply them: a scale a row, or a scale and a zero a group."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
GROUP = 32
_FACTORS = tuple(float(factor) for factor in np.linspace(0.82, 1.12, 13))
"""Of the step between a group's ends: a little narrower or wider often meets the values better."""
_ROWS = 256


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """A weight [rows, columns]: (values - zeros) * scales.

    Parameters
    ----------
    bits
        8 or 4.
    values
        int8 [rows, columns], or uint8 of one 4-bit value each [rows, groups, GROUP].
    scales, zeros
        float32 [rows, 1] and none; or [rows, groups, 1] both.
    """

    bits: int
    values: NDArray[np.int8] | NDArray[np.uint8]
    scales: Floats
    zeros: NDArray[np.uint8] | None = None

    def unpacked(self) -> Floats:
        """Return the weight that these numbers stand for, float32 [rows, columns]."""
        values = self.values.astype(np.float32)
        if self.zeros is not None:
            values -= self.zeros
        return (values * self.scales).reshape(len(self.values), -1).astype(np.float32)


def pack(weight: Floats, bits: int) -> Packed:
    """Return a weight [rows, columns] in so many bits; one whose columns are no whole number of groups gets 8."""
    if bits == 4 and weight.shape[1] % GROUP == 0:
        return _four(weight)
    scales = np.abs(weight).max(axis=1, keepdims=True) / 127.0
    scales[scales == 0] = 1.0
    values = np.rint(weight / scales)
    return Packed(8, np.clip(values, -127, 127).astype(np.int8), scales.astype(np.float32))


def has_four_bits(weight: Floats) -> bool:
    """Whether a weight [rows, columns] loses nothing in 4 bits, as one that comes from GGUF's Q4_0."""
    if weight.shape[1] % GROUP:
        return False
    for row in range(0, len(weight), _ROWS):
        groups = weight[row : row + _ROWS].reshape(-1, GROUP)
        values, scales, zeros = _even(groups, groups.min(axis=-1, keepdims=True), groups.max(axis=-1, keepdims=True))
        # Rows may have been scaled since, so steps need not be 16-bit numbers: kept as such they are off by 0.05 %.
        if (np.abs((values - zeros) * scales - groups) > 0.01 * np.abs(scales)).any():
            return False
    return True


def _four(weight: Floats) -> Packed:
    parts = [_four_rows(weight[row : row + _ROWS]) for row in range(0, len(weight), _ROWS)]
    values, scales, zeros = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Packed(4, values, scales, zeros)


def _four_rows(weight: Floats) -> tuple[NDArray[np.uint8], Floats, NDArray[np.uint8]]:
    groups = weight.reshape(len(weight), -1, GROUP)
    low, high = groups.min(axis=-1, keepdims=True), groups.max(axis=-1, keepdims=True)
    best = _even(groups, low, high)
    lost = _error(groups, *best)
    for factor in _FACTORS:
        scales = _as_kept((high - low) * np.float32(factor / 15.0))
        for zeros in (np.floor(-low / scales), np.ceil(-low / scales)):
            zeros = np.clip(zeros, 0, 15)
            tried = (np.clip(np.rint(groups / scales) + zeros, 0, 15), scales, zeros)
            error = _error(groups, *tried)
            is_better = error < lost
            for new, old in zip(tried, best, strict=True):
                np.copyto(old, new, where=is_better)
            lost = np.where(is_better, error, lost)
    values, scales, zeros = best
    return values.astype(np.uint8), scales, zeros.astype(np.uint8)


def _even(groups: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the groups as GGUF's Q4_0 has them: the value furthest from zero is -8 steps, so those come out whole."""
    furthest = np.where(-low > high, low, high)
    scales = _as_kept(furthest / np.float32(-8.0))
    return np.clip(np.rint(groups / scales) + 8, 0, 15), scales, np.full_like(scales, 8.0)


def _as_kept(scales: NDArray[np.floating]) -> Floats:
    """Return the scales as the graph keeps them, in 16 bits, and none of them zero."""
    kept = scales.astype(np.float16).astype(np.float32)
    kept[kept == 0] = 1.0
    return kept


def _error(groups: Floats, values: Floats, scales: Floats, zeros: Floats) -> Floats:
    error: Floats = np.square((values - zeros) * scales - groups).sum(axis=-1, keepdims=True)
    return error


def nibbles(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return two 4-bit values a byte, the first in the low half."""
    flat = values.ravel()
    if len(flat) % 2:
        flat = np.append(flat, np.uint8(0))
    return np.ascontiguousarray(flat[0::2] | (flat[1::2] << 4))
