"""Plan again while the day runs: a valid plan at once, a better one within seconds, little disturbance."""

from collections.abc import Sequence
from typing import Any

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.engine.routing.answer import plan_of
from yunqi.commerce.logistics.engine.routing.check import CHARGE, RELOAD
from yunqi.commerce.logistics.engine.routing.events import after_events, alike, changes, frozen, kept_share
from yunqi.commerce.logistics.engine.routing.strings.packed import obstacle
from yunqi.commerce.logistics.engine.routing.timing import timed
from yunqi.commerce.logistics.model import Problem, Replan, Route
from yunqi.commerce.logistics.service.clock import Budget
from yunqi.commerce.logistics.service.engines import run_engines, why_not


def replan(
    problem: Problem, routes: Sequence[Route], events: Sequence[Any], config: LogisticsConfig, *, budget: Budget,
    seed: int = 1, keep: float = 0.9
) -> Replan:  # fmt: skip
    """Return the plan after events, with what changed.

    Parameters
    ----------
    keep
        Share of the untouched stops that have to keep their vehicle; a better plan that moves more is not taken.
    """
    today, touched = after_events(problem, routes, events)
    rest, done = frozen(today)
    if obstacle(rest):  # the rules of a whole day need the whole day
        rest, done = today, {}
    start = _in_force(rest, routes, is_whole=not done)
    seen: list[tuple[float, list[Route], float]] = []

    def tell(cost: float, at: float, found: list[Route]) -> None:
        aligned = alike(rest, start, found)
        share = kept_share(start, aligned, touched)
        if not seen or share >= min(keep, seen[-1][2]):
            seen.append((at, aligned, share))

    found, solver, turns, reasons = run_engines(
        rest, config, budget, seed, start, None, None, tell, (keep, frozenset(touched))
    )
    found = alike(rest, start, found)
    if seen and kept_share(start, found, touched) < keep:
        found = seen[-1][1]
        reasons = why_not(rest, found, budget)
    after = _whole(found, done, today)
    plan = plan_of(today, after, reasons=reasons, seconds=budget.used(), solver=solver, seed=seed, iterations=turns)
    first = plan_of(today, _whole(seen[0][1], done, today)) if seen else plan
    kept = kept_share(routes, plan.routes, touched)
    diff = changes(routes, plan.routes, today)
    return Replan(plan, today, diff, kept, seen[0][0] if seen else plan.seconds, first.cost)


def _in_force(problem: Problem, routes: Sequence[Route], *, is_whole: bool) -> list[Route]:
    """Return the routes as far as the problem still has them; of a whole day with its reloads, charges and departures."""
    tasks = {task.id: task for task in problem.tasks}
    vehicles = {vehicle.id: vehicle for vehicle in problem.vehicles}
    found = []
    for route in routes:
        if route.vehicle not in vehicles:
            continue
        stops = tuple(s for s in route.stops if s in tasks or (is_whole and (s == RELOAD or s.startswith(CHARGE))))
        left = Route(route.vehicle, stops, route.departs if is_whole else None)
        found.append(timed(problem, vehicles[route.vehicle], left, tasks)[0] if is_whole else left)
    return found


def _whole(routes: Sequence[Route], done: dict[str, tuple[str, ...]], problem: Problem) -> list[Route]:
    if not done:
        return list(routes)
    rest = {route.vehicle: route for route in routes}
    whole = []
    for vehicle in problem.vehicles:
        tail = rest.get(vehicle.id)
        stops = (*done.get(vehicle.id, ()), *(tail.stops if tail else ()))
        if stops:
            whole.append(Route(vehicle.id, stops, None if vehicle.id in done or tail is None else tail.departs))
    return whole
