"""Which engine works on a problem, and for how long."""

import importlib.util
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.engine.routing.answer import holding
from yunqi.commerce.logistics.engine.routing.explain import reasons_for
from yunqi.commerce.logistics.engine.routing.hybrid import LARGEST, solve_hybrid
from yunqi.commerce.logistics.engine.routing.population.evolution import Evolution
from yunqi.commerce.logistics.engine.routing.population.evolution import suits as evolves
from yunqi.commerce.logistics.engine.routing.population.partner import Partner
from yunqi.commerce.logistics.engine.routing.rich.solve import RichSearch
from yunqi.commerce.logistics.engine.routing.sketch import SMALLEST as SKETCHED_FROM
from yunqi.commerce.logistics.engine.routing.sketch import sketched
from yunqi.commerce.logistics.engine.routing.strings.packed import Packed, obstacle, packed
from yunqi.commerce.logistics.engine.routing.strings.search import Search
from yunqi.commerce.logistics.engine.routing.strings.warm import is_compiling, is_warm
from yunqi.commerce.logistics.engine.routing.strings.warm import warm as load
from yunqi.commerce.logistics.engine.routing.strings.workers import Found
from yunqi.commerce.logistics.model import Objective, Problem, Route, Unserved
from yunqi.commerce.logistics.service.aside import Aside, fits
from yunqi.commerce.logistics.service.clock import Budget

Emit = Callable[[float, float], None]
Tell = Callable[[float, float, list[Route]], None]
NOT_READY = "the planner was still being compiled when time was up; run `yunqi logistics warm` once"
TELL_EVERY = 0.2
"""Seconds between two plans told: to compare and to keep one costs milliseconds."""
SMALLEST_SPAN = 2.0
"""Seconds from which a population beside the strings finds more than a second thread of strings."""
CLOSE = 20
"""Close tasks that an insertion looks at in a re-plan, whose seconds are few."""
TO_END = 0.5
"""CPU seconds that the end of a process with compiled code takes; of a short budget, at most a hundredth is kept for it."""
SKETCH = 0.3
"""Share of the budget for the plain plan that a large rich problem starts from."""
LATE = 0.05
"""Share of a budget that a search gets beyond its end where what comes before took all of it; at least a twentieth second."""
GRACE = 0.05
"""Share of a budget that reasons may take beyond its end: a deadline is kept within a tenth."""
SPEED = 55_000.0
"""Iterations a second and thread, about; only the temperatures depend on it."""


def run_engines(
    problem: Problem, config: LogisticsConfig, budget: Budget, seed: int, warm: Sequence[Route], emit: Emit | None,
    iterations: int | None, tell: Tell | None = None,
    keep: tuple[float, frozenset[str]] | None = None, is_explained: bool = True
) -> tuple[list[Route], str, int, list[Unserved]]:  # fmt: skip
    """Return routes, the engines' names, iterations, and reasons for what is left out."""
    if not problem.tasks:  # all of the day is done
        return [], "none", 0, []
    why = obstacle(problem)
    warm = holding(problem, warm)
    if why:
        return _whole_days(problem, config, budget, seed, warm, emit, iterations, tell, keep)
    arrays = packed(problem, neighbours=CLOSE if keep is not None else None)
    early = None if is_warm() or iterations is not None or warm else _while_cold(problem, budget, seed)
    if early is None and iterations is None and not is_warm():
        return _as_it_is(problem, warm)
    if is_warm():
        _loaded()
    least = _least(problem, budget) if is_explained else 0.05
    span, left = budget.span(reserve=_reserve(problem, budget), least=least)
    better = _telling(problem, budget, emit, tell)

    def told(found: Found) -> None:
        better(found.cost, None if found.absent else lambda: to_routes(problem, arrays, found))

    workers = max(1, min(config.workers, 8))
    beside = partner = None
    if workers > 1 and iterations is None and not warm and span >= SMALLEST_SPAN and evolves(arrays):
        partner = Partner(Evolution(arrays, seed=seed))
        workers -= 1
    elif workers > 1 and iterations is None and not warm and tell is None and fits(problem, span):
        beside = Aside(problem, 0.9 * span, seed)
        workers -= 1

    def meet() -> Found | None:
        routes = beside.routes(0.01 * span) if beside else None
        return from_routes(problem, arrays, routes) if routes else None

    search = Search(
        arrays,
        left=left,
        effort=SPEED * span * workers,
        seed=seed,
        workers=workers,
        emit=told,
        aside=meet if beside else None,
        partner=partner,
        polish_seconds=min(5.0, 0.05 * span) if iterations is None and span > 4 else 0.0,
    )
    if iterations is not None:
        search.limit(iterations)
    if early and not is_warm():
        return early, "pyvrp", 0, []
    warm = warm or early or ()
    start = from_routes(problem, arrays, warm) if warm else None
    if start is not None and keep is not None:
        share, touched = keep
        home = {task: slot for slot, tasks in start.routes for task in tasks if problem.tasks[task].id not in touched}
        search.keep(home, int((1 - share) * len(home)), seconds=span if iterations is None else 0.0)
    try:
        found = search.run(start, fewer=problem.objective is Objective.VEHICLES_FIRST, cool=bool(warm))
    finally:
        if beside:
            beside.close()
    routes = to_routes(problem, arrays, found)
    return routes, "strings", found.iterations, why_not(problem, routes, budget) if is_explained else []


