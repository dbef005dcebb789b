"""``yunqi logistics berth``: vessels to berths."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from yunqi.commerce.logistics.cli.opened import AsJson, OpenApp
from yunqi.commerce.logistics.cli.printing import progress
from yunqi.commerce.logistics.service.plain import berth_document
from yunqi.kernel.printing import print_json, print_table


def add(app: typer.Typer, open_app: OpenApp) -> None:
    """Add the commands of the quay."""

    @app.command(help="Plan berths. Example: yunqi logistics berth f200x15-01.txt --seconds 60 --json")
    def berth(
        file: Annotated[
            Path, typer.Argument(help="The published table of vessels and berths, or our JSON for a quay.")
        ],
        seconds: Annotated[float, typer.Option(help="Wall-clock seconds.")] = 10.0,
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened, progress("planning") as tell:
            problem = opened.logistics.berths.read(file)
            plan = opened.logistics.berths.plan(
                problem, seconds=seconds, on_step=lambda cost, bound: tell(0.0, f"cost {cost}, at least {bound}")
            )
        if as_json:
            print_json(berth_document(plan))
            return
        Console().print(f"cost {plan.cost}, no plan is below {plan.bound} (gap {plan.gap:.2%}), {plan.seconds:.1f} s")
        print_table(berth_document(plan)["visits"], empty="no vessels")
