"""Levels for many goods at once, each beside the simpler rule."""

from yunqi.commerce.logistics.engine.warehouse.inventory import Policies, newsvendor
from yunqi.commerce.logistics.model.reorder import Level, ReorderProblem, Reorders, SeasonGood, SeasonOrder, StockedGood
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
    try:
        policies = Policies(good.mean, good.lead, fixed=good.fixed, hold=good.hold, backorder=good.backorder)
    except Invalid as error:
        raise Invalid(f"good {good.id}: {error}", "goods") from error
    at, up_to, cost = policies.best()
    return Level(good.id, at, up_to, cost, policies.plain()[2])


def _season(good: SeasonGood) -> SeasonOrder:
    def cost(units: float) -> float:
        missed = sum(max(0.0, demand - units) for demand in good.demands)
        left = sum(max(0.0, units - demand) for demand in good.demands)
        return (good.short * missed + good.over * left) / len(good.demands)

    units = newsvendor(good.demands, short=good.short, over=good.over)
    sold_out = sum(demand >= units for demand in good.demands) / len(good.demands)
    return SeasonOrder(good.id, units, cost(units), cost(sum(good.demands) / len(good.demands)), sold_out)
