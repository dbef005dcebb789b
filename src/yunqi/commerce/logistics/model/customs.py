"""Goods that cross a border, and what that costs."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from yunqi.kernel.errors import Invalid

HIGHEST = 10
"""Shares above this, 1,000 %, are taken for percentages written as such."""


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
    """

    code: str
    origin: str
    destination: str
    duty: Decimal
    tax: Decimal
    since: date
    until: date | None
    source: str

    def __post_init__(self) -> None:
        """Refuse what is no tariff line."""
        if not self.code.isdigit() or not 2 <= len(self.code) <= 10:
            raise Invalid(f"duty code {self.code!r} must be 2 to 10 digits", "code")
        if not (self.duty.is_finite() and self.tax.is_finite()) or max(self.duty, self.tax) > HIGHEST:
            raise Invalid(f"duty line {self.code}: rates are shares, 0.12 for 12 %, and at most {HIGHEST}", "duty")
        for country in (self.origin, self.destination):
            if country != "*" and not (len(country) == 2 and country.isascii() and country.isupper()):
                raise Invalid(f"duty line {self.code}: {country!r} is no country code of two capitals, nor *", "origin")
        if self.duty < 0 or self.tax < 0 or (self.until is not None and self.until < self.since):
            raise Invalid(f"duty line {self.code}: rates can't be negative, nor the span end before it begins", "code")
        if not self.source.strip():
            raise Invalid(f"duty line {self.code}: say where the rate comes from", "source")

    def applies(self, code: str, origin: str, destination: str, day: date) -> bool:
        """Whether the line covers a good on a day."""
        return (
            code.startswith(self.code)
            and self.origin in ("*", origin)
            and self.destination in ("*", destination)
            and self.since <= day
            and (self.until is None or day <= self.until)
        )


@dataclass(frozen=True, slots=True)
class Good:
    """A line of a shipment: its code, origin, and value in minor units of the shipment's currency."""

    code: str
    origin: str
    value: int

    def __post_init__(self) -> None:
        """Refuse a value that is no whole number of minor units."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise Invalid(f"a good's value must be a whole number of minor units, not {self.value!r}", "value")


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
