"""``yunqi logistics reorder``, ``network-stock``, ``chain-stock``: when to order, how much, and where it lies."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from yunqi.commerce.logistics.cli.opened import AsJson, OpenApp
from yunqi.commerce.logistics.cli.printing import progress
from yunqi.commerce.logistics.service.plain_yard import (
    chain_document,
    reorder_document,
    replay_document,
    stock_document,
)
from yunqi.kernel import Invalid
from yunqi.kernel.printing import print_json, print_table

SHOWN = 30
"""Goods that are printed."""
COLUMNS = ("id", "order_at", "up_to", "lot", "cost", "fill", "plain_cost", "plain_fill")
GOODS = (
    "CSV: id, lead, fixed, hold; mean, deviation; backorder or fill; lead_deviation, review, pack. "
    "Or JSON: goods, seasons (id, demands, short, over)."
)


def add(app: typer.Typer, open_app: OpenApp) -> None:
    """Add the commands of stock."""
    _add_reorder(app, open_app)
    _add_networks(app, open_app)


def _add_reorder(app: typer.Typer, open_app: OpenApp) -> None:
    @app.command(
        help="When to order and how much. Examples: yunqi logistics reorder goods.csv --json; "
        "yunqi logistics reorder goods.csv --sales sales.csv --hold-out 84"
    )
    def reorder(
        file: Annotated[Path, typer.Argument(help=GOODS)],
        sales: Annotated[
            Path | None,
            typer.Option(help="CSV: id, date, quantity; tells the demand of goods without a mean, by days."),
        ] = None,
        hold_out: Annotated[
            int, typer.Option(help="Also play so many last days of the sales, levels set anew each week.")
        ] = 0,
        as_json: AsJson = False,
    ) -> None:
        if hold_out and sales is None:
            raise Invalid("--hold-out plays the last days of the sales: name them with --sales", "sales")
        with open_app() as opened, progress("ordering") as tell:
            stock = opened.logistics.stock
            panel = opened.logistics.forecasts.read(sales) if sales is not None else None
            found = reorder_document(stock.reorder(stock.read_reorders(file, panel)))
            if hold_out and panel is not None:
                replay = stock.replay(
                    file, panel, days=hold_out, on_day=lambda day: tell(day / hold_out, f"day {day} of {hold_out}")
                )
                found["held_out"] = replay_document(replay)
        if as_json:
            print_json(found)
        else:
            _print(found)


def _print(found: dict[str, Any]) -> None:
    if found["goods"]:
        cost, plain = (sum(one[key] for one in found["goods"]) for key in ("cost", "plain_cost"))
        Console().print(f"stock, orders and waiting cost {cost:.2f} a period; by the textbook's levels {plain:.2f}")
        print_table(
            [{key: one[key] for key in COLUMNS if key in one} for one in found["goods"][:SHOWN]], empty="no goods"
        )
        if len(found["goods"]) > SHOWN:
            Console().print(f"{len(found['goods']) - SHOWN} more with --json")
    if found["seasons"]:
        cost, mean = (sum(one[key] for one in found["seasons"]) for key in ("cost", "mean_cost"))
        Console().print(f"seasons miss or waste {cost:.2f} on average; buying the mean demand {mean:.2f}")
        print_table(found["seasons"], empty="no seasons")
    if "held_out" in found:
        played = found["held_out"]
        Console().print(
            f"the last {played['days']} days, levels set anew each week: {played['cost']:.2f} a day, "
            f"{played['fill']:.1%} there when asked for; the textbook's {played['textbook_cost']:.2f} a day, "
            f"{played['textbook_fill']:.1%}"
        )


def _add_networks(app: typer.Typer, open_app: OpenApp) -> None:
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