def _telling(
    problem: Problem, budget: Budget, emit: Emit | None, tell: Tell | None
) -> Callable[[float, Callable[[], list[Route]] | None], None]:
    """Return what an engine tells of a better plan: its cost in internal units, and what reads its routes if it is whole."""
    told_at = [-1.0]

    def told(cost: float, routes: Callable[[], list[Route]] | None) -> None:
        if emit is not None:
            emit(cost / problem.travel.scale, budget.used())
        if tell is not None and routes is not None and budget.used() - told_at[0] > TELL_EVERY:
            told_at[0] = budget.used()
            tell(cost / problem.travel.scale, budget.used(), routes())

    return told


def _sketch(problem: Problem, config: LogisticsConfig, budget: Budget, seed: int) -> list[Route]:
    """Return a plan of the problem without the rules of whole days; the search over those takes of it what holds."""
    plain = sketched(problem)
    if plain is None or obstacle(plain):
        return []
    part = budget.part(max(0.1, SKETCH * budget.left()))
    return run_engines(plain, config, part, seed, (), None, None, is_explained=False)[0]


@cache
def _loaded() -> None:
    """Load the compiled code before the search's clock starts, or else the first iteration would wait for it."""
    load()


def _least(problem: Problem, budget: Budget) -> float:
    """Seconds of search that even a late start gets: on a crowded machine, imports alone may use a short budget up."""
    return min(0.25, 0.05 + 2e-3 * len(problem.tasks), max(0.05, LATE * budget.seconds))


def _reserve(problem: Problem, budget: Budget) -> float:
    """Seconds that come after the search: the checker, the printing and the end of the process take their time too."""
    return min(0.3 * budget.seconds, 0.06 + 6e-5 * len(problem.tasks) + min(TO_END, 0.01 * budget.seconds))


def _whole_days(
    problem: Problem, config: LogisticsConfig, budget: Budget, seed: int, warm: Sequence[Route], emit: Emit | None,
    iterations: int | None, tell: Tell | None, keep: tuple[float, frozenset[str]] | None
) -> tuple[list[Route], str, int, list[Unserved]]:  # fmt: skip
    """Return what the search over whole days finds, from a sketch where the day is large."""
    workers = max(1, min(config.workers, 2))
    with ThreadPoolExecutor(1) as aside:  # the tables of thousands of tasks take as long as the sketch
        told = _telling(problem, budget, emit, tell)
        filled = aside.submit(RichSearch, problem, workers=workers, seed=seed, emit=told)
        if not warm and iterations is None and len(problem.tasks) >= SKETCHED_FROM and is_warm():
            warm = _sketch(problem, config, budget, seed)
        search = filled.result()
    return _rich(problem, search, budget, warm, iterations, keep)


def _rich(
    problem: Problem, search: RichSearch, budget: Budget, warm: Sequence[Route], iterations: int | None,
    keep: tuple[float, frozenset[str]] | None
) -> tuple[list[Route], str, int, list[Unserved]]:  # fmt: skip
    if not is_warm() and iterations is None and not _compiled_in_time(budget):
        return _as_it_is(problem, warm)
    if keep is not None and warm:
        search.keep(*_homes(problem, warm, keep))
    span, left = budget.span(reserve=_reserve(problem, budget), least=_least(problem, budget))
    routes, done = search.run(left, warm, seconds=span, iterations=iterations)
    return routes, "rich", done, why_not(problem, routes, budget)


