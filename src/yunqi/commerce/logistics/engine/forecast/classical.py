"""For panels too short to learn from: statsforecast's TSB, with the spread of each series' own past.

Teunter, Syntetos and Babai (2011): demand size and the chance of demand are smoothed apart.
"""

import numpy as np
import numpy.typing as npt
from statsforecast.models import TSB

from yunqi.commerce.logistics.engine.forecast.learned import Quantiles
from yunqi.commerce.logistics.model.forecast import Bucket

Floats = npt.NDArray[np.float64]
SMOOTHING = 0.1


def forecast(demand: Floats, *, bucket: Bucket, buckets: int, level: float) -> Quantiles:
    """Forecast the ``buckets`` after the last day; the bounds come from past sums of the same length.

    Parameters
    ----------
    demand
        Units [series, days], at least one bucket long.
    """
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
