"""One gradient-boosted model over all series, fitted to quantiles, with conformal intervals.

The point forecast is the median, since the measure (WAPE) is an absolute error. Intervals are the model's outer quantiles,
widened or narrowed by what the last four weeks before the forecast show (conformalised quantile regression, Romano,
Patterson and Candes 2019), a group of series of like demand at a time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import lightgbm
import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.forecast import features
from yunqi.commerce.logistics.model.forecast import Bucket

Floats = npt.NDArray[np.float64]
HISTORY = 91
"""Days before the first origin that is learned from."""
ROWS = 400_000
"""The most rows a model is fitted to; more are thinned by a fixed draw."""
GROUPS = 6
PARAMETERS = {
    "objective": "quantile", "learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": 200, "feature_fraction": 0.5,
    "bagging_fraction": 0.7, "bagging_freq": 1, "verbosity": -1, "deterministic": True, "force_row_wise": True,
}  # fmt: skip
TREES = 200


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Median and bounds [series, buckets], in units."""

    median: Floats
    low: Floats
    high: Floats


def can_learn(days: int, horizon: int) -> bool:
    """Whether the history is long enough for the model: a quarter of a year, and twice the horizon to fit and calibrate."""
    return days >= HISTORY + 3 * horizon


def forecast(
    demand: Floats,
    *,
    bucket: Bucket,
    buckets: int,
    level: float,
    seed: int,
    threads: int = 2,
    known: npt.NDArray[np.float32] | None = None,
) -> Quantiles:
    """Forecast the ``buckets`` after the last day.

    Parameters
    ----------
    demand
        Units [series, days]; see `can_learn`.
    level
        Share of outcomes that the bounds should hold, as 0.95.
    known
        What is known in advance, as promotions [series, days and those to come, names].

    Returns
    -------
    Quantiles
        The same for the same data and seed.
    """
    days, horizon = demand.shape[1], bucket.days * buckets
    fits = _Fits(demand, bucket, buckets, seed, threads, known)
    tail = (1 - level) / 2
    # Calibrated on the last window that is known, by models which have not seen it.
    held = fits.origins(days - 2 * horizon)
    low, high = fits.fit(held, tail, 1 - tail)
    sold = fits.known(days - horizon)
    before = fits.predict(days - horizon, low, high)
    # The point forecast may learn from every window.
    (middle,) = fits.fit(fits.origins(days - horizon), 0.5)
    found, *bounds = fits.predict(days, middle, low, high)
    median = np.round(found)
    lower, upper = _conform(demand, fits, sold, before, bounds, tail)
    return Quantiles(median, np.minimum(lower, median), np.maximum(upper, median))


def means(
    demand: Floats,
    *,
    bucket: Bucket,
    buckets: int,
    seed: int,
    threads: int = 2,
    known: npt.NDArray[np.float32] | None = None,
) -> tuple[Floats, Floats]:
    """Return expected demand of the ``buckets`` after the last day [series, buckets], and the variance of its errors [series].

    Means add up over series, as medians don't. The errors are those of the last window that is known, forecast by a model that
    had not seen it, drawn half to what the size of a series lets expect.
    """
    days, horizon = demand.shape[1], bucket.days * buckets
    fits = _Fits(demand, bucket, buckets, seed, threads, known)
    (before,) = fits.predict(days - horizon, *fits.fit(fits.origins(days - 2 * horizon), None))
    squares = ((before - fits.known(days - horizon)) ** 2).mean(axis=1)
    unit = features.scale(demand, days)
    usual = unit * (squares.sum() / unit.sum())
    (found,) = fits.predict(days, *fits.fit(fits.origins(days - horizon), None))
    return found, (squares + usual) / 2


