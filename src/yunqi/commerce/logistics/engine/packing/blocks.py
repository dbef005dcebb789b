"""Blocks: boxes joined into cuboids that are placed as one piece (Fanslau and Bortfeldt 2010)."""

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

BOX, ALONG_X, ALONG_Y, ALONG_Z = -1, 0, 1, 2
# Columns of the table of blocks: extents, packable top, volume, weight, first part, second part, how joined, pieces.
L, W, H, TX, TY, VOLUME, WEIGHT, FIRST, SECOND, JOIN, PIECES = range(11)
COLUMNS = 11
# Columns of what a block bears: grams a square unit that its top may carry (inf: anything), and the most that its base presses.
CARRIES, PRESSES = 0, 1


@numba.njit(cache=True)
def _known(slots: Ints, key: int) -> bool:
    """Whether ``key`` is in the open-addressing table; puts it in when it is not."""
    mask = slots.size - 1
    at = (key ^ (key >> 29)) & mask
    while slots[at] != 0:
        if slots[at] == key:
            return True
        at = (at + 1) & mask
    slots[at] = key
    return False


@numba.njit(cache=True)
def _key(row: Ints, counts: Ints) -> int:
    key = np.int64(1469598103934665603)
    for value in row[: TY + 1]:
        key = (key ^ value) * np.int64(1099511628211)
    for value in counts:
        key = (key ^ value) * np.int64(1099511628211)
    return int(key) if key != 0 else 1


@numba.njit(cache=True)
def _join(a: Ints, b: Ints, way: int, support: bool, row: Ints) -> bool:
    """Join two blocks into ``row``; False where the pair makes no block."""
    row[L] = a[L] + b[L] if way == ALONG_X else max(a[L], b[L])
    row[W] = a[W] + b[W] if way == ALONG_Y else max(a[W], b[W])
    row[H] = a[H] + b[H] if way == ALONG_Z else max(a[H], b[H])
    if way == ALONG_Z:
        if support and (b[L] > a[TX] or b[W] > a[TY]):
            return False
        row[TX], row[TY] = b[TX], b[TY]
        return True
    if support and a[H] != b[H]:
        return False
    row[TX], row[TY] = row[L], row[W]
    if support or a[H] == b[H]:
        # The top that can carry is a rectangle from the block's corner.
        if way == ALONG_X:
            whole = a[TX] == a[L]
            row[TX] = a[L] + b[TX] if whole else a[TX]
            row[TY] = min(a[TY], b[TY]) if whole else a[TY]
        else:
            whole = a[TY] == a[W]
            row[TY] = a[W] + b[TY] if whole else a[TY]
            row[TX] = min(a[TX], b[TX]) if whole else a[TX]
    return True


@numba.njit(cache=True)
def _bears(bearing: Floats, i: int, j: int, way: int) -> tuple[float, float]:
    """Return what the joined top may carry (-1 where the lower part breaks), and the most that the base presses."""
    above = float(bearing[j, PRESSES])
    if way != ALONG_Z:
        return min(float(bearing[i, CARRIES]), float(bearing[j, CARRIES])), max(float(bearing[i, PRESSES]), above)
    below = float(bearing[i, CARRIES])
    carries = -1.0 if above > below else min(float(bearing[j, CARRIES]), below - above)
    return carries, float(bearing[i, PRESSES]) + above


@numba.njit(cache=True)
def _add(
    table: Ints, counts: Ints, bearing: Floats, used: int, i: int, j: int, way: int,
    available: Ints, size: Ints, fill: float, support: bool, slots: Ints, row: Ints, sums: Ints,
) -> int:  # fmt: skip
    """Join blocks i and j and keep the result if it is a new block; return how many blocks there are then."""
    a, b = table[i], table[j]
    if used >= table.shape[0] or a[way] + b[way] > size[way] or not _join(a, b, way, support, row):
        return used
    row[VOLUME] = a[VOLUME] + b[VOLUME]
    if row[L] > size[0] or row[W] > size[1] or row[H] > size[2] or row[VOLUME] < fill * row[L] * row[W] * row[H]:
        return used
    for kind in range(available.size):
        sums[kind] = counts[i, kind] + counts[j, kind]
        if sums[kind] > available[kind]:
            return used
    carries, presses = _bears(bearing, i, j, way)
    if carries < 0 or _known(slots, _key(row, sums)):
        return used
    if carries == 0.0:
        row[TX] = row[TY] = 0
    row[WEIGHT], row[PIECES] = a[WEIGHT] + b[WEIGHT], a[PIECES] + b[PIECES]
    row[FIRST], row[SECOND], row[JOIN] = i, j, way
    table[used], counts[used] = row, sums
    bearing[used, CARRIES], bearing[used, PRESSES] = carries, presses
    return used + 1


