"""Drive the compiled search until a deadline: threads, rounds, temperatures, fewer vehicles."""

import itertools
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np

from yunqi.commerce.logistics.engine.routing.polish import LARGEST, Pool, recombine
from yunqi.commerce.logistics.engine.routing.strings import anneal as compiled
from yunqi.commerce.logistics.engine.routing.strings import layout as at
from yunqi.commerce.logistics.engine.routing.strings.arrays import Ints
from yunqi.commerce.logistics.engine.routing.strings.columns import Columns
from yunqi.commerce.logistics.engine.routing.strings.fleet import Fleet
from yunqi.commerce.logistics.engine.routing.strings.leeway import STRICT_FROM, Leeway
from yunqi.commerce.logistics.engine.routing.strings.links import distance
from yunqi.commerce.logistics.engine.routing.strings.packed import REQUIRED, Packed
from yunqi.commerce.logistics.engine.routing.strings.workers import Found, Workers

ROUND, LEAST_ROUND, ROUNDS = 2000, 200, 50
"""Iterations between two looks at who has left the vehicle of a plan in force: at most, at least; and looks, at least, where
those are enough."""
COLD_NEAR = 0.05
"""Where the temperature of a re-plan ends, in mean ways between two stops: below, nothing moves in a leeway that is used."""
COLLECT_FROM, CHOOSE_AT = 0.3, (0.8, 0.92)
"""Shares of the budget from which a re-plan keeps its routes, and at which the best choice from them is made."""
FOCUS_UNTIL = 0.4
"""Share of the budget in which a plan in force is mended around what is new, before all of it is improved."""
FIRST_CHUNK, LOOK_EVERY = 10, 0.005
"""Iterations before the first look at the clock, and seconds between two looks, about: where hundreds of pairs are left out, an
iteration takes tens of milliseconds and not tens of microseconds. How an iteration goes does not depend on it."""
SHARED_FROM = 0.5
"""Share of the budget after which the best of the strings joins the population: earlier it would crowd out diversity."""


class Partner(Protocol):
    """Another search in a thread of its own, over complete solutions as lists of tasks."""

    def run(self, left: Callable[[], float]) -> None:
        """Search until nothing is left."""

    def taken(self) -> tuple[int, list[list[int]]]:
        """Return the best so far: its cost and routes."""

    def seen(self) -> list[list[list[int]]]:
        """Return good solutions that were not returned before."""

    def give(self, cost: int, orders: Sequence[Sequence[int]]) -> None:
        """Hand a solution in."""


Emit = Callable[[Found], None]


