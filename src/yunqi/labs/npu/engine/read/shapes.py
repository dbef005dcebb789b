"""Shapes of what a node computes, by ONNX's own rules, one node at a time with constants known."""

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper, shape_inference

from yunqi.labs.npu.model import Graph, NetworkRefused, Node, NotSupported, ShapeUnknown

_TROUBLE = (
    shape_inference.InferenceError,
    onnx.checker.ValidationError,
    onnx.defs.SchemaError,
    ValueError,
    TypeError,
    RuntimeError,
    KeyError,
)
_DATA_ELEMENTS = 4096  # constants beyond this size never decide a shape


class Shapes:
    """Infers shapes of one model's nodes."""

    def __init__(self, model: Any) -> None:
        self._imports = list(model.opset_import)
        self._versions = {entry.domain if entry.domain != "ai.onnx" else "": entry.version for entry in self._imports}
        self._ir = model.ir_version or 8
        self._declared = {value.name: value for value in [*model.graph.value_info, *model.graph.output]}

    def infer(self, node: Node, proto: Any, graph: Graph) -> list[tuple[str, tuple[int, ...], str]]:
        """Return name, shape and type of each output.

        Raises
        ------
        NotSupported
            When the operator is unknown and the file does not say what it gives.
        ShapeUnknown
            When a shape depends on data.
        """
        inferred = self._inferred(node, proto, graph)
        found = inferred or {}
        rows = []
        for name in node.outputs:
            if name:
                rows.append(self._row(node, name, found.get(name), known=inferred is not None))
        return rows

    def _inferred(self, node: Node, proto: Any, graph: Graph) -> dict[str, Any] | None:
        try:
            schema = onnx.defs.get_schema(node.op, self._versions.get(node.domain, 1), node.domain)
        except _TROUBLE:
            return None  # an operator that ONNX does not know
        types, data = {}, {}
        for name in node.inputs:
            if not name:
                continue
            value = graph.values[name]
            kind = helper.np_dtype_to_tensor_dtype(np.dtype(value.dtype))
            types[name] = helper.make_tensor_type_proto(kind, value.shape)
            if value.data is not None and value.data.size <= _DATA_ELEMENTS:
                data[name] = numpy_helper.from_array(value.data, name)
        renamed = onnx.NodeProto()
        renamed.CopyFrom(proto)
        del renamed.input[:]
        renamed.input.extend(node.inputs)
        try:
            return dict(
                shape_inference.infer_node_outputs(
                    schema, renamed, types, data, opset_imports=self._imports, ir_version=self._ir
                )
            )
        except _TROUBLE as error:
            reason = " ".join(str(error).split())[:200]
            raise NetworkRefused(f"The node {node.name!r} ({node.op}) does not fit its inputs: {reason}") from error

    def _row(self, node: Node, name: str, kind: Any, *, known: bool) -> tuple[str, tuple[int, ...], str]:
        shape = _static(kind)
        if shape is None and name in self._declared:
            kind = self._declared[name].type
            shape = _static(kind)
        if shape is None and not known:
            where = f" of domain {node.domain!r}" if node.domain else ""
            raise NotSupported(
                f"The operator {node.op!r}{where} (node {node.name!r}) is unknown here, so neither the chip nor the host "
                "can run it. Replace it by standard ONNX operators, or cut the network before it."
            )
        if shape is None:
            raise ShapeUnknown(
                f"The shape of {name!r} (node {node.name!r}, {node.op}) depends on data, and the chip's plan needs every "
                "shape. Cut the network before this node, or export it with fixed shapes."
            )
        return name, shape, str(helper.tensor_dtype_to_np_dtype(kind.tensor_type.elem_type))


def _static(kind: Any) -> tuple[int, ...] | None:
    if kind is None or not kind.HasField("tensor_type") or not kind.tensor_type.HasField("shape"):
        return None
    sizes = []
    for dim in kind.tensor_type.shape.dim:
        if not dim.HasField("dim_value"):
            return None
        sizes.append(int(dim.dim_value))
    return tuple(sizes)
