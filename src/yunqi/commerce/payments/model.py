"""The nouns of payments: baskets, orders, charges, and the ledger's postings."""

import enum
import re
from dataclasses import dataclass
from datetime import datetime

from yunqi.kernel.errors import Conflict, Denied, Invalid, NotFound

_EMAIL = re.compile(r"[^@\s<>\"']{1,64}@[^@\s<>\"']{1,190}\.[^@\s<>\"'.]{2,63}")
LARGEST_QUANTITY = 999
LARGEST_BASKET = 200


class OrderStatus(enum.StrEnum):
    """The life of an order: pending -> paid | payment_failed; a pending one is settled again after a crash."""

    PENDING = "pending"
    PAID = "paid"
    PAYMENT_FAILED = "payment_failed"

    @property
    def is_final(self) -> bool:
        """Whether the payment is settled, either way."""
        return self is not OrderStatus.PENDING


class ChargeStatus(enum.StrEnum):
    """What a payment provider says of a charge."""

    SUCCEEDED = "succeeded"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class BasketLine:
    """A product and how many of it."""

    product_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A product as it was sold: the title and unit price of that moment."""

    product_id: str
    title: str
    quantity: int
    unit_price_minor: int

    @property
    def total_minor(self) -> int:
        """Quantity times unit price."""
        return self.quantity * self.unit_price_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Who buys, and where the parcel goes."""

    email: str
    name: str
    address: str

    def __post_init__(self) -> None:
        if not _EMAIL.fullmatch(self.email):
            raise Invalid("The e-mail address is not valid; write it as name@example.com.", "email")
        if not 1 <= len(self.name.strip()) <= 200:
            raise Invalid("Give a name of 1 to 200 characters.", "name")
        if not 1 <= len(self.address.strip()) <= 1000:
            raise Invalid("Give an address of 1 to 1000 characters.", "address")


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A provider's answer."""

    provider: str
    reference: str
    status: ChargeStatus
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A sale. Amounts are in the minor unit of ``currency``."""

    id: int
    workspace: str
    buyer: str
    status: OrderStatus
    placed_at: datetime
    customer: Customer
    currency: str
    lines: tuple[OrderLine, ...]
    charge: Charge | None = None

    @property
    def total_minor(self) -> int:
        """The sum of the lines."""
        return sum(line.total_minor for line in self.lines)

    @property
    def number(self) -> str:
        """The order's number as a customer reads it."""
        return f"Y{self.id:X}"


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of a ledger transaction; the postings of a transaction sum to zero."""

    account: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account holds; debits are positive."""

    account: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class OrderPaid:
    """An order's payment succeeded."""

    order_id: int
    total_minor: int
    currency: str


class OrderNotFound(NotFound):
    """No such order for this buyer."""

    code = "order_not_found"


class BasketEmpty(Invalid):
    """There is nothing to check out."""

    code = "basket_empty"


class PaymentDeclined(Denied):
    """The provider refused the charge; the order is kept as ``payment_failed`` and nothing was taken."""

    code = "card_declined"


class CheckoutConflict(Conflict):
    """The same idempotency key came with another order."""

    code = "idempotency_conflict"
