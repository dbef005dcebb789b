"""`yunqi bench replan`: 1,000 stops after 5 % change, beside a cold solve and PyVRP's warm start; quotes at 500 stops.

The town is generated: clustered stops, windows of two to four hours on half of them. The plan in force had as many
seconds as the cold solve, or as the option force_s says (a plan made overnight has more); the option cold_s shortens both, and
the figure then flatters. PyVRP gets the re-plan's CPU seconds, and, without a plan to start from, those of the cold solve.
A second re-plan of each town has twenty pins, half of them to another vehicle than before. All of it is done twice: from
a plan in force that knows nothing of what will come, and from one that kept room for as many orders as will come (their
number is known, not where or when); ``room_costs_before`` says how much dearer that plan is until they come. Of the fifty
events 40 are new orders and the rest cancelled ones; the option new changes that. Where no more come than are cancelled
there is nothing to keep room for, and only the first plan is tried.
A stop is touched when an event names it, when its vehicle broke down, or when a pin sends it elsewhere; stops on the route
of a cancelled order count as untouched, and ``kept_off_routes_that_lost_one`` leaves them out.
Towns have seeds from the option seed on: the search was never tuned on those from 101 on.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from yunqi.app.bench.forms import budget_of
from yunqi.app.bench.model import Options, Row
from yunqi.app.bench.routing import beside
from yunqi.commerce.logistics import (
    Budget,
    LogisticsConfig,
    Plan,
    Problem,
    Replan,
    Route,
    prepare,
    quoter,
    replan,
    solve,
    town,
)
from yunqi.kernel import Invalid

FIRST_SEED = 101
COLD_SECONDS = 60.0
EVENTS, NEW = 50, 40
"""Events, and how many of them are new orders; the others are cancelled ones."""


@dataclass(frozen=True, slots=True)
class Day:
    """What one plan in force led to: its cost, seconds to a first plan, the new plan's cost, shares of stops and pins kept."""

    morning: float
    first: float
    cost: float
    kept: float
    kept_elsewhere: float
    pins: float


def run(runs: int, options: Options) -> list[Row]:
    """Measure each figure ``runs`` times, with towns of their own."""
    prepare()
    config = LogisticsConfig()
    first, cold_seconds = options.whole("seed", FIRST_SEED), options.number("cold_s", COLD_SECONDS)
    overnight = options.number("force_s", cold_seconds)
    new = _new(options)
    rooms = _rooms(options, new)
    gaps: list[list[float]] = [[] for _ in rooms]
    days: list[list[Day]] = [[] for _ in rooms]
    theirs, cold_theirs, version = [], [], ""
    for seed in range(first, first + runs):
        whole = town(1000, seed=seed)
        before = replace(whole, tasks=whole.tasks[:950])
        plans = [
            solve(before, config, budget=budget_of(overnight, options), seed=seed, expected=expected)
            for expected in rooms
        ]
        begun = time.process_time()
        found = replan(
            before, plans[0].routes, _events(whole, seed, new), config, budget=budget_of(2.0, options), seed=seed
        )
        cpu = time.process_time() - begun
        begun = time.process_time()
        cold = solve(found.problem, config, budget=budget_of(cold_seconds, options), seed=seed)
        cold_cpu = time.process_time() - begun
        for k, plan in enumerate(plans):
            day = _day(whole, before, plan, found if k == 0 else None, options, seed)
            days[k].append(day)
            gaps[k].append((day.cost / cold.cost - 1) * 100)
        warm = _warm(found.problem, plans[0].routes)
        peer = beside(found.problem, ["pyvrp"], cpu, seed, options, warm)["pyvrp"]
        if "cost" in peer:
            version = peer["version"]
            theirs.append((peer["cost"] / cold.cost - 1) * 100)
        peer = beside(found.problem, ["pyvrp"], cold_cpu, seed, options)["pyvrp"]
        if "cost" in peer:
            cold_theirs.append((peer["cost"] / cold.cost - 1) * 100)
    beaten = float(np.mean(theirs)) if len(theirs) == runs else None
    label = (
        f"PyVRP {version} from the same plan, free to move all"
        if beaten is not None
        else f"cold solve, {cold_seconds:g} s"
    )
    both = [day for some in days for day in some]
    return [
        Row("valid_after_s", max(day.first for day in both), "s", runs=runs),
        *(Row(f"above_cold_town_{first + k}", gap, "%") for k, gap in enumerate(gaps[0])),
        Row("above_cold_at_2s", float(np.mean(gaps[0])), "%", label, beaten, None, runs, max(gaps[0]) - min(gaps[0])),
        *(_with_room(days, gaps[1], first, rooms[1]) if len(rooms) > 1 else ()),
        *_cold_peer(cold_theirs, runs, version),
        Row("untouched_stops_kept", min(day.kept for day in both), "%", runs=runs),
        Row("kept_off_routes_that_lost_one", min(day.kept_elsewhere for day in both), "%", runs=runs),
        Row("pins_kept", min(day.pins for day in both) * 100, "%", runs=runs),
        *_quotes(config, runs),
    ]


def _cold_peer(gaps: Sequence[float], runs: int, version: str) -> list[Row]:
    """Return how far the peer's cold solve, on the cold solve's CPU seconds, is above ours."""
    if len(gaps) < runs:
        return []
    return [Row("peer_cold_above_cold", float(np.mean(gaps)), "%", f"PyVRP {version}, cold", None, None, runs)]


