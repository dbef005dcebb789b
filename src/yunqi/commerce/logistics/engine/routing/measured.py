"""Distances and times between all places, and who is close: a block of rows at a time, as whole tables miss every cache."""

import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.model import Rounding, Travel

BLOCK = 64
"""Rows that are worked on at once: with thousands of places their numbers fit into a cache."""
UP_BY = {Rounding.ROUNDED: 0.5, Rounding.TRUNCATED: 1e-9, Rounding.EXACT: 1 - 1e-7, Rounding.UP: 1 - 1e-7}
"""What is added to a distance before it is rounded down."""


def measure(travel: Travel, far: npt.NDArray[np.signedinteger], long: npt.NDArray[np.signedinteger]) -> None:
    """Write distances and times between all places.

    Parameters
    ----------
    far, long
        Where they are written, in internal units; shape (places, places). Between coordinates both are the same, and they
        may be one array.
    """
    if travel.distances is not None and travel.durations is not None:
        far[:], long[:] = travel.distances, travel.durations
        return
    assert travel.xy is not None
    x, y = np.ascontiguousarray(travel.xy.T, np.float64)
    for a in range(0, len(x), BLOCK):
        b = a + BLOCK
        apart = np.square(x[a:b, None] - x[a:])
        apart += np.square(y[a:b, None] - y[a:])
        np.sqrt(apart, out=apart)  # as the checker has it, and a fifth of the time of `hypot`
        apart *= travel.scale
        apart += UP_BY[travel.rounding]
        far[a:b, a:] = np.floor(apart, out=apart)
        far[b:, a:b] = far[a:b, b:].T  # both ways are equally long
    np.fill_diagonal(far, 0)
    if long is not far:
        long[:] = far


def closest(
    far: npt.NDArray[np.signedinteger], places: npt.NDArray[np.int64], count: int, *, is_symmetric: bool
) -> npt.NDArray[np.int64]:
    """Return for each of some places the closest others, there and back, by their index; of equally close ones the first.

    Parameters
    ----------
    count
        How many; fewer where there are not so many.
    is_symmetric
        Whether ways are as long as the ways back, which then are not looked at.

    Returns
    -------
    Indices, shape (places, count); one column of -1 where there is but one place.
    """
    n = len(places)
    if n <= 1:
        return np.full((n, 1), -1, np.int64)
    count = min(count, n - 1)
    found = np.empty((n, count), np.int64)
    order = np.arange(n)
    for a in range(0, n, BLOCK):
        rows = places[a : a + BLOCK]
        keys = far[np.ix_(rows, places)].astype(np.int64)
        keys += keys if is_symmetric else far[np.ix_(places, rows)].T
        keys *= n
        keys += order
        keys[np.arange(len(rows)), order[a : a + BLOCK]] = -1  # itself comes first, and is left out
        few = np.sort(np.partition(keys, count, axis=1)[:, : count + 1], axis=1)
        found[a : a + BLOCK] = few[:, 1:] % n
    return found
