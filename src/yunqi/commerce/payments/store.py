"""All SQL of payments."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from yunqi.commerce.payments.model import (
    Balance,
    BasketLine,
    Charge,
    ChargeStatus,
    Customer,
    Order,
    OrderLine,
    OrderStatus,
    Posting,
)
from yunqi.kernel.clock import from_micros, to_micros
from yunqi.kernel.store import ID, JSON_TEXT, NAME, TEXT, TIME, Connection, Migration, Store, create, metadata

baskets = sa.Table(
    "payments_baskets",
    metadata,
    sa.Column("workspace", NAME, primary_key=True),
    sa.Column("buyer", NAME, primary_key=True),
    sa.Column("product_id", NAME, primary_key=True),
    sa.Column("quantity", ID, nullable=False),
    sa.Column("added_at", TIME, nullable=False),
)
orders = sa.Table(
    "payments_orders",
    metadata,
    sa.Column("id", ID, primary_key=True, autoincrement=False),
    sa.Column("workspace", NAME, nullable=False),
    sa.Column("buyer", NAME, nullable=False),
    sa.Column("idempotency_key", NAME, nullable=False),
    sa.Column("request", NAME, nullable=False),
    sa.Column("status", NAME, nullable=False, index=True),
    sa.Column("placed_at", TIME, nullable=False),
    sa.Column("customer", JSON_TEXT, nullable=False),
    sa.Column("currency", NAME, nullable=False),
    sa.Column("total_minor", ID, nullable=False),
    sa.Column("lines", JSON_TEXT, nullable=False),
    sa.Column("token", NAME, nullable=False),
    sa.Column("charge", JSON_TEXT, nullable=True),
    sa.Index("payments_orders_once", "workspace", "buyer", "idempotency_key", unique=True),
    sa.Index("payments_orders_when", "workspace", "placed_at"),
)
postings = sa.Table(
    "payments_postings",
    metadata,
    sa.Column("transaction_id", NAME, primary_key=True),
    sa.Column("account", NAME, primary_key=True),
    sa.Column("workspace", NAME, nullable=False),
    sa.Column("amount_minor", ID, nullable=False),
    sa.Column("currency", NAME, nullable=False),
    sa.Column("at", TIME, nullable=False),
)
test_charges = sa.Table(
    "payments_test_charges",
    metadata,
    sa.Column("idempotency_key", NAME, primary_key=True),
    sa.Column("reference", NAME, nullable=False),
    sa.Column("status", NAME, nullable=False),
    sa.Column("reason", TEXT, nullable=False),
    sa.Column("amount_minor", ID, nullable=False),
    sa.Column("currency", NAME, nullable=False),
)

MIGRATIONS = (Migration("payments", 1, "first tables", create(baskets, orders, postings, test_charges)),)


class PaymentsStore:
    """Questions to the payments tables."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def basket(self, workspace: str, buyer: str) -> tuple[BasketLine, ...]:
        """Return a buyer's basket, oldest line first."""
        query = sa.select(baskets.c.product_id, baskets.c.quantity).where(_mine(baskets, workspace, buyer))
        with self._store.read() as tx:
            rows = tx.execute(query.order_by(baskets.c.added_at, baskets.c.product_id)).all()
        return tuple(BasketLine(row.product_id, row.quantity) for row in rows)

    def set_line(self, tx: Connection, workspace: str, buyer: str, line: BasketLine, at: datetime) -> None:
        """Set how many of a product are in the basket; 0 takes it out."""
        mine = _mine(baskets, workspace, buyer) & (baskets.c.product_id == line.product_id)
        if line.quantity == 0:
            tx.execute(baskets.delete().where(mine))
            return
        row = {
            "workspace": workspace,
            "buyer": buyer,
            "product_id": line.product_id,
            "quantity": line.quantity,
            "added_at": to_micros(at),
        }
        self._store.upsert(tx, baskets, [row], key=["workspace", "buyer", "product_id"], update=["quantity"])

    def take_from_basket(self, tx: Connection, order: Order) -> None:
        """Remove what was ordered; what was added to the basket meanwhile stays."""
        for line in order.lines:
            mine = _mine(baskets, order.workspace, order.buyer) & (baskets.c.product_id == line.product_id)
            tx.execute(baskets.update().where(mine).values(quantity=baskets.c.quantity - line.quantity))
            tx.execute(baskets.delete().where(mine & (baskets.c.quantity <= 0)))

    def insert_order(self, tx: Connection, order: Order, *, key: str, request: str, token: str) -> None:
        """Keep a new order."""
        row = {
            "id": order.id,
            "workspace": order.workspace,
            "buyer": order.buyer,
            "idempotency_key": key,
            "request": request,
            "status": order.status.value,
            "placed_at": to_micros(order.placed_at),
            "customer": msgspec.json.encode(order.customer).decode(),
            "currency": order.currency,
            "total_minor": order.total_minor,
            "lines": msgspec.json.encode(order.lines).decode(),
            "token": token,
        }
        tx.execute(orders.insert(), row)

    def settle(self, tx: Connection, order_id: int, status: OrderStatus, charge: Charge) -> bool:
        """Set a pending order's outcome; False when it was settled already."""
        pending = (orders.c.id == order_id) & (orders.c.status == OrderStatus.PENDING.value)
        values = {"status": status.value, "charge": msgspec.json.encode(charge).decode()}
        return bool(tx.execute(orders.update().where(pending).values(**values)).rowcount)

    def by_key(self, workspace: str, buyer: str, key: str) -> tuple[Order, str, str] | None:
        """Return the order made under an idempotency key, its request's fingerprint and its payment token."""
        mine = _mine(orders, workspace, buyer) & (orders.c.idempotency_key == key)
        with self._store.read() as tx:
            row = tx.execute(sa.select(orders).where(mine)).first()
        return (_order(row), row.request, row.token) if row else None

    def order(self, workspace: str, order_id: int) -> Order | None:
        """Return an order."""
        query = sa.select(orders).where(orders.c.workspace == workspace, orders.c.id == order_id)
        with self._store.read() as tx:
            row = tx.execute(query).first()
        return _order(row) if row else None

    def orders_of(self, workspace: str, buyer: str, limit: int) -> list[Order]:
        """Return a buyer's orders, newest first."""
        query = sa.select(orders).where(_mine(orders, workspace, buyer)).order_by(orders.c.id.desc()).limit(limit)
        with self._store.read() as tx:
            return [_order(row) for row in tx.execute(query)]

    def pending(self, before: datetime) -> list[tuple[Order, str]]:
        """Return orders whose payment is not settled, with their tokens."""
        waiting = (orders.c.status == OrderStatus.PENDING.value) & (orders.c.placed_at <= to_micros(before))
        with self._store.read() as tx:
            return [(_order(row), row.token) for row in tx.execute(sa.select(orders).where(waiting))]

    def sales(self, workspace: str, since: datetime) -> tuple[int, int]:
        """Return how many orders were paid since a time, and their sum in minor units."""
        paid = (orders.c.workspace == workspace) & (orders.c.status == OrderStatus.PAID.value)
        query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(orders.c.total_minor), 0)).where(
            paid, orders.c.placed_at >= to_micros(since)
        )
        with self._store.read() as tx:
            count, total = tx.execute(query).one()
        return int(count), int(total)

    def post(
        self, tx: Connection, workspace: str, transaction_id: str, entries: Sequence[Posting], at: datetime
    ) -> None:
        """Write a ledger transaction; the same transaction again changes nothing."""
        rows = [
            {
                "transaction_id": transaction_id,
                "account": entry.account,
                "workspace": workspace,
                "amount_minor": entry.amount_minor,
                "currency": entry.currency,
                "at": to_micros(at),
            }
            for entry in entries
        ]
        self._store.upsert(tx, postings, rows, key=["transaction_id", "account"])

    def newest(self, workspace: str, limit: int) -> list[Order]:
        """Return the newest orders."""
        query = sa.select(orders).where(orders.c.workspace == workspace).order_by(orders.c.id.desc()).limit(limit)
        with self._store.read() as tx:
            return [_order(row) for row in tx.execute(query)]

    def balances(self, workspace: str) -> list[Balance]:
        """Return what each account holds."""
        total = sa.func.sum(postings.c.amount_minor).label("total")
        query = (
            sa.select(postings.c.account, postings.c.currency, total)
            .where(postings.c.workspace == workspace)
            .group_by(postings.c.account, postings.c.currency)
            .order_by(postings.c.account)
        )
        with self._store.read() as tx:
            return [Balance(row.account, int(row.total), row.currency) for row in tx.execute(query)]

    def keep_test_charge(self, row: dict[str, Any]) -> Charge:
        """Keep the test provider's answer under its key, and return the one that is kept."""
        with self._store.begin(durable=True) as tx:
            self._store.upsert(tx, test_charges, [row], key=["idempotency_key"])
            kept = tx.execute(
                sa.select(test_charges).where(test_charges.c.idempotency_key == row["idempotency_key"])
            ).one()
        return Charge(provider="test", reference=kept.reference, status=ChargeStatus(kept.status), reason=kept.reason)


def _mine(table: sa.Table, workspace: str, buyer: str) -> sa.ColumnElement[bool]:
    return (table.c.workspace == workspace) & (table.c.buyer == buyer)


def _order(row: Any) -> Order:
    return Order(
        id=row.id,
        workspace=row.workspace,
        buyer=row.buyer,
        status=OrderStatus(row.status),
        placed_at=from_micros(row.placed_at),
        customer=msgspec.json.decode(row.customer, type=Customer),
        currency=row.currency,
        lines=msgspec.json.decode(row.lines, type=tuple[OrderLine, ...]),
        charge=msgspec.json.decode(row.charge, type=Charge) if row.charge else None,
    )
