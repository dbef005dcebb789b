"""Small networks for the tests, written node by node."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper


def model(
    nodes: Sequence[Any],
    inputs: dict[str, Sequence[int | str]],
    outputs: Sequence[str],
    weights: dict[str, np.ndarray[Any, Any]] | None = None,
    *,
    opset: int = 17,
    kinds: dict[str, int] | None = None,
    domains: Sequence[str] = (),
) -> Any:
    graph = helper.make_graph(
        list(nodes),
        "small",
        [helper.make_tensor_value_info(n, (kinds or {}).get(n, TensorProto.FLOAT), s) for n, s in inputs.items()],
        [helper.make_empty_tensor_value_info(name) for name in outputs],
        [numpy_helper.from_array(data, name) for name, data in (weights or {}).items()],
    )
    imports = [helper.make_opsetid("", opset), *[helper.make_opsetid(domain, 1) for domain in domains]]
    made = helper.make_model(graph, opset_imports=imports)
    made.ir_version = 8
    return made


def small_cnn(*, batch: int | str = 1, size: int = 16) -> bytes:
    """A residual network of four convolutions, one of them depthwise, a pool and a classifier."""
    r = np.random.default_rng(7)
    w = {
        "w1": r.standard_normal((8, 3, 3, 3)).astype("f4") * 0.3,
        "b1": r.standard_normal(8).astype("f4") * 0.1,
        "w2": r.standard_normal((8, 8, 1, 1)).astype("f4") * 0.3,
        "w3": r.standard_normal((8, 1, 3, 3)).astype("f4") * 0.3,
        "b3": r.standard_normal(8).astype("f4") * 0.1,
        "w4": r.standard_normal((10, 8)).astype("f4") * 0.3,
        "b4": r.standard_normal(10).astype("f4") * 0.1,
    }
    nodes = [
        helper.make_node(
            "Conv", ["x", "w1", "b1"], ["c1"], kernel_shape=[3, 3], pads=[1] * 4, strides=[2, 2], name="c1"
        ),
        helper.make_node("Relu", ["c1"], ["r1"], name="r1"),
        helper.make_node("MaxPool", ["r1"], ["p1"], kernel_shape=[3, 3], pads=[1] * 4, strides=[1, 1], name="p1"),
        helper.make_node("Conv", ["p1", "w2"], ["c2"], kernel_shape=[1, 1], name="c2"),
        helper.make_node("Add", ["c2", "p1"], ["a1"], name="a1"),
        helper.make_node("Relu", ["a1"], ["r2"], name="r2"),
        helper.make_node("Conv", ["r2", "w3", "b3"], ["c3"], kernel_shape=[3, 3], pads=[1] * 4, group=8, name="c3"),
        helper.make_node("Sigmoid", ["c3"], ["s"], name="s"),
        helper.make_node("Mul", ["c3", "s"], ["m"], name="m"),
        helper.make_node("AveragePool", ["m"], ["p2"], kernel_shape=[2, 2], strides=[2, 2], name="p2"),
        helper.make_node("GlobalAveragePool", ["p2"], ["g"], name="g"),
        helper.make_node("Flatten", ["g"], ["f"], name="f"),
        helper.make_node("Gemm", ["f", "w4", "b4"], ["y"], transB=1, name="fc"),
    ]
    return bytes(model(nodes, {"x": [batch, 3, size, size]}, ["y"], w).SerializeToString())
