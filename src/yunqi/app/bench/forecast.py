"""Demand of The Complete Journey, the last 28 days held out: 1,000 products, or many pairs of a product and a store.

WAPE: sum of absolute errors over sum of demand. The held-out days choose nothing: models were made on windows before them.
"""

import importlib.util
import os
import resource
import time
import warnings

import numpy as np
import numpy.typing as npt

from yunqi.app.bench.grocery import FIRST, HELD, Sales, promotions, sales
from yunqi.app.bench.model import Options, Row
from yunqi.commerce.logistics import Bucket, Forecast, ForecastDesk, LogisticsConfig, Panel, demand_class
from yunqi.kernel import Invalid

Floats = npt.NDArray[np.float64]
SERIES = 1_000
UPPER = 0.975


def run(runs: int, options: Options) -> list[Row]:
    """Forecast by week and by day, beside statsforecast's TSB and the mean of 28 days.

    The option ``series`` asks for so many pairs of a product and a store instead, by ``week`` or ``day`` (the option ``by``):
    what they cost, on the 28 days before the held-out ones.
    """
    if not options.text("series"):
        return _products()
    by = options.text("by", "week")
    if by not in tuple(Bucket):
        raise Invalid(f"the bench forecasts by {' or '.join(Bucket)}, not by {by!r}", "by")
    bucket = Bucket(by)
    return _many(options.whole("series", SERIES), bucket, options.whole("threads", LogisticsConfig().workers))


def _products() -> list[Row]:
    found = sales(SERIES)
    known, truth = found.demand[:, :-HELD], found.demand[:, -HELD:]
    desk, panel = ForecastDesk(LogisticsConfig()), _panel(found)
    rows = []
    planned = promotions(found.products)
    for bucket, buckets in ((Bucket.WEEK, HELD // 7), (Bucket.DAY, HELD)):
        actual = _sums(truth, bucket.days)
        plain = desk.forecast(panel, bucket=bucket, buckets=buckets)
        error = _wape(plain.median, actual)
        for name, daily in _peers(known).items():
            peer = _wape(np.repeat(daily[:, None] * bucket.days, buckets, axis=1), actual)
            rows.append(Row(f"{bucket}_wape", error, "share", name, peer, error / peer))
        rows += _by_class(f"{bucket}", plain, actual, known)
        ours = desk.forecast(panel, bucket=bucket, buckets=buckets, known=planned)
        told = _wape(ours.median, actual)
        rows.append(Row(f"{bucket}_wape_with_promotions", told, "share", "Yunqi without", error, told / error))
        rows += _by_class(f"{bucket}_with_promotions", ours, actual, known)
    return rows + _hierarchy(desk, found, truth)


def _hierarchy(desk: ForecastDesk, found: Sales, truth: Floats) -> list[Row]:
    """Departments and the whole: what adding up costs or brings against separate forecasts."""
    ids = tuple(f"{name}/{row}" for row, name in enumerate(found.departments))
    made = desk.hierarchy(Panel(ids, FIRST, found.demand[:, :-HELD]), bucket=Bucket.WEEK, buckets=HELD // 7)
    rows, levels = [], np.array(made.levels)
    series = np.flatnonzero(levels == "series")
    actual, names = _sums(truth, 7), np.array(made.ids)
    for level in ("total", "part 1", "series"):
        at = np.flatnonzero(levels == level)
        if level == "part 1":
            groups = [np.flatnonzero(np.array(found.departments) == names[k]) for k in at]
            sold = np.array([actual[group].sum(axis=0) for group in groups])
        else:
            sold = actual if level == "series" else actual.sum(axis=0, keepdims=True)
        error, apart = _wape(made.mean[at], sold), _wape(made.separate[at], sold)
        name = {"part 1": "departments"}.get(level, level)
        rows.append(Row(f"week_mean_wape_{name}_adding_up", error, "share", "separate means", apart, error / apart))
    gap = float(np.abs(made.mean[0] - made.mean[series].sum(axis=0)).max() / made.mean[0].max())
    return [*rows, Row("hierarchy_gap", gap, "share")]


def _many(series: int, bucket: Bucket, threads: int) -> list[Row]:
    found = sales(series, by_store=True)
    days = found.demand[:, :-HELD]
    known, truth = days[:, :-HELD], _sums(days[:, -HELD:], bucket.days)
    panel = Panel(tuple(map(str, range(len(known)))), FIRST, known)
    begun = time.process_time()
    made = ForecastDesk(LogisticsConfig(workers=threads)).forecast(panel, bucket=bucket, buckets=HELD // bucket.days)
    took = time.process_time() - begun
    error = _wape(made.median, truth)
    plain = _wape(np.repeat(known[:, -28:].mean(axis=1)[:, None] * bucket.days, HELD // bucket.days, axis=1), truth)
    return [
        Row("series", float(len(known)), "series"),
        Row("cpu_seconds", took, "s"),
        Row("load_average", os.getloadavg()[0], ""),
        Row("resident_mib", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MiB"),
        Row(f"{bucket}_wape", error, "share", "mean of 28 days", plain, error / plain),
        _upper(f"{bucket}", made.high, truth, _sums(known[:, -91:], bucket.days)),
        *_by_class(f"{bucket}", made, truth, known),
    ]


def _panel(found: Sales) -> Panel:
    return Panel(tuple(map(str, range(len(found.demand)))), FIRST, found.demand[:, :-HELD])


def _by_class(name: str, found: Forecast, actual: Floats, known: Floats) -> list[Row]:
    within, kinds = (actual >= found.low) & (actual <= found.high), demand_class(known)
    rows = [Row(f"{name}_coverage_95", float(within.mean()), "share")]
    for kind in ("smooth", "erratic", "intermittent", "lumpy"):
        some = kinds == kind
        if some.any() and actual[some].sum():
            rows.append(Row(f"{name}_wape_{kind}", _wape(found.median[some], actual[some]), "share"))
            rows.append(Row(f"{name}_coverage_95_{kind}", float(within[some].mean()), "share"))
    return rows


def _upper(name: str, high: Floats, actual: Floats, before: Floats) -> Row:
    """The quantile loss of the upper bound: where most medians are 0, this is what stock is decided by."""
    plain = np.quantile(before, UPPER, axis=1)[:, None]

    def loss(bound: Floats) -> float:
        over = actual - bound
        return float(np.maximum(UPPER * over, (UPPER - 1) * over).sum() / actual.sum())

    ours, peer = loss(high), loss(plain)
    return Row(f"{name}_upper_bound_loss", ours, "share", "the same quantile of 91 days", peer, ours / peer)


def _sums(days: Floats, length: int) -> Floats:
    found: Floats = days.reshape(len(days), -1, length).sum(axis=2)
    return found


def _wape(forecast: Floats, actual: Floats) -> float:
    return float(np.abs(forecast - actual).sum() / actual.sum())


def _peers(known: Floats) -> dict[str, Floats]:
    found = {"mean of 28 days": known[:, -28:].mean(axis=1)}
    if importlib.util.find_spec("statsforecast"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import statsforecast
            from statsforecast.models import TSB, CrostonSBA

            for model in (TSB(0.1, 0.1), CrostonSBA()):
                means = np.array([float(model.forecast(row, 1)["mean"][0]) for row in known])
                found[f"statsforecast {statsforecast.__version__} {model.alias}"] = means
    return found
