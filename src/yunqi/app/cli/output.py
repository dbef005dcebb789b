"""How commands print: one JSON document, or a table for people."""

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]


def print_json(document: Any) -> None:
    """Print one JSON document."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(document, enc_hook=str), indent=2).decode() + "\n")


def print_table(rows: Sequence[dict[str, Any]], *, empty: str) -> None:
    """Print rows as a table, or say ``empty`` when there are none."""
    console = Console(soft_wrap=False)
    if not rows:
        console.print(empty)
        return
    table = Table(header_style="bold", box=None, pad_edge=False)
    for name in rows[0]:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    console.print(table)
