"""When to order and how much: goods that are kept in stock, and goods that are bought once for a season."""

import math
from dataclasses import dataclass

from yunqi.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class StockedGood:
    """A good whose demand waits when none is there.

    Parameters
    ----------
    mean
        Demand a period; taken to be Poisson.
    lead
        Periods from order to arrival.
    fixed, hold, backorder
        Cost of an order, of a unit held and of a unit waited for, a period; one currency for all.
    """

    id: str
    mean: float
    lead: float
    fixed: float
    hold: float
    backorder: float


@dataclass(frozen=True, slots=True)
class SeasonGood:
    """A good that is bought once.

    Parameters
    ----------
    demands
        Equally likely demands: past seasons, or draws of a forecast.
    short, over
        What a unit too few (its margin) and a unit too many (what it loses) cost.
    """

    id: str
    demands: tuple[float, ...]
    short: float
    over: float

    def __post_init__(self) -> None:
        """Refuse demands that are none, by name."""
        if not self.demands or not all(math.isfinite(one) and one >= 0 for one in self.demands):
            raise Invalid(f"season {self.id}: demands must be finite, from 0, and at least one", "seasons")
        if not (0 < self.short < math.inf and 0 < self.over < math.inf):
            raise Invalid(f"season {self.id}: short and over must be above 0", "seasons")


@dataclass(frozen=True, slots=True)
class ReorderProblem:
    """Goods to stock and goods to buy for a season."""

    goods: tuple[StockedGood, ...]
    seasons: tuple[SeasonGood, ...]

    def __post_init__(self) -> None:
        """Refuse an empty list and names that stand twice."""
        if not self.goods and not self.seasons:
            raise Invalid("there is nothing to order: name goods, seasons or both", "goods")
        seen: set[str] = set()
        for name in (*(one.id for one in self.goods), *(one.id for one in self.seasons)):
            if name in seen:
                raise Invalid(f"good {name} stands twice", "goods")
            seen.add(name)


@dataclass(frozen=True, slots=True)
class Level:
    """Order up to ``up_to`` as soon as no more than ``at`` units are there or on order.

    Parameters
    ----------
    cost
        A period, of orders, stock and waiting; no other levels cost less.
    plain
        What the textbook's levels (critical quantile and Wilson's lot) cost.
    """

    id: str
    at: int
    up_to: int
    cost: float
    plain: float


@dataclass(frozen=True, slots=True)
class SeasonOrder:
    """Units to buy, what that costs on average over the demands, what buying the mean would, and how often all is sold."""

    id: str
    units: float
    cost: float
    mean_cost: float
    sold_out: float


@dataclass(frozen=True, slots=True)
class Reorders:
    """What to order of each good."""

    levels: tuple[Level, ...]
    seasons: tuple[SeasonOrder, ...]
