"""Berth plans: the published 200 x 15 tables, and generated weeks at a quay (synthetic)."""

import time

from yunqi.app.bench.data import bench_data
from yunqi.app.bench.model import Options, Row
from yunqi.commerce.logistics import BerthDesk, LogisticsConfig, berth_week

SECONDS = 60.0
WEEKS = 10
CP_SAT_F01 = 16_245
"""What CP-SAT alone reached on f200x15-01 in 60 s of processor time, as measured for this project."""


def run(runs: int, options: Options) -> list[Row]:
    """Plan each table and each week once."""
    desk = BerthDesk(LogisticsConfig())
    rows = []
    for path in sorted(bench_data("logistics/berths", options).glob("f200x15-*.txt"))[:2]:
        plan = desk.plan(desk.read(path), seconds=SECONDS)
        peer = ("CP-SAT alone, measured before", float(CP_SAT_F01)) if path.stem.endswith("01") else (None, None)
        ratio = plan.cost / peer[1] if peer[1] else None
        rows.append(Row(f"{path.stem}_cost", plan.cost, "hours", peer[0], peer[1], ratio))
        rows.append(Row(f"{path.stem}_gap", plan.gap, "share"))
    proven, first = 0, []
    for seed in range(1, WEEKS + 1):
        started, times = time.monotonic(), list[float]()

        def note(cost: int, bound: int, started: float = started, times: list[float] = times) -> None:
            times.append(time.monotonic() - started)

        plan = desk.plan(berth_week(30, seed=seed), seconds=SECONDS, on_step=note)
        proven += plan.cost == plan.bound
        first.append(times[0] if times else plan.seconds)
    rows.append(Row("weeks_proven", proven / WEEKS, "share", runs=WEEKS))
    rows.append(Row("first_plan_s", max(first), "s", runs=WEEKS))
    return rows
