import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from yunqi.commerce.logistics import LogisticsConfig
from yunqi.commerce.logistics.engine.routing.check import check
from yunqi.commerce.logistics.engine.routing.read.detect import read_document
from yunqi.commerce.logistics.model import Plan, Problem
from yunqi.commerce.logistics.service.clock import Budget
from yunqi.commerce.logistics.service.routing import load_problem, prepare, solve
from yunqi.kernel import Invalid

CONFIG = LogisticsConfig()


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    prepare()


def run(problem: Problem, iterations: int = 2000, seed: int = 1) -> Plan:
    return solve(problem, CONFIG, budget=Budget(60.0), seed=seed, iterations=iterations)


def test_the_known_optimum_of_clusters_is_found(circle: Callable[..., Path]) -> None:
    problem = load_problem(circle(clusters=5, size=4))
    plan = run(problem)
    stops = sorted(tuple(sorted(int(stop) for stop in route.stops)) for route in plan.routes)
    assert stops == [tuple(range(2 + 4 * k, 6 + 4 * k)) for k in range(5)]
    assert plan.unserved == ()
    assert plan.bound is not None
    assert 0 < plan.bound <= plan.cost
    assert check(problem, plan.routes).cost == plan.cost


def test_the_same_seed_and_iterations_give_the_same_plan(town: Callable[..., dict[str, Any]]) -> None:
    problem = read_document(town(30, 4), name="t")
    assert run(problem, seed=3).routes == run(problem, seed=3).routes


def test_a_deadline_is_kept(town: Callable[..., dict[str, Any]]) -> None:
    problem = read_document(town(200, 8, capacity=30), name="t")
    started = time.monotonic()
    plan = solve(problem, CONFIG, budget=Budget(0.3))
    assert time.monotonic() - started < 0.9
    assert len(plan.routes) >= 7


def test_what_cannot_be_served_says_why(town: Callable[..., dict[str, Any]]) -> None:
    document = town(6, 2)
    document["tasks"][0]["load"] = 100
    document["tasks"][1]["skills"] = ["crane"]
    document["tasks"][2]["windows_s"] = [[0, 1]]
    plan = run(read_document(document, name="t"))
    found = {one.id: one for one in plan.unserved}
    assert set(found) == {"t0", "t1", "t2"}
    assert "room is for 6" in found["t0"].reasons[0]
    assert "lacks crane" in found["t1"].reasons[0]
    assert "after its last window" in found["t2"].reasons[0]
    assert found["t0"].relaxation is not None
    assert found["t0"].relaxation.verified is True
    assert found["t0"].relaxation.changes[0].what == "capacity amount"


RULES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("breaks", {"breaks": [{"window_s": [1000, 2000], "duration_s": 600}], "cost_per_s": 0.5}, {}),
    ("reloads", {"capacity": 4, "reloads": 3}, {}),
    ("hours", {"drive_limit_s": 900, "drive_pause_s": 300}, {}),
    ("range", {"range_m": 2500, "chargers": ["p3", "depot"], "charge_s": 100}, {}),
    ("open", {"end": None}, {}),
    ("fair", {"fairness": 5}, {}),
    ("tasks", {"max_tasks": 5}, {}),
    ("time", {"max_time_s": 4000}, {}),
    ("groups", {}, {"group": "g"}),
    ("windows", {}, {"windows_s": [[0, 300], [1500, 3000]]}),
    ("after", {}, {"after": ["t11"]}),
    ("prize", {}, {"prize": 10}),
]


@pytest.mark.parametrize(("rule", "vehicle", "task"), RULES, ids=[rule[0] for rule in RULES])
def test_every_rule_passes_the_checker(
    town: Callable[..., dict[str, Any]], rule: str, vehicle: dict[str, Any], task: dict[str, Any]
) -> None:
    document = town(12, 3, **vehicle)
    for one in document["tasks"][:3]:
        one |= task
    problem = read_document(document, name="t")
    plan = run(problem, 300)
    verdict = check(problem, plan.routes)
    assert verdict.broken == ()
    assert verdict.cost == pytest.approx(plan.cost)
    if rule == "prize":
        assert {one.id for one in plan.unserved} == {"t0", "t1", "t2"}
    else:
        assert plan.unserved == ()


def test_locked_stops_come_first_and_pins_hold(town: Callable[..., dict[str, Any]]) -> None:
    document = town(12, 3)
    document["vehicles"][1]["prefix"] = ["t5", "t2"]
    document["tasks"][7]["vehicle"] = "v2"
    plan = run(read_document(document, name="t"), 300)
    routes = {route.vehicle: route.stops for route in plan.routes}
    assert routes["v1"][:2] == ("t5", "t2")
    assert "t7" in routes["v2"]


def test_shipments_ride_no_longer_than_allowed(town: Callable[..., dict[str, Any]]) -> None:
    document = town(8, 2)
    document["shipments"] = [
        {
            "id": f"s{k}",
            "pickup": {"location": f"p{2 * k}"},
            "delivery": {"location": f"p{2 * k + 1}"},
            "max_ride_s": 1500,
        }
        for k in range(4)
    ]
    problem = read_document(document | {"tasks": []}, name="t")
    plan = run(problem, 300)
    assert check(problem, plan.routes).broken == ()


def test_no_budget_is_refused(town: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(Invalid, match="no budget"):
        solve(read_document(town(), name="t"), CONFIG, budget=Budget(0.0))


def test_the_checker_finds_what_is_wrong(town: Callable[..., dict[str, Any]]) -> None:
    from yunqi.commerce.logistics.model import Route

    problem = read_document(town(3, 1, capacity=2), name="t")
    verdict = check(problem, [Route("v0", ("t0", "t1", "t2", "t2")), Route("v9", ())])
    assert any("carries 4" in line for line in verdict.broken)
    assert any("served twice" in line for line in verdict.broken)
    assert any("no vehicle v9" in line for line in verdict.broken)


def test_the_plan_is_json(town: Callable[..., dict[str, Any]]) -> None:
    from yunqi.commerce.logistics.service.shown import plan_document

    problem = read_document(town(), name="t")
    shown = json.loads(json.dumps(plan_document(problem, run(problem))))
    assert {"cost", "routes", "unserved", "gap", "bound", "seconds"} <= set(shown)
    assert shown["matrix"]["source"].startswith("coordinates")


@pytest.mark.parametrize("prize", [1000, 10**7])
def test_a_task_with_a_prize_never_takes_the_place_of_one_that_must_be_served(
    town: Callable[..., dict[str, Any]], prize: int
) -> None:
    plain, rich = town(40, 2, capacity=20), town(40, 2, capacity=20)
    rich["tasks"] += [dict(plain["tasks"][k], id=f"dear {k}", prize=prize) for k in range(10)]
    wanted, found = (run(read_document(one, name="t"), iterations=3000) for one in (plain, rich))
    assert wanted.unserved == ()
    assert {one.id for one in found.unserved} == {f"dear {k}" for k in range(10)}
    assert found.cost - 10 * prize <= 1.05 * wanted.cost
