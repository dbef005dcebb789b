"""Why a task is not served: each vehicle's first obstacle, and the smallest change that would admit it."""

import dataclasses
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from yunqi.commerce.logistics.engine.routing.check import Day, check, follow
from yunqi.commerce.logistics.engine.routing.likeness import likeness
from yunqi.commerce.logistics.engine.routing.relax import relaxation, size
from yunqi.commerce.logistics.engine.routing.timing import timed
from yunqi.commerce.logistics.model import Loosened, Problem, Relaxation, Route, Task, TaskKind, Unserved, Vehicle

PLACES = 40
LOOSENED = 5
"""Vehicles for which a relaxation is looked for: those where least stands against the task."""


TIME_WAS_UP = "the search had not come to it when its time was up: give it more seconds"


def reasons_for(
    problem: Problem, routes: Sequence[Route], missing: Sequence[Task], left: Callable[[], float]
) -> list[Unserved]:
    """Return the reasons for each missing task; when time runs out the rest says so."""
    found = []
    for task in missing:
        if left() < 0:
            found.append(Unserved(task.id, (TIME_WAS_UP,)))
            continue
        if task.kind is TaskKind.SHIPMENT_DELIVERY and not any(task.partner in route.stops for route in routes):
            found.append(Unserved(task.id, (f"its pickup {task.partner} is not served",)))
        else:
            found.append(explain(problem, routes, task, quick=left() < 0.05))
    return found


def explain(problem: Problem, routes: Sequence[Route], task: Task, *, quick: bool = False) -> Unserved:
    """Try a task in every vehicle (``quick``: in the first) and say what stands against it, the commonest first.

    The reasons are the checker's own words about the plan with the task put in; the relaxation is applied and the
    checker asked again.
    """
    tasks = {one.id: one for one in problem.tasks}
    by_vehicle = {route.vehicle: route for route in routes}
    counts: Counter[str] = Counter()
    tried: list[tuple[tuple[int, float], Vehicle, Route]] = []
    seen: set[tuple[object, ...]] = set()
    for vehicle in problem.vehicles[: 1 if quick else None]:
        route = by_vehicle.get(vehicle.id, Route(vehicle.id, ()))
        if not route.stops and _likeness(vehicle, task) in seen:
            continue
        seen.add(_likeness(vehicle, task) if not route.stops else ())
        put, day = best_place(problem, vehicle, route, task, tasks, places=2 if quick else PLACES)
        whole = [*(one for one in routes if one.vehicle != vehicle.id), put]
        against = day.broken or _between(problem, routes, whole)
        if not against:
            return _dear(problem, routes, whole, task, vehicle)
        counts[against[0]] += 1
        tried.append(((len(against), _excess(day)), vehicle, put))
    tried.sort(key=lambda one: one[0])
    changes = [relaxation(problem, routes, task, vehicle, put) for _, vehicle, put in tried[: 0 if quick else LOOSENED]]
    nearest = min((change for change in changes if change is not None), key=rank, default=None)
    reasons = tuple(text for text, _ in counts.most_common(5)) or ("there is no vehicle",)
    return Unserved(task.id, reasons, nearest)


def rank(change: Relaxation) -> tuple[bool, int, float]:
    """Return what relaxations are compared by: verified first, then few and small changes."""
    return (not change.verified, *size(change))


def _likeness(vehicle: Vehicle, task: Task) -> tuple[object, ...]:
    return (*likeness(vehicle), task.vehicle == vehicle.id)


def _between(problem: Problem, routes: Sequence[Route], whole: Sequence[Route]) -> tuple[str, ...]:
    known = set(check(problem, routes).broken)
    return tuple(line for line in check(problem, whole).broken if line not in known)


