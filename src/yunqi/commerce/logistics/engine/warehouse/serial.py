"""A chain of stages with Poisson demand: the best base-stock levels, exactly (Clark and Scarf 1960)."""

import math
from collections.abc import Sequence

import numpy as np

from yunqi.commerce.logistics.engine.warehouse.demand import poisson
from yunqi.commerce.logistics.model.echelon import SerialPlan
from yunqi.kernel.errors import Invalid

MOST_DEMAND = 2_000.0
"""Mean demand over all leads together."""


def serial_stock(leads: Sequence[float], holds: Sequence[float], *, mean: float, backorder: float) -> SerialPlan:
    """Return the best levels under continuous review.

    Parameters
    ----------
    leads
        Periods from each stage's supplier to it, the stage at the customer first.
    holds
        Cost of a unit at each stage a period, the same order: not rising away from the customer. A unit under way to a
        stage costs what it costs at its supplier.
    mean, backorder
        Demand a period, and what a customer who waits costs a period.

    Raises
    ------
    Invalid
        Numbers are out of range or costs out of order; the stage is named (from 0).
    """
    steps = _checked(leads, holds, mean, backorder)
    spans = [mean * lead for lead in leads]
    total = sum(spans)
    top = int(total + 10 * math.sqrt(total) + 20)
    low = -top
    levels = np.arange(low - top, top + 1)  # room below for what lead demand takes away
    # What a chain costs whose echelon inventory level is x, before its own echelon cost is added.
    under = (backorder + sum(steps)) * np.maximum(0.0, -levels.astype(float))
    best: list[int] = []
    cost = 0.0
    for step, span in zip(steps, spans, strict=True):
        here = step * levels + under
        chance = poisson(span)
        after = np.full(len(levels), np.inf)
        for at in range(len(chance) - 1, len(levels)):
            after[at] = float(chance @ here[at - len(chance) + 1 : at + 1][::-1])
        found = int(np.argmin(after))
        best.append(int(levels[found]))
        cost = float(after[found])
        filled = after.copy()
        filled[found:] = cost
        # Far below everything is straight: the slope there is known, so the edge can be filled without error.
        first = len(chance) - 1
        slope = after[first + 1] - after[first]
        filled[:first] = after[first] + slope * (levels[:first] - levels[first])
        under = filled
    echelon = tuple(min(best[at:]) for at in range(len(best)))
    local = tuple(level - (echelon[at - 1] if at else 0) for at, level in enumerate(echelon))
    return SerialPlan(echelon, local, cost)


def _checked(leads: Sequence[float], holds: Sequence[float], mean: float, backorder: float) -> list[float]:
    """Refuse what is out of range; return the echelon costs."""
    if not leads or len(leads) != len(holds):
        raise Invalid("a chain needs a lead and a holding cost for each stage", "stages")
    if not 0 < mean < math.inf or not 0 < backorder < math.inf:
        raise Invalid("mean and backorder must be above 0", "mean")
    for at, (lead, hold) in enumerate(zip(leads, holds, strict=True)):
        beyond = holds[at + 1] if at + 1 < len(holds) else 0.0
        if not 0 <= lead < math.inf or not beyond < hold < math.inf:
            raise Invalid(f"stages[{at}]: lead must be from 0, and hold above that of the stage before it", "stages")
    if mean * sum(leads) > MOST_DEMAND:
        raise Invalid(f"mean demand over all leads is above {MOST_DEMAND:g}; use larger units", "mean")
    return [hold - (holds[at + 1] if at + 1 < len(holds) else 0.0) for at, hold in enumerate(holds)]