def _homes(problem: Problem, warm: Sequence[Route], keep: tuple[float, frozenset[str]]) -> tuple[dict[int, int], int]:
    """Return the vehicle of each untouched task in the plan in force, both by index, and how many may leave theirs."""
    share, touched = keep
    place = {task.id: k for k, task in enumerate(problem.tasks)}
    vehicles = {vehicle.id: k for k, vehicle in enumerate(problem.vehicles)}
    homes = {
        place[stop]: vehicles[route.vehicle]
        for route in warm
        for stop in route.stops
        if stop in place and stop not in touched and route.vehicle in vehicles
    }
    return homes, int((1 - share) * len(homes) + 1e-9)


def _as_it_is(problem: Problem, warm: Sequence[Route]) -> tuple[list[Route], str, int, list[Unserved]]:
    """Return the plan in force as far as it holds, while nothing better can be looked for."""
    served = {stop for route in warm for stop in route.stops}
    missing = [Unserved(task.id, (NOT_READY,)) for task in problem.tasks if task.id not in served]
    return [route for route in warm if route.stops], "none", 0, missing


def why_not(problem: Problem, routes: Sequence[Route], budget: Budget) -> list[Unserved]:
    """Return the reasons for what routes leave out, in what is left of a budget and `GRACE` of it."""
    served = {stop for route in routes for stop in route.stops}
    missing = [task for task in problem.tasks if task.id not in served]
    return reasons_for(problem, routes, missing, lambda: budget.grace(GRACE))


def _while_cold(problem: Problem, budget: Budget, seed: int) -> list[Route] | None:
    """Let another process compile the search, and PyVRP plan meanwhile; None when it found nothing."""
    _compile()
    knows = not any(task.skills or task.vehicle for task in problem.tasks)  # PyVRP is told of neither
    if importlib.util.find_spec("pyvrp") is None or problem.travel.places > LARGEST or not knows:
        _compiled_in_time(budget, keep=0.1 * budget.seconds + 1)
        return None
    until = 0.15 * budget.seconds

    def left() -> float:
        return budget.left() - until if not is_warm() or budget.left() < until else -1.0

    return solve_hybrid(problem, left=left, seed=seed)


def _compile() -> None:
    """Let another process compile the search, unless one does already."""
    if not is_compiling():
        subprocess.Popen(
            [sys.executable, "-c", "from yunqi.commerce.logistics.service.routing import prepare; prepare()"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip


def _compiled_in_time(budget: Budget, keep: float = 0.5) -> bool:
    """Wait until the search is compiled or only some seconds of the budget are left; return whether it is."""
    _compile()
    while not is_warm() and budget.left() > keep:
        time.sleep(0.05)
    return is_warm()


def to_routes(problem: Problem, arrays: Packed, found: Found) -> list[Route]:
    """Return the search's routes with the problem's ids."""
    ids = [task.id for task in problem.tasks]
    return [
        Route(problem.vehicles[arrays.slots[slot]].id, tuple(ids[task] for task in tasks))
        for slot, tasks in sorted(found.routes, key=lambda route: arrays.slots[route[0]])
    ]


def from_routes(problem: Problem, arrays: Packed, routes: Sequence[Route]) -> Found:
    """Return a start of the search from routes; tasks that no route serves are absent."""
    place = {task.id: k for k, task in enumerate(problem.tasks)}
    slot_of = {problem.vehicles[index].id: slot for slot, index in enumerate(arrays.slots)}
    kept = [
        (slot_of[r.vehicle], [place[stop] for stop in r.stops if stop in place]) for r in routes if r.vehicle in slot_of
    ]
    used = [(slot, tasks) for slot, tasks in kept if tasks]
    served = {task for _, tasks in used for task in tasks}
    pairs = {k for k, task in enumerate(problem.tasks) if task.partner and task.kind.value == "shipment_delivery"}
    return Found(1 << 61, used, [k for k in range(len(problem.tasks)) if k not in served and k not in pairs])
