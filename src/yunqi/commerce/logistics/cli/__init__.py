"""``yunqi logistics``: each family of commands is a module of its own beside this one."""

import typer

from yunqi.commerce.logistics.cli import (
    arrivals,
    berths,
    customs,
    depot,
    floor,
    forecasts,
    journeys,
    packing,
    roads,
    routing,
    scale,
    stock,
    yard,
)
from yunqi.commerce.logistics.cli.opened import OpenApp


def commands(open_app: OpenApp) -> typer.Typer:
    """Return the commands of ``yunqi logistics``; ``open_app`` opens the application for one command."""
    app = typer.Typer(name="logistics", help="Routes, packing, berths, warehouses, forecasts.", no_args_is_help=True)
    routing.add(app, open_app)
    packing.add(app, open_app)
    berths.add(app, open_app)
    forecasts.add(app, open_app)
    depot.add(app, open_app)
    roads.add(app, open_app)
    customs.add(app, open_app)
    journeys.add(app, open_app)
    arrivals.add(app, open_app)
    floor.add(app, open_app)
    yard.add(app, open_app)
    stock.add(app, open_app)
    scale.add(app, open_app)
    return app
