"""Fill the tables of the rich engine, run it until a deadline, read routes with reloads and charges out."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from yunqi.commerce.logistics.engine.routing.hybrid import tables
from yunqi.commerce.logistics.engine.routing.rich import moves
from yunqi.commerce.logistics.engine.routing.rich.departing import best_departure, held
from yunqi.commerce.logistics.engine.routing.rich.layout import (
    CHARGE_HERE,
    CLOCK,
    INFEASIBLE,
    LURE,
    PENALTY,
    PIN,
    REQUIRED,
    TASK_COLUMNS,
    VEHICLE_COLUMNS,
    marks_room,
)
from yunqi.commerce.logistics.model import (
    FOREVER,
    BadProblem,
    Objective,
    Problem,
    Route,
    Task,
    TaskKind,
    Travel,
    Vehicle,
)

A_VEHICLE = 10**8
LARGEST = 3000
FEW = 300
"""Tasks up to which the clock is looked at every five iterations, beyond at each."""
_KINDS = {
    TaskKind.DELIVERY: 0,
    TaskKind.PICKUP: 1,
    TaskKind.SHIPMENT_PICKUP: 2,
    TaskKind.SHIPMENT_DELIVERY: 3,
    TaskKind.SERVICE: 4,
}


class RichSearch:
    """One problem in the rich engine."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        n = len(problem.tasks)
        if n > LARGEST:
            raise BadProblem(
                f"{problem.name}: {n} tasks with breaks, ranges, orders or other rich rules; at most {LARGEST} are planned at "
                "once. Split the day by region."
            )
        self.place = {task.id: k for k, task in enumerate(problem.tasks)}
        far, long = tables(problem)
        words = sorted({word for task in problem.tasks for word in task.skills})
        if len(words) > 62:
            raise BadProblem(f"{problem.name}: {len(words)} different skills; at most 62 are planned.")
        bits = {word: 1 << k for k, word in enumerate(words)}
        task_rows, windows, afters = self._tasks(bits)
        vehicle_rows, breaks, chargers = self._vehicles(bits)
        profile = np.array(problem.travel.profile or np.zeros((0, 2)), np.int64).reshape(-1, 2)
        self.q: tuple[Any, ...] = (
            task_rows,
            np.array([task.load for task in problem.tasks], np.int64),
            windows,
            afters,
            vehicle_rows,
            np.array([vehicle.capacity for vehicle in problem.vehicles], np.int64),
            np.array([[v.distance_cost, v.time_cost, v.fairness, v.drive_cost] for v in problem.vehicles], np.float64),
            breaks,
            chargers,
            np.array([(far, long), *problem.travel.more], np.int32),
            profile,
        )
        self.chunk = 5 if n <= FEW else 1
        self.near = self._near(far)
        self._no_circle()

    def _tasks(self, bits: dict[str, int]) -> tuple[Any, Any, Any]:
        rows = np.zeros((len(self.problem.tasks), TASK_COLUMNS), np.int64)
        windows: list[tuple[int, int]] = []
        afters: list[int] = []
        groups: dict[str, int] = {}
        vehicles = {vehicle.id: k for k, vehicle in enumerate(self.problem.vehicles)}
        for k, task in enumerate(self.problem.tasks):
            rows[k] = (
                task.place, _KINDS[task.kind], task.service, self.place[task.partner] if task.partner else -1,
                -1 if task.group is None else groups.setdefault(task.group, len(groups)),
                -1 if task.vehicle is None else vehicles[task.vehicle], self._price(task),
                -1 if task.max_ride is None else task.max_ride, sum(bits[word] for word in task.skills), len(windows),
                len(task.windows), len(afters), len(task.after), 0,
            )  # fmt: skip
            windows += task.windows
            afters += [self.place[other] for other in task.after]
        self._lock_pairs(rows, vehicles)
        self._lure(rows)
        return rows, np.array(windows or [(0, 0)], np.int64), np.array(afters or [0], np.int64)

    def _lock_pairs(self, rows: Any, vehicles: dict[str, int]) -> None:
        """What a prefix fetched and does not bring is on board: only its vehicle can bring it, and it has to."""
        for vehicle in self.problem.vehicles:
            for key in vehicle.prefix:
                mate = self.problem.tasks[self.place[key]].partner
                if mate is not None and mate not in vehicle.prefix:
                    rows[self.place[mate], PIN] = vehicles[vehicle.id]
                    rows[self.place[mate], PENALTY] = REQUIRED

    def _lure(self, rows: Any) -> None:
        waiting: dict[str, set[str]] = {}
        for task in self.problem.tasks:
            behind = list(task.after)
            while behind:
                other = behind.pop()
                if task.id not in waiting.setdefault(other, set()):
                    waiting[other].add(task.id)
                    behind += self.problem.tasks[self.place[other]].after
        for key, ids in waiting.items():
            rows[self.place[key], LURE] = sum(int(rows[self.place[one], PENALTY]) for one in ids)

    def _price(self, task: Task) -> int:
        if task.prize is None:
            return REQUIRED * (1 + min(task.priority, 1000))
        return task.prize * self.problem.travel.scale

    def _vehicles(self, bits: dict[str, int]) -> tuple[Any, Any, Any]:
        rows = np.zeros((len(self.problem.vehicles), VEHICLE_COLUMNS), np.int64)
        breaks: list[tuple[int, int, int]] = []
        chargers: list[int] = []
        alike: dict[tuple[Any, ...], int] = {}
        first = A_VEHICLE if self.problem.objective is Objective.VEHICLES_FIRST else 0
        for k, v in enumerate(self.problem.vehicles):
            pauses = sorted((*pause.window, pause.duration) for pause in v.breaks)
            rows[k] = (
                _or(v.start), _or(v.end), v.window[0], min(v.window[1], FOREVER),
                v.fixed_cost * self.problem.travel.scale + first, _or(v.max_distance), _or(v.max_time), _or(v.max_tasks),
                _or(v.drive_limit), v.drive_pause, v.reloads, _or(v.range), v.charge_time,
                sum(bits.get(word, 0) for word in v.skills), len(v.prefix), len(breaks), len(pauses), len(chargers),
                len(v.chargers), alike.setdefault(_alike(v), len(alike)), _or(v.max_drive), v.reload_time, _or(v.departed),
                v.travels,
            )  # fmt: skip
            breaks += pauses
            chargers += v.chargers
        return rows, np.array(breaks or [(0, 0, 0)], np.int64), np.array(chargers or [0], np.int64)

    def _near(self, far: Any) -> Any:
        places = np.array([task.place for task in self.problem.tasks])
        apart = far[np.ix_(places, places)]
        order = np.argsort(apart + apart.T, axis=1, kind="stable")[:, : min(len(places), 60)]
        return np.ascontiguousarray(order.astype(np.int64))

    def _no_circle(self) -> None:
        levels = np.zeros(len(self.place), np.int64)
        for _ in range(len(self.place)):
            before = levels.copy()
            for k, task in enumerate(self.problem.tasks):
                for other in task.after:
                    levels[k] = max(levels[k], levels[self.place[other]] + 1)
            if (before == levels).all():
                return
        raise BadProblem(f"{self.problem.name}: the orders in `after` go round in a circle.")

    def run(
        self, left: Callable[[], float], seed: int, warm: Sequence[Route] = (),
        keep: tuple[float, frozenset[str]] | None = None
    ) -> tuple[list[Route], int]:  # fmt: skip
        """Search until nothing is left of the budget; return routes and iterations.

        Parameters
        ----------
        keep
            The share of the warm routes' tasks that stay with their vehicle, and the ids of those that are not counted.
        """
        n, m = len(self.place), len(self.problem.vehicles)
        seq, lens, where = np.zeros((m, n + 2), np.int64), np.zeros(m, np.int64), np.full(n, -1, np.int64)
        locked = np.zeros(n, np.int64)
        self._start(seq, lens, where, locked, warm)
        home, leeway = np.full(n, -1, np.int64), n
        if keep is not None:
            share, touched = keep
            free = [task.id in touched for task in self.problem.tasks]
            home = np.where(np.array(free), -1, where)
            leeway = int((1 - share) * int((home >= 0).sum()) + 1e-9)
        costs = np.array([self._cost(r, seq[r], int(lens[r])) for r in range(m)])
        absent = np.zeros(n, np.int64)
        first = [k for k in range(n) if where[k] < 0 and (self.q[0][k, 1] != 3 or locked[self.q[0][k, 3]])]
        absent[: len(first)] = first
        prices = float(self.q[0][first, PENALTY].sum()) if first else 0.0
        numbers = np.array([costs.sum() + prices, costs.sum() + prices, len(first), 0.0])
        best_seq, best_lens = seq.copy(), lens.copy()
        state = (seq, lens, costs, where, self.near, locked, absent, numbers, best_seq, best_lens, home, leeway)
        moves.improve(self.q, *state, 1, 1.0, seed)
        while (share := left()) > 0:
            hot = max(1.0, (numbers[1] % A_VEHICLE) / max(1, n) * 0.5)
            moves.improve(self.q, *state, self.chunk, hot * 0.01 ** (1 - share), -1)
        return self._routes(best_seq, best_lens), int(numbers[3])

    def priced(self, routes: Sequence[Route]) -> Callable[[int], tuple[float, int]]:
        """Return what tells the least cost that a task adds to routes, and the vehicle's number (-1: it fits nowhere)."""
        n, m = len(self.place), len(self.problem.vehicles)
        seq, lens, where = np.zeros((m, n + 2), np.int64), np.zeros(m, np.int64), np.full(n, -1, np.int64)
        self._start(seq, lens, where, np.zeros(n, np.int64), routes)
        costs = np.array([self._cost(r, seq[r], int(lens[r])) for r in range(m)])
        return lambda task: moves.price(self.q, task, seq, lens, costs)

    def _start(self, seq: Any, lens: Any, where: Any, locked: Any, warm: Sequence[Route]) -> None:
        index = {vehicle.id: k for k, vehicle in enumerate(self.problem.vehicles)}
        wanted = {vehicle.id: list(vehicle.prefix) for vehicle in self.problem.vehicles}
        pinned = {key for keys in wanted.values() for key in keys}
        for route in warm:
            if route.vehicle in wanted:
                wanted[route.vehicle] += [s for s in route.stops if s in self.place and s not in pinned]
        for key, stops in wanted.items():
            r = index[key]
            prefix = len(self.problem.vehicles[r].prefix)
            row = [self.place[stop] for stop in stops]
            if len(row) > prefix:
                work = np.array([*row, 0, 0], np.int64)
                if self._cost(r, work, len(row)) >= INFEASIBLE:
                    row = row[:prefix]
            for at, task in enumerate(row):
                seq[r, at], where[task] = task, r
                locked[task] = at < prefix
            lens[r] = len(row)
            if prefix and self._cost(r, seq[r], prefix) >= INFEASIBLE:
                raise BadProblem(
                    f"The locked stops of vehicle {key!r} ({', '.join(self.problem.vehicles[r].prefix)}) cannot be served in "
                    "this order: a window, the load or a limit of the vehicle forbids it. Unlock one of them."
                )

    def _cost(self, r: int, row: Any, length: int) -> float:
        ends, marks = self._room(length)
        return float(moves.evaluate(self.q, r, row, length, ends, marks, np.zeros(CLOCK, np.int64)))

    def _room(self, length: int) -> tuple[Any, Any]:
        marks = np.zeros(marks_room(length, self.q[1].shape[1]), np.int64)
        return np.full(len(self.place), -1, np.int64), marks

    def _routes(self, seq: Any, lens: Any) -> list[Route]:
        routes = []
        q = self.q
        ids = [task.id for task in self.problem.tasks]
        for r, length in enumerate(lens):
            if length == 0:
                continue
            (ends, marks), c = self._room(int(length)), np.zeros(CLOCK, np.int64)
            table = q[9][self.problem.vehicles[r].travels]
            rows = (q[0], q[1], q[2], q[3], q[4][r], q[5][r], q[6][r], q[7], q[8], table, q[10], seq[r], int(length))
            _, departs, are_forced = best_departure(*rows, ends, marks, c)
            held(*rows, departs, ends, marks, c, are_forced)
            stops: list[str] = []
            for at in range(int(length) + 1):
                stops += _between(int(marks[at]))
                if at < length:
                    stops.append(ids[seq[r, at]])
            routes.append(Route(self.problem.vehicles[r].id, tuple(stops), int(departs)))
        return routes


def _between(mark: int) -> list[str]:
    """Return what happens before a stop: a charge, a reload, another charge."""
    before, mark = divmod(mark, CHARGE_HERE)
    found = [f"charge:{before - 1}"] if before else []
    if mark & 1:
        found.append("reload")
    return [*found, f"charge:{(mark >> 1) - 1}"] if mark >> 1 else found


def _or(value: int | None) -> int:
    return -1 if value is None else value


def _alike(v: Vehicle) -> tuple[Any, ...]:
    return tuple(getattr(v, name) for name in Vehicle.__slots__ if name != "id")


def warm() -> None:
    """Compile the engine by a small problem."""
    table = np.array([[0, 5], [5, 0]], np.int32)
    tasks = (Task("a", 1, load=(1,)),)
    problem = Problem("warm", tasks, (Vehicle("1", 0, 0, (3,)),), Travel("matrix", distances=table, durations=table))
    shares = iter((0.5, 0.0))
    RichSearch(problem).run(lambda: next(shares), 1)
    RichSearch(problem).priced([])(0)
