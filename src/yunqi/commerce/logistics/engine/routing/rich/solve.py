"""Run the rich engine until a deadline, and read routes with reloads and charges out."""

import functools
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from yunqi.commerce.logistics.engine.routing.rich.departing import best_departure, evaluate, held, let_go
from yunqi.commerce.logistics.engine.routing.rich.insert import least
from yunqi.commerce.logistics.engine.routing.rich.layout import (
    BLINK,
    CHARGE_HERE,
    COST,
    ENOUGH,
    FIXED,
    INFEASIBLE,
    KIND,
    LOCKED,
    MARKS,
    PARTNER,
    REQUIRED,
    SHIP_DELIVERY,
)
from yunqi.commerce.logistics.engine.routing.rich.rounds import Rounds, Whole
from yunqi.commerce.logistics.engine.routing.rich.tables import A_VEHICLE, fill
from yunqi.commerce.logistics.engine.routing.strings.arrays import Ints
from yunqi.commerce.logistics.engine.routing.strings.leeway import STRICT_FROM, Leeway
from yunqi.commerce.logistics.model import BadProblem, Objective, Problem, Route, Task, Travel, Vehicle

ROUND = 200
"""Iterations of a thread between two divisions of the vehicles, at least."""
SPEED = 6_000.0
"""Iterations a second and thread, about; only the temperatures depend on it."""
FOCUS_UNTIL = 0.4
"""Share of the budget in which a plan in force is mended around what is new, before all of it is improved."""
NOBODY = np.zeros(0, np.int64)
COLD, COLD_NEAR = 0.01, 0.05
"""Where the temperature ends, in mean ways between two stops; and for a re-plan, in which nothing would move below."""

Emit = Callable[[float, Callable[[], list[Route]]], None]
"""Told of a better plan that serves all it must: its cost in the problem's internal unit, and what reads its routes."""


