"""A consignment from JSON."""

from datetime import date
from typing import Any

from yunqi.commerce.catalog import Money
from yunqi.commerce.logistics.engine.customs.landed import read_rates
from yunqi.commerce.logistics.engine.keys import known
from yunqi.commerce.logistics.model.papers import Consignment, GoodsLine, Parcel, Party
from yunqi.kernel.errors import Invalid

TOP = {
    "number", "day", "currency", "sender", "receiver", "lines", "parcels", "incoterm", "category", "charges", "signed_by",
    "notes", "total", "rates",
    "licence", "certificate", "invoice",
}  # fmt: skip
PARTY = {"name", "address", "country", "phone", "email", "tax_id"}
LINE = {"description", "quantity", "unit_value", "net_g", "code", "origin", "preference"}
PARCEL = {"id", "gross_g", "size_mm", "contents"}
CATEGORIES = ("sale", "gift", "sample", "documents", "returned", "other")
LARGEST = 10**12


def read_consignment(document: Any) -> Consignment:
    """Read a consignment; amounts are whole minor units, weights whole grams, lengths whole millimetres.

    Raises
    ------
    Invalid
        Names the field that is wrong, as ``lines[2].quantity``. What a paper needs and is absent is found when it is made.
    """
    known(document, TOP, "shipment")
    currency = _text(document, "currency", "shipment")
    if currency:
        Money(0, currency)
    lines = tuple(_line(one, f"lines[{k}]") for k, one in enumerate(_list(document, "lines"), 1))
    parcels = tuple(_parcel(one, f"parcels[{k}]", lines) for k, one in enumerate(_list(document, "parcels"), 1))
    if len({parcel.id for parcel in parcels}) < len(parcels):
        raise Invalid("parcels: two have the same id", "parcels")
    _packed_once(lines, parcels)
    category = _text(document, "category", "shipment")
    if category and category not in CATEGORIES:
        raise Invalid(f"category must be one of {', '.join(CATEGORIES)}, not {category!r}", "category")
    found = Consignment(
        _text(document, "number", "shipment"), _day(document.get("day")), currency or "XXX",
        _party(document.get("sender", {}), "sender"), _party(document.get("receiver", {}), "receiver"), lines, parcels,
        _text(document, "incoterm", "shipment"), category, _charges(document.get("charges", {})), (),
        _text(document, "signed_by", "shipment"), _text(document, "notes", "shipment"),
        tuple(read_rates(document.get("rates", {})).items()),
        *(_text(document, name, "shipment") for name in ("licence", "certificate", "invoice")),
    )  # fmt: skip
    if "total" in document and _whole(document["total"], "total") != found.total:
        raise Invalid(f"total is {document['total']}, but lines and charges add up to {found.total}", "total")
    return found


def _line(value: Any, where: str) -> GoodsLine:
    known(value, LINE, where)
    code = _text(value, "code", where).replace(".", "").replace(" ", "")
    if code and not (code.isdigit() and code.isascii() and 6 <= len(code) <= 12):
        raise Invalid(f"{where}.code {code!r} must be 6 to 12 digits", f"{where}.code")
    quantity = _whole(value.get("quantity", 1), f"{where}.quantity")
    if not quantity:
        raise Invalid(f"{where}.quantity must be at least 1", f"{where}.quantity")
    return GoodsLine(
        _text(value, "description", where), quantity, _maybe(value, "unit_value", where), _maybe(value, "net_g", where),
        code, _country(value, "origin", where), _text(value, "preference", where),
    )  # fmt: skip


def _parcel(value: Any, where: str, lines: tuple[GoodsLine, ...]) -> Parcel:
    known(value, PARCEL, where)
    size = value.get("size_mm")
    if size is not None and (not isinstance(size, list) or len(size) != 3):
        raise Invalid(f"{where}.size_mm must be three lengths", f"{where}.size_mm")
    edges = None if size is None else tuple(_whole(edge, f"{where}.size_mm") for edge in size)
    contents = []
    for k, one in enumerate(_list(value, "contents"), 1):
        known(one, {"line", "quantity"}, f"{where}.contents[{k}]")
        line = _whole(one.get("line"), f"{where}.contents[{k}].line")
        if not 1 <= line <= len(lines):
            raise Invalid(f"{where}.contents[{k}].line must be from 1 to {len(lines)}", f"{where}.contents[{k}].line")
        contents.append((line, _whole(one.get("quantity"), f"{where}.contents[{k}].quantity")))
    gross = _whole(value.get("gross_g"), f"{where}.gross_g")
    name = _text(value, "id", where)
    if not name:
        raise Invalid(f"{where}.id is missing", f"{where}.id")
    return Parcel(name, gross, edges, tuple(contents))  # type: ignore[arg-type]  # three edges, as checked


def _packed_once(lines: tuple[GoodsLine, ...], parcels: tuple[Parcel, ...]) -> None:
    """Refuse parcels that hold more or fewer pieces than the lines have, or weigh less than what is in them."""
    packed = [0] * len(lines)
    for parcel in parcels:
        for line, quantity in parcel.contents:
            packed[line - 1] += quantity
    if any(parcel.contents for parcel in parcels):
        for k, (goods, held) in enumerate(zip(lines, packed, strict=True), 1):
            if held != goods.quantity:
                raise Invalid(f"lines[{k}] has {goods.quantity} pieces, but the parcels hold {held}", f"lines[{k}]")
    net, gross = sum(goods.net_g or 0 for goods in lines), sum(parcel.gross_g for parcel in parcels)
    if parcels and gross < net:
        raise Invalid(
            f"the parcels weigh {gross} g with packing, but the goods alone {net} g; check the units", "gross_g"
        )


def _party(value: Any, where: str) -> Party:
    known(value, PARTY, where)
    address = value.get("address", [])
    rows = address.splitlines() if isinstance(address, str) else address
    if not isinstance(rows, list) or not all(isinstance(row, str) for row in rows):
        raise Invalid(f"{where}.address must be a text or a list of lines", f"{where}.address")
    return Party(
        _text(value, "name", where), tuple(row.strip() for row in rows if row.strip()), _country(value, "country", where),
        _text(value, "phone", where), _text(value, "email", where), _text(value, "tax_id", where),
    )  # fmt: skip


def _charges(value: Any) -> tuple[tuple[str, int], ...]:
    if not isinstance(value, dict):
        raise Invalid("charges must be an object of names and amounts, as freight", "charges")
    return tuple((str(name), _whole(amount, f"charges.{name}")) for name, amount in value.items())


def _country(value: dict[str, Any], name: str, where: str) -> str:
    found = _text(value, name, where)
    if found and not (len(found) == 2 and found.isascii() and found.isupper() and found.isalpha()):
        raise Invalid(f"{where}.{name} must be a country code of two capitals, as CN, not {found!r}", f"{where}.{name}")
    return found


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise Invalid(f"day must be a date as 2026-11-25, not {value!r}", "day") from error


def _text(value: dict[str, Any], name: str, where: str) -> str:
    found = value.get(name, "")
    if not isinstance(found, str):
        raise Invalid(f"{where}.{name} must be a text", f"{where}.{name}")
    return found.strip()


def _list(value: dict[str, Any], name: str) -> list[Any]:
    found = value.get(name, [])
    if not isinstance(found, list):
        raise Invalid(f"{name} must be a list", name)
    return found


def _maybe(value: dict[str, Any], name: str, where: str) -> int | None:
    return None if value.get(name) is None else _whole(value[name], f"{where}.{name}")


def _whole(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST:
        raise Invalid(f"{where} must be a whole number that is not negative, not {value!r}", where)
    return value
