"""Generated problems, for benches, examples and tests: clustered stops around one depot. They are synthetic."""

import numpy as np

from yunqi.commerce.logistics.model import Problem, Task, Travel, Vehicle


def town(stops: int, *, seed: int = 1, windows: float = 0.5, capacity: int = 40) -> Problem:
    """Return a day of deliveries in a square of 10 km.

    Parameters
    ----------
    windows
        Share of the stops with a window of two to four hours in a day of ten.
    capacity
        Parcels a van takes; a stop takes one to three.
    """
    draw = np.random.default_rng(seed)
    centres = draw.uniform(1000, 9000, (max(2, stops // 60), 2))
    points = np.rint(
        np.clip(centres[draw.integers(0, len(centres), stops)] + draw.normal(0, 700, (stops, 2)), 0, 10_000)
    )
    loads = draw.integers(1, 4, stops)
    opens = draw.integers(0, 6 * 3600, stops)
    lengths = draw.integers(2 * 3600, 4 * 3600, stops)
    tight = draw.random(stops) < windows
    tasks = tuple(
        Task(
            f"s{k}", k + 1, load=(int(loads[k]),), service=180,
            windows=((int(opens[k]), int(opens[k] + lengths[k])),) if tight[k] else (),
        )
        for k in range(stops)
    )  # fmt: skip
    vans = int(-(-loads.sum() // capacity) * 1.4) + 2
    vehicles = tuple(Vehicle(f"van{k + 1}", 0, 0, (capacity,), (0, 36_000)) for k in range(vans))
    xy = np.concatenate([[[5000.0, 5000.0]], points])
    return Problem(f"town-{stops}-{seed}", tasks, vehicles, Travel("generated coordinates, 1 unit = 1 s", xy=xy))
