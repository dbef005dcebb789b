"""``yunqi npu`` quantize, run, loadgen."""

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console

from yunqi.kernel import Invalid
from yunqi.labs.npu.cli.options import (
    Agreement,
    AsJson,
    Batch,
    Bits,
    Change,
    ChipName,
    Chips,
    Confidence,
    Deviation,
    File,
    Inputs,
    Judges,
    Mean,
    OpenApp,
    Pictures,
    RecipeName,
    RecipeOption,
    Shape,
    Tolerance,
    Views,
    WidthsFile,
    compiled_for,
    feeds_for,
    judges_for,
    preparation_for,
    print_document,
    quantised_for,
    write,
)  # fmt: skip
from yunqi.labs.npu.model import Aim, Calibration, Graph, QuantisedGraph, Recipe, Rounding, Scenario
from yunqi.labs.npu.service import Compiled
from yunqi.labs.npu.service.agreeing import Agreement as Compared
from yunqi.labs.npu.service.documents import load_document, wide_document, widening_document
from yunqi.labs.npu.service.quantising import Feeds, load_feeds, random_feeds
from yunqi.labs.npu.service.widening import Widening

_RANDOM = "random inputs: for speed and bits, not for accuracy"


def number_commands(app: typer.Typer, open_app: OpenApp) -> None:
    """Add the commands that compute with numbers."""
    _quantize(app, open_app)
    _run(app, open_app)
    _loadgen(app, open_app)


def _quantize(app: typer.Typer, open_app: OpenApp) -> None:
    @app.command(
        help="Quantise, compare with floating point. Example: yunqi npu quantize net.onnx --pictures photos --agreement 0.995"
    )
    def quantize(
        file: File, inputs: Inputs = None, batch: Batch = 1, shape: Shape = [], bits: Bits = 8,  # noqa: B006
        pictures: Pictures = None, mean: Mean = "127.5", deviation: Deviation = "127.5",
        named: RecipeOption = RecipeName.VENDOR,
        calibration: Annotated[Calibration, typer.Option(help="How ranges are chosen.")] = Calibration.MIN_MAX,
        rounding: Annotated[Rounding, typer.Option(help="How ties are rounded.")] = Rounding.HALF_AWAY,
        equalise: Annotated[bool, typer.Option("--equalise", help="Balance channels of consecutive convolutions.")] = False,
        residual_bits: Annotated[int, typer.Option(help="Width of what no product reads: 8 or 16.")] = 8,
        sparsity: Annotated[float, typer.Option(help="Share of weights set to zero.")] = 0.0,
        agreement: Agreement = 0.0, tolerance: Tolerance = 0.0, confidence: Confidence = 0.0, judge: Judges = None,
        views: Views = 1,
        save_widths: Annotated[Path | None, typer.Option(help="Write which operands take 16 bits here, for --widths.")] = None,
        widths: WidthsFile = None,
        out: Annotated[Path | None, typer.Option(help="Write the network with QuantizeLinear here.")] = None,
        as_json: AsJson = False,
    ) -> None:  # fmt: skip
        aim = Aim(agreement, tolerance, confidence)
        recipe = _recipe(bits, calibration, rounding, equalise, residual_bits, sparsity)
        with open_app() as opened:
            compiled = compiled_for(opened.npu, file, batch, shape, bits, 1, "", [], widths)
            preparation = preparation_for(mean, deviation)
            feeds = feeds_for(opened.npu, compiled.graph, inputs, pictures, preparation, views=views)
            original, synthetic = compiled.graph, inputs is None and pictures is None
            compiled, quantised, widened = quantised_for(
                opened.npu, compiled, feeds, named, recipe, synthetic=synthetic, aim=aim,
                judges=judges_for(opened.npu, original, judge, preparation, views),
            )  # fmt: skip
            if widened is not None:
                feeds = feeds[: opened.npu.config.calibration_images]
            compared = opened.npu.agreement(compiled, quantised, feeds, original=original)
        if out is not None:
            _export(out, compiled, quantised)
        document = _quantised_document(quantised, compared, synthetic, out)
        wide = compiled.program.widths.wide
        if save_widths is not None:
            write(save_widths, json.dumps(wide_document(wide), indent=2) + "\n")
        document |= {"wide": len(wide.names), "peak_ips": compiled.pace.peak_ips}
        row = dict(document)
        if widened is not None:
            document["widening"] = widening_document(widened)
        print_document(document, as_json, [row])
        if widened is not None and not as_json:
            _print_widening(widened)


