"""The TF-IDF baselines: nearest neighbour (copies an answer) and a linear classifier over the same features.

Features are words and character trigrams, weighted by smoothed inverse document frequency and of unit length.
"""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from yunqi.cloud.training.engine.cleaning import words


class TfIdf:
    """Vectors of texts.

    Parameters
    ----------
    texts
        Training texts: their features are the vocabulary.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        counted = [Counter(_features(text)) for text in texts]
        seen = Counter(feature for counts in counted for feature in counts)
        self._numbers = {feature: number for number, feature in enumerate(sorted(seen))}
        self._weights = np.asarray([math.log((1 + len(texts)) / (1 + seen[f])) + 1 for f in sorted(seen)])
        self.matrix = self._matrix(counted)

    def vectors(self, texts: Sequence[str]) -> csr_matrix:
        """Return vectors of unit length, [len(texts), features]."""
        return self._matrix([Counter(_features(text)) for text in texts])

    def nearest(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Return the number of the most similar training text for each text."""
        found: NDArray[np.int64] = np.asarray((self.vectors(texts) @ self.matrix.T).argmax(axis=1)).ravel()
        return found

    def _matrix(self, counted: Sequence[Counter[str]]) -> csr_matrix:
        rows, columns, values = [], [], []
        for row, counts in enumerate(counted):
            for feature, count in counts.items():
                if (number := self._numbers.get(feature)) is not None:
                    rows.append(row)
                    columns.append(number)
                    values.append((1 + math.log(count)) * self._weights[number])
        matrix = csr_matrix((values, (rows, columns)), shape=(len(counted), len(self._numbers)))
        lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(1)).ravel())
        inverse = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
        return csr_matrix(matrix.multiply(inverse[:, None]))


class LinearClassifier:
    """Multinomial logistic regression over TF-IDF vectors, fitted by L-BFGS.

    Parameters
    ----------
    penalty
        Weight of the squared coefficients, summed.
    """

    def __init__(self, texts: Sequence[str], labels: Sequence[str], *, penalty: float = 1e-4, rounds: int = 60) -> None:
        self._tfidf = TfIdf(texts)
        self.labels = sorted(set(labels))
        numbers = {label: number for number, label in enumerate(self.labels)}
        wanted = np.asarray([numbers[label] for label in labels])
        x = self._tfidf.matrix
        shape = (x.shape[1], len(self.labels))

        def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            weights = flat.reshape(shape)
            logits = x @ weights
            logits -= logits.max(1, keepdims=True)
            likelihood = np.exp(logits)
            likelihood /= likelihood.sum(1, keepdims=True)
            value = -np.log(likelihood[np.arange(len(wanted)), wanted] + 1e-30).mean() + penalty * (flat @ flat)
            likelihood[np.arange(len(wanted)), wanted] -= 1
            gradient = np.asarray(x.T @ likelihood) / len(wanted) + 2 * penalty * weights
            return float(value), gradient.ravel()

        fitted = minimize(loss, np.zeros(shape[0] * shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": rounds})
        self._weights: NDArray[np.float64] = fitted.x.reshape(shape)

    def log_likelihoods(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the log likelihood of each of ``labels`` for each text, [texts, labels]."""
        logits = np.asarray(self._tfidf.vectors(texts) @ self._weights)
        logits -= logits.max(1, keepdims=True)
        found: NDArray[np.float64] = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        return found

    def predict(self, texts: Sequence[str]) -> list[str]:
        """Return the likeliest label of each text."""
        return [self.labels[int(number)] for number in self.log_likelihoods(texts).argmax(1)]


def _features(text: str) -> list[str]:
    tokens = words(text)
    grams = [f"#{word}#"[i : i + 3] for word in tokens for i in range(len(word))]
    return tokens + grams
