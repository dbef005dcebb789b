"""Options that several commands share, and how they print."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from yunqi.cloud.hub import Hub
from yunqi.kernel import Invalid
from yunqi.kernel.printing import print_json
from yunqi.labs.npu.model import Graph, QuantisedGraph, Recipe
from yunqi.labs.npu.service import Compiled, Npu
from yunqi.labs.npu.service.pictures import Preparation, prepared_folder
from yunqi.labs.npu.service.quantising import Feeds, load_feeds, random_feeds
from yunqi.labs.npu.service.quantising import Progress as Report


class HasNpu(Protocol):
    """The opened application, as far as these commands need it."""

    @property
    def npu(self) -> Npu:
        """The lab."""

    @property
    def hub(self) -> Hub:
        """Where compiled networks are published."""


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
Pictures = Annotated[
    Path | None, typer.Option("--pictures", help="A folder of pictures to look at instead of --inputs.")
]
Mean = Annotated[
    str, typer.Option("--mean", help="With --pictures: what is taken from a pixel (0 to 255), as 127 or 124,116,104.")
]
Deviation = Annotated[str, typer.Option("--deviation", help="With --pictures: what a pixel is divided by then.")]


class RecipeName(Enum):
    """Recipes by name."""

    VENDOR = "vendor"
    BEST = "best"


RecipeOption = Annotated[
    RecipeName,
    typer.Option(
        "--recipe", help="vendor: as published. best: levelled channels and rounding by effect, on given inputs."
    ),
]


def quantised_for(
    npu: Npu, compiled: Compiled, feeds: Feeds, named: RecipeName, recipe: Recipe, *, synthetic: bool
) -> tuple[Compiled, QuantisedGraph]:
    """Quantise by a recipe's name, with a progress bar."""
    if named is RecipeName.BEST and synthetic:
        raise Invalid("--recipe best needs real inputs: give --inputs or --pictures.", "recipe")
    with progress_bar("quantising") as report:
        if named is RecipeName.BEST:
            best = dataclasses.replace(recipe, level=True, compensate=True)
            return npu.refine(compiled, feeds, recipe=best, progress=report)
        return compiled, npu.quantise(compiled, feeds, recipe=recipe, progress=report)


def preparation_for(mean: str, deviation: str) -> Preparation:
    """Read ``--mean`` and ``--deviation``."""
    found = []
    for option, text in (("mean", mean), ("deviation", deviation)):
        try:
            found.append(tuple(float(number) for number in text.split(",")))
        except ValueError as error:
            raise Invalid(f"--{option} {text!r} must read like 127.5 or 123.7,116.3,103.5.", option) from error
    return Preparation(found[0], found[1])


def feeds_for(
    npu: Npu, graph: Graph, inputs: Path | None, pictures: Path | None, preparation: Preparation, *, most: int = 0
) -> Feeds:
    """Return inputs from a file, from a folder of pictures, or random ones."""
    if pictures is not None:
        return prepared_folder(graph, pictures, preparation, most=most or npu.config.calibration_images)
    return load_feeds(graph, inputs) if inputs is not None else random_feeds(graph, 2)


@contextmanager
def progress_bar(what: str) -> Iterator[Report]:
    """Show a bar on standard error while something long runs."""
    with Progress(transient=True, console=Console(stderr=True)) as bars:
        bar = bars.add_task(what, total=None)
        yield lambda done, of, label: bars.update(bar, completed=done, total=of, description=label)


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
