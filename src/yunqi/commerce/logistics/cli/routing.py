"""``yunqi logistics solve``: routes."""

from pathlib import Path
from typing import Annotated

import typer

from yunqi.commerce.logistics.cli.opened import AsJson, OpenApp
from yunqi.kernel import Unavailable


def add(app: typer.Typer, open_app: OpenApp) -> None:
    """Add the commands of routing."""

    @app.command(help="Plan routes. Example: yunqi logistics solve X-n101-k25.vrp --seconds 10 --json")
    def solve(
        file: Annotated[Path, typer.Argument(help="VRPLIB, Solomon, Li-Lim, our JSON or VROOM's.")],
        seconds: Annotated[float, typer.Option(help="Wall-clock seconds, start-up included.")] = 10.0,
        as_json: AsJson = False,
    ) -> None:
        raise Unavailable("Routing is being built.")
