"""Background work of the lab: ``npu.sweep``, ``npu.quantize``, ``npu.measure``."""

import tempfile
from pathlib import Path
from typing import Any

from yunqi.kernel import Invalid, JobContext, Jobs
from yunqi.labs.npu.model import Calibration, Recipe, Scenario
from yunqi.labs.npu.service import Compiled, Npu
from yunqi.labs.npu.service.documents import load_document, sweep_rows
from yunqi.labs.npu.service.quantising import Feeds, load_feeds, random_feeds
from yunqi.labs.npu.service.requests import MEASURE, QUANTIZE, SWEEP, asked, compile_asked


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
        compiled = compile_asked(npu, asked(context.args))
        feeds = _feeds(npu, compiled, str(context.args.get("inputs") or ""))
        recipe = Recipe(compiled.program.bits, _calibration(context.args.get("calibration")))
        quantised = npu.quantise(compiled, feeds, recipe=recipe, progress=context.progress)
        found = npu.agreement(compiled, quantised, feeds)
        return {
            "network": compiled.program.network,
            "images": quantised.images,
            "top1_agreement": found.top1,
            "relative_error": found.error,
            "correlation": found.correlation,
        }

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
