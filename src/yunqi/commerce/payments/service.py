"""Payments: from a basket to a paid order that nothing loses or doubles."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec

from yunqi.commerce.activity import Activity, Item, Properties, SegmentEvent
from yunqi.commerce.catalog import Catalog, Money, OutOfStock, Product, ProductNotFound
from yunqi.commerce.payments.config import PaymentsConfig
from yunqi.commerce.payments.engine import check_zero, sale
from yunqi.commerce.payments.model import (
    LARGEST_BASKET,
    LARGEST_QUANTITY,
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
)
from yunqi.commerce.payments.store import PaymentsStore
from yunqi.kernel import Invalid, Kernel

_TEST_TOKENS = {
    "tok_visa": (ChargeStatus.SUCCEEDED, ""),
    "tok_mastercard": (ChargeStatus.SUCCEEDED, ""),
    "tok_declined": (ChargeStatus.DECLINED, "The card was declined. Use another card."),
    "tok_insufficient": (ChargeStatus.DECLINED, "The card has insufficient funds. Use another card."),
}


class Provider(Protocol):
    """Somebody who takes money. The same key must give the same charge, however often it is asked."""

    def charge(self, key: str, *, token: str, amount_minor: int, currency: str) -> Charge:
        """Charge once under ``key``."""
        ...


class SandboxProvider:
    """The built-in test provider: moves no money, answers by the token, and remembers its answers like a real one."""

    def __init__(self, store: PaymentsStore) -> None:
        self._store = store

    def charge(self, key: str, *, token: str, amount_minor: int, currency: str) -> Charge:
        """Answer by the test token.

        Raises
        ------
        Invalid
            For a token that is not a test token.
        """
        status, reason = check_token(token)
        row = {
            "idempotency_key": key,
            "reference": f"test_{hashlib.sha256(key.encode()).hexdigest()[:16]}",
            "status": status.value,
            "reason": reason,
            "amount_minor": amount_minor,
            "currency": currency,
        }
        return self._store.keep_test_charge(row)


def check_token(token: str) -> tuple[ChargeStatus, str]:
    """Return what the test provider answers to a token, or raise `Invalid`."""
    if token not in _TEST_TOKENS:
        raise Invalid(f"Unknown test card; use one of {', '.join(_TEST_TOKENS)}.", "payment_token")
    return _TEST_TOKENS[token]


class Payments:
    """Baskets, checkout, orders and the ledger.

    Checkout has three steps, each of its own transaction: the order and its stock are kept as pending; the provider
    is asked under the order's id; the outcome, the ledger, the basket and the ``purchase`` event commit together. A
    process killed between steps leaves a pending order, which `settle_pending` takes up again: the provider answers
    the same key with the same charge, and the last step happens once.
    """

    def __init__(
        self,
        kernel: Kernel,
        config: PaymentsConfig,
        *,
        catalog: Catalog,
        activity: Activity,
        provider: Provider | None = None,
    ) -> None:
        self.kernel = kernel
        self.config = config
        self._catalog = catalog
        self._activity = activity
        self._store = PaymentsStore(kernel.store)
        self._provider = provider or SandboxProvider(self._store)

    def basket(self, buyer: str, *, workspace: str = "default") -> tuple[BasketLine, ...]:
        """Return a buyer's basket."""
        return self._store.basket(workspace, buyer)

    def set_quantity(
        self, buyer: str, product_id: str, *, quantity: int, workspace: str = "default"
    ) -> tuple[BasketLine, ...]:
        """Put a product into the basket, change how many, or (0) take it out; returns the basket.

        Raises
        ------
        ProductNotFound
            When the catalog has no such product.
        OutOfStock
            When it cannot be bought.
        Invalid
            When the quantity is negative or the basket too large.
        """
        if not 0 <= quantity <= LARGEST_QUANTITY:
            raise Invalid(f"The quantity must be 0 to {LARGEST_QUANTITY}.", "quantity")
        if quantity:
            _refuse_unsellable(self._catalog.product(product_id, workspace=workspace))
        lines = self.basket(buyer, workspace=workspace)
        if quantity and len(lines) >= LARGEST_BASKET and product_id not in {line.product_id for line in lines}:
            raise Invalid(f"A basket holds at most {LARGEST_BASKET} different products.", "product_id")
        with self.kernel.store.begin() as tx:
            self._store.set_line(tx, workspace, buyer, BasketLine(product_id, quantity), self.kernel.clock())
        return self.basket(buyer, workspace=workspace)

    def checkout(self, buyer: str, *, customer: Customer, token: str, key: str, workspace: str = "default") -> Order:
        """Buy the basket; the same ``key`` gives the same order however often it is sent.

        Raises
        ------
        BasketEmpty
            When there is nothing to buy.
        OutOfStock
            When something is no longer to be had; nothing was charged.
        PaymentDeclined
            When the provider refused; the basket is as it was.
        CheckoutConflict
            When the key was used for another order.
        """
        if not 8 <= len(key) <= 100:
            raise Invalid(
                "Send an Idempotency-Key of 8 to 100 characters, one for each attempt to buy.", "Idempotency-Key"
            )
        check_token(token)
        request = _fingerprint(customer, token)
        found = self._store.by_key(workspace, buyer, key)
        if found is None:
            order = self._place(buyer, customer, token=token, key=key, request=request, workspace=workspace)
        else:
            order, earlier, _ = found
            if earlier != request:
                raise CheckoutConflict(
                    "This Idempotency-Key was used for another order. Send a new key.", "Idempotency-Key"
                )
        settled = self._settle(order, token)
        if settled.status is OrderStatus.PAYMENT_FAILED and settled.charge is not None:
            raise PaymentDeclined(settled.charge.reason, "payment_token")
        return settled

    def order(self, order_id: int, *, buyer: str | None = None, workspace: str = "default") -> Order:
        """Return an order; with ``buyer`` only that buyer's."""
        order = self._store.order(workspace, order_id)
        if order is None or (buyer is not None and order.buyer != buyer):
            raise OrderNotFound(f"There is no order {order_id}.")
        return order

    def orders(self, buyer: str, *, limit: int = 50, workspace: str = "default") -> list[Order]:
        """Return a buyer's orders, newest first."""
        return self._store.orders_of(workspace, buyer, limit)

    def sales(self, since: datetime, *, workspace: str = "default") -> tuple[int, int]:
        """Return the number of orders paid since a time and their sum in minor units."""
        return self._store.sales(workspace, since)

    def settle_pending(self) -> int:
        """Take up orders whose payment answer never arrived (a crash in between); returns how many were settled."""
        before = self.kernel.clock() - timedelta(seconds=self.config.settle_after)
        waiting = self._store.pending(before)
        for order, token in waiting:
            self._settle(order, token)
        return len(waiting)

    def newest(self, *, limit: int = 50, workspace: str = "default") -> list[Order]:
        """Return the newest orders of all buyers."""
        return self._store.newest(workspace, limit)

    def balances(self, *, workspace: str = "default") -> list[Balance]:
        """Return the ledger's accounts; they sum to zero in each currency."""
        return self._store.balances(workspace)

    def _place(self, buyer: str, customer: Customer, *, token: str, key: str, request: str, workspace: str) -> Order:
        with self.kernel.store.begin(durable=True) as tx:
            lines, currency = self._priced(self.basket(buyer, workspace=workspace), workspace)
            order = Order(
                id=self.kernel.store.new_id(),
                workspace=workspace,
                buyer=buyer,
                status=OrderStatus.PENDING,
                placed_at=self.kernel.clock(),
                customer=customer,
                currency=currency,
                lines=lines,
            )
            quantities = {line.product_id: line.quantity for line in lines}
            self._catalog.reserve(f"order:{order.id}", quantities, workspace=workspace)
            self._store.insert_order(tx, order, key=key, request=request, token=token)
        return order

    def _priced(self, basket: Sequence[BasketLine], workspace: str) -> tuple[tuple[OrderLine, ...], str]:
        if not basket:
            raise BasketEmpty("The basket is empty; put something into it first.")
        products = self._catalog.products([line.product_id for line in basket], workspace=workspace)
        at, lines, currency = self.kernel.clock(), [], ""
        for line in basket:
            product = products.get(line.product_id)
            if product is None:
                raise ProductNotFound(f"Product {line.product_id} is no longer sold. Take it out of the basket.")
            _refuse_unsellable(product)
            price = product.price_at(at)
            assert price is not None
            lines.append(OrderLine(product.id, product.title, line.quantity, price.amount_minor))
            currency = price.currency
        return tuple(lines), currency

    def _settle(self, order: Order, token: str) -> Order:
        if order.status.is_final:
            return order
        charge = self._provider.charge(
            f"order:{order.id}", token=token, amount_minor=order.total_minor, currency=order.currency
        )
        paid = charge.status is ChargeStatus.SUCCEEDED
        status = OrderStatus.PAID if paid else OrderStatus.PAYMENT_FAILED
        with self.kernel.store.begin(durable=True) as tx:
            if self._store.settle(tx, order.id, status, charge):
                if paid:
                    self._book(tx, order, charge)
                else:
                    self._catalog.release(f"order:{order.id}", workspace=order.workspace)
        return self.order(order.id, workspace=order.workspace)

    def _book(self, tx: Any, order: Order, charge: Charge) -> None:
        entries = sale(charge.provider, order.total_minor, order.currency)
        check_zero(entries)
        self._store.post(tx, order.workspace, f"order:{order.id}", entries, order.placed_at)
        self._store.take_from_basket(tx, order)
        self._activity.record([_purchase(order)], workspace=order.workspace)
        paid = OrderPaid(order.id, order.total_minor, order.currency)
        self.kernel.events.announce(tx, order.workspace, paid, key=str(order.id), subject=order.buyer)


def _refuse_unsellable(product: Product) -> None:
    if not product.can_be_bought():
        raise OutOfStock(f"{product.title} is out of stock. Take it out of the basket.", "product_id")


def _purchase(order: Order) -> SegmentEvent:
    """Return the GA4 event of a sale; its message id is the order's, so it is counted once."""
    items = tuple(
        Item(
            item_id=line.product_id,
            quantity=line.quantity,
            price=float(Money(line.unit_price_minor, order.currency).decimal),
        )
        for line in order.lines
    )
    return SegmentEvent(
        event="purchase",
        messageId=f"order-{order.id}",
        timestamp=order.placed_at.isoformat(),
        anonymousId=order.buyer,
        properties=Properties(
            items=items,
            currency=order.currency,
            value=float(Money(order.total_minor, order.currency).decimal),
            transaction_id=order.number,
        ),
    )


def _fingerprint(customer: Customer, token: str) -> str:
    return hashlib.sha256(msgspec.json.encode([customer, token])).hexdigest()
