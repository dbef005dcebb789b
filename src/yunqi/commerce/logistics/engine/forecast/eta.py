"""How long trips take: a gradient-boosted model of quantiles, and conformal intervals that follow the drift."""

import heapq
from dataclasses import dataclass

import lightgbm
import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.forecast.conformal import Adaptive, Cell
from yunqi.commerce.logistics.model.eta import Arrivals, EtaReport, Held, Trips

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
FEWEST = 400
"""Trips that a model, its calibration and its test need together."""
ROWS = 150_000
"""The most trips that the model is fitted to, the latest."""
PARAMETERS = {
    "objective": "quantile", "learning_rate": 0.08, "num_leaves": 31, "min_data_in_leaf": 30, "feature_fraction": 0.8,
    "bagging_fraction": 0.7, "bagging_freq": 1, "cat_smooth": 30, "max_cat_threshold": 64, "verbosity": -1,
    "deterministic": True, "force_row_wise": True,
}  # fmt: skip
TREES = 150
NARROWEST = 0.02
"""Least width of a raw interval on the scale of logarithms: two per cent of the time."""


@dataclass(frozen=True, slots=True)
class Raw:
    """Quantiles of the logarithm of the time, before calibration [trips]."""

    median: Floats
    low: Floats
    high: Floats

    @property
    def width(self) -> Floats:
        """How wide the raw interval is."""
        return np.asarray(np.maximum(self.high - self.low, NARROWEST))

    def scores(self, minutes: Floats) -> Floats:
        """Return how far outcomes fell outside, in widths; below 0 within."""
        outcome = np.log(minutes)
        return np.asarray(np.maximum(self.low - outcome, outcome - self.high) / self.width)


@dataclass(frozen=True, slots=True)
class Model:
    """A fitted model."""

    boosters: tuple[lightgbm.Booster, lightgbm.Booster, lightgbm.Booster]
    planned: int

    def raw(self, trips: Trips) -> Raw:
        """Return the uncalibrated quantiles of trips."""
        rows, base = _rows(trips), _base(trips, self.planned)
        low, median, high = (np.asarray(one.predict(rows, num_threads=1)) + base for one in self.boosters)
        return Raw(median, np.minimum(low, median), np.maximum(high, median))


def fit(trips: Trips, *, level: float, seed: int) -> Model:
    """Fit the quantiles of the time, or of its share of the planned one where that is known."""
    planned = trips.number_names.index("planned_min") if "planned_min" in trips.number_names else -1
    last = np.argsort(trips.started, kind="stable")[-ROWS:]
    some = trips.at(last)
    target = np.log(some.minutes) - _base(some, planned)
    first = len(some.number_names) + 2
    kinds = list(range(first, first + len(some.kind_names)))
    data = lightgbm.Dataset(_rows(some), target, categorical_feature=kinds, free_raw_data=False)
    tail = (1 - level) / 2
    boosters = [
        lightgbm.train(PARAMETERS | {"alpha": alpha, "seed": seed, "num_threads": 1}, data, TREES)
        for alpha in (tail, 0.5, 1 - tail)
    ]
    return Model((boosters[0], boosters[1], boosters[2]), planned)


