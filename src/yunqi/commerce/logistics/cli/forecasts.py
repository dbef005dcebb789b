"""``yunqi logistics forecast``: demand to come."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from yunqi.commerce.logistics.cli.opened import AsJson, OpenApp
from yunqi.commerce.logistics.cli.printing import print_json, table
from yunqi.commerce.logistics.model.forecast import Bucket
from yunqi.commerce.logistics.service.plain import forecast_rows


def add(app: typer.Typer, open_app: OpenApp) -> None:
    """Add the commands of forecasting."""

    @app.command(help="Forecast demand. Example: yunqi logistics forecast sales.csv --by week --horizon 4 --json")
    def forecast(
        file: Annotated[Path, typer.Argument(help="CSV with the columns id, date (YYYY-MM-DD), quantity.")],
        by: Annotated[Bucket, typer.Option(help="What one number covers.")] = Bucket.WEEK,
        horizon: Annotated[int, typer.Option(help="How many of them.")] = 4,
        level: Annotated[float, typer.Option(help="Share of outcomes that the interval should hold.")] = 0.95,
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            desk = opened.logistics.forecasts
            found = desk.forecast(desk.read(file), bucket=by, buckets=horizon, level=level)
        rows = forecast_rows(found)
        if as_json:
            print_json({"method": found.method, "level": level, "by": by.value, "forecasts": rows})
            return
        Console().print(f"{len(found.ids)} series by {found.method}; the first 30 rows of {len(rows)}")
        table(rows[:30], empty="no series")
