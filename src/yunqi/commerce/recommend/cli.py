"""``yunqi recommend``: home, product, rebuild."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Annotated, Any, Protocol

import typer
from rich.console import Console
from rich.table import Table

from yunqi.commerce.ranking import Answer
from yunqi.commerce.recommend.service import Recommend
from yunqi.kernel.printing import print_json


class HasRecommend(Protocol):
    """The opened application, as far as these commands need it."""

    @property
    def recommend(self) -> Recommend:
        """The recommendations."""

    def start(self) -> None:
        """Load what answers into memory."""


OpenApp = Callable[[], AbstractContextManager[HasRecommend]]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Subject = Annotated[str, typer.Option(help="For this user or visitor.")]


def commands(open_app: OpenApp) -> typer.Typer:
    """Return the commands of ``yunqi recommend``; ``open_app`` opens the application for one command."""
    app = typer.Typer(name="recommend", help="What to show to whom.", no_args_is_help=True)

    @app.command(help="Show the strips of the home page. Example: yunqi recommend home --subject 900")
    def home(subject: Subject = "", as_json: AsJson = False) -> None:
        with open_app() as opened:
            opened.start()
            answers = [section.answer for section in opened.recommend.home(subject or None)]
        _print([_answer(answer) for answer in answers], as_json, [row for a in answers for row in _rows(a)])

    @app.command(help="Show what is like a product and what goes with it.")
    def product(product_id: str, subject: Subject = "", as_json: AsJson = False) -> None:
        with open_app() as opened:
            opened.start()
            shop = opened.recommend
            answers = [shop.similar(subject or None, product_id), shop.together(subject or None, product_id)]
        _print([_answer(answer) for answer in answers], as_json, [row for a in answers for row in _rows(a)])

    @app.command(help="Count again which products go together, from the whole log.")
    def rebuild(as_json: AsJson = False) -> None:
        with open_app() as opened:
            built = opened.recommend.rebuild()
        row = {"visits": built.visits, "products": built.products, "seconds": round(built.seconds, 1)}
        _print(row, as_json, [row])

    return app


def _answer(answer: Answer) -> dict[str, Any]:
    return {"surface": answer.surface, "decision_id": answer.decision_id, "items": _rows(answer)}


def _rows(answer: Answer) -> list[dict[str, Any]]:
    return [
        {"surface": answer.surface, "position": c.position, "id": c.id, "title": c.title, "slot": c.slot.value}
        for c in answer.items
    ]


def _print(document: Any, as_json: bool, rows: Sequence[dict[str, Any]]) -> None:
    if as_json:
        print_json(document, compact=True)
        return
    table = Table(*(rows[0] if rows else ()), box=None)
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    Console().print(table if rows else "nothing to show")