def forecast(model: Model, past: Trips, asked: Trips, *, by: str | None, level: float) -> Arrivals:
    """Return how long trips will take, calibrated on past ones that the model has not seen, the latest weighing most."""
    before, raw = model.raw(past), model.raw(asked)
    scores, edges = before.scores(past.minutes), _edges(before)
    cells = _cells(past, before, edges, by)
    adaptive = Adaptive(level)
    done = np.argsort(past.started + past.minutes, kind="stable")
    for at in done[: len(done) // 2]:
        adaptive.calibrate(cells[at], float(scores[at]))
    for at in done[len(done) // 2 :]:
        adaptive.learn(cells[at], float(scores[at]), allowed=adaptive.wider(cells[at]))
    wider = np.array([adaptive.wider(cell) for cell in _cells(asked, raw, edges, by)])
    return _interval(raw, wider, level)


def report(trips: Trips, *, by: str | None, level: float, seed: int) -> EtaReport:
    """Hold out the last fifth of a history in time: fit on the first three, calibrate on the fourth, replay the last.

    Each held-out trip is forecast as it begins, from what had ended by then.
    """
    order = np.argsort(trips.started, kind="stable")
    cut = trips.started[order[[int(0.6 * len(order)), int(0.8 * len(order))]]]
    ended = trips.started + trips.minutes
    fitted = np.flatnonzero(ended <= cut[0])
    known = np.flatnonzero((trips.started >= cut[0]) & (ended <= cut[1]))
    held = order[trips.started[order] >= cut[1]]
    model = fit(trips.at(fitted), level=level, seed=seed)
    groups, names = trips.group(by)
    raw = model.raw(trips.at(held))
    truth, mine = trips.minutes[held], groups[held]
    found = {}
    for adapts in (True, False):
        wider = _replay(model, trips.at(known), trips.at(held), by, Adaptive(level, adapts=adapts))
        found[adapts] = _interval(raw, wider, level)
    ours = found[True]
    edges = np.unique(np.quantile(ours.median, [0.25, 0.5, 0.75]))
    bins = np.digitize(ours.median, edges)
    spans = [0.0, *edges, float("inf")]
    classes = [_held(names[k], ours, truth, mine == k) for k in np.unique(mine)]
    horizons = [_held(f"{spans[k]:.0f} to {spans[k + 1]:.0f} min", ours, truth, bins == k) for k in np.unique(bins)]
    everything = np.ones(len(held), bool)
    return EtaReport(
        _held("all", ours, truth, everything), _held("all", found[False], truth, everything), tuple(classes), tuple(horizons),
        len(fitted), len(known),
    )  # fmt: skip


def _edges(raw: Raw) -> Floats:
    """Return where short trips end and long ones begin: the quartiles of the expected times, as logarithms."""
    return np.asarray(np.quantile(raw.median, [0.25, 0.5, 0.75]))


def _cells(trips: Trips, raw: Raw, edges: Floats, by: str | None) -> list[Cell]:
    """Return the class of each trip and the quarter of its expected time."""
    parts = np.digitize(raw.median, edges)
    return [(int(group), int(part)) for group, part in zip(trips.group(by)[0], parts, strict=True)]


def _replay(model: Model, known: Trips, held: Trips, by: str | None, adaptive: Adaptive) -> Floats:
    """Return by how many widths the interval of each held-out trip grows, each learned from when it ends."""
    before, raw = model.raw(known), model.raw(held)
    edges, scores, later = _edges(before), before.scores(known.minutes), raw.scores(held.minutes)
    cells = _cells(known, before, edges, by)
    for at in np.argsort(known.started + known.minutes, kind="stable"):
        adaptive.calibrate(cells[at], float(scores[at]))
    cells = _cells(held, raw, edges, by)
    wider = np.zeros(len(cells))
    under_way: list[tuple[float, int]] = []
    for row, cell in enumerate(cells):
        begins = int(held.started[row])
        while under_way and under_way[0][0] <= begins:
            _, ended = heapq.heappop(under_way)
            adaptive.learn(cells[ended], float(later[ended]), allowed=float(wider[ended]))
        wider[row] = adaptive.wider(cell)
        heapq.heappush(under_way, (begins + float(held.minutes[row]), row))
    return wider


def _interval(raw: Raw, wider: Floats, level: float) -> Arrivals:
    grown = wider * raw.width
    low = np.exp(np.minimum(raw.low - grown, raw.median))
    return Arrivals(np.exp(raw.median), low, np.exp(np.maximum(raw.high + grown, raw.median)), level)


def _held(name: str, found: Arrivals, truth: Floats, some: npt.NDArray[np.bool_]) -> Held:
    within = (truth >= found.low) & (truth <= found.high)
    return Held(
        name, int(some.sum()), float(within[some].mean()), float((found.high - found.low)[some].mean()),
        float(np.abs(found.median - truth)[some].mean()),
    )  # fmt: skip


def _rows(trips: Trips) -> Floats:
    """Return numbers, local hour and weekday, then classes; NaN for what is missing."""
    kinds = trips.kinds.astype(float)
    kinds[kinds < 0] = np.nan
    return np.column_stack([trips.numbers, trips.hours, kinds])


def _base(trips: Trips, planned: int) -> Floats:
    """Return the logarithm of the planned time, 0 without one."""
    if planned < 0:
        return np.zeros(len(trips.started))
    base = np.log(trips.numbers[:, planned])
    return np.asarray(np.where(np.isnan(base), np.nanmean(base) if (~np.isnan(base)).any() else 0.0, base))
