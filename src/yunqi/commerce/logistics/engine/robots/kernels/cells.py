"""A floor as arrays: neighbours of numbered cells, and the steps from everywhere to a goal."""

import numba
import numpy as np
import numpy.typing as npt

Cells = npt.NDArray[np.int32]
NOWHERE = np.int32(1 << 29)
"""The distance where no way leads."""


@numba.njit(cache=True, nogil=True)
def distances(near: Cells, goal: int) -> Cells:
    """Return the steps from each cell to ``goal``, `NOWHERE` where there is no way.

    Parameters
    ----------
    near
        Neighbours [cells, 4], -1 after the last.
    """
    found = np.full(len(near), NOWHERE, np.int32)
    queue = np.empty(len(near), np.int32)
    found[goal], queue[0], end, at = 0, goal, 1, 0
    while at < end:
        here = queue[at]
        at += 1
        for k in range(4):
            there = near[here, k]
            if there < 0:
                break
            if found[there] == NOWHERE:
                found[there] = found[here] + 1
                queue[end] = there
                end += 1
    return found
