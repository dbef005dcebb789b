"""The Open Inference Protocol (KServe, version 2): tensors in JSON, or as bytes after it."""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from yunqi.cloud.studio.model import Inference, Tensor, TensorSpec
from yunqi.kernel.errors import Invalid

DATATYPES: dict[str, np.dtype[Any]] = {
    "FP32": np.dtype("float32"), "FP16": np.dtype("float16"), "FP64": np.dtype("float64"), "INT8": np.dtype("int8"),
    "UINT8": np.dtype("uint8"), "INT16": np.dtype("int16"), "INT32": np.dtype("int32"), "INT64": np.dtype("int64"),
    "BOOL": np.dtype("bool"),
}  # fmt: skip
"""The protocol's names of element types."""
_NAMES = {kind: name for name, kind in DATATYPES.items()}
_MOST_ELEMENTS = 1 << 28
_NOTHING = msgspec.Raw(b"[]")


class _Parameters(msgspec.Struct):
    binary_data_size: int | None = None


class _Input(msgspec.Struct):
    name: str
    shape: list[int]
    datatype: str
    data: msgspec.Raw = _NOTHING
    parameters: _Parameters | None = None


class _Request(msgspec.Struct):
    inputs: list[_Input]
    id: str = ""


def datatype(kind: Any) -> str:
    """Return the protocol's name of a NumPy type; what it lacks is sent as FP32."""
    return _NAMES.get(np.dtype(kind), "FP32")


def read(body: bytes, *, header: int | None = None) -> tuple[str, dict[str, Tensor]]:
    """Return the request's id and its inputs by name.

    Parameters
    ----------
    header
        Bytes of JSON before the tensors' own bytes; None when all is JSON.

    Raises
    ------
    Invalid
        Naming the input.
    """
    if header is not None and not 0 < header <= len(body):
        raise Invalid("Inference-Header-Content-Length is larger than the body.", "Inference-Header-Content-Length")
    try:
        request = msgspec.json.decode(body[:header], type=_Request)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Invalid(
            f"The body is no inference request ({error}). It looks like "
            '{"inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}]}.',
            param="inputs",
        ) from error
    found: dict[str, Tensor] = {}
    at = header or 0
    for given in request.inputs:
        size = given.parameters.binary_data_size if given.parameters else None
        found[given.name] = _tensor(given, None if size is None else body[at : at + max(size, 0)])
        at += size or 0
    return request.id, found


def _tensor(given: _Input, raw: bytes | None) -> Tensor:
    if given.datatype not in DATATYPES:
        raise Invalid(
            f"The input {given.name!r} has datatype {given.datatype!r}; use {', '.join(DATATYPES)}.", given.name
        )
    count = 1
    for size in given.shape:
        count *= max(size, -1)
    if count < 0 or count > _MOST_ELEMENTS:
        raise Invalid(f"The input {given.name!r} cannot have shape {given.shape}.", given.name)
    kind = DATATYPES[given.datatype]
    if raw is not None:
        if len(raw) != count * kind.itemsize:
            raise Invalid(
                f"The input {given.name!r} has {len(raw)} bytes, not {count * kind.itemsize} as its shape says.",
                given.name,
            )
        return np.frombuffer(raw, kind).reshape(given.shape)
    try:
        values = msgspec.json.decode(given.data, type=list[Any])
        data = np.array(values, dtype=kind).ravel()
    except (msgspec.DecodeError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise Invalid(f"The data of {given.name!r} are no {given.datatype} numbers: {error}.", given.name) from error
    if data.size != count:
        raise Invalid(f"The input {given.name!r} has {data.size} numbers, not {count} as its shape says.", given.name)
    return data.reshape(given.shape)


def answered(name: str, asked: str, call: str, found: Inference) -> bytes:
    """Return the protocol's answer: the caller's own id or else the call's; ``parameters`` say what is simulated."""
    document = {
        "model_name": name,
        "id": asked or call,
        "parameters": {"call": call, **costs(found)},
        "outputs": [
            {"name": output, "datatype": datatype(data.dtype), "shape": list(data.shape), "data": data.ravel().tolist()}
            for output, data in found.outputs.items()
        ],
    }
    return msgspec.json.encode(document)


def costs(found: Inference) -> dict[str, Any]:
    """Return what a run cost, with what is simulated marked as such."""
    document: dict[str, Any] = {"simulated": found.simulated, "hardware": found.hardware, "host_ms": found.host_ms}
    if found.simulated:
        document |= {"predicted_ms": found.predicted_ms, "predicted_joules": found.predicted_joules}
    return document


def described(
    name: str, platform: str, inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...]
) -> dict[str, Any]:
    """Return the protocol's description of a model."""

    def rows(specs: tuple[TensorSpec, ...]) -> list[dict[str, Any]]:
        return [{"name": spec.name, "datatype": spec.datatype, "shape": list(spec.shape)} for spec in specs]

    return {"name": name, "versions": ["1"], "platform": platform, "inputs": rows(inputs), "outputs": rows(outputs)}


def checked(specs: tuple[TensorSpec, ...], inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the inputs in the network's types.

    Raises
    ------
    Invalid
        Naming the input that is missing, unknown, of another shape, or not finite.
    """
    wanted = {spec.name: spec for spec in specs}
    if unknown := sorted(inputs.keys() - wanted.keys()):
        raise Invalid(f"The network has no input {unknown[0]!r}; it reads {', '.join(wanted)}.", unknown[0])
    found = {}
    for spec in specs:
        if spec.name not in inputs:
            raise Invalid(f"The input {spec.name!r} of shape {list(spec.shape)} is missing.", spec.name)
        data = inputs[spec.name]
        if data.shape != spec.shape:
            raise Invalid(f"The input {spec.name!r} has shape {list(data.shape)}, not {list(spec.shape)}.", spec.name)
        if data.dtype.kind == "f" and not np.isfinite(data).all():
            raise Invalid(f"The input {spec.name!r} holds numbers that are not finite.", spec.name)
        found[spec.name] = data.astype(DATATYPES[spec.datatype], copy=False)
    return found
