"""Every journey that is not both later and dearer than another one: label setting with chances, exact.

A label at a place is the cost so far and the chances of when the goods are ready there. Services leave in order and take their
time by the same chances each day, and whoever misses one waits for its next, so that a label which is never later and no dearer
than another one makes every way on at least as good: the other one can go.
"""

import heapq
import itertools
from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from yunqi.commerce.logistics.engine.journeys.calendar import Minutes, catching, departures, opening
from yunqi.commerce.logistics.engine.journeys.chances import NEVER, Chances, certain
from yunqi.commerce.logistics.model.journeys import Clearance, Journey, Leg, Network, Service, Wish
from yunqi.kernel.errors import Exhausted, Invalid

MOST_LABELS = 200_000


@dataclass(frozen=True, slots=True)
class Label:
    """Goods at a place: what it cost, when they are ready, and by which service from which label they came."""

    place: str
    cost: int
    ready: Chances
    before: "Label | None" = None
    service: Service | None = None
    departs: Chances | None = None


def journeys(network: Network, wish: Wish) -> list[Journey]:
    """Return the front of cost and promised time, the cheapest first; empty when nothing gets there.

    Raises
    ------
    NotFound
        The network lacks the start or the end.
    Exhausted
        The network has too many ways to look at all of them.
    """
    network.place(wish.start)
    network.place(wish.end)
    found = [_journey(network, wish, label) for label in _arrivals(network, wish)]
    found = [one for one in found if one.promised < NEVER]
    found.sort(key=lambda one: (one.cost, one.promised, len(one.legs)))
    front: list[Journey] = []
    for one in found:
        if not front or one.promised < front[-1].promised:
            front.append(one)
    return front


def _arrivals(network: Network, wish: Wish) -> list[Label]:
    steps = _Steps(network, wish)
    leaving = defaultdict(list)
    for service in network.services:
        leaving[service.start].append(service)
    bags: dict[str, list[Label]] = defaultdict(list)
    order, start = itertools.count(), Label(wish.start, 0, certain(wish.ready))
    bags[wish.start].append(start)
    heap = [(0, 0, next(order), start)]
    while heap:
        label = heapq.heappop(heap)[-1]
        if label.place == wish.end or not any(one is label for one in bags[label.place]):
            continue
        for service in leaving[label.place]:
            made = steps.take(label, service)
            if (
                made is None
                or not _keep(bags[made.place], made)
                or any(_beats(one, made) for one in bags[wish.end] if made.place != wish.end)
            ):
                continue
            heapq.heappush(heap, (int(made.ready.at[0]), made.cost, next(order), made))
            if next(order) > MOST_LABELS:
                raise Exhausted("the network has too many ways for one search; take out services that can't matter")
    return bags[wish.end]


def _beats(one: Label, other: Label) -> bool:
    return one.cost <= other.cost and one.ready.is_never_later(other.ready)


def _keep(bag: list[Label], made: Label) -> bool:
    """Add a label to a bag unless one there is as good; those that it is as good as go."""
    if any(_beats(one, made) for one in bag):
        return False
    bag[:] = [one for one in bag if not _beats(made, one)]
    bag.append(made)
    return True


class _Steps:
    """What a service, its customs steps and its hours make of a label."""

    def __init__(self, network: Network, wish: Wish) -> None:
        self._network, self._wish = network, wish
        self._places = {place.id: place for place in network.places}
        self._clearances = {(one.place, one.is_import): one for one in network.clearances}
        cancelled = cancellations(network, wish.without)
        self._times: dict[str, Minutes] = {
            one.id: departures(
                one, self._places[one.start].zone, first=wish.ready, days=wish.days, weight_g=wish.weight_g,
                cancelled=cancelled.get(one.id, frozenset()),
            )
            for one in network.services
        }  # fmt: skip

    def take(self, label: Label, service: Service) -> Label | None:
        """Return the label after a service, or None when it never arrives."""
        start, end = self._places[service.start], self._places[service.end]
        ready, cost = label.ready, label.cost + service.cost + service.cost_per_kg * -(-self._wish.weight_g // 1000)
        if label.before is not None:
            ready = ready.shifted(start.handling)
        crosses = start.territory != end.territory
        export = self._clearances.get((service.start, False)) if crosses else None
        arrival = self._clearances.get((service.end, True)) if crosses else None
        if export is not None:
            ready, cost = self._cleared(ready, export), cost + export.cost
        departs = ready.moved(catching(self._times[service.id], service.cutoff))
        there = departs.plus(service.transit)
        if arrival is not None:
            there, cost = self._cleared(there, arrival), cost + arrival.cost
        there = there.moved(opening(end.hours, end.zone))
        return None if there.at[0] >= NEVER else Label(service.end, cost, there, label, service, departs)

    def _cleared(self, ready: Chances, clearance: Clearance) -> Chances:
        zone = self._places[clearance.place].zone
        return ready.moved(opening(clearance.hours, zone)).plus(clearance.takes)


def cancellations(network: Network, without: tuple[str, ...]) -> dict[str, frozenset[date] | None]:
    """Return the days on which services don't run, None for all days.

    Raises
    ------
    Invalid
        The network has no such service, or the day is none.
    """
    known = {service.id for service in network.services}
    found: dict[str, frozenset[date] | None] = {}
    for one in without:
        name, _, day = (one, "", "") if one in known else one.rpartition("@")
        if name not in known:
            raise Invalid(f"the network has no service {one!r} to leave out", "without")
        if not day:
            found[name] = None
            continue
        try:
            days = found.get(name, frozenset())
            found[name] = None if days is None else days | {date.fromisoformat(day)}
        except ValueError as error:
            raise Invalid(f"{one!r}: {day!r} is no day as 2026-11-27", "without") from error
    return found


def _journey(network: Network, wish: Wish, label: Label) -> Journey:
    legs: list[Leg] = []
    at: Label | None = label
    territory = {place.id: place.territory for place in network.places}
    steps = {(one.place, one.is_import) for one in network.clearances}
    while at is not None and at.service is not None and at.before is not None and at.departs is not None:
        service, crosses = at.service, territory[at.service.start] != territory[at.service.end]
        done = [f"export clearance at {service.start}"] if crosses and (service.start, False) in steps else []
        done += [f"import clearance at {service.end}"] if crosses and (service.end, True) in steps else []
        if crosses and not done:
            done = ["crosses a border, but no clearance is given for either side"]
        legs.append(
            Leg(
                service.id, service.mode, service.start, service.end, at.departs.outcomes(), at.ready.outcomes(),
                at.cost - at.before.cost, tuple(done),
            )
        )  # fmt: skip
        at = at.before
    on_time = None if wish.deadline is None else label.ready.by(wish.deadline)
    promised = label.ready.quantile(wish.promise)
    return Journey(tuple(reversed(legs)), label.cost, promised, on_time, label.ready.outcomes())
