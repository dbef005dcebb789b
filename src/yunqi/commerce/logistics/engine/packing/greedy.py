"""One packing after another: which block goes into a space, and filling a bin greedily.

The choice follows Araya, Guerrero and Nunez (2017), "VCS: a new heuristic function for selecting boxes in the single
container loading problem": volume, lost room by a knapsack estimate, touching surface, and few pieces.
"""

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.packing.blocks import CARRIES, PIECES, PRESSES, TX, TY, VOLUME, WEIGHT, H, L, W
from yunqi.commerce.logistics.engine.packing.spaces import X1, X2, Y1, Y2, Z1, Z2, cut, nearest

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Positions in the array of numbers that describe a state.
SPACES, PLACED, PACKED, MASS = range(4)


class Kit(NamedTuple):
    """What does not change while a bin is filled.

    Parameters
    ----------
    table, counts, bearing
        The blocks, see `blocks.grow`.
    order
        The blocks, largest first.
    size
        The bin's extents [3].
    fits
        For each axis and length the longest row of boxes within it [3, longest + 1].
    least
        The smallest extents of any box, by axis [3].
    rule
        Powers of touching surface, of room not lost and of the number of pieces, and the slack that counts as touching.
    payload
        Grams the bin may carry.
    support
        Whether every piece must rest on others or the floor with its whole base.
    door
        Whether the bin is loaded from its far end only, so that nothing may be put against that end first.
    """

    table: Ints
    counts: Ints
    bearing: Floats
    order: Ints
    size: Ints
    fits: Ints
    least: Ints
    rule: Floats
    payload: int
    support: bool
    door: bool


class State(NamedTuple):
    """A partly filled bin: empty spaces [n, 6], what their floors may carry [n], placed blocks [m, 7], boxes left, numbers."""

    spaces: Ints
    bears: Floats
    placed: Ints
    left: Ints
    numbers: Ints


class Desk(NamedTuple):
    """Room to work in, reused from call to call."""

    spaces: Ints
    bears: Floats
    near: Ints


@numba.njit(cache=True)
def _overlap(a1: int, a2: int, b1: int, b2: int) -> int:
    return max(0, min(a2, b2) - max(a1, b1))


@numba.njit(cache=True)
def touching(
    x1: int, y1: int, z1: int, x2: int, y2: int, z2: int, placed: Ints, near: Ints, count: int, size: Ints, slack: Ints
) -> float:
    """Return the share of a cuboid's surface that touches walls or placed blocks (within ``slack`` along each axis)."""
    dx, dy, dz = x2 - x1, y2 - y1, z2 - z1
    area = 0
    if x1 <= slack[0]:
        area += dy * dz
    if size[0] - x2 <= slack[0]:
        area += dy * dz
    if y1 <= slack[1]:
        area += dx * dz
    if size[1] - y2 <= slack[1]:
        area += dx * dz
    if z1 <= slack[2]:
        area += dx * dy
    if size[2] - z2 <= slack[2]:
        area += dx * dy
    for k in range(count):
        p = placed[near[k]]
        oy, oz = _overlap(y1, y2, p[1], p[4]), _overlap(z1, z2, p[2], p[5])
        if oy > 0 and oz > 0:
            if 0 <= x1 - p[3] <= slack[0]:
                area += oy * oz
            if 0 <= p[0] - x2 <= slack[0]:
                area += oy * oz
        ox = _overlap(x1, x2, p[0], p[3])
        if ox > 0:
            if oz > 0:
                if 0 <= y1 - p[4] <= slack[1]:
                    area += ox * oz
                if 0 <= p[1] - y2 <= slack[1]:
                    area += ox * oz
            if oy > 0:
                if 0 <= z1 - p[5] <= slack[2]:
                    area += ox * oy
                if 0 <= p[2] - z2 <= slack[2]:
                    area += ox * oy
    return min(1.0, area / (2.0 * (dx * dy + dy * dz + dx * dz)))


@numba.njit(cache=True)
def _gather(space: Ints, slack: Ints, placed: Ints, n_placed: int, near: Ints) -> int:
    """Write which placed blocks may touch something in the space; return how many they are."""
    count = 0
    for k in range(n_placed):
        p = placed[k]
        if (
            p[0] <= space[X2] + slack[0] and p[3] >= space[X1] - slack[0]
            and p[1] <= space[Y2] + slack[1] and p[4] >= space[Y1] - slack[1]
            and p[2] <= space[Z2] + slack[2] and p[5] >= space[Z1] - slack[2]
        ):  # fmt: skip
            near[count] = k
            count += 1
    return count


