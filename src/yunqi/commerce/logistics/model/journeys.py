"""Journeys of a parcel over scheduled services, and the chances along the way. Times are whole minutes since 1970 in UTC."""

import enum
from dataclasses import dataclass
from datetime import date, time
from zoneinfo import ZoneInfo

from yunqi.kernel.errors import Invalid, NotFound

Outcomes = tuple[tuple[float, int], ...]
"""Chances and minutes; the chances add up to 1."""


class NoJourney(NotFound):
    """Nothing gets there; the message says why and what would help."""

    code = "no_journey"


class Goal(enum.StrEnum):
    """What is wanted of a journey."""

    EARLIEST = "earliest"
    CHEAPEST = "cheapest"
    PARETO = "pareto"


@dataclass(frozen=True, slots=True)
class Hours:
    """Local opening times: on ``days`` (Monday is 0) from ``opens`` to before ``closes``, but not on ``closed`` days."""

    days: frozenset[int]
    opens: time
    closes: time
    closed: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Place:
    """A door, hub, port or airport.

    Parameters
    ----------
    zone
        Its time zone: the times of services that leave from here are local.
    territory
        Customs territory; a service between two of them crosses a border.
    handling
        Minutes between arriving and being ready for the next service.
    hours
        Goods are handed over only then; None for always.
    """

    id: str
    zone: ZoneInfo
    territory: str
    handling: int
    hours: Hours | None


@dataclass(frozen=True, slots=True)
class Clearance:
    """A customs step: it begins within its hours, then runs on the clock.

    Parameters
    ----------
    is_import
        Done after arriving from another territory; otherwise before leaving for one.
    takes
        Chances of its length, inspections included.
    cost
        Minor units.
    """

    place: str
    is_import: bool
    takes: Outcomes
    cost: int
    hours: Hours | None


@dataclass(frozen=True, slots=True)
class Service:
    """A scheduled connection of two places.

    Parameters
    ----------
    departures
        Weekly ones as (weekday, local time).
    dates
        Single ones as (day, local time).
    cutoff
        Minutes before the departure by which the goods must be there.
    transit
        Chances of the minutes from departure to arrival.
    cost, cost_per_kg
        Minor units for a shipment, and for each kilogram begun.
    capacity_g
        Grams of each departure; None for no limit. ``booked`` says what is taken, by day of departure.
    since, until, closed
        First and last day of the timetable, and days without departures.
    """

    id: str
    start: str
    end: str
    mode: str
    departures: tuple[tuple[int, time], ...]
    dates: tuple[tuple[date, time], ...]
    cutoff: int
    transit: Outcomes
    cost: int
    cost_per_kg: int
    capacity_g: int | None
    booked: tuple[tuple[date, int], ...]
    since: date | None
    until: date | None
    closed: frozenset[date]


@dataclass(frozen=True, slots=True)
class Network:
    """Places, services and customs steps; amounts are minor units of ``currency``."""

    currency: str
    places: tuple[Place, ...]
    services: tuple[Service, ...]
    clearances: tuple[Clearance, ...]

    def __post_init__(self) -> None:
        """Refuse services and clearances of places that are not there."""
        known = {place.id for place in self.places}
        if len(known) < len(self.places) or len({one.id for one in self.services}) < len(self.services):
            raise Invalid("two places or two services have the same id", "id")
        for service in self.services:
            if {service.start, service.end} - known or service.start == service.end:
                raise Invalid(f"service {service.id} must go from one known place to another", service.id)
        if len({(one.place, one.is_import) for one in self.clearances}) < len(self.clearances):
            raise Invalid("two clearances are of the same place and side; put them together", "clearances")
        for clearance in self.clearances:
            if clearance.place not in known:
                raise Invalid(f"a clearance is at {clearance.place}, which is no place", clearance.place)

    def place(self, name: str) -> Place:
        """Return a place by its id.

        Raises
        ------
        NotFound
            There is none.
        """
        for place in self.places:
            if place.id == name:
                return place
        raise NotFound(
            f"the network has no place {name!r}; it has {', '.join(p.id for p in self.places[:20])}", "place"
        )


@dataclass(frozen=True, slots=True)
class Wish:
    """What has to go where.

    Parameters
    ----------
    ready
        When it can leave, minutes.
    promise
        The chance with which the promised time must hold.
    deadline
        Minutes; None without one.
    without
        Services that don't run, as ``id`` or, for one day's departures, ``id@2026-11-27``.
    days
        How many days ahead timetables are looked at.
    """

    start: str
    end: str
    ready: int
    weight_g: int
    promise: float = 0.95
    deadline: int | None = None
    without: tuple[str, ...] = ()
    days: int = 90


@dataclass(frozen=True, slots=True)
class Leg:
    """One service of a journey: the chances of its departures and arrivals (ready to go on, clearance included), in minutes."""

    service: str
    mode: str
    start: str
    end: str
    departs: Outcomes
    arrives: Outcomes
    cost: int
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Journey:
    """A way to get there.

    Parameters
    ----------
    cost
        Minor units.
    promised
        The minute by which it is there with the chance that was asked for.
    on_time
        The chance of being there by the deadline; None without one.
    arrives
        Chances of the arrival.
    """

    legs: tuple[Leg, ...]
    cost: int
    promised: int
    on_time: float | None
    arrives: Outcomes
