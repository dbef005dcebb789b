"""How large a day can be: depots, cores and cost from what was measured, and a day that is really planned."""

from dataclasses import dataclass

from yunqi.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard each depot area is searched, and what is assumed around it.

    Parameters
    ----------
    area_stops
        Most stops of a depot area.
    iterations
        Of the search, for each stop.
    window_hours
        From the last order to the first van.
    spare
        Share of the cores kept free for areas that are planned again.
    core_hour
        Price of a core for an hour, in minor units of ``currency``: an assumption of whoever asks.
    """

    area_stops: int = 1_000
    iterations: int = 500
    window_hours: float = 2.0
    spare: float = 0.25
    core_hour: int = 5
    currency: str = "EUR"

    def __post_init__(self) -> None:
        """Refuse numbers out of range."""
        if not 20 <= self.area_stops <= 5_000 or not 1 <= self.iterations <= 100_000:
            raise Invalid("a depot area has 20 to 5,000 stops and is searched 1 to 100,000 iterations a stop", "area")
        if not 0 < self.window_hours <= 24 or not 0 <= self.spare < 1 or self.core_hour < 0:
            raise Invalid("hours must be above 0 and at most 24, spare from 0 to below 1, core_hour from 0", "hours")


@dataclass(frozen=True, slots=True)
class Throughput:
    """What one depot area took on this machine.

    Parameters
    ----------
    cpu_seconds
        Of the whole process, for ``stops``.
    above
        How far the cost lies above a search ``longer`` times as long.
    load
        The machine's load average while it was measured.
    """

    stops: int
    vans: int
    cpu_seconds: float
    above: float
    longer: int
    memory_mib: int
    load: float

    @property
    def stops_per_cpu_second(self) -> float:
        """How many stops a second of one core plans."""
        return self.stops / self.cpu_seconds


@dataclass(frozen=True, slots=True)
class ScalePlan:
    """What so many parcels a day take; every number follows from the measured throughput and the effort."""

    parcels: int
    effort: Effort
    measured: Throughput
    depots: int
    vans: int
    cpu_hours: float
    cores: int
    memory_gib: float
    cost: int


@dataclass(frozen=True, slots=True)
class AreaPlan:
    """The answer for one depot area: stops of each route, parcels that are not served, its cost and CPU seconds."""

    area: int
    routes: tuple[tuple[str, ...], ...]
    unserved: tuple[str, ...]
    cost: float
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class ScaleRun:
    """A day that was planned on a cluster.

    Parameters
    ----------
    killed
        Processes that were killed while they searched.
    again
        Areas that were planned again because their worker was lost.
    wrong
        What the checker found; empty when each parcel is in exactly one answer.
    """

    parcels: int
    areas: tuple[AreaPlan, ...]
    workers: int
    killed: tuple[int, ...]
    again: tuple[int, ...]
    wrong: tuple[str, ...]
    seconds: float
