"""How commands of every domain print: one JSON document for programs, or a table for people."""

import sys
from collections.abc import Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table


def print_json(document: Any, *, compact: bool = False) -> None:
    """Print one JSON document, indented, or with ``compact`` on one line; what JSON has no form for is printed as text."""
    encoded = msgspec.json.encode(document, enc_hook=str)
    sys.stdout.write((encoded if compact else msgspec.json.format(encoded, indent=2)).decode() + "\n")


def print_table(rows: Sequence[dict[str, Any]], *, empty: str) -> None:
    """Print rows as a table, or say ``empty`` when there are none."""
    console = Console()
    if not rows:
        console.print(empty)
        return
    table = Table(header_style="bold", box=None, pad_edge=False)
    for name in rows[0]:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    console.print(table)
