"""``yunqi ranking``: train, explain, verify."""

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Annotated, Any, Protocol

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from yunqi.commerce.ranking.model import ItemReason
from yunqi.commerce.ranking.service import Ranking
from yunqi.kernel.printing import print_json


class HasRanking(Protocol):
    """The opened application, as far as these commands need it."""

    @property
    def ranking(self) -> Ranking:
        """The pipeline."""


OpenApp = Callable[[], AbstractContextManager[HasRanking]]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def commands(open_app: OpenApp) -> typer.Typer:
    """Return the commands of ``yunqi ranking``; ``open_app`` opens the application for one command."""
    app = typer.Typer(name="ranking", help="The one pipeline that orders products.", no_args_is_help=True)

    @app.command(help="Train a surface's policy from the event log. Example: yunqi ranking train for_you")
    def train(surface: str, as_json: AsJson = False) -> None:
        with open_app() as opened:
            policy = opened.ranking.train(surface, progress=_report)
        document = {"id": policy.id, "stage": policy.stage.value, "metrics": policy.metrics}
        _print(document, as_json, [{"figure": name, "value": f"{value:.4f}"} for name, value in policy.metrics.items()])

    @app.command(help="Explain a decision: why each product stood where it stood.")
    def explain(decision_id: str, as_json: AsJson = False) -> None:
        with open_app() as opened:
            reason = opened.ranking.explain(decision_id)
        _print(msgspec.to_builtins(reason), as_json, [_reason_row(item) for item in reason.items])

    @app.command(help="Make the features of the newest decisions again from the log and compare them bit by bit.")
    def verify(limit: Annotated[int, typer.Option(help="How many decisions.")] = 100, as_json: AsJson = False) -> None:
        with open_app() as opened:
            experiments = opened.ranking.experiments
            decisions = [experiments.decision(found.id) for found in experiments.decisions(limit=limit)]
            found = opened.ranking.verify(decisions)
        document = {"checked": found.checked, "different": list(found.different)}
        _print(document, as_json, [{"checked": found.checked, "different": len(found.different)}])
        if found.different:
            raise typer.Exit(1)

    return app


def _reason_row(why: ItemReason) -> dict[str, Any]:
    strongest = sorted(why.contributions.items(), key=lambda pair: -abs(pair[1]))[:3]
    return {
        "position": why.item.position,
        "product": why.item.product_id,
        "title": why.title,
        "score": f"{why.item.score:.3f}",
        "slot": why.item.slot.value,
        "because": ", ".join(f"{name} {value:+.2f}" for name, value in strongest),
    }


def _report(done: int, total: int, text: str) -> None:
    sys.stderr.write(f"{done}/{total} {text}\n")


def _print(document: Any, as_json: bool, rows: Sequence[dict[str, Any]]) -> None:
    if as_json:
        print_json(document, compact=True)
        return
    table = Table(*(rows[0] if rows else ()), box=None)
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console().print(table if rows else "nothing to show")
