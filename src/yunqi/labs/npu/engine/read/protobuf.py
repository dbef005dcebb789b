"""Bytes to a checked ONNX model: parsing, limits, external data, functions. Hostile files end here."""

import math
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto

from yunqi.labs.npu.model import NetworkRefused

OPSETS = (11, onnx.defs.onnx_opset_version())
_TROUBLE = (DecodeError, ValueError, TypeError, RuntimeError, KeyError, IndexError, AttributeError, OverflowError)
_BITS = {TensorProto.FLOAT: 32, TensorProto.INT64: 64, TensorProto.DOUBLE: 64, TensorProto.INT32: 32}


@dataclass(frozen=True, slots=True)
class Limits:
    """What is read at most.

    Parameters
    ----------
    file_bytes, tensor_bytes, total_bytes
        Size of the file, of one constant, of all constants with external data.
    nodes
        Operations, after functions are put in line.
    elements
        Elements of one computed tensor.
    """

    file_bytes: int = 2 << 30
    tensor_bytes: int = 2 << 30
    total_bytes: int = 4 << 30
    nodes: int = 50_000
    elements: int = 1 << 31


def parse(data: bytes, *, folder: Path | None, limits: Limits) -> Any:
    """Return the checked ``ModelProto`` of the bytes.

    Parameters
    ----------
    folder
        Where external data may lie; ``None`` refuses external data.

    Raises
    ------
    NetworkRefused
        When the bytes are no ONNX model, or one that breaks a limit.
    """
    if len(data) > limits.file_bytes:
        raise NetworkRefused(f"The file has {len(data):,} bytes; at most {limits.file_bytes:,} are read.")
    try:
        model = onnx.load_model_from_string(data)
    except _TROUBLE as error:
        raise NetworkRefused("The file is no ONNX model: its protobuf is damaged. Export the network again.") from error
    if not model.HasField("graph") or not model.graph.node:
        raise NetworkRefused("The file has no graph with operations, so it is no ONNX network.")
    _check_opset(model)
    model = _inlined(model)
    if len(model.graph.node) > limits.nodes:
        raise NetworkRefused(f"The network has {len(model.graph.node):,} nodes; at most {limits.nodes:,} are read.")
    if len(model.graph.sparse_initializer):
        raise NetworkRefused("The network keeps weights as sparse initializers. Export it with dense weights.")
    _load_tensors(model, folder, limits)
    return model


def opset(model: Any) -> int:
    """Return the version of the default operator set."""
    return max((int(entry.version) for entry in model.opset_import if entry.domain in ("", "ai.onnx")), default=0)


def _check_opset(model: Any) -> None:
    version = opset(model)
    low, high = OPSETS
    if not low <= version <= high:
        raise NetworkRefused(
            f"The network uses ONNX opset {version}; {low} to {high} are read. Convert it with onnx.version_converter."
        )


def _inlined(model: Any) -> Any:
    if not model.functions:
        return model
    try:
        return onnx.inliner.inline_local_functions(model)
    except _TROUBLE as error:
        raise NetworkRefused("The network's local functions cannot be put in line. Export it without them.") from error


def _load_tensors(model: Any, folder: Path | None, limits: Limits) -> None:
    total = 0
    seen: set[str] = set()
    for tensor in model.graph.initializer:
        if tensor.name in seen:
            raise NetworkRefused(f"The constant {tensor.name!r} is defined twice.")
        seen.add(tensor.name)
        size = declared_bytes(tensor, limits)
        total += size
        if total > limits.total_bytes:
            raise NetworkRefused(
                f"The network's constants need over {limits.total_bytes:,} bytes (at {tensor.name!r}); "
                "that is more than is read. Split the network or quantise its weights."
            )
        if tensor.data_location == TensorProto.EXTERNAL:
            _load_external(tensor, folder, size)


def declared_bytes(tensor: Any, limits: Limits) -> int:
    """Return how many bytes a constant's declared shape stands for, refusing absurd ones."""
    if any(size < 0 for size in tensor.dims):
        raise NetworkRefused(f"The constant {tensor.name!r} has a negative dimension {list(tensor.dims)}.")
    size: int = math.prod(tensor.dims) * _BITS.get(tensor.data_type, 8) // 8
    if size > limits.tensor_bytes:
        raise NetworkRefused(
            f"The constant {tensor.name!r} of shape {list(tensor.dims)} needs {size:,} bytes; at most "
            f"{limits.tensor_bytes:,} are read and the chip has no DRAM. Split the layer or use a smaller network."
        )
    return size


def _load_external(tensor: Any, folder: Path | None, size: int) -> None:
    entries = {entry.key: entry.value for entry in tensor.external_data}
    where = PurePosixPath(entries.get("location", ""))
    if folder is None:
        raise NetworkRefused(
            f"The constant {tensor.name!r} lies in another file; send one file with all weights in it."
        )
    if where.is_absolute() or ".." in where.parts or not where.parts or "\\" in str(where):
        raise NetworkRefused(f"The constant {tensor.name!r} points outside the network's folder ({str(where)[:80]!r}).")
    path = (folder / where).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise NetworkRefused(f"The constant {tensor.name!r} needs the file {str(where)[:80]!r} beside the network.")
    try:
        offset, length = int(entries.get("offset", 0)), int(entries.get("length", size))
    except ValueError as error:
        raise NetworkRefused(f"The constant {tensor.name!r} has a damaged place in its external file.") from error
    if offset < 0 or length != size or offset + length > path.stat().st_size:
        raise NetworkRefused(
            f"The constant {tensor.name!r} does not lie inside {str(where)[:80]!r}: the file is short."
        )
    with path.open("rb") as source:
        source.seek(offset)
        tensor.raw_data = source.read(length)
    del tensor.external_data[:]
    tensor.data_location = TensorProto.DEFAULT
