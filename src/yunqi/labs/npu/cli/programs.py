"""``yunqi npu`` compile, asm, profile, sweep, chip, reference."""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from yunqi.kernel import Invalid, NotFound
from yunqi.labs.npu.cli.options import (
    AsJson,
    Batch,
    Bits,
    Change,
    ChipName,
    Chips,
    File,
    OpenApp,
    Shape,
    WidthsFile,
    compiled_for,
    pair,
    parse_shape,
    print_document,
    write,
)  # fmt: skip
from yunqi.labs.npu.engine.compile import assemble, disassemble, from_text, to_text
from yunqi.labs.npu.engine.plots import scatter
from yunqi.labs.npu.engine.timing import Batching
from yunqi.labs.npu.engine.timing.timeline import simulate
from yunqi.labs.npu.engine.timing.views import perfetto
from yunqi.labs.npu.service.documents import (
    chip_document,
    compiled_document,
    profile_document,
    roofline_plot,
    sweep_rows,
)


def program_commands(app: typer.Typer, open_app: OpenApp) -> None:
    """Add the commands about programs and chips."""
    _compile(app, open_app)
    _asm(app, open_app)
    _profile(app, open_app)
    _sweep(app, open_app)
    _chip(app, open_app)
    _fit(app, open_app)


def _compile(app: typer.Typer, open_app: OpenApp) -> None:
    @app.command(
        "compile", help="Compile a network: segments, memory, refusals. Example: yunqi npu compile net.onnx --json"
    )
    def compile_(
        file: File, batch: Batch = 1, shape: Shape = [], bits: Bits = 8, chips: Chips = 1, chip: ChipName = "",  # noqa: B006
        change: Change = [],  # noqa: B006
        widths: WidthsFile = None,
        layers: Annotated[bool, typer.Option("--layers", help="List every layer too.")] = False,
        as_json: AsJson = False,
    ) -> None:  # fmt: skip
        with open_app() as opened:
            compiled = compiled_for(opened.npu, file, batch, shape, bits, chips, chip, change, widths)
        document = compiled_document(compiled, layers=layers)
        print_document(document, as_json, document.get("layers") or document["segments"])
        if not as_json:
            _print_summary(document)


def _asm(app: typer.Typer, open_app: OpenApp) -> None:
    @app.command(help="Print, assemble or disassemble a program. Example: yunqi npu asm net.onnx --out net.npu")
    def asm(
        file: Annotated[Path, typer.Argument(help="An ONNX network, a program's text (.npuasm), or its image (.npu).")],
        batch: Batch = 1, shape: Shape = [], bits: Bits = 8, chip: ChipName = "",  # noqa: B006
        widths: WidthsFile = None,
        out: Annotated[Path | None, typer.Option(help="Write the image (.npu) or the text (any other name) here.")] = None,
        as_json: AsJson = False,
    ) -> None:  # fmt: skip
        with open_app() as opened:
            if file.suffix == ".onnx":
                compiled = compiled_for(opened.npu, file, batch, shape, bits, 1, chip, [], widths)
                text = to_text(opened.npu.instructions(compiled))
            else:
                text = _program_text(file)
        if out is not None and out.suffix == ".npu":
            out.write_bytes(assemble(text))
        elif out is not None:
            write(out, text)
        rows = [{"instructions": len(from_text(text)), "image_bytes": len(assemble(text)), "file": str(out or "")}]
        if as_json or out is not None:
            print_document({**rows[0], "text": text}, as_json, rows)
        else:
            sys.stdout.write(text)


def _program_text(file: Path) -> str:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise NotFound(f"{file} cannot be read.", "file") from error
    if file.suffix == ".npu":
        return disassemble(data)
    return to_text(from_text(data.decode(errors="replace")))


def _profile(app: typer.Typer, open_app: OpenApp) -> None:
    @app.command(
        help="Cycles and energy of each layer. Example: yunqi npu profile net.onnx --trace t.json --roofline r.svg"
    )
    def profile(
        file: File, batch: Batch = 1, shape: Shape = [], bits: Bits = 8, chips: Chips = 1, chip: ChipName = "",  # noqa: B006
        change: Change = [],  # noqa: B006
        widths: WidthsFile = None,
        split: Annotated[bool, typer.Option("--split", help="One image over all cores instead of one a core.")] = False,
        trace: Annotated[Path | None, typer.Option(help="Write a Perfetto trace here.")] = None,
        roofline_: Annotated[Path | None, typer.Option("--roofline", help="Write a roofline plot (SVG) here.")] = None,
        as_json: AsJson = False,
    ) -> None:  # fmt: skip
        with open_app() as opened:
            compiled = compiled_for(opened.npu, file, batch, shape, bits, chips, chip, change, widths)
        document = profile_document(compiled, split=split)
        if trace is not None:
            batching = Batching.SPLIT if split else Batching.BATCH
            write(
                trace, json.dumps(perfetto(simulate(compiled.program, compiled.chip, batching=batching), compiled.chip))
            )
        if roofline_ is not None:
            write(roofline_, roofline_plot(compiled))
        print_document(document, as_json, document["layers"])
        if not as_json:
            energy = document["energy"]
            Console().print(
                f"{document['peak_ips']:,.0f} images/s, {document['one_image_us']:.1f} us over all cores, "
                f"{energy['watts']:.0f} W, {energy['images_per_joule']:.0f} images/J", highlight=False,
            )  # fmt: skip


