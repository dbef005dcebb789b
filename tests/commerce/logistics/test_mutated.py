"""Documents of the how-to pages with one or two values replaced by strange ones: answered or refused by name, never a crash."""

import copy
import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from yunqi.commerce.logistics import Depot, JourneyDesk, LogisticsConfig, PaperDesk, Stock, Yard
from yunqi.commerce.logistics.engine.berth.read import read as read_berths
from yunqi.commerce.logistics.engine.customs.duties import read_table
from yunqi.commerce.logistics.engine.packing.read import read_json
from yunqi.commerce.logistics.engine.warehouse import read
from yunqi.commerce.logistics.engine.warehouse.refill import refill
from yunqi.kernel import Error

PAGES = Path(__file__).parents[3] / "docs" / "how-to"
SHOWN = {
    name: body
    for page in ("warehouse", "border", "routes")
    for names, body in re.findall(
        r"```(?:json|csv) ([\w -]+)\n(.*?)```", (PAGES / f"{page}.md").read_text(), flags=re.DOTALL
    )
    for name in names.split()
}
STRANGE: list[Any] = [
    None, float("nan"), float("inf"), -1, 0, 1, 2, 0.5, 1e30, 10**30, 10**9, "", "x", "5", "1,5", [], {}, True, [1], {"a": 1}, [[1]],
]  # fmt: skip
DEPOT, STOCK, YARD, WAYS = Depot(LogisticsConfig()), Stock(), Yard(LogisticsConfig()), JourneyDesk()
DUTIES = read_table(SHOWN["duties"])


def journey(document: Any) -> None:
    network = WAYS.of(document)
    WAYS.find(network, WAYS.wish("hangzhou", "berlin", "2026-11-23T10:00+08:00", weight_g=12_000))


CALLS: dict[str, Callable[[Any], Any]] = {
    "walk": lambda one: DEPOT.walk(DEPOT.read_walk(one)[0]),
    "wave": read.read_waves,
    "batch": read.read_batches,
    "slot": read.read_slots,
    "zone": read.read_zones,
    "refill": lambda one: refill(read.read_refills(one)),
    "robots": YARD.read_robots,
    "store": lambda one: YARD.store(YARD.read_yard(one), seconds=0.05),
    "reorder": lambda one: STOCK.reorder(STOCK.read_reorders(one)),
    "network-stock": lambda one: STOCK.network(STOCK.read(one)),
    "chain-stock": STOCK.chain,
    "pack": lambda one: read_json(json.dumps(one)),
    "berth": lambda one: read_berths(json.dumps(one)),
    "documents": PaperDesk().of,
    "landed-cost": lambda one: DEPOT.landed_cost(DUTIES, **DEPOT.read_shipment(one)),
    "journey": journey,
}


def places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    rows = document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    for key, value in list(rows):
        yield from places(value, (*path, key))


@pytest.mark.parametrize("name", sorted(CALLS))
def test_a_strange_value_is_answered_or_refused(name: str) -> None:
    chance = random.Random(name)
    refused = 0
    for _ in range(60):
        document = json.loads(SHOWN[name])
        for _ in range(chance.choice([1, 1, 2])):
            *path, last = chance.choice(list(places(document)))
            inside = document
            for key in path:
                inside = inside[key]
            inside[last] = copy.deepcopy(chance.choice(STRANGE))
        try:
            CALLS[name](document)
        except Error:
            refused += 1
    assert refused > 10


def test_a_yard_without_arrivals_stores_nothing_and_a_date_is_no_step() -> None:
    yard = json.loads(SHOWN["store"]) | {"arrivals": []}
    assert YARD.store(YARD.read_yard(yard), seconds=0.1).places == {}
    floor = json.loads(SHOWN["robots"])
    floor["errands"][0]["release"] = 1_764_000_000
    with pytest.raises(Error, match="must be a step from 0 to 20000"):
        YARD.read_robots(floor)