class Search:
    """One search over one problem.

    Parameters
    ----------
    arrays
        The problem.
    left
        Returns the share of the budget that is still left, from 1 to 0, and below 0 to stop at once.
    effort
        Iterations that the budget will allow, about; sets the temperatures.
    """

    def __init__(
        self,
        arrays: Packed,
        *,
        left: Callable[[], float],
        effort: float,
        seed: int,
        workers: int = 2,
        emit: Emit | None = None,
        polish_seconds: float = 0.0,
        aside: Callable[[], Found | None] | None = None,
        partner: Partner | None = None,
    ) -> None:
        self.arrays = arrays
        self.workers = Workers(arrays, left, seed, workers)
        self.effort = effort
        self.emit = emit or (lambda found: None)
        self.n = self.workers.n
        self.rng = np.random.default_rng(seed)
        self.states = self.workers.states
        self.best = Found(1 << 62, [], list(range(self.n)))
        self.guard: Callable[[Found], bool] | None = None
        self.leeway: Leeway | None = None
        self.columns: Columns | None = None
        self.seconds = 0.0
        self.spare = 0
        self.news: list[int] = []
        self.hop = 1.0
        self.aside = aside
        self.partner = partner
        self.pool: Pool = {}
        self.polish_seconds = polish_seconds
        alike = int(arrays.p[arrays.p[at.LAST_OF]]) == int(arrays.p[at.VEHICLES]) - 1
        self.polish = polish_seconds > 0 and alike

    def limit(self, iterations: int) -> None:
        """Count iterations instead of time: the same problem, seed and number give the same answer."""
        self.effort = float(iterations)
        self.workers.limit(iterations)

    def left(self) -> float:
        """Return the share of the budget that is left."""
        return self.workers.left()

    def keep(self, homes: dict[int, int], movable: int, *, seconds: float = 0.0) -> None:
        """Let at most ``movable`` of the tasks with a slot in ``homes`` be served from another slot.

        Parameters
        ----------
        seconds
            Length of the budget, for the choices from the routes seen; without, none is made.
        """
        leeway = self.leeway = Leeway(homes, movable)
        self.guard = lambda found: leeway.moved(found.routes) <= movable
        leeway.enter(self.arrays.p, self.states)
        self.columns = Columns(self.arrays, leeway) if seconds > 0 else None
        self.seconds = seconds
        self.polish = False
        self.news = [task for task in range(self.n) if task not in homes]

    def _focus(self, tasks: Sequence[int]) -> None:
        """Let every second ruin begin at one of these tasks."""
        for state in self.states:
            state[at.FOCUSED] = len(tasks)
            state[int(state[at.FOCUS]) : int(state[at.FOCUS]) + len(tasks)] = tasks

    def run(self, start: Found | None = None, *, fewer: bool = False, cool: bool = False) -> Found:
        """Search until the budget is spent and return the best that was found."""
        first = self._continued(start) if start else self._construct()
        self._take(first)
        current, is_quick = first, False
        if fewer and not self.leeway:
            fleet = Fleet(self.workers, lambda: self.best, self._take)
            is_quick, current = fleet.drop(first), self.best
        hot, cold = self._temperatures(current, cool)
        if is_quick and not cool:
            fleet.anew(hot, cold, lambda found: self._remember(found) if self.polish and not found.absent else None)
            current, hot = self.best, hot * 0.3
        span = max(self.left(), 1e-9)
        next_polish, choices = 0.8, list(CHOOSE_AT)
        with ThreadPoolExecutor(len(self.states) + 1) as threads:
            beside = threads.submit(self.partner.run, self.left) if self.partner else None
            while (share := self.left()) > 0:
                done = 1 - share / span
                if self.leeway:
                    current = self.best if self.leeway.is_lost(current.routes, done) else current
                    self._lead(self.leeway, current, done)
                current = self._round(threads, current, hot * (cold / hot) ** done)
                if self.partner is not None:
                    current = self._exchanged(current, done)
                if self.aside is not None and done > 0.93:
                    current = self._meet(current)
                if self.columns and done > COLLECT_FROM:
                    self.columns.collect(current)
                if self.columns and choices and done > choices[0]:
                    del choices[0]
                    current = self._chosen(self.columns) or current
                if self.polish and done > 0.3:
                    self._remember(current)
                if self.polish and done > next_polish:
                    next_polish = 2.0 if next_polish > 0.85 else 0.9
                    current = self._recombined() or current
            if beside is not None:
                beside.result()
                self._exchanged(current, 1.0)
        self.best.iterations = self.workers.work()
        return self.best

    def _exchanged(self, current: Found, done: float) -> Found:
        """Take what the partner found if that is better than all so far, and hand over the best in return."""
        assert self.partner is not None
        cost, orders = self.partner.taken()
        if self.polish and done > 0.3:
            for one in self.partner.seen():
                self._remember(Found(0, list(enumerate(one)), []))
        if orders and cost < self.best.cost:
            current = Found(cost, [(slot, list(order)) for slot, order in enumerate(orders)], [])
            self._take(current)
        elif done > SHARED_FROM and not self.best.absent and self.best.cost < cost:
            self.partner.give(self.best.cost, [tasks for _, tasks in self.best.routes])
        return current

    def _meet(self, current: Found) -> Found:
        """Take what another engine found meanwhile: into the pool, and as the place to go on from when it is better."""
        other = self.aside() if self.aside is not None else None
        self.aside = None
        if other is None or other.absent:
            return current
        self._fill(self.states[0], other, None)
        other = self.workers.read(self.states[0], best=True)
        better = other.cost < self.best.cost
        self._take(other)
        if self.polish:
            self._remember(other)
        return other if better else current

    def _remember(self, found: Found) -> None:
        p, args = self.arrays.p, self.arrays.args
        for slot, tasks in [*found.routes, *self.best.routes]:
            members = frozenset(tasks)
            if members in self.pool and self.pool[members][1] == tuple(tasks):
                continue
            chain = [self.n + 2 * slot, *tasks, self.n + 2 * slot + 1]
            length = sum(int(distance(*args, a, b)) for a, b in itertools.pairwise(chain))
            length += int(p[p[at.FIXED] + slot])
            if members not in self.pool or length < self.pool[members][0]:
                self.pool[members] = (length, tuple(tasks))
        while len(self.pool) > LARGEST:
            self.pool.pop(next(iter(self.pool)))

    def _chosen(self, columns: Columns) -> Found | None:
        found = columns.better(self.best, self.left() * self.seconds)
        if found is not None:
            self._take(found)
        return found

    def _recombined(self) -> Found | None:
        if self.best.absent:
            return None
        self._remember(self.best)
        m = int(self.arrays.p[at.VEHICLES])
        tasks = [task for _, route in self.best.routes for task in route]
        orders = recombine(self.pool, tasks, self.best.cost, m, self.polish_seconds)
        if orders is None:
            return None
        cost = sum(self.pool[frozenset(order)][0] for order in orders)
        found = Found(cost, [(slot, list(order)) for slot, order in enumerate(orders)], [])
        self._take(found)
        return found

    def _construct(self) -> Found:
        state = self.states[0]
        everything = self.workers.heads()
        nothing = np.zeros(0, np.int64)
        compiled.load(*self.arrays.args, state, nothing, np.zeros(1, np.int64), nothing, everything)
        compiled.anneal(*self.arrays.args, state, 1, 1.0, 1.0)
        return self.workers.read(state, best=True)

    def _continued(self, start: Found) -> Found:
        """Price routes that came from elsewhere and insert what they leave out."""
        state = self.states[0]
        self._fill(state, start, None)
        if start.absent:  # a ruin of nothing: what is left out is inserted, and nothing else moves
            here, state[at.HERE] = int(state[at.HERE]), 0
            compiled.anneal(*self.arrays.args, state, 1, 1.0, 1.0)
            state[at.HERE] = here
        return self.workers.read(state, best=True)

    def _settled(self, found: Found) -> Found:
        """Return a solution whose vehicles are dealt out anew so that most tasks are at home."""
        if self.leeway:
            found.routes = self.leeway.settle(found.routes)
        return found

    def _temperatures(self, current: Found, cool: bool) -> tuple[float, float]:
        stops = max(1, self.n - len(current.absent) + len(current.routes))
        fixed = sum(int(self.arrays.p[self.arrays.p[at.FIXED] + slot]) for slot, _ in current.routes)
        worth = self.workers.vector(at.PENALTY)[current.absent]
        lost = int(worth[worth < REQUIRED].sum())  # prizes of what is left out are no way to any stop
        length = max(1.0, (current.cost % REQUIRED - fixed - lost) / stops)
        self.hop = length
        hot = length * min(1.0, max(0.02, (self.effort / self.n / 1000) ** 0.5))
        if self.leeway:
            return hot, min(length * COLD_NEAR, 0.5 * hot)
        return (length * 0.1 if cool else hot), length * 0.01

    def _lead(self, leeway: Leeway, current: Found, done: float) -> None:
        """Set what moves cost in the next round of a re-plan, and how many are left."""
        self._focus(self._bound_for(current) or (self.news if done <= FOCUS_UNTIL else []))
        moved = leeway.moved(current.routes)
        is_strict = bool(self.best.absent) or done >= STRICT_FROM  # a first plan is within the leeway sooner so
        leeway.follow(self.states, moved, self.hop, is_strict=is_strict)
        self.spare = leeway.spare(moved, len(self.states)) if is_strict else self.n

    def _bound_for(self, current: Found) -> list[int]:
        """Return the tasks of the vehicles that alone may serve what is left out."""
        special = [task for task in current.absent if self.workers.vector(at.NEED)[task]]
        if not special:
            return []
        routes = [(slot, tasks) for slot, tasks in current.routes if any(self._may(slot, task) for task in special)]
        return [task for _, tasks in routes for task in tasks]

    def _may(self, slot: int, task: int) -> bool:
        """Whether a vehicle has what a task needs besides room."""
        p = self.arrays.p
        return not int(p[p[at.NEED] + task]) & ~int(p[p[at.HAS] + slot])

    def _round(self, threads: ThreadPoolExecutor, current: Found, level: float) -> Found:
        parts = self._split(current)
        if len(parts) < len(self.states):  # too few routes to divide: everybody works on the whole
            length = self.workers.quota(self._length(self.n) * (1 if self.leeway else 10))
            jobs = [threads.submit(self._part, state, current, level, length, None) for state in self.states]
            ends = [job.result() for job in jobs]
            self._take(self._settled(min((end[1] for end in ends), key=lambda found: found.cost)))
            return self._settled(min((end[0] for end in ends), key=lambda found: found.cost))
        taken = {slot for slot, _ in current.routes}
        length = self.workers.quota(self._length(self.n // len(parts)))
        jobs = []
        for k, (state, part) in enumerate(zip(self.states, parts, strict=True)):
            mine = {slot for slot, _ in part.routes}
            others = {s for s in range(int(self.arrays.p[at.VEHICLES])) if s not in taken and s % len(parts) != k}
            jobs.append(threads.submit(self._part, state, part, level, length, others | (taken - mine)))
        ends = [job.result() for job in jobs]
        self._take(self._settled(_together([end[1] for end in ends])))
        current = self._settled(_together([end[0] for end in ends]))
        if self.leeway:  # a thread's best may have moved too much, and then it keeps none that has moved less
            self._take(current)
        return current

    def _length(self, stops: int) -> int:
        if self.leeway:
            return int(max(LEAST_ROUND, min(ROUND, self.effort / ROUNDS)))
        return max(2000, 20 * stops)

    def _split(self, current: Found) -> list[Found]:
        if len(self.states) == 1 or len(current.routes) < 8:
            return [current][: len(self.states) - 1]
        centres = np.array([self._centre(tasks) for _, tasks in current.routes])
        angle = self.rng.uniform(0, math.pi)
        along = centres @ np.array([math.cos(angle), math.sin(angle)])
        order = np.argsort(along, kind="stable")
        weights = np.cumsum([len(current.routes[k][1]) for k in order])
        cut = int(np.searchsorted(weights, weights[-1] / 2)) + 1
        halves = [order[:cut], order[cut:]]
        parts = [Found(0, [current.routes[k] for k in half], []) for half in halves]
        for k, task in enumerate(current.absent):
            able = [part for part in parts if any(self._may(slot, task) for slot, _ in part.routes)] or parts
            able[k % len(able)].absent.append(task)
        return parts

    def _centre(self, tasks: Sequence[int]) -> tuple[float, float]:
        if not self.arrays.p[at.MODE]:
            first = tasks[0]
            row = self.arrays.table[0, int(self.workers.vector(at.SITE)[first])]
            return float(row[0]), float(row[len(row) // 2])
        xy = self.arrays.xy[2:].reshape(-1, 2)[list(tasks)]
        return float(xy[:, 0].mean()), float(xy[:, 1].mean())

    def _part(
        self, state: Ints, part: Found, level: float, length: int, forbidden: set[int] | None
    ) -> tuple[Found, Found]:
        self._fill(state, part, forbidden)
        chunk = FIRST_CHUNK
        while length > 0 and not self.workers.is_over():
            begun = time.perf_counter()
            compiled.anneal(*self.arrays.args, state, min(chunk, length), level, level)
            length -= chunk
            chunk = max(1, min(2 * chunk, int(chunk * LOOK_EVERY / max(1e-6, time.perf_counter() - begun))))
        return self.workers.read(state, best=False), self.workers.read(state, best=True)

    def _fill(self, state: Ints, part: Found, forbidden: set[int] | None) -> None:
        self.workers.fill(state, part, forbidden)
        state[at.LIMIT] = state[at.MOVED] + self.spare if self.leeway else -1

    def _take(self, found: Found) -> None:
        if found.cost < self.best.cost and (self.guard is None or self.guard(found)):
            self.best = found
            self.emit(found)
        found.iterations = self.workers.work()


def _together(parts: Sequence[Found]) -> Found:
    return Found(
        sum(part.cost for part in parts),
        [route for part in parts for route in part.routes],
        [task for part in parts for task in part.absent],
    )
