"""``yunqi logistics robots``, ``store``, ``fetch``, ``reorder``, ``network-stock``, ``chain-stock``: floor, yard, stock."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from yunqi.commerce.logistics.cli.opened import AsJson, OpenApp
from yunqi.commerce.logistics.service.plain_yard import (
    chain_document,
    reorder_document,
    retrieval_document,
    robots_document,
    stock_document,
    storage_document,
)
from yunqi.kernel.printing import print_json, print_table

Seconds = Annotated[float, typer.Option(help="Wall-clock seconds.")]
YardFile = Annotated[Path, typer.Argument(help="JSON: tiers, stacks (from the ground up), arrivals.")]


def add(app: typer.Typer, open_app: OpenApp) -> None:
    """Add the commands of robots, yard and stock."""
    _add_moves(app, open_app)
    _add_stock(app, open_app)


def _add_moves(app: typer.Typer, open_app: OpenApp) -> None:
    @app.command(help="Paths on which no robots meet. Example: yunqi logistics robots floor.json --seconds 5 --json")
    def robots(
        file: Annotated[Path, typer.Argument(help="JSON: grid, robots, errands.")],
        seconds: Seconds = 5.0,
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            yard = opened.logistics.yard
            found = robots_document(yard.robots(yard.read_robots(file), seconds=seconds))
        if as_json:
            print_json(found)
            return
        Console().print(
            f"{found['total_steps']} steps in all (no plan is below {found['total_bound']}), the last at {found['makespan']}"
        )
        print_table(
            [{"robot": one["id"], "steps": len(one["path"]) - 1, "ends": one["path"][-1]} for one in found["robots"]],
            empty="no robots",
        )
        print_table(found["errands"], empty="no errands")
        if found["open"]:
            Console().print(f"not done within the step limit: {', '.join(found['open'])}")

    @app.command(help="Stack arriving containers so that few block. Example: yunqi logistics store yard.json --json")
    def store(file: YardFile, seconds: Seconds = 5.0, as_json: AsJson = False) -> None:
        with open_app() as opened:
            yard = opened.logistics.yard
            found = storage_document(yard.store(yard.read_yard(file), seconds=seconds))
        if as_json:
            print_json(found)
            return
        Console().print(f"{found['blocking']} block one that leaves earlier (no way has fewer than {found['bound']})")
        print_table([{"container": name, "stack": at} for name, at in found["places"].items()], empty="none arrive")

    @app.command(help="Fetch all containers with few shifts. Example: yunqi logistics fetch yard.json --json")
    def fetch(file: YardFile, seconds: Seconds = 5.0, as_json: AsJson = False) -> None:
        with open_app() as opened:
            yard = opened.logistics.yard
            found = retrieval_document(yard.fetch(yard.read_yard(file), seconds=seconds))
        if as_json:
            print_json(found)
            return
        Console().print(f"{found['shifts']} shifts (no way has fewer than {found['bound']})")
        print_table(
            [{**one, "to": "out" if one["to"] is None else one["to"]} for one in found["moves"]], empty="no moves"
        )


def _add_stock(app: typer.Typer, open_app: OpenApp) -> None:
    @app.command(help="When to order and how much. Example: yunqi logistics reorder goods.csv --json")
    def reorder(
        file: Annotated[
            Path,
            typer.Argument(
                help="CSV: id, mean, lead, fixed, hold, backorder; or JSON: goods, seasons (id, demands, short, over)."
            ),
        ],
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            stock = opened.logistics.stock
            found = reorder_document(stock.reorder(stock.read_reorders(file)))
        if as_json:
            print_json(found)
            return
        if found["goods"]:
            cost, plain = (sum(one[key] for one in found["goods"]) for key in ("cost", "plain_cost"))
            Console().print(f"stock, orders and waiting cost {cost:.2f} a period; by the textbook's levels {plain:.2f}")
            print_table(found["goods"], empty="no goods")
        if found["seasons"]:
            cost, mean = (sum(one[key] for one in found["seasons"]) for key in ("cost", "mean_cost"))
            Console().print(f"seasons miss or waste {cost:.2f} on average; buying the mean demand {mean:.2f}")
            print_table(found["seasons"], empty="no seasons")

    @app.command(
        "network-stock",
        help="Safety stock over a tree of stages. Example: yunqi logistics network-stock network.json --json",
    )
    def network_stock(
        file: Annotated[Path, typer.Argument(help="JSON: cover, stages, links.")], as_json: AsJson = False
    ) -> None:
        with open_app() as opened:
            stock = opened.logistics.stock
            found = stock_document(stock.network(stock.read(file)))
        if as_json:
            print_json(found)
            return
        print_table(found["stages"], empty="no stages")
        Console().print(f"safety stock costs {found['cost']} a period; no other promises cost less")

    @app.command(
        "chain-stock",
        help="Base-stock levels of a chain with Poisson demand. Example: yunqi logistics chain-stock chain.json --json",
    )
    def chain_stock(
        file: Annotated[Path, typer.Argument(help="JSON: mean, backorder, stages (lead, hold), customer first.")],
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            found = chain_document(opened.logistics.stock.chain(file))
        if as_json:
            print_json(found)
            return
        rows = [
            {"stage": at, "echelon": level, "local": found["local"][at]} for at, level in enumerate(found["echelon"])
        ]
        print_table(rows, empty="no stages")
        Console().print(f"cost {found['cost']} a period; no other levels cost less")
