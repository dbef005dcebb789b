"""The chip's fixed point: a real factor is an integer and a shift, products are 64 bits wide, ties go away from zero."""

import math

import numpy as np

from yunqi.labs.npu.model import Array

FACTOR_BITS = 24
WIDE_FACTOR_BITS = 18  # for 16-bit operands, whose sums are wider


def fixed_point(real: "Array | float", *, bits: int = FACTOR_BITS) -> tuple[Array, int]:
    """Return integers and one shift with ``real = integer / 2**shift``; the largest keeps ``bits`` bits.

    Parameters
    ----------
    real
        Positive factors, one or one a channel.
    """
    factors = np.atleast_1d(np.asarray(real, np.float64))
    largest = float(np.max(np.abs(factors)))
    if largest == 0 or not math.isfinite(largest):
        return np.zeros(factors.shape, np.int64), 1
    shift = bits - 1 - math.floor(math.log2(largest))
    shift = max(1, min(shift, 62))
    most = 2.0**bits  # a factor beyond this makes any integer but zero as large as there is
    return np.asarray(np.clip(np.rint(factors * 2.0**shift), -most, most), np.int64), shift


def shifted(value: Array, shift: int) -> Array:
    """Return ``value / 2**shift`` as the nearest integer, ties away from zero."""
    half = np.int64(1) << np.int64(shift - 1)
    magnitude = (np.abs(value) + half) >> np.int64(shift)
    return np.where(value < 0, -magnitude, magnitude)


def divided(numerator: Array, denominator: Array) -> Array:
    """Return the nearest integer of a quotient of integers, ties away from zero; a zero divisor counts as one."""
    below = np.where(denominator == 0, 1, denominator)
    sign = np.where((numerator < 0) ^ (below < 0), -1, 1)
    above, under = np.abs(numerator), np.abs(below)
    return np.asarray(sign * ((2 * above + under) // (2 * under)))


def clipped(value: Array, limit: int, *, low: int | None = None, high: int | None = None) -> Array:
    """Clip to the symmetric range and to an activation's own bounds; 8 bits give int8, 16 bits int16."""
    bottom = -limit if low is None else max(-limit, low)
    top = limit if high is None else min(limit, high)
    return np.clip(value, min(bottom, top), top).astype(np.int8 if limit < 128 else np.int16)  # as ONNX: the top wins


def quantised(real: Array, scale: "Array | float", limit: int, *, half_even: bool = False) -> Array:
    """Return real numbers as integers of a scale (broadcast)."""
    with np.errstate(invalid="ignore", over="ignore"):
        ratio = np.nan_to_num(np.asarray(real, np.float64) / scale, nan=0.0, posinf=limit, neginf=-limit)
    rounded = np.rint(ratio) if half_even else np.copysign(np.floor(np.abs(ratio) + 0.5), ratio)
    return np.clip(rounded, -limit, limit).astype(np.int8 if limit < 128 else np.int16)


def integer_root(value: Array) -> Array:
    """Return the integer square root (floor) of non-negative 64-bit integers."""
    root = np.sqrt(value.astype(np.float64)).astype(np.int64)
    root -= (root * root > value).astype(np.int64)
    root += ((root + 1) * (root + 1) <= value).astype(np.int64)
    return root
