"""Baskets, checkout in three steps, the ledger, and what happens when a step never comes."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.kernels import new_kernel

from yunqi.commerce import activity as activity_door
from yunqi.commerce import catalog as catalog_door
from yunqi.commerce import payments as payments_door
from yunqi.commerce.activity import Activity, ActivityConfig
from yunqi.commerce.catalog import Catalog, CatalogConfig, OutOfStock, ProductNotFound
from yunqi.commerce.payments import (
    Balance,
    BasketEmpty,
    BasketLine,
    Charge,
    ChargeStatus,
    CheckoutConflict,
    Customer,
    OrderNotFound,
    OrderStatus,
    PaymentDeclined,
    Payments,
    PaymentsConfig,
    Posting,
    check_zero,
)
from yunqi.kernel import Invalid

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ANN = Customer(email="ann@example.com", name="Ann", address="Road 1")
FEED = """id,title,price,sale_price,availability,quantity
a,Apple,1.00 USD,,in_stock,5
b,Bread,2.50 USD,2.00 USD,in_stock,
c,Cake,9.00 USD,,out_of_stock,0
"""


class Counting:
    """A provider that counts, and fails as often as it is told to."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.failures = 0

    def charge(self, key: str, *, token: str, amount_minor: int, currency: str) -> Charge:
        self.calls.append(key)
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the line is dead")
        return Charge(provider="counting", reference=key, status=ChargeStatus.SUCCEEDED)


@pytest.fixture
def provider() -> Counting:
    return Counting()


@pytest.fixture
def open_payments(tmp_path: Path, provider: Counting) -> Iterator[Callable[..., Payments]]:
    migrations = [*catalog_door.MIGRATIONS, *activity_door.MIGRATIONS, *payments_door.MIGRATIONS]
    with new_kernel(tmp_path / "data", migrations, clock=lambda: NOW) as kernel:
        catalog = Catalog(kernel, CatalogConfig())
        (tmp_path / "feed.csv").write_text(FEED)
        catalog.import_products(tmp_path / "feed.csv")
        activity = Activity(kernel, ActivityConfig(), catalog=catalog)

        def opened(counting: bool = False) -> Payments:
            config = PaymentsConfig(settle_after=0)
            return Payments(kernel, config, catalog=catalog, activity=activity, provider=provider if counting else None)

        yield opened


@pytest.fixture
def payments(open_payments: Callable[..., Payments]) -> Payments:
    return open_payments()


def buy(payments: Payments, key: str = "key-0001", token: str = "tok_visa", buyer: str = "ann"):  # type: ignore[no-untyped-def]
    return payments.checkout(buyer, customer=ANN, token=token, key=key)


def test_a_basket_holds_what_was_put_into_it(payments: Payments) -> None:
    payments.set_quantity("ann", "a", quantity=2)
    payments.set_quantity("ann", "b", quantity=1)
    assert payments.set_quantity("ann", "a", quantity=3) == (BasketLine("a", 3), BasketLine("b", 1))
    assert payments.set_quantity("ann", "a", quantity=0) == (BasketLine("b", 1),)
    assert payments.basket("bob") == ()


def test_an_order_has_todays_prices_takes_stock_and_balances_the_books(payments: Payments) -> None:
    payments.set_quantity("ann", "a", quantity=2)
    payments.set_quantity("ann", "b", quantity=1)
    order = buy(payments)
    assert (order.status, order.total_minor) == (OrderStatus.PAID, 400)
    assert payments._catalog.in_stock("a") == 3
    assert payments.basket("ann") == ()
    assert payments.balances() == [Balance("receivable:test", 400, "USD"), Balance("revenue:sales", -400, "USD")]
    assert payments.sales(NOW) == (1, 400)
    assert [e.name for e in payments.kernel.events.read()][-2:] == ["purchase", "OrderPaid"]


def test_the_same_key_buys_once(payments: Payments) -> None:
    payments.set_quantity("ann", "a", quantity=1)
    first = buy(payments)
    payments.set_quantity("ann", "a", quantity=1)
    assert buy(payments) == first
    assert payments.basket("ann") == (BasketLine("a", 1),)
    assert len(payments.orders("ann")) == 1
    with pytest.raises(CheckoutConflict):
        buy(payments, token="tok_mastercard")


