"""Fill the tables of the rich engine from a problem."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.routing.likeness import likeness
from yunqi.commerce.logistics.engine.routing.measured import closest, measure
from yunqi.commerce.logistics.engine.routing.rich import layout as at
from yunqi.commerce.logistics.engine.routing.rich.layout import REQUIRED
from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints, Matrix, pack
from yunqi.commerce.logistics.model import FOREVER, BadProblem, Objective, Problem, Task, TaskKind, Vehicle

A_VEHICLE = 10**8
LARGEST = 3000
NEAR, AROUND = 40, 100
"""Close tasks beside which a task may be put, and that a ruin goes on to."""
_KINDS = {
    TaskKind.DELIVERY: 0,
    TaskKind.PICKUP: 1,
    TaskKind.SHIPMENT_PICKUP: 2,
    TaskKind.SHIPMENT_DELIVERY: 3,
    TaskKind.SERVICE: 4,
}


@dataclass(frozen=True, slots=True)
class Tables:
    """A problem in arrays (see `layout`): integers, numbers, distances and times of each way to travel; shape of the last
    (ways, 2, places, places)."""

    p: Ints
    prices: Floats
    table: Matrix

    @property
    def tasks(self) -> Ints:
        """Return the tasks' columns; shape (tasks, TASK_COLUMNS)."""
        return self._rows(at.TASK, int(self.p[at.N]), at.TASK_COLUMNS)

    @property
    def loads(self) -> Ints:
        """Return the tasks' loads; shape (tasks, dimensions)."""
        return self._rows(at.LOAD, int(self.p[at.N]), int(self.p[at.DIMENSIONS]))

    @property
    def windows(self) -> Ints:
        """Return the windows that tasks point to; shape (windows, 2)."""
        return self.p[int(self.p[at.WINDOW]) : int(self.p[at.AFTER])].reshape(-1, 2)

    @property
    def vehicles(self) -> Ints:
        """Return the vehicles' columns; shape (vehicles, VEHICLE_COLUMNS)."""
        return self._rows(at.VEHICLE, int(self.p[at.M]), at.VEHICLE_COLUMNS)

    def _rows(self, name: int, count: int, columns: int) -> Ints:
        start = int(self.p[name])
        return self.p[start : start + count * columns].reshape(count, columns)


def fill(problem: Problem) -> Tables:
    """Return the tables of a problem.

    Raises
    ------
    BadProblem
        With too many tasks or skills, or orders in ``after`` that go round in a circle.
    """
    n, m = len(problem.tasks), len(problem.vehicles)
    if n > LARGEST:
        raise BadProblem(
            f"{problem.name}: {n} tasks with breaks, ranges, orders or other rich rules; at most {LARGEST} are planned at "
            "once. Split the day by region."
        )
    place = {task.id: k for k, task in enumerate(problem.tasks)}
    table = _ways(problem)
    words = sorted({word for task in problem.tasks for word in task.skills})
    if len(words) > 62:
        raise BadProblem(f"{problem.name}: {len(words)} different skills; at most 62 are planned.")
    bits = {word: 1 << k for k, word in enumerate(words)}
    tasks, windows, afters = _tasks(problem, place, bits)
    vehicles, breaks, chargers = _vehicles(problem, bits)
    places = np.array([task.place for task in problem.tasks], np.int64)
    around = closest(table[0, 0], places, AROUND, is_symmetric=problem.travel.distances is None)
    near = np.ascontiguousarray(around[:, :NEAR])
    profile = np.array(problem.travel.profile or np.zeros((0, 2)), np.int64).reshape(-1, 2)
    vectors: dict[int, npt.NDArray[np.generic]] = {
        at.TASK: tasks,
        at.LOAD: np.array([task.load for task in problem.tasks], np.int64),
        at.WINDOW: windows,
        at.AFTER: afters,
        at.VEHICLE: vehicles,
        at.ROOM: np.array([vehicle.capacity for vehicle in problem.vehicles], np.int64),
        at.BREAK: breaks,
        at.CHARGER: chargers,
        at.PROFILE: profile,
        at.NEAR: near,
        at.AROUND: around,
    }
    numbers = {
        at.N: n,
        at.M: m,
        at.DIMENSIONS: len(problem.vehicles[0].capacity),
        at.STEPS: len(profile),
        at.NEAR_COUNT: near.shape[1],
        at.AROUND_COUNT: around.shape[1],
        at.WIDTH: n + 3,
        at.LINKED: any(task.partner or task.after for task in problem.tasks),
    }
    prices = np.array([[v.distance_cost, v.time_cost, v.fairness, v.drive_cost] for v in problem.vehicles], np.float64)
    return Tables(
        pack(numbers, vectors, at.HEADER),
        np.concatenate([prices.ravel(), _keys(problem, table[0, 0]).ravel()]),
        table,
    )