def _print_widening(found: Widening) -> None:
    document, console = widening_document(found), Console()
    if found.mixed.classifies:
        low, high = document["agreement_interval"]
        shown = (
            f"agreement {found.mixed.agreement:.2%} (95 % interval {low:.2%} to {high:.2%}, expected from margins "
            f"{found.mixed.expected:.2%}; 8 bits alone {found.narrow.agreement:.2%})"
        )
    else:
        shown = f"relative error {found.mixed.error:.4f} (8 bits alone {found.narrow.error:.4f})"
    reached = "" if found.met else "[bold]not reached[/bold]; the nearest there is, every operand at 16 bits: "
    sure = document["confidence"]
    shown += f"; shown with confidence {sure:.0%}" if sure is not None and found.met else ""
    console.print(f"{reached}on {found.mixed.inputs} verifying inputs: {shown}", highlight=False)
    console.print(
        f"images/s with data on the chip: {found.mixed_ips:,.0f}; 8 bits {found.narrow_ips:,.0f}, 16 bits "
        f"{found.wide_ips:,.0f}; {len(found.wide.names)} of {found.products} products widened", highlight=False,
    )  # fmt: skip
    if found.steps:
        names = ("product", "operands", "error", "cycles")
        rows = [
            {name: one[name] for name in names} | {"operands": " and ".join(one["operands"])}
            for one in document["steps"]
        ]
        print_document({}, False, rows)


def _recipe(
    bits: int, calibration: Calibration, rounding: Rounding, equalise: bool, residual_bits: int, sparsity: float
) -> Recipe:
    if residual_bits not in (8, 16):
        raise Invalid(f"--residual-bits is 8 or 16, not {residual_bits}.", "residual_bits")
    if not 0 <= sparsity < 1:
        raise Invalid(f"--sparsity lies between 0 and 1, not {sparsity}.", "sparsity")
    return Recipe(bits, calibration, rounding, equalise, residual_bits, sparsity)


def _feeds(graph: Graph, inputs: Path | None, count: int = 2) -> Feeds:
    return load_feeds(graph, inputs) if inputs is not None else random_feeds(graph, count)


def _export(out: Path, compiled: Compiled, quantised: QuantisedGraph) -> None:
    from yunqi.labs.npu.engine.quantise import to_qdq

    try:
        out.write_bytes(to_qdq(compiled.program, quantised).SerializeToString())
    except OSError as error:
        raise Invalid(f"{out} cannot be written: {error.strerror}.", "out") from error


def _quantised_document(
    quantised: QuantisedGraph, compared: Compared, synthetic: bool, out: Path | None
) -> dict[str, Any]:
    from yunqi.labs.npu.engine.quantise.recipe import stored_bytes

    plain, packed = stored_bytes(quantised.weights)
    return {
        "network": quantised.graph.name,
        "bits": quantised.recipe.bits,
        "calibration": quantised.recipe.calibration.value,
        "images": quantised.images,
        "inputs": _RANDOM if synthetic else "given",
        "weight_bytes": plain,
        "compressed_bytes": packed,
        "top1_agreement": compared.top1,
        "relative_error": compared.error,
        "correlation": compared.correlation,
        "cosine": compared.cosine,
        "least_cosine": compared.least_cosine,
        "nearest_kept": compared.nearest,
        "ten_nearest_kept": compared.ten_nearest,
        "file": str(out or ""),
    }


