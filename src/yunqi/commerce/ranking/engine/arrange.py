"""Re-rank: put scored candidates into positions, spread them over types, and give one position to chance."""

from dataclasses import dataclass

import numpy as np

from yunqi.commerce.ranking.engine.lines import Dense, Ints, Scores

EXPLORE_FROM = 10
EXPLORE_UNTIL = 100
"""The exploration slot draws uniformly from the candidates ranked 11 to 100."""


@dataclass(frozen=True, slots=True)
class Arranged:
    """Rows of the candidates in the order shown; ``explored`` is the position of the random one, -1 without."""

    rows: Ints
    explored: int
    propensity: float


def arrange(
    scores: Scores, types: Dense, *, size: int, per_type: int = 0, explore: int = -1, seed: int = 0
) -> Arranged:
    """Order candidates for a page.

    Parameters
    ----------
    scores
        One for each candidate; equal ones keep their order, which is by product number.
    per_type
        At most this many of one type come before all others had their turn; 0: no limit.
    explore
        The position that shows a random candidate; -1: none. Nothing is explored with fewer than twelve candidates.
    seed
        Makes the draw repeatable: the decision's number.
    """
    order = np.argsort(-scores, kind="stable")
    if per_type:
        order = _spread(order, types, size, per_type)
    pool = order[EXPLORE_FROM:EXPLORE_UNTIL]
    if explore < 0 or len(pool) < 2 or explore >= min(size, len(order)):
        return Arranged(order[:size], -1, 1.0)
    drawn = pool[int(np.random.default_rng(seed).integers(len(pool)))]
    others = order[order != drawn]
    rows = np.concatenate([others[:explore], [drawn], others[explore:]])[:size]
    return Arranged(rows, explore, 1.0 / len(pool))


def _spread(order: Ints, types: Dense, size: int, per_type: int) -> Ints:
    seen: dict[int, int] = {}
    first: list[int] = []
    later: list[int] = []
    for place, row in enumerate(order.tolist()):
        kind = int(types[row])
        seen[kind] = seen.get(kind, 0) + 1
        (first if kind < 0 or seen[kind] <= per_type else later).append(row)
        if len(first) >= size:
            return np.concatenate([np.array(first + later, np.int64), order[place + 1 :]])
    return np.array(first + later, np.int64)
