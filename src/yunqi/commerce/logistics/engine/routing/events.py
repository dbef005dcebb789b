"""What happens during a day: events change a problem; done stops are frozen; two plans are compared."""

import dataclasses
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from yunqi.commerce.logistics.engine.routing.check import CHARGE, RELOAD, follow
from yunqi.commerce.logistics.engine.routing.likeness import likeness
from yunqi.commerce.logistics.engine.routing.read.fields import Fields
from yunqi.commerce.logistics.engine.routing.read.places import Places
from yunqi.commerce.logistics.engine.routing.read.rich import shipment_of, task_of
from yunqi.commerce.logistics.engine.routing.relax import loosened
from yunqi.commerce.logistics.model import BadProblem, Change, Problem, Route, Task, TaskKind, Vehicle

EVENTS = {
    "order_added": {"type", "task", "shipment"},
    "order_cancelled": {"type", "id"},
    "stop_done": {"type", "id", "vehicle", "stops", "departs_s"},
    "vehicle_down": {"type", "vehicle"},
    "delay": {"type", "vehicle", "seconds"},
    "pinned": {"type", "id", "vehicle"},
    "travel_time": {"type", "from", "to", "percent"},
    "time": {"type", "at_s"},
    "position": {"type", "vehicle", "location", "at_s", "departs_s"},
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


def recorded(routes: Sequence[Route], events: Sequence[Any]) -> list[Any]:
    """Return events that say by themselves what was done, so that they can be replayed when the plan is another one."""
    found = []
    for one in events:
        route = next((r for r in routes if str(one.get("id")) in r.stops), None)
        if one.get("type") == "stop_done" and "stops" not in one and route is not None:
            stops = route.stops[: route.stops.index(str(one["id"])) + 1]
            one = one | {"vehicle": route.vehicle, "stops": list(stops)}
            if route.departs is not None:
                one["departs_s"] = route.departs
        if one.get("type") == "position" and "departs_s" not in one:
            left = next((r.departs for r in routes if r.vehicle == str(one.get("vehicle"))), None)
            one = one if left is None else one | {"departs_s": left}
        found.append(one)
    return found


def _apply(problem: Problem, routes: Sequence[Route], kind: str, f: Fields) -> tuple[Problem, set[str]]:
    tasks = {task.id: task for task in problem.tasks}
    vehicles = {vehicle.id: vehicle for vehicle in problem.vehicles}
    if kind == "order_added":
        return _added(problem, f)
    if kind == "time":
        return _now(problem, f.integer("at_s")), set()
    if kind in ("order_cancelled", "stop_done", "pinned"):
        key = f.text("id")
        if key not in tasks:
            raise BadProblem(f"{f.path}: there is no task {key!r}.", param=f.path)
        if kind == "order_cancelled":
            gone = {key, tasks[key].partner}
            return _without(problem, gone), {one for one in gone if one}
        vehicle = next((r.vehicle for r in routes if key in r.stops), "")
        vehicle = f.text("vehicle", vehicle if kind == "stop_done" else None) if f.has("vehicle") or vehicle else ""
        if vehicle not in vehicles:
            raise BadProblem(f"{f.path}: {key!r} has no vehicle {vehicle!r} in the plan.", param=f.path)
        if kind == "pinned":
            return _pinned(problem, routes, tasks[key], vehicle)
        if f.has("stops"):
            routes = [Route(vehicle, f.texts("stops"), f.maybe("departs_s"))]
        if not _on(routes, vehicle, key):
            raise BadProblem(f"{f.path}: {vehicle!r} does not serve {key!r} in the plan.", param=f.path)
        return _done(problem, routes, vehicles[vehicle], key), set()
    if kind == "travel_time":
        return _slower(problem, f), set()
    vehicle = f.text("vehicle")
    if vehicle not in vehicles:
        raise BadProblem(f"{f.path}: there is no vehicle {vehicle!r}.", param=f.path)
    if kind == "vehicle_down":
        return _down(problem, routes, vehicle)
    if kind == "position":
        return _position(problem, routes, vehicles[vehicle], f)
    late = _late(problem, vehicles[vehicle], f.integer("seconds"), tasks)
    return as_happened(late, routes, vehicle), set()


def _added(problem: Problem, f: Fields) -> tuple[Problem, set[str]]:
    places = Places.of_problem(problem)
    if f.has("task") == f.has("shipment"):
        raise BadProblem(f"{f.path}: a new order is a task or a shipment; give one of them.", param=f.path)
    if f.has("task"):
        new = [task_of(f.raw("task"), f"{f.path}.task", places, problem.dimensions)]
    else:
        new = shipment_of(f.raw("shipment"), f"{f.path}.shipment", places, problem.dimensions)
    known, ids = {task.id for task in problem.tasks}, [task.id for task in new]
    for task in new:
        if task.id in known or ids.count(task.id) > 1:
            raise BadProblem(f"{f.path}: there is a task {task.id!r} already.", param=f.path)
        lost = [other for other in task.after if other not in known]
        if lost or (task.vehicle is not None and task.vehicle not in {one.id for one in problem.vehicles}):
            raise BadProblem(f"{f.path}: {task.id!r} names {lost[0] if lost else task.vehicle!r}, which is not there.")
    grown = places.grown(problem.travel)
    return dataclasses.replace(
        problem, tasks=(*problem.tasks, *new), travel=grown, labels=places.labels()
    ), set(ids)  # fmt: skip


def _now(problem: Problem, at: int) -> Problem:
    """Who has not left yet leaves from now on."""
    vehicles = tuple(
        dataclasses.replace(one, window=(max(one.window[0], at), max(one.window[1], at)))
        if one.departed is None and not one.prefix
        else one
        for one in problem.vehicles
    )
    return dataclasses.replace(problem, vehicles=vehicles)


def _pinned(problem: Problem, routes: Sequence[Route], task: Task, vehicle: str) -> tuple[Problem, set[str]]:
    """The other half of a pair goes with it."""
    ids = {task.id, task.partner}
    for other in problem.vehicles:
        if other.id != vehicle and ids & set(other.prefix):
            raise BadProblem(
                f"{task.id!r} is done or on board of {other.id!r}; {vehicle!r} can't serve it.", param="events"
            )
    tasks = tuple(dataclasses.replace(one, vehicle=vehicle) if one.id in ids else one for one in problem.tasks)
    changed = dataclasses.replace(problem, tasks=tasks)
    return changed, set() if _on(routes, vehicle, task.id) else {one for one in ids if one}


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
    route = next(route for route in routes if route.vehicle == vehicle.id)
    known = {task.id for task in problem.tasks}
    done = tuple(stop for stop in route.stops[: route.stops.index(key) + 1] if stop in known)
    if vehicle.departed is not None and len(done) <= len(vehicle.prefix):
        return problem
    if len(done) < len(vehicle.prefix):
        done = vehicle.prefix
    left = vehicle.departed
    if left is None:
        left = max(vehicle.window[0], route.departs or 0)
    gone = dataclasses.replace(vehicle, prefix=done, departed=left)
    return as_happened(_with_vehicle(problem, gone), routes, gone.id)


def as_happened(problem: Problem, routes: Sequence[Route], vehicle: str) -> Problem:
    """Loosen what the stops that are done have broken already: it cannot be undone, and the rest has to go on."""
    tasks = {task.id: task for task in problem.tasks}
    for _ in range(10 * len(problem.vehicles) + 100):
        one = next(v for v in problem.vehicles if v.id == vehicle)
        if not one.prefix or one.departed is None:
            return problem
        broken = follow(problem, one, Route(vehicle, _behind(routes, one)), tasks).broken
        if not broken:
            return problem
        found = loosened(problem, vehicle, one.prefix[-1], broken[0])
        if found is None:
            return problem
        problem, change = found
        note = f"{vehicle} is beyond a rule by what is done already; from now on it has {change.text}"
        problem = dataclasses.replace(problem, repairs=(*problem.repairs, note))
        tasks = {task.id: task for task in problem.tasks}
    return problem


def _behind(routes: Sequence[Route], vehicle: Vehicle) -> tuple[str, ...]:
    """Return the stops up to a vehicle's last done one, with the reloads and charges between them."""
    stops = next((route.stops for route in routes if route.vehicle == vehicle.id), ())
    last = vehicle.prefix[-1]
    if last not in stops:
        return vehicle.prefix
    done = set(vehicle.prefix)
    return tuple(s for s in stops[: stops.index(last) + 1] if s in done or s == RELOAD or s.startswith(CHARGE))


def _position(problem: Problem, routes: Sequence[Route], vehicle: Vehicle, f: Fields) -> tuple[Problem, set[str]]:
    """Where a vehicle is counts as a stop of its own that is done; from there it goes on, no earlier than now."""
    places, at = Places.of_problem(problem), f.integer("at_s")
    here = Task(
        f"position of {vehicle.id} at {at}", places.index(f, "location"), TaskKind.SERVICE, (0,) * len(problem.dimensions),
        windows=((at, 1 << 40),), vehicle=vehicle.id,
    )  # fmt: skip
    if any(task.id == here.id for task in problem.tasks):
        return problem, set()
    planned = next((route.departs for route in routes if route.vehicle == vehicle.id), None)
    left = f.maybe("departs_s") if f.has("departs_s") else planned
    gone = max(vehicle.window[0], min(at, left or 0)) if vehicle.departed is None else vehicle.departed
    moved = dataclasses.replace(vehicle, prefix=(*vehicle.prefix, here.id), departed=gone)
    if moved.max_tasks is not None:
        moved = dataclasses.replace(moved, max_tasks=moved.max_tasks + 1)
    grown = dataclasses.replace(
        problem, tasks=(*problem.tasks, here), travel=places.grown(problem.travel), labels=places.labels()
    )
    return as_happened(_with_vehicle(grown, moved), routes, vehicle.id), {here.id}


def _late(problem: Problem, vehicle: Vehicle, seconds: int, tasks: dict[str, Task]) -> Problem:
    if vehicle.prefix:  # it is on the way: its last done stop took longer
        last = tasks[vehicle.prefix[-1]]
        return _with_task(problem, dataclasses.replace(last, service=last.service + seconds))
    if vehicle.departed is not None:
        return _with_vehicle(problem, dataclasses.replace(vehicle, departed=vehicle.departed + seconds))
    opens = vehicle.window[0] + seconds
    return _with_vehicle(problem, dataclasses.replace(vehicle, window=(opens, max(opens, vehicle.window[1]))))


def _down(problem: Problem, routes: Sequence[Route], vehicle: str) -> tuple[Problem, set[str]]:
    if len(problem.vehicles) < 2:
        raise BadProblem(f"Vehicle {vehicle!r} is the last one; without it nothing can be served.")
    broken = next(one for one in problem.vehicles if one.id == vehicle)
    served = {stop for route in routes if route.vehicle == vehicle for stop in route.stops} - set(broken.prefix)
    tasks = {task.id: task for task in problem.tasks}
    on_board = [
        key
        for key in broken.prefix
        if tasks[key].kind is TaskKind.SHIPMENT_PICKUP and tasks[key].partner not in broken.prefix
    ]
    problem = _fetched_anew(problem, routes, broken, on_board)
    left = _without(problem, [key for key in broken.prefix if key not in on_board])
    freed = tuple(dataclasses.replace(t, vehicle=None) if t.vehicle == vehicle else t for t in left.tasks)
    rest = tuple(v for v in left.vehicles if v.id != vehicle)
    return dataclasses.replace(left, tasks=freed, vehicles=rest), served | set(on_board)


def _fetched_anew(problem: Problem, routes: Sequence[Route], broken: Vehicle, on_board: Sequence[str]) -> Problem:
    """What is on board of a vehicle that broke down is fetched where it stands, from then on."""
    if not on_board:
        return problem
    tasks = {task.id: task for task in problem.tasks}
    day = follow(problem, dataclasses.replace(broken, end=None), Route(broken.id, _behind(routes, broken)), tasks)
    window = (math.ceil(day.returns), 1 << 40)
    place = tasks[broken.prefix[-1]].place
    moved = tuple(
        dataclasses.replace(task, place=place, windows=(window,)) if task.id in on_board else task
        for task in problem.tasks
    )
    return dataclasses.replace(problem, tasks=moved)


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

    The done stops' loads stay counted (a delivery van left full), so what fits here fits in the whole day. Only for
    problems that need no more of the past than where and when each vehicle is.
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
        place = tasks[vehicle.prefix[-1]].place
        stops = None if vehicle.max_tasks is None else max(0, vehicle.max_tasks - len(vehicle.prefix))
        changed = {"start": place, "max_tasks": stops, "capacity": room, "window": window, "prefix": ()}
        changed |= {"fixed_cost": 0, "departed": None}
        vehicles.append(dataclasses.replace(vehicle, **changed))  # type: ignore[arg-type]
    left = tuple(task for task in problem.tasks if task.id not in behind)
    return dataclasses.replace(problem, tasks=left, vehicles=tuple(vehicles)), done


def changes(before: Sequence[Route], after: Sequence[Route], problem: Problem) -> tuple[Change, ...]:
    """Return what differs between two plans, task by task."""
    was, now = _who(before), _who(after)
    known = {task.id for task in problem.tasks}
    found = []
    for key in dict.fromkeys((*was, *now)):
        if key in was and key not in known:
            found.append(Change(key, "removed", was[key]))
        elif key in was and key not in now:
            found.append(Change(key, "dropped", was[key]))
        elif key not in was and not key.startswith("position of "):
            found.append(Change(key, "added", None, now[key]))
        elif key in was and was[key] != now[key]:
            found.append(Change(key, "moved", was[key], now[key]))
    return tuple(found)


def _who(routes: Sequence[Route]) -> dict[str, str]:
    return {
        stop: route.vehicle
        for route in routes
        for stop in route.stops
        if stop != RELOAD and not stop.startswith(CHARGE)
    }


def kept_share(before: Sequence[Route], after: Sequence[Route], touched: set[str]) -> float:
    """Return the share of stops, untouched by events, that keep their vehicle; one that is served no more does not."""
    was, now = {stop: by for stop, by in _who(before).items() if stop not in touched}, _who(after)
    return sum(now.get(stop) == by for stop, by in was.items()) / len(was) if was else 1.0


def alike(problem: Problem, before: Sequence[Route], after: Sequence[Route]) -> list[Route]:
    """Give routes of interchangeable vehicles to those that served most of their stops before."""
    groups: dict[tuple[object, ...], list[str]] = {}
    pinned = {task.vehicle for task in problem.tasks if task.vehicle}
    for vehicle in problem.vehicles:
        own = (vehicle.id,) if vehicle.id in pinned or vehicle.prefix else ()
        groups.setdefault((*likeness(vehicle), *own), []).append(vehicle.id)
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
