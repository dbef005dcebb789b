"""Why a task is not served: each vehicle's first obstacle, and the smallest change that would admit it."""

import dataclasses
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from yunqi.commerce.logistics.engine.routing.check import Day, check, follow
from yunqi.commerce.logistics.engine.routing.likeness import likeness
from yunqi.commerce.logistics.engine.routing.relax import relaxation, size
from yunqi.commerce.logistics.engine.routing.timing import timed
from yunqi.commerce.logistics.model import Loosened, Problem, Relaxation, Route, Task, TaskKind, Unserved, Vehicle

PLACES = 40
A_STOP = 1e-4
"""Seconds for each stop of the plan that the first reason takes, about: the plan is checked as it is and with a task put in."""
LOOSENED = 5
"""Vehicles for which a relaxation is looked for: those where least stands against the task."""


TIME_WAS_UP = "not looked into: the time was up before this task's turn; give more seconds, or ask for this task alone"


@dataclass(frozen=True, slots=True)
class Standing:
    """A plan in force beside which tasks are tried: what all of them need of it, found out once."""

    problem: Problem
    routes: Sequence[Route]
    tasks: dict[str, Task]
    by_vehicle: dict[str, Route]
    known: frozenset[str]

    @classmethod
    def of(cls, problem: Problem, routes: Sequence[Route]) -> "Standing":
        """Return it for the routes of a problem, which may break rules already."""
        tasks = {one.id: one for one in problem.tasks}
        by_vehicle = {route.vehicle: route for route in routes}
        return cls(problem, routes, tasks, by_vehicle, frozenset(check(problem, routes).broken))

    def with_task(self, vehicle: Vehicle, task: Task, left: Callable[[], float]) -> tuple[Route, Day, tuple[str, ...]]:
        """Return the best route of a vehicle with a task put in, its day, and what it breaks that was whole before."""
        route = self.by_vehicle.get(vehicle.id, Route(vehicle.id, ()))
        put, day = best_place(self.problem, vehicle, route, task, self.tasks, left=left)
        if day.broken:
            return put, day, day.broken
        broken = check(self.problem, self.whole(put)).broken
        return put, day, tuple(line for line in broken if line not in self.known)

    def whole(self, put: Route) -> list[Route]:
        """Return the plan with one vehicle's route replaced."""
        return [*(one for one in self.routes if one.vehicle != put.vehicle), put]


def reasons_for(
    problem: Problem, routes: Sequence[Route], missing: Sequence[Task], left: Callable[[], float]
) -> list[Unserved]:
    """Return the reasons for each missing task, in the time that is left.

    Each may take its share of what is left. Where that is too short the answer is partial and says so.

    Parameters
    ----------
    left
        Returns the seconds that are left; 0 or below ends it.
    """
    found: list[Unserved] = []
    served = {stop for route in routes for stop in route.stops}
    plan: Standing | None = None
    dear = len(served) * A_STOP
    for k, task in enumerate(missing):
        seconds = left()
        if task.kind is TaskKind.SHIPMENT_DELIVERY and task.partner not in served:
            found.append(Unserved(task.id, (f"its pickup {task.partner} is not served",)))
        elif seconds <= dear:
            found.append(Unserved(task.id, (TIME_WAS_UP,), partial=True))
        else:
            if plan is None:
                plan = Standing.of(problem, routes)
                dear = max(1e-6, seconds - left())  # what one vehicle takes to be asked is as much
            found.append(_against(plan, task, _until(left, seconds - seconds / (len(missing) - k))))
    return found


def _until(left: Callable[[], float], ends: float) -> Callable[[], float]:
    return lambda: left() - ends


def explain(problem: Problem, routes: Sequence[Route], task: Task) -> Unserved:
    """Try a task in every vehicle and say what stands against it, the commonest first.

    The reasons are the checker's own words about the plan with the task put in; the relaxation is applied and the
    checker asked again.
    """
    return _against(Standing.of(problem, routes), task, lambda: math.inf)


