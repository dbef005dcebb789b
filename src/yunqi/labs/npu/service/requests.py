"""What a request over HTTP or a job asks for, in one noun that both read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from yunqi.kernel import Invalid
from yunqi.labs.npu.model import Wide
from yunqi.labs.npu.service.npu import Compiled, Npu

SWEEP, QUANTIZE, MEASURE, PUBLISH = "npu.sweep", "npu.quantize", "npu.measure", "npu.publish"


@dataclass(frozen=True, slots=True)
class Asked:
    """A kept network and how to compile it.

    Parameters
    ----------
    network
        Reference of the uploaded file, as ``sha256:…``.
    changes
        Parameters of the chip to change.
    widths
        Products whose ``inputs`` and whose ``weights`` take 16 bits.
    """

    network: str
    batch: int = 1
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    bits: int = 8
    chips: int = 1
    chip: str = ""
    changes: dict[str, float] = field(default_factory=dict)
    widths: Wide = field(default_factory=Wide)


def asked(document: Mapping[str, Any]) -> Asked:
    """Read a request from a plain document.

    Raises
    ------
    Invalid
        Naming the field.
    """
    known = {name: value for name, value in document.items() if name in Asked.__dataclass_fields__}
    try:
        return msgspec.convert(known, Asked)
    except msgspec.ValidationError as error:
        raise Invalid(f"The request is malformed: {error}.") from error


def compile_asked(npu: Npu, request: Asked) -> Compiled:
    """Compile a kept network as asked; parameter files by path are not taken from requests."""
    if "/" in request.chip or "." in request.chip:
        raise Invalid("A request names a known chip and changes its parameters with `changes`.", "chip")
    data = npu.kernel.blobs.read(request.network)
    return npu.compile(
        data,
        batch=request.batch,
        shapes=request.shapes,
        bits=request.bits,
        wide=request.widths,
        chips=request.chips,
        chip=npu.chip(request.chip, request.changes),
    )
