"""For panels too short or with too few series to learn from: statsforecast's models, chosen by the class of the demand.

Series that sell on most days: exponential smoothing with weekdays and trend, its form by the corrected Akaike criterion
(Hyndman and Khandakar 2008). All others: TSB (Teunter, Syntetos and Babai 2011), which smooths the size of demand and its
chance apart, with the spread of each series' own past.
"""

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri
from statsforecast.models import TSB, AutoETS

from yunqi.commerce.logistics.engine.forecast.learned import Quantiles
from yunqi.commerce.logistics.model.forecast import Bucket, demand_class

Floats = npt.NDArray[np.float64]
SMOOTHING = 0.1
WEEK, SHORTEST, MOST = 7, 28, 500
"""Days of a season; the shortest history with weekdays; more series than that take minutes, and get TSB."""
ONE_SIGMA = 68.27
WIDER = 1.15
"""The model's own spread takes its parameters for known; so much wider, 95 % intervals held 92 to 100 % of generated series'
days and weeks (nine kinds of 25 series; no published data)."""


def forecast(demand: Floats, *, bucket: Bucket, buckets: int, level: float) -> tuple[Quantiles, str]:
    """Forecast the ``buckets`` after the last day, and name the models.

    Parameters
    ----------
    demand
        Units [series, days], at least one bucket long.
    """
    found = _smoothed(demand, bucket=bucket, buckets=buckets, level=level)
    steady = np.flatnonzero(np.isin(demand_class(demand), ("smooth", "erratic")))
    if demand.shape[1] < SHORTEST or not 0 < len(steady) <= MOST:
        return found, "TSB"
    for row in steady:
        means, spread = _seasonal(demand[row], bucket=bucket, buckets=buckets)
        if not np.isfinite([means, spread]).all():
            continue
        reach = spread * float(ndtri(0.5 + level / 2))
        found.median[row], found.low[row], found.high[row] = means, np.maximum(0.0, means - reach), means + reach
    return found, "AutoETS" if len(steady) == len(demand) else "AutoETS where it sells on most days, else TSB"


def _seasonal(past: Floats, *, bucket: Bucket, buckets: int) -> tuple[Floats, Floats]:
    """Return means and standard deviations of the buckets.

    Errors of a week's days are neither independent nor all alike: its spread is half way between both.
    """
    found = AutoETS(season_length=WEEK).forecast(past, bucket.days * buckets, level=[ONE_SIGMA])
    means = np.maximum(0.0, found["mean"]).reshape(buckets, bucket.days)
    spread = (found[f"hi-{ONE_SIGMA}"] - found["mean"]).reshape(buckets, bucket.days)
    return means.sum(axis=1), WIDER * (spread.sum(axis=1) + np.sqrt((spread**2).sum(axis=1))) / 2


def _smoothed(demand: Floats, *, bucket: Bucket, buckets: int, level: float) -> Quantiles:
    """Forecast by TSB; the bounds come from past sums of the same length."""
    model = TSB(SMOOTHING, SMOOTHING)
    means = np.array([float(model.forecast(row, 1)["mean"][0]) for row in demand]) * bucket.days
    whole = demand.shape[1] // bucket.days
    past = demand[:, demand.shape[1] - whole * bucket.days :].reshape(len(demand), whole, bucket.days).sum(axis=2)
    tail = (1 - level) / 2
    low, high = np.quantile(past, [tail, 1 - tail], axis=1)
    repeated = [
        np.repeat(values[:, None], buckets, axis=1)
        for values in (means, np.minimum(low, means), np.maximum(high, means))
    ]
    return Quantiles(repeated[0], repeated[1], repeated[2])
