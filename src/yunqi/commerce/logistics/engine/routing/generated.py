"""Generated capacitated problems in the form of Uchoa et al. (2017), for tuning and benches. They are synthetic."""

import math

import numpy as np

from yunqi.commerce.logistics.model import Objective, Problem, Rounding, Task, TaskKind, Travel, Vehicle

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


def planted_pairs(pairs: int, vehicles: int, *, width: int, seed: int) -> Problem:
    """Return pickups and deliveries with windows around a plan of so many vehicles: the fleet that is enough is known.

    Parameters
    ----------
    width
        Windows open up to so long before and close up to so long after the planted hour.
    """
    draw = np.random.default_rng(seed)
    side = round(math.sqrt(2 * pairs) * 10)
    points = draw.integers(0, side + 1, (2 * pairs, 2)).astype(np.float64)
    home = np.array([[side / 2, side / 2]])
    chains = _chains(points, home[0], vehicles, draw)
    rows: dict[int, Task] = {}
    longest = 0
    for chain in chains:
        hours: list[int] = []
        clock, before = 0, home[0]
        for stop in chain:
            clock += math.ceil(float(np.hypot(*(points[stop] - before)))) + (10 if hours else 0)
            hours.append(clock)
            before = points[stop]
        longest = max(longest, clock + 10 + math.ceil(float(np.hypot(*(before - home[0])))))
        places = list(range(len(chain)))
        while places:
            first = places.pop(0)
            second = places.pop(int(draw.integers(0, min(6, len(places)))))
            load = int(draw.integers(1, 31))
            for at, kind, other in (
                (first, TaskKind.SHIPMENT_PICKUP, second),
                (second, TaskKind.SHIPMENT_DELIVERY, first),
            ):
                low, high = max(0, hours[at] - int(draw.integers(0, width))), hours[at] + int(draw.integers(0, width))
                stop = chain[at]
                rows[stop] = Task(
                    str(stop + 1), stop + 1, kind, (load,), 10, ((low, high),), partner=str(chain[other] + 1)
                )
    tasks = tuple(rows[stop] for stop in sorted(rows))
    day = (0, longest + width)
    fleet = tuple(Vehicle(str(k + 1), 0, 0, (200,), day) for k in range(pairs))
    travel = Travel("generated coordinates", rounding=Rounding.UP, xy=np.concatenate([home, points]))
    return Problem(f"planted-{pairs}-{vehicles}-{seed}", tasks, fleet, travel, Objective.VEHICLES_FIRST)


def _chains(
    points: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    home: np.ndarray[tuple[int], np.dtype[np.float64]],
    vehicles: int,
    draw: np.random.Generator,
) -> list[list[int]]:
    left = list(range(len(points)))
    chains: list[list[int]] = [[] for _ in range(vehicles)]
    sizes = [2 * (len(points) // 2 // vehicles + (k < len(points) // 2 % vehicles)) for k in range(vehicles)]
    while left:
        for k in draw.permutation(vehicles):
            if len(chains[k]) == sizes[k]:
                continue
            at = points[chains[k][-1]] if chains[k] else home
            gaps = np.hypot(*(points[left] - at).T)
            nearest = np.argsort(gaps)[:8]
            chains[k].append(left.pop(int(draw.choice(nearest))))
    return chains
