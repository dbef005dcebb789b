"""VROOM's JSON: jobs, shipments, vehicles, matrices."""

import dataclasses
from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.routing.read.fields import Fields
from yunqi.commerce.logistics.engine.routing.read.places import table
from yunqi.commerce.logistics.engine.routing.read.rich import read_rich
from yunqi.commerce.logistics.model import BadProblem, Problem, Travel

_TOP = {"jobs", "shipments", "vehicles", "matrices", "matrix", "options"}
_JOB = {
    "id", "description", "location", "location_index", "setup", "service", "delivery", "pickup", "skills", "priority",
    "time_windows",
}  # fmt: skip
_SHIPMENT = {"amount", "skills", "priority", "pickup", "delivery"}
_COSTS = {"fixed", "per_hour", "per_km"}
_STEP = {"id", "description", "location", "location_index", "setup", "service", "time_windows"}
_VEHICLE = {
    "id", "profile", "description", "start", "start_index", "end", "end_index", "capacity", "costs", "skills",
    "time_window", "breaks", "speed_factor", "max_tasks", "max_travel_time", "max_distance", "steps",
}  # fmt: skip
_Tables = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]


def is_vroom(document: dict[str, Any]) -> bool:
    """Whether a document looks like VROOM's form: jobs, or shipments whose halves are VROOM's."""
    if "jobs" in document or "matrices" in document:
        return True
    found = document.get("shipments")
    return bool(found) and "tasks" not in document and isinstance(found, list) and "amount" in str(found[0])


def read_vroom(document: dict[str, Any], *, name: str) -> Problem:
    """Read a VROOM input; what cannot be kept to the letter is refused by name, and what is left out is said.

    Costs are VROOM's: ``fixed``, ``per_hour`` (3600) of the time on the road, ``per_km`` (0) of the way; or those of a
    matrix of ``costs``. ``skills`` and ``priority`` keep their meaning; a job that fits nowhere is left out with its reasons.
    """
    top = Fields(document, name, _TOP)
    vehicles = [Fields(one, f"vehicles[{k}]", _VEHICLE) for k, one in enumerate(top.items("vehicles"))]
    jobs = [Fields(one, f"jobs[{k}]", _JOB) for k, one in enumerate(top.items("jobs"))]
    shipments = [Fields(one, f"shipments[{k}]", _SHIPMENT) for k, one in enumerate(top.items("shipments"))]
    amounts = [(f, key) for f in (*vehicles, *jobs, *shipments) for key in ("capacity", "delivery", "pickup", "amount")]
    width = max([len(f.items(key)) for f, key in amounts if isinstance(f.raw(key), list)] or [1])
    ours: dict[str, Any] = {"name": name, "dimensions": [f"amount{k + 1}" for k in range(max(width, 1))]}
    repairs: list[str] = []
    matrices = _matrices(top, name, repairs)
    if matrices:
        first = next(iter(matrices.values()))[0][0]
        ours["matrix"] = {"distances": [[0] * len(first)] * len(first)}
    by_way = _counts_ways(vehicles, matrices)
    ours["vehicles"] = [_vehicle(f, width, by_way=by_way) for f in vehicles]
    ours["tasks"] = [_job(f, width) for f in jobs]
    ours["shipments"] = [_shipment(f, width) for f in shipments]
    repairs += _told_apart(ours) + _left_out(top, vehicles, ours)
    problem = read_rich(ours, name=name)
    travel, which = _travel(problem.travel, vehicles, matrices, name, by_way=by_way)
    fleet = tuple(dataclasses.replace(v, travels=k) for v, k in zip(problem.vehicles, which, strict=True))
    return dataclasses.replace(
        problem, vehicles=fleet, travel=travel, numeric_ids=True, repairs=(*problem.repairs, *repairs)
    )  # fmt: skip