@numba.njit(cache=True)
def _stack(
    table: Ints, counts: Ints, bearing: Floats, used: int, box: int, share: int,
    available: Ints, size: Ints, fill: float, support: bool, slots: Ints, row: Ints, sums: Ints,
) -> int:  # fmt: skip
    """Add the blocks of equal boxes turned the same way: runs along x, layers of runs, stacks of layers."""
    run, start = box, used
    while True:
        layer = run
        while True:
            tower = layer
            while used - start < share:
                more = _add(table, counts, bearing, used, tower, layer, ALONG_Z,
                            available, size, fill, support, slots, row, sums)  # fmt: skip
                if more == used:
                    break
                tower, used = used, more
            more = _add(table, counts, bearing, used, layer, run, ALONG_Y,
                        available, size, fill, support, slots, row, sums)  # fmt: skip
            if more == used or used - start >= share:
                break
            layer, used = used, more
        more = _add(table, counts, bearing, used, run, box, ALONG_X,
                    available, size, fill, support, slots, row, sums)  # fmt: skip
        if more == used or used - start >= share:
            return used
        run, used = used, more


@numba.njit(cache=True, nogil=True)
def grow(
    table: Ints, counts: Ints, bearing: Floats, singles: int, available: Ints, size: Ints, fill: float, support: bool
) -> int:
    """Fill ``table`` with joined blocks after its single boxes; return how many blocks there are.

    Parameters
    ----------
    table, counts, bearing
        Blocks [limit, COLUMNS], boxes of each kind in them [limit, kinds], what they bear [limit, 2].
    available, size
        Boxes of each kind, and the bin's extents.
    fill
        The least share of a block's volume that boxes must fill.
    """
    limit = table.shape[0]
    slots = np.zeros(1 << 18, np.int64)
    row, sums = np.empty(COLUMNS, np.int64), np.empty(available.size, np.int64)
    for i in range(singles):
        _known(slots, _key(table[i], counts[i]))
    used = singles
    for box in range(singles):
        share = max(8, (limit * 7 // 10 - used) // (singles - box))
        used = _stack(table, counts, bearing, used, box, share,
                      available, size, fill, support, slots, row, sums)  # fmt: skip
    known, state, tries = used, np.uint64(88172645463325252), 0
    while used < limit and tries < 200_000 + 400 * (used - known):
        # Mixed blocks: pairs drawn by a fixed xorshift sequence, so that no kind of box is favoured.
        tries += 1
        state ^= state << np.uint64(13)
        state ^= state >> np.uint64(7)
        state ^= state << np.uint64(17)
        i = int(state % np.uint64(known))
        j = int((state >> np.uint64(20)) % np.uint64(used))
        way = int((state >> np.uint64(43)) % np.uint64(3))
        used = _add(table, counts, bearing, used, i, j, way,
                    available, size, fill, support, slots, row, sums)  # fmt: skip
    return used


def boxes(block: int, table: Ints, at: tuple[int, int, int]) -> list[tuple[int, int, int, int]]:
    """Return the single boxes of a block placed ``at``: (block of the box, x, y, z)."""
    pieces: list[tuple[int, int, int, int]] = []
    stack: list[tuple[int, int, int, int]] = [(block, *at)]
    while stack:
        index, x, y, z = stack.pop()
        row: Any = table[index]
        if row[JOIN] == BOX:
            pieces.append((index, x, y, z))
            continue
        first, second, way = int(row[FIRST]), int(row[SECOND]), int(row[JOIN])
        shift = [0, 0, 0]
        shift[way] = int(table[first, way])
        stack.append((first, x, y, z))
        stack.append((second, x + shift[0], y + shift[1], z + shift[2]))
    return pieces
