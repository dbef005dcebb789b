"""Set partitioning: the cheapest choice from all routes seen that serves each task once.

A mixed-integer program over the whole pool is a waste of time; one over the routes whose reduced cost in the linear
relaxation is below the gap is small and exact for the pool. HiGHS solves both, by SciPy, which keeps it silent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csc_matrix

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Pool = dict[frozenset[int], tuple[int, tuple[int, ...]]]
"""Sets of tasks with their cheapest known cost and order."""

LARGEST = 40_000


def recombine(pool: Pool, tasks: list[int], best: int, vehicles: int, seconds: float) -> list[tuple[int, ...]] | None:
    """Return the orders of cheaper routes that serve every task once, or None when the pool holds nothing cheaper.

    Parameters
    ----------
    best
        Cost of the best known choice.
    vehicles
        Routes that may be used.
    seconds
        Time for the linear and the integer program together.
    """
    rows = {task: k for k, task in enumerate(tasks)}
    columns = [(cost, order) for members, (cost, order) in pool.items() if members <= rows.keys()]
    if not columns:
        return None
    costs, matrix = _program(columns, rows)
    picked = _cheapest(costs, matrix, np.array([vehicles]), best, max(0.05, seconds / 2), most=1)
    if picked is None:
        return None
    chosen = [columns[k] for k in picked]
    served = sorted(task for _, order in chosen for task in order)
    if served != sorted(tasks) or len(chosen) > vehicles or sum(cost for cost, _ in chosen) >= best:
        return None
    return [order for _, order in chosen]


def _cheapest(
    costs: Floats, matrix: csc_matrix, limits: Floats, best: int, seconds: float, *, most: int | None
) -> Indices | None:
    """Return the columns of the cheapest choice, or None when none is below ``best``, or none was found in time.

    Parameters
    ----------
    matrix
        A row for each task, each to be served once, then a row for each of ``limits``.
    seconds
        Time for the linear program, and for the integer one.
    most
        How often the linear program may take a column; None sets no bound.
    """
    n, options = matrix.shape[0] - len(limits), {"time_limit": seconds}
    once = np.ones(n)
    relaxed = linprog(
        costs, A_eq=matrix[:n], b_eq=once, A_ub=matrix[n:], b_ub=limits, bounds=(0, most), method="highs", options=options
    )  # fmt: skip
    if relaxed.status != 0 or relaxed.fun > best - 1:
        return None
    prices = np.concatenate([relaxed.eqlin.marginals, relaxed.ineqlin.marginals])
    near = np.flatnonzero(costs - matrix.T @ prices <= best - relaxed.fun + 1e-6)
    matrix = matrix[:, near]
    rules = [LinearConstraint(matrix[:n], once, once), LinearConstraint(matrix[n:], 0, limits)]
    found = milp(costs[near], constraints=rules, integrality=np.ones(len(near)), bounds=Bounds(0, 1), options=options)
    return None if found.x is None else near[found.x > 0.5]


def _program(columns: list[tuple[int, tuple[int, ...]]], rows: dict[int, int]) -> tuple[Floats, csc_matrix]:
    costs = np.array([cost for cost, _ in columns], np.float64)
    starts = np.cumsum([0, *(len(order) + 1 for _, order in columns)])
    index = np.array([row for _, order in columns for row in (*sorted(rows[task] for task in order), len(rows))])
    return costs, csc_matrix((np.ones(len(index)), index, starts), shape=(len(rows) + 1, len(columns)))


@dataclass(frozen=True, slots=True)
class Column:
    """A route of one vehicle.

    Parameters
    ----------
    slot
        The vehicle.
    order
        Its tasks.
    cost
        In the search's unit.
    moved
        How many of its tasks another vehicle serves in the plan in force.
    """

    slot: int
    order: tuple[int, ...]
    cost: int
    moved: int


def recombine_near(
    columns: Sequence[Column], tasks: list[int], best: int, *, movable: int, seconds: float
) -> list[Column] | None:
    """Return cheaper routes that serve every task once, each vehicle at most once, with at most ``movable`` moved tasks.

    Parameters
    ----------
    best
        Cost of the best known choice.
    seconds
        Time for the linear and the integer program together.

    Returns
    -------
    None when the columns hold nothing cheaper, or nothing that was found in time.
    """
    n = len(tasks)
    costs, matrix = _near_program(columns, tasks, movable)
    picked = _cheapest(costs, matrix, np.ones(matrix.shape[0] - n), best, max(0.02, seconds / 2), most=None)
    if picked is None:
        return None
    chosen = [columns[k] for k in picked]
    served = sorted(task for column in chosen for task in column.order)
    slots = {column.slot for column in chosen}
    if served != sorted(tasks) or len(slots) < len(chosen) or sum(column.moved for column in chosen) > movable:
        return None
    return chosen if sum(column.cost for column in chosen) < best else None


def _near_program(columns: Sequence[Column], tasks: list[int], movable: int) -> tuple[Floats, csc_matrix]:
    # Rows: tasks, vehicles, and the share of the leeway (a share keeps the row's numbers small: rounded solutions hold).
    rows = {task: k for k, task in enumerate(tasks)}
    slots = {slot: len(rows) + k for k, slot in enumerate(sorted({column.slot for column in columns}))}
    last = len(rows) + len(slots)
    down = [row for c in columns for row in (*(rows[task] for task in c.order), slots[c.slot], last)]
    values = [v for c in columns for v in (*([1.0] * (len(c.order) + 1)), c.moved / max(1, movable))]
    across = np.repeat(np.arange(len(columns)), [len(column.order) + 2 for column in columns])
    costs = np.array([column.cost for column in columns], np.float64)
    return costs, csc_matrix((values, (down, across)), shape=(last + 1, len(columns)))
