"""Packing problems from text: the items/bins pair of CSV tables, and our JSON."""

import json
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from yunqi.commerce.logistics.engine import tables
from yunqi.commerce.logistics.engine.keys import known
from yunqi.commerce.logistics.model.packing import (
    UPRIGHT,
    Axles,
    Bin,
    Item,
    Load,
    Packing,
    PackingProblem,
    Placement,
    Rotation,
)
from yunqi.kernel.errors import Invalid

LARGEST = 10**7
"""The longest edge, in the finest unit of the file; larger numbers are taken for a mistake."""

MOST = 50_000
"""The most pieces in one problem."""

ITEM_COLUMNS = ("COPIES", "WEIGHT", "BEARING", "STOP", *(f"ROTATION_{turn.value.upper()}" for turn in Rotation))
BIN_COLUMNS = ("COPIES", "COST", "MAXIMUM_WEIGHT")

_ITEM = {"id", "size", "copies", "rotations", "weight_g", "bearing_g", "stop"}
_BIN = {"id", "size", "copies", "payload_g", "cost", "axles"}
_CORNER = ("x", "y", "z", "dx", "dy", "dz")
_AXLES = {"front", "rear", "front_limit_g", "rear_limit_g"}
_NAMED = {"any": tuple(Rotation), "upright": UPRIGHT, "fixed": (Rotation.XYZ,)}


@dataclass(frozen=True, slots=True)
class Read:
    """A problem in whole numbers, and how many of them make one unit of the file."""

    problem: PackingProblem
    scale: int


def read_csv(items: str, bins: str, *, support: bool) -> Read:
    """Read the two tables, of the columns ID, X, Y, Z and, where they are wanted, `ITEM_COLUMNS` and `BIN_COLUMNS`.

    Raises
    ------
    Invalid
        Names the table, the line and the column that is wrong.
    """
    edges = ("ID", "X", "Y", "Z")
    return _build(
        [_item_of_row(row) for row in tables.rows(items, what="the items table", needed=edges, known=ITEM_COLUMNS)],
        [_bin_of_row(row) for row in tables.rows(bins, what="the bins table", needed=edges, known=BIN_COLUMNS)],
        support=support,
    )


