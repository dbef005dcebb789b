"""Generated capacitated problems in the form of Uchoa et al. (2017), for tuning and benches. They are synthetic."""

import math

import numpy as np

from yunqi.commerce.logistics.model import Problem, Rounding, Task, Travel, Vehicle

SIDE = 1000
DEPOTS = ("centre", "corner", "random")
SPREADS = ("random", "clustered", "mixed")
DEMANDS = ("unit", "small", "middle", "large", "quadrant", "many-small")
_RANGES = {"unit": (1, 1), "small": (1, 10), "middle": (5, 10), "large": (50, 100)}


def uchoa(stops: int, *, depot: str, spread: str, demand: str, length: float, seed: int) -> Problem:
    """Return a problem in a square of 1,000, distances rounded.

    Parameters
    ----------
    depot
        ``centre``, ``corner`` or ``random``.
    spread
        ``random``, ``clustered`` (around a few seeds, by exponential decay) or ``mixed``.
    demand
        ``unit``, ``small`` (1 to 10), ``middle`` (5 to 10), ``large`` (50 to 100), ``quadrant`` or ``many-small``.
    length
        Stops that a vehicle serves, about.
    """
    draw = np.random.default_rng(seed)
    home = {"centre": (500, 500), "corner": (0, 0)}.get(depot) or tuple(draw.integers(0, SIDE + 1, 2).tolist())
    loose = {"random": stops, "clustered": 0, "mixed": stops // 2}[spread]
    points = draw.integers(0, SIDE + 1, (loose, 2))
    if loose < stops:
        points = np.concatenate([points, _clusters(stops - loose, draw)])
    loads = _loads(demand, points, draw)
    room = max(int(loads.max()), math.ceil(length * loads.sum() / stops))
    tasks = tuple(Task(str(k + 2), k + 1, load=(int(load),)) for k, load in enumerate(loads))
    vehicles = tuple(Vehicle(str(k + 1), 0, 0, (room,)) for k in range(2 * math.ceil(loads.sum() / room) + 1))
    xy = np.concatenate([[home], points]).astype(np.float64)
    travel = Travel("coordinates of the file", xy=xy, rounding=Rounding.ROUNDED)
    return Problem(f"U-n{stops + 1}-{depot}-{spread}-{demand}-{seed}", tasks, vehicles, travel, numeric_ids=True)


def _clusters(count: int, draw: np.random.Generator) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    seeds = draw.integers(0, SIDE + 1, (int(draw.integers(3, 9)), 2))
    kept: list[tuple[int, int]] = [(int(x), int(y)) for x, y in seeds[:count]]
    while len(kept) < count:
        points = draw.integers(0, SIDE + 1, (4 * count, 2))
        gaps = np.hypot(*(points[:, None] - seeds[None]).transpose(2, 0, 1))
        chance = np.exp(-gaps / 40).sum(1)
        kept += [(int(x), int(y)) for x, y in points[draw.random(len(points)) < chance]]
    return np.array(kept[:count], np.int64)


def _loads(
    demand: str, points: np.ndarray[tuple[int, int], np.dtype[np.int64]], draw: np.random.Generator
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    count = len(points)
    if demand in _RANGES:
        low, high = _RANGES[demand]
        return draw.integers(low, high + 1, count)
    if demand == "quadrant":
        even = (points[:, 0] < SIDE / 2) == (points[:, 1] < SIDE / 2)
        return np.where(even, draw.integers(51, 101, count), draw.integers(1, 51, count))
    few = draw.random(count) < draw.uniform(0.05, 0.3)
    return np.where(few, draw.integers(50, 101, count), draw.integers(1, 11, count))
