"""`yunqi bench routing`: gap to best-known values, beside every peer that is installed, on the same CPU seconds.

Yunqi gets wall-clock seconds on two threads (with the option ``clock=cpu`` twice as many CPU seconds, for busy machines);
each peer then gets the CPU seconds that Yunqi's process took. Every solution is priced by the checker. Best-known values
serve for measuring only.
"""

import csv
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from yunqi.app.bench import peer_routes
from yunqi.app.bench.data import bench_data
from yunqi.app.bench.model import Options, Row
from yunqi.app.bench.peers import peer_answer
from yunqi.commerce.logistics import (
    Budget,
    LogisticsConfig,
    Problem,
    Route,
    check_plan,
    load_problem,
    plain_form,
    prepare,
    solve,
)
from yunqi.kernel import Unavailable

SETS = ("cvrp", "vrptw", "pdptw")
LARGEST = 4000
"""Beyond, peers are not run: their matrices and their first solutions take minutes."""


def run(runs: int, options: Options) -> list[Row]:
    """Solve every instance ``runs`` times with seeds from 1, or another; return rows by instance and the means of each set."""
    base, only = bench_data("logistics", options), options.parts("only")
    prepare()
    rows: list[Row] = []
    for folder in [one for one in SETS if options.text("set", one) == one]:
        paths = sorted([*(base / folder).glob("*.vrp"), *(base / folder).glob("l*.txt")])
        paths = [path for path in paths if not only or any(part in path.stem for part in only)]
        results = [_instance(folder, path, options, runs) for path in paths]
        rows += [row for found in results for row in found.rows]
        rows += _means(f"{folder}_mean_gap", "%", [found.gaps for found in results], runs)
        rows += _means(f"{folder}_mean_more_vehicles", "", [found.more for found in results if found.more], runs)
    return rows


@dataclass(frozen=True, slots=True)
class Found:
    """Rows of one instance; by solver the gap in percent and, where vehicles come first, how many more than best-known."""

    rows: list[Row]
    gaps: dict[str, float]
    more: dict[str, float]


def _instance(kind: str, path: Path, options: Options, runs: int) -> Found:
    vehicles, best = best_known(path)
    problem = load_problem(path)
    ours: list[float] = []
    theirs: dict[str, list[float]] = {}
    more: dict[str, list[int]] = {}
    versions: dict[str, str] = {}
    rows: list[Row] = []
    spent = []
    first = options.whole("seed", 1)
    for seed in range(first, first + runs):
        found, cpu = _ours(path, options, seed)
        spent.append(cpu)
        ours.append((found["cost"] / best - 1) * 100)
        more.setdefault("yunqi", []).append(len(found["routes"]) - vehicles)
        for name, answer in _peers(kind, problem, cpu, seed, options).items():
            if "absent" in answer:
                rows += [Row(f"{path.stem}_{name}", 0, "absent", answer["absent"])] if seed == first else []
                continue
            versions[name] = answer["version"]
            theirs.setdefault(name, []).append((answer["cost"] / best - 1) * 100)
            more.setdefault(name, []).append(answer["vehicles"] - vehicles)
    mean = float(np.mean(ours))
    rows.insert(0, Row(f"{path.stem}_cpu_seconds", float(np.mean(spent)), "s", runs=runs))
    fleets = {name: float(np.mean(counts)) for name, counts in more.items()} if vehicles else {}
    for name, count in reversed(fleets.items()):
        rows.insert(0, Row(f"{path.stem}_{'' if name == 'yunqi' else f'{name}_'}more_vehicles", count, "", runs=runs))
    for name, gaps in theirs.items():
        label = f"{name} {versions[name]}"
        rows.append(Row(f"{path.stem}_gap", mean, "%", label, float(np.mean(gaps)), None, runs, max(ours) - min(ours)))
    if not theirs:
        rows.append(Row(f"{path.stem}_gap", mean, "%", None, None, None, runs, max(ours) - min(ours)))
    means = {"yunqi": mean} | {name: float(np.mean(gaps)) for name, gaps in theirs.items()}
    return Found(rows, means, fleets)


def _means(metric: str, unit: str, found: list[dict[str, float]], runs: int) -> list[Row]:
    if not found:
        return []
    rows = [Row(metric, float(np.mean([one["yunqi"] for one in found])), unit, runs=runs)]
    for name in sorted({name for one in found for name in one} - {"yunqi"}):
        both = [one for one in found if name in one]
        ours, theirs = (float(np.mean([one[key] for one in both])) for key in ("yunqi", name))
        rows.append(Row(f"{metric}_on_{len(both)}", ours, unit, name, theirs, None, runs))
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


def _ours(path: Path, options: Options, seed: int) -> tuple[dict[str, Any], float]:
    seconds = options.number("seconds", 60)
    if options.text("clock") == "cpu":
        begun = time.process_time()
        budget = Budget.of_processor(seconds, threads=2)
        plan = solve(load_problem(path), LogisticsConfig(), budget=budget, seed=seed)
        return {"cost": plan.cost, "routes": plan.routes}, time.process_time() - begun
    command = [sys.executable, "-m", "yunqi", "logistics", "solve", str(path), "--json", "--seconds", str(seconds)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*command, "--seed", str(seed)], capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found: dict[str, Any] = msgspec.json.decode(done.stdout)
    return found, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _peers(kind: str, problem: Problem, cpu: float, seed: int, options: Options) -> dict[str, dict[str, Any]]:
    if len(problem.tasks) > LARGEST:
        return {}
    wanted = options.parts("beside") or tuple(peer_routes.PEERS)
    names = [name for name, (_, kinds) in peer_routes.PEERS.items() if kind in kinds and name in wanted]
    return beside(problem, names, cpu, seed, options)


def beside(
    problem: Problem, names: list[str], cpu: float, seed: int, options: Options, warm: list[list[int]] | None = None
) -> dict[str, dict[str, Any]]:
    """Let peers plan a problem for so many CPU seconds each, and return their cost, vehicles and version, or why not.

    Parameters
    ----------
    warm
        Routes to start from, tasks counted from 1.
    """
    with tempfile.TemporaryDirectory(prefix="yunqi-peers-") as folder:
        task, matrix = Path(folder) / "task.json", Path(folder) / "matrix.npy"
        lists, far = plain_form(problem)
        task.write_text(json.dumps(lists | {"seconds": cpu, "seed": seed, "warm": warm}))
        np.save(matrix, far)
        return {name: _peer(name, task, matrix, problem, cpu, options) for name in names}


def _peer(name: str, task: Path, matrix: Path, problem: Problem, cpu: float, options: Options) -> dict[str, Any]:
    found = peer_answer(peer_routes.__file__, name, str(task), str(matrix), timeout=30 * cpu + 120, options=options)
    if "absent" in found:
        return found
    stops = [[problem.tasks[stop - 1].id for stop in route] for route in found["routes"]]
    routes = [Route(problem.vehicles[k].id, tuple(route)) for k, route in enumerate(stops)]
    verdict = check_plan(problem, routes)
    if verdict.broken or verdict.unserved:
        return {
            "absent": f"no valid plan: {(*verdict.broken, *(f'{key} is not served' for key in verdict.unserved))[0]}"
        }
    return found | {"cost": verdict.cost, "vehicles": verdict.vehicles}
