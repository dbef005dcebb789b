"""How near integers stay to floating point, as far as some inputs can show it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import bdtr, betaincinv, ndtr  # scipy.stats has the same by other names, and takes a second to load

from yunqi.labs.npu.model import Aim, Array, Graph

_RIVALS = 10  # largest outputs after the first that may take its place
_CLASSIFYING = ("Gemm", "MatMul", "Softmax", "LogSoftmax")
_PASSING = ("Flatten", "Reshape", "Squeeze", "Identity")


@dataclass(frozen=True, slots=True)
class Judged:
    """What some inputs show.

    Parameters
    ----------
    inputs, same
        How many, and of how many the largest output is floating point's.
    expected
        Agreement that the outputs' margins let expect: the chance that errors as large as those seen leave the largest
        output where it is. It varies less than ``same / inputs``.
    error
        Root mean square error of all outputs over that of the outputs themselves.
    classifies
        Whether largest outputs mean anything.
    """

    inputs: int
    same: int
    expected: float
    error: float
    classifies: bool = True

    @property
    def agreement(self) -> float:
        """Share of inputs whose largest output is floating point's."""
        return self.same / max(1, self.inputs)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the exact (Clopper and Pearson's) interval of the agreement."""
        tail, count, lost = (1 - level) / 2, self.same, self.inputs - self.same
        low = float(betaincinv(count, lost + 1, tail)) if count else 0.0
        return low, float(betaincinv(count + 1, lost, 1 - tail)) if lost else 1.0

    def confidence(self, agreement: float) -> float:
        """Return how surely the true agreement is at least so high: the level at which its lower bound is."""
        return float(bdtr(self.same - 1, self.inputs, agreement)) if self.same else 0.0

    def meets(self, aim: Aim) -> bool:
        """Whether an aim is reached: counted, and expected."""
        if aim.error and self.error > aim.error:
            return False
        if not aim.agreement:
            return True
        if not self.classifies:
            return self.error <= 1 - aim.agreement
        reached = min(self.agreement, self.expected) >= aim.agreement
        return reached and self.confidence(aim.agreement) >= aim.confidence


def inputs_needed(aim: Aim) -> int:
    """Return how many inputs, all of them agreeing, show an agreement with the aim's confidence."""
    if not aim.agreement or not aim.confidence:
        return 1
    return math.ceil(math.log(1 - aim.confidence) / math.log(aim.agreement) - 1e-9)


def classifies(graph: Graph) -> bool:
    """Whether the first output is a row of scores: made by a product or a softmax, not pooled."""
    makers, name = graph.producers(), graph.outputs[0]
    shape = graph.shape(name)
    while name in makers and makers[name].op in _PASSING:
        name = makers[name].inputs[0]
    return len(shape) == 2 and shape[1] > 1 and name in makers and makers[name].op in _CLASSIFYING


def judged(
    real: Sequence[Mapping[str, Array]], found: Sequence[Mapping[str, Array]], *, first: str, classifies: bool
) -> Judged:
    """Compare outputs by name, one mapping for each input, in floating point and in integers.

    Parameters
    ----------
    first
        Name of the output whose largest element counts.
    """
    power = away = 0.0
    for wanted, got in zip(real, found, strict=True):
        for name, data in wanted.items():
            power += float(np.sum(np.square(data, dtype=np.float64)))
            away += float(np.sum(np.square(data.astype(np.float64) - got[name])))
    error = math.sqrt(away / power) if power else math.sqrt(away)
    if not classifies:
        return Judged(len(real), 0, 0.0, error, classifies=False)
    rows, others = (np.concatenate([one[first] for one in side]).astype(np.float64) for side in (real, found))
    same = int(np.sum(rows.argmax(1) == others.argmax(1)))
    return Judged(len(rows), same, _expected(rows, others), error)


def _expected(rows: Array, found: Array) -> float:
    order = np.argsort(-rows, axis=1)[:, : _RIVALS + 1]
    wanted, got = (np.take_along_axis(data, order, 1) for data in (rows, found))
    margins = wanted[:, :1] - wanted[:, 1:]
    away = (got[:, :1] - got[:, 1:]) - margins
    deviation = float(np.sqrt(np.mean(away**2)))
    if not deviation:
        return 1.0
    return float(np.mean(np.prod(ndtr(margins / deviation), axis=1)))
