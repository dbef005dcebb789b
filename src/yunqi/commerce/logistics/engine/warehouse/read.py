"""Problems of the warehouse floor from JSON; every message names the row."""

from collections import Counter
from typing import Any

from yunqi.commerce.logistics.engine.routing.read.fields import Fields
from yunqi.commerce.logistics.model.floor import (
    BatchProblem,
    Location,
    Lot,
    PickFace,
    PickOrder,
    PickWave,
    Product,
    RefillProblem,
    SlotProblem,
    Walk,
)
from yunqi.commerce.logistics.model.warehouse import Block, WalkProblem, WaveProblem
from yunqi.commerce.logistics.model.zones import ZoneProblem
from yunqi.kernel.errors import Invalid

MOST_ORDERS, MOST_HISTORY, MOST_PRODUCTS, MOST_ZONED, MOST_PICKS = 1_000, 200_000, 3_000, 20_000, 5_000
"""More orders to batch, past orders, products, and orders times aisles / 100 to zone by are refused: batching compares all
pairs, a placement all places, zones every run of aisles."""


def read_batches(document: Any) -> BatchProblem:
    """Read ``{"block", "cart", "walk", "orders": [{"id", "load", "picks": [[aisle, m]]}]}``."""
    top = Fields(document, "the problem", ("block", "cart", "walk", "orders"))
    orders = _limited(top.items("orders"), MOST_ORDERS, "orders")
    walk = top.text("walk", Walk.EXACT.value)
    if walk not in [one.value for one in Walk]:
        raise top.wrong("walk", walk, " or ".join(one.value for one in Walk))
    return BatchProblem(
        _block(top),
        tuple(_order(one, f"orders[{at}]") for at, one in enumerate(orders)),
        top.integer("cart"),
        Walk(walk),
    )


def read_slots(document: Any) -> SlotProblem:
    """Read ``{"block", "locations", "products", "orders": [[product]], "current", "pinned", "held_out"}``; see the README."""
    top = Fields(
        document, "the problem", ("block", "locations", "products", "orders", "current", "pinned", "held_out")
    )  # fmt: skip
    history = []
    for at, one in enumerate(_limited(top.items("orders"), MOST_HISTORY, "orders")):
        history.append(Fields({"products": one}, f"orders[{at}]", ("products",)).texts("products"))
    locations = []
    for at, one in enumerate(_limited(top.items("locations"), 2 * MOST_PRODUCTS, "locations")):
        row = Fields(one, f"locations[{at}]", ("id", "aisle", "at_m", "most_g", "most_mm"))
        locations.append(
            Location(row.text("id"), row.integer("aisle"), row.number("at_m"), row.integer("most_g", 10**9),
                     row.integer("most_mm", 10**9))
        )  # fmt: skip
    products = []
    for at, one in enumerate(_limited(top.items("products"), MOST_PRODUCTS, "products")):
        row = Fields(one, f"products[{at}]", ("id", "weight_g", "height_mm", "cube"))
        products.append(
            Product(row.text("id"), row.integer("weight_g", 0), row.integer("height_mm", 0), row.number("cube", 0.0))
        )
    current = top.raw("current", {})
    if not isinstance(current, dict) or not all(isinstance(place, str) for place in current.values()):
        raise top.wrong("current", current, "an object of locations by product")
    return SlotProblem(
        _block(top), tuple(locations), tuple(products), tuple(history), current, frozenset(top.texts("pinned")),
        top.number("held_out", 0.25),
    )  # fmt: skip