def read_json(text: str | bytes) -> Read:
    """Read ``{"items": [...], "bins": [...], "support": true}``; unknown names are refused with a hint."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"the packing problem is no JSON: {error}", "file") from error
    known(document, {"items", "bins", "support"}, "the problem")
    parts = {}
    for name, keys in (("items", _ITEM), ("bins", _BIN)):
        listed = document.get(name)
        if not isinstance(listed, list) or not listed:
            raise Invalid(f"{name} must be a list of at least one", name)
        for index, one in enumerate(listed):
            known(one, keys, f"{name}[{index}]")
        parts[name] = listed
    support = document.get("support", True)
    if not isinstance(support, bool):
        raise Invalid("support must be true or false", "support")
    return _build(
        [_item_of_json(one, f"items[{i}]") for i, one in enumerate(parts["items"])],
        [_bin_of_json(one, f"bins[{i}]") for i, one in enumerate(parts["bins"])],
        support=support,
    )


def read_packing(read: Read, document: Any) -> Packing:
    """Read the placements of an answer for a problem; what is not placed counts as left outside.

    Raises
    ------
    Invalid
        Names the row, as ``placements[3]``.
    """
    rows = document.get("placements") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise Invalid("a packing needs its placements, as an answer of pack has them", "placements")
    loads: dict[tuple[str, int], list[Placement]] = {}
    for at, one in enumerate(rows):
        where = f"placements[{at}]"
        known(one, {"bin", "number", "item", *_CORNER}, where)
        corner = []
        for name in _CORNER:
            value = _number(one.get(name), f"{where}.{name}") * read.scale
            if value != int(value):
                raise Invalid(f"{where}.{name} has more decimals than the problem's lengths", where)
            corner.append(int(value))
        item, kind = str(one.get("item", "")), str(one.get("bin", read.problem.bins[0].id))
        for what, name, names in (("item", item, read.problem.items), ("bin", kind, read.problem.bins)):
            if name not in [each.id for each in names]:
                raise Invalid(f"{where}: {what} {name!r} is not in the problem", where)
        number = _whole(one.get("number", 1), f"{where}.number", least=1)
        loads.setdefault((kind, number), []).append(Placement(item, *corner))
    placed = Counter(piece.item for pieces in loads.values() for piece in pieces)
    left = {item.id: (item.copies - placed[item.id], "not placed") for item in read.problem.items}
    return Packing(
        tuple(Load(*key, tuple(pieces)) for key, pieces in loads.items()), 0.0,
        {name: (count, why) for name, (count, why) in left.items() if count > 0},
    )  # fmt: skip


def _number(value: Any, where: str, *, least: int = 0) -> Decimal:
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation as error:
        raise Invalid(f"{where}: {str(value)[:40]!r} is no number", where) from error
    if not number.is_finite() or number < least or number > LARGEST * 10_000:
        raise Invalid(f"{where}: {str(value)[:40]} must be a number from {least} to {LARGEST * 10_000}", where)
    return number


def _whole(value: Any, where: str, *, least: int = 0) -> int:
    number = _number(value, where, least=least)
    if number != int(number):
        raise Invalid(f"{where}: {value} must be a whole number", where)
    return int(number)


@dataclass(frozen=True, slots=True)
class _Raw:
    size: tuple[Decimal, Decimal, Decimal]
    rest: dict[str, Any]


def _size(values: Any, where: str) -> tuple[Decimal, Decimal, Decimal]:
    if not isinstance(values, list | tuple) or len(values) != 3:
        raise Invalid(f"{where}: size must be three numbers, as [60, 40, 30]", where)
    x, y, z = (_number(value, f"{where}: size") for value in values)
    if min(x, y, z) <= 0:
        raise Invalid(f"{where}: every edge must be above 0", where)
    return x, y, z


def _item_of_row(row: tables.Row) -> _Raw:
    where = f"items line {row.line}"
    flags = {turn: row.text(f"rotation_{turn.value}") for turn in Rotation if f"rotation_{turn.value}" in row.cells}
    allowed = tuple(turn for turn, flag in flags.items() if _whole(flag or 0, f"{where}: rotation {turn.value}"))
    rest = {
        "id": _id({"id": row.text("id")}, where),
        "copies": _whole(row.figure("copies", "1"), f"{where}: COPIES"),
        "rotations": allowed if flags else tuple(Rotation),
        "weight": _whole(row.figure("weight", "0"), f"{where}: WEIGHT"),
        "stop": _whole(row.figure("stop", "0"), f"{where}: STOP"),
    }
    if row.text("bearing"):
        rest["bearing_per_top"] = _number(row.figure("bearing"), f"{where}: BEARING")
    return _Raw(_size([row.figure(axis) for axis in "xyz"], where), rest)


def _bin_of_row(row: tables.Row) -> _Raw:
    where = f"bins line {row.line}"
    rest: dict[str, Any] = {
        "id": _id({"id": row.text("id")}, where),
        "copies": _whole(row.figure("copies", "1"), f"{where}: COPIES"),
        "cost": _whole(row.figure("cost", "0"), f"{where}: COST"),
    }
    if row.text("maximum_weight"):
        rest["payload"] = _whole(row.figure("maximum_weight"), f"{where}: MAXIMUM_WEIGHT", least=1)
    return _Raw(_size([row.figure(axis) for axis in "xyz"], where), rest)


def _item_of_json(one: dict[str, Any], where: str) -> _Raw:
    given = one.get("rotations", "any")
    if isinstance(given, str):
        if given not in _NAMED:
            raise Invalid(f"{where}: rotations is any, upright, fixed, or a list such as ['xyz', 'yxz']", where)
        rotations = _NAMED[given]
    else:
        try:
            rotations = tuple(Rotation(str(name).lower()) for name in given)
        except (TypeError, ValueError) as error:
            raise Invalid(f"{where}: a rotation is one of {', '.join(Rotation)}", where) from error
    rest = {
        "id": _id(one, where),
        "copies": _whole(one.get("copies", 1), f"{where}: copies"),
        "rotations": rotations,
        "weight": _whole(one.get("weight_g", 0), f"{where}: weight_g"),
        "stop": _whole(one.get("stop", 0), f"{where}: stop"),
    }
    if one.get("bearing_g") is not None:
        # Given per piece, as printed on the box; kept per square unit of its top.
        rest["bearing_per_top"] = _number(one["bearing_g"], f"{where}: bearing_g")
    return _Raw(_size(one.get("size"), where), rest)


def _bin_of_json(one: dict[str, Any], where: str) -> _Raw:
    rest: dict[str, Any] = {
        "id": _id(one, where),
        "copies": _whole(one.get("copies", 1), f"{where}: copies"),
        "cost": _whole(one.get("cost", 0), f"{where}: cost"),
    }
    if one.get("payload_g") is not None:
        rest["payload"] = _whole(one["payload_g"], f"{where}: payload_g", least=1)
    if (axles := one.get("axles")) is not None:
        known(axles, _AXLES, f"{where}.axles")
        rest["axles"] = {
            name: _number(axles.get(name), f"{where}.axles.{name}", least=-LARGEST) for name in sorted(_AXLES)
        }
    return _Raw(_size(one.get("size"), where), rest)


def _id(one: dict[str, Any], where: str) -> str:
    name = one.get("id")
    if not isinstance(name, str | int) or isinstance(name, bool) or str(name).strip() == "":
        raise Invalid(f"{where}: id must be a name", where)
    return str(name).strip()


def _build(items: list[_Raw], bins: list[_Raw], *, support: bool) -> Read:
    scale = _scale([edge for raw in (*items, *bins) for edge in raw.size])
    if sum(raw.rest["copies"] for raw in items) > MOST:
        raise Invalid(f"more than {MOST} pieces; split the order, or pack pallets first", "items")

    def scaled(raw: _Raw) -> tuple[int, int, int]:
        x, y, z = (int(edge * scale) for edge in raw.size)
        if max(x, y, z) > LARGEST:
            raise Invalid(f"{raw.rest['id']}: an edge of {max(raw.size)} is beyond {LARGEST // scale}", "size")
        return x, y, z

    return Read(
        PackingProblem(
            tuple(_item(raw, scaled(raw)) for raw in items),
            tuple(_bin(raw, scaled(raw), scale) for raw in bins),
            support,
        ),
        scale,
    )


def _item(raw: _Raw, size: tuple[int, int, int]) -> Item:
    rest = dict(raw.rest)
    top = rest.pop("bearing_per_top", None)
    bearing = None if top is None else float(top) / (size[0] * size[1])
    return Item(size=size, bearing=bearing, **rest)


def _bin(raw: _Raw, size: tuple[int, int, int], scale: int) -> Bin:
    rest = dict(raw.rest)
    axles = rest.pop("axles", None)
    placed = axles and Axles(
        front=int(axles["front"] * scale), rear=int(axles["rear"] * scale),
        front_limit=int(axles["front_limit_g"]), rear_limit=int(axles["rear_limit_g"]),
    )  # fmt: skip
    return Bin(size=size, axles=placed, **rest)


def _scale(edges: list[Decimal]) -> int:
    """Return the power of ten that makes every edge a whole number."""
    for digits in range(4):
        if all(edge * 10**digits == int(edge * 10**digits) for edge in edges):
            return int(10**digits)
    raise Invalid("edges may have at most three decimals; use a finer unit, such as millimetres", "size")
