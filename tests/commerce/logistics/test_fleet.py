"""Fewer vehicles first: the guided ejection, and that iterations make it repeatable."""

import itertools
import math
import os
import random
from pathlib import Path

import numpy as np
import pytest

from yunqi.commerce.logistics import LogisticsConfig
from yunqi.commerce.logistics.engine.routing.check import check
from yunqi.commerce.logistics.engine.routing.read import read_problem
from yunqi.commerce.logistics.engine.routing.strings import eject, recreate
from yunqi.commerce.logistics.engine.routing.strings import layout as at
from yunqi.commerce.logistics.engine.routing.strings.fleet import FLEET_IDLE, FLEET_MOST, SMALL, Attempt, Fleet
from yunqi.commerce.logistics.engine.routing.strings.packed import packed
from yunqi.commerce.logistics.engine.routing.strings.search import Search
from yunqi.commerce.logistics.model import Objective, Plan, Problem, Task, Travel, Vehicle
from yunqi.commerce.logistics.service.clock import Budget
from yunqi.commerce.logistics.service.routing import load_problem, prepare, solve

SHARED = Path(os.environ.get("YUNQI_BENCH_DATA", "../shared/data")) / "logistics" / "pdptw"


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    prepare()


def pairs(routes: int, each: int, seed: int = 1) -> str:
    """Return a Li-Lim file made from routes that are known: so many serve all, in windows around the times there."""
    draw = random.Random(seed)
    rows = ["0 50 50 0 0 1000 0 0 0"]
    for _ in range(routes):
        x, y, t = 50.0, 50.0, 0.0
        for _ in range(each):
            first = len(rows)
            for number, (load, back, on) in enumerate(((5, 0, first + 1), (-5, first, 0))):
                to_x, to_y = draw.randint(0, 100), draw.randint(0, 100)
                t += math.hypot(to_x - x, to_y - y) + 1
                x, y = to_x, to_y
                rows.append(f"{first + number} {x} {y} {load} {int(t) - 10} {int(t) + 10} 5 {back} {on}")
                t = max(t, int(t) - 10) + 5
    return "\n".join([f"{routes * each} 20 1", *rows, ""])


def singles(count: int, seed: int = 1) -> str:
    """Return a Solomon file: loads of 10 in vehicles of 50, wide windows."""
    draw = random.Random(seed)
    lines = [
        "S",
        "",
        "VEHICLE",
        "NUMBER CAPACITY",
        f"{count} 50",
        "",
        "CUSTOMER",
        "CUST XCOORD YCOORD DEMAND READY DUE SERVICE",
    ]
    lines.append("0 50 50 0 0 1000 0")
    for k in range(1, count + 1):
        ready = draw.randint(0, 300)
        lines.append(f"{k} {draw.randint(0, 100)} {draw.randint(0, 100)} 10 {ready} {ready + 400} 10")
    return "\n".join([*lines, ""])


def run(problem: Problem, iterations: int, seed: int = 1) -> Plan:
    return solve(problem, LogisticsConfig(), budget=Budget(60.0), seed=seed, iterations=iterations)


def test_a_fleet_known_by_construction_is_reached() -> None:
    problem = read_problem(pairs(4, 5), name="pairs")
    plan = run(problem, 4000)
    assert len(plan.routes) <= 4
    assert plan.unserved == ()
    assert check(problem, plan.routes).cost == plan.cost


def test_single_tasks_fill_the_vehicles_that_their_load_needs() -> None:
    problem = read_problem(singles(40), name="singles")
    plan = run(problem, 4000)
    assert len(plan.routes) == 8
    assert check(problem, plan.routes).cost == plan.cost


