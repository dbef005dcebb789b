"""`yunqi store`: the database."""

from typing import Annotated

import typer
from rich.progress import Progress

from yunqi.app.application import OpenApp
from yunqi.app.cli.output import AsJson
from yunqi.app.domains import migrations
from yunqi.app.settings import load_settings
from yunqi.kernel import KernelConfig
from yunqi.kernel.clock import now, to_micros
from yunqi.kernel.printing import print_json, print_table
from yunqi.kernel.store import MoveReport, Store, connect, move


def commands(open_app: OpenApp) -> typer.Typer:
    """Return the commands."""
    app = typer.Typer(help="The database: migrate, move, check.", no_args_is_help=True)

    @app.command()
    def migrate(as_json: AsJson = False) -> None:
        """Bring the schema up to date. `yunqi up` does this itself."""
        with open_app(migrate=False) as opened:
            fresh = opened.kernel.migrate(migrations())
        rows = [{"domain": step.domain, "number": step.number, "name": step.name} for step in fresh]
        print_json({"applied": rows}) if as_json else print_table(rows, empty="The schema is up to date.")

    @app.command("move")
    def move_(
        source: Annotated[str, typer.Argument(help="URL to read from, as sqlite:///var/yunqi.db")],
        target: Annotated[str, typer.Argument(help="URL of an empty database, as oceanbase:////srv/yunqi/oceanbase")],
        as_json: AsJson = False,
    ) -> None:
        """Copy everything to another database and compare each row. Stop the server first."""
        settings = load_settings().kernel
        report = _move(settings, source, target)
        if as_json:
            print_json({"rows": report.rows, "total": report.total, "verified": True})
        else:
            print_table(
                [{"table": name, "rows": count} for name, count in report.rows.items()], empty="Nothing to move."
            )
            print(f"{report.total} rows moved and compared. Set YUNQI_DATABASE_URL to the target now.")

    return app


def _move(settings: KernelConfig, source: str, target: str) -> MoveReport:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    left = Store(*connect(source, settings.data_dir, busy_timeout=settings.busy_timeout))
    right = Store(*connect(target, settings.data_dir, busy_timeout=settings.busy_timeout))
    try:
        from yunqi.kernel.kernel import MIGRATIONS

        right.migrate([*MIGRATIONS, *migrations()], now=to_micros(now()))
        with Progress(transient=True) as bar:
            task = bar.add_task("move")
            return move(
                left,
                right,
                progress=lambda done, total, name: bar.update(task, completed=done, total=total, description=name),
            )
    finally:
        left.close()
        right.close()
