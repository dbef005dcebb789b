"""Demand that was and demand to come."""

import enum
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from yunqi.kernel.errors import Invalid

Floats = npt.NDArray[np.float64]


class Bucket(enum.StrEnum):
    """What a forecast number covers."""

    DAY = "day"
    WEEK = "week"

    @property
    def days(self) -> int:
        """How many days it is long."""
        return 1 if self is Bucket.DAY else 7


@dataclass(frozen=True, slots=True)
class Panel:
    """Daily demand of many series.

    Parameters
    ----------
    ids
        Name of each series, as "product" or "product/store".
    first
        The day of the first column.
    demand
        Units [series, days]; days without a row in the file are 0.
    """

    ids: tuple[str, ...]
    first: date
    demand: Floats

    def __post_init__(self) -> None:
        """Refuse what is no demand."""
        if self.demand.shape[0] != len(self.ids) or not self.ids:
            raise Invalid("a panel needs one row of demand for each series, and at least one", "file")
        if not np.isfinite(self.demand).all() or (self.demand < 0).any():
            raise Invalid("demand must be numbers that are not negative; book returns as a series of their own", "file")


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is expected for each series and bucket.

    Parameters
    ----------
    median
        Units [series, buckets]: as likely too high as too low, which makes the absolute error least.
    low, high
        Bounds [series, buckets] between which demand falls with the probability ``level``.
    method
        What made it: the name of the global model, or of the classical one for panels too short to learn from.
    """

    ids: tuple[str, ...]
    first: date
    bucket: Bucket
    median: Floats
    low: Floats
    high: Floats
    level: float
    method: str


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """Expected demand of series and of their sums, which adds up exactly.

    Parameters
    ----------
    levels, ids
        Level and name of each node: ``total``, ``part 1`` and so on for the parts of the ids between slashes, and ``series``.
    mean
        Units [nodes, buckets], reconciled.
    separate
        The same before, each node forecast on its own.
    """

    levels: tuple[str, ...]
    ids: tuple[str, ...]
    first: date
    bucket: Bucket
    mean: Floats
    separate: Floats


@dataclass(frozen=True, slots=True)
class Judged:
    """How well a forecast of held-out days was, for the series of one class.

    Parameters
    ----------
    wape, plain
        Sum of absolute errors over sum of demand, and that of the mean of the 28 days before.
    bias
        Sum of the forecast over sum of demand, less 1.
    coverage
        Share of outcomes within the interval.
    """

    kind: str
    series: int
    wape: float
    plain: float
    bias: float
    coverage: float


def demand_class(demand: Floats) -> npt.NDArray[np.str_]:
    """Return the class of each series by the scheme of Syntetos, Boylan and Croston (2005).

    ``smooth``, ``erratic``, ``intermittent`` and ``lumpy``, by the mean gap between demands (1.32 days) and the squared
    coefficient of variation of their sizes (0.49); ``none`` for a series without demand.
    """
    sold = demand > 0
    times = sold.sum(axis=1)
    gap = demand.shape[1] / np.maximum(times, 1)
    mean = demand.sum(axis=1) / np.maximum(times, 1)
    square = (demand**2).sum(axis=1) / np.maximum(times, 1)
    variation = np.maximum(square - mean**2, 0) / np.maximum(mean, 1e-9) ** 2
    named = np.where(
        gap < 1.32, np.where(variation < 0.49, "smooth", "erratic"), np.where(variation < 0.49, "intermittent", "lumpy")
    )
    return np.where(times == 0, "none", named)
