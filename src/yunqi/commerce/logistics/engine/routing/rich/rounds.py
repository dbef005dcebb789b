"""Rounds of the rich engine: threads divide the vehicles by a new line each time, work, and put the parts together again."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.routing.rich import layout as at
from yunqi.commerce.logistics.engine.routing.rich import moves
from yunqi.commerce.logistics.engine.routing.rich.state import State
from yunqi.commerce.logistics.engine.routing.rich.tables import Tables
from yunqi.commerce.logistics.engine.routing.strings.arrays import Ints

LOOK_EVERY = 0.02
"""Seconds between two looks at the clock, about: an iteration over long rows takes many times that of one over short ones."""
FEWEST_TO_DIVIDE = 8
"""Used vehicles from which threads divide them; with fewer each works on all of them."""
FREE = 1 << 40
"""No limit of moves."""


@dataclass(slots=True)
class Whole:
    """A solution: the tasks of each vehicle in order, how many each has, what days and absent tasks cost together."""

    rows: Ints
    lengths: Ints
    cost: float

    def used(self) -> list[tuple[int, Ints]]:
        """Return the vehicles in use with their tasks."""
        return [(int(r), self.rows[r, : self.lengths[r]]) for r in np.flatnonzero(self.lengths)]


@dataclass(frozen=True, slots=True)
class Part:
    """What one thread works on: its vehicles, its tasks, and those of them that nobody serves (of pairs the pickups)."""

    mine: npt.NDArray[np.bool_]
    own: Ints
    absent: Ints


class Rounds:
    """The threads of one search.

    Parameters
    ----------
    homes
        Each task's vehicle in the plan in force, or -1.
    heads
        The tasks that are put in: single ones, the pickups of pairs, and what is only to be brought.
    """

    def __init__(self, q: Tables, homes: Ints, heads: Ints, *, workers: int, seed: int) -> None:
        self.q = q
        self.homes = homes
        self.heads = heads
        self.rng = np.random.default_rng(seed)
        self.states = [State(q, homes) for _ in range(max(1, workers))]

    def done(self) -> int:
        """Return the iterations of all threads."""
        return sum(int(state.s[at.DONE]) for state in self.states)

    def moved(self, rows: Sequence[tuple[int, Ints]]) -> int:
        """Return how many tasks are not served by the vehicle of the plan in force."""
        return sum(int(((self.homes[row] >= 0) & (self.homes[row] != r)).sum()) for r, row in rows)

    def run(
        self, threads: ThreadPoolExecutor, current: Whole, level: float, length: int, *, is_over: Callable[[], bool],
        move: float = 0.0, spare: int | None = None, focus: Ints | None = None, alone: bool = False
    ) -> tuple[Whole, list[Whole]]:  # fmt: skip
        """Let the threads work for some iterations each; return where they end, and solutions that may be the best.

        Parameters
        ----------
        move
            What it costs to serve a task from another vehicle than its home.
        spare
            How many more tasks may leave their home; None for no limit.
        focus
            Tasks at which every second ruin begins.
        alone
            One thread works on everything.
        """
        parts = [] if alone else self._divided(current)
        states = self.states[: len(parts) or (1 if alone else None)]
        shares = parts or [self._everything(current)] * len(states)
        jobs = []
        for state, part in zip(states, shares, strict=True):
            self._load(state, current, part, focus)
            limit = FREE if spare is None else int(state.s[at.MOVED]) + spare // len(parts or [1])
            seed = int(self.rng.integers(1 << 31))
            served = max(1, len(part.own) // max(1, int((current.lengths[part.mine] > 0).sum())))
            jobs.append(threads.submit(self._work, state, level, length, seed, move, limit, served, is_over))
        for job in jobs:
            job.result()
        groups = [states] if parts else [[state] for state in states]
        ends = [self._together(group, best=False) for group in groups]
        bests = [self._together(group, best=True) for group in groups]
        return min(ends, key=lambda one: one.cost), [*bests, *ends]

    def _work(
        self, state: State, level: float, length: int, seed: int, move: float, limit: int, served: int,
        is_over: Callable[[], bool]
    ) -> None:  # fmt: skip
        moves.begin(*state.args, limit)
        chunk = 1
        while length > 0 and not is_over():
            begun = time.perf_counter()
            moves.improve(*state.args, min(chunk, length), level, seed, move, limit, served)
            seed, length = -1, length - chunk
            chunk = max(1, min(2 * chunk, int(chunk * LOOK_EVERY / max(1e-6, time.perf_counter() - begun))))

    def _together(self, states: Sequence[State], *, best: bool) -> Whole:
        rows, lengths = (at.BEST_ROWS, at.BEST_LENGTHS) if best else (at.ROWS, at.LENGTHS)
        m = len(self.q.vehicles)
        found = Whole(np.zeros_like(states[0].rows(rows)), np.zeros(m, np.int64), 0.0)
        for state in states:
            mine = state.list(at.MINE, m) > 0
            found.lengths[mine] = state.list(lengths, m)[mine]
            longest = int(found.lengths[mine].max(initial=0))
            found.rows[mine, :longest] = state.rows(rows)[mine, :longest]
            found.cost += float(state.f[at.BEST if best else at.COST])
        return found

    def load(self, state: State, whole: Whole) -> None:
        """Write a whole solution into a thread's state and price it."""
        self._load(state, whole, self._everything(whole))
        moves.begin(*state.args, FREE)

    def _load(self, state: State, current: Whole, part: Part, focus: Ints | None = None) -> None:
        n, m = len(self.q.tasks), len(self.q.vehicles)
        state.list(at.MINE, m)[:] = part.mine
        state.list(at.LENGTHS, m)[:] = np.where(part.mine, current.lengths, 0)
        longest = int(current.lengths[part.mine].max(initial=0))
        state.rows(at.ROWS)[part.mine, :longest] = current.rows[part.mine, :longest]
        state.list(at.HOMES, n)[:] = self.homes
        where, position = state.list(at.WHERE, n), state.list(at.POSITION, n)
        where[:] = -1
        rows = [(r, row) for r, row in current.used() if part.mine[r]]
        for r, row in rows:
            where[row], position[row] = r, np.arange(len(row))
        wanted = part.own[np.isin(part.own, focus)] if focus is not None else part.own[:0]
        own = np.concatenate([part.own, np.resize(wanted, len(part.own) if len(wanted) else 0)])
        state.list(at.OWN, len(own))[:] = own
        state.list(at.ABSENTS, len(part.absent))[:] = part.absent
        state.s[at.OWN_COUNT], state.s[at.ABSENT], state.s[at.MOVED] = len(own), len(part.absent), self.moved(rows)

    def _everything(self, current: Whole) -> Part:
        n, m = len(self.q.tasks), len(current.lengths)
        return Part(np.ones(m, np.bool_), np.arange(n, dtype=np.int64), self.absent(current))

    def absent(self, whole: Whole) -> Ints:
        """Return the heads that nobody serves."""
        served = np.zeros(len(self.q.tasks), np.bool_)
        for _, row in whole.used():
            served[row] = True
        return self.heads[~served[self.heads]]

    def _divided(self, current: Whole) -> list[Part]:
        """Return one part a thread, cut along a line; none with too few vehicles in use."""
        rows = current.used()
        if len(self.states) != 2 or len(rows) < FEWEST_TO_DIVIDE:
            return []
        order = [rows[k][0] for k in np.argsort(self._along(rows), kind="stable")]
        weights = np.cumsum(current.lengths[order])
        cut = int(np.searchsorted(weights, weights[-1] / 2)) + 1
        if cut >= len(order):
            return []
        masks = np.zeros((2, len(current.lengths)), np.bool_)
        masks[0, order[:cut]] = masks[1, order[cut:]] = True
        turn: dict[int, int] = {}
        for r in np.flatnonzero(current.lengths == 0):
            kind = int(self.q.vehicles[r, at.LIKE])
            turn[kind] = turn.get(kind, int(self.rng.integers(2))) + 1
            masks[turn[kind] % 2, r] = True
        absent = self.absent(current)
        able = self._able(absent, masks)
        sides = np.array([self._side(int(i), rows, masks, able) for i in absent], np.int64)
        parts = []
        for side in range(2):
            mine = absent[sides == side] if len(absent) else absent
            own = np.concatenate([*(row for r, row in rows if masks[side, r]), mine])
            parts.append(Part(masks[side], own, mine))
        return parts

    def _along(self, rows: Sequence[tuple[int, Ints]]) -> npt.NDArray[np.float64]:
        """Return how much closer each vehicle's tasks are to one random task than to another."""
        places = self.q.tasks[:, at.PLACE]
        a, b = places[self.rng.integers(len(places), size=2)]
        lean = self.q.table[0, 0, a, places].astype(np.float64) - self.q.table[0, 0, b, places]
        return np.array([lean[row].mean() for _, row in rows])

    def _able(self, absent: Ints, masks: npt.NDArray[np.bool_]) -> dict[int, list[int]]:
        """Return for each set of skills that absent tasks need who has vehicles with them; everybody where none has."""
        found = {}
        for need in np.unique(self.q.tasks[absent, at.NEED]).tolist():
            suits = (need & ~self.q.vehicles[:, at.HAS]) == 0
            found[need] = [side for side in range(2) if (suits & masks[side]).any()] or [0, 1]
        return found

    def _side(
        self, i: int, rows: Sequence[tuple[int, Ints]], masks: npt.NDArray[np.bool_], able: dict[int, list[int]]
    ) -> int:  # fmt: skip
        """Return who may put an absent task in: the owner of its vehicle or of its group's, or one with the skills."""
        task, mate = self.q.tasks[i], int(self.q.tasks[i, at.PARTNER])
        pin = int(task[at.PIN]) if task[at.PIN] >= 0 or mate < 0 else int(self.q.tasks[mate, at.PIN])
        if pin >= 0:
            return int(masks[1, pin])
        if task[at.GROUP] >= 0:
            for r, row in rows:
                if (self.q.tasks[row, at.GROUP] == task[at.GROUP]).any():
                    return int(masks[1, r])
        sides = able[int(task[at.NEED])]
        return sides[int(self.rng.integers(len(sides)))]
