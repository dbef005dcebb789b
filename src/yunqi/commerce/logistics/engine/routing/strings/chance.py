"""The random numbers of the compiled searches: xorshift64*, whose state is one cell of an array."""

import numpy as np
from numba import njit

from yunqi.commerce.logistics.engine.routing.strings.arrays import Ints

_A, _B, _C, _HALF = np.uint64(12), np.uint64(25), np.uint64(27), np.uint64(32)
_MULTIPLIER = np.uint64(2685821657736338717)


@njit(cache=True, nogil=True)
def bits(cells: Ints, at: int) -> int:
    """Return 32 random bits."""
    x = np.uint64(cells[at])
    x ^= x >> _A
    x ^= x << _B
    x ^= x >> _C
    cells[at] = np.int64(x)
    return np.int64((x * _MULTIPLIER) >> _HALF)


@njit(cache=True, nogil=True)
def whole(cells: Ints, at: int, limit: int) -> int:
    """Return a random integer in [0, limit); the limit is below 2**31."""
    return int((bits(cells, at) * limit) >> 32)
