"""``yunqi hub``: list, show, card, install, add, remove, verify."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Annotated, Any, Protocol

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table

from yunqi.cloud.hub.model import Installed, Listing
from yunqi.cloud.hub.service import Hub
from yunqi.cloud.hub.service import Progress as Report
from yunqi.kernel.printing import print_json


class HasHub(Protocol):
    """The opened application, as far as these commands need it."""

    @property
    def hub(self) -> Hub:
        """The hub."""


AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Name = Annotated[str, typer.Argument(help="Name of the asset, as `yunqi hub list` shows it.")]


def commands(open_app: Callable[[], AbstractContextManager[HasHub]]) -> typer.Typer:
    """Return the commands; ``open_app`` opens the application for the length of one command."""
    app = typer.Typer(name="hub", help="Model assets: where weights come from.", no_args_is_help=True)

    @app.command("list", help="List known and installed model assets.")
    def list_(as_json: AsJson = False) -> None:
        with open_app() as opened:
            listings = opened.hub.list()
        if as_json:
            print_json({"assets": [_listed(listing) for listing in listings]}, compact=True)
        else:
            Console().print(_table(listings))

    @app.command(help="Show one asset.")
    def show(name: Name, as_json: AsJson = False) -> None:
        with open_app() as opened:
            _print(_listed(opened.hub.show(name)), as_json)

    @app.command(help="Install a known asset from the configured hub or its packages; goes on where it stopped.")
    def install(name: Name, as_json: AsJson = False) -> None:
        with open_app() as opened, _bar(name) as report:
            installed = opened.hub.install(name, progress=report)
        _print(_installed(installed), as_json)

    @app.command(help="Register a GGUF file of your own.")
    def add(
        file: Annotated[Path, typer.Argument(help="A GGUF file.")],
        id_: Annotated[str | None, typer.Option("--id", help="Name to use; by default the file's.")] = None,
        licence: Annotated[str, typer.Option(help="Licence; by default what the file states.")] = "",
        copy: Annotated[bool, typer.Option(help="Copy the file into the data folder.")] = False,
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            installed = opened.hub.add(file, name=id_, licence=licence, copy=copy)
        _print(_installed(installed), as_json)

    @app.command(help="Show the card of a model that was made here. Example: yunqi hub card reviews-qwen3-12m")
    def card(name: Name, as_json: AsJson = False) -> None:
        with open_app() as opened:
            text, lineage = opened.hub.card(name), opened.hub.lineage(name)
        if as_json:
            print_json({"asset": name, "card": text, "lineage": lineage}, compact=True)
        else:
            print(text)

    @app.command(help="Remove an asset from this machine.")
    def remove(name: Name, as_json: AsJson = False) -> None:
        with open_app() as opened:
            freed = opened.hub.remove(name)
        _print({"asset": name, "freed_bytes": freed}, as_json)

    @app.command(help="Read an installed file again and compare its SHA-256.")
    def verify(name: Name, as_json: AsJson = False) -> None:
        with open_app() as opened, _bar(name) as report:
            installed = opened.hub.verify(name, progress=report)
        _print(_installed(installed), as_json)

    return app


@contextmanager
def _bar(name: str) -> Iterator[Report]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total, message: bar.update(task, completed=done, total=total, description=message)


def _listed(listing: Listing) -> dict[str, Any]:
    return {
        **msgspec.to_builtins(listing.asset),
        "state": listing.state.value,
        "path": listing.path,
        "source": listing.source,
    }


def _installed(installed: Installed) -> dict[str, Any]:
    asset = installed.asset
    return {
        "asset": asset.id,
        "path": installed.path,
        "size": asset.size,
        "sha256": asset.sha256,
        "source": installed.source,
        "licence": asset.licence,
        "installed_at": installed.installed_at,
    }


def _table(listings: list[Listing]) -> Table:
    table = Table("asset", "family", "parameters", "quantisation", "size", "licence", "state")
    for listing in listings:
        asset = listing.asset
        figures = (f"{asset.parameters / 1e6:.0f} M", asset.quantisation, f"{asset.size / 1e6:.0f} MB")
        table.add_row(asset.id, asset.family, *figures, asset.licence, listing.state.value)
    return table


def _print(document: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(document, compact=True)
        return
    console = Console()
    for name, value in document.items():
        console.print(f"[bold]{name}[/bold]: {value}", highlight=False, markup=True, soft_wrap=True)
