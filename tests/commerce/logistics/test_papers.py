"""Customs papers read back by another library: every number, every name, the same bytes, and everything that is refused."""

import copy
import io
import json
from pathlib import Path
from typing import Any

import pytest

from yunqi.commerce.logistics.engine.customs.duties import read_table
from yunqi.commerce.logistics.model.papers import MissingFields, Paper
from yunqi.commerce.logistics.service.papers import PaperDesk
from yunqi.kernel import Invalid

pypdf = pytest.importorskip("pypdf")
pytest.importorskip("reportlab", reason="needs the extra logistics")
DESK = PaperDesk()
SHIPMENT: dict[str, Any] = {
    "number": "INV-2026-0042",
    "day": "2026-11-25",
    "currency": "CNY",
    "incoterm": "DAP Berlin",
    "category": "sale",
    "signed_by": "Zhang Wei",
    "sender": {"name": "杭州云栖贸易有限公司", "address": ["文三路 90 号", "310012 杭州"], "country": "CN", "phone": "+86 571 0000"},
    "receiver": {"name": "Łukasz Müller", "address": "Hauptstraße 5\n10117 Berlin", "country": "DE", "tax_id": "DE123"},
    "lines": [
        {"description": "纯棉T恤 cotton T-shirt", "quantity": 12, "unit_value": 4550, "net_g": 1800, "code": "6109.10", "origin": "CN"},
        {"description": "Green tea 龙井", "quantity": 3, "unit_value": 12_000, "net_g": 150, "code": "090210", "origin": "CN"},
    ],
    "parcels": [
        {"id": "P1", "gross_g": 1999, "size_mm": [400, 300, 200], "contents": [{"line": 1, "quantity": 12}, {"line": 2, "quantity": 3}]}
    ],
    "charges": {"freight": 8000, "insurance": 55},
}  # fmt: skip


def changed(**values: Any) -> dict[str, Any]:
    return copy.deepcopy(SHIPMENT) | values


def line(**values: Any) -> dict[str, Any]:
    return changed(lines=[SHIPMENT["lines"][0] | values], parcels=[{"id": "P1", "gross_g": 1999}])


def read(made: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(made)).pages)


def paper(kind: Paper, document: dict[str, Any] = SHIPMENT) -> str:
    return " ".join(read(DESK.make(DESK.of(document), kind)).split())


def test_an_invoice_says_every_number() -> None:
    text = paper(Paper.INVOICE)
    for number in ("INV-2026-0042", "2026-11-25", "610910", "090210", "45.50", "546.00", "120.00", "360.00", "906.00", "80.00", "0.55", "986.55"):  # fmt: skip
        assert number in text, number
    assert "Total CNY" in text
    assert "Net weight 1.950 kg, gross 1.999 kg, 1 parcels" in text
    assert text.count(" 15 ") == 1
    assert "DAP Berlin" in text
    assert "Hauptstraße 5" in text


def test_chinese_and_polish_are_drawn() -> None:
    text = paper(Paper.INVOICE).replace(" ", "")
    for name in ("杭州云栖贸易有限公司", "文三路90号", "纯棉T恤", "龙井", "ŁukaszMüller"):
        assert name in text, name


def test_a_packing_list_says_what_is_in_each_parcel() -> None:
    parcels = [
        {"id": "A", "gross_g": 1300, "contents": [{"line": 1, "quantity": 8}]},
        {"id": "B", "gross_g": 900, "size_mm": [200, 100, 100], "contents": [{"line": 1, "quantity": 4}, {"line": 2, "quantity": 3}]},
    ]  # fmt: skip
    text = paper(Paper.PACKING_LIST, changed(parcels=parcels))
    for number in ("1.200", "0.600", "0.150", "1.300", "0.900", "200 x 100 x 100", "1.950", "2.200", "2 parcels"):
        assert number in text, number


@pytest.mark.parametrize("kind", [Paper.CN22, Paper.CN23])
def test_a_postal_form_says_contents_weight_value_code_and_origin(kind: Paper) -> None:
    text = paper(kind)
    for part in ("[X] Sale of goods", "[ ] Gift", "610910", "1.800", "546.00", "1.999", "906.00", "Zhang Wei", "CNY"):
        assert part in text, part


@pytest.mark.parametrize(
    ("currency", "value", "shown"),
    [("JPY", 4550, "4,550"), ("KWD", 4550, "4.550"), ("USD", 1_234_567, "12,345.67"), ("EUR", 0, "0.00")],
)
def test_money_has_the_decimals_of_its_currency(currency: str, value: int, shown: str) -> None:
    one = line(quantity=1, unit_value=value) | {"currency": currency, "charges": {}}
    assert paper(Paper.INVOICE, one).count(shown) == 4


def test_duties_come_from_the_table_that_is_given() -> None:
    table = read_table(
        "code,origin,destination,duty,tax,valid_from,valid_to,source\n61,CN,DE,0.12,0.19,2026-01-01,,made up\n"
        "09,*,DE,0,0.07,2026-01-01,,made up\n"
    )
    shipment = DESK.with_duties(DESK.of(SHIPMENT), table)
    # 546 of 906 of the goods bear 546/906 of 80.55: 59454 in all; 12 % duty and 19 % tax on both.
    assert [amount for _, amount, _ in shipment.due] == [7134, 12652, 0, 2744]
    text = " ".join(read(DESK.make(shipment, Paper.INVOICE)).split())
    for number in ("71.34", "126.52", "27.44", "225.30", "986.55"):
        assert number in text, number


