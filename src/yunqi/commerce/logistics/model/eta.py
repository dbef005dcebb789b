"""Trips that were made, and when one under way will arrive."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from yunqi.kernel.errors import Invalid

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Trips:
    """Trips, legs or stops with what was known when they began.

    Parameters
    ----------
    started
        Minutes since 1970 in UTC [trips].
    minutes
        How long each took [trips]; NaN where it is not known yet.
    numbers
        Known quantities [trips, names]; NaN where one is missing.
    kinds
        Known classes as positions in ``levels`` [trips, names]; -1 where one is missing.
    hours
        Local hour of the start, with fractions, and the day of the week (Monday is 0) [trips, 2].
    """

    started: Ints
    minutes: Floats
    number_names: tuple[str, ...]
    numbers: Floats
    kind_names: tuple[str, ...]
    kinds: Ints
    levels: tuple[tuple[str, ...], ...]
    hours: Floats

    def __post_init__(self) -> None:
        """Refuse lengths that are none."""
        known = self.minutes[~np.isnan(self.minutes)]
        if (known <= 0).any() or not np.isfinite(known).all():
            raise Invalid("minutes must be above 0", "minutes")

    def at(self, rows: Ints) -> "Trips":
        """Return some of the trips."""
        return Trips(
            self.started[rows], self.minutes[rows], self.number_names, self.numbers[rows], self.kind_names,
            self.kinds[rows], self.levels, self.hours[rows],
        )  # fmt: skip

    def group(self, name: str | None) -> tuple[Ints, tuple[str, ...]]:
        """Return the class of each trip by a column, and the names of the classes; one class without a column.

        Raises
        ------
        Invalid
            The table has no such column of classes.
        """
        if name is None:
            return np.zeros(len(self.started), np.int64), ("all",)
        if name not in self.kind_names:
            raise Invalid(
                f"there is no column of classes {name!r}; there are {', '.join(self.kind_names) or 'none'}", "by"
            )
        at = self.kind_names.index(name)
        return np.where(self.kinds[:, at] < 0, len(self.levels[at]), self.kinds[:, at]), (*self.levels[at], "?")


@dataclass(frozen=True, slots=True)
class Arrivals:
    """How long trips will take: minutes [trips]; the truth lies from ``low`` to ``high`` with the chance ``level``."""

    median: Floats
    low: Floats
    high: Floats
    level: float


@dataclass(frozen=True, slots=True)
class Held:
    """How well intervals held among some trips: how many, the share within, the mean width and absolute error in minutes."""

    name: str
    trips: int
    coverage: float
    width: float
    error: float


@dataclass(frozen=True, slots=True)
class EtaReport:
    """What the last part of a history shows, each trip forecast as it began.

    Parameters
    ----------
    plain
        The same without the adaptation to drift.
    """

    whole: Held
    plain: Held
    groups: tuple[Held, ...]
    horizons: tuple[Held, ...]
    fitted: int
    calibrated: int
