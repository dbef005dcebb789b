"""When trips end and what comes back: arrivals with intervals, and returns."""

import importlib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.model.eta import Arrivals, EtaReport, Held, Trips
from yunqi.commerce.logistics.model.returns import OrderLines, ReturnForecast, ReturnReport
from yunqi.commerce.logistics.service.files import read_text
from yunqi.kernel import Invalid, Kernel
from yunqi.kernel.clock import to_micros

FEWEST_LINES = 200


class ArrivalDesk:
    """Trips under way and parcels that come back.

    Parameters
    ----------
    kernel
        The ground floor; its clock tells what is in the future.
    config
        The settings of the domain.
    """

    def __init__(self, kernel: Kernel, config: LogisticsConfig) -> None:
        self._kernel = kernel
        self._config = config

    def read_trips(self, path: Path, *, like: Trips | None = None) -> Trips:
        """Read a CSV table of trips; see `engine.forecast.trips.read_trips`."""
        return self.trips(read_text(path, "a CSV table with the columns started, minutes"), like=like)

    def trips(self, text: str, *, like: Trips | None = None) -> Trips:
        """Read trips from CSV text; a start in the future is refused in a history."""
        reading = importlib.import_module("yunqi.commerce.logistics.engine.forecast.trips")
        found: Trips = reading.read_trips(text, like=like)
        now = to_micros(self._kernel.clock()) // 60_000_000
        if like is None and (late := (found.started > now).nonzero()[0]).size:
            raise Invalid(f"line {int(late[0]) + 2}: started is in the future", "started")
        return found

    def judge(self, trips: Trips, *, by: str | None = None, level: float = 0.95) -> EtaReport:
        """Hold out the last fifth of a history in time and report how well intervals held, by class and by horizon."""
        engine = self._engine(trips, by, level)
        found: EtaReport = engine.report(trips, by=by, level=level, seed=self._config.seed)
        return found

    def arrivals(self, past: Trips, asked: Trips, *, by: str | None = None, level: float = 0.95) -> Arrivals:
        """Return how long trips under way will take in all; the last third of the history calibrates the intervals."""
        engine = self._engine(past, by, level)
        order = past.started.argsort(kind="stable")
        cut = int(len(order) * 2 / 3)
        model = engine.fit(past.at(order[:cut]), level=level, seed=self._config.seed)
        found: Arrivals = engine.forecast(model, past.at(order[cut:]), asked, by=by, level=level)
        return found

    def _engine(self, trips: Trips, by: str | None, level: float) -> Any:
        if not 0.5 <= level <= 0.995:
            raise Invalid("level must be from 0.5 to 0.995", "level")
        trips.group(by)
        engine = importlib.import_module("yunqi.commerce.logistics.engine.forecast.eta")  # LightGBM takes half a second
        if len(trips.started) < engine.FEWEST:
            raise Invalid(f"the history has {len(trips.started)} trips; at least {engine.FEWEST} are needed", "file")
        return engine

    def read_orders(self, path: Path, *, as_of: str | None = None) -> OrderLines:
        """Read a CSV table of order lines; see `engine.forecast.order_lines.read_order_lines`."""
        return self.orders(read_text(path, "a CSV table with id, ordered, returned, product"), as_of=as_of)

    def orders(self, text: str, *, as_of: str | None = None) -> OrderLines:
        """Read order lines as known on a day, by default today (UTC)."""
        today = self._kernel.clock().date()
        try:
            last = today if as_of is None else date.fromisoformat(as_of)
        except ValueError as error:
            raise Invalid(f"as-of {as_of!r} is no day as 2026-11-25", "as_of") from error
        if last > today:
            raise Invalid(f"as-of {last} is in the future", "as_of")
        reading = importlib.import_module("yunqi.commerce.logistics.engine.forecast.order_lines")
        found: OrderLines = reading.read_order_lines(text, as_of=last)
        return found

    def returns(self, lines: OrderLines, *, horizon: int = 28, level: float = 0.95) -> ReturnForecast:
        """Forecast what comes back of the lines that are out."""
        found: ReturnForecast = self._returns(lines, horizon, level).forecast(lines, horizon=horizon, level=level)
        return found

    def judge_returns(self, lines: OrderLines, *, horizon: int = 28, level: float = 0.95) -> ReturnReport:
        """Forecast the last days from what was known before them, and compare with what came."""
        engine = self._returns(lines, horizon, level)
        if int((lines.ordered <= lines.as_of - horizon).sum()) < FEWEST_LINES:
            raise Invalid(
                f"fewer than {FEWEST_LINES} lines are older than the horizon; nothing can be held out", "file"
            )
        found: ReturnReport = engine.report(lines, horizon=horizon, level=level)
        return found

    def _returns(self, lines: OrderLines, horizon: int, level: float) -> Any:
        if not 1 <= horizon <= 90:
            raise Invalid("the horizon must be from 1 to 90 days", "horizon")
        if not 0.5 <= level <= 0.995:
            raise Invalid("level must be from 0.5 to 0.995", "level")
        if len(lines.ordered) < FEWEST_LINES:
            raise Invalid(f"there are {len(lines.ordered)} order lines; at least {FEWEST_LINES} are needed", "file")
        return importlib.import_module("yunqi.commerce.logistics.engine.forecast.returns")  # loads scipy.stats


