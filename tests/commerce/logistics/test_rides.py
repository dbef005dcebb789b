"""Times on board, kept clocks, and what has to share a vehicle: beside schedules found another way."""

import json
import random
from dataclasses import replace
from typing import Any

import pytest

from yunqi.app.bench.rides import generated_rides
from yunqi.commerce.logistics import Budget, LogisticsConfig, solve
from yunqi.commerce.logistics.engine.routing.check import check, follow
from yunqi.commerce.logistics.engine.routing.events import frozen
from yunqi.commerce.logistics.engine.routing.read.detect import read_document
from yunqi.commerce.logistics.engine.routing.rich import layout as at
from yunqi.commerce.logistics.engine.routing.rich import moves
from yunqi.commerce.logistics.engine.routing.rich.layout import INFEASIBLE
from yunqi.commerce.logistics.engine.routing.rich.solve import RichSearch
from yunqi.commerce.logistics.model import Break, Problem, TaskKind

CONFIG = LogisticsConfig()


def rides(requests: int, vehicles: int, seed: int) -> Problem:
    return read_document(generated_rides(requests, vehicles, seed=seed), name="rides")


def has_schedule(problem: Problem, order: list[int]) -> bool:
    """Whether any times meet all rules of a route: a system of differences has a solution unless a circle is negative."""
    van, table = problem.vehicles[0], problem.travel.durations
    assert table is not None
    assert van.max_time is not None
    n = len(order)  # 0 is time zero, 1 the start, 2 to n + 1 the stops, n + 2 the end
    edges: list[tuple[int, int, int]] = [
        (1, n + 2, van.max_time)
    ]  # time of the second less that of the first: at most so much
    edges += [(1, 0, -van.window[0]), (0, n + 2, van.window[1])]
    place, before = van.start, 0
    for k, i in enumerate(order):
        task = problem.tasks[i]
        edges.append((k + 2, k + 1, -(before + int(table[place, task.place]))))
        for low, high in task.windows:
            edges += [(k + 2, 0, -low), (0, k + 2, high)]
        if task.kind is TaskKind.SHIPMENT_DELIVERY and task.max_ride is not None:
            first = next(j for j, other in enumerate(order) if problem.tasks[other].id == task.partner)
            edges.append((first + 2, k + 2, problem.tasks[order[first]].service + task.max_ride))
        place, before = task.place, task.service
    edges.append((n + 2, n + 1, -(before + int(table[place, van.end]))))
    far = [0] * (n + 3)
    for _ in range(n + 3):
        for a, b, most in edges:
            far[b] = min(far[b], far[a] + most)
    return all(far[a] + most >= far[b] for a, b, most in edges)


def test_a_sequence_holds_exactly_where_some_schedule_meets_windows_rides_and_the_day() -> None:
    problem = rides(24, 3, seed=3)
    shorter = tuple(
        replace(task, max_ride=1500) if task.kind is TaskKind.SHIPMENT_DELIVERY else task for task in problem.tasks
    )
    problem = replace(problem, tasks=shorter, vehicles=tuple(replace(van, max_time=18_000) for van in problem.vehicles))
    search, draw = RichSearch(problem), random.Random(1)
    index, by_id = {task.id: k for k, task in enumerate(problem.tasks)}, {task.id: task for task in problem.tasks}
    van, found = problem.vehicles[0], {True: 0, False: 0}
    timed = [k for k, task in enumerate(problem.tasks) if task.windows]
    for _ in range(700):
        chosen = sorted(draw.sample(timed, draw.randint(2, 4)), key=lambda k: problem.tasks[k].windows[0])
        order = list(chosen)
        for k in chosen:
            mate, here = index[str(problem.tasks[k].partner)], order.index(k)
            is_pickup = problem.tasks[k].kind is TaskKind.SHIPMENT_PICKUP
            order.insert(draw.randint(here + 1, len(order)) if is_pickup else draw.randint(0, here), mate)
        row = search.state.list(at.ROWS, len(order)).copy()
        row[:] = order
        cost = search._cost(0, row, len(row))
        holds = cost < INFEASIBLE
        found[holds] += 1
        assert holds == has_schedule(problem, order)
        if holds:
            whole = search._start([])
            whole.rows[0, : len(row)], whole.lengths[0] = row, len(row)
            day = follow(problem, van, search._routes(whole)[0], by_id)
            assert not day.broken
            assert day.cost == pytest.approx(cost)
    assert min(found.values()) > 50, found


RULES: dict[str, dict[str, Any]] = {
    "breaks": {"breaks": (Break((9000, 15_000), 1800),)},
    "timed": {"time_cost": 0.5},
    "timed breaks": {"time_cost": 0.5, "breaks": (Break((9000, 15_000), 1800),)},
    "driving": {"drive_limit": 2500, "drive_pause": 600},
    "plain": {},
}


