"""Room for orders still to come: stand-ins for them are planned with the rest and then taken out.

Who comes late is not known, but late orders come from where orders come from: the stand-ins are copies of known tasks
drawn at random (a sampled scenario, after Bent and Van Hentenryck 2004). The plan then has as many vehicles as the day
will need, and room in most neighbourhoods, so that late orders move few others. Until they come, it costs more.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from yunqi.commerce.logistics.model import BadProblem, Problem, Route, Task

WORTH = 100
"""What a stand-in is worth, in trips of its own to the farthest place: it never takes the place of a real task."""
MOST = 0.5
"""Stand-ins at most, as a share of the tasks."""


def expecting(problem: Problem, count: int, *, seed: int) -> Problem:
    """Return the problem with so many stand-ins behind its own tasks, fewer where fewer tasks stand alone.

    Raises
    ------
    BadProblem
        When no task can be copied, or the number is no number of orders to expect.
    """
    if not 0 <= count <= max(1, MOST * len(problem.tasks)):
        raise BadProblem(
            f"{count} orders to come are no number to expect of {len(problem.tasks)} tasks; give 0 to half as many.",
            param="expected",
        )
    if not count:
        return problem
    alone = [task for task in problem.tasks if _is_alone(task)]
    if not alone:
        raise BadProblem(
            "Orders to come are drawn from tasks without partner, group, order or pin; there is none here.",
            param="expected",
        )
    draw = np.random.default_rng([seed, len(problem.tasks)])
    known, prize = {task.id for task in problem.tasks}, _prize(problem)
    found: list[Task] = []
    for row in draw.choice(len(alone), min(count, len(alone)), replace=False):
        key = f"to come, like {alone[row].id}"
        while key in known:
            key += "'"
        found.append(dataclasses.replace(alone[row], id=key, prize=prize, priority=0))
    return dataclasses.replace(problem, tasks=(*problem.tasks, *found))


def taken_out(routes: Sequence[Route], wider: Problem, problem: Problem) -> list[Route]:
    """Return routes of the wider problem without the stand-ins; vehicles that served nothing else stay at home."""
    gone = {task.id for task in wider.tasks} - {task.id for task in problem.tasks}
    left = [dataclasses.replace(r, stops=tuple(stop for stop in r.stops if stop not in gone)) for r in routes]
    known = {task.id for task in problem.tasks}
    return [route for route in left if any(stop in known for stop in route.stops)]


def _is_alone(task: Task) -> bool:
    return not (task.partner or task.group or task.after or task.vehicle or task.max_ride is not None)


def _prize(problem: Problem) -> int:
    travel = problem.travel
    far = float(np.hypot(*np.ptp(travel.xy, axis=0))) if travel.xy is not None else 0.0
    if travel.distances is not None:
        far = float(travel.distances.max()) / travel.scale
    dearest = max(
        vehicle.fixed_cost + 2 * far * (vehicle.distance_cost + vehicle.time_cost) for vehicle in problem.vehicles
    )
    return max(1, round(WORTH * dearest))
