"""Lower bounds that hold for every plan, and cost little."""

import math

import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.model import FOREVER, Objective, Problem, Rounding, TaskKind, Travel

LARGEST = 400


def bound(problem: Problem, unserved: frozenset[str] = frozenset()) -> float | None:
    """Return a cost below which no plan of the served tasks can be, in the problem's unit, or None.

    The larger of three: the radial bound of Haimovich and Rinnooy Kan (each tour is at least twice as long as the
    load-weighted mean distance of its stops), half the two shortest ways of every stop, and a minimum spanning tree
    (up to 400 stops). All need distances that form a metric from one depot; elsewhere there is no bound.
    """
    vehicles, travel = problem.vehicles, problem.travel
    depots = {vehicle.start for vehicle in vehicles} | {vehicle.end for vehicle in vehicles}
    if len(depots) != 1 or None in depots or travel.xy is None or any(t.prize is not None for t in problem.tasks):
        return None
    if any(v.distance_cost != vehicles[0].distance_cost for v in vehicles) or vehicles[0].distance_cost <= 0:
        return None
    tasks = [task for task in problem.tasks if task.id not in unserved]
    if not tasks:
        return 0.0
    depot = vehicles[0].start or 0
    points = travel.xy[[depot, *(task.place for task in tasks)]]
    loads = np.array([task.load for task in tasks], np.float64)
    rooms = np.array([min(v.capacity[k], FOREVER) for v in vehicles for k in range(loads.shape[1])])
    room = rooms.reshape(len(vehicles), -1).max(0)
    out = _slack(np.hypot(*(points[1:] - points[0]).T), travel)
    fewest = 1
    found = 2 * float(out.max())
    if (
        not any(task.partner for task in tasks)
        and len({t.kind for t in tasks if any(t.load)} or {TaskKind.DELIVERY}) == 1
    ):
        shares = (loads / np.maximum(room, 1)).max(1)
        found = max(found, 2 * float((out * (loads / np.maximum(room, 1))[:, int(loads.sum(0).argmax())]).sum()))
        fewest = max(
            1,
            math.ceil(shares.sum() / loads.shape[1] - 1e-9),
            *(int(-(-t // r)) for t, r in zip(loads.sum(0), np.maximum(room, 1), strict=True)),
        )
    if len(points) <= LARGEST:
        found = max(found, *_trees(points, travel, out, fewest))
    cost = found * vehicles[0].distance_cost / travel.scale
    used = 1 if any(v.reloads for v in vehicles) else fewest  # one vehicle may make all the trips
    return cost + used * min(v.fixed_cost for v in vehicles) if problem.objective is Objective.COST else cost


def _slack(euclid: npt.NDArray[np.float64], travel: Travel) -> npt.NDArray[np.float64]:
    scaled = euclid * travel.scale
    if travel.rounding is Rounding.ROUNDED:
        return np.floor(scaled + 0.5)
    return np.floor(scaled + 1e-9) if travel.rounding is Rounding.TRUNCATED else scaled


def _trees(
    points: npt.NDArray[np.float64], travel: Travel, out: npt.NDArray[np.float64], fewest: int
) -> tuple[float, float]:
    from scipy.sparse.csgraph import minimum_spanning_tree  # takes half a second to load, at each command

    apart = _slack(np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)), travel)
    tree = float(minimum_spanning_tree(apart[1:, 1:] + 1e-6).sum()) - 1e-6 * len(points)
    nearest = np.sort(out)
    # A plan without the ways that leave the depot is a forest of at most k paths; the tree spans all stops, so k
    # paths and k - 1 of the tree's dearest joints cover it: count the depot's ways and give up k - 1 joints.
    joints = np.sort(minimum_spanning_tree(apart[1:, 1:] + 1e-6).data)[::-1]
    best = math.inf
    for k in range(fewest, min(len(out), fewest + 40) + 1):
        ways = float(np.tile(nearest[:k], 2).sum()) if k <= len(nearest) else 0.0
        best = min(best, tree - float(joints[: k - 1].sum()) + ways)
    np.fill_diagonal(apart, np.inf)
    two = np.partition(apart, 1, axis=1)[:, :2] if len(points) > 2 else np.zeros((1, 2))
    half = float(two[1:].sum()) / 2 + float(nearest[:fewest].sum())
    if len(points) <= 2:
        return 0.0, 0.0
    return (best if fewest + 40 >= len(out) or _rises(joints, nearest, fewest) else 0.0), half / 1.0 - float(
        nearest[:fewest].sum()
    )


def _rises(joints: npt.NDArray[np.float64], nearest: npt.NDArray[np.float64], fewest: int) -> bool:
    # Beyond the tried numbers of routes another route costs more (its two ways) than it saves (its joint).
    k = fewest + 40
    return bool(2 * nearest[min(k, len(nearest) - 1)] >= joints[min(k - 1, len(joints) - 1)])
