"""`yunqi bench days`: generated days (synthetic) with rules of real ones, beside VROOM on the same CPU seconds.

Breaks, two windows a stop, skills, and limits of stops, which the published sets do not have. Both get the same document
in VROOM's JSON form. Ours is checked; VROOM's cost is its own word. The search was not tuned on seeds from 11 on.
"""

import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from yunqi.app.bench import peer_routes
from yunqi.app.bench.model import Options, Row
from yunqi.app.bench.peers import peer_answer
from yunqi.commerce.logistics import Budget, LogisticsConfig, load_problem, prepare, solve
from yunqi.kernel import Invalid

FIRST_SEED = 11
SIZES = ((200, 14), (1000, 60))
"""Stops and vehicles."""
RULES = ("breaks", "breaks+windows", "stops", "breaks+windows+skills")
HOUR = 3600


def run(runs: int, options: Options) -> list[Row]:
    """Plan ``runs`` days of each size and kind of rules; return costs, and how much dearer the peer's are."""
    seconds, first = options.number("seconds", 10), options.whole("seed", FIRST_SEED)
    prepare()
    rows, ours_all, theirs_all = [], [], []
    for stops, vehicles in SIZES:
        if options.text("stops") and stops != options.whole("stops", stops):
            continue
        for rules in RULES:
            ours, theirs, spent, label = [], [], [], ""
            for seed in range(first, first + runs):
                document = generated_day(stops, vehicles, rules, seed=seed)
                cost, cpu, found = _both(document, seconds, seed, options)
                ours.append(cost)
                spent.append(cpu)
                if "cost" in found and not found["unassigned"]:
                    theirs.append(found["cost"])
                    label = f"VROOM {found['version']}"
                else:
                    label = found.get("absent", "VROOM leaves stops out")
            name, mean = f"{stops}_{rules.replace('+', '_')}", float(np.mean(ours))
            whole = len(theirs) == runs
            rows.append(
                Row(
                    f"{name}_cost",
                    mean,
                    "s",
                    label,
                    float(np.mean(theirs)) if whole else None,
                    None,
                    runs,
                    max(ours) - min(ours),
                )
            )
            rows.append(Row(f"{name}_cpu_seconds", float(np.mean(spent)), "s", runs=runs))
            if whole:
                ours_all.append(mean)
                theirs_all.append(float(np.mean(theirs)))
    if ours_all:
        dearer = float(np.mean([(b / a - 1) * 100 for a, b in zip(ours_all, theirs_all, strict=True)]))
        rows.append(Row("vroom_dearer_by", dearer, "%", f"mean of {len(ours_all)} kinds of days", runs=runs))
    return rows


def generated_day(stops: int, vehicles: int, rules: str, *, seed: int) -> dict[str, Any]:
    """Return a day in VROOM's JSON form: clustered stops in a square of 20 km, 8 m/s, vans full to seven eighths.

    Parameters
    ----------
    rules
        Any of ``breaks`` (45 minutes around noon), ``windows`` (two for half of the stops), ``skills`` (one stop in seven
        needs what half of the vans have) and ``stops`` (a limit of stops a van), joined by ``+``.
    """
    asked = set(rules.split("+"))
    if asked - {"breaks", "windows", "skills", "stops"}:
        raise Invalid(f"{rules!r} names rules that no generated day has.", "rules")
    draw = np.random.default_rng(seed)
    centres = draw.integers(0, 20_000, (8, 2))
    around = centres[draw.integers(0, 8, stops)] + draw.normal(0, 1800, (stops, 2))
    xy = np.concatenate([[[10_000, 10_000]], np.clip(around, 0, 20_000)])
    gaps = xy[:, None] - xy[None]
    times = np.rint(np.hypot(gaps[..., 0], gaps[..., 1]) / 8).astype(int)
    jobs: list[dict[str, Any]] = []
    for k in range(1, stops + 1):
        job = {"id": k, "location_index": k, "service": 180, "delivery": [int(draw.integers(1, 5))]}
        chance, opens = draw.random(), int(draw.integers(8, 12)) * HOUR
        if "windows" in asked and chance < 0.5:
            job["time_windows"] = [[opens, opens + 5400], [opens + 4 * HOUR, opens + 4 * HOUR + 5400]]
        if "skills" in asked and chance > 0.85:
            job["skills"] = [1]
        jobs.append(job)
    room = int(np.ceil(2.5 * stops / vehicles * 1.15))
    fleet: list[dict[str, Any]] = []
    for k in range(vehicles):
        van: dict[str, Any] = {"id": k + 1, "profile": "car", "start_index": 0, "end_index": 0, "capacity": [room]}
        van["time_window"] = [8 * HOUR, 18 * HOUR]
        if "breaks" in asked:
            van["breaks"] = [{"id": 1, "time_windows": [[11 * HOUR + 1800, 13 * HOUR + 1800]], "service": 2700}]
        if "skills" in asked:
            van["skills"] = [1] if k % 2 else []
        if "stops" in asked:
            van["max_tasks"] = int(stops / vehicles * 1.2)
        fleet.append(van)
    return {"jobs": jobs, "vehicles": fleet, "matrices": {"car": {"durations": times.tolist()}}}


def _both(document: dict[str, Any], seconds: float, seed: int, options: Options) -> tuple[float, float, dict[str, Any]]:
    """Return what our plan costs (infinitely much if a stop is left out), its CPU seconds, and the peer's answer."""
    with tempfile.TemporaryDirectory(prefix="yunqi-peers-") as folder:
        file = Path(folder) / "day.json"
        file.write_text(json.dumps(document))
        begun = time.process_time()
        budget = Budget.of_processor(seconds, threads=2) if options.text("clock") == "cpu" else Budget(seconds)
        plan = solve(load_problem(file), LogisticsConfig(), budget=budget, seed=seed)
        cpu = time.process_time() - begun
        found = peer_answer(
            peer_routes.__file__, "vroom_form", str(file), str(cpu), timeout=30 * cpu + 120, options=options
        )
    return (float("inf") if plan.unserved else plan.cost), cpu, found
