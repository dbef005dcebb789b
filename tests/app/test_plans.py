"""A day of deliveries over HTTP, as the console and a driver's phone ask for it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from yunqi.app.application import App, open_shop
from yunqi.app.edges import register_jobs
from yunqi.app.http import create
from yunqi.app.settings import load_settings
from yunqi.commerce.logistics.service.routing import prepare

pytest.importorskip("numba", reason="needs the extra logistics")
DAY = json.loads((Path(__file__).parents[2] / "examples" / "logistics" / "day.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[App, TestClient, dict[str, dict[str, str]]]]:
    with open_shop(settings=load_settings(data_dir=tmp_path_factory.mktemp("plans"))) as shop:
        register_jobs(shop)
        auth = shop.kernel.auth
        keys = {who: auth.create_key(who, who, frozenset({"shop", "read"}))[1] for who in ("ann", "bob")}
        with TestClient(create(shop), raise_server_exceptions=False) as client:
            yield shop, client, {who: {"Authorization": f"Bearer {key}"} for who, key in keys.items()}


@pytest.fixture(scope="module")
def plan(opened: Any) -> str:
    """A solved plan of Ann's."""
    prepare()
    shop, web, who = opened
    reply = web.post("/v1/plans", json={"problem": DAY, "seconds": 0.2}, headers=who["ann"])
    assert reply.status_code == 202
    job = shop.kernel.jobs.run_once()
    assert job is not None
    assert job.error is None
    return str(reply.json()["id"])


def test_a_plan_is_followed_listed_and_mapped(opened: Any, plan: str) -> None:
    _, web, who = opened
    with web.stream("GET", f"/v1/plans/{plan}/events", headers=who["ann"]) as stream:
        told = [json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: ")]
    assert told[-1]["state"] == "done"
    assert sorted(stop for route in told[-1]["plan"]["routes"] for stop in route["stops"]) == sorted(
        task["id"] for task in DAY["tasks"]
    )
    (row,) = web.get("/v1/plans", headers=who["ann"]).json()["plans"]
    assert (row["id"], row["name"], row["tasks"], row["unserved"]) == (plan, "a made-up morning", 10, 0)
    places = web.get(f"/v1/plans/{plan}/places", headers=who["ann"]).json()
    assert places["tasks"]["order 1"] == {"lat": 30.2741, "lon": 120.1551, "name": "Door 1"}
    assert places["vehicles"]["van 2"]["start"] == {"lat": 30.285, "lon": 120.17}


def test_a_plan_belongs_to_its_workspace(opened: Any, plan: str) -> None:
    _, web, who = opened
    assert web.get("/v1/plans", headers=who["bob"]).json()["plans"] == []
    for method, path, body in (
        ("GET", "", None),
        ("GET", "/events", None),
        ("GET", "/places", None),
        ("GET", "/vehicles/van 1", None),
        ("POST", "/vehicles/van 1/stops/order 1:done", {}),
        ("POST", ":move", {"task": "order 1", "vehicle": "van 1"}),
        ("POST", ":what-if", {"changes": {}}),
        ("PATCH", "", {"events": []}),
        ("POST", "/cancel", {}),
    ):
        reply = web.request(method, f"/v1/plans/{plan}{path}", json=body, headers=who["bob"])
        assert (reply.status_code, reply.json()["code"]) == (404, "not_found"), (method, path)


def test_a_stop_is_moved_by_hand_and_the_driver_sees_it(opened: Any, plan: str) -> None:
    _, web, who = opened
    now = web.get(f"/v1/plans/{plan}", headers=who["ann"]).json()
    first, second = (route for route in now["plan"]["routes"])
    task = first["stops"][0]
    ask = {"task": task, "vehicle": second["vehicle"], "version": now["version"]}
    tried = web.post(f"/v1/plans/{plan}:move", json=ask, headers=who["ann"]).json()
    assert (tried["applied"], tried["from"]) == (False, first["vehicle"])
    assert web.get(f"/v1/plans/{plan}", headers=who["ann"]).json() == now
    if not tried["feasible"]:
        refused = web.post(f"/v1/plans/{plan}:move", json=ask | {"apply": True}, headers=who["ann"])
        assert refused.status_code == 409
        ask = {
            "task": task,
            "vehicle": first["vehicle"],
            "position": len(first["stops"]) - 1,
            "version": now["version"],
        }
        tried = web.post(f"/v1/plans/{plan}:move", json=ask, headers=who["ann"]).json()
    assert tried["feasible"], tried["broken"]
    kept = web.post(f"/v1/plans/{plan}:move", json=ask | {"apply": True}, headers=who["ann"]).json()
    assert (kept["applied"], kept["version"]) == (True, now["version"] + 1)
    again = web.post(f"/v1/plans/{plan}:move", json=ask | {"apply": True}, headers=who["ann"])
    assert again.status_code == 409
    day = web.get(f"/v1/plans/{plan}/vehicles/{ask['vehicle']}", headers=who["ann"]).json()
    assert task in [stop["id"] for stop in day["stops"]]
    assert day["stops"][0]["status"] == "next"
    after = web.post(
        f"/v1/plans/{plan}/vehicles/{ask['vehicle']}/stops/{day['next']}:done", json={}, headers=who["ann"]
    ).json()
    assert [stop["status"] for stop in after["stops"]][:2] == ["done", "next"]


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        ({}, "0 vehicles"),
        (DAY | {"vehicles": []}, "vehicle"),
        (DAY | {"tasks": [*DAY["tasks"], DAY["tasks"][0]]}, "order 1"),
    ],
)
def test_a_bad_problem_is_refused_before_anything_is_kept(opened: Any, problem: dict[str, Any], said: str) -> None:
    _, web, who = opened
    reply = web.post("/v1/plans", json={"problem": problem}, headers=who["bob"])
    assert reply.status_code == 400
    assert said in reply.json()["message"]
    assert web.get("/v1/plans", headers=who["bob"]).json()["plans"] == []
