"""Our JSON: vehicles, tasks and shipments with everything that a plan can be asked to respect."""

from typing import Any

from yunqi.commerce.logistics.engine.routing.read.fields import Fields
from yunqi.commerce.logistics.engine.routing.read.places import Measure, Places
from yunqi.commerce.logistics.model import (
    FOREVER,
    BadProblem,
    Break,
    Objective,
    Problem,
    Task,
    TaskKind,
    Vehicle,
)

PROBLEM = {"name", "objective", "dimensions", "locations", "matrix", "vehicles", "tasks", "shipments", "travel"}
VEHICLE = {
    "id", "count", "start", "end", "capacity", "window_s", "skills", "fixed_cost", "cost_per_m", "cost_per_s",
    "max_distance_m", "max_time_s", "max_tasks", "breaks", "drive_limit_s", "drive_pause_s", "reloads", "range_m",
    "chargers", "charge_s", "fairness", "prefix", "speed_factor", "cost_per_drive_s", "max_drive_s", "reload_s", "departed_s",
}  # fmt: skip
TASK = {
    "id", "location", "kind", "load", "service_s", "windows_s", "skills", "prize", "priority", "vehicle", "group",
    "after", "name", "note",
}  # fmt: skip
SHIPMENT = {"id", "pickup", "delivery", "load", "skills", "prize", "priority", "vehicle", "group", "max_ride_s"}
HALF = {"id", "location", "service_s", "windows_s", "name", "note"}


def read_rich(document: dict[str, Any], *, name: str, measure: Measure | None = None) -> Problem:
    """Read our JSON form (times in seconds, distances in metres, whole numbers).

    Parameters
    ----------
    measure
        What knows the roads between the locations; None for the document's matrix or an estimate.

    Raises
    ------
    BadProblem
        For unknown keys, duplicate ids, unknown places, wrong amounts; names the field.
    """
    top = Fields(document, name, PROBLEM)
    dimensions = top.texts("dimensions") or ("amount",)
    places = Places(top, name, measure)
    vehicles = [one for k, value in enumerate(top.items("vehicles")) for one in _vehicle(value, k, places, dimensions)]
    if not vehicles:
        raise BadProblem(f"{name} has 0 vehicles; give at least one.", param="vehicles")
    tasks = [task_of(value, f"tasks[{k}]", places, dimensions) for k, value in enumerate(top.items("tasks"))]
    for k, value in enumerate(top.items("shipments")):
        tasks += shipment_of(value, f"shipments[{k}]", places, dimensions)
    if not tasks:
        raise BadProblem(f"{name} has nothing to do: no tasks and no shipments.", param="tasks")
    _references(tasks, vehicles)
    objective = top.text("objective", "cost")
    if objective not in set(Objective):
        raise BadProblem(f"{name}: objective {objective!r} is unknown; use cost or vehicles_first.", param="objective")
    return Problem(
        top.text("name", name), tuple(tasks), tuple(vehicles), places.travel(), Objective(objective),
        numeric_ids=_are_numbers(top), repairs=tuple(places.repairs), dimensions=dimensions, labels=places.labels(),
    )  # fmt: skip


def _are_numbers(top: Fields) -> bool:
    """Whether ids that look like numbers were given as numbers, and are to be given back so."""
    rows = [one for key in ("vehicles", "tasks", "shipments") for one in top.items(key)]
    rows += [one[side] for one in top.items("shipments") for side in ("pickup", "delivery") if side in one]
    ids = [one.get("id") for one in rows]
    texts = [one for one in ids if isinstance(one, str) and one.lstrip("-").isdigit()]
    return not texts and any(isinstance(one, int) for one in ids)


def amounts(fields: Fields, key: str, dimensions: tuple[str, ...], default: int) -> tuple[int, ...]:
    """Return an amount in each dimension, from a number, a list or an object by name."""
    value = fields.raw(key)
    if value is None:
        return (default,) * len(dimensions)
    if isinstance(value, dict):
        named = Fields(value, f"{fields.path}.{key}", dimensions)
        return tuple(named.integer(one, default) for one in dimensions)
    listed = value if isinstance(value, list) else [value]
    if len(listed) != len(dimensions):
        raise fields.wrong(key, value, f"{len(dimensions)} amounts, one for each of {', '.join(dimensions)}")
    named = Fields(dict(zip(dimensions, listed, strict=True)), f"{fields.path}.{key}", dimensions)
    return tuple(named.integer(one) for one in dimensions)


def _vehicle(value: Any, k: int, places: Places, dimensions: tuple[str, ...]) -> list[Vehicle]:
    f = Fields(value, f"vehicles[{k}]", VEHICLE)
    key, count = f.text("id", str(k + 1)), f.integer("count", 1, low=1)
    if count > 100_000:
        raise f.wrong("count", count, "at most 100000")
    start = places.index(f, "start") if f.has("start") else None
    end = places.index(f, "end") if f.has("end") else (None if "end" in value else start)
    stops = [
        Fields(one, f"{f.path}.breaks[{b}]", {"window_s", "duration_s"}) for b, one in enumerate(f.items("breaks"))
    ]
    chargers = tuple(places.of(one, f"{f.path}.chargers") for one in f.items("chargers"))
    made = Vehicle(
        key, start, end, amounts(f, "capacity", dimensions, FOREVER), f.window("window_s", (0, FOREVER)),
        frozenset(f.texts("skills")), f.integer("fixed_cost", 0), f.number("cost_per_m", 1.0), f.number("cost_per_s", 0.0),
        f.maybe("max_distance_m"), f.maybe("max_time_s"), f.maybe("max_tasks"),
        tuple(Break(one.window("window_s", (0, FOREVER)), one.integer("duration_s")) for one in stops),
        f.maybe("drive_limit_s"), f.integer("drive_pause_s", 0), f.integer("reloads", 0), f.maybe("range_m"), chargers,
        f.integer("charge_s", 0), f.integer("fairness", 0), f.texts("prefix"), f.number("cost_per_drive_s", 0.0),
        f.maybe("max_drive_s"), f.integer("reload_s", 0), f.maybe("departed_s"), places.speed(_factor(f)),
    )  # fmt: skip
    if made.departed is not None and made.departed < made.window[0]:
        raise f.wrong("departed_s", made.departed, f"not before its window, which opens at {made.window[0]}")
    if count == 1:
        return [made]
    if made.prefix:
        raise f.wrong("prefix", list(made.prefix), "left out where count is more than 1")
    return [_named(made, f"{key}-{n + 1}") for n in range(count)]


