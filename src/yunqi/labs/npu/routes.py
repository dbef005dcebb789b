"""The lab over HTTP: upload a network, compile, profile and load-test it; long work becomes a job."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, UploadFile
from pydantic import BaseModel, Field

from yunqi.kernel import Invalid, Principal
from yunqi.labs.npu.engine.timing.timeline import simulate
from yunqi.labs.npu.engine.timing.views import perfetto
from yunqi.labs.npu.model import Calibration, Scenario
from yunqi.labs.npu.service import Compiled, Npu
from yunqi.labs.npu.service.documents import (
    chip_document,
    compiled_document,
    load_document,
    profile_document,
    roofline_plot,
)
from yunqi.labs.npu.service.requests import MEASURE, PUBLISH, QUANTIZE, SWEEP, asked, compile_asked


class NetworkBody(BaseModel):
    """A kept network and how to compile it."""

    network: str = Field(description="Reference that the upload returned, as sha256:…")
    batch: int = Field(1, description="What a dynamic first dimension is taken to be.")
    shapes: dict[str, list[int]] = Field(default_factory=dict, description="Whole shapes of inputs by name.")
    bits: int = Field(8, description="8 or 16.")
    chips: int = Field(1, description="How many chips it may be spread over.")
    chip: str = Field("", description="A known chip.")
    changes: dict[str, float] = Field(default_factory=dict, description="Parameters of the chip to change.")
    widths: dict[Literal["inputs", "weights"], list[str]] = Field(
        default_factory=dict, description="Products whose inputs and whose weights take 16 bits, as a job answered."
    )


class CompileBody(NetworkBody):
    """What to compile, and whether to list layers."""

    layers: bool = Field(False, description="List every layer too.")


class ProfileBody(NetworkBody):
    """What to profile."""

    split: bool = Field(False, description="One image over all cores instead of one a core.")


class LoadBody(NetworkBody):
    """What to load-test."""

    scenario: Scenario = Field(Scenario.OFFLINE, description="Which of the four.")
    seed: int = Field(1, description="Seed of the arrivals.")
    cpu: bool = Field(False, description="Measure this machine's INT8 path, as a job.")


class SweepBody(NetworkBody):
    """Which variants of the chip to try."""

    axes: dict[str, list[float]] = Field(description="Values to try for each parameter.")


class QuantizeBody(NetworkBody):
    """How to quantise."""

    inputs: str = Field("", description="Reference of an uploaded .npz with calibration data; random without.")
    calibration: Calibration = Field(Calibration.MIN_MAX, description="How ranges are chosen.")
    recipe: Literal["vendor", "best"] = Field("vendor", description="best: levelled channels, rounding by effect.")
    agreement: float = Field(
        0.0, ge=0, lt=1, description="Wanted share of inputs with floating point's largest output."
    )
    tolerance: float = Field(
        0.0, ge=0, lt=1, description="Relative error that is allowed; operands get 16 bits for it."
    )
    confidence: float = Field(0.0, ge=0, lt=1, description="How surely the agreement must be shown.")
    judge: str = Field("", description="Reference of a .npz that widths are judged by; half of the inputs without.")


class PublishBody(QuantizeBody):
    """How to quantise, and what to call it in the hub."""

    name: str = Field(description="The asset's name.", min_length=1, max_length=100)
    licence: str = Field("", description="The network's licence, for its card.")
    mean: list[float] = Field(default_factory=list, description="For pictures: what is taken from a pixel of 0 to 255.")
    deviation: list[float] = Field(default_factory=list, description="For pictures: what a pixel is divided by then.")


def router(npu: Npu, require: Callable[[str], Any]) -> APIRouter:
    """Return the routes; ``require(scope)`` makes the dependency that yields who asks."""
    routes = APIRouter(prefix="/v1/labs/npu", tags=["npu"])
    _networks(routes, npu, require)
    _answers(routes, npu, require)
    _jobs(routes, npu, require)
    return routes


def _networks(routes: APIRouter, npu: Npu, require: Callable[[str], Any]) -> None:
    @routes.get("/chip")
    def get_chip(name: str = "", principal: Principal = require("read")) -> dict[str, Any]:
        """Show a chip's parameters, each with its basis and source."""
        return chip_document(npu.chip(_known(name)))

    @routes.post("/networks", status_code=201)
    def upload_network(file: Annotated[UploadFile, File()], principal: Principal = require("models")) -> dict[str, Any]:
        """Keep an ONNX network (or a .npz of inputs) and return its reference."""
        limit = npu.config.upload_limit_bytes
        if (file.size or 0) > limit:
            raise Invalid(
                f"The file has {file.size:,} bytes; at most {limit:,} are taken. Use the command line.", "file"
            )
        return {"network": npu.kernel.blobs.put(file.file), "bytes": file.size, "name": (file.filename or "")[-100:]}