def _tasks(problem: Problem, place: dict[str, int], bits: dict[str, int]) -> tuple[Ints, Ints, Ints]:
    rows = np.zeros((len(problem.tasks), at.TASK_COLUMNS), np.int64)
    windows: list[tuple[int, int]] = []
    afters: list[int] = []
    groups: dict[str, int] = {}
    vehicles = {vehicle.id: k for k, vehicle in enumerate(problem.vehicles)}
    locked = {key for vehicle in problem.vehicles for key in vehicle.prefix}
    before = {other for task in problem.tasks for other in task.after}
    levels = _levels(problem, place)
    for k, task in enumerate(problem.tasks):
        rows[k] = (
            task.place, _KINDS[task.kind], task.service, place[task.partner] if task.partner else -1,
            -1 if task.group is None else groups.setdefault(task.group, len(groups)),
            -1 if task.vehicle is None else vehicles[task.vehicle], _price(task, problem),
            -1 if task.max_ride is None else task.max_ride, sum(bits[word] for word in task.skills), len(windows),
            len(task.windows), len(afters), len(task.after),
            bool(task.partner or task.after or task.id in before), levels[k], task.id in locked, 0,
            0, -1, bool(task.after or task.group is not None or task.id in before), k,
        )  # fmt: skip
        windows += task.windows
        afters += [place[other] for other in task.after]
    _lock_pairs(problem, place, vehicles, rows)
    _lure(problem, place, rows)
    _share(problem, place, rows)
    return rows, np.array(windows or [(0, 0)], np.int64), np.array(afters or [0], np.int64)


def _lock_pairs(problem: Problem, place: dict[str, int], vehicles: dict[str, int], rows: Ints) -> None:
    """What a prefix fetched and does not bring is on board: only its vehicle can bring it, and it has to."""
    for vehicle in problem.vehicles:
        for key in vehicle.prefix:
            mate = problem.tasks[place[key]].partner
            if mate is not None and mate not in vehicle.prefix:
                rows[place[mate], at.PIN] = vehicles[vehicle.id]
                rows[place[mate], at.PENALTY] = REQUIRED


def _lure(problem: Problem, place: dict[str, int], rows: Ints) -> None:
    waiting: dict[str, set[str]] = {}
    for task in problem.tasks:
        behind = list(task.after)
        while behind:
            other = behind.pop()
            if task.id not in waiting.setdefault(other, set()):
                waiting[other].add(task.id)
                behind += problem.tasks[place[other]].after
    for key, ids in waiting.items():
        rows[place[key], at.LURE] = sum(int(rows[place[one], at.PENALTY]) for one in ids)


def _share(problem: Problem, place: dict[str, int], rows: Ints) -> None:
    """Note the skills and the pin of all that must be served and has to share a task's vehicle."""
    rows[:, at.ALL_NEED], rows[:, at.ALL_PIN] = rows[:, at.NEED], rows[:, at.PIN]
    firsts: dict[str, int] = {}
    links: list[tuple[int, int]] = []
    for k, task in enumerate(problem.tasks):
        links += [(place[other], k) for other in task.after]
        if task.group is not None:
            links.append((firsts.setdefault(task.group, k), k))
    has_changed = bool(links)
    while has_changed:
        has_changed = False
        for a, b in links:
            family = min(rows[a, at.FAMILY], rows[b, at.FAMILY])
            has_changed = has_changed or family != rows[a, at.FAMILY] or family != rows[b, at.FAMILY]
            rows[[a, b], at.FAMILY] = family
            is_group = problem.tasks[a].group is not None and problem.tasks[a].group == problem.tasks[b].group
            for one, other in ((a, b), (b, a)):
                if is_group and rows[a, at.PENALTY] < REQUIRED:
                    continue
                if one == a and rows[b, at.PENALTY] < REQUIRED:  # what waits for it may stay out
                    continue
                need = rows[one, at.ALL_NEED] | rows[other, at.ALL_NEED]
                pin = rows[other, at.ALL_PIN] if rows[one, at.ALL_PIN] < 0 else rows[one, at.ALL_PIN]
                has_changed = has_changed or need != rows[one, at.ALL_NEED] or pin != rows[one, at.ALL_PIN]
                rows[one, at.ALL_NEED], rows[one, at.ALL_PIN] = need, pin


