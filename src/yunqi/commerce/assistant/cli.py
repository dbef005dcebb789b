"""``yunqi assistant``: ask about products from the command line."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Annotated, Protocol

import typer

from yunqi.commerce.assistant.model import Citation, Done, Text
from yunqi.commerce.assistant.service import Assistant
from yunqi.kernel.printing import print_json


class HasAssistant(Protocol):
    """The opened application, as far as these commands need it."""

    @property
    def assistant(self) -> Assistant:
        """The assistant."""


def commands(open_app: Callable[[], AbstractContextManager[HasAssistant]]) -> typer.Typer:
    """Return the commands; ``open_app`` opens the application for one command."""
    app = typer.Typer(name="assistant", help="Questions about products.", no_args_is_help=True)

    @app.callback()
    def group() -> None:
        """Questions about products, answered from the catalog's facts."""

    @app.command(help="Ask about products. Example: yunqi assistant ask 'What does it cost?' --product 1082185")
    def ask(
        question: str,
        product: Annotated[list[str], typer.Option(help="A product's id; repeat for more.")],
        language: Annotated[str, typer.Option(help="en or zh.")] = "en",
        as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    ) -> None:
        with open_app() as opened:
            events = list(opened.assistant.ask(question, product, language=language))
        text = "".join(event.delta for event in events if isinstance(event, Text))
        if not as_json:
            print(text)
            return
        cited = [event.product_id for event in events if isinstance(event, Citation)]
        done = next(event for event in events if isinstance(event, Done))
        document = {"answer": text, "products": cited, "grounding": done.grounding, "model": done.model}
        print_json(document, compact=True)

    return app
