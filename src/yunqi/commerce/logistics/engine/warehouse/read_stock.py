"""Networks and chains of stock from JSON; every message names the row."""

from typing import Any

from yunqi.commerce.logistics.engine.routing.read.fields import Fields
from yunqi.commerce.logistics.engine.warehouse.serial import serial_stock
from yunqi.commerce.logistics.model.echelon import Link, SerialPlan, Stage, StockNetwork
from yunqi.kernel.errors import Invalid

MOST_STAGES = 500


def read_network(document: Any) -> StockNetwork:
    """Read ``{"cover", "stages": [{"id", "lead", "hold", "promise", "mean", "deviation"}], "links": [{"from", "to"}]}``."""
    top = Fields(document, "the network", ("cover", "stages", "links"))
    rows = top.items("stages")
    if len(rows) > MOST_STAGES:
        raise Invalid(f"{len(rows)} stages: at most {MOST_STAGES} can be planned at once", "stages")
    stages = []
    for at, one in enumerate(rows):
        row = Fields(one, f"stages[{at}]", ("id", "lead", "hold", "promise", "mean", "deviation"))
        stages.append(
            Stage(row.text("id"), row.integer("lead"), row.number("hold"), row.maybe("promise"),
                  row.number("mean", 0.0), row.number("deviation", 0.0))
        )  # fmt: skip
    links = []
    for at, one in enumerate(top.items("links")):
        row = Fields(one, f"links[{at}]", ("from", "to", "units"))
        links.append(Link(row.text("from"), row.text("to"), row.number("units", 1.0)))
    return StockNetwork(tuple(stages), tuple(links), top.number("cover", 1.645))


def solve_chain(document: Any) -> SerialPlan:
    """Plan ``{"mean", "backorder", "stages": [{"lead", "hold"}]}``, the stage at the customer first."""
    top = Fields(document, "the chain", ("mean", "backorder", "stages"))
    rows = [Fields(one, f"stages[{at}]", ("lead", "hold")) for at, one in enumerate(top.items("stages"))]
    return serial_stock(
        [row.number("lead") for row in rows], [row.number("hold") for row in rows],
        mean=top.number("mean"), backorder=top.number("backorder"),
    )  # fmt: skip
