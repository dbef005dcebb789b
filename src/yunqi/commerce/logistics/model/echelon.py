"""Stock in networks of stages: suppliers, plants, depots, shops."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from yunqi.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class Stage:
    """A place that holds stock of one good.

    Parameters
    ----------
    lead
        Periods from having its inputs to having the good.
    hold
        What a unit of stock here costs a period, in minor units of one currency.
    promise
        The longest time, in periods, within which it may promise to deliver; needed where customers are served.
    mean, deviation
        Of the customers' demand a period here; 0 where only other stages are served.
    """

    id: str
    lead: int
    hold: float
    promise: int | None = None
    mean: float = 0.0
    deviation: float = 0.0

    def __post_init__(self) -> None:
        """Refuse negative and infinite numbers, by name."""
        numbers = (self.lead, self.hold, self.mean, self.deviation, self.promise or 0)
        if not all(math.isfinite(one) and one >= 0 for one in numbers):
            raise Invalid(f"stage {self.id}: lead, hold, promise, mean and deviation must be finite, from 0", "stages")
        if (self.mean or self.deviation) and self.promise is None:
            raise Invalid(f"stage {self.id}: customers are served here, so it needs a promise (0: at once)", "stages")


@dataclass(frozen=True, slots=True)
class Link:
    """One stage supplies another, so many units for each of its units."""

    source: str
    target: str
    units: float = 1.0


@dataclass(frozen=True, slots=True)
class StockNetwork:
    """Stages and links that form a tree (in any direction); ``cover`` deviations of demand are held safe.

    Notes
    -----
    The guaranteed-service model of Graves and Willems (2000): each stage keeps its promise as long as demand over t periods
    stays below mean x t + cover x deviation x sqrt(t).
    """

    stages: tuple[Stage, ...]
    links: tuple[Link, ...]
    cover: float = 1.645

    def __post_init__(self) -> None:
        """Refuse links to nowhere, cycles and parts that are not joined, by name."""
        names = [stage.id for stage in self.stages]
        if not names or not 0 <= self.cover < 10:
            raise Invalid("a network needs stages, and a cover from 0 to 10 deviations", "stages")
        for name in names:
            if names.count(name) > 1:
                raise Invalid(f"stage {name} stands twice", "stages")
        part = {name: name for name in names}

        def root(name: str) -> str:
            while part[name] != name:
                name = part[name]
            return name

        for number, link in enumerate(self.links):
            for name in (link.source, link.target):
                if name not in part:
                    raise Invalid(f"links[{number}]: there is no stage {name}", "links")
            if not 0 < link.units < math.inf:
                raise Invalid(f"links[{number}]: units must be above 0", "links")
            if root(link.source) == root(link.target):
                raise Invalid(
                    f"links[{number}]: {link.source} to {link.target} closes a cycle; stages must form a tree", "links"
                )
            part[root(link.source)] = root(link.target)
        if len({root(name) for name in names}) > 1:
            other = next(name for name in names if root(name) != root(names[0]))
            raise Invalid(f"stage {other} is not linked to {names[0]}; plan each network alone", "links")


@dataclass(frozen=True, slots=True)
class StagePlan:
    """What a stage promises, waits for and holds.

    Parameters
    ----------
    promise, waits
        Periods within which it delivers, and within which its suppliers do.
    days
        Periods of demand that its stock has to cover.
    safety, base
        Safety stock and base-stock level, in units.
    cost
        Of the safety stock a period.
    """

    promise: int
    waits: int
    days: int
    safety: float
    base: float
    cost: float


@dataclass(frozen=True, slots=True)
class StockPlan:
    """The stages by name, and the cost of safety stock a period; no other promises cost less."""

    stages: Mapping[str, StagePlan]
    cost: float


@dataclass(frozen=True, slots=True)
class SerialPlan:
    """A chain with Poisson demand: echelon base-stock levels, last stage (at the customer) first, and the cost a period.

    Parameters
    ----------
    local
        The levels each stage sees alone.
    """

    echelon: tuple[int, ...]
    local: tuple[int, ...]
    cost: float
