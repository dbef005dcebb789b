"""LoadGen's rules (MLPerf Inference v0.5, image classification on ResNet-50) and its statistics."""

import numpy as np

from yunqi.labs.npu.model import Array, Rules, Scenario

RULES: dict[Scenario, Rules] = {
    Scenario.OFFLINE: Rules(min_queries=1, min_duration_s=60.0),
    Scenario.SERVER: Rules(min_queries=270_336, min_duration_s=60.0, latency_s=0.015),
    Scenario.SINGLE_STREAM: Rules(min_queries=1_024, min_duration_s=60.0, percentile=90.0),
    Scenario.MULTI_STREAM: Rules(min_queries=270_336, min_duration_s=60.0, latency_s=0.050, interval_s=0.050),
}
_LEVELS = (50.0, 90.0, 95.0, 97.0, 99.0, 99.9)


def poisson_arrivals(rate: float, count: int, *, seed: int) -> Array:
    """Return ``count`` arrival times in seconds of a Poisson stream."""
    return np.cumsum(np.random.default_rng(seed).exponential(1 / rate, count))


def latencies(seconds: Array) -> dict[str, float]:
    """Return mean, extremes and percentiles; a percentile is an observed latency, as LoadGen takes it."""
    ordered = np.sort(seconds)
    found = {"mean": float(ordered.mean()), "min": float(ordered[0]), "max": float(ordered[-1])}
    for level in _LEVELS:
        place = min(len(ordered) - 1, int(np.ceil(level / 100 * len(ordered))) - 1)
        found[f"p{level:g}"] = float(ordered[max(0, place)])
    return found


def percentile(seconds: Array, level: float) -> float:
    """Return the smallest latency that ``level`` percent of queries do not exceed."""
    place = max(0, int(np.ceil(level / 100 * len(seconds))) - 1)
    return float(np.partition(seconds, place)[place])
