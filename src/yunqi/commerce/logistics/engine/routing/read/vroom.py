"""VROOM's JSON: jobs, shipments, vehicles, matrices."""

from typing import Any

from yunqi.commerce.logistics.engine.routing.read.fields import Fields
from yunqi.commerce.logistics.engine.routing.read.rich import read_rich
from yunqi.commerce.logistics.model import BadProblem, Problem

_TOP = {"jobs", "shipments", "vehicles", "matrices", "matrix"}
_JOB = {
    "id", "description", "location", "location_index", "setup", "service", "delivery", "pickup", "skills", "priority",
    "time_windows",
}  # fmt: skip
_SHIPMENT = {"amount", "skills", "priority", "pickup", "delivery"}
_STEP = {"id", "description", "location", "location_index", "setup", "service", "time_windows"}
_VEHICLE = {
    "id", "profile", "description", "start", "start_index", "end", "end_index", "capacity", "costs", "skills",
    "time_window", "breaks", "speed_factor", "max_tasks", "max_travel_time", "max_distance",
}  # fmt: skip


def is_vroom(document: dict[str, Any]) -> bool:
    """Whether a document looks like VROOM's form: jobs, or shipments whose halves are VROOM's."""
    if "jobs" in document or "matrices" in document:
        return True
    found = document.get("shipments")
    return bool(found) and "tasks" not in document and isinstance(found, list) and "amount" in str(found[0])


def read_vroom(document: dict[str, Any], *, name: str) -> Problem:
    """Read a VROOM input; what cannot be kept to the letter is refused by name.

    Costs follow VROOM's default: the sum of travel times. ``skills`` and ``priority`` keep their meaning; a job that
    fits nowhere is left out with its reasons.
    """
    top = Fields(document, name, _TOP)
    vehicles = [Fields(one, f"vehicles[{k}]", _VEHICLE) for k, one in enumerate(top.items("vehicles"))]
    jobs = [Fields(one, f"jobs[{k}]", _JOB) for k, one in enumerate(top.items("jobs"))]
    width = max(
        [len(f.items(key)) for f in (*vehicles, *jobs) for key in ("capacity", "delivery", "pickup") if f.has(key)]
        or [1]
    )
    ours: dict[str, Any] = {"name": name, "dimensions": [f"amount{k + 1}" for k in range(max(width, 1))]}
    matrix = _matrix(top, name)
    if matrix is not None:
        ours["matrix"] = matrix
    ours["vehicles"] = [_vehicle(f, width) for f in vehicles]
    ours["tasks"] = [_job(f, width) for f in jobs]
    ours["shipments"] = [_shipment(one, f"shipments[{k}]", width) for k, one in enumerate(top.items("shipments"))]
    problem = read_rich(ours, name=name)
    values = {key: getattr(problem, key) for key in Problem.__slots__}
    return Problem(**values | {"numeric_ids": True})


def _matrix(top: Fields, name: str) -> dict[str, Any] | None:
    if top.has("matrix"):
        return {"distances": top.raw("matrix"), "durations": top.raw("matrix")}
    if not top.has("matrices"):
        return None
    profiles = Fields(top.raw("matrices"), f"{name}.matrices", set(top.raw("matrices")))
    if len(top.raw("matrices")) != 1:
        raise BadProblem(f"{name}.matrices: one profile is read, these are {', '.join(top.raw('matrices'))}.")
    profile = next(iter(top.raw("matrices")))
    f = Fields(profiles.raw(profile), f"{name}.matrices.{profile}", {"durations", "distances", "costs"})
    cost = f.raw("costs", f.raw("durations"))
    return {"distances": cost, "durations": f.raw("durations", cost)}


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


def _vehicle(f: Fields, width: int) -> dict[str, Any]:
    if f.number("speed_factor", 1.0) != 1.0:
        raise f.wrong("speed_factor", f.raw("speed_factor"), "1; give a matrix of its own instead")
    made: dict[str, Any] = {"id": f.text("id"), "start": _place(f, "start"), "end": _place(f, "end")}
    made["capacity"] = _load(f, "capacity", width) if f.has("capacity") else None
    made["skills"] = list(f.texts("skills"))
    made |= {"window_s": f.raw("time_window"), "max_tasks": f.raw("max_tasks"), "max_distance_m": f.raw("max_distance")}
    made["max_time_s"] = f.raw("max_travel_time")
    costs = Fields(f.raw("costs", {}), f"{f.path}.costs", {"fixed", "per_hour", "per_km"})
    made["fixed_cost"] = costs.raw("fixed", 0)
    if costs.has("per_hour") or costs.has("per_km"):
        made |= {"cost_per_s": costs.number("per_hour", 3600) / 3600, "cost_per_m": costs.number("per_km", 0) / 1000}
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
    made |= {"skills": list(f.texts("skills")), "priority": f.integer("priority", 0)}
    return {key: value for key, value in made.items() if value is not None}


def _shipment(value: Any, path: str, width: int) -> dict[str, Any]:
    f = Fields(value, path, _SHIPMENT)
    made: dict[str, Any] = {"id": path, "load": _load(f, "amount", width), "skills": list(f.texts("skills"))}
    made["priority"] = f.integer("priority", 0)
    for side in ("pickup", "delivery"):
        half = Fields(f.raw(side), f"{path}.{side}", _STEP)
        step = {"id": half.text("id"), "location": _place(half, "location"), "windows_s": half.raw("time_windows")}
        step["service_s"] = half.integer("service", 0) + half.integer("setup", 0)
        made[side] = {key: value for key, value in step.items() if value is not None}
    return made
