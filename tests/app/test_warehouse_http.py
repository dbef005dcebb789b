"""Warehouse, yard and stock over HTTP: answered, refused by the row, and only with the right key."""

from typing import Any

import pytest
from starlette.testclient import TestClient

BLOCK = {"aisles": 2, "length_m": 10, "pitch_m": 2}
YARD = {"tiers": 3, "stacks": [[{"id": "a", "leaves": 1}, {"id": "b", "leaves": 2}], []]}
STAGE = {"id": "shop", "lead": 1, "hold": 2, "promise": 0, "mean": 3, "deviation": 1}
FLOOR = {"grid": ["..."], "robots": [{"id": "r", "start": [0, 0], "goal": [0, 2]}]}
ZONES = {
    "block": BLOCK,
    "zones": 2,
    "orders": [{"id": "a", "picks": [[0, 5]]}, {"id": "b", "picks": [[1, 5]]}],
    "held_out": 0,
}
GOOD = {"id": "tea", "mean": 10, "lead": 0, "fixed": 64, "hold": 1, "backorder": 9}
LEVELS = [
    {"id": "tea", "order_at": 6, "up_to": 40, "cost": 35.0216, "fill": 0.9722, "stock": 16.11, "orders": 0.2564,
     "plain_cost": 39.5374, "plain_fill": 0.999, "mean": 10.0, "deviation": 3.1623}
]  # fmt: skip
FACE = {"product": "p", "on_hand": 1, "most": 5}


def headers(keys: dict[str, str], name: str = "shop") -> dict[str, str]:
    return {"Authorization": f"Bearer {keys[name]}"}


@pytest.mark.parametrize(
    ("path", "problem", "field", "value"),
    [
        ("warehouse/refills", {"minutes": 5, "faces": [FACE], "lots": [], "waves": []}, "tasks", []),
        ("warehouse/robots", FLOOR, "total_steps", 2),
        ("yard/retrieval", YARD, "shifts", 1),
        ("yard/storage", YARD | {"arrivals": [{"id": "n", "leaves": 9}]}, "places", {"n": 1}),
        ("warehouse/zones", ZONES, "busiest_s", 20.0),
        ("stock/reorders", {"goods": [GOOD]}, "goods", LEVELS),
        ("stock/network", {"stages": [STAGE]}, "cost", 3.29),
        ("stock/chain", {"mean": 5, "backorder": 9, "stages": [{"lead": 1, "hold": 2}, {"lead": 1, "hold": 1}]}, "local", [8, 5]),
    ],
)  # fmt: skip
def test_a_problem_is_answered(
    web: TestClient, keys: dict[str, str], path: str, problem: dict[str, Any], field: str, value: Any
) -> None:
    reply = web.post(f"/v1/{path}", json={"problem": problem}, headers=headers(keys))
    assert reply.status_code == 200, reply.text
    assert reply.json()[field] == value


def test_a_bad_row_is_named_and_a_reading_key_may_not(web: TestClient, keys: dict[str, str]) -> None:
    bad = {"block": BLOCK, "cart": 4, "orders": [{"id": "a", "picks": [[7, 1]]}]}
    reply = web.post("/v1/warehouse/batches", json={"problem": bad}, headers=headers(keys))
    assert reply.status_code in (400, 422)
    unreached = {"grid": [".#."], "robots": [{"id": "r", "start": [0, 0], "goal": [0, 2]}]}
    refused = web.post("/v1/warehouse/robots", json={"problem": unreached}, headers=headers(keys))
    assert "robot r: no way leads" in refused.text
    assert web.post("/v1/yard/retrieval", json={"problem": YARD}, headers=headers(keys, "read")).status_code == 403
