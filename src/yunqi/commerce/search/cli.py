"""``yunqi search``: find, suggest, rebuild."""

import dataclasses
import getpass
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer
from rich.console import Console
from rich.table import Table

from yunqi.commerce.search.model import Filters, Sort, Verdict
from yunqi.commerce.search.service import Search
from yunqi.kernel.printing import print_json


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
        document |= {"understood": list(found.understood)}
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

    _add_understanding(app, open_app)
    return app


def _add_understanding(app: typer.Typer, open_app: OpenApp) -> None:
    @app.command("understand-gate")
    def gate(
        candidate: Annotated[str, typer.Argument(help="A served model's name.")],
        examples: Annotated[Path, typer.Argument(help='Lines of {"query": "...", "category": ["...", "..."]}.')],
        as_json: AsJson = False,
    ) -> None:
        """Compare a model with the rules on labelled queries that it has not seen; only a win switches it on.

        Example: yunqi search understand-gate commerce-qwen3-12m-q4 var/training/lesson/intent-test.jsonl
        """
        with open_app() as opened:
            opened.start()
            verdict = opened.search.understanding.gate(candidate, examples, who=_who())
        _print(_verdict(verdict), as_json, [_row(verdict)])

    @app.command("understand-reset")
    def reset(as_json: AsJson = False) -> None:
        """Go back to the rules. Example: yunqi search understand-reset"""
        with open_app() as opened:
            verdict = opened.search.understanding.reset(who=_who())
        _print(_verdict(verdict), as_json, [_row(verdict)])

    @app.command("understand-verdicts")
    def verdicts(as_json: AsJson = False) -> None:
        """Show who understands queries and what was decided, newest first. Example: yunqi search understand-verdicts"""
        with open_app() as opened:
            found, serves = opened.search.understanding.verdicts(), opened.search.understanding.serves()
        document = {"serves": serves, "verdicts": [_verdict(verdict) for verdict in found]}
        _print(document, as_json, [_row(verdict) for verdict in found])


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name
        return "unknown"


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return dataclasses.asdict(verdict) | {"at": verdict.at.isoformat()}


def _row(verdict: Verdict) -> dict[str, Any]:
    trial = verdict.trial
    row: dict[str, Any] = {"at": verdict.at.isoformat(timespec="seconds"), "who": verdict.who, "serves": verdict.serves}
    if trial is None:
        return row | {"candidate": "", "right": "", "rules": "", "difference": "", "p95 ms": "", "reason": "reset"}
    return row | {
        "candidate": trial.candidate, "right": f"{trial.accuracy:.3f}", "rules": f"{trial.rules_accuracy:.3f}",
        "difference": f"{trial.difference:+.3f} ({trial.low:+.3f} to {trial.high:+.3f})",
        "p95 ms": f"{trial.p95_ms:.1f}", "reason": trial.reason,
    }  # fmt: skip


def _print(document: Any, as_json: bool, rows: Sequence[dict[str, Any]]) -> None:
    if as_json:
        print_json(document, compact=True)
        return
    table = Table(*(rows[0] if rows else ()), box=None)
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    Console().print(table if rows else "nothing found")