def _factor(f: Fields) -> float:
    factor = f.number("speed_factor", 1.0)
    if not 0.1 <= factor <= 10:
        raise f.wrong("speed_factor", factor, "between 0.1 and 10: 2 goes twice as fast as the problem's times")
    return factor


def _named(vehicle: Vehicle, key: str) -> Vehicle:
    values = {name: getattr(vehicle, name) for name in Vehicle.__slots__}
    return Vehicle(**values | {"id": key})


def task_of(value: Any, path: str, places: Places, dimensions: tuple[str, ...]) -> Task:
    """Read one task."""
    f = Fields(value, path, TASK)
    kind = f.text("kind", "delivery")
    if kind not in ("delivery", "pickup", "service"):
        raise f.wrong("kind", kind, "delivery, pickup or service; pairs belong under shipments")
    return Task(
        f.text("id"), places.index(f, "location"), TaskKind(kind), amounts(f, "load", dimensions, 0),
        f.integer("service_s", 0), f.windows("windows_s"), frozenset(f.texts("skills")), None, f.maybe("prize"),
        f.integer("priority", 0), f.text("vehicle") if f.has("vehicle") else None,
        f.text("group") if f.has("group") else None, f.texts("after"),
    )  # fmt: skip


def shipment_of(value: Any, path: str, places: Places, dimensions: tuple[str, ...]) -> list[Task]:
    """Read the two halves of a shipment."""
    f = Fields(value, path, SHIPMENT)
    key = f.text("id")
    halves = [Fields(f.raw(side, {}), f"{path}.{side}", HALF) for side in ("pickup", "delivery")]
    ids = [half.text("id", f"{key}:{side}") for half, side in zip(halves, ("pickup", "delivery"), strict=True)]
    load, ride = amounts(f, "load", dimensions, 0), f.maybe("max_ride_s")
    kinds = (TaskKind.SHIPMENT_PICKUP, TaskKind.SHIPMENT_DELIVERY)
    return [
        Task(
            ids[side], places.index(half, "location"), kinds[side], load, half.integer("service_s", 0),
            half.windows("windows_s"), frozenset(f.texts("skills")), ids[1 - side], f.maybe("prize"),
            f.integer("priority", 0), f.text("vehicle") if f.has("vehicle") else None,
            f.text("group") if f.has("group") else None, (), ride,
        )
        for side, half in enumerate(halves)
    ]  # fmt: skip


def _references(tasks: list[Task], vehicles: list[Vehicle]) -> None:
    for what, ids in (("vehicle", [one.id for one in vehicles]), ("task", [one.id for one in tasks])):
        seen: set[str] = set()
        for key in ids:
            if key in seen:
                raise BadProblem(f"Two {what}s have the id {key!r}; ids have to differ.", param=f"{what}s")
            seen.add(key)
    known, of = {one.id for one in vehicles}, {one.id for one in tasks}
    for task in tasks:
        if task.vehicle is not None and task.vehicle not in known:
            raise BadProblem(f"Task {task.id!r} is pinned to the vehicle {task.vehicle!r}, which is not there.")
        for other in task.after:
            if other not in of or other == task.id:
                raise BadProblem(f"Task {task.id!r} has to come after {other!r}, which is no other task.")
    _no_circle(tasks)
    _prefixes(tasks, vehicles)


def _prefixes(tasks: list[Task], vehicles: list[Vehicle]) -> None:
    by_id = {one.id: one for one in tasks}
    locked: dict[str, str] = {}
    for vehicle in vehicles:
        for at, key in enumerate(vehicle.prefix):
            if key not in by_id:
                raise BadProblem(f"The prefix of vehicle {vehicle.id!r} names {key!r}, which is no task.")
            if key in locked:
                raise BadProblem(f"Task {key!r} is in the prefix of {locked[key]!r} and again of {vehicle.id!r}.")
            locked[key] = vehicle.id
            task = by_id[key]
            if task.vehicle not in (None, vehicle.id):
                raise BadProblem(f"Task {key!r} is pinned to {task.vehicle!r}, but in the prefix of {vehicle.id!r}.")
            if task.kind is TaskKind.SHIPMENT_DELIVERY and task.partner not in vehicle.prefix[:at]:
                raise BadProblem(f"The prefix of {vehicle.id!r} brings {key!r} before it fetches {task.partner!r}.")


def _no_circle(tasks: list[Task]) -> None:
    waits = {task.id: set(task.after) for task in tasks if task.after}
    while free := [key for key, others in waits.items() if not any(other in waits for other in others)]:
        for key in free:
            del waits[key]
    if not waits:
        return
    path = [next(iter(waits))]
    while path[-1] not in path[:-1]:
        path.append(next(other for other in sorted(waits[path[-1]]) if other in waits))
    raise BadProblem(
        f"Tasks wait for each other in a circle: {', '.join(path[path.index(path[-1]) :])}.", param="tasks"
    )
