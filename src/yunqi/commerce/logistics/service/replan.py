"""Plan again while the day runs: a valid plan at once, a better one within seconds, little disturbance."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.engine.routing.answer import plan_of
from yunqi.commerce.logistics.engine.routing.events import after_events, changes, frozen, kept_share
from yunqi.commerce.logistics.engine.routing.read.detect import read_document
from yunqi.commerce.logistics.engine.routing.read.fields import Fields
from yunqi.commerce.logistics.model import BadProblem, Problem, Replan, Route
from yunqi.commerce.logistics.service.clock import Budget
from yunqi.commerce.logistics.service.engines import run_engines


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
    known = {task.id for task in rest.tasks}
    there = {vehicle.id for vehicle in rest.vehicles}
    start = [
        Route(route.vehicle, tuple(stop for stop in route.stops if stop in known))
        for route in routes
        if route.vehicle in there
    ]
    seen: list[tuple[float, list[Route]]] = []

    def tell(cost: float, at: float, found: list[Route]) -> None:
        if not seen or kept_share(start, found, touched) >= keep:
            seen.append((at, found))

    found, solver, turns, reasons = run_engines(rest, config, budget, seed, start, None, None, tell)
    if seen and kept_share(start, found, touched) < keep:
        found, reasons = seen[-1][1], []
    after = _whole(found, done, today)
    plan = plan_of(today, after, reasons=reasons, seconds=budget.used(), solver=solver, seed=seed, iterations=turns)
    first = plan_of(today, _whole(seen[0][1], done, today)) if seen else plan
    kept = kept_share(routes, plan.routes, touched)
    diff = changes(routes, plan.routes, today)
    return Replan(plan, today, diff, kept, seen[0][0] if seen else plan.seconds, first.cost)


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


def read_replan(document: Any, *, name: str) -> tuple[Problem, list[Route], list[Any]]:
    """Read ``{"problem": …, "plan": {"routes": […]}, "events": […]}``.

    Raises
    ------
    BadProblem
        When a part is missing or names what is not there.
    """
    top = Fields(document, name, {"problem", "plan", "events"})
    problem = read_document(top.raw("problem", {}), name=f"{name}.problem")
    return problem, read_routes(top.raw("plan", {}), problem), top.items("events")


def read_routes(document: Any, problem: Problem) -> list[Route]:
    """Read the routes of a plan, as `solve` prints them."""
    if not isinstance(document, dict) or not isinstance(document.get("routes"), list):
        raise BadProblem(
            "plan has no list `routes`; give a plan as `yunqi logistics solve --json` prints it.", param="plan"
        )
    vehicles = {vehicle.id for vehicle in problem.vehicles}
    tasks = {task.id for task in problem.tasks}
    routes = []
    for k, value in enumerate(document["routes"]):
        f = Fields(value, f"plan.routes[{k}]", {"vehicle", "stops", "departs"})
        route = Route(f.text("vehicle"), f.texts("stops"), f.maybe("departs"))
        unknown = [s for s in route.stops if s not in tasks and not s.startswith("charge:") and s != "reload"]
        if unknown or route.vehicle not in vehicles:
            raise BadProblem(
                f"plan.routes[{k}] names {unknown[0] if unknown else route.vehicle!r}, which the problem lacks."
            )
        routes.append(route)
    return routes


def without_marks(routes: Sequence[Route]) -> list[Route]:
    """Return routes without reloads and charges, as engines start from them."""
    return [
        dataclasses.replace(r, stops=tuple(s for s in r.stops if s != "reload" and not s.startswith("charge:")))
        for r in routes
    ]
