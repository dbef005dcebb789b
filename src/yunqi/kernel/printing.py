"""How commands of every domain print: one JSON document for programs, or a table for people."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

import msgspec
from rich.console import Console
from rich.table import Table


def print_json(document: Any, *, compact: bool = False) -> None:
    """Print one JSON document, indented, or with ``compact`` on one line; what JSON has no form for is printed as text."""
    encoded = msgspec.json.encode(document, enc_hook=str)
    sys.stdout.write((encoded if compact else msgspec.json.format(encoded, indent=2)).decode() + "\n")


@contextmanager
def document_alone() -> Iterator[None]:
    """Leave standard output to what we print: compiled libraries and child processes write to standard error instead."""
    ours: TextIO | None = sys.stdout
    try:
        number = ours.fileno() if ours else -1
        kept = os.dup(number)
    except (OSError, ValueError):  # closed, or not a file: nothing else writes there
        yield
        return
    assert ours
    ours.flush()
    with os.fdopen(kept, "w", encoding=ours.encoding, errors=ours.errors) as sys.stdout:
        os.dup2(2, number)
        try:
            yield
        finally:
            try:
                sys.stdout.flush()
            except BrokenPipeError:  # nobody reads any more
                os.dup2(os.open(os.devnull, os.O_WRONLY), kept)
            os.dup2(kept, number)
            sys.stdout = ours


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
