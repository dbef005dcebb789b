"""The nouns of routing: what is to be served, by whom, over which roads, and the plan that does it.

Amounts inside a problem are integers: distances and times in the problem's unit times ``Travel.scale``.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from yunqi.kernel.errors import Error, Invalid

Window = tuple[int, int]

FOREVER = 1 << 40
"""A time that never comes."""


class BadProblem(Invalid):
    """A routing problem that cannot be read or cannot be meant; names the row or field."""

    code = "bad_problem"


class Disagreement(Error):
    """A solver's answer that the independent checker does not accept: a defect of ours, never shown as a plan."""

    code = "checker_disagrees"


class Rounding(enum.StrEnum):
    """How a distance follows from coordinates: the conventions of the published sets."""

    ROUNDED = "rounded"  # to the nearest integer (VRPLIB EUC_2D)
    TRUNCATED = "truncated"  # to one decimal, cut off (the DIMACS challenge's VRPTW)
    EXACT = "exact"  # double precision (SINTEF)
    UP = "up"  # up to the next integer (VRPLIB CEIL_2D)


class Objective(enum.StrEnum):
    """What is made small."""

    COST = "cost"
    VEHICLES_FIRST = "vehicles_first"


class TaskKind(enum.StrEnum):
    """What happens at a stop."""

    DELIVERY = "delivery"
    PICKUP = "pickup"
    SHIPMENT_PICKUP = "shipment_pickup"
    SHIPMENT_DELIVERY = "shipment_delivery"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Break:
    """A pause of a driver: it begins inside the window, between two stops."""

    window: Window
    duration: int


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do at a place.

    Parameters
    ----------
    place
        Index of the place in `Travel`.
    load
        Amount in each dimension; positive.
    windows
        When the service may begin; empty: always.
    partner
        Id of the other half of a shipment.
    prize
        What serving it is worth; None: it must be served.
    vehicle
        Id of the vehicle that must serve it, if one must.
    group
        Tasks of one group go with one vehicle.
    after
        Ids of tasks that the same vehicle has to serve earlier.
    max_ride
        Longest time between the end of a shipment's pickup and the start of its delivery.
    """

    id: str
    place: int
    kind: TaskKind = TaskKind.DELIVERY
    load: tuple[int, ...] = (0,)
    service: int = 0
    windows: tuple[Window, ...] = ()
    skills: frozenset[str] = frozenset()
    partner: str | None = None
    prize: int | None = None
    priority: int = 0
    vehicle: str | None = None
    group: str | None = None
    after: tuple[str, ...] = ()
    max_ride: int | None = None


@dataclass(frozen=True, slots=True)
class Vehicle:
    """What serves tasks.

    Parameters
    ----------
    start, end
        Places where it begins and ends; None: it begins or ends where its first or last task is.
    prefix
        Ids of the tasks that it serves first, in this order (locked).
    reloads
        How often it may come back to its start to load again.
    range
        Distance that a full battery lasts; None: no limit.
    chargers
        Places where it can be charged, in ``charge_time`` each.
    fairness
        Cost of each unit of ``time * time / 1000000`` of its route: evens out the work.
    drive_cost, max_drive
        Cost of a unit of time at the wheel, and the longest time at the wheel of a day; None: no limit.
    reload_time
        How long loading again takes.
    departed
        When it left its start, where it has left already; None: still to be chosen.
    travels
        Whose distances and times it has: 0 the problem's own, k the k-th of ``Travel.more``.
    """

    id: str
    start: int | None
    end: int | None
    capacity: tuple[int, ...] = (FOREVER,)
    window: Window = (0, FOREVER)
    skills: frozenset[str] = frozenset()
    fixed_cost: int = 0
    distance_cost: float = 1.0
    time_cost: float = 0.0
    max_distance: int | None = None
    max_time: int | None = None
    max_tasks: int | None = None
    breaks: tuple[Break, ...] = ()
    drive_limit: int | None = None
    drive_pause: int = 0
    reloads: int = 0
    range: int | None = None
    chargers: tuple[int, ...] = ()
    charge_time: int = 0
    fairness: int = 0
    prefix: tuple[str, ...] = ()
    drive_cost: float = 0.0
    max_drive: int | None = None
    reload_time: int = 0
    departed: int | None = None
    travels: int = 0


@dataclass(frozen=True, slots=True)
class Travel:
    """Distances and times between places.

    Parameters
    ----------
    xy
        Coordinates; shape (places, 2); None with matrices.
    distances, durations
        Matrices; shape (places, places); None with coordinates.
    source
        Where they come from, in words that every answer repeats.
    scale
        How many internal units make one of the problem's.
    profile
        Pairs of a time of day and the percentage that a journey begun from then on takes.
    more, speeds
        Distances and durations of vehicles that travel otherwise than the rest (`Vehicle.travels`), and how much faster
        each of them is where they follow from the others.
    points, estimate
        Degrees or coordinates behind an estimated matrix, shape (places, 2), and how it was estimated: whether the points
        are flat, circuity, metres a second, margin in percent. None for matrices that were given or measured.
    """

    source: str
    rounding: Rounding = Rounding.ROUNDED
    xy: npt.NDArray[np.float64] | None = None
    distances: npt.NDArray[np.int32] | None = None
    durations: npt.NDArray[np.int32] | None = None
    scale: int = 1
    profile: tuple[tuple[int, int], ...] = ()
    more: tuple[tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]], ...] = ()
    speeds: tuple[float, ...] = ()
    points: npt.NDArray[np.float64] | None = None
    estimate: tuple[bool, float, float, float] | None = None

    @property
    def places(self) -> int:
        """How many places there are."""
        table = self.xy if self.xy is not None else self.distances
        return 0 if table is None else len(table)


@dataclass(frozen=True, slots=True)
class Problem:
    """Everything a solver needs, and nothing of the world besides."""

    name: str
    tasks: tuple[Task, ...]
    vehicles: tuple[Vehicle, ...]
    travel: Travel
    objective: Objective = Objective.COST
    numeric_ids: bool = False
    repairs: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ("amount",)
    labels: Mapping[str, Any] = field(default_factory=dict)
