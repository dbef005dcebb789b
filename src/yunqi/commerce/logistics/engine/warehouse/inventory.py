"""How much to order and when: the newsvendor, and (s, S) for Poisson demand."""

import math
from collections.abc import Sequence

import numpy as np

from yunqi.kernel.errors import Invalid


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
    if not 0 < mean <= 1_000 or lead < 0 or fixed < 0 or hold <= 0 or backorder <= 0:
        raise Invalid("(s, S) needs 0 < mean <= 1000, lead and fixed not below 0, hold and backorder above 0", "mean")
    chance = _poisson(mean)
    over = _poisson(mean * (lead + 1))
    levels = np.arange(len(over))

    def cost(position: int) -> float:
        left = position - levels
        return float((over * np.where(left > 0, hold * left, -backorder * left)).sum())

    best_level = min(range(len(over)), key=cost)
    renewals = [1.0 / (1.0 - chance[0])]

    def average(small: int, big: int) -> float:
        while len(renewals) < big - small:
            at = len(renewals)
            known = sum(chance[k] * renewals[at - k] for k in range(1, min(at, len(chance) - 1) + 1))
            renewals.append(known / (1.0 - chance[0]))
        spans = renewals[: big - small]
        return float((fixed + sum(m * cost(big - at) for at, m in enumerate(spans))) / sum(spans))

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


def _poisson(mean: float) -> np.ndarray:
    top = int(mean + 12 * math.sqrt(mean) + 30)
    logs = np.array([k * math.log(mean) - mean - math.lgamma(k + 1) for k in range(top)])
    found: np.ndarray = np.exp(logs)
    return found