def test_vehicles_come_first_without_windows_too() -> None:
    places = np.array([[0.0, 0.0], *([float(k % 6), float(k // 6)] for k in range(1, 31))])
    tasks = tuple(Task(str(k), k, load=(3 if k % 2 else 4,)) for k in range(1, 31))
    vehicles = tuple(Vehicle(str(k), 0, 0, (10,)) for k in range(30))
    travel = Travel("coordinates", xy=places, scale=100)
    problem = Problem("load", tasks, vehicles, travel, Objective.VEHICLES_FIRST)
    plan = run(problem, 3000)
    assert len(plan.routes) == 12  # three tasks fit only where two are of 3, so seven times at most: 7 * 3 + 4 * 2 < 30
    assert plan.unserved == ()


@pytest.mark.parametrize("text", [pairs(5, 6, seed=2), singles(60, seed=2)], ids=["pairs", "singles"])
def test_iterations_make_the_search_for_fewer_vehicles_repeatable(text: str) -> None:
    problem = read_problem(text, name="t")
    first, *others = [run(problem, 3000, seed=5) for _ in range(3)]
    assert all(other.routes == first.routes for other in others)


@pytest.mark.parametrize("name", ["lr103", "lrc203"])
def test_published_instances_are_repeatable_too(name: str) -> None:
    path = SHARED / f"{name}.txt"
    if not path.exists():
        pytest.skip(f"no {path}: YUNQI_BENCH_DATA names the folder of the instances")
    problem = load_problem(path)
    plans = [run(problem, 1500) for _ in range(3)]
    assert plans[0].routes == plans[1].routes == plans[2].routes


def test_the_budget_in_iterations_is_spent_and_not_passed() -> None:
    plan = run(read_problem(singles(60), name="t"), 2000)
    assert 2000 <= plan.iterations <= 2010


def test_an_ejection_keeps_the_books() -> None:
    arrays = packed(read_problem(pairs(5, 6, seed=3), name="t"))
    search = Search(arrays, left=lambda: 1.0, effort=1000, seed=1, workers=1)
    state = search.states[0]
    search._fill(state, search._construct(), None)
    for _ in range(40):
        eject.eject(*arrays.args, state, 5, 1, 2, 20, 50.0)
        pool = {int(c) for c in state[state[at.POOL] : state[at.POOL] + state[at.POOLED]]}
        routed = {c for c in range(search.n) if state[state[at.ROUTE] + c] >= 0}
        mates = {int(arrays.p[arrays.p[at.MATE] + c]) for c in pool}
        assert routed | pool | mates == set(range(search.n))
        assert not routed & (pool | mates)
        found = search.workers.read(state, best=False)
        again, copy = Search(arrays, left=lambda: 1.0, effort=1000, seed=1, workers=1), list(pool)
        found.absent = copy
        again._fill(again.states[0], found, None)
        assert int(again.states[0][at.COST]) == int(state[at.COST])
    assert np.all(state[state[at.COUNTERS] : state[at.COUNTERS] + search.n] >= 0)
    assert recreate.NOTHING > 0


def test_a_thread_stops_as_soon_as_another_one_has_found_fewer_vehicles() -> None:
    arrays = packed(read_problem(pairs(5, 6, seed=3), name="t"))
    search = Search(arrays, left=lambda: 1.0, effort=1000, seed=1, workers=2)
    fleet = Fleet(search.workers, lambda: search.best, search._take)
    search._take(search._construct())
    for state in search.states:
        search._fill(state, search.best, None)
    fleet.attempts = [Attempt(0, 10**9), Attempt(1, 10**9)]
    before = search.workers.work()
    fleet._one(0, 100.0, 1 << 40, 0.0, fleet._improvements() - 1)
    assert search.workers.work() == before


def test_a_thread_stops_where_nothing_is_left_to_give_up() -> None:
    arrays = packed(read_problem(pairs(1, 3), name="t"))
    search = Search(arrays, left=lambda: 1.0, effort=1000, seed=1, workers=1)
    fleet = Fleet(search.workers, lambda: search.best, search._take)
    search._take(search._construct())
    search._fill(search.states[0], search.best, None)
    assert len(search.best.routes) == fleet.fewest == 1
    fleet.attempts = [Attempt(0, 10**9)]
    fleet._one(0, 100.0, 1 << 40, 0.0, fleet._improvements())
    assert search.workers.own(search.states[0]) <= 2


def test_the_phase_ends_with_its_share_of_the_clock() -> None:
    arrays = packed(read_problem(pairs(5, 6, seed=3), name="t"))
    clock = itertools.count()
    search = Search(arrays, left=lambda: 1 - next(clock) / 1000, effort=1000, seed=1, workers=2)
    fleet = Fleet(search.workers, lambda: search.best, search._take)
    search._take(search._construct())
    fleet.fewest = 0
    fleet.drop(search.best)
    assert FLEET_IDLE * 1000 <= next(clock) <= (FLEET_MOST + 0.1) * 1000


def test_an_attempt_that_went_astray_returns_to_its_smallest_pool_and_remembers_what_failed() -> None:
    arrays = packed(read_problem(pairs(5, 6, seed=3), name="t"))
    search = Search(arrays, left=lambda: 1.0, effort=1000, seed=1, workers=1)
    state, attempt = search.states[0], Attempt(0, 10**9)
    search._fill(state, search._construct(), None)
    eject.eject(*arrays.args, state, 5, 1, 2, 0, 50.0)
    attempt.follow(state, 5, tasks=search.n, patience=10)
    routes, drawn = search.workers.read(state, best=False), int(state[at.RANDOM])
    while int(state[at.POOLED]) <= attempt.fewest:
        eject.eject(*arrays.args, state, 1, 1, 2, 0, 50.0)
    failed = state[state[at.COUNTERS] : state[at.COUNTERS] + search.n].copy()
    attempt.follow(state, 10, tasks=search.n, patience=10)
    assert int(state[at.POOLED]) > attempt.fewest  # not long enough yet
    attempt.follow(state, 1, tasks=search.n, patience=10)
    again = search.workers.read(state, best=False)
    assert (again.cost, again.routes) == (routes.cost, routes.routes)
    assert int(state[at.POOLED]) == attempt.fewest
    assert int(state[at.RANDOM]) != drawn
    assert np.array_equal(failed, state[state[at.COUNTERS] : state[at.COUNTERS] + search.n])


@pytest.mark.slow
def test_beyond_small_problems_iterations_make_it_repeatable_too() -> None:
    problem = read_problem(pairs(15, 8, seed=4), name="t")
    first, *others = [run(problem, 6000, seed=5) for _ in range(3)]
    assert len(problem.tasks) > SMALL
    assert all(other.routes == first.routes for other in others)