def _price(task: Task, problem: Problem) -> int:
    if task.prize is None:
        return REQUIRED * (1 + min(task.priority, 1000))
    return task.prize * problem.travel.scale


def _vehicles(problem: Problem, bits: dict[str, int]) -> tuple[Ints, Ints, Ints]:
    rows = np.zeros((len(problem.vehicles), at.VEHICLE_COLUMNS), np.int64)
    breaks: list[tuple[int, int, int]] = []
    chargers: list[int] = []
    kinds: dict[tuple[Any, ...], int] = {}
    first = A_VEHICLE if problem.objective is Objective.VEHICLES_FIRST else 0
    few = all(len(task.windows) < 2 for task in problem.tasks)
    for k, v in enumerate(problem.vehicles):
        pauses = sorted((*pause.window, pause.duration) for pause in v.breaks)
        rows[k] = (
            _or(v.start), _or(v.end), v.window[0], min(v.window[1], FOREVER),
            v.fixed_cost * problem.travel.scale + first, _or(v.max_distance), _or(v.max_time), _or(v.max_tasks),
            _or(v.drive_limit), v.drive_pause, v.reloads, _or(v.range), v.charge_time,
            sum(bits.get(word, 0) for word in v.skills), len(v.prefix), len(breaks), len(pauses), len(chargers),
            len(v.chargers), kinds.setdefault(likeness(v), len(kinds)), _or(v.max_drive), v.reload_time, _or(v.departed),
            v.travels, _is_plain(v, problem, few), _is_direct(v, problem),
        )  # fmt: skip
        breaks += pauses
        chargers += v.chargers
    return rows, np.array(breaks or [(0, 0, 0)], np.int64), np.array(chargers or [0], np.int64)


def _is_direct(v: Vehicle, problem: Problem) -> bool:
    return not v.reloads and v.range is None and not problem.travel.profile


def _is_plain(v: Vehicle, problem: Problem, few: bool) -> bool:
    """Whether slack tells the shortest day, where that matters: with breaks or several windows it may be another."""
    is_timed = v.time_cost > 0 or v.fairness > 0 or v.max_time is not None
    return _is_direct(v, problem) and v.drive_limit is None and (not is_timed or (few and not v.breaks))


def _ways(problem: Problem) -> Matrix:
    """Return distances and times of each way to travel; shape (ways, 2, places, places)."""
    travel = problem.travel
    table = np.empty((1 + len(travel.more), 2, travel.places, travel.places), np.int32)
    measure(travel, table[0, 0], table[0, 1])
    for which, more in enumerate(travel.more, 1):
        table[which] = more
    return table


def _keys(problem: Problem, far: Matrix) -> Floats:
    """Return what tasks may be sorted by: by load, heavy first; far first; close first; narrow windows first; from 0 to 1."""
    n = len(problem.tasks)
    start = next((v.start for v in problem.vehicles if v.start is not None), problem.tasks[0].place if n else 0)
    away = np.array([far[start, task.place] + far[task.place, start] for task in problem.tasks], float)
    heavy = np.array([sum(task.load) for task in problem.tasks], float)
    wide = np.array([sum(b - a for a, b in task.windows) if task.windows else np.inf for task in problem.tasks], float)
    rows = [-heavy, -away, away, wide]
    return np.array([np.argsort(np.argsort(row, kind="stable"), kind="stable") / max(1, n) for row in rows])


def _levels(problem: Problem, place: dict[str, int]) -> npt.NDArray[np.int64]:
    levels = np.zeros(len(place), np.int64)
    for _ in range(len(place) + 1):
        before = levels.copy()
        for k, task in enumerate(problem.tasks):
            for other in task.after:
                levels[k] = max(levels[k], levels[place[other]] + 1)
        if (before == levels).all():
            return levels
    raise BadProblem(f"{problem.name}: the orders in `after` go round in a circle.")


def _or(value: int | None) -> int:
    return -1 if value is None else value
