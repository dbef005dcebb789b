"""Solve routing problems within a budget: the string search, PyVRP where it cannot start or model, and the checker."""

import importlib
import importlib.util
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.engine.routing.answer import holding, plan_of
from yunqi.commerce.logistics.engine.routing.bound import bound
from yunqi.commerce.logistics.engine.routing.check import check
from yunqi.commerce.logistics.engine.routing.expected import expecting, taken_out
from yunqi.commerce.logistics.engine.routing.read import read_problem, read_rich
from yunqi.commerce.logistics.engine.routing.read.detect import read_document
from yunqi.commerce.logistics.model import BadProblem, Plan, Problem, Replan, Rounding, Route
from yunqi.commerce.logistics.service.clock import Budget
from yunqi.kernel import Invalid, Unavailable

Emit = Callable[[float, float], None]
"""Told of each better plan: its cost, and the seconds since the start."""
Tell = Callable[[float, float, list[Route]], None]
"""Told of each better complete plan: cost, seconds, routes."""


def load_problem(path: Path, *, convention: Rounding | None = None) -> Problem:
    """Read a problem file; our JSON form may name an extract of OpenStreetMap under ``roads``.

    Raises
    ------
    BadProblem
        When it cannot be read or meant; the message names the row.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise BadProblem(f"{path} cannot be read: {error.strerror}.", param="file") from error
    if '"roads"' in text and text.lstrip("\ufeff \t\r\n").startswith("{"):
        return with_roads(load_document(path), path.name, path.parent)
    return read_problem(text, name=path.name, convention=convention)


def with_roads(document: Any, name: str, base: Path) -> Problem:
    """Read a JSON problem of this machine, which may name an extract of OpenStreetMap beside it under ``roads``."""
    if not isinstance(document, dict) or document.get("roads") is None:
        return read_document(document, name=name)
    module = importlib.import_module("yunqi.commerce.logistics.service.roads")
    measure = module.problem_measure(document, base, name)
    rest = {key: value for key, value in document.items() if key != "roads"}
    return read_rich(rest, name=name, measure=measure)


def load_document(path: Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    BadProblem
        When it cannot be read or is no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadProblem(f"{path} cannot be read: {error.strerror}.", param="file") from error
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadProblem(f"{path} is no JSON: {error}.", param="file") from error


def prepare() -> float:
    """Compile the search if that has not been done, and return the seconds it took.

    Raises
    ------
    Unavailable
        Without the extra.
    """
    budget = Budget(0.0)
    need_compiler()
    warm = importlib.import_module("yunqi.commerce.logistics.engine.routing.strings.warm")
    with warm.compiling():
        if not warm.is_warm():
            warm.warm()
            for engine in ("rich.solve", "population.warm"):
                importlib.import_module(f"yunqi.commerce.logistics.engine.routing.{engine}").warm()
            warm.mark().touch()
    for engine in ("packing", "berth", "warehouse", "robots"):
        importlib.import_module(f"yunqi.commerce.logistics.engine.{engine}.warm").warm()
    return budget.used()


def need_compiler() -> None:
    """Raise `Unavailable` without the extra that compiles the search."""
    if importlib.util.find_spec("numba") is None:
        raise Unavailable("Routing needs the extra: scripts/setup logistics")


def solve(
    problem: Problem, config: LogisticsConfig, *, budget: Budget, seed: int | None = None, warm: Sequence[Route] = (),
    emit: Emit | None = None, iterations: int | None = None, tell: Tell | None = None, expected: int = 0
) -> Plan:  # fmt: skip
    """Return the best plan that the budget allows, checked.

    Parameters
    ----------
    warm
        Routes of a plan in force to start from.
    iterations
        A budget in iterations instead of time: the same problem, seed and iterations give the same plan.
    expected
        Orders still to come, less those that will be cancelled: the plan keeps room for so many like the known ones.
        It costs more until they come; ``emit`` counts them in.
    """
    seed = config.seed if seed is None else seed
    if not 0.05 <= budget.seconds <= config.max_seconds:
        raise Invalid(f"{budget.seconds:g} seconds is no budget; give 0.05 to {config.max_seconds:g}.", param="seconds")
    if len(problem.tasks) > config.max_tasks:
        raise Invalid(f"{len(problem.tasks)} tasks are more than logistics.max_tasks, {config.max_tasks}.")
    need_compiler()
    engines = importlib.import_module("yunqi.commerce.logistics.service.engines")  # loads numba
    low = bound(problem)  # before the search: what it takes comes out of the budget, not after it
    wider = expecting(problem, expected, seed=seed)
    told = _telling(tell, wider, problem) if tell is not None and expected else tell
    routes, solver, done, reasons = engines.run_engines(wider, config, budget, seed, warm, emit, iterations, told)
    notes: tuple[str, ...] = ()
    if expected:
        notes = (f"Room is kept for {len(wider.tasks) - len(problem.tasks)} orders still to come.",)
        routes = holding(problem, taken_out(routes, wider, problem))
        known = {task.id for task in problem.tasks}
        # The way past a stop may be longer than the way by it, and a stand-in may have had the last room: both are mended.
        if known - {stop for route in routes for stop in route.stops}:
            routes, _, _, reasons = engines.run_engines(problem, config, budget, seed, routes, None, iterations)
        reasons = [one for one in reasons if one.id in known]
    return plan_of(
        problem, routes, reasons=reasons, seconds=budget.used(), solver=solver, seed=seed, iterations=done, low=low,
        notes=notes,
    )  # fmt: skip


def _telling(tell: Tell, wider: Problem, problem: Problem) -> Tell:
    """Return what tells of plans without their stand-ins, where those hold."""

    def told(_: float, at: float, routes: list[Route]) -> None:
        taken = taken_out(routes, wider, problem)
        verdict = check(problem, taken)
        if not verdict.broken:
            tell(verdict.cost, at, taken)

    return told


def replan(
    problem: Problem, routes: Sequence[Route], events: Sequence[Any], config: LogisticsConfig, *, seconds: float = 2.0,
    seed: int = 1, keep: float = 0.9, budget: Budget | None = None
) -> Replan:  # fmt: skip
    """Plan again after events of the day, moving little.

    Parameters
    ----------
    keep
        Share of the stops untouched by events that keep their vehicle.
    budget
        In place of the seconds.
    """
    need_compiler()
    module = importlib.import_module("yunqi.commerce.logistics.service.replan")
    budget = budget or Budget(seconds)
    found: Replan = module.replan(problem, routes, events, config, budget=budget, seed=seed, keep=keep)
    return found


def quoter(problem: Problem, routes: Sequence[Route]) -> Any:
    """Return what prices delivery slots against a plan: ``quoter(problem, routes).quote(windows=…, place=…)``."""
    need_compiler()
    return importlib.import_module("yunqi.commerce.logistics.engine.routing.quoting").quoter_of(problem, routes)
