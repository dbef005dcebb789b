"""``yunqi logistics eta`` and ``returns``: what arrives, and what comes back."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from yunqi.commerce.logistics.cli.opened import AsJson, OpenApp
from yunqi.commerce.logistics.service.arrivals import arrival_rows, eta_document, report_row, returns_document
from yunqi.kernel.printing import print_json, print_table


def add(app: typer.Typer, open_app: OpenApp) -> None:
    """Add the commands of arrivals and returns."""

    @app.command(
        help="Forecast arrivals, and show how well intervals held on the last fifth of the history. "
        "Example: yunqi logistics eta trips.csv --by carrier --ask under_way.csv --json"
    )
    def eta(
        history: Annotated[
            Path,
            typer.Argument(help="CSV: started (ISO 8601 with offset), minutes, and whatever was known at the start."),
        ],
        by: Annotated[str | None, typer.Option(help="Column of classes that have intervals of their own.")] = None,
        ask: Annotated[Path | None, typer.Option(help="CSV of trips under way, with the same columns.")] = None,
        level: Annotated[float, typer.Option(help="Share of trips that the interval should hold.")] = 0.95,
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            desk = opened.logistics.arrivals
            trips = desk.read_trips(history)
            document: dict[str, Any] = {"level": level, "report": eta_document(desk.judge(trips, by=by, level=level))}
            if ask is not None:
                asked = desk.read_trips(ask, like=trips)
                document["arrivals"] = arrival_rows(asked, desk.arrivals(trips, asked, by=by, level=level))
        if as_json:
            print_json(document)
            return
        report = document["report"]
        Console().print(f"last fifth of {history.name}, each trip forecast as it began; wanted {level:.0%}")
        print_table([report["held_out"], report["without_adapting"] | {"name": "without adapting"}], empty="")
        print_table([*report["horizons"], *report["groups"]], empty="")
        print_table(document.get("arrivals", []), empty="")

    @app.command(help="Forecast returns. Example: yunqi logistics returns orders.csv --horizon 28 --report --json")
    def returns(
        orders: Annotated[
            Path, typer.Argument(help="CSV: id, ordered, returned (empty while out), product, category.")
        ],
        as_of: Annotated[
            str | None, typer.Option(help="Day up to which the table is complete; by default today.")
        ] = None,
        horizon: Annotated[int, typer.Option(help="Days.")] = 28,
        level: Annotated[float, typer.Option(help="Share of days that the interval should hold.")] = 0.95,
        report: Annotated[bool, typer.Option("--report", help="Also hold out the last days and compare.")] = False,
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            desk = opened.logistics.arrivals
            lines = desk.read_orders(orders, as_of=as_of)
            document = returns_document(lines, desk.returns(lines, horizon=horizon, level=level))
            if report:
                document["report"] = report_row(desk.judge_returns(lines, horizon=horizon, level=level))
        if as_json:
            print_json(document)
            return
        total = document["total"]
        Console().print(f"{total['mean']:.1f} returns in {horizon} days ({total['low']} to {total['high']})")
        print_table(document["days"], empty="")
        if report:
            print_table([document["report"]], empty="")
