"""``yunqi logistics robots``, ``store``, ``fetch``: floor and yard."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from yunqi.commerce.logistics.cli.opened import AsJson, OpenApp
from yunqi.commerce.logistics.service.plain_yard import retrieval_document, robots_document, storage_document
from yunqi.kernel.printing import print_json, print_table

Seconds = Annotated[float, typer.Option(help="Wall-clock seconds.")]
YardFile = Annotated[Path, typer.Argument(help="JSON: tiers, stacks (from the ground up), arrivals.")]


def add(app: typer.Typer, open_app: OpenApp) -> None:
    """Add the commands of robots and yard."""

    @app.command(help="Paths on which no robots meet. Example: yunqi logistics robots floor.json --seconds 5 --json")
    def robots(
        file: Annotated[Path, typer.Argument(help="JSON: grid, robots, errands.")],
        seconds: Seconds = 5.0,
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            yard = opened.logistics.yard
            found = robots_document(yard.robots(yard.read_robots(file), seconds=seconds))
        if as_json:
            print_json(found)
            return
        Console().print(
            f"{found['total_steps']} steps in all (no plan is below {found['total_bound']}), the last at {found['makespan']}"
        )
        print_table(
            [{"robot": one["id"], "steps": len(one["path"]) - 1, "ends": one["path"][-1]} for one in found["robots"]],
            empty="no robots",
        )
        print_table(found["errands"], empty="no errands")
        if found["open"]:
            Console().print(f"not done within the step limit: {', '.join(found['open'])}")

    @app.command(help="Stack arriving containers so that few block. Example: yunqi logistics store yard.json --json")
    def store(file: YardFile, seconds: Seconds = 5.0, as_json: AsJson = False) -> None:
        with open_app() as opened:
            yard = opened.logistics.yard
            found = storage_document(yard.store(yard.read_yard(file), seconds=seconds))
        if as_json:
            print_json(found)
            return
        Console().print(f"{found['blocking']} block one that leaves earlier (no way has fewer than {found['bound']})")
        print_table([{"container": name, "stack": at} for name, at in found["places"].items()], empty="none arrive")

    @app.command(help="Fetch all containers with few shifts. Example: yunqi logistics fetch yard.json --json")
    def fetch(file: YardFile, seconds: Seconds = 5.0, as_json: AsJson = False) -> None:
        with open_app() as opened:
            yard = opened.logistics.yard
            found = retrieval_document(yard.fetch(yard.read_yard(file), seconds=seconds))
        if as_json:
            print_json(found)
            return
        Console().print(f"{found['shifts']} shifts (no way has fewer than {found['bound']})")
        print_table(
            [{**one, "to": "out" if one["to"] is None else one["to"]} for one in found["moves"]], empty="no moves"
        )
