"""Room for orders still to come: stand-ins for them are planned with the rest and then taken out.

Who comes late is not known, but late orders come from where orders come from: the stand-ins are copies of known tasks (a
sampled scenario, after Bent and Van Hentenryck 2004), one from each of as many cells with as many tasks each (a stratified
sample: whatever comes is nearer to one of them than to a plain random sample). The plan then has as many vehicles as the
day will need, and room in most neighbourhoods, so that late orders move few others. Until they come, it costs more.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from yunqi.commerce.logistics.model import BadProblem, Problem, Route, Task

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

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
    for row in _spread(problem, alone, min(count, len(alone)), draw):
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


def _spread(problem: Problem, tasks: Sequence[Task], count: int, draw: np.random.Generator) -> list[int]:
    """Return the rows of one task of each cell: in its middle, and such that all together weigh about what others do."""
    xy = _places(problem)[[task.place for task in tasks]]
    loads = np.array([task.load for task in tasks], np.float64)
    mean = loads.mean(axis=0)
    unit = np.where(mean > 0, mean, 1.0)
    chosen: list[int] = []
    sums = np.zeros_like(mean)
    for cell in _cells(xy, np.arange(len(tasks)), count):
        far = ((xy[cell] - xy[cell].mean(axis=0)) ** 2).sum(axis=1)
        middle = draw.permutation(cell[far <= np.median(far)])
        off = np.abs((sums + loads[middle] - mean * (len(chosen) + 1)) / unit).sum(axis=1)
        row = int(middle[np.argmin(off)])
        sums += loads[row]
        chosen.append(row)
    return chosen


def _cells(xy: Floats, rows: Indices, count: int) -> list[Indices]:
    """Divide rows into so many cells of as many each, by halves across the wider side."""
    if count == 1:
        return [rows]
    first = count // 2
    order = rows[np.argsort(xy[rows, np.argmax(np.ptp(xy[rows], axis=0))], kind="stable")]
    cut = round(len(rows) * first / count)
    return _cells(xy, order[:cut], first) + _cells(xy, order[cut:], count - first)


def _places(problem: Problem) -> Floats:
    """Return coordinates of all places; where there are none, distances from three places far from one another."""
    travel = problem.travel
    if travel.xy is not None:
        return travel.xy
    assert travel.distances is not None
    rows = [travel.distances[problem.vehicles[0].start or 0].astype(np.float64)]
    for _ in range(2):
        rows.append(travel.distances[int(np.min(rows, axis=0).argmax())].astype(np.float64))
    return np.stack(rows, axis=1)


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
