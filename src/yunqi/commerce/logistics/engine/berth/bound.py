"""A lower bound on the cost of a berth plan: the Lagrangian dual of the time-indexed model.

Berths that are alike form a class with room for as many vessels as it has berths. The rule that no more lie there at any
hour is priced, each vessel then picks its cheapest class and start alone, and prices rise where too many meet. The best dual
value equals the linear relaxation of the time-indexed model, which is tight for sums of completion times.
"""

import numba
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
FORBIDDEN = np.int64(1) << 40


@numba.njit(cache=True, nogil=True)
def _picks(
    prices: Floats, arrival: Ints, latest: Ints, opening: Ints, closing: Ints, handling: Ints, weight: Ints, load: Ints
) -> float:
    """Let each vessel pick class and start at these prices; fill ``load`` [class, hour]; return the sum of their costs."""
    vessels, classes = handling.shape
    hours = prices.shape[1]
    sums = np.zeros((classes, hours + 1))
    for k in range(classes):
        for hour in range(hours):
            sums[k, hour + 1] = sums[k, hour] + prices[k, hour]
    load[:] = 0
    total = 0.0
    for vessel in range(vessels):
        best, best_class, best_start = 1e18, -1, 0
        for k in range(classes):
            time = handling[vessel, k]
            if time >= FORBIDDEN:
                continue
            first = max(arrival[vessel], opening[k])
            last = min(min(latest[vessel], closing[k]), hours) - time
            # Waiting longer than the best cost so far can't pay: prices are never negative.
            if weight[vessel] > 0:
                last = min(last, int(arrival[vessel] + min(best / weight[vessel], 1e12)) - time + 1)
            for start in range(first, last + 1):
                cost = weight[vessel] * (start + time - arrival[vessel]) + sums[k, start + time] - sums[k, start]
                if cost < best:
                    best, best_class, best_start = cost, k, start
        if best_class < 0:
            return -1e18
        total += best
        for hour in range(best_start, best_start + handling[vessel, best_class]):
            load[best_class, hour] += 1
    return total


@numba.njit(cache=True, nogil=True)
def climb(
    prices: Floats, room: Ints, arrival: Ints, latest: Ints, opening: Ints, closing: Ints, handling: Ints, weight: Ints,
    target: float, scale: float, rounds: int, best_prices: Floats, best: float,
) -> tuple[float, float]:  # fmt: skip
    """Improve the prices for some rounds of Polyak's subgradient rule; return the best dual value and the next scale.

    Parameters
    ----------
    prices, best_prices
        Of each class and hour; changed in place.
    room
        Berths in each class.
    target
        The cost of a known plan, which the dual can't pass.
    """
    classes, hours = prices.shape
    load = np.zeros((classes, hours), np.int64)
    direction = np.zeros((classes, hours))
    since = 0
    for _ in range(rounds):
        value = _picks(prices, arrival, latest, opening, closing, handling, weight, load)
        for k in range(classes):
            value -= room[k] * prices[k].sum()
        if value > best + 1e-6:
            best = value
            best_prices[:] = prices
            since = 0
        else:
            since += 1
            if value < -1e17 or since >= 12:
                scale *= 0.7
                since = 0
                prices[:] = best_prices
                direction[:] = 0.0
                continue
        norm = 0.0
        for k in range(classes):
            for hour in range(hours):
                slope = float(load[k, hour] - room[k])
                if prices[k, hour] <= 0.0 and slope < 0:
                    slope = 0.0
                direction[k, hour] = 0.4 * direction[k, hour] + 0.6 * slope
                norm += direction[k, hour] * direction[k, hour]
        if norm < 1e-6:
            break
        step = scale * min(max(target - value, 1.0), 0.2 * target) / norm
        for k in range(classes):
            for hour in range(hours):
                prices[k, hour] = max(0.0, prices[k, hour] + step * direction[k, hour])
    return best, scale


def classes(opening: Ints, closing: Ints, handling: Ints) -> tuple[list[int], Ints]:
    """Return one berth of each class of alike berths, and how many berths each class has."""
    groups: dict[bytes, list[int]] = {}
    for berth in range(len(opening)):
        key = handling[:, berth].tobytes() + opening[berth].tobytes() + closing[berth].tobytes()
        groups.setdefault(key, []).append(berth)
    return [group[0] for group in groups.values()], np.array([len(group) for group in groups.values()], np.int64)
