"""Why nothing gets there, and the least that would help."""

from dataclasses import replace

from yunqi.commerce.logistics.engine.journeys.search import journeys
from yunqi.commerce.logistics.model.journeys import Network, Wish


def why_none(network: Network, wish: Wish) -> str:
    """Return in words why there is no journey: each way out is tried by a search of its own."""
    reached = _reached(network, wish.start)
    if wish.end not in reached:
        into = sorted({service.start for service in network.services if service.end == wish.end})
        ends = f"{wish.end} is served from {', '.join(into)}" if into else f"no service goes to {wish.end}"
        leads = f"{wish.start} leads to {_named(reached)}"
        return f"no chain of services leads from {wish.start} to {wish.end}: {ends}, and {leads}"
    said = []
    for one in wish.without:
        if journeys(network, replace(wish, without=tuple(name for name in wish.without if name != one))):
            said.append(f"with {one} running there is one")
    if wish.without and not said and journeys(network, replace(wish, without=())):
        said.append(f"with all of {', '.join(wish.without)} running there is one")
    lighter = _largest(network, wish)
    if lighter:
        said.append(f"{wish.weight_g} g are too much for the departures that are left; up to {lighter} g would go")
    if not said and wish.promise > 0.5 and journeys(network, replace(wish, promise=0.5)):
        said.append(f"none arrives with a chance of {wish.promise:.0%}; with 50 % there is one")
    if not said:
        said.append(f"the timetables have no connection within {wish.days} days of the start")
    return "; ".join(said)


def _reached(network: Network, start: str) -> set[str]:
    reached, grown = {start}, True
    while grown:
        more = {service.end for service in network.services if service.start in reached} - reached
        reached |= more
        grown = bool(more)
    return reached


def _largest(network: Network, wish: Wish) -> int:
    """Return the heaviest weight that would go, 0 for none."""
    weights = {
        service.capacity_g - taken
        for service in network.services
        if service.capacity_g is not None
        for taken in (0, *(amount for _, amount in service.booked))
        if 0 < service.capacity_g - taken < wish.weight_g
    }
    return next((one for one in sorted(weights, reverse=True) if journeys(network, replace(wish, weight_g=one))), 0)


def _named(places: set[str]) -> str:
    listed = sorted(places)
    return ", ".join(listed[:8]) + (f" and {len(listed) - 8} more" if len(listed) > 8 else "")
