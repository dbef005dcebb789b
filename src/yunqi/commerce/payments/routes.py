"""The operator's orders and ledger."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter

from yunqi.commerce.payments.model import Order
from yunqi.commerce.payments.service import Payments
from yunqi.kernel import Principal
from yunqi.kernel.clock import iso


def router(payments: Payments, require: Callable[[str], Any]) -> APIRouter:
    """Return the routes; ``require(scope)`` makes the dependency that yields who asks."""
    routes = APIRouter(prefix="/v1", tags=["orders"])

    @routes.get("/orders")
    def list_orders(limit: int = 50, principal: Principal = require("read")) -> dict[str, Any]:
        """List the newest orders."""
        found = payments.newest(limit=max(1, min(limit, 500)), workspace=principal.workspace)
        return {"orders": [_json(order) for order in found]}

    @routes.get("/orders/{order_id}")
    def get_order(order_id: int, principal: Principal = require("read")) -> dict[str, Any]:
        """Show an order with its lines."""
        return _json(payments.order(order_id, workspace=principal.workspace))

    @routes.get("/ledger")
    def ledger(principal: Principal = require("admin")) -> dict[str, Any]:
        """Show what each account holds; they sum to zero in each currency."""
        found = payments.balances(workspace=principal.workspace)
        rows = [{"account": b.account, "amount_minor": b.amount_minor, "currency": b.currency} for b in found]
        return {"accounts": rows}

    return routes


def _json(order: Order) -> dict[str, Any]:
    return {
        "id": str(order.id),
        "number": order.number,
        "status": order.status.value,
        "placed_at": iso(order.placed_at),
        "total": {"amount_minor": order.total_minor, "currency": order.currency},
        "email": order.customer.email,
        "lines": [
            {"product_id": line.product_id, "quantity": line.quantity, "unit_price_minor": line.unit_price_minor}
            for line in order.lines
        ],
    }
