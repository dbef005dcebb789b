"""Baskets, orders, the ledger, and the payment provider behind a port.

>>> from yunqi.commerce.payments import Posting, sale
>>> sum(posting.amount_minor for posting in sale("test", 1999, "USD"))
0
"""

from yunqi.commerce.payments.config import PaymentsConfig
from yunqi.commerce.payments.engine import check_zero, sale
from yunqi.commerce.payments.model import (
    Balance,
    BasketEmpty,
    BasketLine,
    Charge,
    ChargeStatus,
    CheckoutConflict,
    Customer,
    Order,
    OrderLine,
    OrderNotFound,
    OrderPaid,
    OrderStatus,
    PaymentDeclined,
    Posting,
)
from yunqi.commerce.payments.service import Payments, Provider, SandboxProvider
from yunqi.commerce.payments.store import MIGRATIONS

__all__ = [
    "MIGRATIONS",
    "Balance",
    "BasketEmpty",
    "BasketLine",
    "Charge",
    "ChargeStatus",
    "CheckoutConflict",
    "Customer",
    "Order",
    "OrderLine",
    "OrderNotFound",
    "OrderPaid",
    "OrderStatus",
    "PaymentDeclined",
    "Payments",
    "PaymentsConfig",
    "Posting",
    "Provider",
    "SandboxProvider",
    "check_zero",
    "sale",
]
