"""Options that several commands share, and how they print."""

import dataclasses
import json
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
from yunqi.labs.npu.model import Aim, Graph, QuantisedGraph, Recipe, Wide
from yunqi.labs.npu.service import Compiled, Npu
from yunqi.labs.npu.service.pictures import Preparation, prepared_folder
from yunqi.labs.npu.service.quantising import Feeds, load_feeds, random_feeds
from yunqi.labs.npu.service.quantising import Progress as Report
from yunqi.labs.npu.service.widening import Widening


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
Views = Annotated[int, typer.Option("--views", help="With pictures: inputs of each; random parts after the first.")]
Agreement = Annotated[
    float, typer.Option("--agreement", help="Same largest output as floating point, wanted share of inputs, as 0.995.")
]
Tolerance = Annotated[
    float, typer.Option("--tolerance", help="Relative error that is allowed; operands get 16 bits until it holds.")
]
Confidence = Annotated[
    float, typer.Option("--confidence", help="With --agreement: how surely it must be shown, as 0.95.")
]
Judges = Annotated[
    Path | None,
    typer.Option("--judge", help="Inputs (.npz or folder) that widths are judged by; else half of the others."),
]
WidthsFile = Annotated[
    Path | None, typer.Option("--widths", help="Operands of 16 bits, as `quantize --save-widths` wrote them.")
]


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
    npu: Npu, compiled: Compiled, feeds: Feeds, named: RecipeName, recipe: Recipe, *, synthetic: bool,
    aim: Aim, judges: Feeds | None,
) -> tuple[Compiled, QuantisedGraph, Widening | None]:  # fmt: skip
    """Quantise by a recipe's name, to an aim when there is one, with a progress bar."""
    if synthetic and (named is RecipeName.BEST or aim):
        what = "--recipe best" if named is RecipeName.BEST else "A wanted agreement or tolerance"
        raise Invalid(f"{what} needs real inputs: give --inputs or --pictures.", "inputs")
    if named is RecipeName.BEST:
        recipe = dataclasses.replace(recipe, level=True, compensate=True)
    with progress_bar("quantising") as report:
        if aim:
            return npu.widen(compiled, feeds, aim=aim, recipe=recipe, judges=judges, progress=report)
        if named is RecipeName.BEST:
            return *npu.refine(compiled, feeds, recipe=recipe, progress=report), None
        return compiled, npu.quantise(compiled, feeds, recipe=recipe, progress=report), None


def read_widths(path: Path | None) -> Wide:
    """Read which operands take 16 bits."""
    if path is None:
        return Wide()
    try:
        document = json.loads(path.read_text())
        sides = [document[side] for side in ("inputs", "weights")]
        if not all(isinstance(name, str) for side in sides for name in side):
            raise TypeError("names are texts")
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}.", "widths") from error
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid(
            f'{path.name} must read like {{"inputs": ["Conv_1"], "weights": []}}; `yunqi npu quantize --agreement 0.995 '
            "--save-widths FILE` writes one.",
            "widths",
        ) from error
    return Wide(frozenset(sides[0]), frozenset(sides[1]))


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
    npu: Npu, graph: Graph, inputs: Path | None, pictures: Path | None, preparation: Preparation, *, most: int = 0,
    views: int = 1,
) -> Feeds:  # fmt: skip
    """Return inputs from a file, from a folder of pictures, or random ones."""
    if pictures is not None:
        return prepared_folder(graph, pictures, preparation, most=most or npu.config.calibration_images, views=views)
    return load_feeds(graph, inputs) if inputs is not None else random_feeds(graph, 2)


def judges_for(npu: Npu, graph: Graph, judge: Path | None, preparation: Preparation, views: int) -> Feeds | None:
    """Return the inputs that widths are judged by, from a file or a folder of pictures."""
    if judge is None:
        return None
    inputs, pictures = (None, judge) if judge.is_dir() else (judge, None)
    most = max(2, npu.config.judging_images // max(1, views))
    return feeds_for(npu, graph, inputs, pictures, preparation, most=most, views=views)


@contextmanager
def progress_bar(what: str) -> Iterator[Report]:
    """Show a bar on standard error while something long runs."""
    with Progress(transient=True, console=Console(stderr=True)) as bars:
        bar = bars.add_task(what, total=None)
        yield lambda done, of, label: bars.update(bar, completed=done, total=of, description=label)


def compiled_for(
    npu: Npu, file: Path, batch: int, shape: list[str], bits: int, chips: int, chip: str, change: list[str],
    widths: Path | None = None,
) -> Compiled:  # fmt: skip
    """Compile what the shared options describe."""
    target = npu.chip(chip, dict(pair(text) for text in change))
    shapes = dict(parse_shape(text) for text in shape)
    return npu.compile(file, batch=batch, shapes=shapes, bits=bits, wide=read_widths(widths), chips=chips, chip=target)


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
