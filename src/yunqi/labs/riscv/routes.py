"""Programs over HTTP: send an ELF file, get how it ended and where its cycles went."""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Body

from yunqi.kernel import Invalid, Principal
from yunqi.labs.riscv.engine.elf import read_program
from yunqi.labs.riscv.model import Limits
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

    return routes


def _decoded(text: str, limit: int) -> bytes:
    if len(text) > limit * 4 // 3 + 4:
        raise Invalid(f"The program is larger than {limit} bytes.", "program")
    try:
        return b64decode(text, validate=True)
    except (NotBase64, ValueError):
        raise Invalid("The program is not base64.", "program") from None
