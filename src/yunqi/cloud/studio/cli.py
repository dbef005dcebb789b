"""``yunqi models``: the models and one chat from the command line."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Annotated, Any, Protocol

import typer

from yunqi.cloud.models import ChatRequest, Completion, Message
from yunqi.cloud.studio.engine.answered import usage_json
from yunqi.cloud.studio.service import Studio
from yunqi.kernel import Principal
from yunqi.kernel.printing import print_json

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_SELF = Principal("default", 0, "command line", frozenset({"models"}))


class HasStudio(Protocol):
    """The opened application, as far as these commands need it."""

    @property
    def studio(self) -> Studio:
        """The studio."""


def commands(open_app: Callable[[], AbstractContextManager[HasStudio]]) -> typer.Typer:
    """Return the commands; ``open_app`` opens the application for the length of one command."""
    app = typer.Typer(name="models", help="Models that answer: list, chat.", no_args_is_help=True)

    @app.command("list", help="List the models, their state and names.")
    def list_(as_json: AsJson = False) -> None:
        with open_app() as opened:
            rows = _rows(opened.studio)
        if as_json:
            print_json({"models": rows}, compact=True)
        for row in rows if not as_json else ():
            print(f"{row['id']:32} {row['kind']:9} {row['state']:8} {' '.join(row['names'])}")

    @app.command(help="Ask a model one question; metered to the name `command line`.")
    def chat(
        question: Annotated[str, typer.Argument(help="What to ask.")],
        model: Annotated[str, typer.Option(help="Model or alias.")] = "default",
        max_tokens: Annotated[int, typer.Option(help="Longest answer.", min=1)] = 256,
        as_json: AsJson = False,
    ) -> None:
        request = ChatRequest((Message("user", question),), max_tokens=max_tokens)
        with open_app() as opened:
            for piece in opened.studio.complete(_SELF, request, model=model):
                if isinstance(piece, Completion):
                    _print_end(piece, as_json)
                elif not as_json:
                    print(piece.text, end="", flush=True)

    return app


def _rows(studio: Studio) -> list[dict[str, Any]]:
    names: dict[str, list[str]] = {}
    for alias in studio.aliases():
        names.setdefault(alias.target, []).append(alias.name)
    return [
        {
            "id": model.id,
            "kind": model.kind,
            "state": model.health.state.value,
            "context": model.context,
            "licence": model.licence,
            "names": names.get(model.id, []),
        }
        for model in studio.models()
    ]


def _print_end(done: Completion, as_json: bool) -> None:
    if not as_json:
        print()
        return
    print_json({"text": done.text, "finish_reason": done.finish_reason, "usage": usage_json(done.usage)}, compact=True)
