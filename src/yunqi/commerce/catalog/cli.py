"""``yunqi catalog`` and ``yunqi import catalog|promotions``."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from yunqi.commerce.catalog.model import ImportReport, Money, Product
from yunqi.commerce.catalog.service import Catalog
from yunqi.commerce.catalog.service.imports import Progress as Report
from yunqi.kernel.printing import print_json


class HasCatalog(Protocol):
    """The opened application, as far as these commands need it."""

    @property
    def catalog(self) -> Catalog:
        """The catalog."""


OpenApp = Callable[[], AbstractContextManager[HasCatalog]]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check and count; write only the report.")]
Strict = Annotated[bool, typer.Option("--strict", help="Refuse a feed with an unknown column.")]
Feed = Annotated[Path, typer.Argument(help="CSV, TSV, JSONL or Parquet; plain, gzip, or a zip with one file.")]
Workspace = Annotated[str, typer.Option(help="The tenant.")]


def commands(open_app: OpenApp) -> typer.Typer:
    """Return the commands of ``yunqi catalog``; ``open_app`` opens the application for one command."""
    app = typer.Typer(name="catalog", help="Products, prices, imports.", no_args_is_help=True)

    @app.command("list", help="List products. Example: yunqi catalog list 'frozen pizza' --size 5")
    def list_(
        query: Annotated[str, typer.Argument(help="Words in id, title or brand.")] = "",
        page: Annotated[int, typer.Option(help="Page, from 1.")] = 1,
        size: Annotated[int, typer.Option(help="Products a page.")] = 20,
        workspace: Workspace = "default",
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            found = opened.catalog.page(query, page=page, size=size, workspace=workspace)
        rows = [_product(product) for product in found.items]
        _print({"total": found.total, "items": rows}, as_json, rows, f"{found.total:,} products")

    @app.command(help="Show one product.")
    def show(product_id: str, workspace: Workspace = "default", as_json: AsJson = False) -> None:
        with open_app() as opened:
            product = opened.catalog.product(product_id, workspace=workspace)
        document = {**_product(product), "description": product.description, "generation": product.generation}
        _print(document, as_json, [{"field": key, "value": value} for key, value in document.items()], "")

    @app.command(help="Show a product's prices over time.")
    def history(product_id: str, workspace: Workspace = "default", as_json: AsJson = False) -> None:
        with open_app() as opened:
            opened.catalog.product(product_id, workspace=workspace)
            points = opened.catalog.history(product_id, workspace=workspace)
        rows = [{"at": p.at, "price": _money(p.price), "sale_price": _money(p.sale_price)} for p in points]
        _print({"id": product_id, "prices": rows}, as_json, rows, product_id)

    @app.command(help="List imports, or show one with its rejected rows.")
    def imports(
        import_id: Annotated[int, typer.Argument(help="Show this one.")] = 0,
        limit: Annotated[int, typer.Option(help="At most so many.")] = 20,
        workspace: Workspace = "default",
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            ledger = opened.catalog.imports
            if import_id:
                show_report(ledger.report(import_id, workspace=workspace), as_json)
                return
            rows = [report_row(report) for report in ledger.list(workspace=workspace, limit=limit)]
        _print({"imports": rows}, as_json, rows, "Imports")

    return app


def add_imports(app: typer.Typer, open_app: OpenApp) -> None:
    """Add the catalog's commands to ``yunqi import``."""

    @app.command("catalog", help="Import products. Example: yunqi import catalog feed.csv.gz --dry-run")
    def import_catalog(
        file: Feed,
        dry_run: DryRun = False,
        partial: Annotated[bool, typer.Option("--partial", help="Only some products: retire nothing.")] = False,
        strict: Strict = False,
        workspace: Workspace = "default",
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened, progress_bar(file.name) as report:
            options: dict[str, Any] = {"workspace": workspace, "dry_run": dry_run, "strict": strict}
            found = opened.catalog.import_products(file, partial=partial, progress=report, **options)
        show_report(found, as_json)

    @app.command("promotions", help="Import promotions, in place of those before.")
    def import_promotions(
        file: Feed,
        dry_run: DryRun = False,
        strict: Strict = False,
        workspace: Workspace = "default",
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened, progress_bar(file.name) as report:
            options: dict[str, Any] = {"workspace": workspace, "dry_run": dry_run, "strict": strict}
            found = opened.catalog.import_promotions(file, progress=report, **options)
        show_report(found, as_json)


@contextmanager
def progress_bar(name: str) -> Iterator[Report]:
    """Show a progress bar on standard error."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[text]}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None, text="")
        yield lambda done, total, message: bar.update(task, completed=done, total=total, text=message)


def show_report(report: ImportReport, as_json: bool) -> None:
    """Print an import report with its rejected rows."""
    row = report_row(report)
    errors = [{"line": e.line, "column": e.column, "message": e.message, "value": e.value} for e in report.errors]
    if as_json:
        _print({**row, "errors": errors}, True, [], "")
        return
    _print({}, False, [{"field": key, "value": value} for key, value in row.items()], f"Import of {report.file}")
    if errors:
        _print({}, False, errors[:20], f"{report.rejected:,} rejected rows (first {min(20, len(errors))} notes)")


def report_row(report: ImportReport) -> dict[str, Any]:
    """Return a report without its rejected rows."""
    names = ("kind", "file", "rows", "added", "updated", "unchanged", "retired", "rejected", "generation", "message")
    row = {name: getattr(report, name) for name in names}
    times = {"started_at": report.started_at, "finished_at": report.finished_at}
    return {"id": str(report.id), "state": report.state.value, **row, **times}


def _product(product: Product) -> dict[str, Any]:
    return {
        "id": product.id,
        "title": product.title,
        "price": _money(product.price),
        "sale_price": _money(product.sale_price),
        "availability": product.availability.value,
        "brand": product.brand,
        "product_type": product.product_type,
    }


def _money(money: Money | None) -> str | None:
    return None if money is None else str(money)


def _print(document: dict[str, Any], as_json: bool, rows: list[dict[str, Any]], heading: str) -> None:
    if as_json:
        print_json(document, compact=True)
        return
    table = Table(*(rows[0] if rows else ()), title=heading or None, title_justify="left")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    Console().print(table, markup=False)
