"""What was ordered, what of it came back, and what still will."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from yunqi.kernel.errors import Invalid

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class OrderLines:
    """Lines that were ordered, as known on a day.

    Parameters
    ----------
    ids
        Names of the lines.
    ordered
        Days since 1970 [lines].
    delay
        Days from order to return; -1 where it has not come back [lines].
    product, category
        Positions in ``products`` and ``categories`` [lines].
    as_of
        The day, since 1970, up to whose end everything is known.
    """

    ids: tuple[str, ...]
    ordered: Ints
    delay: Ints
    product: Ints
    products: tuple[str, ...]
    category: Ints
    categories: tuple[str, ...]
    as_of: int

    def __post_init__(self) -> None:
        """Refuse what can't be known yet."""
        if (self.ordered > self.as_of).any() or (self.ordered + np.maximum(self.delay, 0) > self.as_of).any():
            raise Invalid("orders and returns can't be later than the day up to which they are known", "as_of")

    @property
    def age(self) -> Ints:
        """Days that each line has been watched."""
        return np.asarray(self.as_of - self.ordered)

    def known_on(self, day: int) -> "OrderLines":
        """Return what was known on an earlier day."""
        there = np.flatnonzero(self.ordered <= day)
        delay = self.delay[there]
        seen = np.where(self.ordered[there] + delay <= day, delay, -1)
        return OrderLines(
            tuple(self.ids[row] for row in there), self.ordered[there], seen, self.product[there], self.products,
            self.category[there], self.categories, day,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReturnForecast:
    """What will come back.

    Parameters
    ----------
    chance
        For each line that is still out, that it comes back at all [lines].
    soon
        The same within the horizon.
    expected_delay
        Days from order to return, should it come back.
    open
        The rows of those lines.
    first
        The first day that is forecast.
    mean, low, high
        Returns of each day of the horizon [days]; the truth lies within with the chance ``level``.
    total
        Mean, low and high of the whole horizon.
    rates
        Products with their chance of coming back at all, shrunk to the category's, and how many lines were seen.
    """

    open: Ints
    chance: Floats
    soon: Floats
    expected_delay: Floats
    first: date
    mean: Floats
    low: Floats
    high: Floats
    total: tuple[float, float, float]
    level: float
    rates: tuple[tuple[str, float, int], ...]


@dataclass(frozen=True, slots=True)
class ReturnReport:
    """What held-out days show.

    Parameters
    ----------
    lines, returned
        Lines that were out at the cut, and how many of them came back within the horizon.
    expected
        How many were forecast.
    coverage
        Share of days within their interval.
    brier, plain
        Mean squared error of the lines' chances, and of the mean chance of all lines of the same age.
    error, plain_error
        Mean absolute error of a day's returns, and of a forecast that takes all products and weekdays for alike.
    """

    lines: int
    returned: int
    expected: float
    days: int
    coverage: float
    brier: float
    plain: float
    error: float
    plain_error: float
