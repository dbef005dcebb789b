"""From the search's numbers to a plan that the checker has accepted."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from yunqi.commerce.logistics.engine.routing.bound import bound
from yunqi.commerce.logistics.engine.routing.check import CHARGE, RELOAD, Verdict, check, follow
from yunqi.commerce.logistics.engine.routing.explain import TIME_WAS_UP
from yunqi.commerce.logistics.model import Disagreement, Plan, Problem, Route, Task, Unserved, Vehicle


def accepted(problem: Problem, routes: Sequence[Route]) -> Verdict:
    """Check routes and return the verdict.

    Raises
    ------
    Disagreement
        When the checker finds a broken rule: our defect, which is never shown as a plan.
    """
    verdict = check(problem, routes)
    if verdict.broken:
        shown = "; ".join(verdict.broken[:3])
        raise Disagreement(
            f"The checker refuses the plan of {problem.name}: {shown}. Please report this with the file."
        )
    return verdict


def holding(problem: Problem, routes: Sequence[Route]) -> list[Route]:
    """Return routes without the stops that break a rule by now, so that a search can begin with them.

    A plan in force may not hold any more: a delay makes later stops late, a pin sends a task elsewhere. Stops are taken
    in order as long as the day holds; the others are left to be served anew.
    """
    tasks = {task.id: task for task in problem.tasks}
    vehicles = {vehicle.id: vehicle for vehicle in problem.vehicles}
    found = []
    for route in routes:
        vehicle = vehicles.get(route.vehicle)
        if vehicle is None:
            continue
        known = tuple(stop for stop in route.stops if stop in tasks or stop == RELOAD or stop.startswith(CHARGE))
        route = replace(route, stops=known)
        wrong = [key for key in known if key in tasks and tasks[key].vehicle not in (None, vehicle.id)]
        if wrong or follow(problem, vehicle, route, tasks).broken:
            route = replace(route, stops=_held(problem, vehicle, route, tasks))
        found.append(route)
    return found


def _held(problem: Problem, vehicle: Vehicle, route: Route, tasks: Mapping[str, Task]) -> tuple[str, ...]:
    kept: list[str] = []
    gone: set[str | None] = set()
    for stop in route.stops:
        task = tasks.get(stop)
        if task is not None and (task.vehicle not in (None, vehicle.id) or task.partner in gone):
            gone.add(stop)
            continue
        if follow(problem, vehicle, replace(route, stops=(*kept, stop)), tasks).broken and stop not in vehicle.prefix:
            gone.add(stop)
        else:
            kept.append(stop)
    left = {key for key in kept if key in tasks and tasks[key].partner in gone}
    return tuple(key for key in kept if key not in left)


def plan_of(
    problem: Problem, routes: Sequence[Route], *, reasons: Sequence[Unserved] = (), seconds: float = 0.0,
    solver: str = "", seed: int = 0, iterations: int = 0, notes: tuple[str, ...] = (), low: float | None = None
) -> Plan:  # fmt: skip
    """Return a checked plan with its bound and gap.

    Parameters
    ----------
    low
        The bound for all tasks, where it is known already.
    """
    verdict = accepted(problem, routes)
    explained = {one.id: one for one in reasons}
    unserved = tuple(explained.get(key) or Unserved(key, (TIME_WAS_UP,), partial=True) for key in verdict.unserved)
    if low is None or verdict.unserved:
        low = bound(problem, frozenset(verdict.unserved))
    if low is not None:
        low = min(low, verdict.cost)
    gap = None if low is None else (verdict.cost - low) / verdict.cost if verdict.cost > 0 else 0.0
    return Plan(
        verdict.cost, tuple(route for route in routes if route.stops), unserved, low, gap, seconds, problem.travel.source,
        solver, seed, iterations, problem.repairs + notes,
    )  # fmt: skip