def _dear(problem: Problem, routes: Sequence[Route], whole: Sequence[Route], task: Task, vehicle: Vehicle) -> Unserved:
    """Return why a task stays out that would fit: it costs more than its prize, or the search did not come to it."""
    if task.prize is None:
        return Unserved(task.id, (f"there is room in {vehicle.id}: the search had not placed it when its time was up",))
    tasks = tuple(dataclasses.replace(one, prize=0) if one.id == task.id else one for one in problem.tasks)
    free = dataclasses.replace(problem, tasks=tasks)
    costs = math.ceil(check(free, whole).cost - check(free, routes).cost)
    text = f"a prize of at least {costs}"
    change = Loosened("prize", f"task {task.id}", task.prize, costs, "", text)
    paid = tuple(dataclasses.replace(one, prize=costs) if one.id == task.id else one for one in problem.tasks)
    then = dataclasses.replace(problem, tasks=paid)
    verified = not check(then, whole).broken and check(then, whole).cost <= check(then, routes).cost + 1e-6
    reason = f"there is room in {vehicle.id}, but it costs {costs}, more than the task's prize of {task.prize}"
    return Unserved(task.id, (reason,), Relaxation(vehicle.id, (change,), verified))


def best_place(
    problem: Problem, vehicle: Vehicle, route: Route, task: Task, tasks: dict[str, Task], *, places: int = PLACES
) -> tuple[Route, Day]:
    """Return the route with the task put where it breaks least, then costs least, and its day."""
    wanted = [task.id]
    if task.partner is not None and task.partner not in route.stops:
        wanted = [task.id, task.partner] if task.kind is TaskKind.SHIPMENT_PICKUP else [task.partner, task.id]
    best: tuple[tuple[int, float], Route, Day] | None = None
    stops = route.stops
    step = max(1, len(stops) // places)
    for at in range(0, len(stops) + 1, step):
        behind = range(at, len(stops) + 1, step) if len(wanted) > 1 and len(stops) <= places else [at]
        for to in behind:
            put = (*stops[:at], wanted[0], *stops[at:to], *wanted[1:], *stops[to:])
            changed, day = timed(problem, vehicle, Route(vehicle.id, put, route.departs), tasks)
            key = (len(day.broken), _excess(day) + day.cost / 1e9)
            if best is None or key < best[0]:
                best = (key, changed, day)
    assert best is not None
    return best[1], best[2]


def _excess(day: Day) -> float:
    found = 0.0
    for line in day.broken:
        numbers = [float(one) for one in re.findall(r"(?<![\w-])\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w-])", line)]
        found += abs(numbers[-2] - numbers[-1]) if len(numbers) > 1 else 1e6
    return found


def why(problem: Problem, routes: Sequence[Route], task: Task) -> dict[str, Any]:
    """Say why a served task goes with this vehicle, at this hour: what each other vehicle would add or break."""
    tasks = {one.id: one for one in problem.tasks}
    by_vehicle = {route.vehicle: route for route in routes}
    vehicles = {vehicle.id: vehicle for vehicle in problem.vehicles}
    mine = next(route for route in routes if task.id in route.stops)
    gone = {task.id, task.partner}
    rest = dataclasses.replace(mine, stops=tuple(stop for stop in mine.stops if stop not in gone))
    now = follow(problem, vehicles[mine.vehicle], mine, tasks)
    saved = now.cost - (timed(problem, vehicles[mine.vehicle], rest, tasks)[1].cost if rest.stops else 0.0)
    others = []
    for vehicle in problem.vehicles:
        if vehicle.id == mine.vehicle:
            continue
        route = by_vehicle.get(vehicle.id, Route(vehicle.id, ()))
        _, day = best_place(problem, vehicle, route, task, tasks)
        base = follow(problem, vehicle, route, tasks).cost if route.stops else 0.0
        scale = problem.travel.scale
        more = round((day.cost - base - saved) / scale, 3)
        others.append(
            {"vehicle": vehicle.id, "extra_cost": None if day.broken else more, "breaks": list(day.broken[:3])}
        )
    visit = next(visit for visit in now.visits if visit.id == task.id)
    scale = problem.travel.scale
    hour = "as soon as it arrives" if visit.begins == visit.arrives else "when its window opens"
    others.sort(key=lambda one: (one["extra_cost"] is None, one["extra_cost"] or 0.0))
    return {
        "id": task.id, "served": True, "vehicle": mine.vehicle, "arrives": visit.arrives / scale,
        "begins": visit.begins / scale, "hour": hour, "adds": round(saved / scale, 3), "others": others[:10],
    }  # fmt: skip
