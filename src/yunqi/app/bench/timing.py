"""Timing calls, one after another, in one thread."""

import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np

from yunqi.app.bench.model import Row


def timed(calls: Sequence[Callable[[], object]]) -> list[float]:
    """Run the calls and return how many milliseconds each took by the wall clock."""
    took = []
    for call in calls:
        started = time.perf_counter()
        call()
        took.append((time.perf_counter() - started) * 1000)
    return took


def percentile_rows(ours: Sequence[list[float]], theirs: Sequence[list[float]], peer: str) -> list[Row]:
    """Return the rows ``p50_ms`` and ``p99_ms``: medians over runs, with the spread of ours."""
    rows = []
    for metric, level in (("p50_ms", 50), ("p99_ms", 99)):
        values = [float(np.percentile(run, level)) for run in ours]
        beside = statistics.median(float(np.percentile(run, level)) for run in theirs)
        value = statistics.median(values)
        spread = (max(values) - min(values)) / value
        rows.append(Row(metric, value, "ms", peer, beside, value / beside, len(values), spread))
    return rows
