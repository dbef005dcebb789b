"""How good a ranking is: NDCG over all candidates, and its uncertainty by bootstrap over shoppers."""

import numpy as np

from yunqi.commerce.ranking.engine.lines import Flags, Floats, Scores

_DISCOUNT = 1.0 / np.log2(np.arange(2, 102))


def ndcg(scores: Scores, relevant: Flags, total: int, *, at: int = 10) -> float:
    """Return NDCG with binary relevance.

    Parameters
    ----------
    total
        How many relevant products there are at all, found by recall or not: a miss in recall costs.
    """
    order = np.argsort(-scores, kind="stable")[:at]
    gain = float((relevant[order] * _DISCOUNT[: len(order)]).sum())
    return gain / float(_DISCOUNT[: min(at, total)].sum()) if total else 0.0


def bootstrap(values: Floats, *, seed: int, draws: int = 1000, level: float = 0.95) -> tuple[float, float]:
    """Return the percentile confidence interval of a mean over shoppers."""
    rng = np.random.default_rng(seed)
    means = np.array([values[rng.integers(len(values), size=len(values))].mean() for _ in range(draws)])
    tail = (1.0 - level) / 2.0
    return float(np.quantile(means, tail)), float(np.quantile(means, 1.0 - tail))
