"""A compiled network as one archive, and back: what the hub keeps and a deployment runs.

::

    manifest.json         what it is: recipe, chip, inputs, memory, predicted pace and energy, agreement with floating point
    network.onnx          the float network with fixed shapes, constants inside
    quantised.onnx        the same integers with QuantizeLinear, for runtimes on a CPU
    program.npu           the chip's program; program.npuasm is its text
    compiled/graph.json   the fused graph, the integers' scales and the chip's parameters, exactly
    compiled/arrays.npz   integer weights and the other constants
"""

import base64
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from yunqi.labs.npu.engine.chips import chip_document, chip_from_document
from yunqi.labs.npu.model import (
    Array,
    Calibration,
    Chip,
    Graph,
    NetworkRefused,
    Node,
    NotSupported,
    Program,
    QuantisedGraph,
    Quantity,
    Recipe,
    Rounding,
    Value,
    Wide,
)

FORMAT = "yunqi-npu/1"
_LARGEST = 2 << 30
_DAMAGE = (
    KeyError, ValueError, TypeError, IndexError, AttributeError, OSError, EOFError, RuntimeError, zipfile.BadZipFile,
    zlib.error, struct.error,
)  # fmt: skip
_STAMP = (2020, 1, 1, 0, 0, 0)  # the same network gives the same bytes


@dataclass(frozen=True, slots=True)
class Artifact:
    """What an archive holds.

    Parameters
    ----------
    bits, wide, chips
        How it was compiled; compiling again gives ``program``.
    program
        The chip's program as text.
    """

    manifest: dict[str, Any]
    quantised: QuantisedGraph
    chip: Chip
    bits: int
    wide: Wide
    chips: int
    program: str


def pack(
    program: Program, quantised: QuantisedGraph, chip: Chip, *, manifest: Mapping[str, Any], files: Mapping[str, bytes]
) -> bytes:
    """Return the archive.

    Parameters
    ----------
    files
        Further members by name: ``network.onnx``, ``quantised.onnx``, ``program.npu``, ``program.npuasm``.
    """
    arrays: list[Array] = []
    document = {
        "format": FORMAT,
        "chip": chip_document(chip),
        "compile": {"bits": program.bits, **_wide_document(program.widths.wide), "chips": program.memory.chips},
        "graph": _graph_document(quantised, arrays),
        "quantised": _quantised_document(quantised, arrays),
    }
    held = io.BytesIO()
    np.savez(held, allow_pickle=False, **{str(place): array for place, array in enumerate(arrays)})
    members = {
        "manifest.json": json.dumps({"format": FORMAT, **manifest}, indent=2, ensure_ascii=False).encode(),
        **files,
        "compiled/graph.json": json.dumps(document).encode(),
        "compiled/arrays.npz": held.getvalue(),
    }
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, _STAMP), data, zipfile.ZIP_DEFLATED)
    return found.getvalue()


