"""Networks and chains of stock from JSON, goods to order from JSON or CSV; every message names the row."""

from typing import Any

from yunqi.commerce.logistics.engine import tables
from yunqi.commerce.logistics.engine.routing.read.fields import Fields
from yunqi.commerce.logistics.engine.warehouse.serial import serial_stock
from yunqi.commerce.logistics.model.echelon import Link, SerialPlan, Stage, StockNetwork
from yunqi.commerce.logistics.model.reorder import ReorderProblem, SeasonGood, StockedGood
from yunqi.kernel.errors import Invalid

MOST_STAGES, MOST_GOODS = 500, 20_000
GOOD = ("id", "mean", "lead", "fixed", "hold", "backorder")


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


def read_reorders(document: Any) -> ReorderProblem:
    """Read ``{"goods": [...], "seasons": [...]}``: rows of `GOOD`, and of id, demands, short and over."""
    top = Fields(document, "the problem", ("goods", "seasons"))
    goods = [_good(Fields(one, f"goods[{at}]", GOOD)) for at, one in enumerate(_limited(top.items("goods")))]
    seasons = []
    for at, one in enumerate(_limited(top.items("seasons"))):
        row = Fields(one, f"seasons[{at}]", ("id", "demands", "short", "over"))
        demands = row.items("demands")
        inside = Fields(
            {str(k): value for k, value in enumerate(demands)}, f"seasons[{at}].demands", map(str, range(len(demands)))
        )
        seasons.append(
            SeasonGood(row.text("id"), tuple(inside.number(str(k)) for k in range(len(demands))), row.number("short"),
                       row.number("over"))
        )  # fmt: skip
    return ReorderProblem(tuple(goods), tuple(seasons))


def read_goods(text: str) -> ReorderProblem:
    """Read goods from CSV with the columns id, mean, lead, fixed, hold, backorder.

    Raises
    ------
    Invalid
        A column is missing, or a number is none; the line is named.
    """
    goods = []
    for row in tables.rows(text, what="the table of goods", needed=GOOD):
        values: dict[str, Any] = {"id": row.text("id")}
        for name in GOOD[1:]:
            try:
                values[name] = float(row.figure(name))
            except ValueError as error:
                raise Invalid(f"line {row.line}: {name} is {row.text(name)!r}, not a number", "file") from error
        goods.append(_good(Fields(values, f"line {row.line}", GOOD)))
    return ReorderProblem(tuple(_limited(goods)), ())


def _good(row: Fields) -> StockedGood:
    return StockedGood(row.text("id"), *(row.number(name) for name in GOOD[1:]))


def _limited(rows: list[Any]) -> list[Any]:
    if len(rows) > MOST_GOODS:
        raise Invalid(f"{len(rows):,} goods: at most {MOST_GOODS:,} are planned at once", "goods")
    return rows


def solve_chain(document: Any) -> SerialPlan:
    """Plan ``{"mean", "backorder", "stages": [{"lead", "hold"}]}``, the stage at the customer first."""
    top = Fields(document, "the chain", ("mean", "backorder", "stages"))
    rows = [Fields(one, f"stages[{at}]", ("lead", "hold")) for at, one in enumerate(top.items("stages"))]
    return serial_stock(
        [row.number("lead") for row in rows], [row.number("hold") for row in rows],
        mean=top.number("mean"), backorder=top.number("backorder"),
    )  # fmt: skip
