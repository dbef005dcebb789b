"""Landed cost: what is no rate, no country, no currency or no whole amount is refused by its place."""

from typing import Any

import pytest

from yunqi.commerce.logistics.engine.customs.duties import read_table
from yunqi.commerce.logistics.engine.customs.landed import read_shipment
from yunqi.kernel import Invalid

HEAD = "code,origin,destination,duty,tax,valid_from,valid_to,source\n"
SHIPMENT: dict[str, Any] = {
    "destination": "DE", "currency": "EUR", "day": "2026-11-25", "freight": 100,
    "goods": [{"code": "610910", "origin": "CN", "value": 1000}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("61,CN,DE,nan,0.19,2026-01-01,,x\n", "line 2: duty line 61: rates are shares"),
        ("61,CN,DE,inf,0.19,2026-01-01,,x\n", "line 2: duty line 61: rates are shares"),
        ("61,CN,DE,12,0.19,2026-01-01,,x\n", "0.12 or 12% for 12 %, and at most 10"),
        ("61,CN,DE,-0.1,0.19,2026-01-01,,x\n", "can't be negative"),
        ("61,China,DE,0.1,0.19,2026-01-01,,x\n", "'China' is no country code"),
        ("61,CN,DE,0.1,0.19,2026-01-01,2025-01-01,x\n", "end before it begins"),
        ("61,CN,DE,0.1,0.19,2026-01-01,,x\n61,CN,DE,0.2,0.19,2026-01-01,,y\n", "line 3: line 2 has other rates for 61"),
        ("61,CN,DE,0.1,0.19,2026-01-01,,\n", "say where the rate comes from"),
    ],
)
def test_a_bad_duty_line_is_refused(rows: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        read_table(HEAD + rows)


def test_the_same_line_twice_is_no_contradiction() -> None:
    assert len(read_table(HEAD + "61,CN,DE,0.1,0.19,2026-01-01,,x\n" * 2)) == 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"currency": "RMB"}, "'RMB' is not an ISO 4217"),
        ({"day": "today"}, "day must be a date"),
        ({"destination": "Germany"}, "destination must be a country code"),
        ({"freight": -1}, "freight must be a whole number"),
        ({"freight": 1.5}, "freight must be a whole number"),
        ({"fright": 1}, "did you mean freight"),
        ({"goods": []}, "goods must be a list"),
        ({"goods": [{"code": "610910", "origin": "CN"}]}, r"goods\[1\] lacks value"),
        ({"goods": [{"code": "610910", "origin": "CN", "value": 10.5}]}, r"goods\[1\].value must be a whole number"),
        ({"goods": [{"code": "610910", "origin": "CN", "value": float("nan")}]}, r"goods\[1\].value"),
        ({"goods": [{"code": "610910", "origin": "cn", "value": 10}]}, r"goods\[1\].origin must be a country"),
    ],
)
def test_a_bad_shipment_is_refused_by_field(change: dict[str, Any], says: str) -> None:
    assert read_shipment(SHIPMENT)["freight"] == 100
    with pytest.raises(Invalid, match=says):
        read_shipment(SHIPMENT | change)
