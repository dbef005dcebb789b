"""How much to order and when: the newsvendor, and (s, S) for Poisson demand, beside the rules of textbooks."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from yunqi.kernel.errors import Invalid

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
MOST_UNITS, MOST_LOT = 100_000, 3_000
"""Beyond so many units over the lead, or units an order, the exact search takes more than seconds."""


def newsvendor(demands: Sequence[float], *, short: float, over: float) -> float:
    """Return the order that costs least for a season, from equally likely demands.

    Parameters
    ----------
    short, over
        What a unit too few and a unit too many cost, in the same unit of money.

    Raises
    ------
    Invalid
        No demands, or costs that are not above 0.
    """
    if not len(demands) or short <= 0 or over <= 0:
        raise Invalid("the newsvendor needs demands, and both costs above 0", "demands")
    ordered = sorted(demands)
    share = short / (short + over)
    return float(ordered[min(len(ordered) - 1, math.ceil(share * len(ordered) - 1e-12) - 1)])


def s_big_s(mean: float, lead: float, *, fixed: float, hold: float, backorder: float) -> tuple[int, int, float]:
    """Return the best (s, S) for Poisson demand that waits, and its cost a period.

    The exact method of Zheng and Federgruen (1991).

    Parameters
    ----------
    mean
        Demand a period.
    lead
        Periods from order to arrival.
    fixed, hold, backorder
        Cost of an order, of a unit held and of a unit waited for, a period.

    Raises
    ------
    Invalid
        A number is out of range.
    """
    return Policies(mean, lead, fixed=fixed, hold=hold, backorder=backorder).best()


class Policies:
    """What (s, S) policies cost a period, for Poisson demand that waits; terms and errors as of `s_big_s`."""

    def __init__(self, mean: float, lead: float, *, fixed: float, hold: float, backorder: float) -> None:
        if not 0 < mean <= 1_000 or lead < 0 or fixed < 0 or hold <= 0 or backorder <= 0:
            raise Invalid(
                "(s, S) needs 0 < mean <= 1000, lead and fixed not below 0, hold and backorder above 0", "mean"
            )
        if mean * (lead + 1) > MOST_UNITS or 2 * mean * fixed / hold > MOST_LOT**2:
            raise Invalid(
                f"(s, S) is reckoned for up to {MOST_UNITS:,} units over the lead and lots of {MOST_LOT:,}; count in cases",
                "mean",
            )
        self._fixed, self._hold, self._backorder = fixed, hold, backorder
        self._chance = _poisson(mean)
        over = _poisson(mean * (lead + 1))
        self._mean = float(over @ np.arange(len(over)))
        # What lies there on average when a period with position y ends is the sum of the distribution below y.
        self._left = np.concatenate([[0.0], np.cumsum(np.cumsum(over))])
        self._wilson = math.sqrt(2 * mean * fixed / hold)
        self._renewals, self._known = np.full(64, 1.0 / (1.0 - self._chance[0])), 1
        self.best_level = int(np.argmin(self._costs(np.arange(len(over)))))

    def best(self) -> tuple[int, int, float]:
        """Return the (s, S) that costs least, and what it costs."""
        cost, average, best_level = self.cost, self.average, self.best_level
        small, big = best_level - 1, best_level
        while average(small, big) > cost(small):
            small -= 1
        value, best = average(small, big), (small, big)
        trial = big + 1
        while cost(trial) <= value:
            candidate = small
            if average(candidate, trial) < value:
                while candidate < best_level and average(candidate, trial) <= cost(candidate + 1):
                    candidate += 1
                value, best, small = average(candidate, trial), (candidate, trial), candidate
            trial += 1
        return best[0], best[1], value

    def plain(self) -> tuple[int, int, float]:
        """Return the textbook's (s, S) and what it really costs.

        s covers the critical quantile of the demand over lead and one period between two looks, and S lies Wilson's lot above.
        """
        small = self.best_level - 1
        big = small + max(1, round(self._wilson))
        return small, big, self.average(small, big)

    def _costs(self, positions: Ints) -> Floats:
        top = len(self._left) - 1
        left = self._left[np.clip(positions, 0, top)] + np.maximum(positions - top, 0)
        found: Floats = (self._hold + self._backorder) * left + self._backorder * (self._mean - positions)
        return found

    def cost(self, position: int) -> float:
        """Return what a period costs on average that begins with so many units there or on order."""
        return float(self._costs(np.array([position]))[0])

    def average(self, small: int, big: int) -> float:
        """Return the cost a period of ordering up to ``big`` as soon as no more than ``small`` are there or on order."""
        chance = self._chance
        if len(self._renewals) < big - small:
            self._renewals = np.concatenate([self._renewals, np.empty(big - small)])
        for at in range(self._known, big - small):
            reach = min(at, len(chance) - 1)
            self._renewals[at] = chance[reach:0:-1] @ self._renewals[at - reach : at] / (1.0 - chance[0])
        self._known = max(self._known, big - small)
        spans = self._renewals[: big - small]
        return float((self._fixed + spans @ self._costs(np.arange(big, small, -1))) / spans.sum())


def _poisson(mean: float) -> Floats:
    top = int(mean + 12 * math.sqrt(mean) + 30)
    logs = np.array([k * math.log(mean) - mean - math.lgamma(k + 1) for k in range(top)])
    found: Floats = np.exp(logs)
    return found
