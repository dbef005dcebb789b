"""Set partitioning: the cheapest choice from all routes seen that serves each task once.

A mixed-integer program over the whole pool is a waste of time; one over the routes whose reduced cost in the linear
relaxation is below the gap is small and exact for the pool.
"""

import importlib
import importlib.util
from typing import Any

import numpy as np

Pool = dict[frozenset[int], tuple[int, tuple[int, ...]]]
"""Sets of tasks with their cheapest known cost and order."""

LARGEST = 60_000


def is_there() -> bool:
    """Whether HiGHS can be loaded."""
    return importlib.util.find_spec("highspy") is not None


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
    highspy = importlib.import_module("highspy")
    rows = {task: k for k, task in enumerate(tasks)}
    columns = [(cost, order) for members, (cost, order) in pool.items() if members <= rows.keys()]
    if not columns:
        return None
    relaxed = _program(highspy, columns, rows, vehicles, seconds * 0.5)
    relaxed.run()
    if relaxed.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    bound = relaxed.getInfo().objective_function_value
    reduced = np.array(relaxed.getSolution().col_dual)
    kept = [column for column, price in zip(columns, reduced, strict=True) if price <= best - bound + 1e-6]
    if not kept or bound > best - 1:
        return None
    program = _program(highspy, kept, rows, vehicles, seconds * 0.5)
    size = len(kept)
    program.changeColsIntegrality(size, np.arange(size, dtype=np.int32), np.ones(size, np.uint8))
    program.run()
    values = np.array(program.getSolution().col_value)
    if len(values) != size:
        return None
    chosen = [kept[k] for k in np.flatnonzero(values > 0.5)]
    served = sorted(task for _, order in chosen for task in order)
    if served != sorted(tasks) or len(chosen) > vehicles or sum(cost for cost, _ in chosen) >= best:
        return None
    return [order for _, order in chosen]


def _program(
    highspy: Any, columns: list[tuple[int, tuple[int, ...]]], rows: dict[int, int], vehicles: int, seconds: float
) -> Any:
    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    model.setOptionValue("threads", 1)
    model.setOptionValue("time_limit", max(0.05, seconds))
    count, size = len(columns), len(rows)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = count, size + 1
    lp.col_cost_ = np.array([cost for cost, _ in columns], np.float64)
    lp.col_lower_, lp.col_upper_ = np.zeros(count), np.ones(count)
    lp.row_lower_ = np.concatenate([np.ones(size), [0.0]])
    lp.row_upper_ = np.concatenate([np.ones(size), [float(vehicles)]])
    starts = np.cumsum([0, *(len(order) + 1 for _, order in columns)])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = starts.astype(np.int32)
    index = np.array([row for _, order in columns for row in (*(rows[task] for task in order), size)], np.int32)
    lp.a_matrix_.index_ = index
    lp.a_matrix_.value_ = np.ones(len(index))
    model.passModel(lp)
    return model
