"""What no plan of a quay can be below: the week without the question of where exactly vessels lie.

Each vessel stays as short as at its best position; at no hour may cranes or quay metres run out. This time-indexed model is
solved by HiGHS; its answer is a bound on the true cost, and its starts and cranes are a good guess for the plan.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import coo_array

from yunqi.commerce.logistics.engine.berth.times import hours_alongside, leaves, tide_allows
from yunqi.commerce.logistics.model.berth import QuayProblem, Vessel

INFEASIBLE = 2
"""What HiGHS says of a model that no plan fits."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A bound, and for each vessel (in the problem's order) its start and cranes; empty where none was found in time."""

    bound: int
    stays: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class _Column:
    """One way to serve a vessel."""

    vessel: int
    start: int
    end: int
    cranes: int
    cost: int


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What is left when only plans cheaper than a known one are looked for.

    Parameters
    ----------
    starts
        For each vessel, by its cranes, the hours at which it may begin.
    most
        What each vessel may cost at most.
    is_empty
        Whether nothing is left: the known plan is the best.
    """

    starts: tuple[dict[int, list[int]], ...]
    most: tuple[int, ...]
    is_empty: bool = False


class Relaxation:
    """The time-indexed model of a week.

    Parameters
    ----------
    worst
        What a single vessel may cost in the model.
    """

    def __init__(self, problem: QuayProblem, *, worst: int) -> None:
        self._problem = problem
        self._worst = worst
        self._columns = [
            column for index, vessel in enumerate(problem.vessels) for column in _columns(problem, index, vessel, worst)
        ]
        self._is_open = len({column.vessel for column in self._columns}) == len(problem.vessels)
        hours, vessels = problem.hours, len(problem.vessels)
        rows, cols, values = [], [], []
        for at, column in enumerate(self._columns):
            rows.append(column.vessel)
            cols.append(at)
            values.append(1.0)
            width = problem.width(problem.vessels[column.vessel])
            for hour in range(column.start, column.end):
                rows += [vessels + hour, vessels + hours + hour]
                cols += [at, at]
                values += [float(column.cranes), float(width)]
        self._matrix = coo_array((values, (rows, cols)), shape=(vessels + 2 * hours, len(self._columns))).tocsr()
        self._room = np.concatenate([np.full(hours, problem.cranes), np.full(hours, problem.slots)])
        self._costs = np.array([column.cost for column in self._columns], float)

    def bound(self, *, seconds: float) -> Guess:
        """Return the bound within the time; it never passes ``worst`` by more than one."""
        if not self._is_open:
            return Guess(self._worst + 1)
        vessels = len(self._problem.vessels)
        lower = np.concatenate([np.ones(vessels), np.full(len(self._room), -np.inf)])
        solved = milp(
            self._costs,
            constraints=LinearConstraint(self._matrix, lower, np.concatenate([np.ones(vessels), self._room])),
            integrality=np.ones(len(self._costs)), bounds=Bounds(0, 1), options={"time_limit": seconds},
        )  # fmt: skip
        bound = solved.mip_dual_bound
        found = math.ceil(bound - 1e-6) if bound is not None and math.isfinite(bound) else 0
        if solved.status == INFEASIBLE:
            found = self._worst + 1
        # A plan in which some vessel costs more than the columns allow costs more than that.
        return Guess(max(0, min(found, self._worst + 1)), _stays(self._columns, solved.x, vessels))

    def narrowed(self, *, known: int) -> Narrowed:
        """Return which starts and cranes a plan cheaper than ``known`` may have, by the reduced costs of the linear model.

        A stay at a worse position is longer than its column, but begins at the same hour with as many cranes, so what rules
        the column out rules it out too. ``worst`` has to be at least ``known - 1``.
        """
        vessels = len(self._problem.vessels)
        if not self._is_open:
            return Narrowed((), (), is_empty=True)
        solved = linprog(
            self._costs, A_eq=self._matrix[:vessels], b_eq=np.ones(vessels), A_ub=self._matrix[vessels:], b_ub=self._room,
            bounds=(0, None), method="highs",
        )  # fmt: skip
        if solved.status == INFEASIBLE:
            return Narrowed((), (), is_empty=True)
        if solved.status != 0:
            reduced, left = np.zeros(len(self._costs)), float(known)
        else:
            prices = np.concatenate([solved.eqlin.marginals, solved.ineqlin.marginals])
            reduced = np.maximum(0.0, self._costs - self._matrix.T @ prices)
            left = known - 1 - solved.fun + 1e-6
        starts: list[dict[int, list[int]]] = [{} for _ in range(vessels)]
        most = [-1] * vessels
        for column, price in zip(self._columns, reduced.tolist(), strict=True):
            if price <= left:
                starts[column.vessel].setdefault(column.cranes, []).append(column.start)
                most[column.vessel] = max(most[column.vessel], math.floor(column.cost + left - price))
        return Narrowed(tuple(starts), tuple(most), is_empty=left < 0 or min(most) < 0)


def _stays(columns: Sequence[_Column], chosen: Sequence[float] | None, vessels: int) -> tuple[tuple[int, int], ...]:
    if chosen is None:
        return ()
    stays = {
        column.vessel: (column.start, column.cranes)
        for column, share in zip(columns, chosen, strict=True)
        if share > 0.5
    }
    return tuple(stays[vessel] for vessel in range(vessels)) if len(stays) == vessels else ()


def _columns(problem: QuayProblem, index: int, vessel: Vessel, worst: int) -> list[_Column]:
    best = min(max(0, vessel.position), problem.length - vessel.length)
    position = min((best // problem.step * problem.step, -(-best // problem.step) * problem.step),
                   key=lambda at: abs(at - vessel.position) if at + vessel.length <= problem.length else 10**9)  # fmt: skip
    found = []
    for cranes in range(vessel.least_cranes, min(vessel.most_cranes, problem.cranes) + 1):
        stay = hours_alongside(vessel, cranes, position)
        for start in range(vessel.arrival, problem.hours - stay + 1):
            end = leaves(problem, vessel, start + stay)
            cost = vessel.weight * (start - vessel.arrival + max(0, end - vessel.due))
            if cost > worst:
                break
            if end <= problem.hours and tide_allows(problem, vessel, start):
                found.append(_Column(index, start, end, cranes, cost))
    return found
