"""``yunqi search``: find, suggest, rebuild."""

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Annotated, Any, Protocol

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from yunqi.commerce.search.model import Filters, Sort
from yunqi.commerce.search.service import Search


class HasSearch(Protocol):
    """The opened application, as far as these commands need it."""

    @property
    def search(self) -> Search:
        """The search."""

    def start(self) -> None:
        """Load what answers into memory."""


OpenApp = Callable[[], AbstractContextManager[HasSearch]]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def commands(open_app: OpenApp) -> typer.Typer:
    """Return the commands of ``yunqi search``; ``open_app`` opens the application for one command."""
    app = typer.Typer(name="search", help="Products by words.", no_args_is_help=True)

    @app.command(help="Find products. Example: yunqi search find 'frozen pizza' --sort price_asc")
    def find(
        query: str,
        category: Annotated[str, typer.Option(help="A category path, as 'Grocery > Frozen pizza'.")] = "",
        sort: Annotated[Sort, typer.Option(help="The order.")] = Sort.RELEVANCE,
        page: Annotated[int, typer.Option(help="Page, from 1.")] = 1,
        size: Annotated[int, typer.Option(help="Products a page.")] = 10,
        subject: Annotated[str, typer.Option(help="Rank for this user.")] = "",
        as_json: AsJson = False,
    ) -> None:
        path = tuple(part.strip() for part in category.split(">") if part.strip())
        with open_app() as opened:
            opened.start()
            found = opened.search.find(
                query, filters=Filters(category=path), sort=sort, page=page, size=size, subject=subject or None
            )
        rows = [
            {"position": c.position, "id": c.id, "title": c.title, "price": str(c.sale_price or c.price or "")}
            for c in found.answer.items
        ]
        document = {"query": query, "total": found.total, "items": rows, "suggestion": found.suggestion}
        _print(document | {"decision_id": found.answer.decision_id, "took_ms": found.took_ms}, as_json, rows)

    @app.command(help="Complete what is being typed.")
    def suggest(typed: str, as_json: AsJson = False) -> None:
        with open_app() as opened:
            opened.start()
            found = opened.search.suggest(typed)
        rows = [{"text": one.text, "kind": one.kind.value, "id": one.id} for one in found]
        _print({"suggestions": rows}, as_json, rows)

    @app.command(help="Build the index again from the catalog.")
    def rebuild(as_json: AsJson = False) -> None:
        with open_app() as opened:
            built = opened.search.rebuild()
        row = {"generation": built.generation, "products": built.products}
        _print(row, as_json, [row])

    return app


def _print(document: Any, as_json: bool, rows: Sequence[dict[str, Any]]) -> None:
    if as_json:
        sys.stdout.write(msgspec.json.encode(document).decode() + "\n")
        return
    table = Table(*(rows[0] if rows else ()), box=None)
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    Console().print(table if rows else "nothing found")
