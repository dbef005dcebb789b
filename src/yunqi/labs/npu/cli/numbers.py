"""``yunqi npu`` quantize, run, loadgen."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import Progress

from yunqi.kernel import Invalid
from yunqi.labs.npu.cli.options import (
    AsJson,
    Batch,
    Bits,
    Change,
    ChipName,
    Chips,
    Deviation,
    File,
    Inputs,
    Mean,
    OpenApp,
    Pictures,
    RecipeName,
    RecipeOption,
    Shape,
    compiled_for,
    feeds_for,
    preparation_for,
    print_document,
    quantised_for,
)  # fmt: skip
from yunqi.labs.npu.model import Calibration, Graph, QuantisedGraph, Recipe, Rounding, Scenario
from yunqi.labs.npu.service import Compiled, Npu
from yunqi.labs.npu.service.agreeing import Agreement
from yunqi.labs.npu.service.documents import load_document
from yunqi.labs.npu.service.quantising import Feeds, load_feeds, random_feeds

_RANDOM = "random inputs: for speed and bits, not for accuracy"


def number_commands(app: typer.Typer, open_app: OpenApp) -> None:
    """Add the commands that compute with numbers."""
    _quantize(app, open_app)
    _run(app, open_app)
    _loadgen(app, open_app)


def _quantize(app: typer.Typer, open_app: OpenApp) -> None:
    @app.command(
        help="Quantise and compare with floating point. Example: yunqi npu quantize net.onnx --inputs cal.npz --tolerance 0.02"
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
        tolerance: Annotated[float, typer.Option(help="Relative error that is allowed: the fewest layers get 16 bits.")] = 0.0,
        out: Annotated[Path | None, typer.Option(help="Write the network with QuantizeLinear here.")] = None,
        as_json: AsJson = False,
    ) -> None:  # fmt: skip
        recipe = _recipe(bits, calibration, rounding, equalise, residual_bits, sparsity)
        with open_app() as opened:
            compiled = compiled_for(opened.npu, file, batch, shape, bits, 1, "", [])
            feeds = feeds_for(opened.npu, compiled.graph, inputs, pictures, preparation_for(mean, deviation))
            original, synthetic = compiled.graph, inputs is None and pictures is None
            wide: tuple[str, ...] = ()
            if tolerance:
                compiled, wide = _widened(opened.npu, compiled, feeds, tolerance, recipe)
            compiled, quantised = quantised_for(opened.npu, compiled, feeds, named, recipe, synthetic=synthetic)
            compared = opened.npu.agreement(compiled, quantised, feeds, original=original)
        if out is not None:
            _export(out, compiled, quantised)
        document = _quantised_document(quantised, compared, synthetic, out)
        document |= {"wide": list(wide), "peak_ips": compiled.pace.peak_ips} if as_json else {"wide": len(wide)}
        print_document(document, as_json, [document])


def _widened(
    npu: Npu, compiled: Compiled, feeds: Feeds, tolerance: float, recipe: Recipe
) -> tuple[Compiled, tuple[str, ...]]:
    with Progress(transient=True, console=Console(stderr=True)) as bars:
        bar = bars.add_task("calibrating", total=None)
        compiled, found = npu.widen(
            compiled, feeds, tolerance=tolerance, recipe=recipe,
            progress=lambda done, of, what: bars.update(bar, completed=done, total=of, description=what),
        )  # fmt: skip
    return compiled, found.wide


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
    quantised: QuantisedGraph, compared: Agreement, synthetic: bool, out: Path | None
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
        as_json: AsJson = False,
    ) -> None:  # fmt: skip
        from yunqi.labs.npu.engine.integer import Executor

        with open_app() as opened:
            compiled = compiled_for(opened.npu, file, batch, shape, bits, 1, "", [])
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
        change: Change = [],  # noqa: B006
        seed: Annotated[int, typer.Option(help="Seed of the arrivals.")] = 1,
        cpu: Annotated[bool, typer.Option("--cpu", help="Measure this CPU's INT8 path instead of the model.")] = False,
        seconds: Annotated[float, typer.Option(help="With --cpu: how long to measure.")] = 5.0,
        as_json: AsJson = False,
    ) -> None:  # fmt: skip
        with open_app() as opened:
            compiled = compiled_for(opened.npu, file, batch, shape, bits, chips, chip, change)
            if cpu:
                report = opened.npu.measure(compiled, scenario, seconds=min(max(seconds, 0.1), 3600.0))
            else:
                report = opened.npu.loadgen(compiled, scenario, seed=seed)
        document = load_document(report)
        shown = ("scenario", "system", "metric", "value", "unit", "valid", "queries")
        print_document(document, as_json, [{name: document[name] for name in shown}])
