"""``yunqi logistics matrix``: seconds and metres by road."""

import importlib
from pathlib import Path
from typing import Annotated

import typer

from yunqi.commerce.logistics.cli.opened import AsJson, OpenApp
from yunqi.kernel.printing import print_json


def add(app: typer.Typer, open_app: OpenApp) -> None:
    """Add the commands of roads."""

    @app.command(
        help="Measure by road, from each point to each. Example: yunqi logistics matrix city.osm.pbf points.csv --json"
    )
    def matrix(
        extract: Annotated[Path, typer.Argument(help="OpenStreetMap extract, .osm.pbf.")],
        points: Annotated[Path, typer.Argument(help="CSV with the columns id, lat, lon.")],
        profile: Annotated[str, typer.Option(help="car, van, bike or foot.")] = "car",
        snap: Annotated[float, typer.Option(help="Metres that a point may lie from its road.")] = 300.0,
        height: Annotated[float | None, typer.Option(help="Metres of the vehicle; by default the profile's.")] = None,
        weight: Annotated[float | None, typer.Option(help="Tonnes of the vehicle; by default the profile's.")] = None,
        as_json: AsJson = False,
    ) -> None:
        tools = importlib.import_module("yunqi.commerce.logistics.service.roads")  # loads scipy
        degrees, names = tools.read_points(points)
        network = tools.roads(extract, profile, limit_m=snap, height_m=height, weight_t=weight)
        found = network.matrix(degrees, names)
        if as_json:
            print_json(
                {
                    "source": network.source,
                    "profile": profile,
                    "ids": names,
                    "snapped_m": [round(float(gap), 1) for gap in found.snapped_m],
                    "seconds": found.seconds.round().astype(int).tolist(),
                    "metres": found.metres.round().astype(int).tolist(),
                }
            )
            return
        print(f"{network.source}, {profile}: {len(network.graph.seconds):,} directed edges")
        for a, name in enumerate(names):
            print(f"{name} (snapped {found.snapped_m[a]:.0f} m)")
            for b, other in enumerate(names):
                if a != b:
                    print(f"  to {other}: {found.seconds[a, b]:,.0f} s, {found.metres[a, b]:,.0f} m")
