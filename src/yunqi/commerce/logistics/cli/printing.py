"""How the commands of logistics print."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table


def print_json(document: Any) -> None:
    """Print one JSON document."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n")


def table(rows: Sequence[dict[str, Any]], *, empty: str) -> None:
    """Print rows as a table, or say ``empty``."""
    console = Console()
    if not rows:
        console.print(empty)
        return
    shown = Table(header_style="bold", box=None, pad_edge=False)
    for name in rows[0]:
        shown.add_column(name, overflow="fold")
    for row in rows:
        shown.add_row(*("" if value is None else str(value) for value in row.values()))
    console.print(shown)


@contextmanager
def progress(what: str) -> Iterator[Callable[[float, str], None]]:
    """Show on a terminal how long work goes; yield what to tell: the share that is done, and a text."""
    console, started = Console(stderr=True), time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=1.0)
        yield lambda share, text: bar.update(task, completed=share, description=f"{what}: {text}")
    if console.is_terminal:
        console.print(f"{what}: {time.monotonic() - started:.1f} s", highlight=False)
