"""The lab over HTTP: an ELF file in, how it ended and where its cycles went out; a network in, a job that ports it out."""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, File, Form, UploadFile

from yunqi.kernel import Invalid, Principal
from yunqi.kernel.errors import Unavailable
from yunqi.labs.riscv.engine.elf import read_program
from yunqi.labs.riscv.model import PORT, Limits
from yunqi.labs.riscv.service import Riscv, parameters, profile

_LOG = 400


def router(riscv: Riscv, require: Callable[[str], Any]) -> APIRouter:
    """Return the routes; ``require(scope)`` makes the dependency that yields who asks."""
    routes = APIRouter(prefix="/v1/labs/riscv", tags=["labs"])

    @routes.get("/parameters")
    def riscv_parameters(principal: Principal = require("read")) -> dict[str, Any]:
        """List the modelled core's parameters, each with where it comes from."""
        return {"parameters": parameters()}

    @routes.post("/profiles")
    def riscv_profile(
        program: str = Body(description="The ELF file in base64."),
        name: str = Body("program", max_length=200),
        arguments: list[str] = Body(default_factory=list, max_length=64),
        changes: dict[str, float] = Body(default_factory=dict),
        pipeline: bool = Body(False, description="Whether to return a pipeline log in Konata's format."),
        principal: Principal = require("admin"),
    ) -> dict[str, Any]:
        """Run a static RV64 program on the modelled core; it has no files, no network, and tight limits."""
        data = _decoded(program, riscv.config.upload_limit_bytes)
        config = riscv.config
        limits = Limits(config.http_instructions, config.max_memory_bytes, config.http_deadline_seconds, 1 << 20)
        log = _LOG if pipeline else 0
        return profile(riscv, read_program(data, name=name), arguments, limits=limits, changes=changes, log=log)

    @routes.post("/ports", status_code=202)
    def riscv_port(
        file: Annotated[UploadFile, File(description="An ONNX network with QuantizeLinear.")],
        variants: Annotated[
            list[Literal["scalar", "xthead", "vector"]] | None, Form(description="Default: all.")
        ] = None,
        compiler: Annotated[Literal["auto", "gcc", "clang"], Form()] = "auto",
        principal: Principal = require("admin"),
    ) -> dict[str, str]:
        """Queue a network: built for the core with each kind of kernels, its bytes checked, timed."""
        return _queued(riscv, file, {"variants": variants, "compiler": compiler}, principal.workspace)

    return routes


def _queued(riscv: Riscv, file: UploadFile, args: dict[str, Any], workspace: str) -> dict[str, str]:
    limit = riscv.config.upload_limit_bytes
    if (file.size or 0) > limit:
        raise Invalid(
            f"The network has {file.size:,} bytes; at most {limit:,} are taken. Use yunqi riscv port.", "file"
        )
    if riscv.kernel is None:
        raise Unavailable("Jobs need the house's kernel; the lab was opened without it.")
    reference = riscv.kernel.blobs.put(file.file)
    args |= {"network": reference, "name": (file.filename or "network")[-100:]}
    return {"job_id": str(riscv.kernel.jobs.submit(PORT, args, workspace=workspace).id), "network": reference}


def _decoded(text: str, limit: int) -> bytes:
    if len(text) > limit * 4 // 3 + 4:
        raise Invalid(f"The program is larger than {limit} bytes.", "program")
    try:
        return b64decode(text, validate=True)
    except (NotBase64, ValueError):
        raise Invalid("The program is not base64.", "program") from None
