"""What is known of each series at a day, computed for all series at once."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Known = npt.NDArray[np.float32]
WINDOWS = (7, 14, 28, 56, 91, 182)
WEEKS = 8


def scale(demand: Floats, origin: int) -> Floats:
    """Return what one unit of the normalised target is for each series: its mean weekly demand of the last 56 days."""
    recent = demand[:, max(0, origin - 56) : origin]
    unit: Floats = np.maximum(recent.mean(axis=1) * 7, 0.5)
    return unit


def weekly(demand: Floats, origin: int) -> Floats:
    """Return features for sums of weeks after ``origin`` [series, features], divided by `scale`.

    Raises
    ------
    ValueError
        ``origin`` leaves fewer than 14 days of history.
    """
    if origin < 14:
        raise ValueError("at least 14 days of history are needed")
    unit = scale(demand, origin)[:, None]
    sums = _week_sums(demand, origin)
    ordered = np.sort(sums, axis=1)
    return np.column_stack(
        [
            _windows(demand, origin) / unit,
            sums / unit,
            np.median(sums, axis=1, keepdims=True) / unit,
            np.median(sums[:, -4:], axis=1, keepdims=True) / unit,
            ordered[:, [2, 5]] / unit,
            sums.std(axis=1, keepdims=True) / unit,
            (demand[:, max(0, origin - 56) : origin] > 0).mean(axis=1),
            np.log(unit),
        ]
    )


class Daily:
    """Features of days after ``origin``, known at ``origin`` and divided by `scale`; what days share is computed once."""

    def __init__(self, demand: Floats, origin: int) -> None:
        self.demand, self.origin, self.unit = demand, origin, scale(demand, origin)[:, None]
        recent = demand[:, max(0, origin - 56) : origin]
        self._windows = _windows(demand, origin) / self.unit
        self._recent = np.column_stack(
            [
                (recent > 0).mean(axis=1),
                (demand[:, max(0, origin - 14) : origin] > 0).mean(axis=1),
                recent.std(axis=1) / self.unit[:, 0],
                np.median(recent, axis=1) / self.unit[:, 0],
                np.log(self.unit),
            ]
        )
        self._same: dict[int, Floats] = {}

    def at(self, ahead: int) -> Floats:
        """Return the features for the day ``origin + ahead`` (``ahead`` from 0) [series, features]."""
        weekday = (self.origin + ahead) % 7
        days = [at for at in range(self.origin + ahead - 7, -1, -7) if at < self.origin][:WEEKS]
        if weekday not in self._same:  # the last days of the same name are the same for every week ahead
            self._same[weekday] = self._of(days)
        return np.column_stack([self._windows, self._same[weekday], self._recent])

    def _of(self, days: list[int]) -> Floats:
        unit = self.unit
        same = self.demand[:, days]
        same = np.pad(same, ((0, 0), (0, WEEKS - same.shape[1])), mode="edge")
        return np.column_stack(
            [
                same / unit,
                same.mean(axis=1) / unit[:, 0],
                np.median(same, axis=1) / unit[:, 0],
                (same > 0).mean(axis=1),
            ]
        )


def lift(known: Known, demand: Floats, origin: int) -> Floats:
    """Return by how much demand of the last 182 days followed each known quantity [series, names].

    The logarithm of the ratio of demand with it and without it, drawn to 0; nothing from ``origin`` on is looked at.
    """
    past, sold = known[:, max(0, origin - 182) : origin], demand[:, max(0, origin - 182) : origin, None]
    share = past / np.maximum(past.max(axis=1, keepdims=True), 1e-9)
    level = sold.mean(axis=1)
    with_it = ((sold * share).sum(axis=1) + 3 * level) / (share.sum(axis=1) + 3)
    without = ((sold * (1 - share)).sum(axis=1) + 3 * level) / ((1 - share).sum(axis=1) + 3)
    return np.asarray(np.log(np.maximum(with_it, 1e-3) / np.maximum(without, 1e-3)))


def planned(known: Known, lifted: Floats, origin: int, begins: int, ends: int) -> Floats:
    """Return features of what is known in advance, as promotions, for the days from ``begins`` to before ``ends``.

    For each known quantity: its mean over those days, how that differs from the last 56 days, its `lift`, and their product.

    Parameters
    ----------
    known
        Quantities [series, days, names], the days to come included.
    lifted
        The `lift` at ``origin``.
    """
    ahead = known[:, begins:ends].mean(axis=1)
    recent = known[:, max(0, origin - 56) : origin].mean(axis=1)
    most = np.maximum(known[:, max(0, origin - 182) : origin].max(axis=1), 1e-9)
    return np.column_stack([ahead, ahead - recent, lifted, lifted * (ahead - recent) / most])


def _windows(demand: Floats, origin: int) -> Floats:
    """Return mean demand a week over the last 7 to 182 days."""
    sums = np.concatenate(
        [np.zeros((len(demand), 1)), demand[:, max(0, origin - max(WINDOWS)) : origin].cumsum(axis=1)], axis=1
    )
    days = sums.shape[1] - 1
    return np.column_stack([7 * (sums[:, -1] - sums[:, max(0, days - n)]) / min(n, days) for n in WINDOWS])


def _week_sums(demand: Floats, origin: int) -> Floats:
    """Return the sums of the last eight weeks, oldest first; the oldest stands for those before the data."""
    weeks = min(WEEKS, origin // 7)
    sums = demand[:, origin - 7 * weeks : origin].reshape(len(demand), weeks, 7).sum(axis=2)
    return np.pad(sums, ((0, 0), (WEEKS - weeks, 0)), mode="edge")