@dataclass(frozen=True, slots=True)
class _Fits:
    demand: Floats
    bucket: Bucket
    buckets: int
    seed: int
    threads: int
    ahead: npt.NDArray[np.float32] | None
    lifts: dict[int, Floats] = field(default_factory=dict)

    def origins(self, last: int) -> range:
        """Days from which windows up to ``last`` + horizon are known; a week apart."""
        return range(last, HISTORY - 1, -7)

    def known(self, origin: int, some: npt.NDArray[np.bool_] | slice = slice(None)) -> Floats:
        """Return what was sold in the buckets after ``origin`` [series, buckets], of some of the series."""
        window = self.demand[some, origin : origin + self.bucket.days * self.buckets]
        sums: Floats = window.reshape(len(window), self.buckets, self.bucket.days).sum(axis=2)
        return sums

    def rows(self, origin: int, some: npt.NDArray[np.bool_] | slice = slice(None)) -> Callable[[int], Floats]:
        """Return what gives the features of one bucket after an origin, for some of the series."""
        demand = self.demand[some]
        of_week = self.bucket is Bucket.WEEK
        weekly = features.weekly(demand, origin) if of_week else None
        known = features.Daily(demand, origin).at if weekly is None else lambda at: weekly
        ahead = self.ahead
        if ahead is not None and origin not in self.lifts:
            self.lifts[origin] = features.lift(ahead, self.demand, origin)

        def found(at: int) -> Floats:
            columns = [known(at), np.full(len(demand), at)]
            if ahead is not None:
                begins = origin + at * self.bucket.days
                lifted = self.lifts[origin][some]
                columns.append(features.planned(ahead[some], lifted, origin, begins, begins + self.bucket.days))
            return np.column_stack(columns)

        return found

    def fit(self, origins: Sequence[int], *alphas: float | None) -> list[lightgbm.Booster]:
        """Fit one model for each quantile, None for the mean, to the same rows."""
        pairs = [(origin, at) for origin in origins for at in range(self.buckets)]
        chance = np.random.default_rng(self.seed)
        share = min(1.0, ROWS / (len(pairs) * len(self.demand)))
        rows, targets, weights = [], [], []
        for origin, at in pairs:
            if share < 1.0 and len(pairs) > 60 and chance.random() > max(share, 60 / len(pairs)):
                continue
            part = min(1.0, max(share, share * len(pairs) / max(60, len(pairs) * max(share, 60 / len(pairs)))))
            drawn = chance.random(len(self.demand)) < part if part < 1.0 else slice(None)
            unit = features.scale(self.demand[drawn], origin)
            rows.append(self.rows(origin, drawn)(at))
            targets.append(self.known(origin, drawn)[:, at] / unit)
            weights.append(unit)
        held = np.concatenate(rows), np.concatenate(targets), np.concatenate(weights)
        found = []
        for alpha in alphas:
            aim = {"objective": "regression"} if alpha is None else {"alpha": alpha}
            parameters = PARAMETERS | aim | {"seed": self.seed, "num_threads": self.threads}
            found.append(lightgbm.train(parameters, lightgbm.Dataset(held[0], held[1], weight=held[2]), TREES))
        return found

    def predict(self, origin: int, *models: lightgbm.Booster) -> list[Floats]:
        """Return what each model expects after an origin [series, buckets], in units; features are made once for all."""
        unit, rows = features.scale(self.demand, origin), self.rows(origin)
        found: list[Floats] = [np.empty((len(self.demand), self.buckets)) for _ in models]
        for at in range(self.buckets):
            known = rows(at)
            for model, into in zip(models, found, strict=True):
                into[:, at] = np.asarray(model.predict(known, num_threads=self.threads)) * unit
        return [np.maximum(one, 0.0) for one in found]


def _conform(
    demand: Floats,
    fits: _Fits,
    known: Floats,
    before: Sequence[Floats],
    bounds: Sequence[Floats],
    tail: float,
) -> tuple[Floats, Floats]:
    """Shift the bounds so that the calibration window would have kept its level, a group of like demand at a time."""
    days, horizon = demand.shape[1], fits.bucket.days * fits.buckets
    unit_then, unit_now = features.scale(demand, days - horizon), features.scale(demand, days)
    edges = np.quantile(unit_then, np.linspace(0, 1, GROUPS + 1)[1:-1])
    then, now = np.digitize(unit_then, edges), np.digitize(unit_now, edges)
    lower, upper = bounds[0].copy(), bounds[1].copy()
    for group in range(GROUPS):
        there, here = then == group, now == group
        if not there.any():
            continue
        root = np.sqrt(unit_then[there])[:, None]
        below = np.quantile((before[0][there] - known[there]) / root, 1 - tail)
        # Demand is never below 0, so few outcomes lie under the lower bound; the upper one may then be as much narrower.
        missed = (known[there] < np.maximum(before[0][there] - below * root, 0.0)).mean()
        above = np.quantile((known[there] - before[1][there]) / root, 1 - (2 * tail - missed))
        lower[here] -= below * np.sqrt(unit_now[here])[:, None]
        upper[here] += above * np.sqrt(unit_now[here])[:, None]
    # Demand comes in whole units: these bounds hold exactly the same outcomes.
    return np.ceil(np.maximum(lower, 0.0) - 1e-9), np.floor(np.maximum(upper, 0.0) + 1e-9)
