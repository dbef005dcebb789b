"""``yunqi logistics wave``, ``walk`` and ``landed-cost``: warehouse and border."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from yunqi.commerce.catalog import Money
from yunqi.commerce.logistics.cli.opened import AsJson, OpenApp
from yunqi.commerce.logistics.service.plain_border import landed_document
from yunqi.commerce.logistics.service.plain_floor import walk_document, wave_document
from yunqi.kernel.printing import print_json, print_table


def add(app: typer.Typer, open_app: OpenApp) -> None:
    """Add the commands of warehouse and border."""

    @app.command(
        help="Choose orders and aisles to pick together. Example: yunqi logistics wave instance_0001.txt --json"
    )
    def wave(
        file: Annotated[Path, typer.Argument(help="Orders and aisles: the form of the SBPO 2025 challenge, or JSON.")],
        seconds: Annotated[float, typer.Option(help="Wall-clock seconds.")] = 60.0,
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            depot = opened.logistics.depot
            found = depot.wave(depot.read_waves(file), seconds=seconds)
        if as_json:
            print_json(wave_document(found))
            return
        proven = "proven best" if found.is_proven else f"none is above {found.bound:.2f}"
        Console().print(
            f"{found.value:.2f} units an aisle ({proven}): {len(found.orders)} orders, {len(found.aisles)} aisles"
        )

    @app.command(help="Find the shortest walk past all picks. Example: yunqi logistics walk picks.json --json")
    def walk(
        file: Annotated[Path, typer.Argument(help="JSON: block (with cross_m), start, picks.")], as_json: AsJson = False
    ) -> None:
        with open_app() as opened:
            depot = opened.logistics.depot
            problem, names = depot.read_walk(file)
            found = walk_document(depot.walk(problem), names)
        if as_json:
            print_json(found)
            return
        places = dict(zip(names, problem.picks, strict=True))
        Console().print(f"{found['metres']} m past {len(names)} picks; no walk is shorter")
        print_table(
            [{"pick": one, "aisle": places[one][0], "at_m": places[one][1]} for one in found["picks"]], empty=""
        )

    @app.command(
        help="Reckon what goods cost at the door. Example: yunqi logistics landed-cost shipment.json duties.csv --json"
    )
    def landed_cost(
        shipment: Annotated[
            Path, typer.Argument(help="JSON: destination, currency, day, freight, insurance, rates, goods.")
        ],
        duties: Annotated[Path, typer.Argument(help="Your duty table as CSV; no rate is built in.")],
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            depot = opened.logistics.depot
            found = depot.landed_cost(depot.read_duties(duties), **depot.read_shipment(shipment))
        document = landed_document(found, duties.read_bytes())
        if as_json:
            print_json(document)
            return
        rows = [{**one, "amount": str(Money(one["amount"], found.currency))} for one in document["costs"]]
        print_table(rows, empty="")
        Console().print(f"total {Money(found.total, found.currency)}")
