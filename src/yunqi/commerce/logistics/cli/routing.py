"""``yunqi logistics solve``: routes."""

import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from yunqi.commerce.logistics.cli.opened import AsJson, OpenApp
from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.model import Plan, Problem, Rounding
from yunqi.commerce.logistics.service.clock import Budget, age
from yunqi.commerce.logistics.service.routing import load_problem, prepare, solve

File = Annotated[Path, typer.Argument(help="VRPLIB, Solomon, Li-Lim, our JSON or VROOM's.")]


def add(app: typer.Typer, open_app: OpenApp) -> None:
    """Add the commands of routing."""

    @app.command(name="solve", help="Plan routes. Example: yunqi logistics solve X-n101-k25.vrp --seconds 10 --json")
    def solve_file(
        file: File,
        seconds: Annotated[float, typer.Option(help="Wall-clock seconds, start-up included.")] = 10.0,
        seed: Annotated[int, typer.Option(help="Seed of the search.")] = 1,
        workers: Annotated[int, typer.Option(help="Threads.")] = 2,
        convention: Annotated[
            Rounding | None, typer.Option(help="Rounding of distances; by default the file's.")
        ] = None,
        progress: Annotated[bool, typer.Option("--progress", help="Print each better cost to standard error.")] = False,
        as_json: AsJson = False,
    ) -> None:
        budget = Budget(seconds, age())
        problem = load_problem(file, convention=convention)

        def tell(cost: float, at: float) -> None:
            print(f"{at:8.2f} s  {cost:,.1f}", file=sys.stderr)

        plan = solve(
            problem, LogisticsConfig(workers=workers), budget=budget, seed=seed, emit=tell if progress else None
        )
        show(document(problem, plan), as_json)

    @app.command(help="Compile the search once, so that later solves start at once; scripts/setup does it.")
    def warm(as_json: AsJson = False) -> None:
        took = prepare()
        print(msgspec.json.encode({"seconds": took}).decode() if as_json else f"ready after {took:.1f} s")


def document(problem: Problem, plan: Plan) -> dict[str, Any]:
    """Return a plan as the command line and the API show it."""

    def shown(key: str) -> str | int:
        return int(key) if problem.numeric_ids and key.lstrip("-").isdigit() else key

    return {
        "cost": round(plan.cost, 6),
        "routes": [{"vehicle": shown(r.vehicle), "stops": [shown(stop) for stop in r.stops]} for r in plan.routes],
        "unserved": [
            {"id": shown(one.id), "reasons": list(one.reasons), "relaxation": one.relaxation} for one in plan.unserved
        ],
        "gap": plan.gap,
        "bound": plan.bound,
        "seconds": round(plan.seconds, 3),
        "partial": bool(plan.unserved),
        "matrix": {"source": plan.source},
        "solver": plan.solver,
        "seed": plan.seed,
        "iterations": plan.iterations,
        "notes": list(plan.notes),
    }


def show(found: dict[str, Any], as_json: bool) -> None:
    """Print a plan: one JSON document, or lines for people."""
    if as_json:
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
        return
    gap = "no bound" if found["gap"] is None else f"at most {found['gap']:.1%} above the bound {found['bound']:,.1f}"
    print(f"cost {found['cost']:,.1f} ({gap}), {len(found['routes'])} routes, {found['seconds']:.1f} s")
    print(f"distances: {found['matrix']['source']}")
    for route in found["routes"]:
        print(f"  {route['vehicle']}: {' '.join(map(str, route['stops']))}")
    for one in found["unserved"]:
        print(
            f"  not served {one['id']}: {'; '.join(one['reasons'])}. Would do: {one['relaxation'] or 'nothing found'}"
        )
    for note in found["notes"]:
        print(f"  note: {note}")
