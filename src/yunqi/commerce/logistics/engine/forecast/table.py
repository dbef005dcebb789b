"""Forecasts as a table, for very many series."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from yunqi.commerce.logistics.model.forecast import Forecast


def forecast_table(found: Forecast) -> pa.Table:
    """Return a row for each series and bucket: id, start (a day), median, low, high."""
    series, buckets = found.median.shape
    starts = [found.first + timedelta(days=found.bucket.days * at) for at in range(buckets)]
    ids = pa.array(found.ids).take(pa.array(np.repeat(np.arange(series), buckets)))
    columns = {name: np.round(getattr(found, name).ravel(), 3) for name in ("median", "low", "high")}
    return pa.table({"id": ids, "start": pa.array(starts * series), **columns})


def write_csv(found: Forecast, out: Path) -> None:
    """Write the table as CSV."""
    pacsv.write_csv(forecast_table(found), out)
