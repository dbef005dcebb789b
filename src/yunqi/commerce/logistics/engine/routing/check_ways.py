"""How far and how long the independent checker takes each way to be: plain Python, shared with no solver."""

import math

from yunqi.commerce.logistics.model import Rounding, Travel


def distance(travel: Travel, a: int, b: int, which: int = 0) -> float:
    """Return the distance between two places in internal units, by the problem's convention or by another matrix."""
    if which:
        return int(travel.more[which - 1][0][a, b])
    if travel.distances is not None:
        return int(travel.distances.item(a, b))
    assert travel.xy is not None
    item = travel.xy.item  # plain floats: arithmetic with the array's own numbers takes five times as long
    euclid = math.sqrt((item(a, 0) - item(b, 0)) ** 2 + (item(a, 1) - item(b, 1)) ** 2)
    if travel.rounding is Rounding.EXACT:
        return euclid * travel.scale
    if travel.rounding is Rounding.UP:
        return math.ceil(euclid - 1e-9)
    if travel.rounding is Rounding.TRUNCATED:
        return math.floor(euclid * travel.scale + 1e-9)
    return math.floor(euclid + 0.5)


def duration(travel: Travel, a: int, b: int, at: float, which: int = 0) -> float:
    """Return how long the way between two places takes when it is begun at a time."""
    if which:
        plain: float = int(travel.more[which - 1][1][a, b])
    else:
        plain = distance(travel, a, b) if travel.durations is None else int(travel.durations.item(a, b))
    percent = 100
    for since, share in travel.profile:
        if at >= since:
            percent = share
    return plain if percent == 100 else math.ceil(plain * percent / 100)
