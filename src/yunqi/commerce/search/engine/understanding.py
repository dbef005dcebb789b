"""Which category a query means: the rule, and the verdict on something that would replace it."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from yunqi.commerce.search.model import Trial

_SAMPLES = 2000
_DEPTH = 2


def voted(
    categories: npt.NDArray[np.int32], scores: npt.NDArray[np.float32], paths: Sequence[tuple[str, ...]]
) -> tuple[str, ...]:
    """Return the category that the best matches stand in: each votes with its score, the broadest two levels count.

    Parameters
    ----------
    categories
        Category numbers of the matches by level, shape [matches, levels]; -1 where there is none.
    scores
        Their strength, shape [matches].
    paths
        Category paths by number.

    Returns
    -------
    tuple[str, ...]
        Empty when nothing matched.
    """
    numbers = categories[:, 0]
    for level in range(1, min(_DEPTH, categories.shape[1])):
        numbers = np.where(categories[:, level] >= 0, categories[:, level], numbers)
    known = numbers >= 0
    if not known.any():
        return ()
    return paths[int(np.bincount(numbers[known], weights=scores[known]).argmax())]


def judged(
    name: str, right: Sequence[bool], rules_right: Sequence[bool], seconds: Sequence[float], *, limit_ms: float, seed: int = 0
) -> Trial:  # fmt: skip
    """Return the verdict: a win needs a paired difference whose 95 % interval lies above 0, and a p95 within the limit.

    Parameters
    ----------
    right, rules_right
        Whether the candidate and the rules were right, query by query.
    seconds
        How long the candidate took for each.
    """
    ours, rules = np.asarray(right, dtype=float), np.asarray(rules_right, dtype=float)
    drawn = np.random.default_rng([seed, 8]).integers(0, len(ours), (_SAMPLES, len(ours)))
    low, high = np.percentile((ours - rules)[drawn].mean(1), [2.5, 97.5])
    p95 = float(np.percentile(seconds, 95) * 1000)
    reasons = []
    if low <= 0:
        reasons.append("it is not better than the rules beyond chance")
    if p95 > limit_ms:
        reasons.append(f"its p95 of {p95:.1f} ms is above {limit_ms:g} ms")
    return Trial(
        candidate=name, examples=len(ours), accuracy=float(ours.mean()), rules_accuracy=float(rules.mean()),
        difference=float((ours - rules).mean()), low=float(low), high=float(high), p95_ms=p95, limit_ms=limit_ms,
        won=not reasons, reason="; ".join(reasons) or "better than the rules, and fast enough",
    )  # fmt: skip