def unpack(data: bytes) -> Artifact:
    """Read an archive.

    Raises
    ------
    NetworkRefused
        When it is damaged, or of another version.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(info.file_size for info in archive.infolist()) > _LARGEST:
                raise NetworkRefused("The archive unpacks to more than 2 GiB. Publish it again.")
            manifest, document = (json.loads(archive.read(name)) for name in ("manifest.json", "compiled/graph.json"))
            text = archive.read("program.npuasm").decode()
            with np.load(io.BytesIO(archive.read("compiled/arrays.npz")), allow_pickle=False) as held:
                arrays = [held[str(place)] for place in range(len(held.files))]
        if document["format"] != FORMAT:
            raise NetworkRefused(
                f"The archive has format {document['format']!r}; this release reads {FORMAT}. Publish it again."
            )
        compiled = document["compile"]
        return Artifact(
            manifest=manifest,
            quantised=_quantised(document, arrays),
            chip=chip_from_document(document["chip"]),
            bits=int(compiled["bits"]),
            wide=_wide(compiled),
            chips=int(compiled["chips"]),
            program=text,
        )
    except _DAMAGE as error:
        raise NetworkRefused(f"The archive of the compiled network is damaged ({error}). Publish it again.") from error


def _wide_document(wide: Wide) -> dict[str, list[str]]:
    both = wide.inputs & wide.weights
    return {
        "wide": sorted(both), "wide_inputs": sorted(wide.inputs - both), "wide_weights": sorted(wide.weights - both),
    }  # fmt: skip


def _wide(document: Mapping[str, Any]) -> Wide:
    """Read the widened products; archives of earlier releases widened both operands or none."""
    both = frozenset(document["wide"])
    return Wide(both | frozenset(document.get("wide_inputs", ())), both | frozenset(document.get("wide_weights", ())))


def _graph_document(quantised: QuantisedGraph, arrays: list[Array]) -> dict[str, Any]:
    graph = quantised.graph
    return {
        "name": graph.name,
        "inputs": graph.inputs,
        "outputs": graph.outputs,
        "opset": graph.opset,
        "assumed": graph.assumed,
        "nodes": [
            [node.op, node.name, node.inputs, node.outputs, node.domain,
             {name: _stored(value, arrays) for name, value in node.attributes.items()}]
            for node in graph.nodes
        ],
        "values": [
            [value.name, value.shape, value.dtype,
             None if value.data is None or value.name in quantised.weights else _kept(value.data, arrays)]
            for value in graph.values.values()
        ],
    }  # fmt: skip


def _quantised_document(quantised: QuantisedGraph, arrays: list[Array]) -> dict[str, Any]:
    recipe = quantised.recipe
    return {
        "images": quantised.images,
        "recipe": {
            "bits": recipe.bits, "calibration": recipe.calibration.value, "rounding": recipe.rounding.value,
            "equalise": recipe.equalise, "residual_bits": recipe.residual_bits, "sparsity": recipe.sparsity,
            "level": recipe.level, "compensate": recipe.compensate,
        },
        "activations": {name: _quantity(found, arrays) for name, found in quantised.activations.items()},
        "weights": {
            name: [_kept(data, arrays), *_quantity(found, arrays)] for name, (data, found) in quantised.weights.items()
        },
    }  # fmt: skip


def _quantity(quantity: Quantity, arrays: list[Array]) -> list[Any]:
    scale = np.asarray(quantity.scale, np.float64)
    return [_kept(scale, arrays) if scale.ndim else float(scale).hex(), quantity.bits, quantity.axis]


def _kept(data: Array, arrays: list[Array]) -> int:
    if data.dtype.kind == "O":
        raise NotSupported("A network with constants of text cannot be published.")
    arrays.append(data if data.dtype.isbuiltin == 1 else data.view(np.uint8 if data.itemsize == 1 else np.uint16))
    return len(arrays) - 1


def _stored(value: Any, arrays: list[Array]) -> Any:
    if isinstance(value, np.ndarray):
        return {"array": _kept(value, arrays)}
    if hasattr(value, "SerializeToString"):
        return {"graph": base64.b64encode(value.SerializeToString()).decode()}
    if isinstance(value, np.generic):
        return value.item()
    return list(value) if isinstance(value, tuple) else value


def _restored(value: Any, arrays: list[Array]) -> Any:
    if isinstance(value, dict) and "array" in value:
        return arrays[value["array"]]
    if isinstance(value, dict):
        import onnx

        return onnx.GraphProto.FromString(base64.b64decode(value["graph"]))
    return value


def _quantised(document: Mapping[str, Any], arrays: list[Array]) -> QuantisedGraph:
    stored, held = document["graph"], document["quantised"]
    weights = {}
    for name, (place, *rest) in held["weights"].items():
        weights[name] = (arrays[place], _restored_quantity(rest, arrays))
    values = {}
    for name, shape, dtype, place in stored["values"]:
        data = None if place is None else _typed(arrays[place], dtype)
        if name in weights:
            data = _real(*weights[name], dtype)
        values[name] = Value(name, tuple(shape), dtype, data)
    nodes = [
        Node(op, label, tuple(inputs), tuple(outputs), {k: _restored(v, arrays) for k, v in attributes.items()}, domain)
        for op, label, inputs, outputs, domain, attributes in stored["nodes"]
    ]
    graph = Graph(
        stored["name"], nodes, values, tuple(stored["inputs"]), tuple(stored["outputs"]), stored["opset"],
        dict(stored["assumed"]),
    )  # fmt: skip
    recipe = held["recipe"] | {
        "calibration": Calibration(held["recipe"]["calibration"]),
        "rounding": Rounding(held["recipe"]["rounding"]),
    }
    activations = {name: _restored_quantity(row, arrays) for name, row in held["activations"].items()}
    return QuantisedGraph(graph, Recipe(**recipe), activations, weights, int(held["images"]))


def _restored_quantity(row: Any, arrays: list[Array]) -> Quantity:
    scale, bits, axis = row
    number = np.asarray(float.fromhex(scale)) if isinstance(scale, str) else arrays[scale]
    return Quantity(number, int(bits), axis)


def _typed(data: Array, dtype: str) -> Array:
    kind = np.dtype(dtype)
    return data if data.dtype == kind else data.view(kind)


def _real(data: Array, quantity: Quantity, dtype: str) -> Array:
    """Weights as real numbers again: only their shape and that they are constants matter from here on."""
    scale = quantity.scale
    if quantity.axis is not None:
        scale = scale.reshape([-1 if place == quantity.axis else 1 for place in range(data.ndim)])
    return (data * scale).astype(np.dtype(dtype))