def held_row(held: Held) -> dict[str, Any]:
    """Return how well intervals held as plain values."""
    return {
        "name": held.name, "trips": held.trips, "coverage": round(held.coverage, 4), "width_min": round(held.width, 2),
        "error_min": round(held.error, 2),
    }  # fmt: skip


def eta_document(report: EtaReport) -> dict[str, Any]:
    """Return a report on arrivals as plain values."""
    return {
        "fitted": report.fitted, "calibrated": report.calibrated, "held_out": held_row(report.whole),
        "without_adapting": held_row(report.plain), "groups": [held_row(one) for one in report.groups],
        "horizons": [held_row(one) for one in report.horizons],
    }  # fmt: skip


def arrival_rows(asked: Trips, found: Arrivals) -> list[dict[str, Any]]:
    """Return a row for each trip: minutes and their bounds."""
    return [
        {"row": row + 1, "minutes": round(float(m), 1), "low": round(float(low), 1), "high": round(float(high), 1)}
        for row, (m, low, high) in enumerate(zip(found.median, found.low, found.high, strict=True))
    ]


def returns_document(lines: OrderLines, found: ReturnForecast, *, most: int = 1_000) -> dict[str, Any]:
    """Return a forecast of returns as plain values; of the lines the ``most`` likely to come back."""
    order = (-found.chance).argsort(kind="stable")[:most]
    return {
        "level": found.level,
        "days": [
            {
                "day": (found.first + timedelta(days=k)).isoformat(), "mean": round(float(mean), 3),
                "low": int(found.low[k]), "high": int(found.high[k]),
            }
            for k, mean in enumerate(found.mean)
        ],
        "total": {"mean": round(found.total[0], 3), "low": int(found.total[1]), "high": int(found.total[2])},
        "lines": [
            {
                "id": lines.ids[found.open[k]], "chance": round(float(found.chance[k]), 5),
                "within_horizon": round(float(found.soon[k]), 5),
                "expected_delay_days": round(float(found.expected_delay[k]), 1),
            }
            for k in order
        ],
        "products": [{"product": name, "chance": round(chance, 5), "lines": seen} for name, chance, seen in found.rates[:most]],
    }  # fmt: skip


def report_row(report: ReturnReport) -> dict[str, Any]:
    """Return a report on returns as plain values."""
    return {
        "lines": report.lines, "returned": report.returned, "expected": round(report.expected, 2), "days": report.days,
        "coverage": round(report.coverage, 4), "brier": round(report.brier, 6), "brier_by_age_alone": round(report.plain, 6),
        "error_a_day": round(report.error, 3), "error_a_day_all_alike": round(report.plain_error, 3),
    }  # fmt: skip
