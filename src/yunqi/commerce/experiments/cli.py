"""``yunqi policies`` and ``yunqi decisions``."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Annotated, Any, Protocol

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from yunqi.commerce.experiments.model import DecisionSummary, Policy
from yunqi.commerce.experiments.service import Experiments
from yunqi.kernel.printing import print_json


class HasExperiments(Protocol):
    """The opened application, as far as these commands need it."""

    @property
    def experiments(self) -> Experiments:
        """The policies and decisions."""


OpenApp = Callable[[], AbstractContextManager[HasExperiments]]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def policies(open_app: OpenApp) -> typer.Typer:
    """Return the commands of ``yunqi policies``; ``open_app`` opens the application for one command."""
    app = typer.Typer(name="policies", help="Which rule ranks which surface.", no_args_is_help=True)

    @app.command("list", help="List policies by surface, newest first.")
    def list_(surface: Annotated[str, typer.Option(help="Only this one.")] = "", as_json: AsJson = False) -> None:
        with open_app() as opened:
            found = opened.experiments.policies(surface=surface or None)
        rows = [_plain(policy) for policy in found]
        columns = ("id", "stage", "kind", "created_at", "note")
        _print({"policies": rows}, as_json, [{name: row[name] for name in columns} for row in rows])

    @app.command(help="Let a policy serve its surface. Example: yunqi policies promote for_you-2")
    def promote(policy_id: str, as_json: AsJson = False) -> None:
        with open_app() as opened:
            policy = opened.experiments.promote(policy_id)
        _print(_plain(policy), as_json, [{"id": policy.id, "stage": policy.stage.value}])

    return app


def decisions(open_app: OpenApp) -> typer.Typer:
    """Return the commands of ``yunqi decisions``."""
    app = typer.Typer(name="decisions", help="What was shown to whom.", no_args_is_help=True)

    @app.command("list", help="List the newest decisions.")
    def list_(
        surface: Annotated[str, typer.Option(help="Only of this surface.")] = "",
        limit: Annotated[int, typer.Option(help="How many.")] = 20,
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            found = opened.experiments.decisions(surface=surface or None, limit=limit)
        rows = [_plain(summary) for summary in found]
        _print({"decisions": rows}, as_json, rows)

    @app.command(help="Remove decisions older than the setting experiments.keep_days.")
    def prune(as_json: AsJson = False) -> None:
        with open_app() as opened:
            removed = opened.experiments.prune()
        _print({"removed": removed}, as_json, [{"removed": removed}])

    return app


def _plain(noun: Policy | DecisionSummary) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(noun)
    return plain


def _print(document: Any, as_json: bool, rows: Sequence[dict[str, Any]]) -> None:
    if as_json:
        print_json(document, compact=True)
        return
    table = Table(*(rows[0] if rows else ()), box=None)
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    Console().print(table if rows else "nothing to show")
