"""``yunqi logistics forecast``: demand to come."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from yunqi.commerce.logistics.cli.opened import AsJson, OpenApp
from yunqi.commerce.logistics.model.forecast import Bucket, Forecast
from yunqi.commerce.logistics.service.files import read_text
from yunqi.commerce.logistics.service.forecasts import ForecastDesk
from yunqi.commerce.logistics.service.plain import forecast_rows, hierarchy_rows, judged_row
from yunqi.kernel import Invalid
from yunqi.kernel.printing import print_json, print_table

SHOWN = 30
"""Rows that are printed."""


def add(app: typer.Typer, open_app: OpenApp) -> None:
    """Add the commands of forecasting."""

    @app.command(help="Forecast demand. Example: yunqi logistics forecast sales.csv --by week --horizon 4 --json")
    def forecast(
        file: Annotated[Path, typer.Argument(help="CSV with the columns id, date (YYYY-MM-DD), quantity.")],
        by: Annotated[Bucket, typer.Option(help="What one number covers.")] = Bucket.WEEK,
        horizon: Annotated[int, typer.Option(help="How many of them.")] = 4,
        level: Annotated[float, typer.Option(help="Share of outcomes that the interval should hold.")] = 0.95,
        known: Annotated[
            Path | None,
            typer.Option(help="CSV of what is known ahead, as promotions: id, date, quantities."),
        ] = None,
        hierarchy: Annotated[
            bool,
            typer.Option("--hierarchy", help="Also sums by the parts of ids (product/store) and in all; they add up."),
        ] = False,
        report: Annotated[bool, typer.Option("--report", help="Also hold out the last days: errors by class.")] = False,
        out: Annotated[
            Path | None, typer.Option(help="Write every forecast here, as CSV; JSON leaves them out then.")
        ] = None,
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            desk = opened.logistics.forecasts
            panel = desk.read(file)
            ahead = None
            if known is not None:
                ahead = desk.known(read_text(known, "a CSV table"), panel, bucket=by, buckets=horizon)
            found = desk.forecast(panel, bucket=by, buckets=horizon, level=level, known=ahead)
            rows = forecast_rows(found, most=None if as_json and out is None else SHOWN)
            document: dict[str, Any] = {"method": found.method, "level": level, "by": by.value, "forecasts": rows}
            if out is not None:
                document["forecasts"] = []
                document["file"] = _written(desk, found, out)
            if hierarchy:
                document["hierarchy"] = hierarchy_rows(desk.hierarchy(panel, bucket=by, buckets=horizon))
            if report:
                judged = desk.judge(panel, bucket=by, buckets=horizon, level=level, known=ahead)
                document["report"] = [judged_row(one) for one in judged]
        if as_json:
            print_json(document)
            return
        Console().print(f"{len(found.ids)} series by {found.method}; the first {SHOWN} rows of {found.median.size}")
        print_table(rows[:SHOWN], empty="no series")
        print_table(document.get("hierarchy", [])[:SHOWN], empty="")
        print_table(document.get("report", []), empty="")


def _written(desk: ForecastDesk, found: Forecast, out: Path) -> str:
    try:
        desk.write(found, out)
    except OSError as error:
        raise Invalid(f"{out} cannot be written: {error.strerror}", "out") from error
    return str(out)