def _answers(routes: APIRouter, npu: Npu, require: Callable[[str], Any]) -> None:
    @routes.post("/compile")
    def compile_network(body: CompileBody, principal: Principal = require("models")) -> dict[str, Any]:
        """Compile: segments, on-chip memory, what stays on the host and why."""
        return compiled_document(_compiled(npu, body), layers=body.layers)

    @routes.post("/profile")
    def profile(body: ProfileBody, principal: Principal = require("models")) -> dict[str, Any]:
        """Profile: layers, engines, timeline, memory over time, energy, roofs."""
        return profile_document(_compiled(npu, body), split=body.split)

    @routes.post("/trace")
    def trace(body: NetworkBody, principal: Principal = require("models")) -> dict[str, Any]:
        """Return the engines' timeline as a trace that Perfetto opens."""
        compiled = _compiled(npu, body)
        return perfetto(simulate(compiled.program, compiled.chip), compiled.chip)

    @routes.post("/roofline")
    def draw_roofline(body: NetworkBody, principal: Principal = require("models")) -> dict[str, str]:
        """Draw each layer under the roofs of arithmetic and memory, as SVG in one field."""
        return {"svg": roofline_plot(_compiled(npu, body))}

    @routes.post("/loadgen")
    def loadgen(body: LoadBody, principal: Principal = require("models")) -> dict[str, Any]:
        """Run an MLPerf scenario over the timing model, or queue it on this machine's processor."""
        if body.cpu:
            args = body.model_dump(mode="json", exclude={"cpu", "seed"})
            return {"job_id": str(npu.kernel.jobs.submit(MEASURE, args, workspace=principal.workspace).id)}
        return load_document(npu.loadgen(_compiled(npu, body), body.scenario, seed=body.seed))


def _jobs(routes: APIRouter, npu: Npu, require: Callable[[str], Any]) -> None:
    @routes.post("/sweep", status_code=202)
    def sweep(body: SweepBody, principal: Principal = require("models")) -> dict[str, Any]:
        """Queue a sweep over variants of the chip."""
        job = npu.kernel.jobs.submit(SWEEP, body.model_dump(mode="json"), workspace=principal.workspace)
        return {"job_id": str(job.id)}

    @routes.post("/quantize", status_code=202)
    def quantize(body: QuantizeBody, principal: Principal = require("models")) -> dict[str, Any]:
        """Queue a quantisation; the result compares the integers with floating point."""
        job = npu.kernel.jobs.submit(QUANTIZE, body.model_dump(mode="json"), workspace=principal.workspace)
        return {"job_id": str(job.id)}

    @routes.post("/publish", status_code=202)
    def publish(body: PublishBody, principal: Principal = require("admin")) -> dict[str, Any]:
        """Queue a network's quantisation, compilation and publication in the hub."""
        job = npu.kernel.jobs.submit(PUBLISH, body.model_dump(mode="json"), workspace=principal.workspace)
        return {"job_id": str(job.id)}


def _compiled(npu: Npu, body: NetworkBody) -> Compiled:
    return compile_asked(npu, asked(body.model_dump(mode="json")))


def _known(name: str) -> str:
    if "/" in name or "." in name:
        raise Invalid("Name a known chip; parameter files are for the command line.", "name")
    return name
