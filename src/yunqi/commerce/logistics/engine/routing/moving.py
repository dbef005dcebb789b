"""A task is taken by hand from one vehicle to another: what that costs, and what it breaks, by the checker."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from yunqi.commerce.logistics.engine.routing.check import Verdict, check
from yunqi.commerce.logistics.engine.routing.timing import timed
from yunqi.commerce.logistics.model import Problem, Route, Task, TaskKind


@dataclass(frozen=True, slots=True)
class Moved:
    """A plan with one task elsewhere.

    Parameters
    ----------
    routes
        The whole plan after the move.
    before, after
        The checker's verdicts.
    origin
        The vehicle that served the task, or None.
    position
        Its place among the stops of its new vehicle, counted from 0; None where it is taken off.
    broken
        Every rule that the move breaks; what was broken before is not counted.
    """

    routes: tuple[Route, ...]
    before: Verdict
    after: Verdict
    origin: str | None
    position: int | None
    broken: tuple[str, ...]


def move(problem: Problem, routes: Sequence[Route], task: Task, vehicle: str | None, position: int | None) -> Moved:
    """Return the plan with a task (and the other half of its pair) on a vehicle, or on none.

    Parameters
    ----------
    vehicle
        Id of the vehicle; None takes the task off the plan.
    position
        Place among the vehicle's stops without the moved task; None: where it breaks least, then costs least. The
        delivery of a pair takes the best place behind its pickup.
    """
    gone = _halves(problem, task)
    origin = next((route.vehicle for route in routes if task.id in route.stops), None)
    rest = [dataclasses.replace(r, stops=tuple(stop for stop in r.stops if stop not in gone)) for r in routes]
    before = check(problem, routes)
    if vehicle is None:
        after = check(problem, [route for route in rest if route.stops])
        return Moved(tuple(r for r in rest if r.stops), before, after, origin, None, _new(before, after))
    mine = next((route for route in rest if route.vehicle == vehicle), Route(vehicle, ()))
    changed, at = _placed(problem, mine, gone, position)
    tasks, vehicles = {one.id: one for one in problem.tasks}, {one.id: one for one in problem.vehicles}
    others = [route for route in rest if route.vehicle != vehicle and route.stops]
    others = [timed(problem, vehicles[r.vehicle], r, tasks)[0] if r.vehicle == origin else r for r in others]
    order = {one.id: k for k, one in enumerate(problem.vehicles)}
    whole = tuple(sorted([*others, changed], key=lambda route: order[route.vehicle]))
    after = check(problem, whole)
    return Moved(whole, before, after, origin, at, _new(before, after))


def _halves(problem: Problem, task: Task) -> tuple[str, ...]:
    if task.partner is None:
        return (task.id,)
    return (task.id, task.partner) if task.kind is TaskKind.SHIPMENT_PICKUP else (task.partner, task.id)


def _placed(problem: Problem, route: Route, ids: tuple[str, ...], position: int | None) -> tuple[Route, int]:
    tasks = {one.id: one for one in problem.tasks}
    vehicle = next(one for one in problem.vehicles if one.id == route.vehicle)
    stops = route.stops
    best: tuple[tuple[int, float], Route, int] | None = None
    places = range(len(stops) + 1) if position is None else [min(max(position, 0), len(stops))]
    for at in places:
        seconds = range(at, len(stops) + 1) if len(ids) > 1 else [at]
        for second in seconds:
            middle = (*stops[:at], ids[0], *stops[at:second])
            found = (*middle, ids[1], *stops[second:]) if len(ids) > 1 else (*middle, *stops[at:])
            put, day = timed(problem, vehicle, dataclasses.replace(route, stops=found), tasks)
            key = (len(day.broken), day.cost)
            if best is None or key < best[0]:
                best = (key, put, at)
    assert best is not None
    return best[1], best[2]


def _new(before: Verdict, after: Verdict) -> tuple[str, ...]:
    known = set(before.broken)
    return tuple(line for line in after.broken if line not in known)
