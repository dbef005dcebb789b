"""Goods that cross a border, and what that costs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from yunqi.commerce.catalog import Money
from yunqi.kernel.errors import Invalid

HIGHEST = 10
"""Shares above this, 1,000 %, are taken for percentages written as such."""


class DutyBase(StrEnum):
    """What a duty is a share of: value, freight and insurance together, or the value alone."""

    CIF = "cif"
    FOB = "fob"


@dataclass(frozen=True, slots=True)
class PerKilogram:
    """A duty by weight: an amount in major units of a currency for each kilogram net."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        """Refuse what is no amount."""
        Money(0, self.currency)
        if not self.amount.is_finite() or not 0 <= self.amount <= 10**6:
            raise Invalid(f"{self.amount} {self.currency} a kilogram is no duty", "duty_per_kg")


@dataclass(frozen=True, slots=True)
class DutyLine:
    """One line of a duty table: a code or its beginning, and what applies to it in a span of days.

    Parameters
    ----------
    code
        HS digits, 2 to 10 of them; the longest that a good's code begins with applies.
    origin
        ISO country of origin, or ``*`` for any.
    destination
        ISO country, or ``*``.
    duty, tax
        Shares of their bases: 0.12 is 12 %.
    since, until
        First and last day; ``until`` is None while it is in force.
    source
        Where the user took it from: it is shown in every answer.
    preference
        The agreement that the line is of: it applies only to goods that claim it. Empty for everybody.
    base
        What the duty is a share of. Taxes are of value, freight, insurance and duty.
    duty_free_to, tax_free_to
        No duty or tax where the goods of the whole shipment are worth no more than that.
    per_kg
        A duty by weight beside the share.
    """

    code: str
    origin: str
    destination: str
    duty: Decimal
    tax: Decimal
    since: date
    until: date | None
    source: str
    preference: str = ""
    base: DutyBase = DutyBase.CIF
    duty_free_to: Money | None = None
    tax_free_to: Money | None = None
    per_kg: PerKilogram | None = None

    def __post_init__(self) -> None:
        """Refuse what is no tariff line."""
        if not (self.code.isdigit() and self.code.isascii()) or not 2 <= len(self.code) <= 10:
            raise Invalid(f"duty code {self.code!r} must be 2 to 10 digits", "code")
        if not (self.duty.is_finite() and self.tax.is_finite()) or max(self.duty, self.tax) > HIGHEST:
            raise Invalid(
                f"duty line {self.code}: rates are shares, 0.12 or 12% for 12 %, and at most {HIGHEST}", "duty"
            )
        for country in (self.origin, self.destination):
            if country != "*" and not (len(country) == 2 and country.isascii() and country.isupper()):
                raise Invalid(f"duty line {self.code}: {country!r} is no country code of two capitals, nor *", "origin")
        if self.duty < 0 or self.tax < 0 or (self.until is not None and self.until < self.since):
            raise Invalid(f"duty line {self.code}: rates can't be negative, nor the span end before it begins", "code")
        if not self.source.strip():
            raise Invalid(f"duty line {self.code}: say where the rate comes from", "source")

    def applies(self, good: "Good", destination: str, day: date) -> bool:
        """Whether the line covers a good on a day."""
        return (
            good.code.startswith(self.code)
            and self.preference in ("", good.preference)
            and self.origin in ("*", good.origin)
            and self.destination in ("*", destination)
            and self.since <= day
            and (self.until is None or day <= self.until)
        )


@dataclass(frozen=True, slots=True)
class Good:
    """A line of a shipment.

    Parameters
    ----------
    value
        Minor units of the shipment's currency.
    net_g
        Grams without packing; None when nobody knows.
    preference
        The agreement under which its origin is proven.
    """

    code: str
    origin: str
    value: int
    net_g: int | None = None
    preference: str = ""

    def __post_init__(self) -> None:
        """Refuse a value that is no whole number of minor units."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise Invalid(f"a good's value must be a whole number of minor units, not {self.value!r}", "value")


@dataclass(frozen=True, slots=True)
class Rates:
    """What one major unit of other currencies is in the shipment's, for thresholds and duties that are in others."""

    currency: str
    of: Mapping[str, Decimal] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse rates that are none."""
        Money(0, self.currency)
        for name, rate in self.of.items():
            Money(0, name)
            if not rate.is_finite() or not 0 < rate < 10**9:
                raise Invalid(f"rates.{name} must be above 0: what one {name} is in {self.currency}", "rates")

    def minor(self, amount: Decimal, currency: str) -> tuple[Decimal, str]:
        """Return an amount of major units in minor units of the shipment's currency, and at which rate in words.

        Raises
        ------
        Invalid
            No rate of that currency was given.
        """
        rate, words = Decimal(1), ""
        if currency != self.currency:
            if currency not in self.of:
                raise Invalid(
                    f"a duty line is in {currency}, the shipment in {self.currency}: give rates.{currency}, what one "
                    f"{currency} is in {self.currency}",
                    "rates",
                )
            rate, words = self.of[currency], f" at {self.of[currency]} {self.currency} a {currency}"
        return amount * rate * Money.of(Decimal(1), self.currency).amount_minor, words


@dataclass(frozen=True, slots=True)
class Cost:
    """One amount of a landed cost, in minor units, with the reckoning in words."""

    name: str
    amount: int
    because: str


@dataclass(frozen=True, slots=True)
class LandedCost:
    """Every amount, and their sum, in minor units of ``currency``."""

    currency: str
    costs: tuple[Cost, ...]

    @property
    def total(self) -> int:
        """The sum."""
        return sum(cost.amount for cost in self.costs)
