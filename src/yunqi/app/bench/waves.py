"""Waves on generated problems of the published form (synthetic): proven within 60 s or not."""

import time

from yunqi.app.bench.model import Row
from yunqi.commerce.logistics import Depot, LogisticsConfig, generated_waves

SIZES = (
    (60, 100, 20),
    (120, 150, 30),
    (200, 250, 40),
    (300, 400, 60),
    (1_000, 300, 40),
    (1_000, 800, 100),
    (1_000, 1_200, 150),
)
SECONDS = 60.0


def run(runs: int) -> list[Row]:
    """Solve one problem of each size."""
    depot, rows, proven = Depot(LogisticsConfig()), [], 0
    for orders, items, aisles in SIZES:
        started = time.monotonic()
        wave = depot.wave(generated_waves(orders, items, aisles, seed=1), seconds=SECONDS)
        proven += wave.is_proven
        rows.append(Row(f"orders_{orders}_aisles_{aisles}_s", time.monotonic() - started, "s"))
    return [*rows, Row("proven", proven / len(SIZES), "share", runs=len(SIZES))]
