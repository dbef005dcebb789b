"""When to order and how much: goods that are kept in stock, and goods that are bought once for a season."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from yunqi.kernel.errors import Invalid

MOST_UNITS, MOST_PERIODS = 100_000, 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class StockedGood:
    """A good whose demand waits when none is there; the demand of a period does not depend on that of others.

    Parameters
    ----------
    lead, lead_deviation
        Periods from order to arrival, and how far they deviate; a later order does not overtake an earlier one.
    fixed, hold
        Cost of an order, and of a unit held a period; one currency for all.
    mean, deviation
        Demand a period in whole units; without a deviation it is taken to be Poisson.
    demands
        What was asked for in past periods, each equally likely, instead of a mean.
    backorder
        Cost of a unit waited for, a period.
    fill
        Share of the demand that has to be there when it is asked for, instead of a cost of waiting.
    review
        Periods from one look at the stock to the next.
    pack
        Orders are whole packs of so many units.
    """

    id: str
    lead: float
    fixed: float
    hold: float
    mean: float | None = None
    deviation: float | None = None
    demands: tuple[int, ...] = ()
    backorder: float | None = None
    fill: float | None = None
    lead_deviation: float = 0.0
    review: int = 1
    pack: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be reckoned, by the good's name."""
        if (self.mean is None) == (not self.demands):
            raise self._wrong("give either mean (with its deviation) or demands of past periods")
        if self.demands and self.deviation is not None:
            raise self._wrong("a deviation goes with a mean, not with demands")
        if (self.backorder is None) == (self.fill is None):
            raise self._wrong("give either backorder, what waiting costs, or fill, the share to be there at once")
        if self.fill is not None and not 0 < self.fill <= 0.9999:
            raise self._wrong("fill must be above 0 and at most 0.9999")
        if self.hold <= 0 or (self.backorder is not None and self.backorder <= 0):
            raise self._wrong("hold and backorder must be above 0")
        if self.lead < 0 or self.lead_deviation < 0 or self.fixed < 0 or (self.deviation or 0) < 0:
            raise self._wrong("lead, fixed and deviations must not be below 0")
        if self.review < 1 or self.pack < 1:
            raise self._wrong("review and pack must be at least 1")
        if not self.expected > 0:
            raise self._wrong("the demand a period must be above 0: what nobody asks for needs no order")
        spread = max(self.deviation or 0.0, max(self.demands, default=0))
        if (self.expected + spread) * (self.lead + self.review) > MOST_UNITS or self.lead > MOST_PERIODS:
            raise self._wrong(
                f"levels are reckoned for up to {MOST_UNITS:,} units over lead and review, and leads of {MOST_PERIODS:,}"
                " periods; count in cases, or in longer periods"
            )

    @property
    def expected(self) -> float:
        """The mean demand a period."""
        return self.mean if self.mean is not None else sum(self.demands) / len(self.demands)

    def _wrong(self, why: str) -> Invalid:
        return Invalid(f"good {self.id}: {why}", "goods")


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
class Policy:
    """Order as soon as no more than ``at`` units are there or on order.

    Parameters
    ----------
    size
        Units between ``at`` and the level ordered up to, or of each lot.
    cost
        A period, of orders and stock, and of waiting where that has a price.
    fill
        Share of the demand that is there when it is asked for.
    stock
        Units that lie there when a period ends.
    orders
        A period; of several lots at once, one.
    """

    at: int
    size: int
    cost: float
    fill: float
    stock: float
    orders: float


@dataclass(frozen=True, slots=True)
class Played:
    """What policies cost a period over days that they had not seen, the units asked for, and those that were there then."""

    cost: float
    asked: int
    served: int

    @property
    def fill(self) -> float:
        """The share that was there when it was asked for."""
        return self.served / self.asked if self.asked else 1.0

    @classmethod
    def together(cls, played: Iterable["Played"]) -> "Played":
        """Return what several goods cost and had together."""
        goods = tuple(played)
        return cls(*(sum(getattr(one, part) for one in goods) for part in ("cost", "asked", "served")))


@dataclass(frozen=True, slots=True)
class Level:
    """The policy of a good.

    Parameters
    ----------
    in_lots
        Whether whole lots are ordered, instead of up to a level.
    plain
        The textbook's: critical quantile, or the share to be filled, of the demand over lead and review, and Wilson's lot.
    mean, deviation
        The demand a period that both are made for.
    """

    id: str
    policy: Policy
    in_lots: bool
    plain: Policy
    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class Replay:
    """Policies set anew each week, played over the last days of the sales.

    Parameters
    ----------
    played, textbook
        By good: ours, and the textbook's: mean and deviation of a day's sales so far, a normal quantile over lead and
        review, Wilson's lot.
    """

    days: int
    played: Mapping[str, Played]
    textbook: Mapping[str, Played]


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
