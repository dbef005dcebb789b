"""Options that several commands share, and how they print."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer
from rich.console import Console
from rich.table import Table

from yunqi.kernel import Invalid
from yunqi.kernel.printing import print_json
from yunqi.labs.npu.service import Compiled, Npu


class HasNpu(Protocol):
    """The opened application, as far as these commands need it."""

    @property
    def npu(self) -> Npu:
        """The lab."""


OpenApp = Callable[[], AbstractContextManager[HasNpu]]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
File = Annotated[Path, typer.Argument(help="An ONNX network.")]
Batch = Annotated[int, typer.Option(help="What a dynamic first dimension is taken to be.")]
Shape = Annotated[list[str], typer.Option("--shape", help="Shape of an input, as input=1,3,224,224; repeatable.")]
Bits = Annotated[int, typer.Option(help="Width of weights and activations: 8 or 16.")]
Chips = Annotated[int, typer.Option(help="How many chips the network may be spread over.")]
ChipName = Annotated[
    str, typer.Option("--chip", help="A known chip or a parameter file. Default: the setting npu.chip.")
]
Change = Annotated[list[str], typer.Option("--set", help="Change a parameter of the chip, as cores=8; repeatable.")]
Inputs = Annotated[
    Path | None, typer.Option("--inputs", help="A .npz file: arrays by input name, runs along the first axis.")
]


def compiled_for(
    npu: Npu, file: Path, batch: int, shape: list[str], bits: int, chips: int, chip: str, change: list[str]
) -> Compiled:
    """Compile what the shared options describe."""
    target = npu.chip(chip, dict(pair(text) for text in change))
    shapes = dict(parse_shape(text) for text in shape)
    return npu.compile(file, batch=batch, shapes=shapes, bits=bits, chips=chips, chip=target)


def parse_shape(text: str) -> tuple[str, tuple[int, ...]]:
    """Read ``name=1,3,224,224``."""
    name, _, sizes = text.rpartition("=")
    try:
        return name, tuple(int(size) for size in sizes.lower().replace("x", ",").split(","))
    except ValueError as error:
        raise Invalid(f"--shape {text!r} must read like input=1,3,224,224.", "shape") from error


def pair(text: str) -> tuple[str, float]:
    """Read ``name=number``."""
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError as error:
        raise Invalid(f"--set {text!r} must read like cores=8.", "set") from error


def print_document(document: Any, as_json: bool, rows: Sequence[dict[str, Any]]) -> None:
    """Print one JSON document, or a table of ``rows``."""
    if as_json:
        print_json(document, compact=True)
        return
    table = Table(*(rows[0] if rows else ()), box=None)
    for row in rows:
        table.add_row(*(f"{value:,.4g}" if isinstance(value, float) else str(value) for value in row.values()))
    Console().print(table if rows else "nothing")


def write(path: Path, text: str) -> None:
    """Write a text file, naming it when that fails."""
    try:
        path.write_text(text)
    except OSError as error:
        raise Invalid(f"{path} cannot be written: {error.strerror}.", "file") from error
