"""Weights in 8 or 4 bits, as OpenVINO's CPU kernels multiply them: a scale a row, or a scale and a zero a group."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
GROUP = 32


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


def _four(weight: Floats) -> Packed:
    groups = weight.reshape(len(weight), -1, GROUP)
    low = np.minimum(groups.min(axis=-1, keepdims=True), 0.0)
    high = np.maximum(groups.max(axis=-1, keepdims=True), 0.0)
    scales = (high - low) / 15.0
    scales[scales == 0] = 1.0
    scales = scales.astype(np.float16).astype(np.float32)  # as the graph keeps them
    scales[scales == 0] = 1.0
    zeros = np.clip(np.rint(-low / scales), 0, 15)
    values = np.clip(np.rint(groups / scales) + zeros, 0, 15).astype(np.uint8)
    return Packed(4, values, scales, zeros.astype(np.uint8))


def nibbles(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return two 4-bit values a byte, the first in the low half."""
    flat = values.ravel()
    if len(flat) % 2:
        flat = np.append(flat, np.uint8(0))
    return np.ascontiguousarray(flat[0::2] | (flat[1::2] << 4))
