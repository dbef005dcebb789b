"""Ships, berths and the quay: what is planned at a terminal."""

from dataclasses import dataclass

from yunqi.kernel.errors import Invalid

MOST_HOURS, MOST_SLOTS = 2_000, 2_000
"""Longer plans and finer positions on a quay fill the memory."""


@dataclass(frozen=True, slots=True)
class BerthProblem:
    """The discrete dynamic berth allocation problem: each vessel to one berth, one at a time.

    Parameters
    ----------
    arrival
        When each vessel is there, in the time unit of the file.
    latest
        When each must have left.
    opening, closing
        When each berth opens and closes.
    handling
        How long each vessel takes at each berth [vessel][berth]; ``None`` where it may not go.
    weight
        How dear an hour of each vessel is.

    Notes
    -----
    The cost is the sum over vessels of weight x (departure less arrival) (Kramer, Lalla-Ruiz, Iori and Voss 2019).
    """

    arrival: tuple[int, ...]
    latest: tuple[int, ...]
    opening: tuple[int, ...]
    closing: tuple[int, ...]
    handling: tuple[tuple[int | None, ...], ...]
    weight: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuse tables that do not fit together, naming the vessel."""
        vessels, berths = len(self.arrival), len(self.opening)
        if not vessels or not berths:
            raise Invalid("a berth plan needs at least one vessel and one berth", "file")
        if (
            len(self.latest) != vessels
            or len(self.closing) != berths
            or {len(self.handling), len(self.weight)} != {vessels}
        ):
            raise Invalid("the berth tables differ in length", "file")
        for number, row in enumerate(self.handling, 1):
            if len(row) != berths:
                raise Invalid(f"vessel {number}: {len(row)} handling times for {berths} berths", "file")
            if any(time is not None and time <= 0 for time in row):
                raise Invalid(f"vessel {number}: a handling time is not above 0", "file")
            if not any(self.may(number - 1, berth) for berth in range(berths)):
                raise Invalid(f"vessel {number}: no berth can handle it within its time; check its row", "file")

    def may(self, vessel: int, berth: int) -> bool:
        """Whether the vessel could be handled at the berth if it were alone."""
        time = self.handling[vessel][berth]
        start = max(self.arrival[vessel], self.opening[berth])
        return time is not None and start + time <= min(self.latest[vessel], self.closing[berth])


@dataclass(frozen=True, slots=True)
class Visit:
    """One vessel's stay; vessel and berth are counted from 1, as in the files. ``position`` and ``cranes`` on a quay only."""

    vessel: int
    berth: int
    start: int
    end: int
    name: str = ""
    position: int | None = None
    cranes: int | None = None


@dataclass(frozen=True, slots=True)
class BerthPlan:
    """The visits, their cost, a bound that no plan can be below, and how long the search took in seconds."""

    visits: tuple[Visit, ...]
    cost: int
    bound: int
    seconds: float = 0.0

    @property
    def gap(self) -> float:
        """How far the cost is above the bound, as a share of the cost."""
        return (self.cost - self.bound) / self.cost if self.cost else 0.0


@dataclass(frozen=True, slots=True)
class Vessel:
    """A vessel that calls at a quay.

    Parameters
    ----------
    length
        In metres, clearance included.
    arrival, due
        Hours from the start of the plan: expected, and when it should have left.
    work
        Crane-hours of its containers.
    least_cranes, most_cranes
        How many cranes may work on it at once.
    position
        Where on the quay its boxes stand, in metres: work grows with the distance (1 % per 10 m).
    draught
        In centimetres: it moves in or out only when the tide allows it.
    weight
        How dear an hour of waiting or of being late is.
    """

    name: str
    length: int
    arrival: int
    due: int
    work: int
    least_cranes: int = 1
    most_cranes: int = 3
    position: int = 0
    draught: int = 0
    weight: int = 1

    def __post_init__(self) -> None:
        """Refuse what can't be a vessel, by name."""
        if self.length <= 0 or self.work <= 0 or self.arrival < 0 or self.due <= self.arrival or self.weight < 0:
            raise Invalid(f"vessel {self.name}: length and work must be above 0, and due after arrival", "vessels")
        if not 1 <= self.least_cranes <= self.most_cranes:
            raise Invalid(f"vessel {self.name}: cranes must be 1 <= least <= most", "vessels")


@dataclass(frozen=True, slots=True)
class QuayProblem:
    """A quay, its cranes, its tide and a week of vessels.

    Parameters
    ----------
    length
        Of the quay, in metres.
    cranes
        How many there are.
    hours
        The horizon.
    depth
        Depth at the quay at each hour in centimetres; empty where the tide does not matter.
    step
        Berthing positions are multiples of this, in metres.

    Notes
    -----
    r cranes do r ** 0.9 crane-hours an hour (interference), as in Meisel and Bierwirth (2009). A vessel keeps its number of
    cranes for its whole stay. The cost is weight x (hours waited + hours late).
    """

    length: int
    cranes: int
    vessels: tuple[Vessel, ...]
    hours: int = 168
    depth: tuple[int, ...] = ()
    step: int = 10

    @property
    def slots(self) -> int:
        """Positions on the quay; the last may be shorter than a step."""
        return -(-self.length // self.step)

    def width(self, vessel: Vessel) -> int:
        """Return how many slots a vessel takes."""
        return -(-vessel.length // self.step)

    def last(self, vessel: Vessel) -> int:
        """Return the last slot at which a vessel may begin."""
        return (self.length - vessel.length) // self.step

    def __post_init__(self) -> None:
        """Refuse a week that can't be planned, naming what is wrong."""
        if self.length <= 0 or self.cranes <= 0 or self.step <= 0 or not self.vessels or self.hours <= 0:
            raise Invalid("a quay needs length, cranes, hours and vessels above 0", "quay")
        if self.hours > MOST_HOURS or self.slots > MOST_SLOTS:
            raise Invalid(
                f"{self.hours} hours and {self.slots} positions: at most {MOST_HOURS} and {MOST_SLOTS} are planned; check the "
                "units, or take a larger step_m",
                "quay",
            )
        if self.depth and len(self.depth) < self.hours:
            raise Invalid(f"the tide has {len(self.depth)} hours of {self.hours}", "depth")
        names = [vessel.name for vessel in self.vessels]
        for vessel in self.vessels:
            if vessel.length > self.length:
                raise Invalid(f"vessel {vessel.name}: {vessel.length} m is longer than the quay", "vessels")
            if vessel.position > self.length:
                raise Invalid(
                    f"vessel {vessel.name}: position {vessel.position} m lies beyond the quay of {self.length} m",
                    "vessels",
                )
            if vessel.least_cranes > self.cranes:
                raise Invalid(f"vessel {vessel.name}: needs {vessel.least_cranes} of {self.cranes} cranes", "vessels")
            if names.count(vessel.name) > 1:
                raise Invalid(f"vessel {vessel.name} stands twice", "vessels")
