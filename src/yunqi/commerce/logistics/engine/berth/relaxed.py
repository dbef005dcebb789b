"""What no plan of a quay can be below: the week without the question of where exactly vessels lie.

Each vessel stays as short as at its best position; at no hour may cranes or quay metres run out. This time-indexed model is
solved by HiGHS; its answer is a bound on the true cost, and its starts and cranes are a good guess for the plan.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from yunqi.commerce.logistics.engine.berth.quay import hours_alongside, leaves, tide_allows
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


def relaxed(problem: QuayProblem, *, seconds: float, worst: int) -> Guess:
    """Return the bound within the time.

    Parameters
    ----------
    worst
        What a single vessel may cost in the model; the bound never passes it by more than one.
    """
    columns = [
        column for index, vessel in enumerate(problem.vessels) for column in _columns(problem, index, vessel, worst)
    ]
    if len({column.vessel for column in columns}) < len(problem.vessels):
        return Guess(worst + 1)
    hours, vessels, count = problem.hours, len(problem.vessels), len(columns)
    rows, cols, values = [], [], []
    for at, column in enumerate(columns):
        rows.append(column.vessel)
        cols.append(at)
        values.append(1.0)
        for hour in range(column.start, column.end):
            rows += [vessels + hour, vessels + hours + hour]
            cols += [at, at]
            values += [float(column.cranes), float(-(-problem.vessels[column.vessel].length // problem.step))]
    matrix = coo_array((values, (rows, cols)), shape=(vessels + 2 * hours, count)).tocsr()
    slots = problem.length // problem.step
    upper = np.concatenate([np.ones(vessels), np.full(hours, problem.cranes), np.full(hours, slots)])
    lower = np.concatenate([np.ones(vessels), np.full(2 * hours, -np.inf)])
    solved = milp(
        np.array([column.cost for column in columns], float),
        constraints=LinearConstraint(matrix, lower, upper), integrality=np.ones(count), bounds=Bounds(0, 1),
        options={"time_limit": seconds},
    )  # fmt: skip
    bound = solved.mip_dual_bound
    found = math.ceil(bound - 1e-6) if bound is not None and math.isfinite(bound) else 0
    if solved.status == INFEASIBLE:
        found = worst + 1
    # A plan in which some vessel costs more than the columns allow costs more than that.
    return Guess(max(0, min(found, worst + 1)), _stays(columns, solved.x, vessels))


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