def _sweep(app: typer.Typer, open_app: OpenApp) -> None:
    @app.command(help="Try variants of the chip. Example: yunqi npu sweep net.onnx --axis cores=2,4,8 --plot p.svg")
    def sweep(
        file: File,
        axis: Annotated[list[str], typer.Option("--axis", help="Values of a parameter, as cores=2,4,8; repeatable.")],
        batch: Batch = 1, shape: Shape = [], bits: Bits = 8, chip: ChipName = "",  # noqa: B006
        plot: Annotated[Path | None, typer.Option(help="Write images/s over area (SVG) here.")] = None,
        as_json: AsJson = False,
    ) -> None:  # fmt: skip
        with open_app() as opened:
            graph = opened.npu.read(file, batch=batch, shapes=dict(parse_shape(text) for text in shape))
            variants = opened.npu.sweep(
                graph, dict(_axis(text) for text in axis), chip=opened.npu.chip(chip), bits=bits
            )
        rows = sweep_rows(variants)
        if plot is not None:
            points = [
                (row["area_mm2"], row["peak_ips"], str(dict(one.changes)))
                for row, one in zip(rows, variants, strict=True)
            ]
            best = [point for point, one in zip(points, variants, strict=True) if one.best]
            write(
                plot,
                scatter(
                    points, best, title="Designs; the line joins those that none beats", across="mm2", up="images/s"
                ),
            )
        print_document({"variants": rows}, as_json, rows)


def _axis(text: str) -> tuple[str, list[float]]:
    name, _, values = text.partition("=")
    try:
        return name, [float(value) for value in values.split(",")]
    except ValueError as error:
        raise Invalid(f"--axis {text!r} must read like cores=2,4,8.", "axis") from error


def _chip(app: typer.Typer, open_app: OpenApp) -> None:
    @app.command(help="Show a chip's parameters, each with its basis and source. Example: yunqi npu chip --json")
    def chip(
        name: Annotated[str, typer.Argument(help="A known chip or a parameter file.")] = "",
        change: Change = [],  # noqa: B006
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            document = chip_document(opened.npu.chip(name, dict(pair(text) for text in change)))
        print_document(document, as_json, document["parameters"])

    @app.command(help="Write a reference network with random weights. Example: yunqi npu reference resnet50 r50.onnx")
    def reference(
        name: Annotated[
            str, typer.Argument(help="resnet50, mobilenet-v2, efficientnet-b0, vit-tiny, bert-small, dense-gemm.")
        ],
        file: Annotated[Path, typer.Argument(help="Where to write it.")],
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            data = opened.npu.reference(name)
        try:
            file.write_bytes(data)
        except OSError as error:
            raise Invalid(f"{file} cannot be written: {error.strerror}.", "file") from error
        row = {"network": name, "file": str(file), "bytes": len(data)}
        print_document(row, as_json, [row])


def _fit(app: typer.Typer, open_app: OpenApp) -> None:
    @app.command(help="Solve for the one fitted number. Example: yunqi npu fit resnet50.onnx --offline 69306.6")
    def fit(
        file: File,
        offline: Annotated[float, typer.Option(help="Images a second that MLPerf Offline shall give.")] = 69_306.6,
        chip: ChipName = "",
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            compiled = opened.npu.compile(file, chip=opened.npu.chip(chip))
            found = opened.npu.fit(compiled, offline_ips=offline)
        row = {"parameter": "link_efficiency", "value": found, "stored": compiled.chip.link_efficiency}
        print_document(row, as_json, [row])

    @app.command(help="Halve and double each assumption. Example: yunqi npu sensitivity net.onnx --parameter rows")
    def sensitivity(
        file: File,
        parameter: Annotated[list[str], typer.Option("--parameter", help="Only this one; repeatable.")] = [],  # noqa: B006
        chip: ChipName = "",
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            compiled = opened.npu.compile(file, chip=opened.npu.chip(chip))
            found = opened.npu.sensitivities(compiled, parameter)
        rows = [{"parameter": one.parameter, "times": one.factor, **dataclasses.asdict(one.change)} for one in found]
        print_document({"changes": rows}, as_json, rows)


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
