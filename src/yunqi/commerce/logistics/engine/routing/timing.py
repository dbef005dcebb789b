"""When a vehicle should leave for a route that is not from a search: for moves by hand and explanations."""

import dataclasses
from collections.abc import Mapping

from yunqi.commerce.logistics.engine.routing.check import Day, follow
from yunqi.commerce.logistics.model import Problem, Route, Task, Vehicle

SMALLEST_STEP = 1 / 64
"""Of the waiting of the earliest day; a departure is found to within it."""


def timed(problem: Problem, vehicle: Vehicle, route: Route, tasks: Mapping[str, Task]) -> tuple[Route, Day]:
    """Return a route with the departure that breaks least, then costs least, and its day.

    It is the earliest where nothing depends on it; else it is made later as long as that only takes waiting away.
    """
    early = vehicle.window[0] if vehicle.departed is None else vehicle.departed
    best = dataclasses.replace(route, departs=None if route.departs is None else early)
    day = follow(problem, vehicle, best, tasks)
    matters = vehicle.time_cost > 0 or vehicle.fairness > 0 or vehicle.max_time is not None
    if not matters or vehicle.departed is not None or not route.stops:
        return best, day
    waits = int(sum(visit.begins - visit.arrives for visit in day.visits))
    step, when = waits, early
    while step > max(1, waits * SMALLEST_STEP):
        later = dataclasses.replace(route, departs=when + step)
        found = follow(problem, vehicle, later, tasks)
        if _key(found) < _key(day):
            best, day, when = later, found, when + step
        step //= 2
    return best, day


def _key(day: Day) -> tuple[int, float]:
    return len(day.broken), day.cost
