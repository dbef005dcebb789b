"""Computing a node whose inputs are all constants, with ONNX's reference evaluator."""

import warnings
from typing import Any

import numpy as np
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from yunqi.labs.npu.model import Array, Node

_TROUBLE = (
    ValueError, TypeError, RuntimeError, KeyError, IndexError, AttributeError, NotImplementedError, AssertionError,
)  # fmt: skip
_NEVER = frozenset({"If", "Loop", "Scan", "RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike"})
_GROWING = frozenset({"Expand", "Tile", "ConstantOfShape", "Range", "Resize", "Pad", "Upsample", "OneHot"})


def evaluate(node: Node, inputs: list[Array | None], *, opset: int, largest: int) -> list[Array] | None:
    """Return the node's outputs, or ``None`` when it should stay in the graph.

    Parameters
    ----------
    largest
        Elements that an operator may blow its result up to.
    """
    if node.op in _NEVER or node.domain or not _is_small(node, inputs, largest):
        return None
    feeds = {name: data for name, data in zip(node.inputs, inputs, strict=True) if name and data is not None}
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            model = _alone(node, feeds, opset)
            found = ReferenceEvaluator(model).run(None, feeds)
    except _TROUBLE:
        return run_node(node, inputs, opset=opset)  # the reference lacks older versions of some operators
    return [np.asarray(array) for array in found]


def run_node(node: Node, inputs: list[Array | None], *, opset: int) -> list[Array] | None:
    """Return the node's outputs as onnxruntime computes them, or ``None`` when it cannot."""
    import onnxruntime as ort
    from onnxruntime.capi import onnxruntime_pybind11_state as trouble

    feeds = {name: data for name, data in zip(node.inputs, inputs, strict=True) if name and data is not None}
    refusals = (
        trouble.Fail, trouble.InvalidArgument, trouble.InvalidGraph, trouble.NotImplemented, trouble.RuntimeException,
    )  # fmt: skip
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    try:
        model = _alone(node, feeds, opset)
        session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return [np.asarray(array) for array in session.run(None, feeds)]
    except (*refusals, *_TROUBLE):
        return None


def _alone(node: Node, feeds: dict[str, Array], opset: int) -> Any:
    """Return a model of this one node."""
    attributes = {name: _as_attribute(value) for name, value in node.attributes.items()}
    proto = helper.make_node(node.op, list(node.inputs), list(node.outputs), **attributes)
    infos = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(data.dtype), data.shape)
        for name, data in feeds.items()
    ]
    outputs = [helper.make_empty_tensor_value_info(name) for name in node.outputs if name]
    model = helper.make_model(
        helper.make_graph([proto], "alone", infos, outputs), opset_imports=[helper.make_opsetid("", opset)]
    )
    model.ir_version = 10
    return model


def _is_small(node: Node, inputs: list[Array | None], largest: int) -> bool:
    if node.op not in _GROWING or largest >= 1 << 31:
        return True
    numbers = [data for data in inputs if data is not None]
    if node.op in ("Expand", "ConstantOfShape"):
        sizes = numbers[-1].ravel()
        return bool(np.prod(np.maximum(sizes.astype(float), 1)) <= largest)
    if node.op == "Tile" and len(numbers) == 2:
        return bool(np.prod(numbers[1].astype(float)) * max(numbers[0].size, 1) <= largest)
    if node.op == "Range" and len(numbers) == 3:
        start, limit, delta = (float(n) for n in numbers)
        return delta != 0 and abs((limit - start) / delta) <= largest
    return False


def _as_attribute(value: object) -> object:
    return numpy_helper.from_array(value) if isinstance(value, np.ndarray) else value
