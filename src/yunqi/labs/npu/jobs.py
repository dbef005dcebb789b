"""Background work of the lab: ``npu.sweep``, ``npu.quantize``, ``npu.measure``, ``npu.publish``."""

import dataclasses
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from yunqi.kernel import Invalid, JobContext, Jobs
from yunqi.labs.npu.model import Aim, Calibration, Graph, QuantisedGraph, Recipe, Scenario
from yunqi.labs.npu.service import Compiled, Npu
from yunqi.labs.npu.service.agreeing import Agreement
from yunqi.labs.npu.service.documents import load_document, sweep_rows, widening_document
from yunqi.labs.npu.service.pictures import Preparation
from yunqi.labs.npu.service.publishing import Provenance, publish
from yunqi.labs.npu.service.quantising import Feeds, load_feeds, random_feeds
from yunqi.labs.npu.service.requests import MEASURE, PUBLISH, QUANTIZE, SWEEP, asked, compile_asked


def register(jobs: Jobs, npu: Npu) -> None:
    """Teach the job runner the lab's long work; args are those of the routes of the same name."""

    def sweep(context: JobContext) -> dict[str, Any]:
        request = asked(context.args)
        axes = context.args.get("axes")
        if not isinstance(axes, dict) or not axes:
            raise Invalid('The job npu.sweep needs args {"network": REF, "axes": {"cores": [2, 4]}}.', "axes")
        compiled = compile_asked(npu, request)
        context.progress(0, 1, "sweeping")
        variants = npu.sweep(compiled.graph, axes, chip=compiled.chip, bits=request.bits)
        return {"variants": sweep_rows(variants)}

    def quantize(context: JobContext) -> dict[str, Any]:
        compiled, quantised, found, _, widening = _quantised(npu, context)
        return {
            "network": compiled.program.network,
            "images": quantised.images,
            "top1_agreement": found.top1,
            "relative_error": found.error,
            "correlation": found.correlation,
            "cosine": found.cosine,
            "nearest_kept": found.nearest,
            "widening": widening,
        }

    def publish_network(context: JobContext) -> dict[str, Any]:
        name, network = context.args.get("name"), context.args.get("network")
        if npu.hub is None or not isinstance(name, str) or not name:
            raise Invalid('The job npu.publish needs args {"network": REF, "name": NAME}.', "name")
        npu.hub.require_free(name)
        compiled, quantised, found, original, widening = _quantised(npu, context)
        given = "uploaded inputs" if context.args.get("inputs") else "random inputs, which say nothing about accuracy"
        provenance = Provenance(
            "uploaded", str(network).removeprefix("sha256:"), str(context.args.get("licence") or ""), given,
            f"the same inputs ({given})",
        )  # fmt: skip
        installed, manifest = publish(
            npu.hub,
            name,
            compiled,
            quantised,
            found,
            provenance,
            _preparation(context.args),
            original=original,
            widening=widening,
        )
        return {"asset": installed.asset.id, "sha256": installed.asset.sha256, **manifest}

    def measure(context: JobContext) -> dict[str, Any]:
        scenarios = [scenario.value for scenario in Scenario]
        if context.args.get("scenario") not in scenarios:
            raise Invalid(f"The job npu.measure needs a scenario: {', '.join(scenarios)}.", "scenario")
        compiled = compile_asked(npu, asked(context.args))
        context.progress(0, 1, "measuring")
        return load_document(npu.measure(compiled, Scenario(context.args["scenario"])))

    jobs.register(SWEEP, sweep)
    jobs.register(QUANTIZE, quantize)
    jobs.register(MEASURE, measure)
    jobs.register(PUBLISH, publish_network)


def _quantised(
    npu: Npu, context: JobContext
) -> tuple[Compiled, QuantisedGraph, Agreement, Graph, dict[str, Any] | None]:
    """Compile and quantise as asked; returns the float graph, and what was widened, too."""
    compiled = compile_asked(npu, asked(context.args))
    original, ref = compiled.graph, str(context.args.get("inputs") or "")
    feeds = _feeds(npu, compiled, ref)
    named = context.args.get("recipe") or "vendor"
    aim = _aim(context.args)
    if named not in ("vendor", "best") or ((named == "best" or aim) and not ref):
        raise Invalid("A recipe is `vendor`, or `best` or a wanted agreement with uploaded inputs.", "recipe")
    recipe = Recipe(compiled.program.bits, _calibration(context.args.get("calibration")))
    if named == "best":
        recipe = dataclasses.replace(recipe, level=True, compensate=True)
    widening: dict[str, Any] | None = None
    if aim:
        judge = str(context.args.get("judge") or "")
        judges = _feeds(npu, compiled, judge) if judge else None
        compiled, quantised, widened = npu.widen(
            compiled, feeds, aim=aim, recipe=recipe, judges=judges, progress=context.progress
        )
        widening = widening_document(widened)
    elif named == "best":
        compiled, quantised = npu.refine(compiled, feeds, recipe=recipe, progress=context.progress)
    else:
        quantised = npu.quantise(compiled, feeds, recipe=recipe, progress=context.progress)
    return compiled, quantised, npu.agreement(compiled, quantised, feeds, original=original), original, widening


def _aim(args: Mapping[str, Any]) -> Aim:
    try:
        return Aim(*(float(args.get(name) or 0.0) for name in ("agreement", "tolerance", "confidence")))
    except (TypeError, ValueError) as error:
        raise Invalid("agreement, tolerance and confidence are numbers, as 0.995.", "agreement") from error


def _preparation(args: Mapping[str, Any]) -> Preparation | None:
    mean, deviation = args.get("mean"), args.get("deviation")
    if not mean or not deviation:
        return None
    return Preparation(tuple(map(float, mean)), tuple(map(float, deviation)))


def _calibration(name: object) -> Calibration:
    names = [one.value for one in Calibration]
    if name is None:
        return Calibration.MIN_MAX
    if name not in names:
        raise Invalid(f"There is no calibration {name!r}; use {', '.join(names)}.", "calibration")
    return Calibration(name)


def _feeds(npu: Npu, compiled: Compiled, ref: str) -> Feeds:
    if not ref:
        return random_feeds(compiled.graph, 2)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "inputs.npz"
        path.write_bytes(npu.kernel.blobs.read(ref))
        return load_feeds(compiled.graph, path)
