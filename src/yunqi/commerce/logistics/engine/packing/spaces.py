"""The empty room of a partly filled bin: maximal cuboids that may overlap each other."""

import numba
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
X1, Y1, Z1, X2, Y2, Z2 = range(6)


@numba.njit(cache=True)
def _keep(
    spaces: Ints,
    bears: Floats,
    used: int,
    x1: int,
    y1: int,
    z1: int,
    x2: int,
    y2: int,
    z2: int,
    bear: float,
    least: Ints,
) -> int:
    """Add a space unless it is too small for any box or lies in another; drop those that lie in it."""
    if x2 - x1 < least[0] or y2 - y1 < least[1] or z2 - z1 < least[2] or bear <= 0.0:
        return used
    i = 0
    while i < used:
        s = spaces[i]
        if (
            s[X1] <= x1
            and s[Y1] <= y1
            and s[Z1] <= z1
            and s[X2] >= x2
            and s[Y2] >= y2
            and s[Z2] >= z2
            and bears[i] >= bear
        ):
            return used
        if (
            x1 <= s[X1]
            and y1 <= s[Y1]
            and z1 <= s[Z1]
            and x2 >= s[X2]
            and y2 >= s[Y2]
            and z2 >= s[Z2]
            and bear >= bears[i]
        ):
            used -= 1
            spaces[i] = spaces[used]
            bears[i] = bears[used]
            continue
        i += 1
    if used >= spaces.shape[0]:
        return used
    s = spaces[used]
    s[X1], s[Y1], s[Z1], s[X2], s[Y2], s[Z2] = x1, y1, z1, x2, y2, z2
    bears[used] = bear
    return used + 1


@numba.njit(cache=True)
def cut(
    spaces: Ints, bears: Floats, used: int, block: Ints, top_x: int, top_y: int, carries: float, pressure: float,
    support: bool, least: Ints, scratch: Ints, loads: Floats,
) -> int:  # fmt: skip
    """Take a placed block out of the empty room.

    Parameters
    ----------
    spaces, bears, used
        Maximal spaces [limit, 6] (two corners), what their floor may carry a square unit, and how many there are.
    block
        The block's two corners, its first six numbers.
    top_x, top_y
        The extents of its top that can carry.
    carries, pressure
        What its top may carry a square unit, and what it presses.
    support
        Whether what comes on top must rest on that top.
    least
        The smallest extents of any box left, by axis.

    Returns
    -------
    int
        How many spaces there are now.
    """
    old = 0
    x1, y1, z1, x2, y2, z2 = block[X1], block[Y1], block[Z1], block[X2], block[Y2], block[Z2]
    i = 0
    while i < used:
        s = spaces[i]
        if s[X1] >= x2 or s[X2] <= x1 or s[Y1] >= y2 or s[Y2] <= y1 or s[Z1] >= z2 or s[Z2] <= z1:
            i += 1
            continue
        scratch[old], loads[old] = s, bears[i]
        old += 1
        used -= 1
        spaces[i] = spaces[used]
        bears[i] = bears[used]
    for k in range(old):
        s = scratch[k]
        a, b, c, d, e, f = s[X1], s[Y1], s[Z1], s[X2], s[Y2], s[Z2]
        bear = loads[k]
        if x2 < d:
            used = _keep(spaces, bears, used, x2, b, c, d, e, f, bear, least)
        if a < x1:
            used = _keep(spaces, bears, used, a, b, c, x1, e, f, bear, least)
        if y2 < e:
            used = _keep(spaces, bears, used, a, y2, c, d, e, f, bear, least)
        if b < y1:
            used = _keep(spaces, bears, used, a, b, c, d, y1, f, bear, least)
        if c < z1:
            used = _keep(spaces, bears, used, a, b, c, d, e, z1, bear, least)
        if z2 < f:
            on_top = min(carries, bear - pressure)
            if support:
                used = _keep(spaces, bears, used, max(a, x1), max(b, y1), z2,
                             min(d, x1 + top_x), min(e, y1 + top_y), f, on_top, least)  # fmt: skip
            else:
                used = _keep(spaces, bears, used, a, b, z2, d, e, f, on_top, least)
    return used


@numba.njit(cache=True)
def nearest(spaces: Ints, used: int, size: Ints, door: bool) -> int:
    """Return the space whose lower corner is nearest to a lower corner of the bin; of equals the largest; -1 for none.

    With a ``door`` the corners at the far end of the first axis do not count.
    """
    best, best_far, best_volume = -1, np.int64(1) << 60, np.int64(0)
    for i in range(used):
        s = spaces[i]
        far = (s[X1] if door else min(s[X1], size[0] - s[X2])) + min(s[Y1], size[1] - s[Y2]) + s[Z1]
        volume = (s[X2] - s[X1]) * (s[Y2] - s[Y1]) * (s[Z2] - s[Z1])
        if far < best_far or (far == best_far and volume > best_volume):
            best, best_far, best_volume = i, far, volume
    return best
