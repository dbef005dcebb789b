"""A region with very many parcels, divided into depot areas. Synthetic: nobody's addresses."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.model import Problem, Task, Travel, Vehicle
from yunqi.commerce.logistics.model.scale import AreaPlan

Ints = npt.NDArray[np.int64]
CAPACITY = 40
"""Parcels that a van takes; a stop takes one to three."""
DAY = (0, 36_000)


class Region:
    """Parcels around towns, as dense as a town of 1,000 stops in 10 km x 10 km.

    Parameters
    ----------
    parcels
        How many.
    seed
        The same seed makes the same parcels.
    """

    def __init__(self, parcels: int, *, seed: int) -> None:
        draw = np.random.default_rng(seed)
        side = 10_000 * math.sqrt(parcels / 1_000)
        centres = draw.uniform(0.05 * side, 0.95 * side, (max(2, parcels // 60), 2))
        around = centres[draw.integers(0, len(centres), parcels)] + draw.normal(0, 700, (parcels, 2))
        self.points = np.rint(np.clip(around, 0, side))
        self.loads = draw.integers(1, 4, parcels)
        self.opens = draw.integers(0, 6 * 3_600, parcels)
        self.lengths = draw.integers(2 * 3_600, 4 * 3_600, parcels)
        self.tight = draw.random(parcels) < 0.5

    def areas(self, most: int) -> list[Ints]:
        """Return the parcels of each depot area: halved along the longer side until none has more than ``most``."""
        found, todo = list[Ints](), [np.arange(len(self.points))]
        while todo:
            some = todo.pop()
            if len(some) <= most:
                found.append(np.sort(some))
                continue
            spans = np.ptp(self.points[some], axis=0)
            order = some[np.argsort(self.points[some, int(np.argmax(spans))], kind="stable")]
            todo += [order[len(order) // 2 :], order[: len(order) // 2]]
        return found

    def problem(self, area: int, parcels: Ints) -> Problem:
        """Return the day of one depot, which stands in the middle of its parcels; tasks are named by their parcel."""
        tasks = tuple(
            Task(
                name(parcel), at + 1, load=(int(self.loads[parcel]),), service=180,
                windows=((int(self.opens[parcel]), int(self.opens[parcel] + self.lengths[parcel])),)
                if self.tight[parcel] else (),
            )
            for at, parcel in enumerate(parcels.tolist())
        )  # fmt: skip
        vans = int(-(-self.loads[parcels].sum() // CAPACITY) * 1.4) + 2
        vehicles = tuple(Vehicle(f"van{at + 1}", 0, 0, (CAPACITY,), DAY) for at in range(vans))
        xy = np.concatenate([np.rint(np.median(self.points[parcels], axis=0))[None, :], self.points[parcels]])
        return Problem(f"area-{area}", tasks, vehicles, Travel("generated coordinates, 1 unit = 1 s", xy=xy))


def name(parcel: int) -> str:
    """Return the id of a parcel."""
    return f"p{parcel}"


def violations(parcels: int, areas: Sequence[AreaPlan]) -> list[str]:
    """Return what is wrong with the answers together: parcels lost, answered twice, or never asked about."""
    times: dict[str, int] = {}
    for area in areas:
        for one in (*(stop for route in area.routes for stop in route), *area.unserved):
            times[one] = times.get(one, 0) + 1
    wanted = {name(parcel) for parcel in range(parcels)}
    wrong = [f"parcel {one} is in no answer" for one in sorted(wanted - set(times))]
    wrong += [f"parcel {one} is in {count} answers" for one, count in sorted(times.items()) if count > 1]
    return wrong + [f"parcel {one} was never asked about" for one in sorted(set(times) - wanted)]
