"""Trips of a vehicle that loads again: what fits into one, and where the reloads are."""

import numpy as np
from numba import njit

from yunqi.commerce.logistics.engine.routing.rich.layout import (
    DELIVERY,
    KIND,
    PICKUP,
    PLACE,
    RELOADS,
    SHIP_DELIVERY,
    SHIP_PICKUP,
    START,
)
from yunqi.commerce.logistics.engine.routing.strings.arrays import Ints, Matrix


@njit(cache=True, nogil=True)
def put_on(tasks: Ints, load: Ints, i: int, high: Ints, on: Ints, room: Ints) -> bool:
    """Count a task to the end of a trip; whether all still fits. ``high``: the most on board, ``on``: at the trip's end."""
    kind = tasks[i, KIND]
    fits = True
    for k in range(len(room)):
        if kind == DELIVERY:
            high[k] += load[i, k]
        elif kind in (PICKUP, SHIP_PICKUP):
            on[k] += load[i, k]
            high[k] = max(high[k], on[k])
        elif kind == SHIP_DELIVERY:
            on[k] -= load[i, k]
        fits = fits and high[k] <= room[k]
    return fits


@njit(cache=True, nogil=True)
def carry(tasks: Ints, load: Ints, i: int, pairs: Ints) -> None:
    """Count what a task of a pair takes on board or off; it stays there over a reload."""
    kind = tasks[i, KIND]
    for k in range(len(pairs)):
        pairs[k] += load[i, k] * (int(kind == SHIP_PICKUP) - int(kind == SHIP_DELIVERY))


@njit(cache=True, nogil=True)
def nearest_reloads(
    tasks: Ints, load: Ints, vehicle: Ints, room: Ints, table: Matrix, sequence: Ints, length: int, forced: Ints
) -> bool:
    """Choose where to load again so that the detours are shortest (dynamic programming over the begins of trips).

    Returns
    -------
    bool
        Whether there is such a choice; ``forced`` then has a 1 before each stop that a reload precedes.
    """
    most = min(vehicle[RELOADS], length)
    start = vehicle[START]
    far = np.full((most + 1, length + 1), 1 << 50, np.int64)
    come = np.full((most + 1, length + 1), -1, np.int64)
    far[0, 0] = 0
    pairs, high, on = np.zeros(len(room), np.int64), np.zeros(len(room), np.int64), np.zeros(len(room), np.int64)
    for first in range(length):
        high[:] = pairs
        on[:] = pairs
        for last in range(first, length):
            if not put_on(tasks, load, sequence[last], high, on, room):
                break
            detour = 0
            if last + 1 < length:
                a, b = tasks[sequence[last], PLACE], tasks[sequence[last + 1], PLACE]
                detour = int(table[0, a, start]) + int(table[0, start, b]) - int(table[0, a, b])
            for r in range(most + 1):
                to = r + int(last + 1 < length)
                if to <= most and far[r, first] + detour < far[to, last + 1]:
                    far[to, last + 1] = far[r, first] + detour
                    come[to, last + 1] = first
        carry(tasks, load, sequence[first], pairs)
    r = int(np.argmin(far[:, length]))
    if far[r, length] >= 1 << 50:
        return False
    forced[:length] = 0
    at = come[r, length]
    while at > 0:
        forced[at] = 1
        at = come[r, at]
        r -= 1
    return True
