"""How much to order and when: the newsvendor, and levels of stock for independent demand, beside the rules of textbooks."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.warehouse.demand import Floats, moments, poisson
from yunqi.commerce.logistics.engine.warehouse.position import Position
from yunqi.commerce.logistics.model.reorder import Policy
from yunqi.kernel.errors import Invalid

Ints = npt.NDArray[np.int64]
MOST_LOT = 3_000
"""Beyond so many units an order the exact search takes more than seconds."""


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


def s_big_s(mean: float, lead: int, *, fixed: float, hold: float, backorder: float) -> tuple[int, int, float]:
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
    costs = Costs(fixed=fixed, hold=hold, backorder=backorder)
    chances = poisson(mean)
    found = LevelPolicies(Position(chances, {lead: 1.0}), chances, costs).cheapest()
    return found.at, found.at + found.size, found.cost


@dataclass(frozen=True, slots=True)
class Costs:
    """Cost of an order, of a unit held and of a unit waited for, a period; with periods from one look to the next."""

    fixed: float
    hold: float
    backorder: float = 0.0
    review: int = 1


class Policies(ABC):
    """What policies cost a period.

    Parameters
    ----------
    position
        What each position right after a look means.
    chances
        Of the units asked for from one look to the next.
    """

    def __init__(self, position: Position, chances: Floats, costs: Costs) -> None:
        self._position, self._costs, self._chances = position, costs, chances
        self._mean = moments(chances)[0]
        self._fixed = costs.fixed / costs.review
        self._wilson = math.sqrt(2 * position.mean * costs.fixed / costs.hold)
        if self._wilson > MOST_LOT:
            raise Invalid(f"lots of more than {MOST_LOT:,} units are not reckoned; count in cases", "fixed")

    @abstractmethod
    def _spread(self, size: int) -> tuple[Floats, float]:
        """Return how often each position below the highest is held, the highest first, and the orders a look."""

    @abstractmethod
    def _sizes(self, lowest: int, highest: int) -> Iterator[int]:
        """Return the sizes between two that may be tried."""

    @abstractmethod
    def cheapest(self) -> Policy:
        """Return the policy that costs least."""

    def _round(self, size: float) -> int:
        return max(1, round(size))

    def outcome(self, at: int, size: int) -> Policy:
        """Return a policy with what it costs and brings."""
        weights, orders = self._spread(size)
        positions = np.arange(at + size, at, -1)
        stock, missed = (float(weights @ part(positions)) for part in (self._position.stock, self._position.missed))
        cost = self._fixed * orders + self._costs.hold * stock
        if self._costs.backorder:
            cost += self._costs.backorder * float(weights @ self._position.waiting(positions))
        fill = 1.0 - min(1.0, max(0.0, missed / self._position.mean))
        return Policy(at, size, cost, fill, stock, orders / self._costs.review)

    def filling(self, share: float) -> Policy:
        """Return the policy that costs least of those tried that have ``share`` of the demand there when it is asked for.

        Sizes are tried in steps of a tenth, then all those around the best.
        """
        highest = self._round(4 * self._wilson + 4 * self._mean)
        coarse, size = [], 1.0
        while size <= highest:
            coarse.append(self._round(size))
            size = max(size + 1, size * 1.1)
        tried = {one: self._filling(one, share) for one in dict.fromkeys((*coarse, self._round(highest)))}
        best = min(tried.values(), key=lambda one: one.cost)
        sizes = sorted(tried)
        place = sizes.index(best.size)
        near = self._sizes(sizes[max(0, place - 1)], sizes[min(len(sizes) - 1, place + 1)])
        return min([best, *(self._filling(one, share) for one in near if one not in tried)], key=lambda one: one.cost)

    def _filling(self, size: int, share: float) -> Policy:
        """Return the lowest level of this size that fills the share."""
        weights, _ = self._spread(size)
        allowed = (1.0 - share) * self._position.mean
        low, high = -size - 1, len(self._position.over)
        missed = self._position.missed(np.arange(low + 1, high + size + 1))
        while high - low > 1:
            middle = (low + high) // 2
            begins = middle - (-size - 1)
            if float(weights @ missed[begins : begins + size][::-1]) <= allowed:
                high = middle
            else:
                low = middle
        return self.outcome(high, size)

    def plain(self, share: float) -> Policy:
        """Return the textbook's policy with what it really costs and brings.

        It covers the share ``share`` of what may be asked for until the order of the next look arrives, and adds Wilson's lot.
        """
        covered = int(np.searchsorted(np.cumsum(self._position.over), share - 1e-12))
        return self.outcome(covered - 1, self._round(self._wilson))

    def _waiting_costs(self, positions: Ints) -> Floats:
        stock, waiting = self._position.stock(positions), self._position.waiting(positions)
        return self._costs.hold * stock + self._costs.backorder * waiting


class LevelPolicies(Policies):
    """(s, S): order up to a level."""

    def __init__(self, position: Position, chances: Floats, costs: Costs) -> None:
        super().__init__(position, chances, costs)
        self._renewals, self._known = np.full(64, 1.0 / (1.0 - chances[0])), 1

    def cheapest(self) -> Policy:
        """Return the policy that costs least: no other does (Zheng and Federgruen 1991)."""
        best_level = int(np.argmin(self._waiting_costs(np.arange(len(self._position.over)))))
        average = self._average
        small, big = best_level - 1, best_level
        while average(small, big) > self._cost(small):
            small -= 1
        value, best = average(small, big), (small, big)
        trial = big + 1
        while self._cost(trial) <= value:
            candidate = small
            if average(candidate, trial) < value:
                while candidate < best_level and average(candidate, trial) <= self._cost(candidate + 1):
                    candidate += 1
                value, best, small = average(candidate, trial), (candidate, trial), candidate
            trial += 1
        return self.outcome(best[0], best[1] - best[0])

    def _cost(self, position: int) -> float:
        return float(self._waiting_costs(np.array([position]))[0])

    def _average(self, small: int, big: int) -> float:
        spans = self._lasting(big - small)
        return float((self._fixed + spans @ self._waiting_costs(np.arange(big, small, -1))) / spans.sum())

    def _lasting(self, size: int) -> Floats:
        """Return the looks that each position lasts on average in a cycle (the renewal function's steps)."""
        chance = self._chances
        if len(self._renewals) < size:
            self._renewals = np.concatenate([self._renewals, np.empty(size)])
        for at in range(self._known, size):
            reach = min(at, len(chance) - 1)
            self._renewals[at] = chance[reach:0:-1] @ self._renewals[at - reach : at] / (1.0 - chance[0])
        self._known = max(self._known, size)
        found: Floats = self._renewals[:size]
        return found

    def _spread(self, size: int) -> tuple[Floats, float]:
        lasting = self._lasting(size)
        total = float(lasting.sum())
        return lasting / total, 1.0 / total

    def _sizes(self, lowest: int, highest: int) -> Iterator[int]:
        yield from range(lowest, highest + 1)


class LotPolicies(Policies):
    """(R, nQ): order as many whole lots as lift the position above a level; a lot is made of whole packs.

    Every position above the level is held equally often (Hadley and Whitin 1963).
    """

    def __init__(self, position: Position, chances: Floats, costs: Costs, *, pack: int) -> None:
        super().__init__(position, chances, costs)
        self._pack = pack
        self._above = np.cumsum(np.cumsum(chances[::-1])[::-1][1:])

    def cheapest(self) -> Policy:
        """Return the policy that costs least: no other level and lot does (Zheng and Chen 1992)."""
        over = len(self._position.over)
        low = high = int(np.argmin(self._waiting_costs(np.arange(over))))
        first = low - 4 * over - 8 * MOST_LOT - 8 * self._pack
        costs = self._waiting_costs(np.arange(first, high + 4 * over + 8 * MOST_LOT + 8 * self._pack)).tolist()
        total, best, found = costs[low - first], math.inf, (0, 0)
        while True:
            size = high - low + 1
            if size % self._pack == 0:
                if total / size >= best:
                    return self.outcome(*found)
                value = (self._fixed * self._orders(size) * size + total) / size
                if value < best:
                    best, found = value, (low - 1, size)
            if costs[low - 1 - first] <= costs[high + 1 - first]:
                low -= 1
                total += costs[low - first]
            else:
                high += 1
                total += costs[high - first]

    def _orders(self, size: int) -> float:
        """Return how often a look leads to an order: the units asked for, at most a lot, in lots."""
        return float(self._above[min(size, len(self._above)) - 1]) / size if len(self._above) else 0.0

    def _spread(self, size: int) -> tuple[Floats, float]:
        return np.full(size, 1.0 / size), self._orders(size)

    def _sizes(self, lowest: int, highest: int) -> Iterator[int]:
        yield from range(lowest, highest + 1, self._pack)

    def _round(self, size: float) -> int:
        return self._pack * max(1, round(size / self._pack))
