"""`yunqi config`: what is set, and from where."""

from typing import Annotated

import typer

from yunqi.app.application import OpenApp
from yunqi.app.cli.output import AsJson
from yunqi.app.settings import load_settings
from yunqi.kernel.printing import print_json


def commands(open_app: OpenApp) -> typer.Typer:
    """Return the commands."""
    app = typer.Typer(help="Settings: their values, where each comes from, what each means.", no_args_is_help=True)

    @app.command()
    def show(section: Annotated[str, typer.Argument(help="Only this section.")] = "", as_json: AsJson = False) -> None:
        """Show every setting with its source and explanation. Example: yunqi config show kernel"""
        settings = load_settings()
        rows = [
            {
                "name": f"{info.section}.{info.name}",
                "value": "***" if info.secret and info.value else str(info.value),
                "source": info.source,
                "environment": info.environment,
                "doc": info.doc,
            }
            for info in settings.infos
            if section in ("", info.section)
        ]
        if as_json:
            print_json({"file": str(settings.file), "settings": rows})
            return
        for row in rows:
            print(f"{row['name']} = {row['value']!r}   ({row['source']}; {row['environment']})\n    {row['doc']}")

    @app.command()
    def path() -> None:
        """Print the path of the configuration file that is read."""
        print(load_settings().file.resolve())

    return app