def _new(options: Options) -> int:
    """Return how many of the events are new orders."""
    new = options.whole("new", NEW)
    if new > EVENTS:
        raise Invalid(f"The option new is at most {EVENTS}, as many as there are events, not {new}.", "new")
    return new


def _rooms(options: Options, new: int) -> list[int]:
    """Return for how many orders each plan in force keeps room: those to come, less cancelled ones."""
    more = max(0, 2 * new - EVENTS)
    room = options.whole("expected", more) if more or options.text("expected") else 0
    return [0, room] if room else [0]


def _with_room(days: Sequence[Sequence[Day]], gaps: Sequence[float], first: int, room: int) -> list[Row]:
    dearer = [(late.morning / early.morning - 1) * 100 for early, late in zip(*days, strict=True)]
    label, runs = f"plan in force with room for {room} orders to come", len(gaps)
    return [
        *(Row(f"above_cold_with_room_town_{first + k}", gap, "%") for k, gap in enumerate(gaps)),
        Row("above_cold_with_room", float(np.mean(gaps)), "%", label, None, None, runs, max(gaps) - min(gaps)),
        Row("room_costs_before", float(np.mean(dearer)), "%", "until orders come", runs=runs),
    ]


def _day(whole: Problem, before: Problem, plan: Plan, found: Replan | None, options: Options, seed: int) -> Day:
    """Plan again without pins, if that is not found yet, and with."""
    config, events = LogisticsConfig(), _events(whole, seed, _new(options))
    found = found or replan(before, plan.routes, events, config, budget=budget_of(2.0, options), seed=seed)
    lost = {str(event["id"]) for event in events if event["type"] == "order_cancelled"}
    elsewhere = [route for route in plan.routes if not lost & set(route.stops)]
    events += _pins(plan.routes, events, seed)
    pinned = replan(before, plan.routes, events, config, budget=budget_of(2.0, options))
    return Day(
        plan.cost, found.first_seconds, found.plan.cost, min(found.kept, pinned.kept) * 100,
        _kept(elsewhere, found.plan.routes) * 100, _pins_kept(pinned.problem, pinned.plan.routes),
    )  # fmt: skip


def _warm(problem: Problem, routes: Sequence[Route]) -> list[list[int]]:
    place = {task.id: k for k, task in enumerate(problem.tasks, 1)}
    return [[place[stop] for stop in route.stops if stop in place] for route in routes]


def _events(whole: Problem, seed: int, new: int = NEW) -> list[dict[str, object]]:
    draw = np.random.default_rng(seed)
    gone = draw.choice(950, EVENTS - new, replace=False)
    events: list[dict[str, object]] = [{"type": "order_cancelled", "id": whole.tasks[k].id} for k in gone]
    for task in whole.tasks[950 : 950 + new]:
        windows = [list(window) for window in task.windows]
        events.append(
            {
                "type": "order_added",
                "task": {
                    "id": task.id,
                    "location": task.place,
                    "load": task.load[0],
                    "service_s": task.service,
                    "windows_s": windows,
                },
            }
        )
    return events


def _pins(routes: Sequence[Route], events: list[dict[str, object]], seed: int) -> list[dict[str, object]]:
    """Pin ten stops where they are and ten to another vehicle."""
    draw = np.random.default_rng(seed)
    gone = {event["id"] for event in events if "id" in event}
    rows = draw.choice(len(routes), (20, 2))
    stops = [str(draw.choice([stop for stop in routes[row].stops if stop not in gone])) for row in rows[:, 0]]
    vehicles = [routes[row].vehicle for row in (*rows[:10, 0], *rows[10:, 1])]
    return [{"type": "pinned", "id": stop, "vehicle": vehicle} for stop, vehicle in zip(stops, vehicles, strict=True)]


def _pins_kept(problem: Problem, routes: object) -> float:
    pinned = {task.id: task.vehicle for task in problem.tasks if task.vehicle}
    served = {stop: route.vehicle for route in routes for stop in route.stops}  # type: ignore[attr-defined]
    return sum(served.get(key) == vehicle for key, vehicle in pinned.items()) / len(pinned) if pinned else 1.0


def _kept(before: Sequence[Route], after: Sequence[Route]) -> float:
    now = {stop: route.vehicle for route in after for stop in route.stops}
    stops = [(stop, route.vehicle) for route in before for stop in route.stops]
    return sum(now.get(stop) == vehicle for stop, vehicle in stops) / len(stops) if stops else 1.0


def _quotes(config: LogisticsConfig, runs: int) -> list[Row]:
    problem = town(500, seed=9)
    plan = solve(problem, config, budget=Budget(10.0))
    desk = quoter(problem, plan.routes)
    draw = np.random.default_rng(1)
    slots = [(3600 * k, 3600 * k + 7200) for k in range(1, 9)]
    took = []
    for _ in range(300 * runs):
        x, y = draw.integers(0, 10_000, 2)
        begun = time.process_time()
        desk.quote(windows=slots, xy=(float(x), float(y)), load=(1,), service=180)
        took.append((time.process_time() - begun) * 1000)
    return [Row("quote_8_slots_p99_ms", float(np.percentile(took, 99)), "ms CPU", runs=runs)]
