"""Levels for many goods at once, each beside the simpler rule."""

import math
from collections.abc import Callable
from statistics import NormalDist

from yunqi.commerce.logistics.engine.warehouse.demand import Floats, fitted, moments, observed, poisson, together
from yunqi.commerce.logistics.engine.warehouse.inventory import Costs, LevelPolicies, LotPolicies, Policies, newsvendor
from yunqi.commerce.logistics.engine.warehouse.played import Shelf
from yunqi.commerce.logistics.engine.warehouse.position import Position
from yunqi.commerce.logistics.engine.warehouse.sold import Sold
from yunqi.commerce.logistics.model.reorder import (
    Level,
    Policy,
    ReorderProblem,
    Reorders,
    Replay,
    SeasonGood,
    SeasonOrder,
    StockedGood,
)
from yunqi.kernel.errors import Invalid


def reorders(problem: ReorderProblem) -> Reorders:
    """Return when to order and how much of each good.

    Raises
    ------
    Invalid
        A number is out of range; the good is named.
    """
    return Reorders(tuple(map(_level, problem.goods)), tuple(map(_season, problem.seasons)))


def _level(good: StockedGood) -> Level:
    chances = _chances(good)
    policies = _policies(good, chances)
    mean, variance = moments(chances)
    plain = policies.plain(_share(good))
    return Level(good.id, _chosen(good, policies), good.pack > 1, plain, mean, math.sqrt(variance))


def _chosen(good: StockedGood, policies: Policies) -> Policy:
    return policies.cheapest() if good.fill is None else policies.filling(good.fill)


def _share(good: StockedGood) -> float:
    """Return the share of what may be asked for that the textbook covers."""
    if good.fill is not None:
        return good.fill
    waiting = good.backorder or 0.0
    return waiting / (waiting + good.hold)


def replay(
    days: int,
    sold: Sold,
    problem_of: Callable[[Sold], ReorderProblem],
    *,
    on_day: Callable[[int], None] = lambda _: None,
) -> Replay:
    """Play the last ``days`` of the sales: each week the levels are set anew from what was known then.

    Raises
    ------
    Invalid
        Too few days, sales that are no whole units, or goods that were not sold long enough before; named.
    """
    first = sold.days - days
    if not 7 <= days <= first:
        raise Invalid(f"{days} of {sold.days} days can't be held out: from 7 to half of them", "hold_out")
    shelves: dict[str, tuple[Shelf, Shelf]] = {}
    for begin in range(first, sold.days, 7):
        known = sold.before(begin)
        problem = problem_of(known)
        for good in problem.goods:
            ours, simple = _chosen(good, _policies(good, _chances(good))), _textbook(good, known)
            if good.id not in shelves:
                shelves[good.id] = Shelf(good, _leads(good)), Shelf(good, _leads(good))
            for units in known.held_out(good.id, min(7, sold.days - begin)):
                shelves[good.id][0].period(ours, units)
                shelves[good.id][1].period(simple, units)
        on_day(min(sold.days, begin + 7) - first)
    told = {name: (one.told(), other.told()) for name, (one, other) in shelves.items()}
    return Replay(days, {name: one for name, (one, _) in told.items()}, {name: one for name, (_, one) in told.items()})


def _textbook(good: StockedGood, known: Sold) -> Policy:
    """Return a normal quantile over lead and review above the mean, and Wilson's lot."""
    history = known.history(good.id)
    mean, deviation = float(history.mean()), float(history.std(ddof=1))
    span, z = good.lead + good.review, NormalDist().inv_cdf(_share(good))
    wilson = max(1, round(math.sqrt(2 * mean * good.fixed / good.hold)))
    size = good.pack * max(1, round(wilson / good.pack))
    return Policy(math.ceil(span * mean + z * deviation * math.sqrt(span)) - 1, size, 0.0, 0.0, 0.0, 0.0)


def _policies(good: StockedGood, chances: Floats) -> Policies:
    costs = Costs(fixed=good.fixed, hold=good.hold, backorder=good.backorder or 0.0, review=good.review)
    leads = _leads(good)
    position, asked = Position(chances, leads, good.review), together(chances, good.review)
    try:
        if good.pack > 1:
            return LotPolicies(position, asked, costs, pack=good.pack)
        return LevelPolicies(position, asked, costs)
    except Invalid as error:
        raise Invalid(f"good {good.id}: {error}", "goods") from error


def _chances(good: StockedGood) -> Floats:
    if good.demands:
        return observed(good.demands)
    return poisson(good.expected) if good.deviation is None else fitted(good.expected, good.deviation)


def _leads(good: StockedGood) -> dict[float, float]:
    """Return the chance of each lead: whole periods where they deviate."""
    if not good.lead_deviation:
        return {good.lead: 1.0}
    chances = fitted(good.lead, good.lead_deviation)
    return {float(lead): float(chance) for lead, chance in enumerate(chances) if chance > 1e-9}


def _season(good: SeasonGood) -> SeasonOrder:
    def cost(units: float) -> float:
        missed = sum(max(0.0, demand - units) for demand in good.demands)
        left = sum(max(0.0, units - demand) for demand in good.demands)
        return (good.short * missed + good.over * left) / len(good.demands)

    units = newsvendor(good.demands, short=good.short, over=good.over)
    sold_out = sum(demand >= units for demand in good.demands) / len(good.demands)
    return SeasonOrder(good.id, units, cost(units), cost(sum(good.demands) / len(good.demands)), sold_out)
