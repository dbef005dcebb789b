"""``yunqi orders`` and ``yunqi ledger``."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Annotated, Any, Protocol

import typer
from rich.console import Console
from rich.table import Table

from yunqi.commerce.catalog import Money
from yunqi.commerce.payments.model import Order
from yunqi.commerce.payments.service import Payments
from yunqi.kernel.printing import print_json


class HasPayments(Protocol):
    """The opened application, as far as these commands need it."""

    @property
    def payments(self) -> Payments:
        """The payments."""


OpenApp = Callable[[], AbstractContextManager[HasPayments]]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def commands(open_app: OpenApp) -> typer.Typer:
    """Return the commands of ``yunqi orders``; ``open_app`` opens the application for one command."""
    app = typer.Typer(name="orders", help="Orders and the books.", no_args_is_help=True)

    @app.command("list", help="List the newest orders. Example: yunqi orders list --limit 5")
    def list_(limit: Annotated[int, typer.Option(help="How many.")] = 20, as_json: AsJson = False) -> None:
        with open_app() as opened:
            rows = [_row(order) for order in opened.payments.newest(limit=limit)]
        _print({"orders": rows}, as_json, rows)

    @app.command(help="Show an order with its lines.")
    def show(order_id: int, as_json: AsJson = False) -> None:
        with open_app() as opened:
            order = opened.payments.order(order_id)
        lines = [{"product": line.product_id, "title": line.title, "quantity": line.quantity} for line in order.lines]
        _print({**_row(order), "lines": lines}, as_json, lines)

    @app.command(help="Show what each account of the ledger holds; they sum to zero in each currency.")
    def ledger(as_json: AsJson = False) -> None:
        with open_app() as opened:
            found = opened.payments.balances()
        rows = [{"account": one.account, "balance": str(Money(one.amount_minor, one.currency))} for one in found]
        _print({"accounts": rows}, as_json, rows)

    @app.command(help="Settle orders whose payment answer never arrived; the server does this itself.")
    def settle(as_json: AsJson = False) -> None:
        with open_app() as opened:
            settled = opened.payments.settle_pending()
        _print({"settled": settled}, as_json, [{"settled": settled}])

    return app


def _row(order: Order) -> dict[str, Any]:
    return {
        "id": str(order.id),
        "number": order.number,
        "status": order.status.value,
        "placed_at": order.placed_at.isoformat(timespec="seconds"),
        "total": str(Money(order.total_minor, order.currency)),
    }


def _print(document: dict[str, Any], as_json: bool, rows: list[dict[str, Any]]) -> None:
    if as_json:
        print_json(document, compact=True)
        return
    table = Table(box=None, header_style="bold")
    for name in rows[0] if rows else ():
        table.add_column(name)
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console().print(table if rows else "There is nothing to show.")
