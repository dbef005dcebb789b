"""Dispatchers and drivers on the real embedded database."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.kernels import new_kernel

from yunqi.commerce import logistics as door
from yunqi.commerce.logistics import Logistics, LogisticsConfig
from yunqi.commerce.logistics import jobs as logistics_jobs
from yunqi.commerce.logistics.service.routing import prepare
from yunqi.kernel import Conflict, Invalid, NotFound

WHO = {"workspace": "default"}


@pytest.fixture
def logistics(tmp_path: Path) -> Iterator[Logistics]:
    prepare()
    with new_kernel(tmp_path / "data", door.MIGRATIONS) as kernel:
        made = Logistics(kernel, LogisticsConfig())
        logistics_jobs.register(kernel.jobs, made)
        yield made


def solved(logistics: Logistics, document: dict[str, Any], seconds: float = 0.1) -> int:
    plan_id = int(logistics.routing.submit(document, seconds=seconds, seed=1, **WHO)["id"])
    job = logistics.kernel.jobs.run_once()
    assert job is not None
    assert job.error is None
    return plan_id


def line(**vehicle: Any) -> dict[str, Any]:
    """Two vans from one depot; stops east and west of it, so that the best plan is known."""
    xs = [500, 510, 520, 600, 300, 290]
    places = [{"id": "depot", "x": 400, "y": 0}, *[{"id": f"p{k}", "x": x, "y": 0} for k, x in enumerate(xs)]]
    van = {"start": "depot", "capacity": 4, "window_s": [0, 5000]} | vehicle
    tasks = [
        {"id": f"t{k}", "location": f"p{k}", "load": 1, "service_s": 10, "name": f"Door {k}", "note": "ring twice"}
        for k in range(len(xs))
    ]
    return {"name": "line", "locations": places, "vehicles": [{"id": "a"} | van, {"id": "b"} | van], "tasks": tasks}


def test_plans_are_listed_by_page_and_state_for_their_workspace_only(logistics: Logistics) -> None:
    first = solved(logistics, line())
    ids = [int(logistics.routing.submit(line(), seconds=0.1, seed=1, **WHO)["id"]) for _ in range(2)]
    logistics.routing.submit(line(), seconds=1.0, seed=1, workspace="other")
    page = logistics.dispatch.newest(limit=2, **WHO)
    assert [one["id"] for one in page["plans"]] == [str(ids[1]), str(ids[0])]
    rest = logistics.dispatch.newest(limit=2, before=page["next"], **WHO)
    assert rest["next"] is None
    assert rest["plans"] == logistics.dispatch.newest(state="done", **WHO)["plans"]
    one = rest["plans"][0]
    assert (one["id"], one["name"], one["tasks"], one["vehicles"], one["unserved"]) == (str(first), "line", 6, 2, 0)
    assert one["cost"] == 620.0
    assert one["created_at"].endswith("Z")
    with pytest.raises(Invalid, match="no state 'lost'"):
        logistics.dispatch.newest(state="lost", **WHO)


def test_a_plan_says_where_its_tasks_and_depots_lie_before_it_is_solved(logistics: Logistics) -> None:
    document = line(count=2)
    document["tasks"].append({"id": 7, "location": "p0", "load": 1})
    plan_id = int(logistics.routing.submit(document, seconds=0.1, seed=1, **WHO)["id"])
    found = logistics.dispatch.places(plan_id, **WHO)
    assert found["tasks"]["t3"] == {"x": 600, "y": 0, "name": "Door 3", "note": "ring twice"}
    assert found["tasks"]["7"] == {"x": 500, "y": 0}
    depot = {"x": 400, "y": 0}
    assert found["vehicles"] == {name: {"start": depot, "end": depot} for name in ("a-1", "a-2", "b-1", "b-2")}
    with pytest.raises(NotFound):
        logistics.dispatch.places(plan_id, workspace="other")


def test_a_move_is_priced_then_kept_and_pinned(logistics: Logistics) -> None:
    plan_id = solved(logistics, line())
    desk = logistics.dispatch
    west = next(r["vehicle"] for r in logistics.routing.get(plan_id, **WHO)["plan"]["routes"] if "t4" in r["stops"])
    east = "b" if west == "a" else "a"
    asked = desk.move(plan_id, "t0", west, **WHO)
    assert (asked["feasible"], asked["from"], asked["delta"], asked["applied"]) == (True, east, 200.0, False)
    assert {day["vehicle"] for day in asked["days"]} == {"a", "b"}
    version = logistics.routing.get(plan_id, **WHO)["version"]
    kept = desk.move(plan_id, "t0", west, position=0, apply=True, pin=True, version=version, **WHO)
    assert (kept["applied"], kept["position"], kept["version"]) == (True, 0, version + 1)
    found = logistics.routing.get(plan_id, **WHO)
    assert found["version"] == version + 1
    assert next(r["stops"] for r in found["plan"]["routes"] if r["vehicle"] == west)[0] == "t0"
    assert found["plan"]["cost"] == 820.0
    with pytest.raises(Conflict, match=f"at version {version + 1}, not {version}"):
        desk.move(plan_id, "t0", east, version=version, **WHO)
    changed = logistics.routing.change(plan_id, [], seconds=0.1, keep=0.0, **WHO)
    assert "t0" in next(r["stops"] for r in changed["routes"] if r["vehicle"] == west)


def test_a_move_that_breaks_a_rule_says_which_and_is_not_kept(logistics: Logistics) -> None:
    plan_id = solved(logistics, line())
    desk = logistics.dispatch
    before = logistics.routing.get(plan_id, **WHO)
    full = next(r for r in before["plan"]["routes"] if len(r["stops"]) == 4)
    asked = desk.move(plan_id, "t4", full["vehicle"], **WHO)
    assert asked["feasible"] is False
    assert asked["broken"] == [f"route {full['vehicle']} carries 5 of dimension 1, room is for 4"]
    with pytest.raises(Conflict, match="Nothing was changed"):
        desk.move(plan_id, "t4", full["vehicle"], apply=True, **WHO)
    assert logistics.routing.get(plan_id, **WHO) == before
    with pytest.raises(NotFound, match="no vehicle 'z'"):
        desk.move(plan_id, "t4", "z", **WHO)
    with pytest.raises(NotFound, match="no plan"):
        desk.move(plan_id, "t4", "a", workspace="other")


def test_a_task_can_be_taken_off(logistics: Logistics) -> None:
    plan_id = solved(logistics, line())
    taken = logistics.dispatch.move(plan_id, "t3", None, apply=True, **WHO)
    assert (taken["delta"], taken["unserved"]) == (-160.0, ["t3"])
    answer = logistics.routing.get(plan_id, **WHO)["plan"]
    assert [(one["id"], one["reasons"]) for one in answer["unserved"]] == [("t3", ["taken off by hand"])]
    assert answer["partial"] is True


def test_a_driver_follows_the_day_and_a_late_stop_delays_the_rest(logistics: Logistics) -> None:
    plan_id = solved(logistics, line())
    desk = logistics.dispatch
    east = next(r for r in logistics.routing.get(plan_id, **WHO)["plan"]["routes"] if "t3" in r["stops"])
    view = desk.vehicle(plan_id, east["vehicle"], **WHO)
    assert [stop["id"] for stop in view["stops"]] == east["stops"]
    assert [stop["status"] for stop in view["stops"]] == ["next", "planned", "planned", "planned"]
    assert [stop["on_board"] for stop in view["stops"]] == [[3], [2], [1], [0]]
    first = view["stops"][0]
    assert (first["name"], first["note"], first["y"]) == (f"Door {first['id'][1:]}", "ring twice", 0)
    assert view["start"] == {"x": 400, "y": 0}
    after = desk.done(plan_id, east["vehicle"], first["id"], at=int(first["ends"]) + 300, **WHO)
    assert [stop["status"] for stop in after["stops"]] == ["done", "next", "planned", "planned"]
    assert after["stops"][1]["arrives"] == view["stops"][1]["arrives"] + 300
    assert after["version"] == view["version"] + 1
    again = desk.done(plan_id, east["vehicle"], first["id"], **WHO)
    assert again == after
    changed = logistics.routing.change(plan_id, [], seconds=0.1, keep=0.9, **WHO)
    assert next(r["stops"] for r in changed["routes"] if r["vehicle"] == east["vehicle"])[0] == first["id"]
    with pytest.raises(NotFound, match="has no stop"):
        desk.done(plan_id, east["vehicle"], "t4", **WHO)


def test_what_if_shows_the_difference_and_keeps_nothing(logistics: Logistics) -> None:
    plan_id = solved(logistics, line())
    before = logistics.routing.get(plan_id, **WHO)
    ask = {"vehicles": {"*": {"capacity": 6}}}
    wider = logistics.dispatch.what_if(plan_id, ask, seconds=0.1, keep=0.0, **WHO)
    assert (wider["before"]["cost"], wider["before"]["vehicles"]) == (620.0, 2)
    assert wider["after"]["cost"] <= 620.0
    fewer = logistics.dispatch.what_if(plan_id, {"vehicles_removed": ["a"]}, seconds=0.1, keep=0.0, **WHO)
    assert len(fewer["after"]["unserved"]) == 2
    assert fewer["plan"]["unserved"][0]["reasons"][0].startswith("route b carries")
    more = {"vehicles_added": [{"id": "c", "start": "depot", "capacity": 1}]}
    added = logistics.dispatch.what_if(plan_id, ask | more, seconds=0.1, keep=0.0, **WHO)
    assert added["after"]["feasible"] is True
    late = logistics.dispatch.what_if(plan_id, {"tasks": {"t0": {"windows_s": [[0, 1]]}}}, seconds=0.1, keep=0, **WHO)
    assert late["if_nothing_is_done"]["feasible"] is False
    assert late["after"]["unserved"] == ["t0"]
    assert logistics.routing.get(plan_id, **WHO) == before
    with pytest.raises(NotFound, match="no id 'zz'"):
        logistics.dispatch.what_if(plan_id, {"tasks": {"zz": {}}}, seconds=0.1, keep=0.0, **WHO)
    with pytest.raises(Invalid, match="unknown key"):
        logistics.dispatch.what_if(plan_id, {"cars": {}}, seconds=0.1, keep=0.0, **WHO)
