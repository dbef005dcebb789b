"""``yunqi logistics batch``, ``slot``, ``zone`` and ``refill``: the warehouse floor."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from yunqi.commerce.logistics.cli.opened import AsJson, OpenApp
from yunqi.commerce.logistics.service.plain_floor import (
    batching_document,
    refill_document,
    slotting_document,
    zoning_document,
)
from yunqi.kernel.printing import print_json, print_table

Seconds = Annotated[float, typer.Option(help="Wall-clock seconds.")]


def add(app: typer.Typer, open_app: OpenApp) -> None:
    """Add the commands of the warehouse floor."""

    @app.command(help="Divide orders into batches for a cart. Example: yunqi logistics batch orders.json --json")
    def batch(
        file: Annotated[Path, typer.Argument(help="JSON: block, cart, walk (exact or s_shape), orders.")],
        seconds: Seconds = 10.0,
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            floor = opened.logistics.floor
            found = batching_document(floor.batch(floor.read_batches(file), seconds=seconds))
        if as_json:
            print_json(found)
            return
        Console().print(
            f"{found['metres']} m in {len(found['batches'])} batches (no batching is below {found['bound']} m); "
            f"as they come {found['first_come_metres']} m, by savings {found['savings_metres']} m"
        )
        print_table([{**one, "orders": " ".join(one["orders"])} for one in found["batches"]], empty="no orders")

    @app.command(help="Place products for short walks. Example: yunqi logistics slot products.json --seconds 30 --json")
    def slot(
        file: Annotated[Path, typer.Argument(help="JSON: block, locations, products, past orders, current, pinned.")],
        seconds: Seconds = 10.0,
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            floor = opened.logistics.floor
            found = slotting_document(floor.slot(floor.read_slots(file), seconds=seconds))
        if as_json:
            print_json(found)
            return
        Console().print(
            f"an order held out walks {found['held_out_metres']} m; by the cube-per-order rule "
            f"{found['cube_per_order']['held_out_metres']} m, today {found['today_held_out_metres'] or 'unknown'}"
        )
        print_table(
            [{"product": name, "location": place} for name, place in found["places"].items()], empty="no products"
        )

    @app.command(help="Divide aisles among pickers. Example: yunqi logistics zone zones.json --json")
    def zone(
        file: Annotated[Path, typer.Argument(help="JSON: block, zones, past orders, pace of pickers.")],
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            floor = opened.logistics.floor
            found = zoning_document(floor.zone(floor.read_zones(file)))
        if as_json:
            print_json(found)
            return
        Console().print(
            f"the busiest picker works {found['busiest_s']} s on the orders learned from and "
            f"{found['busiest_held_out_s']} s on those held out; with as many aisles each "
            f"{found['equal_aisles']['busiest_s']} and {found['equal_aisles']['busiest_held_out_s']} s"
        )
        print_table([{**one, "aisles": "{} to {}".format(*one["aisles"])} for one in found["zones"]], empty="no zones")
        print_table(found["ways"], empty="no zones")

    @app.command(help="Refill pick faces for the waves to come. Example: yunqi logistics refill faces.json --json")
    def refill(
        file: Annotated[Path, typer.Argument(help="JSON: minutes, workers, faces, lots, waves.")],
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            floor = opened.logistics.floor
            found = refill_document(floor.refill(floor.read_refills(file)))
        if as_json:
            print_json(found)
            return
        print_table(found["tasks"], empty="nothing to refill")
        print_table(found["short"], empty="no wave runs short")
        Console().print(f"the latest urgent task is {found['latest_min']} minutes late")
