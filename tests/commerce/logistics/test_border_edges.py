"""The border over HTTP, behind the real application: keys, tenants, PDF, errors with their field."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.command import yunqi

from yunqi.app.application import open_shop
from yunqi.app.http import create
from yunqi.app.settings import load_settings

pytest.importorskip("reportlab", reason="needs the extra logistics")
TABLE = "code,text\n61,Knitted garments\n6109,T-shirts\n610910,T-shirts of cotton\n610990,T-shirts of other textiles\n"
SHIPMENT: dict[str, Any] = {
    "number": "7", "day": "2026-11-25", "currency": "USD", "category": "gift", "signed_by": "Ann",
    "sender": {"name": "Ann", "address": ["1 Road"], "country": "CN"},
    "receiver": {"name": "Bob", "address": ["2 Street"], "country": "DE"},
    "lines": [{"description": "tee", "quantity": 2, "unit_value": 999, "net_g": 300}],
    "parcels": [{"id": "P", "gross_g": 350}],
}  # fmt: skip
NETWORK: dict[str, Any] = {
    "currency": "EUR",
    "places": [{"id": "a", "zone": "UTC", "territory": "EU"}, {"id": "b", "zone": "Europe/Berlin", "territory": "EU"}],
    "services": [{"id": "s", "from": "a", "to": "b", "mode": "truck", "departures": [{"at": "09:00"}], "transit_min": 60, "cost": 5}],
}  # fmt: skip


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, dict[str, dict[str, str]]]]:
    with open_shop(settings=load_settings(data_dir=tmp_path_factory.mktemp("shop"))) as shop:
        auth = shop.kernel.auth
        keys = {who: auth.create_key(who, f"{who}'s key", frozenset({"shop"}))[1] for who in ("ann", "bob")}
        keys["reader"] = auth.create_key("ann", "reader", frozenset({"read"}))[1]
        with TestClient(create(shop), raise_server_exceptions=False) as client:
            yield client, {who: {"Authorization": f"Bearer {key}"} for who, key in keys.items()}


def test_codes_are_suggested_and_decided_by_whose_key_it_is(edge: Any) -> None:
    web, who = edge
    load = {"table": TABLE, "version": "small", "source": "test"}
    assert web.post("/v1/hs/nomenclatures", json=load, headers=who["ann"]).json()["declarable"] == 2
    asked = {"products": [{"id": "tee", "text": "cotton t-shirt"}], "top": 2}
    (found,) = web.post("/v1/hs:classify", json=asked, headers=who["ann"]).json()["data"]
    assert (found["answer"], [one["code"] for one in found["candidates"]]) == (None, ["610910", "610990"])
    assert web.get("/v1/hs/queue", headers=who["reader"]).json()["data"][0]["product"] == "tee"
    decision = {"product": "tee", "code": "6109.10", "why": "all cotton"}
    assert web.post("/v1/hs/decisions", json=decision, headers=who["reader"]).status_code == 403
    made = web.post("/v1/hs/decisions", json=decision, headers=who["ann"])
    assert (made.status_code, made.json()["decided_by"], made.json()["agrees"]) == (201, "ann's key", True)
    assert web.get("/v1/hs/decisions", headers=who["bob"]).json()["data"] == []
    refused = web.post("/v1/hs/decisions", json=decision | {"code": "6109"}, headers=who["ann"])
    assert refused.status_code == 400
    assert "below it are 610910, 610990" in refused.json()["message"]
    assert web.get("/v1/hs/disagreements", headers=who["ann"]).json()["overruled_share"] == 0.0


def test_a_paper_is_a_pdf_and_what_it_lacks_is_named(edge: Any) -> None:
    web, who = edge
    reply = web.post("/v1/customs/documents", json={"shipment": SHIPMENT, "kind": "cn22"}, headers=who["ann"])
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/pdf")
    assert reply.content.startswith(b"%PDF")
    refused = web.post("/v1/customs/documents", json={"shipment": SHIPMENT, "kind": "cn23"}, headers=who["ann"])
    assert refused.status_code == 400
    assert refused.json()["message"] == "this cn23 lacks lines[1].code, lines[1].origin"


def test_journeys_etas_and_returns_answer(edge: Any) -> None:
    web, who = edge
    wish = {"network": NETWORK, "from": "a", "to": "b", "ready": "2026-11-25T08:00Z"}
    (journey,) = web.post("/v1/journeys", json=wish, headers=who["reader"]).json()["journeys"]
    assert journey["promised"] == "2026-11-25T11:00:00+01:00"
    cut = web.post("/v1/journeys", json=wish | {"without": ["s"]}, headers=who["reader"])
    assert (cut.status_code, "with s running there is one" in cut.json()["message"]) == (404, True)
    few = web.post("/v1/etas", json={"history": "started,minutes\n2026-01-01T00:00Z,5"}, headers=who["reader"])
    assert (few.status_code, "at least 400" in few.json()["message"]) == (400, True)
    rows = "".join(f"o{k},2026-01-{1 + k % 28:02d},,p,\n" for k in range(300))
    back = {"orders": "id,ordered,returned,product,category\n" + rows, "as_of": "2026-02-01", "horizon": 7}
    assert web.post("/v1/returns:forecast", json=back, headers=who["reader"]).json()["total"] == {
        "mean": 0.0,
        "low": 0,
        "high": 0,
    }


def test_costs_waves_walks_and_packings_of_others_answer(edge: Any) -> None:
    web, who = edge
    duties = "code;origin;destination;duty;tax;valid_from;valid_to;source\n61;*;DE;12%;19%;2026-01-01;;book\n"
    goods = {
        "destination": "DE",
        "currency": "EUR",
        "day": "2026-11-25",
        "goods": [{"code": "610910", "origin": "CN", "value": 1000}],
    }
    cost = web.post("/v1/customs/landed-costs", json={"shipment": goods, "duties": duties}, headers=who["ann"]).json()
    assert (cost["total"], cost["costs"][3]["amount"]) == (1000 + 120 + 213, 120)
    assert cost["table"] == {"sha256": hashlib.sha256(duties.encode()).hexdigest()}
    refused = web.post(
        "/v1/customs/landed-costs",
        json={"shipment": goods, "duties": duties.replace("12%", "12 % or so")},
        headers=who["ann"],
    )
    assert (refused.status_code, "line 2" in refused.text) == (400, True)
    wave = {"orders": [{"tea": 2}], "aisles": [{"tea": 3}], "most": 5}
    found = web.post("/v1/warehouse/waves", json={"problem": wave, "seconds": 2}, headers=who["ann"]).json()
    assert (found["value"], found["is_proven"]) == (2.0, True)
    text = "1 1 1\n1 0 2\n1 0 3\n0 5\n"
    assert web.post("/v1/warehouse/waves", json={"problem": text}, headers=who["ann"]).json() == found
    refused = web.post("/v1/warehouse/waves", json={"problem": "1 1 1\n1 0 x\n"}, headers=who["ann"])
    assert (refused.status_code, "line" in refused.text) == (400, True)
    walk = {"block": {"aisles": 2, "length_m": 10, "pitch_m": 3}, "picks": [{"id": "a", "aisle": 1, "at_m": 4}]}
    found = web.post("/v1/warehouse/walks", json={"problem": walk}, headers=who["ann"]).json()
    assert (found["metres"], found["picks"]) == (14.0, ["a"])
    boxes = {"items": [{"id": "a", "size": [2, 2, 2], "copies": 2}], "bins": [{"id": "b", "size": [4, 2, 2]}]}
    row = {"item": "a", "x": 0, "y": 0, "z": 0, "dx": 2, "dy": 2, "dz": 2}
    body = {"problem": boxes, "packing": {"placements": [row, row | {"x": 1}]}}
    assert web.post("/v1/packings:check", json=body, headers=who["reader"]).json()["broken"] == [
        "a at (0, 0, 0) and a at (1, 0, 0) share room"
    ]


@pytest.mark.slow
def test_a_walk_and_a_packing_of_others_on_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "walk.json").write_text(
        json.dumps(
            {"block": {"aisles": 2, "length_m": 10, "pitch_m": 3}, "picks": [{"id": "a", "aisle": 1, "at_m": 4}]}
        )
    )
    assert json.loads(yunqi("logistics", "walk", str(tmp_path / "walk.json"), "--json").stdout)["metres"] == 14.0
    (tmp_path / "p.json").write_text(
        '{"items": [{"id": "a", "size": [2, 2, 2]}], "bins": [{"id": "b", "size": [4, 2, 2]}]}'
    )
    (tmp_path / "made.json").write_text(
        '{"placements": [{"item": "a", "x": 3, "y": 0, "z": 0, "dx": 2, "dy": 2, "dz": 2}]}'
    )
    judged = yunqi("logistics", "pack", str(tmp_path / "p.json"), "--check", str(tmp_path / "made.json"), "--json")
    assert judged.returncode == 1
    assert json.loads(judged.stdout)["broken"] == ["a at (3, 0, 0) reaches out of bin b"]


@pytest.mark.slow
def test_the_commands_print_one_document(tmp_path: Path) -> None:
    (tmp_path / "net.json").write_text(json.dumps(NETWORK))
    (tmp_path / "ship.json").write_text(json.dumps(SHIPMENT))
    out = tmp_path / "cn22.pdf"
    commands = [
        ["journey", str(tmp_path / "net.json"), "--from", "a", "--to", "b", "--ready", "2026-11-25T08:00Z"],
        ["documents", str(tmp_path / "ship.json"), "--kind", "cn22", "--out", str(out)],
    ]
    for command in commands:
        done = yunqi("logistics", *command, "--json", YUNQI_DATA_DIR=str(tmp_path / "data"))
        assert done.returncode == 0, done.stderr
        json.loads(done.stdout)
    assert out.read_bytes().startswith(b"%PDF")
