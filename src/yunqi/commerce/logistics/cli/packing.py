"""``yunqi logistics pack``: boxes into bins."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from yunqi.commerce.logistics.cli.opened import AsJson, OpenApp
from yunqi.commerce.logistics.cli.printing import progress
from yunqi.commerce.logistics.model.packing import Packing
from yunqi.commerce.logistics.service.documents import load_json
from yunqi.commerce.logistics.service.plain import packing_document
from yunqi.kernel.printing import print_json, print_table


def add(app: typer.Typer, open_app: OpenApp) -> None:
    """Add the commands of packing."""

    @app.command(help="Pack boxes into bins. Example: yunqi logistics pack BR1_1_items.csv --seconds 4 --json")
    def pack(
        file: Annotated[Path, typer.Argument(help="NAME_items.csv (with NAME_bins.csv beside it) or our JSON.")],
        seconds: Annotated[float, typer.Option(help="Wall-clock seconds.")] = 10.0,
        support: Annotated[
            bool, typer.Option(help="Every box of a CSV problem must stand with its whole base on something.")
        ] = True,
        check: Annotated[
            Path | None,
            typer.Option(help="Judge the packing of this JSON file (its placements) instead of making one."),
        ] = None,
        as_json: AsJson = False,
    ) -> None:
        if check is not None:
            with open_app() as opened:
                desk = opened.logistics.packing
                _judged(desk.check(desk.read(file, support=support), load_json(check)), as_json=as_json)
            return
        with open_app() as opened, progress("packing") as tell:
            read = opened.logistics.packing.read(file, support=support)
            packing = opened.logistics.packing.pack(read.problem, seconds=seconds, on_progress=tell)
        if as_json:
            print_json(packing_document(packing, read.scale))
        else:
            _print(packing, read.scale)


def _judged(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        Console().print(
            f"{found['use']:.2%} used; " + ("every rule is kept" if found["valid"] else "rules are broken:")
        )
        print_table([{"broken": one} for one in found["broken"]], empty="")
    if not found["valid"]:
        raise typer.Exit(1)


def _print(packing: Packing, scale: int) -> None:
    console = Console()
    console.print(f"{packing.use:.2%} of {len(packing.loads)} bins used (at most {packing.bound:.2%} can be)")
    print_table(
        [{"bin": load.bin, "number": load.number, "pieces": len(load.placements)} for load in packing.loads], empty=""
    )
    if packing.left:
        rows = [{"left": item, "copies": copies, "why": why} for item, (copies, why) in packing.left.items()]
        print_table(rows, empty="")
