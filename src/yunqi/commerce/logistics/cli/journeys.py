"""``yunqi logistics journey``: multi-leg journeys over scheduled services."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from yunqi.commerce.logistics.cli.opened import AsJson, OpenApp
from yunqi.commerce.logistics.model.journeys import Goal
from yunqi.kernel.printing import print_json, print_table


def add(app: typer.Typer, open_app: OpenApp) -> None:
    """Add the command of journeys."""

    @app.command(
        help="Find journeys. Example: yunqi logistics journey net.json --from hangzhou --to berlin "
        "--ready 2026-11-25T10:00+08:00 --weight-g 12000 --promise 0.95 --without ship-1@2026-11-27 --json"
    )
    def journey(
        network: Annotated[Path, typer.Argument(help="JSON: currency, places, services, clearances.")],
        start: Annotated[str, typer.Option("--from", help="Place where the goods are.")],
        end: Annotated[str, typer.Option("--to", help="Place where they go.")],
        ready: Annotated[str, typer.Option(help="When they can leave, with offset.")],
        weight_g: Annotated[int, typer.Option(help="Grams.")] = 1_000,
        goal: Annotated[Goal, typer.Option(help="Which journeys to show.")] = Goal.PARETO,
        promise: Annotated[float, typer.Option(help="Chance with which the promised time holds.")] = 0.95,
        deadline: Annotated[str | None, typer.Option(help="When they must be there, with offset.")] = None,
        without: Annotated[
            list[str] | None,
            typer.Option(help="A service that doesn't run, or SERVICE@DAY; may be given several times."),
        ] = None,
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            desk = opened.logistics.journeys
            read = desk.read(network)
            wish = desk.wish(
                start, end, ready, weight_g=weight_g, promise=promise, deadline=deadline, without=without or ()
            )
            document = desk.document(read, wish, desk.find(read, wish, goal))
        if as_json:
            print_json(document)
            return
        for one in document["journeys"]:
            Console().print(
                f"{one['cost']} minor units of {document['currency']}, there by {one['promised']} ({promise:.0%})"
            )
            rows = [
                {
                    "service": leg["service"], "mode": leg["mode"], "from": leg["from"], "to": leg["to"],
                    "departs": leg["departs"][0]["at"], "ready": leg["ready"][0]["at"], "steps": "; ".join(leg["steps"]),
                }
                for leg in one["legs"]
            ]  # fmt: skip
            print_table(rows, empty="")
