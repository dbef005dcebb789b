"""``yunqi npu``: compile, loadgen, reference."""

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any, Protocol

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from yunqi.kernel import Invalid
from yunqi.labs.npu.model import Scenario
from yunqi.labs.npu.service import Compiled, Npu
from yunqi.labs.npu.service.documents import compiled_document, load_document


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
    str, typer.Option("--chip", help="A known chip, or a parameter file. Default: the setting npu.chip.")
]
Change = Annotated[list[str], typer.Option("--set", help="Change a parameter of the chip, as cores=8; repeatable.")]


def commands(open_app: OpenApp) -> typer.Typer:
    """Return the commands of ``yunqi npu``; ``open_app`` opens the application for one command."""
    app = typer.Typer(
        name="npu", help="ONNX networks on the Hanguang 800 model: compile, load tests.", no_args_is_help=True
    )
    _compile_commands(app, open_app)
    return app


def _compile_commands(app: typer.Typer, open_app: OpenApp) -> None:
    @app.command(
        "compile", help="Compile a network: segments, memory, refusals. Example: yunqi npu compile net.onnx --json"
    )
    def compile_(
        file: File,
        batch: Batch = 1,
        shape: Shape = [],  # noqa: B006
        bits: Bits = 8,
        chips: Chips = 1,
        chip: ChipName = "",
        change: Change = [],  # noqa: B006
        layers: Annotated[bool, typer.Option("--layers", help="List every layer too.")] = False,
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            compiled = _compiled(opened.npu, file, batch, shape, bits, chips, chip, change)
        document = compiled_document(compiled, layers=layers)
        print_document(document, as_json, document.get("layers") or document["segments"])
        if not as_json:
            _print_summary(document)

    @app.command(help="Run an MLPerf scenario. Example: yunqi npu loadgen net.onnx --scenario server --json")
    def loadgen(
        file: File,
        scenario: Annotated[Scenario, typer.Option(help="Which scenario.")] = Scenario.OFFLINE,
        batch: Batch = 1,
        shape: Shape = [],  # noqa: B006
        bits: Bits = 8,
        chips: Chips = 1,
        chip: ChipName = "",
        change: Change = [],  # noqa: B006
        seed: Annotated[int, typer.Option(help="Seed of the arrivals.")] = 1,
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            compiled = _compiled(opened.npu, file, batch, shape, bits, chips, chip, change)
            document = load_document(opened.npu.loadgen(compiled, scenario, seed=seed))
        rows = [
            {name: document[name] for name in ("scenario", "system", "metric", "value", "unit", "valid", "queries")}
        ]
        print_document(document, as_json, rows)

    @app.command(help="Write a reference network with random weights. Example: yunqi npu reference resnet50 r50.onnx")
    def reference(
        name: Annotated[str, typer.Argument(help="resnet50, mobilenet-v2, efficientnet-b0, vit-tiny, bert-small.")],
        file: Annotated[Path, typer.Argument(help="Where to write it.")],
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            data = opened.npu.reference(name)
        file.write_bytes(data)
        row = {"network": name, "file": str(file), "bytes": len(data)}
        print_document(row, as_json, [row])


def _compiled(
    npu: Npu, file: Path, batch: int, shape: list[str], bits: int, chips: int, chip: str, change: list[str]
) -> Compiled:
    target = npu.chip(chip, dict(pair(text) for text in change))
    return npu.compile(
        file, batch=batch, shapes=dict(parse_shape(text) for text in shape), bits=bits, chips=chips, chip=target
    )


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
        sys.stdout.write(msgspec.json.encode(document).decode() + "\n")
        return
    table = Table(*(rows[0] if rows else ()), box=None)
    for row in rows:
        table.add_row(*(f"{value:,.4g}" if isinstance(value, float) else str(value) for value in row.values()))
    Console().print(table if rows else "nothing")


def _print_summary(document: dict[str, Any]) -> None:
    sram, pace = document["sram"], document["pace"]
    console = Console()
    console.print(
        f"on-chip memory: {sram['peak'] / 2**20:.1f} of {sram['capacity'] / 2**20:.0f} MB; {pace['peak_ips']:,.0f} "
        f"images/s with data on the chip, {pace['one_image_us']:.1f} us an image over all cores, utilisation "
        f"{pace['utilisation']:.1%}",
        highlight=False,
    )
    for refusal in document["refusals"]:
        console.print(f"on the host: {refusal['node']} ({refusal['op']}): {refusal['reason']}", highlight=False)
