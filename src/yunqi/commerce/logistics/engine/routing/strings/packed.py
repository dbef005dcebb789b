"""Pack a problem into the arrays of the search; say why when it has to go another way."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.routing.measured import UP_BY
from yunqi.commerce.logistics.engine.routing.strings import layout as at
from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints, Matrix, pack
from yunqi.commerce.logistics.model import FOREVER, Objective, Problem, Task, TaskKind, Travel, Vehicle

REQUIRED = 10**12
"""The price of leaving out what must be served."""
A_VEHICLE = 10**9
"""The price of a vehicle where fewer vehicles come first."""
BESIDE = 40
"""Close tasks beside which an insertion is tried where windows bind, up to 2,000 tasks: the best place is rarely further, and
in clusters of 30 stops many more of them led to worse plans. A ruin still reaches as far as `_neighbours`."""


@dataclass(frozen=True, slots=True)
class Packed:
    """The arrays of one problem: integers, matrices, coordinates (see `layout`)."""

    p: Ints
    table: Matrix
    xy: Floats
    slots: tuple[int, ...]

    @property
    def args(self) -> tuple[Ints, Matrix, Floats]:
        """What every compiled function is called with first."""
        return self.p, self.table, self.xy


def obstacle(problem: Problem) -> str:
    """Return what the string search does not model in this problem, or an empty text."""
    is_paired = any(task.partner for task in problem.tasks)
    for vehicle in problem.vehicles:
        if vehicle.breaks or vehicle.max_time is not None or vehicle.max_distance is not None or vehicle.fairness:
            return "breaks and limits of a route"
        if (
            (vehicle.max_tasks is not None and is_paired)
            or vehicle.reloads
            or vehicle.prefix
            or vehicle.range is not None
        ):
            return "limits of a vehicle"
        if (
            vehicle.drive_limit is not None
            or vehicle.max_drive is not None
            or vehicle.time_cost
            or vehicle.drive_cost
            or vehicle.distance_cost != problem.vehicles[0].distance_cost
        ):
            return "the cost model"
        if vehicle.travels or vehicle.departed is not None:
            return "vehicles of different speeds or under way"
        if vehicle.start is None or vehicle.end is None or vehicle.distance_cost <= 0:
            return "open routes"
    kinds = {task.kind for task in problem.tasks if any(task.load)}
    pairs = {TaskKind.SHIPMENT_PICKUP, TaskKind.SHIPMENT_DELIVERY}
    if len(kinds) > 1 and not kinds <= pairs:
        return "deliveries and pickups on one route"
    for task in problem.tasks:
        if len(task.windows) > 1 or task.group or task.after or task.max_ride is not None:
            return "several windows, groups or orders"
    words = {word for task in problem.tasks for word in task.skills} | {t.vehicle for t in problem.tasks if t.vehicle}
    return (
        "more than 60 skills and pins" if len(words) > 60 else ("a profile of speeds" if problem.travel.profile else "")
    )


def packed(problem: Problem, *, neighbours: int | None = None) -> Packed:
    """Return the arrays of a problem without an `obstacle`."""
    problem = _counted(problem)
    tasks, vehicles = problem.tasks, problem.vehicles
    n, m = len(tasks), len(vehicles)
    pinned = {task.vehicle for task in tasks if task.vehicle}
    order = sorted(range(m), key=lambda k: _alike(vehicles[k], pinned))
    kinds = _kinds([vehicles[k] for k in order], pinned)
    rows = [task.place for task in tasks]
    for k in order:
        rows += [vehicles[k].start or 0, vehicles[k].end or 0]
    site = np.array(rows, np.int64)
    travel, unit = problem.travel, problem.vehicles[0].distance_cost
    scale = travel.scale
    far = 2 * m
    bits = {word: 1 << k for k, word in enumerate(sorted(_words(tasks)))}
    ready, due = _windows(tasks, [vehicles[k] for k in order])
    metric = travel.xy is not None or (
        travel.distances is not None and np.array_equal(travel.distances, travel.distances.T)
    )
    plain = not any(task.windows or task.partner or task.skills for task in tasks)
    around, apart = _near(problem, site[:n], neighbours or _neighbours(n, plain=plain))
    near = around.copy()
    if not plain and n <= 2000:
        near[:, BESIDE:] = -1
    vectors: dict[int, npt.NDArray[np.generic]] = {
        at.SERVICE: np.array([task.service for task in tasks] + [0] * far, np.int64),
        at.READY: ready,
        at.DUE: due,
        at.SITE: site,
        at.MATE: _mates(tasks),
        at.PICKUP: np.array([task.kind is TaskKind.SHIPMENT_PICKUP for task in tasks], np.int64),
        at.PENALTY: np.array([_price(task, scale, unit) for task in tasks], np.int64),
        at.NEED: np.array([sum(bits[w] for w in _words([task])) for task in tasks], np.int64),
        at.DEMAND: np.array([_signed(task) for task in tasks], np.int64),
        at.HAS: np.array([_bits_of(vehicles[k], bits) for k in order], np.int64),
        at.FIXED: np.array([_fixed(vehicles[k], problem, unit) for k in order], np.int64),
        at.KIND: kinds,
        at.LAST_OF: _last(kinds),
        at.CAPACITY: np.array([vehicles[k].capacity for k in order], np.int64),
        at.NEAR: near,
        at.NEAR_DISTANCE: apart,
        at.AROUND: around,
    }
    numbers = {
        at.N: n,
        at.VEHICLES: m,
        at.DIMENSIONS: len(vehicles[0].capacity),
        at.NEIGHBOURS: around.shape[1],
        at.MODE: int(travel.xy is not None),
        at.SYMMETRIC: int(travel.xy is not None or _is_metric(travel.distances, bool(metric))),
        at.TIMED: int(any(task.windows for task in tasks) or any(v.window != (0, FOREVER) for v in vehicles)),
        at.PAIRED: int(any(task.partner for task in tasks)),
    }
    table, xy = _ways(travel, site)
    return Packed(pack(numbers, vectors, at.PROBLEM_HEADER), table, xy, tuple(order))


def _ways(travel: Travel, site: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]:
    """Return the matrices, or the scale, the rounding and the places that stand for them."""
    if travel.xy is None:
        return np.stack([travel.distances, travel.durations]).astype(np.int32), np.zeros(2)  # type: ignore[list-item]
    head = [float(travel.scale), UP_BY[travel.rounding]]
    return np.zeros((2, 1, 1), np.int32), np.concatenate([head, travel.xy[site].reshape(-1)])


def _counted(problem: Problem) -> Problem:
    """Return the problem with limits of stops as one more dimension, of which each task takes one."""
    if all(vehicle.max_tasks is None for vehicle in problem.vehicles):
        return problem
    tasks = tuple(dataclasses.replace(task, load=(*task.load, 1)) for task in problem.tasks)
    vehicles = tuple(
        dataclasses.replace(one, capacity=(*one.capacity, FOREVER if one.max_tasks is None else one.max_tasks))
        for one in problem.vehicles
    )
    return dataclasses.replace(problem, tasks=tasks, vehicles=vehicles, dimensions=(*problem.dimensions, "stops"))


def _is_metric(distances: Matrix | None, symmetric: bool) -> bool:
    # Bounds that rest on triangles are used where a sample of triples shows none that is broken.
    if distances is None or not symmetric:
        return False
    draw = np.random.default_rng(0).integers(0, len(distances), (3, 2000))
    a, b, c = draw
    return bool((distances[a, c].astype(np.int64) <= distances[a, b].astype(np.int64) + distances[b, c] + 2).all())


def _neighbours(n: int, *, plain: bool) -> int:
    if plain and n <= 2000:  # half as many make twice as many iterations; with windows the near ones are often no use
        return 50
    return 100 if n <= 2000 else 60 if n <= 12_000 else 40 if n <= 50_000 else 24


def _near(problem: Problem, site: Ints, k: int) -> tuple[Ints, Ints]:
    n = len(site)
    k = max(1, min(k, n - 1))
    found = np.full((n, k), -1, np.int64)
    apart = np.zeros((n, k), np.int64)
    if n == 1:
        return found, apart
    travel = problem.travel
    if travel.xy is not None:
        from scipy.spatial import cKDTree  # takes half a second to load, and matrices don't need it

        points = travel.xy[site]
        _, rows = cKDTree(points).query(points, k + 1, workers=1)
        own = rows == np.arange(n)[:, None]
        own[~own.any(1), -1] = True
        found = rows[~own].reshape(n, k).astype(np.int64)
        gaps = points[:, None, :] - points[found]
        apart = np.floor(np.hypot(gaps[..., 0], gaps[..., 1]) * travel.scale + UP_BY[travel.rounding]).astype(np.int64)
        return found, apart
    assert travel.distances is not None
    for a in range(n):
        row = np.minimum(travel.distances[site[a], site], travel.distances[site, site[a]]).astype(np.int64)
        row[a] = FOREVER
        nearest = np.argpartition(row, k - 1)[:k] if k < n - 1 else np.delete(np.arange(n), a)
        nearest = nearest[np.argsort(row[nearest], kind="stable")]
        found[a], apart[a] = nearest, row[nearest]
    return found, apart


def _alike(vehicle: Vehicle, pinned: set[str]) -> tuple[object, ...]:
    return (  # whoever a task is pinned to is a kind of its own, or else another one of its kind could be sent
        vehicle.start or 0, vehicle.end or 0, vehicle.capacity, vehicle.window, tuple(sorted(vehicle.skills)),
        vehicle.fixed_cost, vehicle.id if vehicle.id in pinned else "",
    )  # fmt: skip


def _kinds(vehicles: Sequence[Vehicle], pinned: set[str]) -> Ints:
    kinds = np.zeros(len(vehicles), np.int64)
    for k in range(1, len(vehicles)):
        kinds[k] = kinds[k - 1] + (_alike(vehicles[k], pinned) != _alike(vehicles[k - 1], pinned))
    return kinds


def _last(kinds: Ints) -> Ints:
    return np.searchsorted(kinds, kinds, side="right") - 1


def _words(tasks: Sequence[Task]) -> set[str]:
    return {f"skill {w}" for task in tasks for w in task.skills} | {f"pin {t.vehicle}" for t in tasks if t.vehicle}


def _bits_of(vehicle: Vehicle, bits: dict[str, int]) -> int:
    return sum(bits.get(f"skill {word}", 0) for word in vehicle.skills) + bits.get(f"pin {vehicle.id}", 0)


def _price(task: Task, scale: int, unit: float) -> int:
    if task.prize is not None:
        return round(task.prize * scale / unit)
    return REQUIRED * (1 + min(task.priority, 1000))


def _fixed(vehicle: Vehicle, problem: Problem, unit: float) -> int:
    own = round(vehicle.fixed_cost * problem.travel.scale / unit)
    return own + (A_VEHICLE if problem.objective is Objective.VEHICLES_FIRST else 0)


def _signed(task: Task) -> tuple[int, ...]:
    return tuple(-amount for amount in task.load) if task.kind is TaskKind.SHIPMENT_DELIVERY else task.load


def _mates(tasks: Sequence[Task]) -> Ints:
    place = {task.id: k for k, task in enumerate(tasks)}
    return np.array([place[task.partner] if task.partner else -1 for task in tasks], np.int64)


def _windows(tasks: Sequence[Task], vehicles: Sequence[Vehicle]) -> tuple[Ints, Ints]:
    windows = [task.windows[0] if task.windows else (0, FOREVER) for task in tasks]
    windows += [vehicle.window for vehicle in vehicles for _ in range(2)]
    both = np.array(windows, np.int64).reshape(-1, 2)
    return both[:, 0].copy(), both[:, 1].copy()
