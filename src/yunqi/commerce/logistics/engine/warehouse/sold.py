"""Demand of goods from what was sold: the mean of now, and how far sums over lead and review were from what was expected."""

import math
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.warehouse.demand import Floats
from yunqi.commerce.logistics.model.forecast import Panel
from yunqi.kernel.errors import Invalid

WEIGHT = 0.02
"""Of the last day in the smoothed mean; chosen on 60 products of The Complete Journey, days 168 to 251."""
FEWEST = 28
"""Days of sales that are needed."""
BEGUN, WARM = 14, 28
"""Days whose mean the smoothing begins with, and after which its errors count."""


class Sold:
    """Daily sales; what a good did not sell before its first sale does not count.

    Parameters
    ----------
    days
        How many of the panel's days are known; all by default.
    """

    def __init__(self, panel: Panel, days: int | None = None) -> None:
        self.panel = panel
        self.days = panel.demand.shape[1] if days is None else days
        self._rows = {name: row for row, name in enumerate(panel.ids)}

    def before(self, day: int) -> "Sold":
        """Return what was known at the start of a day, counted from the first."""
        return Sold(self.panel, day)

    def history(self, good: str) -> Floats:
        """Return the units sold each day since the first sale.

        Raises
        ------
        Invalid
            The good was not sold, or for too few days; it is named.
        """
        if good not in self._rows:
            raise Invalid(f"good {good} has no mean, and the table of sales does not name it", "goods")
        sold: Floats = self.panel.demand[self._rows[good], : self.days]
        begins = np.flatnonzero(sold)
        if not len(begins) or self.days - begins[0] < FEWEST:
            raise Invalid(
                f"good {good}: {FEWEST} days since its first sale are needed to tell its demand; give it a mean",
                "goods",
            )
        return sold[begins[0] :]

    def estimated(self, good: str, span: int) -> tuple[float, float]:
        """Return mean and deviation of a day's demand, for decisions that reach over ``span`` days.

        The mean is smoothed exponentially. The deviation is that of independent days whose sum over ``span`` days would
        deviate as much as the sums of the past did from their forecasts, so what days have in common and what
        the forecast misses is in it (Silver, Pyke and Peterson 2017, on errors over the lead).

        Raises
        ------
        Invalid
            The good was not sold, or for too few days; it is named.
        """
        sold = self.history(good)
        means = _smoothed(sold)
        sums = np.convolve(sold, np.ones(span), "valid")
        expected = means[: len(sums)] * span
        warm = min(WARM, len(sums) // 3)
        ratio = float(((sums - expected)[warm:] ** 2).sum() / max(expected[warm:].sum(), 1e-9))
        mean = max(float(means[-1]), 1e-3)
        return mean, math.sqrt(ratio * mean)

    def held_out(self, good: str, days: int) -> list[int]:
        """Return the demand of the days after the known ones.

        Raises
        ------
        Invalid
            A day's is no whole number; the good and the day are named.
        """
        units = self.panel.demand[self._rows[good], self.days : self.days + days]
        broken = np.flatnonzero(units != np.floor(units))
        if len(broken):
            day = self.panel.first + timedelta(days=self.days + int(broken[0]))
            raise Invalid(f"good {good}: sales of {day} are {units[broken[0]]:g}; count in whole units", "goods")
        found: list[int] = units.astype(int).tolist()
        return found


def _smoothed(sold: Floats) -> npt.NDArray[np.float64]:
    """Return the smoothed mean before each day, and after the last."""
    means = np.empty(len(sold) + 1)
    means[0] = sold[:BEGUN].mean()
    for day, units in enumerate(sold.tolist()):
        means[day + 1] = means[day] + WEIGHT * (units - means[day])
    return means
