"""The bodies that the how-to page shows are answered as they stand."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from yunqi.commerce.logistics import Depot, Floor, LogisticsConfig, Stock, Yard
from yunqi.commerce.logistics.service.plain_floor import (
    batching_document,
    refill_document,
    slotting_document,
    walk_document,
    wave_document,
    zoning_document,
)
from yunqi.commerce.logistics.service.plain_yard import (
    chain_document,
    reorder_document,
    retrieval_document,
    robots_document,
    stock_document,
    storage_document,
)

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "warehouse.md"
SHOWN = {
    name: json.loads(body)
    for names, body in re.findall(r"```json ([a-z -]+)\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    for name in names.split()
}
FLOOR, YARD, STOCK, DEPOT = Floor(LogisticsConfig()), Yard(LogisticsConfig()), Stock(), Depot(LogisticsConfig())
ANSWERS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "batch": lambda body: batching_document(FLOOR.batch(FLOOR.read_batches(body), seconds=0.1)),
    "walk": lambda body: walk_document(DEPOT.walk(DEPOT.read_walk(body)[0]), DEPOT.read_walk(body)[1]),
    "wave": lambda body: wave_document(DEPOT.wave(DEPOT.read_waves(body), seconds=5)),
    "slot": lambda body: slotting_document(FLOOR.slot(FLOOR.read_slots(body), seconds=0.1)),
    "zone": lambda body: zoning_document(FLOOR.zone(FLOOR.read_zones(body))),
    "refill": lambda body: refill_document(FLOOR.refill(FLOOR.read_refills(body))),
    "robots": lambda body: robots_document(YARD.robots(YARD.read_robots(body), seconds=0.1)),
    "store": lambda body: storage_document(YARD.store(YARD.read_yard(body), seconds=0.1)),
    "fetch": lambda body: retrieval_document(YARD.fetch(YARD.read_yard(body), seconds=0.1)),
    "reorder": lambda body: reorder_document(STOCK.reorder(STOCK.read_reorders(body))),
    "network-stock": lambda body: stock_document(STOCK.network(STOCK.read(body))),
    "chain-stock": lambda body: chain_document(STOCK.chain(body)),
}


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_a_shown_body_is_answered(name: str) -> None:
    found = ANSWERS[name](SHOWN[name])
    assert json.loads(json.dumps(found)) == found


def test_every_shown_body_is_tried() -> None:
    assert sorted(SHOWN) == sorted(ANSWERS)
    assert len(ANSWERS["refill"](SHOWN["refill"])["tasks"]) == 1
    assert ANSWERS["robots"](SHOWN["robots"])["open"] == []
    assert ANSWERS["walk"](SHOWN["walk"])["picks"] == ["tea", "cups", "kettle"]
    assert ANSWERS["wave"](SHOWN["wave"])["value"] == 5.0
    assert ANSWERS["fetch"](SHOWN["fetch"])["shifts"] == 1
