"""The nouns of the catalog: money, products, promotions, imports, and what the catalog announces."""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import NamedTuple

from yunqi.kernel.errors import Conflict, Invalid, NotFound

_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_EXPONENTS = {
    **dict.fromkeys(_NO_DECIMALS.split(), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
"""ISO 4217 minor-unit exponents that are not 2."""

_CURRENCIES_TEXT = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
    "CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL "
    "HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL "
    "MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON "
    "RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH "
    "UGX USD UYI UYU UYW UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG"
)
_CURRENCIES = frozenset(_CURRENCIES_TEXT.split())

_MONEY = re.compile(r"\s*(-?)(\d{1,15})(?:[.,](\d{1,9}))?\s+([A-Z]{3})\s*", re.ASCII)
_LARGEST = 10**15


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount of one currency in its minor unit (cents; whole yen; a thousandth of a Kuwaiti dinar).

    Examples
    --------
    >>> Money.parse("1.49 USD")
    Money(amount_minor=149, currency='USD')
    >>> str(Money(1200, "JPY"))
    '1200 JPY'
    """

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in _CURRENCIES:
            raise Invalid(f"{self.currency!r} is not an ISO 4217 currency code, as USD.", "currency")

    @classmethod
    def parse(cls, text: str) -> "Money":
        """Read ``"1.49 USD"``; more decimals than the currency has are refused unless they are zeros."""
        match = _MONEY.fullmatch(text)
        if match is None:
            raise Invalid(f"{text[:40]!r} is not an amount with a currency. Write it as '1.49 USD'.")
        sign, whole, fraction, currency = match.groups()
        exponent = exponent_of(currency)
        fraction = fraction or ""
        if fraction[exponent:].strip("0"):
            raise Invalid(f"{text[:40]!r} has more than the {exponent} decimals of {currency}. Round it.")
        amount = int(whole + fraction[:exponent].ljust(exponent, "0"))
        return cls(-amount if sign else amount, currency)

    @classmethod
    def of(cls, value: Decimal | str, currency: str) -> "Money":
        """Take an exact decimal value in major units."""
        try:
            scaled = Decimal(value).scaleb(exponent_of(currency))
        except InvalidOperation:
            raise Invalid(f"{value!r} is not a number.") from None
        if not scaled.is_finite() or abs(scaled) > _LARGEST or scaled != int(scaled):
            raise Invalid(f"{value} {currency} has more decimals than {currency} or is too large.")
        return cls(int(scaled), currency)

    @property
    def decimal(self) -> Decimal:
        """The exact value in major units."""
        return Decimal(self.amount_minor).scaleb(-exponent_of(self.currency))

    def __str__(self) -> str:
        return f"{self.decimal:f} {self.currency}"

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount_minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount_minor - self._same(other), self.currency)

    def __mul__(self, times: int) -> "Money":
        return Money(self.amount_minor * times, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount_minor < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.amount_minor <= self._same(other)

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise Invalid(f"{self} and {other} are of different currencies; convert one first.", "currency")
        return other.amount_minor


def exponent_of(currency: str) -> int:
    """Return how many decimals a currency has."""
    return _EXPONENTS.get(currency, 2)


class Availability(StrEnum):
    """Whether a product can be bought now (Google Merchant's words)."""

    IN_STOCK = "in_stock"
    OUT_OF_STOCK = "out_of_stock"
    PREORDER = "preorder"
    BACKORDER = "backorder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One product, in Google Merchant's columns.

    ``category`` is ``product_type`` split at ``>``, from the broadest down. ``price`` is ``None`` when the shop does
    not know one; such a product cannot be sold. ``quantity`` is ``None`` when stock is not counted.
    ``title_derived`` says that the title was composed from other facts, not written by the merchant.
    ``generation`` is the import that last changed the product, ``updated_at`` when that was.
    """

    id: str
    title: str
    description: str = ""
    link: str = ""
    image_link: str = ""
    availability: Availability = Availability.IN_STOCK
    price: Money | None = None
    sale_price: Money | None = None
    sale_starts: datetime | None = None
    sale_ends: datetime | None = None
    brand: str = ""
    gtin: str = ""
    mpn: str = ""
    category: tuple[str, ...] = ()
    google_product_category: str = ""
    item_group_id: str = ""
    size: str = ""
    color: str = ""
    unit_pricing_measure: str = ""
    cost_of_goods_sold: Money | None = None
    labels: tuple[str, str, str, str, str] = ("", "", "", "", "")
    quantity: int | None = None
    title_derived: bool = False
    generation: int = 0
    updated_at: datetime | None = None

    @property
    def product_type(self) -> str:
        """The category path as a feed writes it."""
        return " > ".join(self.category)

    def price_at(self, at: datetime) -> Money | None:
        """Return what the product costs at a time: the sale price while a sale runs."""
        if self.sale_price is None:
            return self.price
        started = self.sale_starts is None or self.sale_starts <= at
        ended = self.sale_ends is not None and self.sale_ends < at
        return self.sale_price if started and not ended else self.price

    def can_be_bought(self) -> bool:
        """Whether it has a price and is not out of stock."""
        return self.price is not None and self.availability is not Availability.OUT_OF_STOCK


class CardFacts(NamedTuple):
    """What a list of products shows of one: money in minor units, the sale's bounds as they are in the feed."""

    number: int
    title: str
    brand: str
    size: str
    image: str
    category: tuple[str, ...]
    derived: bool
    offered: bool
    price_minor: int | None
    sale_minor: int | None
    sale_starts: datetime | None
    sale_ends: datetime | None


@dataclass(frozen=True, slots=True)
class PricePoint:
    """The prices of a product from ``at`` on."""

    at: datetime
    price: Money | None
    sale_price: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """An offer on some products (Google Merchant promotions columns)."""

    id: str
    title: str
    product_ids: tuple[str, ...]
    starts: datetime
    ends: datetime
    coupon_code: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of ``total`` products."""

    total: int
    items: tuple[Product, ...]


class ImportState(StrEnum):
    """The life of an import: open -> published | failed | rehearsed (a dry run)."""

    OPEN = "open"
    PUBLISHED = "published"
    REHEARSED = "rehearsed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RowError:
    """A row that was left out (or a ``warning`` about the file), with the line it stands on."""

    line: int
    column: str
    message: str
    value: str = ""
    warning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did; ``errors`` holds the first thousand, ``rejected`` counts all."""

    id: int
    kind: str
    file: str
    state: ImportState
    rows: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    retired: int = 0
    rejected: int = 0
    generation: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    message: str = ""
    errors: tuple[RowError, ...] = ()


@dataclass(frozen=True, slots=True)
class CatalogPublished:
    """A generation of the catalog became the live one; the numbers count products."""

    generation: int
    added: int
    updated: int
    retired: int


@dataclass(frozen=True, slots=True)
class PriceChange:
    """One product's prices before and after, in minor units."""

    product_id: str
    price_before: int | None
    price_after: int | None
    sale_before: int | None
    sale_after: int | None


@dataclass(frozen=True, slots=True)
class PriceChanged:
    """Prices of known products changed with a generation; at most a thousand in one event."""

    generation: int
    currency: str
    changes: tuple[PriceChange, ...]


@dataclass(frozen=True, slots=True)
class StockChanged:
    """The counted stock of products was used up by a reservation, or there is some again by a release."""

    used_up: tuple[str, ...]
    returned: tuple[str, ...]


class ProductNotFound(NotFound):
    """No product of that id is in the live catalog."""

    code = "product_not_found"


class OutOfStock(Conflict):
    """Less is in stock than was asked for; nothing was reserved."""

    code = "out_of_stock"


class FeedRefused(Invalid):
    """A feed that was not published; the message says why, ``import_id`` names its report."""

    code = "feed_refused"

    def __init__(self, message: str, import_id: int | None = None) -> None:
        super().__init__(message, "file")
        self.import_id = import_id
