"""Networks and chains of stock from JSON, goods to order from JSON or CSV; every message names the row."""

from typing import Any

from yunqi.commerce.logistics.engine import tables
from yunqi.commerce.logistics.engine.routing.read.fields import Fields
from yunqi.commerce.logistics.engine.warehouse.serial import serial_stock
from yunqi.commerce.logistics.engine.warehouse.sold import Sold
from yunqi.commerce.logistics.model.echelon import Link, SerialPlan, Stage, StockNetwork
from yunqi.commerce.logistics.model.reorder import ReorderProblem, SeasonGood, StockedGood
from yunqi.kernel.errors import Invalid

MOST_STAGES, MOST_GOODS = 500, 20_000
GOOD = ("id", "lead", "fixed", "hold")
NUMBERS = ("lead", "fixed", "hold", "mean", "deviation", "backorder", "fill", "lead_deviation")
WHOLE = ("review", "pack")


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


def read_reorders(document: Any, sold: Sold | None = None) -> ReorderProblem:
    """Read ``{"goods": [...], "seasons": [...]}``: goods as `StockedGood` names their fields, and id, demands, short and over.

    Parameters
    ----------
    sold
        Where the demand of goods stands that name none.
    """
    top = Fields(document, "the problem", ("goods", "seasons"))
    known = ("id", *NUMBERS, *WHOLE, "demands")
    goods = [_good(Fields(one, f"goods[{at}]", known), sold) for at, one in enumerate(_limited(top.items("goods")))]
    seasons = []
    for at, one in enumerate(_limited(top.items("seasons"))):
        row = Fields(one, f"seasons[{at}]", ("id", "demands", "short", "over"))
        demands = tuple(_numbers(row).values())
        seasons.append(SeasonGood(row.text("id"), demands, row.number("short"), row.number("over")))
    return ReorderProblem(tuple(goods), tuple(seasons))


def read_goods(text: str, sold: Sold | None = None) -> ReorderProblem:
    """Read goods from CSV with the columns id, lead, fixed, hold, and those that are there of `NUMBERS` and `WHOLE`.

    Raises
    ------
    Invalid
        A column is missing, or a number is none; the line is named.
    """
    goods = []
    optional = tuple(name for name in (*NUMBERS, *WHOLE) if name not in GOOD)
    for row in tables.rows(text, what="the table of goods", needed=GOOD, known=optional):
        values: dict[str, Any] = {"id": row.text("id")}
        for name in (*NUMBERS, *WHOLE):
            if not row.text(name):
                continue
            try:
                values[name] = float(row.figure(name))
            except ValueError as error:
                raise Invalid(f"line {row.line}: {name} is {row.text(name)!r}, not a number", "file") from error
        goods.append(_good(Fields(values, f"line {row.line}", ("id", *NUMBERS, *WHOLE, "demands")), sold))
    return ReorderProblem(tuple(_limited(goods)), ())


def _good(row: Fields, sold: Sold | None) -> StockedGood:
    values: dict[str, Any] = {name: row.number(name) for name in NUMBERS if row.has(name) or name in GOOD}
    values |= {name: row.integer(name, low=1) for name in WHOLE if row.has(name)}
    name, demands = row.text("id"), _numbers(row)
    for key, demand in demands.items():
        if demand != int(demand):
            raise Invalid(
                f"{row.path}.demands[{key}] is {demand:g}: count in whole units, as grams for kilograms", "goods"
            )
    if sold is not None and not demands and "mean" not in values:
        span = round(values["lead"] + values.get("review", 1))
        values["mean"], values["deviation"] = sold.estimated(name, span)
    return StockedGood(id=name, demands=tuple(map(int, demands.values())), **values)


def _numbers(row: Fields) -> dict[str, float]:
    """Return the numbers of ``demands`` by their place."""
    found = {str(at): value for at, value in enumerate(row.items("demands"))}
    inside = Fields(found, f"{row.path}.demands", found)
    return {at: inside.number(at) for at in found}


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
