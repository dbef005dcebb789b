"""Berth plans: files in, a checked plan with its bound out, within a time."""

import importlib
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

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
        if isinstance(problem, BerthProblem):
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
        """A first plan at once, then a bound, then constraint programming from both."""
        from yunqi.commerce.logistics.engine.berth.insertion import first_plan  # or-tools comes with the extra
        from yunqi.commerce.logistics.engine.berth.quay import QuayModel
        from yunqi.commerce.logistics.engine.berth.relaxed import relaxed

        best = first_plan(problem, is_over=lambda tries: elapsed() > min(0.1, 1.0 / budget), seed=seed)
        if best is not None:
            on_step(best.cost, 0)
        guess = relaxed(problem, seconds=max(0.2, 0.4 * budget), worst=COLUMN_COST)
        if guess.stays and elapsed() < 1.0:
            starts, share = [start for start, _ in guess.stays], elapsed() + 0.1
            better = first_plan(problem, is_over=lambda tries: elapsed() > share, seed=seed, starts=starts)
            best = min((p for p in (best, better) if p), key=lambda p: p.cost, default=None)
        if (best is not None and best.cost > guess.bound and elapsed() < 1.0) or best is None:
            model = QuayModel(problem)
            model.guess(guess.bound, best, guess.stays)
            left = max(0.2, budget * (1 - elapsed()))
            found = model.solve(
                seconds=left, seed=seed, workers=self._config.workers, on_step=on_step, is_cancelled=is_cancelled
            )
            if best is not None and model.is_known_best:
                return replace(best, bound=best.cost)
            best = found or best
        if best is None:
            raise NoBerthPlan("No plan was found within the hours; give more hours, cranes, quay or seconds.")
        return replace(best, bound=min(best.cost, max(best.bound, guess.bound)))
