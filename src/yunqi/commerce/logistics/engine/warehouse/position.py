"""What lies there, waits and is missed, by the position: the units there and on order, less those that wait."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.warehouse.demand import Floats, moments, together

Ints = npt.NDArray[np.int64]


class Position:
    """Means of a period for each position right after a look at the stock, exact for independent periods.

    What is ordered now arrives ``lead`` periods later and serves until the order of the next look arrives, so a position
    answers for the ends of the periods lead + 1 to lead + review (Hadley and Whitin 1963). Leads that vary must not let a
    later order overtake an earlier one (Zipkin 1986).

    Parameters
    ----------
    chances
        Of the units that are asked for in a period.
    leads
        The chance of each number of periods from order to arrival.
    review
        Periods from one look to the next.
    """

    def __init__(self, chances: Floats, leads: Mapping[float, float], review: int = 1) -> None:
        self.mean = moments(chances)[0]
        spans: dict[float, float] = {}
        for lead, chance in leads.items():
            for period in range(1, review + 1):
                spans[lead + period] = spans.get(lead + period, 0.0) + chance / review
        self.over = _mixed([(share, together(chances, span)) for span, share in spans.items()])
        self._over = self.mean * sum(share * span for span, share in spans.items())
        self._left = _left(self.over)
        self._first = _left(_mixed([(chance, together(chances, lead)) for lead, chance in leads.items()]))
        self._last = _left(_mixed([(chance, together(chances, lead + review)) for lead, chance in leads.items()]))
        self._lead = self.mean * sum(chance * lead for lead, chance in leads.items())
        self._review = review

    def stock(self, positions: Ints) -> Floats:
        """Return the units that lie there when a period ends."""
        return _at(self._left, positions, self._over)

    def waiting(self, positions: Ints) -> Floats:
        """Return the units that wait when a period ends."""
        return self.stock(positions) + self._over - positions

    def missed(self, positions: Ints) -> Floats:
        """Return the units a period that are not there when they are asked for."""
        last = _at(self._last, positions, self._lead + self.mean * self._review)
        found: Floats = self.mean + (last - _at(self._first, positions, self._lead)) / self._review
        return found


def _mixed(parts: list[tuple[float, Floats]]) -> Floats:
    found = np.zeros(max(len(chances) for _, chances in parts))
    for share, chances in parts:
        found[: len(chances)] += share * chances
    return found


def _left(chances: Floats) -> Floats:
    """Return what lies there on average by the position: the sum of the distribution below it."""
    found: Floats = np.concatenate([[0.0], np.cumsum(np.cumsum(chances))])
    return found


def _at(left: Floats, positions: Ints, mean: float) -> Floats:
    top = len(left) - 1
    inside = left[np.clip(positions, 0, top)]
    found: Floats = np.where(positions > top, positions - mean, inside)
    return found