class RichSearch:
    """One problem in the rich engine.

    Parameters
    ----------
    workers
        Threads.
    emit
        Told of better plans.
    """

    def __init__(self, problem: Problem, *, workers: int = 1, seed: int = 1, emit: Emit | None = None) -> None:
        self.problem = problem
        self.place = {task.id: k for k, task in enumerate(problem.tasks)}
        self.q = fill(problem)
        self.emit = emit
        tasks = self.q.tasks
        is_head = (tasks[:, KIND] != SHIP_DELIVERY) | (tasks[tasks[:, PARTNER], LOCKED] > 0)
        self.homes = np.full(len(self.place), -1, np.int64)
        self.rounds = Rounds(self.q, self.homes, np.flatnonzero(is_head), workers=workers, seed=seed)
        self.state = self.rounds.states[0]  # between rounds it is free for single days
        self.leeway: Leeway | None = None
        self.news = NOBODY
        self.best = Whole(np.zeros((0, 0), np.int64), np.zeros(0, np.int64), math.inf)

    def keep(self, homes: dict[int, int], movable: int) -> None:
        """Let at most ``movable`` of the tasks in ``homes`` be served by another vehicle than theirs; both by index."""
        self.leeway = Leeway(homes, movable)
        self.homes[list(homes)] = list(homes.values())
        self.news = np.flatnonzero(self.homes < 0)

    def run(
        self, left: Callable[[], float], warm: Sequence[Route] = (), *, seconds: float = 1.0, iterations: int | None = None
    ) -> tuple[list[Route], int]:  # fmt: skip
        """Search until nothing is left of the budget; return routes and iterations.

        Parameters
        ----------
        left
            Returns the share of the budget that is still left; 0 or below stops the search.
        seconds
            Length of the budget: sets the temperatures.
        iterations
            Count these instead: the same problem, seed and number give the same plan.
        """
        rounds, n, workers = self.rounds, len(self.place), len(self.rounds.states)
        length = ROUND if self.leeway else max(ROUND, 2 * n)
        with ThreadPoolExecutor(workers) as threads:
            current = self._start(warm)
            if n and self.leeway is not None:  # the plan in force moves nobody: there is always that to fall back on
                rounds.load(self.state, current)
                current.cost = float(self.state.f[COST])
                self._take([current])
            if n:
                current, seen = rounds.run(threads, current, 1.0, 1, is_over=lambda: False, alone=True)
                self._take(seen)
            hop = self._hop(current)
            hot, cold = self._temperatures(hop, iterations or SPEED * seconds * workers)
            while n:
                share = left() if iterations is None else 1 - rounds.done() / iterations
                if share <= 0:
                    break
                if iterations is not None:
                    length = max(1, min(length, math.ceil((iterations - rounds.done()) / workers)))
                move, spare, current = self._lead(current, hop, 1 - share)
                focus = self.news if share > 1 - FOCUS_UNTIL else NOBODY
                current, seen = rounds.run(
                    threads, current, hot * (cold / hot) ** (1 - share), length,
                    is_over=(lambda: left() <= 0) if iterations is None else (lambda: False),
                    move=move, spare=spare, focus=focus,
                )  # fmt: skip
                self._take(seen)
        return self._routes(self.best), rounds.done()

    def _temperatures(self, hop: float, effort: float) -> tuple[float, float]:
        hot = hop * min(1.0, max(0.02, (effort / max(1, len(self.place)) / 1000) ** 0.5))
        return hot, min(hot, hop * (COLD_NEAR if self.leeway else COLD))

    def _hop(self, whole: Whole) -> float:
        """Return the mean way between two stops, in what it costs."""
        rows = whole.used()
        price = sum(self._cost(r, row, len(row)) - float(self.q.vehicles[r, FIXED]) for r, row in rows)
        return max(1.0, price / max(1, sum(len(row) + 1 for _, row in rows)))

    def _lead(self, current: Whole, hop: float, done: float) -> tuple[float, int | None, Whole]:
        """Return what a move costs in the next round of a re-plan, how many more there may be, and where to go on from."""
        if self.leeway is None:
            return 0.0, None, current
        moved = self.rounds.moved(current.used())
        if done > 0.75 and moved > self.leeway.movable and self.best.cost < math.inf:
            current = self.best
            moved = self.rounds.moved(current.used())
        is_strict = done >= STRICT_FROM or self.best.cost >= REQUIRED
        self.leeway.follow([], moved, hop, is_strict=is_strict)
        return self.leeway.price * hop, self.leeway.spare(moved, 1) if is_strict else None, current

    def _take(self, seen: Sequence[Whole]) -> None:
        for one in seen:
            if one.cost >= min(self.best.cost, INFEASIBLE) - 1e-6:
                continue
            if self.leeway and self.rounds.moved(one.used()) > self.leeway.movable:
                continue
            self.best = one
            if self.emit is not None and one.cost < REQUIRED:
                first = A_VEHICLE if self.problem.objective is Objective.VEHICLES_FIRST else 0
                self.emit(one.cost - first * len(one.used()), functools.partial(self._routes, one))

    def _start(self, warm: Sequence[Route]) -> Whole:
        width = len(self.place) + 3
        found = Whole(
            np.zeros((len(self.problem.vehicles), width), np.int64), np.zeros(len(self.problem.vehicles), np.int64), 0.0
        )
        index = {vehicle.id: k for k, vehicle in enumerate(self.problem.vehicles)}
        wanted = {vehicle.id: list(vehicle.prefix) for vehicle in self.problem.vehicles}
        pinned = {key for keys in wanted.values() for key in keys}
        for route in warm:
            if route.vehicle in wanted:
                wanted[route.vehicle] += [s for s in route.stops if s in self.place and s not in pinned]
        for key, stops in wanted.items():
            r = index[key]
            prefix = len(self.problem.vehicles[r].prefix)
            row = np.array([self.place[stop] for stop in stops], np.int64)
            if len(row) > prefix and self._cost(r, row, len(row)) >= INFEASIBLE:
                row = self._held(r, row, prefix)
            found.rows[r, : len(row)], found.lengths[r] = row, len(row)
            if prefix and self._cost(r, row, prefix) >= INFEASIBLE:
                raise BadProblem(
                    f"The locked stops of vehicle {key!r} ({', '.join(self.problem.vehicles[r].prefix)}) cannot be served in "
                    "this order: a window, the load or a limit of the vehicle forbids it. Unlock one of them."
                )
        return found

    def _held(self, r: int, row: Ints, prefix: int) -> Ints:
        """Return a row without the tasks that break its day, taken in order; no half of a pair is left."""
        kept, gone = list(row[:prefix]), set()
        for i in row[prefix:]:
            if (
                self.q.tasks[i, PARTNER] in gone
                or self._cost(r, np.array([*kept, i], np.int64), len(kept) + 1) >= INFEASIBLE
            ):
                gone.add(i)
            else:
                kept.append(i)
        whole = np.array([i for i in kept if self.q.tasks[i, PARTNER] not in gone], np.int64)
        return whole if len(whole) > prefix and self._cost(r, whole, len(whole)) < INFEASIBLE else row[:prefix]

    def priced(self, routes: Sequence[Route]) -> Callable[[int], tuple[float, int]]:
        """Return what tells the least cost that a task adds to routes, and the vehicle's number (-1: it fits nowhere)."""
        state = self.rounds.states[0]
        self.rounds.load(state, self._start(routes))
        state.f[BLINK], state.f[ENOUGH] = 0.0, math.inf
        return lambda task: least(*state.args, task)

    def _cost(self, r: int, row: Ints, length: int) -> float:
        return float(evaluate(*self.state.day, r, self.state.write(row), length, INFEASIBLE, 0))

    def _routes(self, whole: Whole) -> list[Route]:
        routes = []
        ids = [task.id for task in self.problem.tasks]
        for r, row in whole.used():
            at = self.state.write(row)
            _, departs, are_forced = best_departure(*self.state.day, r, at, len(row), INFEASIBLE, 0)
            held(*self.state.day, r, at, len(row), departs, are_forced)
            let_go(self.state.s, len(row))
            marks = self.state.list(MARKS, len(row) + 1)
            stops: list[str] = []
            for k, mark in enumerate(marks):
                stops += _between(int(mark))
                if k < len(row):
                    stops.append(ids[row[k]])
            routes.append(Route(self.problem.vehicles[r].id, tuple(stops), int(departs)))
        return routes


def _between(mark: int) -> list[str]:
    """Return what happens before a stop: a charge, a reload, another charge."""
    before, mark = divmod(mark, CHARGE_HERE)
    found = [f"charge:{before - 1}"] if before else []
    if mark & 1:
        found.append("reload")
    return [*found, f"charge:{(mark >> 1) - 1}"] if mark >> 1 else found


def warm() -> None:
    """Compile the engine by a small problem."""
    table = np.array([[0, 5], [5, 0]], np.int32)
    tasks = (Task("a", 1, load=(1,)),)
    problem = Problem("warm", tasks, (Vehicle("1", 0, 0, (3,)),), Travel("matrix", distances=table, durations=table))
    RichSearch(problem).run(lambda: 0.0, iterations=2)
    RichSearch(problem).priced([])(0)