@pytest.mark.parametrize("rule", RULES)
def test_what_is_kept_of_rows_tells_the_cost_that_the_whole_day_has(rule: str) -> None:
    problem = rides(20, 4, seed=5)
    alone = {"partner": None, "kind": TaskKind.DELIVERY, "max_ride": None}
    tasks = [replace(task, **alone) for task in problem.tasks[:12]] + list(problem.tasks[12:])
    problem = replace(
        problem, tasks=tuple(tasks), vehicles=tuple(replace(van, **RULES[rule]) for van in problem.vehicles)
    )
    search = RichSearch(problem, seed=2)
    search.run(lambda: 1.0, iterations=60)
    state, m = search.rounds.states[0], len(problem.vehicles)
    search.rounds.load(state, search.best)
    for seed in range(40):
        moves.improve(*state.args, 5, 500.0, seed, 0.0, 1 << 40, 10)
        kept = state.f[int(state.f[at.COSTS]) :][:m].copy()
        for r in range(m):
            row = state.rows(at.ROWS)[r, : int(state.list(at.LENGTHS, m)[r])].copy()
            assert search._cost(r, row, len(row)) == pytest.approx(kept[r])


def test_generated_rides_are_all_served_in_few_iterations_and_hold() -> None:
    problem = rides(24, 3, seed=2)
    plan = solve(problem, CONFIG, budget=Budget(60.0), seed=1, iterations=400)
    assert plan.solver == "rich"
    assert plan.unserved == ()
    assert not check(problem, plan.routes).broken


def test_what_may_stay_out_leaves_its_place_to_what_waits_for_another() -> None:
    """The skilled van takes three: the two that need it, and what one of them waits for, which goes elsewhere more cheaply."""
    spots = [(740, 551), (252, 195), (211, 745), (683, 671), (197, 1), (617, 347)]
    van = {"start": "p0", "end": "p0", "max_tasks": 3, "window_s": [0, 9000]}
    rules: list[dict[str, Any]] = [
        {}, {"after": ["t0"], "skills": ["x"]}, {"prize": 1102, "skills": ["x"]}, {"skills": ["x"]}, {},
    ]  # fmt: skip
    document = {
        "locations": [{"id": f"p{k}", "x": x, "y": y} for k, (x, y) in enumerate(spots)],
        "vehicles": [
            van | {"id": "cold", "skills": ["x"], "fixed_cost": 207},
            van | {"id": "plain", "fixed_cost": 395},
        ],
        "tasks": [{"id": f"t{k}", "location": f"p{k + 1}"} | rule for k, rule in enumerate(rules)],
    }
    plan = solve(read_document(document, name="joint"), CONFIG, budget=Budget(60.0), seed=1, iterations=200)
    assert [one.id for one in plan.unserved] == ["t2"]


def test_needs_and_pins_are_shared_by_all_that_must_ride_together() -> None:
    places = [{"id": "home", "x": 0, "y": 0}, {"id": "p", "x": 10, "y": 0}]
    vans = [{"id": "v", "start": "home", "skills": ["ice", "lift"]}, {"id": "w", "start": "home"}]
    tasks: list[dict[str, Any]] = [
        {"id": "a"}, {"id": "b", "after": ["a"], "skills": ["ice"]}, {"id": "c", "group": "g"},
        {"id": "d", "group": "g", "vehicle": "v"}, {"id": "e", "after": ["f"], "prize": 5, "skills": ["lift"]}, {"id": "f"},
    ]  # fmt: skip
    document = {"locations": places, "vehicles": vans, "tasks": [task | {"location": "p"} for task in tasks]}
    q = RichSearch(read_document(document, name="shared")).q.tasks
    a, b, c, d, e, f = range(6)
    assert q[a, at.ALL_NEED] == q[b, at.NEED] != 0
    assert (q[c, at.ALL_PIN], q[d, at.ALL_PIN]) == (0, 0)
    assert q[f, at.ALL_NEED] == 0  # what waits for it may stay out
    assert q[a, at.FAMILY] == q[b, at.FAMILY] != q[c, at.FAMILY] == q[d, at.FAMILY]
    assert q[:, at.IS_BOUND].all()
    assert q[e, at.ALL_NEED] == q[e, at.NEED]


def test_a_limit_of_stops_alone_is_a_load_of_the_string_search(town: Any) -> None:
    problem = read_document(town(12, 3, max_tasks=4), name="stops")
    plan = solve(problem, CONFIG, budget=Budget(60.0), seed=1, iterations=300)
    assert plan.solver == "strings"
    assert plan.unserved == ()
    assert sorted(len(route.stops) for route in plan.routes) == [4, 4, 4]


def test_what_is_done_counts_towards_the_limit_of_stops(town: Any) -> None:
    problem = read_document(town(12, 3, max_tasks=4), name="stops")
    begun = replace(problem.vehicles[0], prefix=("t0", "t1", "t2"))
    rest, done = frozen(replace(problem, vehicles=(begun, *problem.vehicles[1:])))
    assert done == {"v0": ("t0", "t1", "t2")}
    assert [van.max_tasks for van in rest.vehicles] == [1, 4, 4]


def test_a_bench_day_of_rides_has_the_form_of_the_paper() -> None:
    day = generated_rides(24, 3, seed=7)
    assert day == generated_rides(24, 3, seed=7)
    windows = [[name for name in ("pickup", "delivery") if one[name].get("windows_s")] for one in day["shipments"]]
    assert windows == [["delivery"]] * 12 + [["pickup"]] * 12
    assert {one["max_ride_s"] for one in day["shipments"]} == {5400}
    assert json.loads(json.dumps(day)) == day
