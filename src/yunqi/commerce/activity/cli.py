"""``yunqi import events`` and ``yunqi events``."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Annotated, Any, Protocol

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from yunqi.commerce.activity.service import Activity
from yunqi.commerce.catalog import ImportReport
from yunqi.commerce.catalog import Progress as Report
from yunqi.kernel.printing import print_json


class HasActivity(Protocol):
    """The opened application, as far as these commands need it."""

    @property
    def activity(self) -> Activity:
        """The shoppers' activity."""


OpenApp = Callable[[], AbstractContextManager[HasActivity]]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Workspace = Annotated[str, typer.Option(help="The tenant.")]


def commands(open_app: OpenApp) -> typer.Typer:
    """Return the commands of ``yunqi events``; ``open_app`` opens the application for one command."""
    app = typer.Typer(name="events", help="The event log.", no_args_is_help=True)

    @app.command("list", help="List the newest events. Example: yunqi events list --name purchase")
    def list_(
        name: Annotated[str, typer.Option(help="Only events of this name.")] = "",
        limit: Annotated[int, typer.Option(help="At most so many.")] = 20,
        workspace: Workspace = "default",
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            names = [name] if name else None
            log = opened.activity.kernel.events
            found = log.read(0, limit, names=names, workspace=workspace, newest_first=True)
        rows: list[dict[str, Any]] = [
            {"seq": e.seq, "name": e.name, "at": e.at, "subject": e.subject, "payload": msgspec.Raw(e.payload)}
            for e in found
        ]
        if as_json:
            print_json({"events": rows}, compact=True)
            return
        table = Table("seq", "name", "at", "subject", "payload")
        for e in found:
            table.add_row(str(e.seq), e.name, e.at.isoformat(), e.subject, e.payload.decode()[:80])
        Console().print(table, markup=False)

    return app


def add_imports(app: typer.Typer, open_app: OpenApp) -> None:
    """Add ``events`` to ``yunqi import``."""

    @app.command("events", help="Import shoppers' events. Example: yunqi import events events.jsonl.gz")
    def import_events(
        file: Annotated[Path, typer.Argument(help="JSONL of Segment calls, or a flat CSV or Parquet table.")],
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and count; write only the report.")] = False,
        workspace: Workspace = "default",
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened, _bar(file.name) as report:
            found = opened.activity.import_events(file, workspace=workspace, dry_run=dry_run, progress=report)
        _show(found, as_json)


@contextmanager
def _bar(name: str) -> Iterator[Report]:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[text]}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None, text="")
        yield lambda done, total, message: bar.update(task, completed=done, total=total, text=message)


def _show(report: ImportReport, as_json: bool) -> None:
    names = ("kind", "file", "rows", "added", "unchanged", "rejected", "message", "started_at", "finished_at")
    row = {"id": str(report.id), "state": report.state.value, **{name: getattr(report, name) for name in names}}
    errors = [{"line": e.line, "column": e.column, "message": e.message, "value": e.value} for e in report.errors]
    if as_json:
        print_json({**row, "errors": errors}, compact=True)
        return
    table = Table("field", "value", title=f"Import of {report.file}", title_justify="left")
    for name, value in row.items():
        table.add_row(name, "" if value is None else str(value))
    for error in errors[:20]:
        table.add_row(f"line {error['line']}", f"{error['message']} {error['value']}"[:160])
    Console().print(table, markup=False)
