"""``yunqi logistics scale``: what very many parcels a day take."""

import contextlib
import importlib
import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console

from yunqi.commerce.logistics.cli.opened import AsJson, OpenApp
from yunqi.commerce.logistics.model.scale import Effort, ScalePlan, ScaleRun
from yunqi.kernel.printing import print_json


def add(app: typer.Typer, open_app: OpenApp) -> None:
    """Add the command of the scale plan."""

    @app.command(
        help="Depots, cores and cost of a day, from throughput measured now. "
        "Example: yunqi logistics scale --parcels 1000000 --run 20000 --workers 4 --kill 1"
    )
    def scale(
        parcels: Annotated[int, typer.Option(help="Parcels a day.")] = 1_000_000,
        area: Annotated[int, typer.Option(help="Most stops of a depot area.")] = 1_000,
        iterations: Annotated[int, typer.Option(help="Iterations of the search for each stop.")] = 500,
        hours: Annotated[float, typer.Option(help="From the last order to the first van.")] = 2.0,
        core_hour: Annotated[int, typer.Option(help="What a core costs an hour, minor units; an assumption.")] = 5,
        currency: Annotated[str, typer.Option(help="Currency of that price.")] = "EUR",
        run: Annotated[int, typer.Option(help="Really plan so many synthetic parcels on a Ray cluster.")] = 0,
        workers: Annotated[int, typer.Option(help="Workers of the cluster.")] = 2,
        kill: Annotated[int, typer.Option(help="Workers to kill while they search.")] = 0,
        seed: Annotated[int, typer.Option(help="Of the parcels and the search.")] = 1,
        as_json: AsJson = False,
    ) -> None:
        tools = importlib.import_module("yunqi.commerce.logistics.service.scale")  # loads the solvers
        effort = Effort(area, iterations, hours, core_hour=core_hour, currency=currency)
        planned = tools.scale(parcels, effort, tools.measure(effort, seed=seed))
        day: ScaleRun | None = None
        if run:
            cluster = importlib.import_module("yunqi.commerce.logistics.service.cluster")
            with contextlib.redirect_stdout(sys.stderr):  # Ray tells there of lost workers; the answer stays alone
                day = cluster.run_day(run, effort, workers=workers, seed=seed, kill=kill, on_event=print)
        if as_json:
            print_json(plan_document(planned) | {"run": None if day is None else run_document(day)})
        else:
            _show(planned, day)
        if day is not None and day.wrong:
            raise typer.Exit(1)


def plan_document(found: ScalePlan) -> dict[str, Any]:
    """Return a scale plan as plain values."""
    measured = {
        key: round(value, 4) if isinstance(value, float) else value for key, value in asdict(found.measured).items()
    }
    return {
        "parcels": found.parcels, "depots": found.depots, "vans": found.vans, "cores": found.cores,
        "cpu_hours": round(found.cpu_hours, 2), "memory_gib": round(found.memory_gib, 1),
        "cost": {"amount": found.cost, "currency": found.effort.currency, "core_hour_assumed": found.effort.core_hour},
        "measured": measured | {"stops_per_cpu_second": round(found.measured.stops_per_cpu_second, 1)},
        "effort": asdict(found.effort),
    }  # fmt: skip


def run_document(found: ScaleRun) -> dict[str, Any]:
    """Return a run as plain values: sums, and what the checker found."""
    return {
        "parcels": found.parcels, "areas": len(found.areas), "workers": found.workers,
        "served": sum(len(route) for area in found.areas for route in area.routes),
        "unserved": sum(len(area.unserved) for area in found.areas),
        "vans": sum(len(area.routes) for area in found.areas), "cost": sum(area.cost for area in found.areas),
        "cpu_seconds": round(sum(area.cpu_seconds for area in found.areas), 1), "seconds": round(found.seconds, 1),
        "killed": list(found.killed), "areas_planned_again": list(found.again), "wrong": list(found.wrong[:20]),
        "is_complete": not found.wrong, "synthetic": True,
    }  # fmt: skip


def _show(planned: ScalePlan, day: ScaleRun | None) -> None:
    console, measured = Console(), planned.measured
    console.print(
        f"measured: {measured.stops} stops in {measured.cpu_seconds:.1f} CPU s ({measured.stops_per_cpu_second:.0f} a CPU "
        f"second), {measured.above:.1%} above a search {measured.longer} times as long; load {measured.load:.1f}"
    )
    console.print(
        f"{planned.parcels:,} parcels a day: {planned.depots:,} depots, {planned.vans:,} vans, {planned.cpu_hours:,.1f} CPU "
        f"hours, {planned.cores:,} cores for {planned.effort.window_hours:g} h, {planned.memory_gib:,.0f} GiB, "
        f"{planned.cost:,} minor units of {planned.effort.currency} a day (assuming {planned.effort.core_hour} a core-hour)"
    )
    if day is not None:
        found = run_document(day)
        console.print(
            f"planned: {found['served']:,} of {day.parcels:,} synthetic parcels in {found['areas']} areas by {day.workers} "
            f"workers, {found['unserved']} unserved, {len(day.killed)} killed, {len(day.again)} areas planned again; "
            f"{'each parcel is in exactly one answer' if not day.wrong else day.wrong[0]}"
        )
