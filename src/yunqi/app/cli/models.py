"""``yunqi models``: the models that serve, and the family's catalogue and plans."""

import typer

from yunqi.app.application import OpenApp
from yunqi.cloud.models import cli as models_cli
from yunqi.cloud.studio import cli as studio_cli


def commands(open_app: OpenApp) -> typer.Typer:
    """Return the studio's commands with those of the models."""
    app = studio_cli.commands(open_app)
    models_cli.add(app)
    return app
