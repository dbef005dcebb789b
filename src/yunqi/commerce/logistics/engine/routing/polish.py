"""Set partitioning: the cheapest choice from all routes seen that serves each task once.

A mixed-integer program over the whole pool is a waste of time; one over the routes whose reduced cost in the linear
relaxation is below the gap is small and exact for the pool. HiGHS solves both, by SciPy, which keeps it silent.
"""

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csc_matrix

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
    options = {"time_limit": max(0.05, seconds / 2)}
    ones = np.ones(len(rows))
    relaxed = linprog(
        costs,
        A_eq=matrix[:-1],
        b_eq=ones,
        A_ub=matrix[-1:],
        b_ub=[vehicles],
        bounds=(0, 1),
        method="highs",
        options=options,
    )
    if relaxed.status != 0 or relaxed.fun > best - 1:
        return None
    prices = np.concatenate([relaxed.eqlin.marginals, relaxed.ineqlin.marginals])
    kept = [columns[k] for k in np.flatnonzero(costs - matrix.T @ prices <= best - relaxed.fun + 1e-6)]
    costs, matrix = _program(kept, rows)
    rules = [LinearConstraint(matrix[:-1], ones, ones), LinearConstraint(matrix[-1:], 0, vehicles)]
    found = milp(costs, constraints=rules, integrality=np.ones(len(kept)), bounds=Bounds(0, 1), options=options)
    if found.x is None:
        return None
    chosen = [kept[k] for k in np.flatnonzero(found.x > 0.5)]
    served = sorted(task for _, order in chosen for task in order)
    if served != sorted(tasks) or len(chosen) > vehicles or sum(cost for cost, _ in chosen) >= best:
        return None
    return [order for _, order in chosen]


def _program(
    columns: list[tuple[int, tuple[int, ...]]], rows: dict[int, int]
) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], csc_matrix]:
    costs = np.array([cost for cost, _ in columns], np.float64)
    starts = np.cumsum([0, *(len(order) + 1 for _, order in columns)])
    index = np.array([row for _, order in columns for row in (*sorted(rows[task] for task in order), len(rows))])
    return costs, csc_matrix((np.ones(len(index)), index, starts), shape=(len(rows) + 1, len(columns)))