def test_long_invoices_break_over_pages_and_repeat_the_head() -> None:
    lines = [
        SHIPMENT["lines"][0] | {"description": f"article {k}", "quantity": k, "unit_value": 100} for k in range(1, 121)
    ]
    made = DESK.make(DESK.of(changed(lines=lines, parcels=[], charges={})), Paper.INVOICE)
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(made)).pages]
    assert len(pages) > 2
    assert all("HS code" in page and f"page {k} of {len(pages)}" in page for k, page in enumerate(pages, 1))
    assert "7,260.00" in pages[-1]
    assert all(f"article {k}" in "".join(pages) for k in range(1, 121))


@pytest.mark.parametrize("kind", list(Paper))
def test_the_same_shipment_makes_the_same_bytes(kind: Paper) -> None:
    assert DESK.make(DESK.of(SHIPMENT), kind) == DESK.make(DESK.of(copy.deepcopy(SHIPMENT)), kind)


def test_missing_fields_are_named_all_at_once() -> None:
    empty = {"day": "2026-11-25", "lines": [{"description": "tee"}]}
    with pytest.raises(MissingFields, match=r"this cn23 lacks currency, category, signed_by, sender.name, sender.address, sender.country"):  # fmt: skip
        DESK.make(DESK.of(empty), Paper.CN23)
    with pytest.raises(MissingFields, match=r"this invoice lacks lines\[1\].code$"):
        DESK.make(DESK.of(line(code="")), Paper.INVOICE)
    with pytest.raises(MissingFields, match=r"this packing-list lacks parcels\[1\].contents$"):
        DESK.make(DESK.of(line()), Paper.PACKING_LIST)
    with pytest.raises(MissingFields, match=r"cn22 lacks lines\[1\].net_g, lines\[1\].origin"):
        DESK.make(DESK.of(line(origin="", net_g=None)), Paper.CN22)


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (changed(currency="RMB"), "'RMB' is not an ISO 4217"),
        (changed(day="25.11.2026"), "day must be a date"),
        (changed(total=5), "total is 5, but lines and charges add up to 98655"),
        (changed(curency="CNY"), "did you mean currency"),
        (changed(category="trade"), "category must be one of"),
        (changed(charges={"freight": -1}), "charges.freight must be a whole number"),
        (line(quantity=-1), r"lines\[1\].quantity"),
        (line(quantity=0), r"lines\[1\].quantity must be at least 1"),
        (line(unit_value=45.5), r"lines\[1\].unit_value must be a whole number"),
        (line(unit_value=float("nan")), r"lines\[1\].unit_value"),
        (line(code="61A910"), r"lines\[1\].code '61A910'"),
        (line(origin="China"), r"lines\[1\].origin must be a country code"),
        (line(net_g=2_500), "check the units"),
        (changed(parcels=[{"id": "P", "gross_g": 2000, "contents": [{"line": 3, "quantity": 1}]}]), "line must be from 1 to 2"),
        (changed(parcels=[{"id": "P", "gross_g": 2000, "contents": [{"line": 1, "quantity": 11}]}]), "has 12 pieces, but the parcels hold 11"),
        (changed(parcels=[{"id": "P", "gross_g": 2000}] * 2), "two have the same id"),
        (changed(sender="me"), "sender must be an object"),
        ([], "shipment must be an object"),
    ],
)  # fmt: skip
def test_a_bad_shipment_is_refused_by_field(document: Any, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        DESK.of(document)


def test_a_form_that_is_not_for_the_item_is_refused() -> None:
    heavy = changed(parcels=[SHIPMENT["parcels"][0] | {"gross_g": 2001}])
    with pytest.raises(Invalid, match="2001 g, and a cn22 takes 2000 g; use a CN23"):
        DESK.make(DESK.of(heavy), Paper.CN22)
    two = changed(parcels=[{"id": "A", "gross_g": 1000}, {"id": "B", "gross_g": 1000}])
    with pytest.raises(Invalid, match="goes with one parcel, not 2"):
        DESK.make(DESK.of(two), Paper.CN23)
    with pytest.raises(Invalid, match="can't be drawn"):
        DESK.make(DESK.of(line(description="☃ snowman")), Paper.INVOICE)


def test_a_file_that_is_no_json_is_refused_by_line(tmp_path: Path) -> None:
    path = tmp_path / "shipment.json"
    path.write_text("{\n  oops")
    with pytest.raises(Invalid, match=r"shipment\.json is no JSON.*line 2"):
        DESK.read(path)
    path.write_text(json.dumps(SHIPMENT))
    assert DESK.read(path).total == 98_655


def test_a_text_longer_than_a_page_is_refused_and_a_long_one_breaks() -> None:
    with pytest.raises(Invalid, match="longer than a page"):
        DESK.make(DESK.of(line(description="word " * 4_000)), Paper.INVOICE)
    assert DESK.make(DESK.of(line(description="W" * 400)), Paper.INVOICE).startswith(b"%PDF")


def test_a_cn23_names_what_goes_with_the_goods() -> None:
    text = paper(Paper.CN23, changed(licence="L-77", invoice="2026-9"))
    assert "L-77" in text
    assert "2026-9" in text
    assert "Licence" not in paper(Paper.CN23)


def test_letters_that_no_font_has_are_refused_with_the_way_out() -> None:
    with pytest.raises(Invalid, match="write it in Latin letters"):
        DESK.make(DESK.of(changed(receiver=SHIPMENT["receiver"] | {"name": "محمد"})), Paper.CN23)