def test_a_declined_card_gives_the_stock_back(payments: Payments) -> None:
    payments.set_quantity("ann", "a", quantity=5)
    with pytest.raises(PaymentDeclined, match="insufficient funds"):
        buy(payments, token="tok_insufficient")
    assert payments._catalog.in_stock("a") == 5
    assert payments.basket("ann") == (BasketLine("a", 5),)
    assert [order.status for order in payments.orders("ann")] == [OrderStatus.PAYMENT_FAILED]
    assert payments.balances() == []
    with pytest.raises(PaymentDeclined):
        buy(payments, token="tok_insufficient")
    assert buy(payments, key="key-0002").status is OrderStatus.PAID


def test_more_than_is_in_stock_cannot_be_bought_and_nothing_is_charged(payments: Payments) -> None:
    payments.set_quantity("ann", "a", quantity=6)
    with pytest.raises(OutOfStock, match="5"):
        buy(payments)
    assert payments.orders("ann") == []
    assert payments._catalog.in_stock("a") == 5


def test_two_buyers_cannot_take_the_same_last_pieces(payments: Payments) -> None:
    for buyer in ("ann", "bob"):
        payments.set_quantity(buyer, "a", quantity=3)
    outcomes: list[str] = []

    def work(buyer: str) -> None:
        try:
            outcomes.append(buy(payments, buyer=buyer).status.value)
        except OutOfStock:
            outcomes.append("out")

    threads = [threading.Thread(target=work, args=(buyer,)) for buyer in ("ann", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["out", "paid"]
    assert payments._catalog.in_stock("a") == 2


def test_an_answer_that_never_came_is_asked_for_again(
    open_payments: Callable[..., Payments], provider: Counting
) -> None:
    payments = open_payments(counting=True)
    payments.set_quantity("ann", "a", quantity=1)
    provider.failures = 1
    with pytest.raises(ConnectionError):
        buy(payments)
    [pending] = payments.orders("ann")
    assert pending.status is OrderStatus.PENDING
    assert payments.balances() == []
    assert payments.settle_pending() == 1
    assert payments.order(pending.id).status is OrderStatus.PAID
    assert len(set(provider.calls)) == 1, "the provider must be asked under the same key"
    assert payments.settle_pending() == 0
    assert buy(payments).id == pending.id
    assert payments._catalog.in_stock("a") == 4


def test_what_is_added_during_checkout_stays_in_the_basket(
    open_payments: Callable[..., Payments], provider: Counting
) -> None:
    payments = open_payments(counting=True)
    payments.set_quantity("ann", "a", quantity=1)
    provider.failures = 1
    with pytest.raises(ConnectionError):
        buy(payments)
    payments.set_quantity("ann", "b", quantity=2)
    payments.set_quantity("ann", "a", quantity=3)
    payments.settle_pending()
    assert payments.basket("ann") == (BasketLine("a", 2), BasketLine("b", 2))


@pytest.mark.parametrize("key", ["", "short", "x" * 101])
def test_a_key_must_be_a_key(payments: Payments, key: str) -> None:
    with pytest.raises(Invalid, match="Idempotency-Key"):
        buy(payments, key=key)


def test_what_is_not_there_is_refused(payments: Payments) -> None:
    with pytest.raises(BasketEmpty):
        buy(payments)
    with pytest.raises(ProductNotFound):
        payments.set_quantity("ann", "zzz", quantity=1)
    with pytest.raises(OutOfStock):
        payments.set_quantity("ann", "c", quantity=1)
    with pytest.raises(Invalid):
        payments.set_quantity("ann", "a", quantity=1000)
    with pytest.raises(OrderNotFound):
        payments.order(1)
    with pytest.raises(Invalid, match="Unknown test card"):
        buy(payments, token="4111111111111111")


def test_an_order_belongs_to_its_buyer_and_workspace(payments: Payments) -> None:
    payments.set_quantity("ann", "a", quantity=1)
    order = buy(payments)
    with pytest.raises(OrderNotFound):
        payments.order(order.id, buyer="bob")
    with pytest.raises(OrderNotFound):
        payments.order(order.id, workspace="other")
    assert payments.newest(workspace="other") == []
    assert payments.balances(workspace="other") == []


@pytest.mark.parametrize(
    "changes",
    [{"email": "x"}, {"email": "a@b"}, {"email": 'a"@b.com'}, {"name": ""}, {"address": " "}, {"name": "x" * 201}],
)
def test_a_customer_is_checked(changes: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        Customer(**{"email": "ann@example.com", "name": "Ann", "address": "Road", **changes})


def test_a_transaction_that_does_not_sum_to_zero_is_refused() -> None:
    check_zero([Posting("a", 5, "USD"), Posting("b", -5, "USD")])
    with pytest.raises(Invalid, match="sum to zero"):
        check_zero([Posting("a", 5, "USD"), Posting("b", -5, "EUR")])