def _run(app: typer.Typer, open_app: OpenApp) -> None:
    @app.command(help="Execute in the chip's integers. Example: yunqi npu run net.onnx --inputs x.npz --dump all.npz")
    def run(
        file: File, inputs: Inputs = None, batch: Batch = 1, shape: Shape = [], bits: Bits = 8,  # noqa: B006
        dump: Annotated[Path | None, typer.Option(help="Write every tensor's integers here (.npz).")] = None,
        tensor: Annotated[list[str], typer.Option("--tensor", help="Show a tensor's integers; repeatable.")] = [],  # noqa: B006
        widths: WidthsFile = None, as_json: AsJson = False,
    ) -> None:  # fmt: skip
        from yunqi.labs.npu.engine.integer import Executor

        with open_app() as opened:
            compiled = compiled_for(opened.npu, file, batch, shape, bits, 1, "", [], widths)
            feeds = _feeds(compiled.graph, inputs, 1)
            quantised = opened.npu.quantise(compiled, feeds)
            executor = Executor(compiled.program, quantised)
            found = [executor.run(feed) for feed in feeds]
        if dump is not None:
            np.savez_compressed(dump, allow_pickle=False, **executor.tensors)
        shown = {name: _tensor(executor, name) for name in tensor}
        rows = [_top(name, data) for one in found for name, data in one.items()]
        note = _RANDOM if inputs is None else "given"
        document = {
            "network": quantised.graph.name,
            "inputs": note,
            "runs": len(found),
            "outputs": rows,
            "tensors": shown,
        }
        print_document(
            document,
            as_json,
            [*rows, *[{"output": n, "shape": t["shape"], "top": t["first"]} for n, t in shown.items()]],
        )


def _tensor(executor: Any, name: str) -> dict[str, Any]:
    if name not in executor.tensors:
        known = ", ".join(list(executor.tensors)[:8])
        raise Invalid(f"There is no tensor {name!r} on the chip; the first are {known}.", "tensor")
    data, quantity = executor.tensors[name], executor.quantised.activations[name]
    return {
        "shape": list(data.shape),
        "bits": quantity.bits,
        "scale": float(quantity.scale),
        "lowest": int(data.min()),
        "highest": int(data.max()),
        "first": [int(one) for one in data.ravel()[:16]],
    }


def _top(name: str, data: Any) -> dict[str, Any]:
    row = np.asarray(data).reshape(-1, np.asarray(data).shape[-1] if np.ndim(data) else 1)[0]
    order = np.argsort(-row)[:5]
    return {"output": name, "shape": list(np.shape(data)), "top": [[int(place), float(row[place])] for place in order]}


def _loadgen(app: typer.Typer, open_app: OpenApp) -> None:
    @app.command(
        help="Run an MLPerf scenario, modelled or on this CPU. Example: yunqi npu loadgen net.onnx --scenario server"
    )
    def loadgen(
        file: File,
        scenario: Annotated[Scenario, typer.Option(help="Which scenario.")] = Scenario.OFFLINE,
        batch: Batch = 1, shape: Shape = [], bits: Bits = 8, chips: Chips = 1, chip: ChipName = "",  # noqa: B006
        change: Change = [], widths: WidthsFile = None,  # noqa: B006
        seed: Annotated[int, typer.Option(help="Seed of the arrivals.")] = 1,
        cpu: Annotated[bool, typer.Option("--cpu", help="Measure this CPU's INT8 path instead of the model.")] = False,
        seconds: Annotated[float, typer.Option(help="With --cpu: how long to measure.")] = 5.0,
        as_json: AsJson = False,
    ) -> None:  # fmt: skip
        with open_app() as opened:
            compiled = compiled_for(opened.npu, file, batch, shape, bits, chips, chip, change, widths)
            if cpu:
                report = opened.npu.measure(compiled, scenario, seconds=min(max(seconds, 0.1), 3600.0))
            else:
                report = opened.npu.loadgen(compiled, scenario, seed=seed)
        document = load_document(report)
        shown = ("scenario", "system", "metric", "value", "unit", "valid", "queries")
        print_document(document, as_json, [{name: document[name] for name in shown}])
