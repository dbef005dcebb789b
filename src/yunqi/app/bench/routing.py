"""`yunqi bench routing`: mean gap to best-known values, beside PyVRP on the same CPU budget.

The instances lie in ``../shared/data/logistics`` (``YUNQI_BENCH_DATA`` names another folder). ``YUNQI_BENCH_SECONDS``
shortens the 60 seconds; ``YUNQI_BENCH_ONLY`` keeps the instances whose name contains it. Best-known values serve for
measuring only. PyVRP has one thread, so it is given twice the seconds.
"""

import csv
import importlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from yunqi.app.bench.data import bench_data
from yunqi.app.bench.model import Row
from yunqi.kernel import Unavailable

SETS = (("cvrp", "X and XXL, CVRP"), ("vrptw", "Gehring-Homberger 1,000"), ("pdptw", "Li-Lim"))


def run(runs: int) -> list[Row]:
    """Solve every instance ``runs`` times with seeds from 1; return rows by set and by instance."""
    base = bench_data("logistics")
    seconds, only = float(os.environ.get("YUNQI_BENCH_SECONDS", "60")), os.environ.get("YUNQI_BENCH_ONLY", "")
    rows: list[Row] = []
    for folder, _ in SETS:
        paths = sorted([*(base / folder).glob("*.vrp"), *(base / folder).glob("l*.txt")])
        found = [_instance(path, seconds, runs) for path in paths if only in path.name]
        rows += [row for instance in found for row in instance]
        gaps = [instance[0] for instance in found]
        if gaps:
            ours = sum(row.value for row in gaps) / len(gaps)
            peers = [row.peer_value for row in gaps if row.peer_value is not None]
            theirs = sum(peers) / len(peers) if len(peers) == len(gaps) else None
            rows.append(Row(f"{folder}_mean_gap", ours, "%", gaps[0].peer, theirs, None, runs))
    return rows


def _instance(path: Path, seconds: float, runs: int) -> list[Row]:
    vehicles, best = best_known(path)
    gaps, extra = [], []
    for seed in range(1, runs + 1):
        found = _ours(path, seconds, seed)
        gaps.append((found["cost"] / best - 1) * 100)
        extra.append(len(found["routes"]) - vehicles)
    theirs = _pyvrp(path, 2 * seconds)
    name, value = path.stem, sum(gaps) / len(gaps)
    beside = None if theirs is None else (theirs / best - 1) * 100
    peer = f"PyVRP {importlib.import_module('pyvrp').__version__}" if theirs is not None else None
    rows = [Row(f"{name}_gap", value, "%", peer, beside, None, runs, max(gaps) - min(gaps))]
    if vehicles:
        rows.append(Row(f"{name}_more_vehicles", sum(extra) / len(extra), ""))
    return rows


def best_known(path: Path) -> tuple[int, float]:
    """Return the best-known number of vehicles (0 where only distance counts) and distance."""
    solution = path.with_suffix(".sol")
    if solution.exists():
        match = re.search(r"Cost:? ([\d.]+)", solution.read_text())
        if match:
            return 0, float(match.group(1))
    with (path.parent / "best_known.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            if row["instance"] == path.stem:
                return int(row["routes"]), float(row["distance"])
    raise Unavailable(f"There is no best-known value beside {path}.")


def _ours(path: Path, seconds: float, seed: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "yunqi", "logistics", "solve", str(path), "--json", "--seconds", str(seconds)]
    done = subprocess.run([*command, "--seed", str(seed)], capture_output=True, check=True)
    found: dict[str, Any] = msgspec.json.decode(done.stdout)
    return found


def _pyvrp(path: Path, seconds: float) -> float | None:
    if path.suffix != ".vrp":
        return None  # distance alone is not what Li-Lim's tables count
    pyvrp = importlib.import_module("pyvrp")
    windows = "TIME_WINDOW_SECTION" in path.read_text()
    data = pyvrp.read(path, round_func="dimacs" if windows else "round")
    until = time.process_time() + seconds
    result = pyvrp.solve(
        data, stop=lambda cost: time.process_time() > until, seed=1, collect_stats=False, display=False
    )
    return float(result.cost()) / (10 if windows else 1)
