"""Chances of whole units a period: from what is known of them, and of several periods together."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
FAR = 12.0
"""Deviations above the mean at which the table of chances ends."""


def poisson(mean: float) -> Floats:
    """Return the chances of 0, 1, 2 ... units of Poisson demand."""
    if mean == 0:
        return np.ones(1)
    after = np.arange(1.0, _top(mean, math.sqrt(mean)))
    return _from_steps(-mean, math.log(mean) - np.log(after))


def fitted(mean: float, deviation: float) -> Floats:
    """Return chances of whole units with this mean and deviation.

    Negative binomial above the Poisson's deviation; below it a mixture of two binomials (Adan, van Eenige and Resing 1995).
    Whole units cannot deviate less than the two around the mean do: less is taken for that.
    """
    variance = deviation**2
    if mean == 0 or math.isclose(variance, mean):
        return poisson(mean)
    return _wide(mean, variance) if variance > mean else _narrow(mean, variance)


def _wide(mean: float, variance: float) -> Floats:
    share, size = mean / variance, mean**2 / (variance - mean)
    after = np.arange(1.0, _top(mean, 2 * variance / mean + 2 * math.sqrt(variance)))
    return _from_steps(size * math.log(share), np.log((after - 1 + size) / after) + math.log1p(-share))


def _narrow(mean: float, variance: float) -> Floats:
    part = mean - math.floor(mean)
    if variance <= part * (1 - part) + 1e-12:
        found = np.zeros(math.floor(mean) + 2)
        found[-2:] = 1 - part, part
        return found
    spread = variance / mean**2 - 1 / mean
    most = max(1, math.floor(-1 / spread + 1e-9))
    few = (1 + spread * (1 + most) + math.sqrt(max(0.0, -spread * most * (1 + most) - most))) / (1 + spread)
    few = min(1.0, max(0.0, few))
    chance = min(1.0, mean / (most + 1 - few))
    found = np.zeros(most + 2)
    found[: most + 1] = few * _binomial(most, chance)
    found += (1 - few) * _binomial(most + 1, chance)
    return found


def _binomial(most: int, chance: float) -> Floats:
    if chance >= 1:
        found = np.zeros(most + 1)
        found[-1] = 1.0
        return found
    after = np.arange(1.0, most + 1)
    return _from_steps(most * math.log1p(-chance), np.log((most - after + 1) / after) + math.log(chance / (1 - chance)))


def observed(demands: Sequence[int]) -> Floats:
    """Return the shares of periods in which 0, 1, 2 ... units were asked for."""
    counts = np.bincount(np.asarray(demands, np.int64)).astype(np.float64)
    found: Floats = counts / counts.sum()
    return found


def moments(chances: Floats) -> tuple[float, float]:
    """Return mean and variance of the units."""
    units = np.arange(len(chances))
    mean = float(chances @ units)
    return mean, max(0.0, float(chances @ (units - mean) ** 2))


def together(chances: Floats, periods: float) -> Floats:
    """Return the chances of the sum over independent periods; a unit falls into a part of a period with that chance."""
    mean, variance = moments(chances)
    length = (len(chances) - 1) * math.ceil(periods) + 1
    length = min(length, _top(mean * periods, math.sqrt(variance * periods)) + len(chances))
    size = 2 << (length - 1).bit_length()
    whole, part = divmod(periods, 1)
    turned = np.fft.rfft(chances, size) ** int(whole)
    if part:
        turned *= _thinned(chances, part, size)
    found: Floats = np.maximum(0.0, np.fft.irfft(turned, size)[:length])
    found /= found.sum()
    return found


def _thinned(chances: Floats, part: float, size: int) -> npt.NDArray[np.complex128]:
    """Return the transform of the units that fall into a part of a period: the generating function at 1 - part + part z."""
    at = 1.0 - part + part * np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    found = np.zeros(len(at), np.complex128)
    for chance in chances[::-1]:
        found = found * at + chance
    return found


def _top(mean: float, deviation: float) -> int:
    return int(mean + FAR * deviation + 30)


def _from_steps(first: float, steps: Floats) -> Floats:
    """Return chances from the logarithm of the first and those of the ratios of neighbours."""
    chances = np.exp(first + np.concatenate([[0.0], np.cumsum(steps)]))
    found: Floats = chances / chances.sum()
    return found