def _matrices(top: Fields, name: str, repairs: list[str]) -> dict[str, tuple[_Tables, bool, bool]]:
    """Return for each profile its distances (or costs) and durations, whether they are costs, and whether ways are known."""
    if top.has("matrix"):
        one = table(top.raw("matrix"), f"{name}.matrix", repairs)
        return {"car": ((one, one), False, False)}
    found: dict[str, tuple[_Tables, bool, bool]] = {}
    given = top.raw("matrices", {})
    profiles = Fields(given, f"{name}.matrices", set(given) if isinstance(given, dict) else set())
    for profile in given:
        f = Fields(profiles.raw(profile), f"{name}.matrices.{profile}", {"durations", "distances", "costs"})
        kinds = {k: table(f.raw(k), f"{f.path}.{k}", repairs) for k in ("durations", "distances", "costs") if f.has(k)}
        if not kinds:
            raise BadProblem(f"{f.path} has no durations.", param=f.path)
        long = kinds.get("durations", kinds.get("costs", kinds.get("distances")))
        far = kinds.get("costs", kinds.get("distances", long))
        if far is None or long is None or far.shape != long.shape:
            raise BadProblem(f"{f.path}: its matrices have different sizes.", param=f.path)
        found[profile] = ((far, long), "costs" in kinds, "distances" in kinds and "costs" not in kinds)
    if len({len(one[0][0]) for one in found.values()}) > 1:
        raise BadProblem(f"{name}.matrices: the profiles have matrices of different sizes.", param="matrices")
    return found


def _counts_ways(vehicles: list[Fields], matrices: dict[str, tuple[_Tables, bool, bool]]) -> bool:
    """Whether kilometres matter, which a matrix then has to tell."""
    wants = [
        f for f in vehicles if f.has("max_distance") or Fields(f.raw("costs", {}), f.path, _COSTS).number("per_km", 0)
    ]
    for f in wants:
        if matrices and not all(known for _, _, known in matrices.values()):
            raise BadProblem(
                f"{f.path} counts kilometres (per_km or max_distance); each profile then needs distances and no costs.",
                param=f.path,
            )
    return bool(wants)


def _travel(
    travel: Travel, vehicles: list[Fields], matrices: dict[str, tuple[_Tables, bool, bool]], name: str, *, by_way: bool
) -> tuple[Travel, list[int]]:
    """Return the ways of the fleet, and which of them each vehicle has: one for each profile and speed."""
    wanted = [(f.text("profile", "car"), f.number("speed_factor", 1.0)) for f in vehicles]
    for f, (profile, factor) in zip(vehicles, wanted, strict=True):
        if matrices and profile not in matrices and (len(matrices) > 1 or f.has("profile")):
            raise BadProblem(
                f"{f.path}.profile is {profile!r}; the matrices are of {', '.join(matrices)}.",
                param=f"{f.path}.profile",
            )
        if not 0 < factor <= 5:
            raise f.wrong("speed_factor", factor, "above 0 and at most 5")
    kinds = list(dict.fromkeys(wanted))
    made: list[_Tables] = []
    for profile, factor in kinds:
        (far, long), are_costs, _ = matrices.get(profile) or next(iter(matrices.values()), ((None, None), False, False))
        if far is None or long is None:
            if travel.distances is None or travel.durations is None:
                raise BadProblem(f"{name} has more places than are planned without a matrix in this form.")
            far, long = travel.distances, travel.durations
        slower = np.ceil(long / factor - 1e-9).astype(np.int32)
        made.append((far if by_way or are_costs else slower, slower))
    plain = dataclasses.replace(travel, distances=made[0][0], durations=made[0][1], more=tuple(made[1:]))
    if travel.estimate is not None and (len(made) > 1 or not by_way or kinds[0][1] != 1.0):
        plain = dataclasses.replace(plain, points=None, estimate=None)  # a new place would need more than the estimate
    return plain, [kinds.index(one) for one in wanted]


def _told_apart(ours: dict[str, Any]) -> list[str]:
    """Jobs, pickups and deliveries each have ids of their own; those that clash are named apart."""
    halves = [(side, one[side]) for one in ours["shipments"] for side in ("pickup", "delivery")]
    counts = Counter([one["id"] for one in ours["tasks"]] + [half["id"] for _, half in halves])
    clashing = sorted({half["id"] for _, half in halves if counts[half["id"]] > 1})
    for side, half in halves:
        if half["id"] in clashing:
            half["id"] = f"{side} {half['id']}"
    if not clashing:
        return []
    return [
        f"the ids {', '.join(clashing[:5])} stand for several of jobs, pickups and deliveries: 'pickup ID', 'delivery ID'"
    ]


