"""Journeys over scheduled services: the earliest, the cheapest, or all that are worth it."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from yunqi.commerce.logistics.engine.journeys.calendar import minute, moment
from yunqi.commerce.logistics.engine.journeys.read import read_network
from yunqi.commerce.logistics.engine.journeys.reasons import why_none
from yunqi.commerce.logistics.engine.journeys.search import journeys
from yunqi.commerce.logistics.model.journeys import Goal, Journey, Network, NoJourney, Wish
from yunqi.commerce.logistics.service.documents import load_json
from yunqi.kernel import Invalid

SHOWN = 5
"""Chances of a departure or an arrival that an answer names, the likeliest."""


class JourneyDesk:
    """What gets where, when, at what price, and with what chance."""

    def read(self, path: Path) -> Network:
        """Read a network from a JSON file."""
        return self.of(load_json(path))

    def of(self, document: Any) -> Network:
        """Read a network from plain values."""
        return read_network(document)

    def wish(
        self,
        start: str,
        end: str,
        ready: str,
        *,
        weight_g: int = 1_000,
        promise: float = 0.95,
        deadline: str | None = None,
        without: Sequence[str] = (),
    ) -> Wish:
        """Return what has to go where, from plain values; times are ISO 8601 with their offset.

        Raises
        ------
        Invalid
            A time has no offset, or a number is out of range.
        """
        if weight_g <= 0:
            raise Invalid(f"weight must be above 0 g, not {weight_g}", "weight_g")
        if not 0.5 <= promise < 1:
            raise Invalid(f"promise must be from 0.5 to below 1, not {promise}", "promise")
        if start == end:
            raise Invalid(f"{start} is the start and the end", "to")
        last = None if deadline is None else _minute(deadline, "deadline")
        first = _minute(ready, "ready")
        if last is not None and last < first:
            raise Invalid("the deadline is before the goods are ready", "deadline")
        return Wish(start, end, first, weight_g, promise, last, tuple(without))

    def find(self, network: Network, wish: Wish, goal: Goal = Goal.PARETO) -> list[Journey]:
        """Return journeys: all that are worth it, the cheapest first, or the one that is wanted.

        With a deadline only those count that keep it with the promised chance.

        Raises
        ------
        NoJourney
            Nothing gets there; says why and what would help.
        """
        found = journeys(network, wish)
        if not found:
            raise NoJourney(f"Nothing gets from {wish.start} to {wish.end}: {why_none(network, wish)}.")
        if wish.deadline is not None:
            kept = [one for one in found if one.promised <= wish.deadline]
            if not kept:
                zone = network.place(wish.end).zone
                best = moment(found[-1].promised, zone).isoformat()
                share = max(one.on_time or 0.0 for one in found)
                raise NoJourney(
                    f"Nothing keeps the deadline with a chance of {wish.promise:.0%}: the earliest promise is {best}, "
                    f"and the best chance of being there in time is {share:.1%}."
                )
            found = kept
        if goal is Goal.EARLIEST:
            return [found[-1]]
        return [found[0]] if goal is Goal.CHEAPEST else found

    def document(self, network: Network, wish: Wish, found: Sequence[Journey]) -> dict[str, Any]:
        """Return journeys as plain values, times local to their places."""
        return {
            "from": wish.start, "to": wish.end, "currency": network.currency, "promise": wish.promise,
            "journeys": [self._journey(network, wish, one) for one in found],
        }  # fmt: skip

    def _journey(self, network: Network, wish: Wish, one: Journey) -> dict[str, Any]:
        zone = network.place(wish.end).zone
        likely = max(one.arrives)[1]
        return {
            "cost": one.cost, "promised": moment(one.promised, zone).isoformat(), "likely": moment(likely, zone).isoformat(),
            "on_time": None if one.on_time is None else round(one.on_time, 6),
            "arrives": self._chances(network, wish.end, one.arrives),
            "legs": [
                {
                    "service": leg.service, "mode": leg.mode, "from": leg.start, "to": leg.end, "cost": leg.cost,
                    "departs": self._chances(network, leg.start, leg.departs),
                    "ready": self._chances(network, leg.end, leg.arrives), "steps": list(leg.steps),
                }
                for leg in one.legs
            ],
        }  # fmt: skip

    def _chances(self, network: Network, place: str, outcomes: Sequence[tuple[float, int]]) -> list[dict[str, Any]]:
        zone = network.place(place).zone
        likeliest = sorted(sorted(outcomes, reverse=True)[:SHOWN], key=lambda one: one[1])
        return [{"at": moment(at, zone).isoformat(), "chance": round(share, 6)} for share, at in likeliest]


def _minute(text: str, name: str) -> int:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid(f"{name} {text!r} is no time as 2026-11-25T10:00+08:00", name) from error
    if found.tzinfo is None:
        raise Invalid(f"{name} {text!r} needs its offset, as +08:00 or Z", name)
    return minute(found)
