"""Berth plans: files in, a checked plan with its bound out, within a time."""

import importlib
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.engine.berth.check import violations
from yunqi.commerce.logistics.engine.berth.read import read
from yunqi.commerce.logistics.model.berth import BerthPlan, BerthProblem, QuayProblem
from yunqi.commerce.logistics.service.extra import needs_extra
from yunqi.commerce.logistics.service.files import read_text
from yunqi.kernel import Error, Invalid

OnStep = Callable[[int, int], None]
"""Told the cost of the best plan and the bound."""


@cache
def _compiled() -> None:
    """Compile the search before the clock starts: a quarter of a second where set-up did it, half a minute where not."""
    with needs_extra("logistics"):
        importlib.import_module("yunqi.commerce.logistics.engine.berth.warm").warm()


COLUMN_COST = 80
"""Hours that one vessel may wait or be late in the relaxed week; see `engine.berth.relaxed`."""
FIRST_SHARE, FIRST_SECONDS = 0.1, 1.0
"""The first plan is told after the smaller of these."""
BOUND_SHARE = 0.3
"""Share of the time after which the bound and the annealing beside it end."""
ANNEAL_SHARE = 0.1
"""Share of the time for which annealing goes on although the bound is there."""
AGAIN_SECONDS = 3.0
"""After so long a cheaper plan ends a round of constraint programming: the next one begins with less room."""


class BrokenPlan(Error):
    """The search returned a plan that the checker refuses: a fault of ours, never shown as an answer."""

    code = "broken_plan"


class NoBerthPlan(Error):
    """No plan was found: the week does not fit, or the time was too short to find one."""

    code = "no_berth_plan"