def _left_out(top: Fields, vehicles: list[Fields], ours: dict[str, Any]) -> list[str]:
    found = [
        f"{f.path}.steps are no part of a problem: give a plan in force to replan" for f in vehicles if f.has("steps")
    ]
    if top.has("options"):
        found.append("options are not used: the budget is given beside the problem")
    halves = [one[side] for one in ours["shipments"] for side in ("pickup", "delivery")]
    stops = [str(one["location"]) for one in (*ours["tasks"], *halves) if one.pop("setup")]
    if len(set(stops)) < len(stops):
        found.append("setup is counted at each stop, also where the stop before is at the same place")
    return found


def _place(f: Fields, key: str) -> Any:
    index = f"{key}_index"
    if f.has(index):
        return f.integer(index)
    if not f.has(key):
        return None
    pair = f.raw(key)
    if not isinstance(pair, list) or len(pair) != 2:
        raise f.wrong(key, pair, "[longitude, latitude]")
    return {"lon": pair[0], "lat": pair[1]}


def _load(f: Fields, key: str, width: int) -> list[Any]:
    found = f.items(key) if f.has(key) else []
    return [*found, *[0] * (width - len(found))]


def _vehicle(f: Fields, width: int, *, by_way: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"id": f.text("id"), "start": _place(f, "start"), "end": _place(f, "end")}
    made["capacity"] = _load(f, "capacity", width) if f.has("capacity") else None
    made["skills"] = list(f.texts("skills"))
    made |= {"window_s": f.raw("time_window"), "max_tasks": f.raw("max_tasks"), "max_distance_m": f.raw("max_distance")}
    made["max_drive_s"] = f.raw("max_travel_time")
    costs = Fields(f.raw("costs", {}), f"{f.path}.costs", _COSTS)
    made["fixed_cost"] = costs.raw("fixed", 0)
    hourly = costs.number("per_hour", 3600) / 3600
    if by_way:
        made |= {"cost_per_drive_s": hourly, "cost_per_m": costs.number("per_km", 0) / 1000}
    else:  # the way then stands for its time, and the quick search can be used
        made["cost_per_m"] = hourly
    pauses = [
        Fields(one, f"{f.path}.breaks[{k}]", {"id", "description", "time_windows", "service", "max_load"})
        for k, one in enumerate(f.items("breaks"))
    ]
    for pause in pauses:
        if len(pause.items("time_windows")) != 1 or pause.has("max_load"):
            raise BadProblem(f"{pause.path}: a break with exactly one time window and no max_load is read.")
    made["breaks"] = [{"window_s": p.items("time_windows")[0], "duration_s": p.integer("service", 0)} for p in pauses]
    return {key: value for key, value in made.items() if value is not None or key == "end"}


def _job(f: Fields, width: int) -> dict[str, Any]:
    if f.has("delivery") and f.has("pickup") and any(f.items("delivery")) and any(f.items("pickup")):
        raise BadProblem(f"{f.path} both delivers and picks up; give two jobs.", param=f.path)
    kind = "pickup" if f.has("pickup") and any(f.items("pickup")) else "delivery"
    made = {"id": f.text("id"), "location": _place(f, "location"), "kind": kind, "load": _load(f, kind, width)}
    made |= {"service_s": f.integer("service", 0) + f.integer("setup", 0), "windows_s": f.raw("time_windows")}
    made |= {"skills": list(f.texts("skills")), "priority": f.integer("priority", 0), "setup": f.integer("setup", 0)}
    return {key: value for key, value in made.items() if value is not None}


def _shipment(f: Fields, width: int) -> dict[str, Any]:
    path = f.path
    made: dict[str, Any] = {"id": path, "load": _load(f, "amount", width), "skills": list(f.texts("skills"))}
    made["priority"] = f.integer("priority", 0)
    for side in ("pickup", "delivery"):
        half = Fields(f.raw(side), f"{path}.{side}", _STEP)
        step = {"id": half.text("id"), "location": _place(half, "location"), "windows_s": half.raw("time_windows")}
        step["service_s"] = half.integer("service", 0) + half.integer("setup", 0)
        step["setup"] = half.integer("setup", 0)
        made[side] = {key: value for key, value in step.items() if value is not None}
    return made
