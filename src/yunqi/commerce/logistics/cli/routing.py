"""``yunqi logistics solve``: routes."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from yunqi.commerce.logistics.cli.opened import AsJson, OpenApp
from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.model import Problem, Rounding, Route
from yunqi.commerce.logistics.service.clock import Budget, age
from yunqi.commerce.logistics.service.desk import explained
from yunqi.commerce.logistics.service.reading import read_replan
from yunqi.commerce.logistics.service.routing import load_document, load_problem, prepare, solve, with_roads
from yunqi.commerce.logistics.service.routing import replan as plan_again
from yunqi.commerce.logistics.service.shown import plan_document, replan_document
from yunqi.kernel.printing import print_json

File = Annotated[Path, typer.Argument(help="VRPLIB, Solomon, Li-Lim, our JSON or VROOM's.")]


def add(app: typer.Typer, open_app: OpenApp) -> None:
    """Add the commands of routing."""

    @app.command(name="solve", help="Plan routes. Example: yunqi logistics solve X-n101-k25.vrp --seconds 10 --json")
    def solve_file(
        file: File,
        seconds: Annotated[float, typer.Option(help="Wall-clock seconds, start-up included.")] = 10.0,
        seed: Annotated[int, typer.Option(help="Seed of the search.")] = 1,
        workers: Annotated[int, typer.Option(help="Threads.")] = 2,
        iterations: Annotated[
            int | None,
            typer.Option(
                min=1, help="A budget in iterations, not time: the same file, seed and threads give the same plan."
            ),
        ] = None,
        convention: Annotated[
            Rounding | None, typer.Option(help="Rounding of distances; by default the file's.")
        ] = None,
        expected: Annotated[
            int, typer.Option(min=0, help="Orders still to come, less cancelled ones: room is kept for so many.")
        ] = 0,
        progress: Annotated[bool, typer.Option("--progress", help="Print each better cost to standard error.")] = False,
        times: Annotated[bool, typer.Option("--times", help="Also when each stop is reached, begun and left.")] = False,
        as_json: AsJson = False,
    ) -> None:
        budget = Budget(seconds, age())
        problem = load_problem(file, convention=convention)

        def tell(cost: float, at: float) -> None:
            print(f"{at:8.2f} s  {cost:,.1f}", file=sys.stderr)

        plan = solve(
            problem, LogisticsConfig(workers=workers), budget=budget, seed=seed, emit=tell if progress else None,
            iterations=iterations, expected=expected,
        )  # fmt: skip
        show(plan_document(problem, plan, times=times), as_json)

    @app.command(help="Plan again. FILE: {problem, plan, events}. Example: yunqi logistics replan day.json --seconds 2")
    def replan(
        file: File,
        seconds: Annotated[
            float, typer.Option(help="Wall-clock seconds for the new plan, start-up not included.")
        ] = 2.0,
        keep: Annotated[float, typer.Option(help="Share of untouched stops that must keep their vehicle.")] = 0.9,
        times: Annotated[bool, typer.Option("--times", help="Also when each stop is reached, begun and left.")] = False,
        as_json: AsJson = False,
    ) -> None:
        problem, routes, events = _day(file)
        found = plan_again(problem, routes, events, LogisticsConfig(), seconds=seconds, keep=keep)
        document = replan_document(found, times=times)
        show(document, as_json)
        if not as_json:
            for change in document["changes"]:
                print(f"  {change['what']} {change['id']}: {change['before']} -> {change['after']}")

    @app.command(
        help="Say why a task is not served, or why so. FILE: {problem, plan}. Example: yunqi logistics explain day.json t7"
    )
    def explain(
        file: File, task: Annotated[str, typer.Argument(help="Id of the task.")], as_json: AsJson = False
    ) -> None:
        problem, routes, _ = _day(file)
        found = explained(problem, routes, task)
        print_json(found, compact=as_json)

    @app.command(help="Compile the search once, so that later solves start at once; scripts/setup does it.")
    def warm(as_json: AsJson = False) -> None:
        took = prepare()
        print_json({"seconds": took}, compact=True) if as_json else print(f"ready after {took:.1f} s")


def _day(file: Path) -> tuple[Problem, list[Route], list[Any]]:
    return read_replan(load_document(file), name=file.name, read=lambda one, name: with_roads(one, name, file.parent))


def show(found: dict[str, Any], as_json: bool) -> None:
    """Print a plan: one JSON document, or lines for people."""
    if as_json:
        print_json(found, compact=True)
        return
    gap = "no bound" if found["gap"] is None else f"at most {found['gap']:.1%} above the bound {found['bound']:,.1f}"
    print(f"cost {found['cost']:,.1f} ({gap}), {len(found['routes'])} routes, {found['seconds']:.1f} s")
    print(f"distances: {found['matrix']['source']}")
    days = {day["vehicle"]: day for day in found.get("days", [])}
    for route in found["routes"]:
        print(f"  {route['vehicle']}: {' '.join(map(str, route['stops']))}")
        day = days.get(route["vehicle"])
        if day is not None:
            stops = ", ".join(f"{one['id']} {one['begins']:g}-{one['ends']:g}" for one in day["stops"])
            print(f"    leaves {day['departs']:g}; {stops}; back {day['returns']:g}")
    for one in found["unserved"]:
        would = (
            f"{one['relaxation']} ({'checked' if one['verified'] else 'not checked'})"
            if one["relaxation"]
            else "nothing"
        )
        print(f"  not served {one['id']}: {'; '.join(one['reasons'])}. Would do: {would}")
    for note in found["notes"]:
        print(f"  note: {note}")