class BerthDesk:
    """Vessels to berths.

    Parameters
    ----------
    config
        The settings of the domain.
    """

    def __init__(self, config: LogisticsConfig) -> None:
        self._config = config

    def read(self, path: Path) -> BerthProblem | QuayProblem:
        """Read the published table form, or our JSON for a quay with cranes and tides."""
        return read(read_text(path, "a table of vessels and berths, or a .json quay"))

    def plan(
        self,
        problem: BerthProblem | QuayProblem,
        *,
        seconds: float | None = None,
        seed: int | None = None,
        on_step: OnStep = lambda cost, bound: None,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> BerthPlan:
        """Return the best plan within the time; it has passed the checker.

        Raises
        ------
        Invalid
            The time is not above 0.
        NoBerthPlan
            Nothing was found that keeps every rule.
        """
        budget = self._config.solve_seconds if seconds is None else seconds
        if not 0 < budget <= self._config.max_seconds:
            raise Invalid(f"seconds must be above 0 and at most {self._config.max_seconds:g}", "seconds")
        _compiled()
        started = time.monotonic()

        def elapsed() -> float:
            return 1.0 if is_cancelled() else (time.monotonic() - started) / budget

        seed = self._config.seed if seed is None else seed
        with needs_extra("logistics"):
            if isinstance(problem, BerthProblem):
                from yunqi.commerce.logistics.engine.berth.discrete import solve  # numba comes with the extra

                plan = solve(problem, elapsed=elapsed, seed=seed, workers=self._config.workers, on_step=on_step)
            else:
                plan = self._quay(problem, budget, elapsed, seed, on_step, is_cancelled)
        if broken := violations(problem, plan):
            if isinstance(problem, BerthProblem) and all("after it must leave" in one for one in broken):
                raise NoBerthPlan(f"No plan was found in which every vessel leaves in time; at best: {broken[0]}.")
            raise BrokenPlan(f"The plan breaks {len(broken)} rules, the first: {broken[0]}. Please report this file.")
        return replace(plan, seconds=time.monotonic() - started)

    def _quay(
        self, problem: QuayProblem, budget: float, elapsed: Callable[[], float], seed: int, on_step: OnStep,
        is_cancelled: Callable[[], bool],
    ) -> BerthPlan:  # fmt: skip
        """A first plan at once; annealing beside a bound; then constraint programming on what both leave over."""
        with_insertion = importlib.import_module("yunqi.commerce.logistics.engine.berth.insertion")
        relaxed = importlib.import_module("yunqi.commerce.logistics.engine.berth.relaxed")

        bounded = threading.Event()

        def planned(until: float, starts: Sequence[int] | None = None) -> BerthPlan | None:
            def is_over(tries: int) -> bool:
                used = elapsed()
                return used > until or (bounded.is_set() and used > min(until, ANNEAL_SHARE))

            found: BerthPlan | None = with_insertion.first_plan(problem, is_over=is_over, seed=seed, starts=starts)
            return found

        best = planned(min(FIRST_SHARE, FIRST_SECONDS / budget))
        if best is not None:
            on_step(best.cost, 0)
        worst = COLUMN_COST if best is None else max(COLUMN_COST, best.cost)
        with ThreadPoolExecutor(1) as pool:
            work = pool.submit(planned, BOUND_SHARE)
            guess = relaxed.Relaxation(problem, worst=worst).bound(seconds=max(0.2, (BOUND_SHARE - elapsed()) * budget))
            bounded.set()
            best = min((plan for plan in (best, work.result()) if plan), key=lambda plan: plan.cost, default=None)
        if guess.stays and elapsed() < 1.0 and (best is None or best.cost > guess.bound):
            bounded.clear()
            better = planned(elapsed() + 0.03, [start for start, _ in guess.stays])
            best = min((plan for plan in (best, better) if plan), key=lambda plan: plan.cost, default=None)
        if best is not None:
            on_step(best.cost, guess.bound)
        best = self._proven(problem, best, guess, budget, elapsed, seed, on_step, is_cancelled)
        if best is None:
            raise NoBerthPlan(_why_none(problem))
        return replace(best, bound=min(best.cost, max(best.bound, guess.bound)))

    def _proven(
        self, problem: QuayProblem, best: BerthPlan | None, guess: Any, budget: float, elapsed: Callable[[], float],
        seed: int, on_step: OnStep, is_cancelled: Callable[[], bool],
    ) -> BerthPlan | None:  # fmt: skip
        """Look for cheaper plans where the linear model leaves room; each one found leaves less of it."""
        from yunqi.commerce.logistics.engine.berth.quay import QuayModel
        from yunqi.commerce.logistics.engine.berth.relaxed import Relaxation

        relaxation = None if best is None else Relaxation(problem, worst=best.cost)
        while best is None or (best.cost > guess.bound and elapsed() < 1.0):
            narrowed = None if best is None or relaxation is None else relaxation.narrowed(known=best.cost)
            if best is not None and narrowed is not None and narrowed.is_empty:
                return replace(best, bound=best.cost)
            model = QuayModel(problem, narrowed)
            model.guess(guess.bound, best, guess.stays)
            found = model.solve(
                seconds=max(0.2, budget * (1 - elapsed())), seed=seed, workers=self._config.workers, on_step=on_step,
                is_cancelled=is_cancelled, enough=None if best is None else AGAIN_SECONDS,
            )  # fmt: skip
            if best is not None and model.is_known_best:
                return replace(best, bound=best.cost)
            if found is None or best is None:
                return found or best
            best = found
            if found.bound >= found.cost:
                return found
        return best


def _why_none(problem: QuayProblem) -> str:
    """Return why a week has no plan: vessels that could not be served even if they were alone, else what would help."""
    times = importlib.import_module("yunqi.commerce.logistics.engine.berth.times")
    alone = [vessel.name for vessel in problem.vessels if not times.fits_alone(problem, vessel)]
    if alone:
        return (
            f"No plan: {', '.join(alone[:5])} could not be served within {problem.hours} hours even if alone; "
            "check arrival, work, cranes and draught against the tide, or give more hours."
        )
    return "No plan was found within the hours; give more hours, cranes, quay or seconds."
