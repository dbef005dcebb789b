"""`yunqi bench days`: generated days (synthetic) with rules of real ones, beside VROOM on the same CPU seconds.

Breaks, two windows a stop, skills, and limits of stops, which the published sets do not have. Both get the same document
in VROOM's JSON form. Ours is checked; VROOM's cost is its own word. The search was not tuned on seeds from 11 on.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from yunqi.app.bench.forms import planned_beside
from yunqi.app.bench.model import Options, Row
from yunqi.commerce.logistics import prepare
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
    sizes = [size for size in SIZES if not options.text("stops") or size[0] == options.whole("stops", size[0])]
    rows: list[Row] = []
    for stops, vehicles in sizes:
        for rules in RULES:
            days = [
                _both(generated_day(stops, vehicles, rules, seed=seed), seconds, seed, options)
                for seed in range(first, first + runs)
            ]
            rows += _rows(f"{stops}_{rules.replace('+', '_')}", days)
    dearer = [(row.peer_value / row.value - 1) * 100 for row in rows if row.peer_value is not None]
    if dearer:
        rows.append(
            Row("vroom_dearer_by", float(np.mean(dearer)), "%", f"mean of {len(dearer)} kinds of days", runs=runs)
        )
    return rows


def _rows(name: str, days: Sequence[tuple[float, float, dict[str, Any]]]) -> list[Row]:
    """Return the rows of one kind of days; the peer's mean only where it serves every stop of each."""
    ours, spent, answers = zip(*days, strict=True)
    theirs = [found["cost"] for found in answers if "cost" in found and not found["unassigned"]]
    if len(theirs) == len(days):
        label, mean = f"VROOM {answers[0]['version']}", float(np.mean(theirs))
    else:
        label, mean = next((one["absent"] for one in answers if "absent" in one), "VROOM leaves stops out"), None
    return [
        Row(f"{name}_cost", float(np.mean(ours)), "s", label, mean, None, len(days), max(ours) - min(ours)),
        Row(f"{name}_cpu_seconds", float(np.mean(spent)), "s", runs=len(days)),
    ]


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
    plan, cpu, found = planned_beside("vroom_form", document, seconds, seed, options)
    return (float("inf") if plan.unserved else plan.cost), cpu, found
