"""``yunqi logistics wave`` and ``landed-cost``: warehouse and border."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from yunqi.commerce.logistics.cli.opened import AsJson, OpenApp
from yunqi.kernel.printing import print_json, print_table


def add(app: typer.Typer, open_app: OpenApp) -> None:
    """Add the commands of warehouse and border."""

    @app.command(
        help="Choose orders and aisles to pick together. Example: yunqi logistics wave instance_0001.txt --json"
    )
    def wave(
        file: Annotated[Path, typer.Argument(help="Orders, items and aisles in the form of the SBPO 2025 challenge.")],
        seconds: Annotated[float, typer.Option(help="Wall-clock seconds.")] = 60.0,
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            depot = opened.logistics.depot
            found = depot.wave(depot.read_waves(file), seconds=seconds)
        document = {
            "value": found.value, "bound": found.bound, "is_proven": found.is_proven,
            "orders": list(found.orders), "aisles": list(found.aisles),
        }  # fmt: skip
        if as_json:
            print_json(document)
            return
        proven = "proven best" if found.is_proven else f"none is above {found.bound:.2f}"
        Console().print(
            f"{found.value:.2f} units an aisle ({proven}): {len(found.orders)} orders, {len(found.aisles)} aisles"
        )

    @app.command(
        help="Reckon what goods cost at the door. Example: yunqi logistics landed-cost shipment.json duties.csv --json"
    )
    def landed_cost(
        shipment: Annotated[Path, typer.Argument(help="JSON: destination, currency, day, freight, insurance, goods.")],
        duties: Annotated[Path, typer.Argument(help="Your duty table as CSV; no rate is built in.")],
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            depot = opened.logistics.depot
            found = depot.landed_cost(depot.read_duties(duties), **depot.read_shipment(shipment))
        rows = [{"name": cost.name, "amount": cost.amount, "because": cost.because} for cost in found.costs]
        if as_json:
            print_json({"currency": found.currency, "total": found.total, "costs": rows})
            return
        print_table(rows, empty="")
        Console().print(f"total {found.total} minor units of {found.currency}")
