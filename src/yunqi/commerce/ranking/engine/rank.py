"""Rank: turn a feature matrix into scores, and say how much each feature gave."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from yunqi.commerce.ranking.engine.lines import Scores


class Linear:
    """A weighted sum; a feature that has nothing to say counts as zero."""

    def __init__(self, names: Sequence[str], weights: Mapping[str, float]) -> None:
        self._weights = np.array([weights.get(name, 0.0) for name in names], np.float32)
        self._used = np.flatnonzero(self._weights)
        self._factors = self._weights[self._used]

    def score(self, matrix: Scores) -> Scores:
        """Return one score for each row."""
        return np.asarray(np.nan_to_num(matrix[:, self._used]) @ self._factors, np.float32)

    def contributions(self, matrix: Scores) -> Scores:
        """Return what each feature added, in the shape of the matrix."""
        return np.asarray(np.nan_to_num(matrix) * self._weights, np.float32)


class Boosted:
    """Gradient-boosted trees (LightGBM), run on one thread."""

    def __init__(self, text: str) -> None:
        import lightgbm

        self._booster: Any = lightgbm.Booster(model_str=text)

    def score(self, matrix: Scores) -> Scores:
        """Return one score for each row (log-odds)."""
        if not len(matrix):
            return np.zeros(0, np.float32)
        return np.asarray(self._booster.predict(matrix, raw_score=True, num_threads=1), np.float32)

    def contributions(self, matrix: Scores) -> Scores:
        """Return each feature's share in the score (SHAP values of the trees)."""
        if not len(matrix):
            return np.zeros(matrix.shape, np.float32)
        return np.asarray(self._booster.predict(matrix, pred_contrib=True, num_threads=1)[:, :-1], np.float32)
