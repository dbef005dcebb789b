"""Demand forecasts: a table of sales in, expected demand with intervals out."""

from datetime import timedelta
from pathlib import Path

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.engine.forecast.read import read_csv
from yunqi.commerce.logistics.model.forecast import Bucket, Forecast, Panel
from yunqi.commerce.logistics.service.extra import needs_extra
from yunqi.commerce.logistics.service.files import read_text
from yunqi.kernel import Invalid


class ForecastDesk:
    """Demand that was to demand to come.

    Parameters
    ----------
    config
        The settings of the domain.
    """

    def __init__(self, config: LogisticsConfig) -> None:
        self._config = config

    def read(self, path: Path) -> Panel:
        """Read a CSV table with the columns id, date and quantity."""
        return read_csv(read_text(path, "a CSV table with the columns id, date, quantity"))

    def forecast(
        self,
        panel: Panel,
        *,
        bucket: Bucket = Bucket.WEEK,
        buckets: int = 4,
        level: float = 0.95,
        seed: int | None = None,
    ) -> Forecast:
        """Forecast the buckets after the panel's last day.

        Parameters
        ----------
        bucket, buckets
            What one number covers, and how many of them.
        level
            Share of outcomes between the bounds.

        Raises
        ------
        Invalid
            Fewer than two buckets or a day of history, or a horizon out of range.
        """
        days = panel.demand.shape[1]
        if not 1 <= buckets * bucket.days <= 92:
            raise Invalid("the horizon must be from 1 to 92 days", "horizon")
        if not 0.5 <= level < 1:
            raise Invalid("level must be from 0.5 to below 1", "level")
        if days < max(14, 2 * bucket.days):
            raise Invalid(f"the table covers {days} days; at least 14 are needed", "file")
        seed = self._config.seed if seed is None else seed
        from yunqi.commerce.logistics.engine.forecast import learned  # LightGBM takes half a second to load

        if learned.can_learn(days, bucket.days * buckets) and len(panel.ids) >= 20:
            found = learned.forecast(
                panel.demand, bucket=bucket, buckets=buckets, level=level, seed=seed, threads=self._config.workers
            )
            method = "global quantile model"
        else:
            with needs_extra("logistics"):
                from yunqi.commerce.logistics.engine.forecast import classical  # statsforecast comes with the extra
            found, method = classical.forecast(panel.demand, bucket=bucket, buckets=buckets, level=level), "TSB"
        first = panel.first + timedelta(days=days)
        return Forecast(panel.ids, first, bucket, found.median, found.low, found.high, level, method)