@numba.njit(cache=True)
def rank(kit: Kit, state: State, desk: Desk, at: int, best: Ints, scores: Floats) -> int:
    """Write the best blocks for space ``at`` into ``best`` (as many as it holds, best first); return how many there are."""
    space, bear, size, rule, fits = state.spaces[at], state.bears[at], kit.size, kit.rule, kit.fits
    wanted, found = best.size, 0
    sx, sy, sz = space[X2] - space[X1], space[Y2] - space[Y1], space[Z2] - space[Z1]
    room = float(sx) * sy * sz
    left_side = kit.door or space[X1] <= size[0] - space[X2]
    front_side = space[Y1] <= size[1] - space[Y2]
    slack = np.empty(3, np.int64)
    slack[0], slack[1], slack[2] = int(sx * rule[3]), int(sy * rule[3]), int(sz * rule[3])
    count = _gather(space, slack, state.placed, state.numbers[PLACED], desk.near)
    payload = kit.payload - state.numbers[MASS]
    for i in kit.order:
        b = kit.table[i]
        if found == wanted and b[VOLUME] <= scores[found - 1]:
            break
        if b[L] > sx or b[W] > sy or b[H] > sz or b[WEIGHT] > payload:
            continue
        if bear < np.inf and kit.bearing[i, PRESSES] > bear:
            continue
        enough = True
        for kind in range(state.left.size):
            if kit.counts[i, kind] > state.left[kind]:
                enough = False
                break
        if not enough:
            continue
        reach = float(b[L] + fits[0, sx - b[L]]) * (b[W] + fits[1, sy - b[W]]) * (b[H] + fits[2, sz - b[H]])
        value = b[VOLUME] * (reach / room) ** rule[1] * float(b[PIECES]) ** -rule[2]
        if found == wanted and value <= scores[found - 1]:
            continue
        x1 = space[X1] if left_side else space[X2] - b[L]
        y1 = space[Y1] if front_side else space[Y2] - b[W]
        z1 = space[Z1]
        touch = touching(x1, y1, z1, x1 + b[L], y1 + b[W], z1 + b[H], state.placed, desk.near, count, size, slack)
        value *= touch ** rule[0]
        if found == wanted and value <= scores[found - 1]:
            continue
        found = min(found + 1, wanted)
        k = found - 1
        while k > 0 and scores[k - 1] < value:
            scores[k], best[k] = scores[k - 1], best[k - 1]
            k -= 1
        scores[k], best[k] = value, i
    return found


@numba.njit(cache=True)
def place(kit: Kit, state: State, desk: Desk, at: int, block: int) -> None:
    """Put a block into the nearer lower corner of space ``at`` and update the state."""
    s, b, numbers = state.spaces[at], kit.table[block], state.numbers
    x1 = s[X1] if kit.door or s[X1] <= kit.size[0] - s[X2] else s[X2] - b[L]
    y1 = s[Y1] if s[Y1] <= kit.size[1] - s[Y2] else s[Y2] - b[W]
    corner = state.placed[numbers[PLACED]]
    corner[0], corner[1], corner[2] = x1, y1, s[Z1]
    corner[3], corner[4], corner[5] = x1 + b[L], y1 + b[W], s[Z1] + b[H]
    corner[6] = block
    numbers[PLACED] += 1
    numbers[PACKED] += b[VOLUME]
    numbers[MASS] += b[WEIGHT]
    for kind in range(state.left.size):
        state.left[kind] -= kit.counts[block, kind]
    numbers[SPACES] = cut(
        state.spaces, state.bears, numbers[SPACES], corner, b[TX], b[TY], kit.bearing[block, CARRIES],
        kit.bearing[block, PRESSES], kit.support, kit.least, desk.spaces, desk.bears,
    )  # fmt: skip


@numba.njit(cache=True)
def settle(kit: Kit, state: State, desk: Desk, best: Ints, scores: Floats) -> tuple[int, int]:
    """Return the next space that takes a block and how many blocks were written for it; (-1, 0) when the bin is done.

    Spaces that take none are dropped.
    """
    numbers = state.numbers
    while numbers[PLACED] < state.placed.shape[0]:
        at = nearest(state.spaces, numbers[SPACES], kit.size, kit.door)
        if at < 0:
            break
        found = rank(kit, state, desk, at, best, scores)
        if found > 0:
            return at, found
        numbers[SPACES] -= 1
        state.spaces[at] = state.spaces[numbers[SPACES]]
        state.bears[at] = state.bears[numbers[SPACES]]
    return -1, 0


@numba.njit(cache=True)
def fill(kit: Kit, state: State, desk: Desk) -> None:
    """Fill what is left of the bin, always by the block that ranks best."""
    best, scores = np.empty(1, np.int64), np.empty(1, np.float64)
    while True:
        at, _ = settle(kit, state, desk, best, scores)
        if at < 0:
            return
        place(kit, state, desk, at, best[0])


@numba.njit(cache=True)
def copy(source: State, target: State) -> None:
    """Copy a state into another of the same room."""
    spaces, placed = source.numbers[SPACES], source.numbers[PLACED]
    target.spaces[:spaces] = source.spaces[:spaces]
    target.bears[:spaces] = source.bears[:spaces]
    target.placed[:placed] = source.placed[:placed]
    target.left[:] = source.left
    target.numbers[:] = source.numbers
