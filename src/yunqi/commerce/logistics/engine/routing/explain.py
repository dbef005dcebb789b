"""Why a task is not served: each vehicle's first obstacle, and the smallest change that would admit it."""

import dataclasses
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from yunqi.commerce.logistics.engine.routing.check import Day, follow
from yunqi.commerce.logistics.model import Problem, Route, Task, TaskKind, Unserved, Vehicle

PLACES = 40


def reasons_for(
    problem: Problem, routes: Sequence[Route], missing: Sequence[Task], left: Callable[[], float]
) -> list[Unserved]:
    """Return the reasons for each missing task; when time runs out the rest says so."""
    found = []
    for task in missing:
        if task.kind is TaskKind.SHIPMENT_DELIVERY:
            found.append(Unserved(task.id, (f"its pickup {task.partner} is not served",)))
        else:
            found.append(explain(problem, routes, task, quick=left() < 0.05))
    return found


def explain(problem: Problem, routes: Sequence[Route], task: Task, *, quick: bool = False) -> Unserved:
    """Try a task in every vehicle (``quick``: in the first) and say what stands against it, the commonest first."""
    tasks = {one.id: one for one in problem.tasks}
    by_vehicle = {route.vehicle: route for route in routes}
    counts: Counter[str] = Counter()
    nearest: tuple[float, str, str] | None = None
    seen: set[tuple[object, ...]] = set()
    for vehicle in problem.vehicles[: 1 if quick else None]:
        route = by_vehicle.get(vehicle.id, Route(vehicle.id, ()))
        if not route.stops:
            likeness = (
                vehicle.start,
                vehicle.end,
                vehicle.capacity,
                vehicle.window,
                vehicle.skills,
                len(vehicle.breaks),
            )
            if likeness in seen:
                continue
            seen.add(likeness)
        day = best_place(problem, vehicle, route, task, tasks, places=2 if quick else PLACES)
        added = day.broken
        if not added:
            counts["there is room in " + vehicle.id + ", but it costs more than the task's prize"] += 1
            continue
        counts[added[0]] += 1
        change = relaxation(added[0], task, vehicle)
        if change and (nearest is None or change[0] < nearest[0]):
            nearest = (change[0], change[1], vehicle.id)
    reasons = tuple(text for text, _ in counts.most_common(5)) or ("there is no vehicle",)
    return Unserved(task.id, reasons, "" if nearest is None else f"{nearest[1]} (vehicle {nearest[2]})")


def best_place(
    problem: Problem, vehicle: Vehicle, route: Route, task: Task, tasks: dict[str, Task], *, places: int = PLACES
) -> Day:
    """Return the day with the task inserted where it breaks least, then costs least."""
    wanted = [task.id] if task.partner is None else [task.id, task.partner]
    best: tuple[tuple[int, float], Day] | None = None
    stops = route.stops
    step = max(1, len(stops) // places)
    for at in range(0, len(stops) + 1, step):
        changed = Route(vehicle.id, (*stops[:at], *wanted, *stops[at:]), route.departs)
        day = follow(problem, vehicle, changed, tasks)
        key = (len(day.broken), _excess(day) + day.cost / 1e9)
        if best is None or key < best[0]:
            best = (key, day)
    assert best is not None
    return best[1]


def _excess(day: Day) -> float:
    return sum((change or (1e6, ""))[0] for change in map(_amount, day.broken))


_FORMS = (
    (r"reaches (.+) at ([\d.e+]+), after its last window \[\d+, (\d+)\]", "the window of {0} open until {1}"),
    (r"is back at ([\d.e+]+), after (\d+)", "the vehicle's day until {0}"),
    (r"carries ([\d.e+]+) of dimension (\d+), room is for (\d+)", "capacity {0} in dimension {1}"),
    (r"is out for ([\d.e+]+), more than (\d+)", "max_time of {0}"),
    (r"goes ([\d.e+]+), more than (\d+)", "max_distance of {0}"),
    (r"serves (\d+) tasks, more than (\d+)", "max_tasks of {0}"),
)


def _amount(line: str) -> tuple[float, str] | None:
    for form, text in _FORMS:
        match = re.search(form, line)
        if match:
            groups = match.groups()
            numbers = [float(one) for one in groups if re.fullmatch(r"[\d.e+]+", one)]
            return max(numbers) - float(groups[-1]), text.format(*groups)
    return None


def relaxation(line: str, task: Task, vehicle: Vehicle) -> tuple[float, str] | None:
    """Return how large a change lifts an obstacle, and the change in words; None where no amount would."""
    found = _amount(line)
    if found is None and " lacks " in line:
        return 1.0, f"the skills {', '.join(sorted(task.skills - vehicle.skills))}"
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
    saved = now.cost - (follow(problem, vehicles[mine.vehicle], rest, tasks).cost if rest.stops else 0.0)
    others = []
    for vehicle in problem.vehicles:
        if vehicle.id == mine.vehicle:
            continue
        route = by_vehicle.get(vehicle.id, Route(vehicle.id, ()))
        day = best_place(problem, vehicle, route, task, tasks)
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
