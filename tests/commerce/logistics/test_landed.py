"""Landed cost: what is no rate, no country, no currency or no whole amount is refused by its place."""

from typing import Any

import pytest

from yunqi.commerce.logistics.engine.customs.duties import read_table
from yunqi.commerce.logistics.engine.customs.landed import landed_cost, read_shipment, shared
from yunqi.kernel import Invalid, NotFound

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


WIDE = (
    "code,origin,destination,duty,tax,valid_from,valid_to,source,preference,base,duty_free_to,tax_free_to,duty_per_kg\n"
)


def reckoned(rows: str, **shipment: Any) -> dict[str, int]:
    found = landed_cost(table=read_table(WIDE + rows), **read_shipment(SHIPMENT | shipment))
    return {cost.name: cost.amount for cost in found.costs}


def good(**changes: Any) -> dict[str, Any]:
    return {"code": "610910", "origin": "VN", "value": 10_000} | changes


def test_an_agreement_counts_only_for_goods_that_claim_it() -> None:
    rows = "610910,*,DE,12%,19%,2026-01-01,,book,,,,,\n61,VN,DE,0,19%,2026-01-01,,treaty,EU-VN,,,,\n"
    amounts = reckoned(rows, freight=0, goods=[good(), good(preference="EU-VN")])
    assert (amounts["duty 1"], amounts["duty 2"]) == (1_200, 0)
    with pytest.raises(NotFound, match="under EU-JP"):
        reckoned(rows, goods=[good(preference="EU-JP")])


@pytest.mark.parametrize(("value", "duty"), [(1_177, 0), (1_178, 141)])
def test_goods_up_to_a_value_are_free_in_the_currency_of_the_law(value: int, duty: int) -> None:
    """1.50 EUR at 7.85 are 11.775 CNY."""
    rows = "61,*,DE,12%,19%,2026-01-01,,book,,,1.50 EUR,,\n"
    amounts = reckoned(rows, currency="CNY", freight=0, rates={"EUR": "7.85"}, goods=[good(value=value)])
    assert amounts["duty 1"] == duty
    with pytest.raises(Invalid, match=r"give rates\.EUR"):
        reckoned(rows, currency="CNY", goods=[good()])


def test_duties_by_weight_and_on_fob_in_a_currency_without_and_with_many_decimals() -> None:
    rows = "61,*,DE,10%,8%,2026-01-01,,book,,fob,,,0.355 EUR\n"
    # 10 % of 10,000 yen, and 2.5 kg at 0.355 EUR at 160 yen = 142 yen; tax on value, freight and duty.
    amounts = reckoned(rows, currency="JPY", freight=501, rates={"EUR": 160}, goods=[good(net_g=2_500)])
    assert amounts == {"goods": 10_000, "freight": 501, "insurance": 0, "duty 1": 1_142, "tax 1": 931}
    # 10 % of 10.000 dinars, and 2.5 kg at 0.355 EUR at 0.33 dinars = 0.292875.
    amounts = reckoned(rows, currency="KWD", freight=0, rates={"EUR": "0.33"}, goods=[good(net_g=2_500)])
    assert amounts["duty 1"] == 1_293
    with pytest.raises(Invalid, match=r"goods\[1\] needs net_g"):
        reckoned(rows, rates={"EUR": 1}, goods=[good()])


def test_freight_is_divided_into_whole_units_that_add_up() -> None:
    assert shared(100, [1, 1, 1]) == [34, 33, 33]
    assert shared(7, [0, 5, 0]) == [0, 7, 0]
    for amount in range(40):
        assert sum(shared(amount, [3, 7, 11, 0, 5])) == amount


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("61,*,DE,5,0.19,2026-01-01,,x,,,,,\n", "duty 5 could be 5 % or 500 %"),
        ("61,*,DE,0.1,1,2026-01-01,,x,,,,,\n", "tax 1 could be 1 % or 100 %"),
        ("61,*,DE,0.1,0,2026-01-01,,x,,cfr,,,\n", "base is cif or fob"),
        ("61,*,DE,0.1,0,2026-01-01,,x,,,150,,\n", "not an amount with a currency"),
        ("61,*,DE,0.1,0,2026-01-01,,x,,,,,1.2\n", "not an ISO 4217"),
    ],
)
def test_what_could_be_meant_in_two_ways_is_refused(rows: str, says: str) -> None:
    with pytest.raises(Invalid, match=f"line 2: {says}|line 2: .*{says}"):
        read_table(WIDE + rows)
