"""Demand forecasts: a table of sales in, expected demand with intervals out."""

import importlib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.model.forecast import Bucket, Forecast, Hierarchy, Judged, Panel, demand_class
from yunqi.commerce.logistics.service.extra import needs_extra
from yunqi.commerce.logistics.service.files import read_text
from yunqi.kernel import Invalid

LARGEST = 2_000_000_000
"""Bytes of a table of sales: 100,000 series of a year are some 50 to 500 MB."""


UNUSED = " (what is known in advance is not used: that takes 20 series and a longer history)"


class ForecastDesk:
    """Demand that was to demand to come.

    Parameters
    ----------
    config
        The settings of the domain.
    clock
        Tells what is in the future; None lets any day pass.
    """

    def __init__(self, config: LogisticsConfig, *, clock: Callable[[], datetime] | None = None) -> None:
        self._config = config
        self._clock = clock

    def read(self, path: Path) -> Panel:
        """Read a CSV table with the columns id, date and quantity."""
        text = read_text(path, "a CSV table with the columns id, date, quantity", largest=LARGEST)
        reading = importlib.import_module("yunqi.commerce.logistics.engine.forecast.read")
        found: Panel = reading.read_csv(text)
        return found

    def write(self, found: Forecast, out: Path) -> None:
        """Write a forecast of very many series as CSV: id, start (a day), median, low, high."""
        importlib.import_module("yunqi.commerce.logistics.engine.forecast.table").write_csv(found, out)

    def forecast(
        self,
        panel: Panel,
        *,
        bucket: Bucket = Bucket.WEEK,
        buckets: int = 4,
        level: float = 0.95,
        seed: int | None = None,
        known: npt.NDArray[np.float32] | None = None,
    ) -> Forecast:
        """Forecast the buckets after the panel's last day.

        Parameters
        ----------
        bucket, buckets
            What one number covers, and how many of them.
        level
            Share of outcomes between the bounds.
        known
            What is known in advance, as promotions, from `read_known`.

        Raises
        ------
        Invalid
            Fewer than two buckets or a day of history, or a horizon out of range.
        """
        days = panel.demand.shape[1]
        self._check(panel, bucket, buckets, level)
        seed = self._config.seed if seed is None else seed
        from yunqi.commerce.logistics.engine.forecast import learned  # LightGBM takes half a second to load

        if learned.can_learn(days, bucket.days * buckets) and len(panel.ids) >= 20:
            found = learned.forecast(
                panel.demand, bucket=bucket, buckets=buckets, level=level, seed=seed, threads=self._config.workers,
                known=known,
            )  # fmt: skip
            method = "global quantile model" if known is None else "global quantile model with what is known in advance"
        else:
            with needs_extra("logistics"):
                from yunqi.commerce.logistics.engine.forecast import classical  # statsforecast comes with the extra
            found, method = classical.forecast(panel.demand, bucket=bucket, buckets=buckets, level=level)
            if known is not None:
                method += UNUSED
        first = panel.first + timedelta(days=days)
        return Forecast(panel.ids, first, bucket, found.median, found.low, found.high, level, method)

    def known(self, text: str, panel: Panel, *, bucket: Bucket, buckets: int) -> npt.NDArray[np.float32]:
        """Read what is known in advance from CSV text with the columns id, date and quantities, the days to come included."""
        reading = importlib.import_module("yunqi.commerce.logistics.engine.forecast.known")
        found: npt.NDArray[np.float32] = reading.read_known(text, panel, horizon=bucket.days * buckets)[0]
        return found

    def hierarchy(
        self, panel: Panel, *, bucket: Bucket = Bucket.WEEK, buckets: int = 4, seed: int | None = None
    ) -> Hierarchy:
        """Forecast series, the parts of their ids, and the whole, so that all of it adds up.

        Raises
        ------
        Invalid
            Too short a history to learn from.
        """
        self._check(panel, bucket, buckets, 0.95)
        learned = importlib.import_module("yunqi.commerce.logistics.engine.forecast.learned")
        if not learned.can_learn(panel.demand.shape[1], bucket.days * buckets):
            raise Invalid(f"the table covers {panel.demand.shape[1]} days, too few for a hierarchy", "file")
        engine = importlib.import_module("yunqi.commerce.logistics.engine.forecast.hierarchy")
        seed = self._config.seed if seed is None else seed
        nodes, mean, separate = engine.forecast(
            panel.demand, panel.ids, bucket=bucket, buckets=buckets, seed=seed, threads=self._config.workers
        )
        first = panel.first + timedelta(days=panel.demand.shape[1])
        levels, ids = zip(*nodes, strict=True)
        return Hierarchy(levels, ids, first, bucket, mean, separate)

    def judge(
        self,
        panel: Panel,
        *,
        bucket: Bucket = Bucket.WEEK,
        buckets: int = 4,
        level: float = 0.95,
        known: npt.NDArray[np.float32] | None = None,
    ) -> list[Judged]:
        """Hold out the last days, forecast them from what was before, and report by class of demand."""
        horizon = bucket.days * buckets
        if panel.demand.shape[1] <= horizon:
            raise Invalid("the table is no longer than the horizon; nothing can be held out", "horizon")
        before = Panel(panel.ids, panel.first, panel.demand[:, :-horizon])
        ahead = None if known is None else known[:, : panel.demand.shape[1]]
        found = self.forecast(before, bucket=bucket, buckets=buckets, level=level, known=ahead)
        truth = panel.demand[:, -horizon:].reshape(len(panel.ids), buckets, bucket.days).sum(axis=2)
        plain = np.repeat(before.demand[:, -28:].mean(axis=1)[:, None] * bucket.days, buckets, axis=1)
        kinds = demand_class(before.demand)
        some = [("all", np.ones(len(kinds), bool)), *((str(kind), kinds == kind) for kind in np.unique(kinds))]
        return [_judged(kind, found, truth, plain, rows) for kind, rows in some]

    def _check(self, panel: Panel, bucket: Bucket, buckets: int, level: float) -> None:
        days = panel.demand.shape[1]
        if not 1 <= buckets * bucket.days <= 92:
            raise Invalid("the horizon must be from 1 to 92 days", "horizon")
        if not 0.5 <= level < 1:
            raise Invalid("level must be from 0.5 to below 1", "level")
        if days < max(14, 2 * bucket.days):
            raise Invalid(f"the table covers {days} days; at least 14 are needed", "file")
        last = panel.first + timedelta(days=days - 1)
        if self._clock is not None and last > self._clock().date():
            raise Invalid(f"the table reaches to {last}, into the future; demand that was is wanted", "date")


def _judged(
    kind: str,
    found: Forecast,
    truth: npt.NDArray[np.float64],
    plain: npt.NDArray[np.float64],
    some: npt.NDArray[np.bool_],
) -> Judged:
    sold = max(float(truth[some].sum()), 1e-9)
    within = (truth >= found.low) & (truth <= found.high)
    return Judged(
        kind, int(some.sum()), float(np.abs(found.median - truth)[some].sum()) / sold,
        float(np.abs(plain - truth)[some].sum()) / sold, float(found.median[some].sum()) / sold - 1,
        float(within[some].mean()),
    )  # fmt: skip
