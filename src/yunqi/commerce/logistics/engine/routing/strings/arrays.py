"""Fill the arrays of a problem and make an empty state."""

import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.routing.strings import layout as at

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.int32]


def pack(numbers: dict[int, int], vectors: dict[int, npt.NDArray[np.generic]], header: int) -> Ints:
    """Lay numbers and vectors into one array behind a header."""
    total = header + sum(vector.size for vector in vectors.values())
    packed = np.zeros(total, np.int64)
    place = header
    for name, vector in vectors.items():
        packed[name] = place
        packed[place : place + vector.size] = vector.reshape(-1)
        place += vector.size
    for name, number in numbers.items():
        packed[name] = number
    return packed


def seeded(seed: int) -> int:
    """Return the first state of the random numbers (`chance`) of a seed; it is never 0."""
    return (seed * 0x1E3779B97F4A7C15 + 0x51B54A32D192ED03) % 2**62 + 1


def new_state(p: Ints, seed: int) -> Ints:
    """Return an empty state: no task is in it yet."""
    n, m, dimensions = int(p[at.N]), int(p[at.VEHICLES]), int(p[at.DIMENSIONS])
    nodes = n + 2 * m
    sizes = {at.CARRIED: nodes * dimensions if p[at.PAIRED] else 0, at.LOAD: m * dimensions}
    sizes |= dict.fromkeys(
        (at.FOLLOWING, at.PREVIOUS, at.HOP, at.ROUTE, at.EARLIEST, at.LATEST, at.BEST_FOLLOWING), nodes
    )
    by_route = (at.SIZE, at.TOUCHED_AT, at.IS_DIRTY, at.EMPTY, at.IS_ALLOWED, at.TOUCHED_ROUTES, at.DIRTY_ROUTES)
    sizes |= dict.fromkeys((*by_route, at.SAVED_FROM, at.SAVED_START, at.LOOKED_AT), m + 1)
    by_task = (at.COUNTERS, at.TASKS, at.ABSENT_TASKS, at.REMOVED_TASKS, at.KEYS, at.SAVED_TASKS, at.SAVED_HOP)
    sizes |= dict.fromkeys((*by_task, at.HOME, at.IS_MOVED, at.SAVED_ABSENT, at.BEST_ABSENT, at.FOCUS), n + 1)
    laid_out = (
        at.LINE,
        at.GAP,
        at.TO_FIRST,
        at.FROM_FIRST,
        at.TO_SECOND,
        at.FROM_SECOND,
        at.PRICES,
        at.GONE,
        at.LEAVERS,
        at.RANKED,
        at.HEAD_OF,
    )
    sizes |= dict.fromkeys((*laid_out, at.KEPT, at.KEPT_GAP, at.EARLY, at.LATE, at.POOL), n + 2)
    sizes |= {
        at.ON_BOARD: (n + 2) * dimensions,
        at.LEVELS: 16,
        at.SAVED_EARLIEST: n + 1,
        at.SAVED_LATEST: n + 1,
        at.SAVED_TIMES: 2 * (m + 1),
    }
    vectors: dict[int, npt.NDArray[np.generic]] = {name: np.zeros(size, np.int64) for name, size in sizes.items()}
    vectors[at.TOUCHED_AT] = np.full(m + 1, -1, np.int64)
    vectors[at.IS_ALLOWED] = np.ones(m + 1, np.int64)
    vectors[at.HOME] = np.full(n + 1, -1, np.int64)
    numbers = {at.LIMIT: -1, at.MEAN_REMOVED: 10, at.LONGEST: 10, at.SPLIT: 1 << 31, at.DEEPER: int(2**32 * 0.01)}
    numbers |= {at.BLINK: int(2**32 * 0.01), at.RANDOM: seeded(seed)}
    numbers |= {at.OPENING: int(2**32 * 0.02), at.CLOSING: int(2**32 * 0.02)}
    return pack(numbers, vectors, at.STATE_HEADER)
