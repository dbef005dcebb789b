"""What happens during a day: events change a problem; done stops are frozen; two plans are compared."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from yunqi.commerce.logistics.engine.routing.check import follow
from yunqi.commerce.logistics.engine.routing.read.fields import Fields
from yunqi.commerce.logistics.engine.routing.read.places import Places
from yunqi.commerce.logistics.engine.routing.read.rich import task_of
from yunqi.commerce.logistics.model import BadProblem, Change, Problem, Route, Task, TaskKind, Vehicle

EVENTS = {
    "order_added": {"type", "task"},
    "order_cancelled": {"type", "id"},
    "stop_done": {"type", "id"},
    "vehicle_down": {"type", "vehicle"},
    "delay": {"type", "vehicle", "seconds"},
    "pinned": {"type", "id", "vehicle"},
    "travel_time": {"type", "from", "to", "percent"},
}


def after_events(problem: Problem, routes: Sequence[Route], events: Sequence[Any]) -> tuple[Problem, set[str]]:
    """Return the problem as it is after the events, and the ids of the tasks that something happened to.

    Raises
    ------
    BadProblem
        For an unknown event, task or vehicle; names the event.
    """
    touched: set[str] = set()
    for k, value in enumerate(events):
        kind = value.get("type") if isinstance(value, dict) else None
        if kind not in EVENTS:
            raise BadProblem(
                f"events[{k}] has the type {kind!r}; known: {', '.join(EVENTS)}.", param=f"events[{k}].type"
            )
        fields = Fields(value, f"events[{k}]", EVENTS[str(kind)])
        problem, ids = _apply(problem, routes, str(kind), fields)
        touched |= ids
    return problem, touched


def _apply(problem: Problem, routes: Sequence[Route], kind: str, f: Fields) -> tuple[Problem, set[str]]:
    tasks = {task.id: task for task in problem.tasks}
    vehicles = {vehicle.id: vehicle for vehicle in problem.vehicles}
    if kind == "order_added":
        places = Places.of_problem(problem)
        task = task_of(f.raw("task"), f"{f.path}.task", places, problem.dimensions)
        if task.id in tasks:
            raise BadProblem(f"{f.path}: there is a task {task.id!r} already.", param=f.path)
        return dataclasses.replace(problem, tasks=(*problem.tasks, task)), {task.id}
    if kind in ("order_cancelled", "stop_done", "pinned"):
        key = f.text("id")
        if key not in tasks:
            raise BadProblem(f"{f.path}: there is no task {key!r}.", param=f.path)
        if kind == "order_cancelled":
            gone = {key, tasks[key].partner}
            return _without(problem, gone), {one for one in gone if one}
        vehicle = f.text("vehicle") if kind == "pinned" else next((r.vehicle for r in routes if key in r.stops), "")
        if vehicle not in vehicles:
            raise BadProblem(f"{f.path}: {key!r} has no vehicle {vehicle!r} in the plan.", param=f.path)
        if kind == "pinned":
            changed = dataclasses.replace(tasks[key], vehicle=vehicle)
            return _with_task(problem, changed), {key} if not _on(routes, vehicle, key) else set()
        return _done(problem, routes, vehicles[vehicle], key), set()
    if kind == "travel_time":
        return _slower(problem, f), set()
    vehicle = f.text("vehicle")
    if vehicle not in vehicles:
        raise BadProblem(f"{f.path}: there is no vehicle {vehicle!r}.", param=f.path)
    if kind == "vehicle_down":
        return _down(problem, routes, vehicle)
    return _late(problem, vehicles[vehicle], f.integer("seconds"), tasks), set()


def _on(routes: Sequence[Route], vehicle: str, key: str) -> bool:
    return any(route.vehicle == vehicle and key in route.stops for route in routes)


def _without(problem: Problem, gone: Iterable[str | None]) -> Problem:
    gone = set(gone)
    tasks = tuple(
        dataclasses.replace(task, after=tuple(o for o in task.after if o not in gone)) if task.after else task
        for task in problem.tasks
        if task.id not in gone
    )
    vehicles = tuple(
        dataclasses.replace(v, prefix=tuple(o for o in v.prefix if o not in gone)) if v.prefix else v
        for v in problem.vehicles
    )
    return dataclasses.replace(problem, tasks=tasks, vehicles=vehicles)


def _with_task(problem: Problem, changed: Task) -> Problem:
    return dataclasses.replace(problem, tasks=tuple(changed if t.id == changed.id else t for t in problem.tasks))


def _with_vehicle(problem: Problem, changed: Vehicle) -> Problem:
    return dataclasses.replace(problem, vehicles=tuple(changed if v.id == changed.id else v for v in problem.vehicles))


def _done(problem: Problem, routes: Sequence[Route], vehicle: Vehicle, key: str) -> Problem:
    stops = next(route.stops for route in routes if route.vehicle == vehicle.id)
    known = {task.id for task in problem.tasks}
    done = tuple(stop for stop in stops[: stops.index(key) + 1] if stop in known)
    if len(done) <= len(vehicle.prefix):
        return problem
    return _with_vehicle(problem, dataclasses.replace(vehicle, prefix=done))


def _late(problem: Problem, vehicle: Vehicle, seconds: int, tasks: dict[str, Task]) -> Problem:
    if vehicle.prefix:  # it is on the way: its last done stop took longer
        last = tasks[vehicle.prefix[-1]]
        return _with_task(problem, dataclasses.replace(last, service=last.service + seconds))
    opens = vehicle.window[0] + seconds
    return _with_vehicle(problem, dataclasses.replace(vehicle, window=(opens, max(opens, vehicle.window[1]))))


def _down(problem: Problem, routes: Sequence[Route], vehicle: str) -> tuple[Problem, set[str]]:
    broken = next(one for one in problem.vehicles if one.id == vehicle)
    served = {stop for route in routes if route.vehicle == vehicle for stop in route.stops} - set(broken.prefix)
    tasks = {task.id: task for task in problem.tasks}
    on_board = [
        key
        for key in broken.prefix
        if tasks[key].kind is TaskKind.SHIPMENT_PICKUP and tasks[key].partner not in broken.prefix
    ]
    if on_board:
        raise BadProblem(
            f"Vehicle {vehicle!r} broke down with {', '.join(on_board)} on board; add them as new orders where it stands."
        )
    left = _without(problem, broken.prefix)
    freed = tuple(dataclasses.replace(t, vehicle=None) if t.vehicle == vehicle else t for t in left.tasks)
    if len(left.vehicles) < 2:
        raise BadProblem(f"Vehicle {vehicle!r} is the last one; without it nothing can be served.")
    return dataclasses.replace(left, tasks=freed, vehicles=tuple(v for v in left.vehicles if v.id != vehicle)), served


def _slower(problem: Problem, f: Fields) -> Problem:
    travel = problem.travel
    a, b, percent = f.integer("from"), f.integer("to"), f.integer("percent", low=1)
    if travel.durations is None or travel.distances is None:
        raise BadProblem(f"{f.path}: travel times can be changed where a matrix is in use.")
    if max(a, b) >= travel.places:
        raise BadProblem(f"{f.path}: there are {travel.places} places, counted from 0.")
    durations, distances = travel.durations.copy(), travel.distances.copy()
    durations[a, b] = min(int(durations[a, b]) * percent // 100, 10**8)
    if travel.distances is travel.durations:
        distances = durations
    return dataclasses.replace(problem, travel=dataclasses.replace(travel, durations=durations, distances=distances))


def frozen(problem: Problem) -> tuple[Problem, dict[str, tuple[str, ...]]]:
    """Return the problem that is left when done stops are behind: each vehicle begins where its last one was.

    The done stops' loads stay counted (a delivery van left full), so what fits here fits in the whole day.
    """
    done = {vehicle.id: vehicle.prefix for vehicle in problem.vehicles if vehicle.prefix}
    if not done or any(task.partner for task in problem.tasks):
        return problem, {}
    tasks = {task.id: task for task in problem.tasks}
    behind = {key for keys in done.values() for key in keys}
    vehicles = []
    for vehicle in problem.vehicles:
        if not vehicle.prefix:
            vehicles.append(vehicle)
            continue
        day = follow(problem, dataclasses.replace(vehicle, end=None), Route(vehicle.id, vehicle.prefix), tasks)
        used = [sum(tasks[key].load[k] for key in vehicle.prefix) for k in range(len(vehicle.capacity))]
        room = tuple(max(0, have - gone) for have, gone in zip(vehicle.capacity, used, strict=True))
        at = int(np.ceil(day.returns))
        window = (at, max(at, vehicle.window[1]))
        vehicles.append(
            dataclasses.replace(vehicle, start=tasks[vehicle.prefix[-1]].place, capacity=room, window=window, prefix=())
        )
    left = tuple(task for task in problem.tasks if task.id not in behind)
    return dataclasses.replace(problem, tasks=left, vehicles=tuple(vehicles)), done


def changes(before: Sequence[Route], after: Sequence[Route], problem: Problem) -> tuple[Change, ...]:
    """Return what differs between two plans, task by task."""
    was = {stop: route.vehicle for route in before for stop in route.stops}
    now = {stop: route.vehicle for route in after for stop in route.stops}
    known = {task.id for task in problem.tasks}
    found = []
    for key in dict.fromkeys((*was, *now)):
        if key in was and key not in known:
            found.append(Change(key, "removed", was[key]))
        elif key in was and key not in now:
            found.append(Change(key, "dropped", was[key]))
        elif key not in was:
            found.append(Change(key, "added", None, now[key]))
        elif was[key] != now[key]:
            found.append(Change(key, "moved", was[key], now[key]))
    return tuple(found)


def kept_share(before: Sequence[Route], after: Sequence[Route], touched: set[str]) -> float:
    """Return the share of stops in both plans, untouched by events, that keep their vehicle."""
    was = {stop: route.vehicle for route in before for stop in route.stops if stop not in touched}
    now = {stop: route.vehicle for route in after for stop in route.stops}
    both = [key for key in was if key in now]
    return sum(was[key] == now[key] for key in both) / len(both) if both else 1.0


def alike(problem: Problem, before: Sequence[Route], after: Sequence[Route]) -> list[Route]:
    """Give routes of interchangeable vehicles to those that served most of their stops before."""
    groups: dict[tuple[object, ...], list[str]] = {}
    pinned = {task.vehicle for task in problem.tasks if task.vehicle}
    for vehicle in problem.vehicles:
        likeness = tuple(getattr(vehicle, name) for name in Vehicle.__slots__ if name != "id")
        own = (vehicle.id,) if vehicle.id in pinned or vehicle.prefix else ()
        groups.setdefault((*likeness, *own), []).append(vehicle.id)
    was = {route.vehicle: set(route.stops) for route in before}
    now = {route.vehicle: route for route in after}
    found = []
    for ids in groups.values():
        routes = [now[key] for key in ids if key in now]
        shared = np.array([[len(was.get(key, set()) & set(route.stops)) for key in ids] for route in routes]).reshape(
            -1, len(ids)
        )
        from scipy.optimize import linear_sum_assignment  # takes half a second to load, at each command

        rows, columns = linear_sum_assignment(-shared)
        found += [dataclasses.replace(routes[r], vehicle=ids[c]) for r, c in zip(rows, columns, strict=True)]
    return found
