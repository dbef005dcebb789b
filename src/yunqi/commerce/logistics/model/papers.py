"""A shipment as its papers tell of it: who sends what to whom, in which parcels, at what value and weight."""

import enum
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from yunqi.commerce.catalog import Money
from yunqi.kernel.errors import Invalid


class Paper(enum.StrEnum):
    """A customs paper."""

    INVOICE = "invoice"
    PACKING_LIST = "packing-list"
    CN22 = "cn22"
    CN23 = "cn23"


class MissingFields(Invalid):
    """A paper can't be made because the shipment lacks what the paper must say."""

    code = "missing_fields"


@dataclass(frozen=True, slots=True)
class Party:
    """Who sends or receives.

    Parameters
    ----------
    country
        ISO 3166 code of two letters.
    """

    name: str
    address: tuple[str, ...]
    country: str
    phone: str = ""
    email: str = ""
    tax_id: str = ""


@dataclass(frozen=True, slots=True)
class GoodsLine:
    """One kind of goods.

    Parameters
    ----------
    unit_value
        Minor units of the shipment's currency for one piece; None when it is not known.
    net_g
        Grams of all pieces without packing; None when it is not known.
    code, origin
        HS digits and ISO country; empty when not known.
    preference
        The agreement under which its origin is proven, for duties.
    """

    description: str
    quantity: int
    unit_value: int | None
    net_g: int | None
    code: str
    origin: str
    preference: str = ""

    @property
    def value(self) -> int:
        """Minor units of all pieces."""
        return (self.unit_value or 0) * self.quantity


@dataclass(frozen=True, slots=True)
class Parcel:
    """One package: grams with packing, millimetres, and how many pieces of which line (counted from 1) are in it."""

    id: str
    gross_g: int
    size_mm: tuple[int, int, int] | None
    contents: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Consignment:
    """Everything that papers are made of.

    Parameters
    ----------
    category
        ``sale``, ``gift``, ``sample``, ``documents``, ``returned`` or ``other``.
    charges
        Freight, insurance and the like as (name, minor units), added to the goods' value on the invoice.
    due
        Duties and taxes as (name, minor units, why): shown as a reckoning of their own, and no part of the invoice's total.
    licence, certificate, invoice
        Numbers of what goes with the goods, on a CN 23.
    rates
        What one of other currencies is in the shipment's, for duty tables that have amounts in those.
    """

    number: str
    day: date
    currency: str
    sender: Party
    receiver: Party
    lines: tuple[GoodsLine, ...]
    parcels: tuple[Parcel, ...] = ()
    incoterm: str = ""
    category: str = ""
    charges: tuple[tuple[str, int], ...] = ()
    due: tuple[tuple[str, int, str], ...] = ()
    signed_by: str = ""
    notes: str = ""
    rates: tuple[tuple[str, Decimal], ...] = ()
    licence: str = ""
    certificate: str = ""
    invoice: str = ""

    @property
    def goods_value(self) -> int:
        """Minor units of all goods."""
        return sum(line.value for line in self.lines)

    @property
    def total(self) -> int:
        """Minor units of goods and charges."""
        return self.goods_value + sum(amount for _, amount in self.charges)

    @property
    def net_g(self) -> int:
        """Grams of all goods."""
        return sum(line.net_g or 0 for line in self.lines)

    @property
    def gross_g(self) -> int:
        """Grams of all parcels."""
        return sum(parcel.gross_g for parcel in self.parcels)

    def money(self, amount: int) -> str:
        """Return an amount with its currency's decimals and without its name."""
        return f"{Money(amount, self.currency).decimal:,f}"
