"""A plain problem as a matrix and a few lists, the form that other solvers take."""

from typing import Any

import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.routing.hybrid import tables
from yunqi.commerce.logistics.model import Problem, TaskKind


def plain_form(problem: Problem) -> tuple[dict[str, Any], npt.NDArray[np.int64]]:
    """Return lists by node, the depot first, and the distances between them, all whole numbers.

    Only for problems with one depot, one kind of vehicle and one dimension of load.

    Returns
    -------
    tuple
        ``demand``, ``capacity``, ``vehicles``, ``pairs`` (pickup and delivery), and where times matter ``ready``,
        ``due`` and ``service``; then the matrix, shape (n + 1, n + 1).
    """
    tasks, vehicle = problem.tasks, problem.vehicles[0]
    place = {task.id: k for k, task in enumerate(tasks, 1)}
    loads = [0, *(task.load[0] for task in tasks)]
    timed = any(task.windows for task in tasks)
    day = vehicle.window[1]
    windows = [(0, day), *(task.windows[0] if task.windows else (0, day) for task in tasks)]
    pairs = [[place[t.id], place[str(t.partner)]] for t in tasks if t.kind is TaskKind.SHIPMENT_PICKUP]
    enough = len(problem.vehicles)
    if not timed:
        enough = min(enough, -(-sum(loads) * 13 // (vehicle.capacity[0] * 10)) + 3)
    lists = {
        "demand": loads, "capacity": vehicle.capacity[0], "vehicles": enough, "pairs": pairs,
        "ready": [low for low, _ in windows] if timed else [], "due": [high for _, high in windows] if timed else [],
        "service": [0, *(task.service for task in tasks)] if timed else [],
    }  # fmt: skip
    far, _ = tables(problem)
    order = [vehicle.start or 0, *(task.place for task in tasks)]
    return lists, far[np.ix_(order, order)]
