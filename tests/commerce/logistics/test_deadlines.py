"""Deadlines and cancelling on large days, counted by looks at a clock or in CPU seconds: a busy machine changes neither."""

import dataclasses
import threading
import time
from typing import Any

import numpy as np
import pytest

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.engine.routing.check import check
from yunqi.commerce.logistics.engine.routing.check_ways import distance
from yunqi.commerce.logistics.engine.routing.explain import TIME_WAS_UP, reasons_for
from yunqi.commerce.logistics.engine.routing.generated import planted_pairs
from yunqi.commerce.logistics.engine.routing.measured import closest, measure
from yunqi.commerce.logistics.engine.routing.read.detect import read_document
from yunqi.commerce.logistics.engine.routing.rich.solve import RichSearch
from yunqi.commerce.logistics.model import Problem, Rounding, Route, Travel
from yunqi.commerce.logistics.service.clock import Budget
from yunqi.commerce.logistics.service.routing import prepare, solve

HOUR = 3600


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    prepare()


def day(stops: int, vans: int, *, seed: int = 31, **van: Any) -> Problem:
    """Return a generated day with a break for each van."""
    draw = np.random.default_rng(seed)
    spots = [{"id": "home", "x": 10_000, "y": 10_000}]
    spots += [
        {"id": f"p{k}", "x": int(x), "y": int(y)} for k, (x, y) in enumerate(draw.integers(0, 20_000, (stops, 2)))
    ]
    tasks = [{"id": f"t{k}", "location": f"p{k}", "load": 1, "service_s": 60} for k in range(stops)]
    rules = {
        "capacity": 40,
        "window_s": [0, 30 * HOUR],
        "breaks": [{"window_s": [4 * HOUR, 9 * HOUR], "duration_s": 1800}],
    }
    fleet = [{"id": "v", "count": vans, "start": "home", "end": "home"} | rules | van]
    return read_document({"locations": spots, "vehicles": fleet, "tasks": tasks}, name="day")


@pytest.mark.parametrize(("vans", "rules"), [(80, {}), (10, {}), (60, {"capacity": 20, "reloads": 2})])
def test_a_large_rich_day_ends_in_time(vans: int, rules: dict[str, Any]) -> None:
    problem = day(2000, vans, **rules)
    solve(day(20, 2), LogisticsConfig(), budget=Budget(0.3))  # loads what is compiled
    budget = Budget.of_processor(1.0, threads=1)
    plan = solve(problem, LogisticsConfig(workers=1), budget=budget, seed=1)
    assert budget.used() < 1.0 + 0.5  # 0.05 to 0.1 s on a calm machine
    assert not check(problem, plan.routes).broken
    assert all(one.reasons for one in plan.unserved)


def test_many_pairs_left_out_do_not_hold_a_deadline_up() -> None:
    problem = planted_pairs(500, 50, width=120, seed=3)
    problem = dataclasses.replace(problem, vehicles=problem.vehicles[:10])
    budget = Budget.of_processor(0.5, threads=1)
    plan = solve(problem, LogisticsConfig(workers=1), budget=budget, seed=1)
    assert budget.used() < 0.5 + 0.4  # 200 iterations without a look at the clock took 1.6 s
    assert len(plan.unserved) > 300
    assert all(one.partial or one.reasons for one in plan.unserved)


def test_who_ends_a_budget_has_a_plan_soon() -> None:
    problem, budget, spent = day(2000, 20), Budget(60.0), [0.0]

    def stop() -> None:
        spent[0] = time.process_time()
        budget.stop()

    timer = threading.Timer(1.0, stop)
    timer.start()
    plan = solve(problem, LogisticsConfig(), budget=budget, seed=1)
    timer.join()
    assert time.process_time() - spent[0] < 0.6  # 0.1 s on a calm machine
    assert plan.routes
    assert all(one.partial for one in plan.unserved)


def test_reasons_are_not_begun_when_the_plan_alone_takes_longer_to_check() -> None:
    problem = day(400, 8)
    ids = [task.id for task in problem.tasks]
    routes = [Route(f"v-{k + 1}", tuple(ids[40 * k : 40 * k + 40])) for k in range(8)]
    missing = problem.tasks[320:]
    short = reasons_for(problem, routes, missing, lambda: 0.01)
    assert {one.reasons for one in short} == {(TIME_WAS_UP,)}
    assert all(one.partial for one in short)


@pytest.mark.parametrize("rounding", list(Rounding))
def test_tables_tell_what_the_checker_tells(rounding: Rounding) -> None:
    xy = np.random.default_rng(1).integers(0, 500, (150, 2)).astype(np.float64)
    scale = 1000 if rounding is Rounding.EXACT else 1
    travel = Travel("points", xy=xy, rounding=rounding, scale=scale)
    far, long = np.empty((2, 150, 150), np.int32)
    measure(travel, far, long)
    told = [[distance(travel, a, b) for b in range(150)] for a in range(150)]
    up = np.ceil(np.array(told) - 1e-6)
    assert (far == up).all()
    assert (long == far).all()


def test_the_closest_are_found_in_blocks_as_by_sorting_all() -> None:
    draw = np.random.default_rng(2)
    far = draw.integers(0, 30, (140, 140))  # many are equally far
    places = draw.permutation(140)[:130]
    apart = far[np.ix_(places, places)] + far[np.ix_(places, places)].T
    np.fill_diagonal(apart, -1)
    wanted = np.argsort(apart, axis=1, kind="stable")[:, 1:]
    assert (closest(far, places, 25, is_symmetric=False) == wanted[:, :25]).all()
    assert (closest(far, places, 500, is_symmetric=False) == wanted).all()
    both = far + far.T
    assert (closest(both, places, 9, is_symmetric=True) == wanted[:, :9]).all()
    assert closest(far, places[:1], 9, is_symmetric=True).tolist() == [[-1]]


def test_a_start_that_does_not_hold_keeps_the_tasks_that_do() -> None:
    problem = day(8, 2, window_s=[0, 100 * HOUR], capacity=5)
    ids = tuple(task.id for task in problem.tasks)
    routes, _ = RichSearch(problem).run(lambda: 0.0, [Route("v-1", ids)], iterations=1)
    served = {stop for route in routes for stop in route.stops}
    assert served == set(ids)  # five stay with the van, and the first iteration gives the others to the other one
    assert {len(route.stops) for route in routes} == {3, 5}
