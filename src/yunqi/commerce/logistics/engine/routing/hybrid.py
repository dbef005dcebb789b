"""PyVRP as an engine: the first answer while the string search is not compiled yet, and a peer in the portfolio."""

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.routing.measured import measure
from yunqi.commerce.logistics.model import FOREVER, Objective, Problem, Route, Task, TaskKind

LARGEST = 8000
A_VEHICLE = 10**7


def solve_hybrid(
    problem: Problem, *, left: Callable[[], float], seed: int, emit: Callable[[float], None] | None = None
) -> list[Route] | None:
    """Return the routes that PyVRP found, or None when it found no feasible plan; for problems without an `obstacle`.

    Parameters
    ----------
    left
        Returns the share of the budget that is left.
    """
    pyvrp = importlib.import_module("pyvrp")
    tasks = problem.tasks
    single = [k for k, task in enumerate(tasks) if task.partner is None]
    firsts = [k for k, task in enumerate(tasks) if task.kind is TaskKind.SHIPMENT_PICKUP]
    place = {task.id: k for k, task in enumerate(tasks)}
    data, groups = _data(pyvrp, problem, single, firsts, place)
    result = pyvrp.solve(data, stop=lambda best: left() <= 0, seed=seed, collect_stats=False, display=False)
    if not result.is_feasible():
        return None
    free = {kind: list(ids) for kind, ids in groups.items()}
    routes = []
    kinds = pyvrp.ActivityType
    for route in result.best.routes():
        stops = []
        for step in route.schedule():
            activity = step.activity if hasattr(step, "activity") else step
            if activity.type == kinds.CLIENT:
                stops.append(tasks[single[activity.idx]].id)
            elif activity.type == kinds.PICKUP:
                stops.append(tasks[firsts[activity.idx]].id)
            elif activity.type == kinds.DELIVERY:
                stops.append(str(tasks[firsts[activity.idx]].partner))
        routes.append(Route(free[route.vehicle_type()].pop(0), tuple(stops)))
    return routes


def _data(
    pyvrp: Any, problem: Problem, single: Sequence[int], firsts: Sequence[int], place: dict[str, int]
) -> tuple[Any, dict[int, list[str]]]:
    tasks, vehicles = problem.tasks, problem.vehicles
    far, long = tables(problem)
    unit = vehicles[0].distance_cost
    depots = sorted({place for vehicle in vehicles for place in (vehicle.start, vehicle.end) if place is not None})
    clients = [
        pyvrp.Client(
            tasks[k].place,
            delivery=list(tasks[k].load),
            service_duration=tasks[k].service,
            **_window(tasks[k]),
            **_prize(tasks[k], problem),
        )
        for k in single
    ]
    shipments = [_shipment(pyvrp, tasks[k], tasks[place[str(tasks[k].partner)]], problem) for k in firsts]
    kinds: dict[tuple[Any, ...], list[str]] = {}
    for vehicle in vehicles:
        key = (
            depots.index(vehicle.start or 0),
            depots.index(vehicle.end or 0),
            vehicle.capacity,
            vehicle.window,
            vehicle.fixed_cost,
        )
        kinds.setdefault(key, []).append(vehicle.id)
    first = A_VEHICLE * problem.travel.scale if problem.objective is Objective.VEHICLES_FIRST else 0
    types = [
        pyvrp.VehicleType(
            len(ids),
            list(capacity),
            start,
            end,
            round(fixed * problem.travel.scale / unit) + first,
            window[0],
            min(window[1], FOREVER),
        )
        for (start, end, capacity, window, fixed), ids in kinds.items()
    ]
    data = pyvrp.ProblemData(
        [pyvrp.Location(0, 0) for _ in range(problem.travel.places)], clients, [pyvrp.Depot(one) for one in depots], types,
        [far], [long], shipments=shipments,
    )  # fmt: skip
    return data, dict(enumerate(kinds.values()))


def _shipment(pyvrp: Any, one: Task, two: Task, problem: Problem) -> Any:
    windows = {f"pickup_{key}": value for key, value in _window(one).items()}
    windows |= {f"delivery_{key}": value for key, value in _window(two).items()}
    return pyvrp.Shipment(
        one.place, two.place, pickup_service_duration=one.service, delivery_service_duration=two.service,
        amount=list(one.load), **windows, **_prize(one, problem),
    )  # fmt: skip


def _window(task: Task) -> dict[str, int]:
    return {"tw_early": task.windows[0][0], "tw_late": task.windows[0][1]} if task.windows else {}


def _prize(task: Task, problem: Problem) -> dict[str, Any]:
    if task.prize is None:
        return {}
    return {"prize": round(task.prize * problem.travel.scale / problem.vehicles[0].distance_cost), "required": False}


def tables(problem: Problem) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return distances and times between all places as matrices."""
    travel = problem.travel
    far = np.empty((travel.places, travel.places), np.int64)
    long = far if travel.distances is None else np.empty_like(far)
    measure(travel, far, long)
    return far, long
