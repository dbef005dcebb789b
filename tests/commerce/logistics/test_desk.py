"""The desk on the real embedded database: submit, follow, change, explain, quote, cancel."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.kernels import new_kernel

from yunqi.commerce import logistics as door
from yunqi.commerce.logistics import Logistics, LogisticsConfig
from yunqi.commerce.logistics import jobs as logistics_jobs
from yunqi.commerce.logistics.service.routing import prepare
from yunqi.kernel import Invalid, JobState, NotFound

WHO = {"workspace": "default"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Any]:
    prepare()
    with new_kernel(tmp_path / "data", door.MIGRATIONS) as kernel:
        logistics = Logistics(kernel, LogisticsConfig())
        logistics_jobs.register(kernel.jobs, logistics)
        yield logistics.routing, kernel


def solved(desk: Any, document: dict[str, Any], seconds: float = 0.1) -> int:
    routing, kernel = desk
    plan_id = int(routing.submit(document, seconds=seconds, seed=1, **WHO)["id"])
    job = kernel.jobs.run_once()
    assert job is not None
    assert job.error is None
    return plan_id


def test_a_plan_is_solved_changed_and_explained(desk: Any, town: Callable[..., dict[str, Any]]) -> None:
    routing, _ = desk
    plan_id = solved(desk, town(12, 3, capacity=8))
    found = routing.get(plan_id, **WHO)
    assert found["state"] == "done"
    routes = found["plan"]["routes"]
    assert sorted(stop for route in routes for stop in route["stops"]) == sorted(f"t{k}" for k in range(12))
    assert found["plan"]["days"][0]["stops"][0]["ends"] == found["plan"]["days"][0]["stops"][0]["begins"] + 60

    done, gone = routes[0]["stops"][0], routes[0]["stops"][-1]
    events = [
        {"type": "stop_done", "id": done},
        {"type": "order_cancelled", "id": gone},
        {"type": "order_added", "task": {"id": "new", "location": "p3", "load": 1}},
    ]
    changed = routing.change(plan_id, events, seconds=0.1, keep=0.9, **WHO)
    served = {stop: route for route in changed["routes"] for stop in route["stops"]}
    assert served[done]["stops"][0] == done
    assert gone not in served
    assert "new" in served
    assert changed["kept"] >= 0.9
    assert {"id": gone, "what": "removed", "before": routes[0]["vehicle"], "after": None} in changed["changes"]

    why = routing.explain(plan_id, "new", **WHO)
    assert (why["served"], why["vehicle"]) == (True, served["new"]["vehicle"])
    with pytest.raises(NotFound, match="no task 'nothing'"):
        routing.explain(plan_id, "nothing", **WHO)


def test_slots_are_priced(desk: Any, town: Callable[..., dict[str, Any]]) -> None:
    routing, _ = desk
    plan_id = solved(desk, town(12, 2, capacity=20))
    ask = {"plan": str(plan_id), "location": "p3", "load": 1, "service_s": 60}
    slots = routing.quote(plan_id, ask | {"slots": [[0, 1], [2, 50_000]]}, **WHO)["slots"]
    assert [slot["feasible"] for slot in slots] == [False, True]
    assert 0 <= slots[1]["cost"] < 500
    with pytest.raises(Invalid, match="needs slots"):
        routing.quote(plan_id, ask, **WHO)


def test_a_cancelled_solve_keeps_its_best_plan(desk: Any, town: Callable[..., dict[str, Any]]) -> None:
    routing, kernel = desk
    plan_id = int(routing.submit(town(12, 3), seconds=300.0, seed=1, **WHO)["id"])
    original = routing._plans.update

    def cancel_when_running(number: int, **values: Any) -> None:
        original(number, **values)
        if values.get("state") == "running" and "answer" not in values:
            routing.cancel(plan_id, **WHO)

    routing._plans.update = cancel_when_running
    job = kernel.jobs.run_once()
    assert job is not None
    assert job.state is JobState.CANCELLED
    found = routing.get(plan_id, **WHO)
    assert found["state"] == "cancelled"
    assert len(found["plan"]["routes"]) >= 1


def test_a_given_plan_is_checked(desk: Any, town: Callable[..., dict[str, Any]]) -> None:
    routing, _ = desk
    verdict = routing.check(town(3, 1, capacity=2), {"routes": [{"vehicle": "v0", "stops": ["t0", "t1", "t2"]}]})
    assert verdict["feasible"] is False
    assert verdict["broken"] == ["route v0 carries 3 of dimension 1, room is for 2"]


def test_a_bad_problem_is_refused_before_it_is_queued(desk: Any, town: Callable[..., dict[str, Any]]) -> None:
    routing, kernel = desk
    with pytest.raises(Invalid, match="unknown key 'cars'"):
        routing.submit(town() | {"cars": []}, seconds=0.1, seed=1, **WHO)
    with pytest.raises(NotFound, match="no plan 7"):
        routing.get(7, **WHO)
    assert kernel.jobs.list() == []


def test_a_plan_keeps_room_for_orders_to_come(desk: Any, town: Callable[..., dict[str, Any]]) -> None:
    routing, kernel = desk
    plan_id = int(routing.submit(town(12, 4, capacity=8), seconds=0.1, seed=1, expected=4, **WHO)["id"])
    job = kernel.jobs.run_once()
    assert job is not None
    assert job.error is None
    plan = routing.get(plan_id, **WHO)["plan"]
    assert plan["notes"] == ["Room is kept for 4 orders still to come."]
    assert sorted(stop for route in plan["routes"] for stop in route["stops"]) == sorted(f"t{k}" for k in range(12))
    with pytest.raises(Invalid, match="no number to expect"):
        routing.submit(town(12, 4), seconds=0.1, seed=1, expected=7, **WHO)
    assert kernel.jobs.run_once() is None
