"""Set partitioning over very many routes: those that the prices of the tasks call for enter the programs, and no others.

Column generation whose columns need not be generated (Gilmore and Gomory, 1961): a linear program over a few routes prices
the tasks, the routes that cost less than their tasks are worth join it, until there are none. A plan cheaper than the known
one then holds only routes whose reduced cost is below the gap. HiGHS solves the programs, by SciPy.
"""

import time

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csc_matrix, hstack, identity

Ints = NDArray[np.int64]
Indices = NDArray[np.intp]

JOINING = 1000
"""Routes that join the linear program at most at a time."""
LARGEST = 2500
"""Routes of the integer program at most: those of the least reduced cost."""


def cheapest_plan(costs: Ints, counts: Ints, words: Ints, *, known: int, rows: int, seconds: float) -> list[int] | None:
    """Return which routes serve every task once, cheaper than the known plan and with no more vehicles; None without any.

    Parameters
    ----------
    costs
        Of each route, shape (m,).
    counts
        How many tasks each has, shape (m,).
    words
        The tasks of all routes, one route after another.
    known
        The first so many routes are a plan.
    rows
        How many tasks there are, numbered from 0.
    seconds
        Wall-clock time for the linear programs together, and for the integer one.
    """
    starts = np.concatenate([[0], np.cumsum(counts)])
    matrix = csc_matrix((np.ones(len(words)), words, starts), shape=(rows, len(costs)))
    best = int(costs[:known].sum())
    near = _near(costs, matrix, known, best, seconds)
    if near is None:
        return None
    once, most = np.ones(rows), csc_matrix(np.ones((1, len(near))))
    rules = [LinearConstraint(matrix[:, near], once, once), LinearConstraint(most, 0, known)]
    found = milp(
        costs[near], constraints=rules, integrality=np.ones(len(near)), bounds=Bounds(0, 1),
        options={"time_limit": seconds},
    )  # fmt: skip
    if found.x is None:
        return None
    picked = [int(k) for k in near[found.x > 0.5]]
    served = np.zeros(rows, np.int64)
    for k in picked:
        served[words[starts[k] : starts[k + 1]]] += 1
    if (served != 1).any() or len(picked) > known or int(costs[picked].sum()) >= best:
        return None
    return picked


def _near(costs: Ints, matrix: csc_matrix, known: int, best: int, seconds: float) -> Indices | None:
    """Return the routes that a cheaper plan may hold, or None when there is none or the time is too short."""
    until, rows = time.monotonic() + seconds, matrix.shape[0]
    chosen = np.zeros(len(costs), bool)
    chosen[:known] = True
    # A task may also be served alone at the price of a whole plan: prices are sensible from the first program on.
    alone, dear = identity(rows, format="csc"), np.full(rows, float(best))
    while (left := until - time.monotonic()) > 0:
        index = np.flatnonzero(chosen)
        most = np.concatenate([np.ones(len(index)), np.zeros(rows)])[None]
        relaxed = linprog(
            np.concatenate([costs[index], dear]), A_eq=hstack([matrix[:, index], alone], format="csc"),
            b_eq=np.ones(rows), A_ub=most, b_ub=[known], bounds=(0, None), method="highs", options={"time_limit": left},
        )  # fmt: skip
        if relaxed.status != 0:
            return None
        reduced = costs - matrix.T @ relaxed.eqlin.marginals - relaxed.ineqlin.marginals[0]
        joining = np.flatnonzero((reduced < -1e-3) & ~chosen)
        if not len(joining):
            if relaxed.fun > best - 1:
                return None
            near = np.flatnonzero(reduced <= best - relaxed.fun + 1e-3)
            return near[np.argsort(reduced[near], kind="stable")[:LARGEST]]
        chosen[joining[np.argsort(reduced[joining], kind="stable")[:JOINING]]] = True
    return None
