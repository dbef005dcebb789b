from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunqi.commerce.catalog import Money
from yunqi.kernel import Invalid

CURRENCIES = st.sampled_from(["USD", "EUR", "JPY", "KWD", "CLF", "CNY"])


@pytest.mark.parametrize(
    ("text", "minor", "currency"),
    [
        ("1.49 USD", 149, "USD"),
        ("1,49 EUR", 149, "EUR"),
        ("1200 JPY", 1200, "JPY"),
        ("1200.00 JPY", 1200, "JPY"),
        ("1.234 KWD", 1234, "KWD"),
        ("1.2 KWD", 1200, "KWD"),
        ("15 USD", 1500, "USD"),
        ("-0.05 USD", -5, "USD"),
        (" 7.00  USD ", 700, "USD"),
    ],
)
def test_an_amount_is_read_exactly_in_the_currency_s_minor_unit(text: str, minor: int, currency: str) -> None:
    assert Money.parse(text) == Money(minor, currency)


@pytest.mark.parametrize(
    "text",
    ["", "1.49", "USD", "USD 1.49", "1.49 usd", "1.49 XXX", "1.499 USD", "1.5 JPY", "1.4.9 USD", "1e3 USD", "nan USD",
     "١.٤٩ USD", "1 234.00 USD", "1234567890123456 USD", "1.49 USD; DROP TABLE", "--1 USD"],
)  # fmt: skip
def test_what_is_not_an_exact_amount_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        Money.parse(text)


@given(st.integers(-(10**14), 10**14), CURRENCIES)
def test_writing_and_reading_gives_the_same_money(minor: int, currency: str) -> None:
    assert Money.parse(str(Money(minor, currency))) == Money(minor, currency)
    assert Money.of(Money(minor, currency).decimal, currency) == Money(minor, currency)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_and_nothing_else_happens(text: str) -> None:
    try:
        money = Money.parse(text)
    except Invalid:
        return
    assert isinstance(money.amount_minor, int)


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9), st.integers(0, 1000), CURRENCIES)
def test_arithmetic_is_the_arithmetic_of_integers(left: int, right: int, times: int, currency: str) -> None:
    assert (Money(left, currency) + Money(right, currency)).amount_minor == left + right
    assert (Money(left, currency) - Money(right, currency)).amount_minor == left - right
    assert (Money(left, currency) * times).amount_minor == left * times
    assert (Money(left, currency) < Money(right, currency)) == (left < right)


def test_currencies_do_not_mix() -> None:
    with pytest.raises(Invalid, match="different currencies"):
        Money(1, "USD") + Money(1, "EUR")


@pytest.mark.parametrize("value", [Decimal("0.001"), Decimal("NaN"), Decimal("Infinity"), "x", Decimal("1e30")])
def test_a_decimal_that_is_not_exact_is_refused(value: Decimal | str) -> None:
    with pytest.raises(Invalid):
        Money.of(value, "USD")
