"""Read problems with the plans and events that belong to them."""

from collections.abc import Callable, Sequence
from typing import Any

from yunqi.commerce.logistics.engine.routing.events import after_events
from yunqi.commerce.logistics.engine.routing.read.detect import read_document
from yunqi.commerce.logistics.engine.routing.read.fields import Fields
from yunqi.commerce.logistics.model import BadProblem, Problem, Route


def read_replan(
    document: Any, *, name: str, read: Callable[[Any, str], Problem] | None = None
) -> tuple[Problem, list[Route], list[Any]]:
    """Read ``{"problem": …, "plan": {"routes": […]}, "events": […]}``.

    Parameters
    ----------
    read
        Reads the problem, by its name; None: `read_document`, which knows no roads.

    Raises
    ------
    BadProblem
        When a part is missing or names what is not there.
    """
    top = Fields(document, name, {"problem", "plan", "events"})
    if not top.has("problem"):
        raise BadProblem(
            f"{name} lacks 'problem'; it has to be an object with problem, plan and events.", param="problem"
        )
    inner = f"{name}.problem"
    problem = read(top.raw("problem"), inner) if read is not None else read_document(top.raw("problem"), name=inner)
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


def replayed(document: dict[str, Any], events: Sequence[Any], plan: Any) -> tuple[Problem, list[Route]]:
    """Return a problem after the events of its day, and the plan in force."""
    problem = read_document(document, name="problem")
    if events:
        problem, _ = after_events(problem, _on_routes(plan), events)
    return problem, read_routes(plan, problem)


def _on_routes(plan: Any) -> list[Route]:
    return [
        Route(str(one["vehicle"]), tuple(str(stop) for stop in one["stops"]), one.get("departs"))
        for one in plan["routes"]
    ]
