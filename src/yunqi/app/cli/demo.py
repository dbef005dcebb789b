"""`yunqi demo`: the demo shop's feed files, written from a public data set and imported like any merchant's."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from yunqi.app.application import App, OpenApp
from yunqi.app.cli import lesson
from yunqi.app.cli.output import AsJson, progress_bar
from yunqi.commerce.catalog import ImportReport
from yunqi.flows.demo import DemoFiles, build_demo
from yunqi.kernel.printing import print_json

Shift = Annotated[
    int, typer.Option(help="Move the history by so many weeks; 0 leaves it in 2017, -1 lets it end just before today.")
]


def commands(open_app: OpenApp) -> typer.Typer:
    """Return the commands."""
    app = typer.Typer(help="The demo shop.", no_args_is_help=True)

    @app.command()
    def build(
        folder: Annotated[Path, typer.Argument(help="Where the feed files go.")],
        shift_weeks: Shift = -1,
        as_json: AsJson = False,
    ) -> None:
        """Write catalog.csv, promotions.csv and events.jsonl.gz. Example: yunqi demo build /tmp/feeds --shift-weeks 0"""
        files = _build(folder, shift_weeks)
        rows = {"catalog": str(files.catalog), "promotions": str(files.promotions), "events": str(files.events)}
        print_json(rows) if as_json else print("\n".join(rows.values()))

    @app.command()
    def load(shift_weeks: Shift = -1, as_json: AsJson = False) -> None:
        """Write the feed files and import them with the public importers. Safe to repeat; goes on where it stopped."""
        with open_app() as opened:
            reports = _load(opened, shift_weeks)
        rows = [{"kind": r.kind, "rows": r.rows, "added": r.added, "rejected": r.rejected} for r in reports]
        print_json({"imports": rows}) if as_json else print(
            "\n".join(
                f"{row['kind']}: {row['added']} of {row['rows']} rows, {row['rejected']} rejected" for row in rows
            )
        )

    lesson.add(app, open_app)
    return app


def _build(folder: Path, shift_weeks: int) -> DemoFiles:
    return build_demo(folder, today=datetime.now(UTC), shift_weeks=None if shift_weeks < 0 else shift_weeks)


def _load(opened: App, shift_weeks: int) -> list[ImportReport]:
    folder = opened.settings.kernel.data_dir / "demo"
    with progress_bar("Writing the demo shop's feed files"):
        files = _build(folder, shift_weeks)
    reports = []
    with progress_bar("Importing the catalog") as report:
        reports.append(opened.catalog.import_products(files.catalog, progress=report))
    with progress_bar("Importing promotions") as report:
        reports.append(opened.catalog.import_promotions(files.promotions, progress=report))
    with progress_bar("Importing a year of baskets") as report:
        reports.append(opened.activity.import_events(files.events, progress=report))
    return reports