def _against(plan: Standing, task: Task, left: Callable[[], float]) -> Unserved:
    """Explain until the time is up: at least one place of one vehicle is tried, and the last reason says what was not."""
    problem = plan.problem
    counts: Counter[str] = Counter()
    tried: list[tuple[tuple[int, float], Vehicle, Route]] = []
    seen: set[tuple[object, ...]] = set()
    asked, changes, is_short = 0, [], False
    for vehicle in problem.vehicles:
        if asked and left() <= 0:
            is_short = True
            break
        asked += 1
        if vehicle.id not in plan.by_vehicle:
            if _likeness(vehicle, task) in seen:
                continue
            seen.add(_likeness(vehicle, task))
        put, day, against = plan.with_task(vehicle, task, left)
        if not against:
            return _dear(plan, put, task, vehicle)
        counts[against[0]] += 1
        tried.append(((len(against), _excess(day)), vehicle, put))
    tried.sort(key=lambda one: one[0])
    for _, vehicle, put in tried[:LOOSENED]:
        if left() <= 0:
            is_short = True
            break
        changes.append(relaxation(problem, plan.routes, task, vehicle, put, known=plan.known))
    nearest = min((change for change in changes if change is not None), key=rank, default=None)
    reasons = tuple(text for text, _ in counts.most_common(5)) or ("there is no vehicle",)
    if is_short:
        reasons = (*reasons, f"the time was up when {asked} of {len(problem.vehicles)} vehicles had been asked")
    return Unserved(task.id, reasons, nearest, is_short)


def rank(change: Relaxation) -> tuple[bool, int, float]:
    """Return what relaxations are compared by: verified first, then few and small changes."""
    return (not change.verified, *size(change))


def _likeness(vehicle: Vehicle, task: Task) -> tuple[object, ...]:
    return (*likeness(vehicle), task.vehicle == vehicle.id)


def _dear(plan: Standing, put: Route, task: Task, vehicle: Vehicle) -> Unserved:
    """Return why a task stays out that would fit: it costs more than its prize, or the search did not come to it."""
    problem, whole = plan.problem, plan.whole(put)
    if task.prize is None:
        return Unserved(task.id, (f"there is room in {vehicle.id}: the search had not placed it when its time was up",))
    free = _paid(problem, task, 0)
    costs = math.ceil(check(free, whole).cost - check(free, plan.routes).cost)
    text = f"a prize of at least {costs}"
    change = Loosened("prize", f"task {task.id}", task.prize, costs, "", text)
    then = _paid(problem, task, costs)
    served = check(then, whole)
    verified = not served.broken and served.cost <= check(then, plan.routes).cost + 1e-6
    reason = f"there is room in {vehicle.id}, but it costs {costs}, more than the task's prize of {task.prize}"
    return Unserved(task.id, (reason,), Relaxation(vehicle.id, (change,), verified))


def _paid(problem: Problem, task: Task, prize: int) -> Problem:
    tasks = tuple(dataclasses.replace(one, prize=prize) if one.id == task.id else one for one in problem.tasks)
    return dataclasses.replace(problem, tasks=tasks)


def best_place(
    problem: Problem, vehicle: Vehicle, route: Route, task: Task, tasks: dict[str, Task], *,
    left: Callable[[], float] = lambda: math.inf
) -> tuple[Route, Day]:  # fmt: skip
    """Return the route with the task put where it breaks least, then costs least, and its day: of places until time is up."""
    wanted = [task.id]
    if task.partner is not None and task.partner not in route.stops:
        wanted = [task.id, task.partner] if task.kind is TaskKind.SHIPMENT_PICKUP else [task.partner, task.id]
    best: tuple[tuple[int, float], Route, Day] | None = None
    stops = route.stops
    step = max(1, len(stops) // PLACES)
    for at in range(0, len(stops) + 1, step):
        behind = range(at, len(stops) + 1, step) if len(wanted) > 1 and len(stops) <= PLACES else [at]
        for to in behind:
            if best is not None and left() <= 0:
                return best[1], best[2]
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
