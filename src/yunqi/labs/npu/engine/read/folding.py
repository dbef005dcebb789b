"""Computing a node whose inputs are all constants, with ONNX's reference evaluator."""

import warnings

import numpy as np
from onnx import TensorProto, helper, numpy_helper
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
    names = [name if name else "" for name in node.inputs]
    attributes = {name: _as_attribute(value) for name, value in node.attributes.items()}
    proto = helper.make_node(node.op, names, list(node.outputs), **attributes)
    graph = helper.make_graph(
        [proto],
        "folding",
        [helper.make_tensor_value_info(name, TensorProto.UNDEFINED, None) for name in dict.fromkeys(names) if name],
        [helper.make_tensor_value_info(name, TensorProto.UNDEFINED, None) for name in node.outputs if name],
    )
    feeds = {name: data for name, data in zip(node.inputs, inputs, strict=True) if name and data is not None}
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
            found = ReferenceEvaluator(model).run(None, feeds)
    except _TROUBLE:
        return None
    return [np.asarray(array) for array in found]


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
