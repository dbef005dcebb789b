"""``yunqi import``: feeds of products, promotions and events."""

import typer

from yunqi.app.application import OpenApp
from yunqi.commerce.activity import cli as activity_cli
from yunqi.commerce.catalog import cli as catalog_cli


def commands(open_app: OpenApp) -> typer.Typer:
    """Return the imports of every domain that has one."""
    app = typer.Typer(name="import", help="Import feeds: catalog, promotions, events.", no_args_is_help=True)
    catalog_cli.add_imports(app, open_app)
    activity_cli.add_imports(app, open_app)
    return app
