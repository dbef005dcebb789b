"""``yunqi models``: the models, one chat, and deployments of networks from the command line."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any, Protocol

import msgspec
import typer

from yunqi.cloud.models import ChatRequest, Completion, Message
from yunqi.cloud.studio.engine.answered import usage_json
from yunqi.cloud.studio.engine.tensors import costs
from yunqi.cloud.studio.service import Deployments, Studio
from yunqi.kernel import NotFound, Principal
from yunqi.kernel.printing import print_json

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_SELF = Principal("default", 0, "command line", frozenset({"models"}))


class HasStudio(Protocol):
    """The opened application, as far as these commands need it."""

    @property
    def studio(self) -> Studio:
        """The studio."""

    @property
    def deployments(self) -> Deployments:
        """Deployed networks."""


def commands(open_app: Callable[[], AbstractContextManager[HasStudio]]) -> typer.Typer:
    """Return the commands; ``open_app`` opens the application for the length of one command."""
    app = typer.Typer(name="models", help="Models that answer: list, chat, deploy.", no_args_is_help=True)
    _deployments(app, open_app)

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


def _deployments(app: typer.Typer, open_app: Callable[[], AbstractContextManager[HasStudio]]) -> None:
    @app.command(help="Let a published network answer. Example: yunqi models deploy encoder --on hanguang800")
    def deploy(
        asset: Annotated[str, typer.Argument(help="The hub's name of the network.")],
        on: Annotated[str, typer.Option(help="Hardware; by default the first that takes it.")] = "",
        name: Annotated[str, typer.Option(help="Name it answers under; by default the asset's.")] = "",
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            found = opened.deployments.deploy(_SELF.workspace, asset, target=on, name=name)
            row = msgspec.to_builtins(found) | {"simulated": opened.deployments.simulated(found)}
        _print_rows("deployment", [row], as_json, whole=row)

    @app.command(help="List deployed networks and where they run.")
    def deployments(as_json: AsJson = False) -> None:
        with open_app() as opened:
            found = opened.deployments.list(_SELF.workspace)
            rows = [msgspec.to_builtins(one) | {"simulated": opened.deployments.simulated(one)} for one in found]
        _print_rows("deployments", rows, as_json, whole={"deployments": rows})

    @app.command(help="Stop a deployment; the published network stays.")
    def undeploy(name: Annotated[str, typer.Argument(help="Its name.")], as_json: AsJson = False) -> None:
        with open_app() as opened:
            opened.deployments.remove(_SELF.workspace, name)
        _print_rows("removed", [{"name": name}], as_json, whole={"removed": name})

    @app.command(help="Run a deployed network on a picture. Example: yunqi models infer encoder photo.jpg --json")
    def infer(
        name: Annotated[str, typer.Argument(help="The deployment.")],
        picture: Annotated[Path, typer.Argument(help="A PNG or JPEG file.")],
        as_json: AsJson = False,
    ) -> None:
        try:
            image = picture.read_bytes()
        except OSError as error:
            raise NotFound(f"{picture} cannot be read: {error.strerror}.", "picture") from error
        with open_app() as opened:
            call, found = opened.deployments.infer(_SELF, name, image=image)
        outputs = {output: data.ravel().tolist() for output, data in found.outputs.items()}
        _print_rows("answer", [costs(found)], as_json, whole={"call": call, **costs(found), "outputs": outputs})


def _print_rows(title: str, rows: list[dict[str, Any]], as_json: bool, *, whole: dict[str, Any]) -> None:
    if as_json:
        print_json(whole, compact=True)
        return
    if not rows:
        print(f"no {title}")
    for row in rows:
        print("  ".join(f"{name}={value}" for name, value in row.items()))


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
