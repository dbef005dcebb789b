"""Compile the berth search once; later processes load it in a fraction of a second."""

from pathlib import Path

from yunqi.commerce.logistics.engine.compiled import kept
from yunqi.commerce.logistics.model.berth import BerthProblem

with kept(Path(__file__).parent):
    from yunqi.commerce.logistics.engine.berth.discrete import solve
    from yunqi.commerce.logistics.engine.berth.generate import week
    from yunqi.commerce.logistics.engine.berth.insertion import first_plan


def warm() -> None:
    """Compile every function that berth plans call, by small problems."""
    calls = iter(range(40))
    problem = BerthProblem((0, 0, 1), (50, 50, 50), (0, 0), (50, 50), ((4, None), (2, 6), (3, 3)), (1, 1, 1))
    solve(problem, elapsed=lambda: next(calls, 40) / 40, workers=2)
    first_plan(week(6, seed=1, length=400), is_over=lambda tries: tries > 1, seed=1)