def read_zones(document: Any) -> ZoneProblem:
    """Read ``{"block", "zones", "orders": [{"id", "picks"}], "metres_per_second", "seconds_per_pick", "held_out"}``."""
    top = Fields(
        document, "the problem",
        ("block", "zones", "orders", "metres_per_second", "seconds_per_pick", "held_out"),
    )  # fmt: skip
    block = _block(top)
    orders = _limited(top.items("orders"), max(1, MOST_ZONED * 100 // block.aisles), "orders")
    return ZoneProblem(
        block, tuple(_order(one, f"orders[{at}]") for at, one in enumerate(orders)), top.integer("zones"),
        top.number("metres_per_second", 1.0), top.number("seconds_per_pick", 10.0), top.number("held_out", 0.25),
    )  # fmt: skip


def read_refills(document: Any) -> RefillProblem:
    """Read ``{"minutes", "workers", "faces", "lots", "waves": [{"id", "start_min", "units": {product: n}}]}``."""
    top = Fields(document, "the problem", ("minutes", "workers", "faces", "lots", "waves"))
    faces, lots, waves = [], [], []
    for at, one in enumerate(_limited(top.items("faces"), MOST_HISTORY, "faces")):
        row = Fields(one, f"faces[{at}]", ("product", "on_hand", "least", "most", "case"))
        faces.append(
            PickFace(row.text("product"), row.integer("on_hand"), row.integer("least", 0), row.integer("most"),
                     row.integer("case", 1))
        )  # fmt: skip
    for at, one in enumerate(_limited(top.items("lots"), MOST_HISTORY, "lots")):
        row = Fields(one, f"lots[{at}]", ("id", "product", "units", "rank"))
        lots.append(Lot(row.text("id"), row.text("product"), row.integer("units"), row.integer("rank", 0)))
    for at, one in enumerate(_limited(top.items("waves"), MOST_HISTORY, "waves")):
        row = Fields(one, f"waves[{at}]", ("id", "start_min", "units"))
        units = row.raw("units")
        if not isinstance(units, dict):
            raise row.wrong("units", units, "an object of units by product")
        inside = Fields(units, f"waves[{at}].units", units)
        waves.append(
            PickWave(
                row.text("id"),
                row.integer("start_min"),
                {str(name): inside.integer(name, low=-(10**9)) for name in units},
            )
        )
    return RefillProblem(tuple(faces), tuple(lots), tuple(waves), top.integer("minutes"), top.integer("workers", 1))


def read_walk(document: Any) -> tuple[WalkProblem, tuple[str, ...]]:
    """Read ``{"block", "start": [aisle, m], "picks": [{"id", "aisle", "at_m"}]}``, and return the picks' ids too.

    The block may have ``cross_m``, cross aisles between front and back.
    """
    top = Fields(document, "the problem", ("block", "start", "picks"))
    block = Fields(top.raw("block"), "block", ("aisles", "length_m", "pitch_m", "cross_m"))
    crossings = block.items("cross_m")
    cross = Fields({str(k): one for k, one in enumerate(crossings)}, "block.cross_m", map(str, range(len(crossings))))
    rows = [
        Fields(one, f"picks[{at}]", ("id", "aisle", "at_m"))
        for at, one in enumerate(_limited(top.items("picks"), MOST_PICKS, "picks"))
    ]
    names = tuple(row.text("id") for row in rows)
    if not names:
        raise Invalid("a walk needs at least one pick", "picks")
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise Invalid(f"pick {twice[0]} stands twice", "picks")
    return (
        WalkProblem(
            Block(block.integer("aisles"), block.number("length_m"), block.number("pitch_m")),
            tuple((row.integer("aisle"), row.number("at_m")) for row in rows),
            _place(top, "start", top.raw("start", [0, 0])),
            tuple(cross.number(str(k)) for k in range(len(crossings))),
        ),
        names,
    )


def read_waves(document: Any) -> WaveProblem:
    """Read ``{"orders": [{item: units}], "aisles": [{item: units}], "least", "most"}``."""
    top = Fields(document, "the problem", ("orders", "aisles", "least", "most"))
    rows = {
        what: [_units(one, f"{what}[{at}]") for at, one in enumerate(_limited(top.items(what), MOST_HISTORY, what))]
        for what in ("orders", "aisles")
    }
    return WaveProblem(tuple(rows["orders"]), tuple(rows["aisles"]), top.integer("least", 0), top.integer("most"))


def _units(value: Any, where: str) -> dict[str, int]:
    if not isinstance(value, dict):
        raise Invalid(f"{where} must be an object of units by item", where)
    inside = Fields(value, where, value)
    return {str(item): inside.integer(item) for item in value}


def _place(row: Fields, key: str, value: Any) -> tuple[int, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise row.wrong(key, value, "an aisle and metres from the front, as [3, 12.5]")
    pair = Fields({"aisle": value[0], "metres": value[1]}, f"{row.path}.{key}", ("aisle", "metres"))
    return pair.integer("aisle"), pair.number("metres")


def _block(top: Fields) -> Block:
    inside = Fields(top.raw("block"), "block", ("aisles", "length_m", "pitch_m"))
    return Block(inside.integer("aisles"), inside.number("length_m"), inside.number("pitch_m"))


def _order(one: Any, where: str) -> PickOrder:
    row = Fields(one, where, ("id", "load", "picks"))
    picks = [_place(row, f"picks[{at}]", pick) for at, pick in enumerate(row.items("picks"))]
    return PickOrder(row.text("id"), tuple(picks), row.integer("load", len(picks)))


def _limited(rows: list[Any], most: int, what: str) -> list[Any]:
    if len(rows) > most:
        raise Invalid(f"{what}: {len(rows):,} rows where at most {most:,} can be planned at once", what)
    return rows
