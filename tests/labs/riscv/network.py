"""A small quantised network for the tests, written in QDQ form with weights from a seed."""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Writer:
    """Collects nodes and constants; activations are named by the operator that makes them."""

    def __init__(self, *, unsigned: bool = False, seed: int = 5) -> None:
        self.chance = np.random.default_rng(seed)
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.kind = np.uint8 if unsigned else np.int8
        self.offset = 128 if unsigned else 0

    def constant(self, name: str, data: Any) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(data), name))
        return name

    def pair(self, name: str, scale: float, zero: int = 0) -> str:
        s = self.constant(f"{name}.s", np.float32(scale))
        z = self.constant(f"{name}.z", self.kind(zero + self.offset))
        self.nodes.append(helper.make_node("QuantizeLinear", [name, s, z], [f"{name}.q"]))
        self.nodes.append(helper.make_node("DequantizeLinear", [f"{name}.q", s, z], [f"{name}.d"]))
        return f"{name}.d"

    def op(self, kind: str, inputs: list[str], name: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def weights(self, name: str, shape: tuple[int, ...], source: float) -> tuple[str, str]:
        scale = self.chance.uniform(0.004, 0.01, shape[0]).astype(np.float32)
        data = self.constant(f"{name}.w", self.chance.integers(-127, 128, shape, np.int8))
        s, z = self.constant(f"{name}.ws", scale), self.constant(f"{name}.wz", np.zeros(shape[0], np.int8))
        self.nodes.append(helper.make_node("DequantizeLinear", [data, s, z], [f"{name}.wd"], axis=0))
        bias = self.constant(f"{name}.b", self.chance.integers(-2000, 2000, shape[0], np.int32))
        bs, bz = (
            self.constant(f"{name}.bs", scale * np.float32(source)),
            self.constant(f"{name}.bz", np.zeros(shape[0], np.int32)),
        )
        self.nodes.append(helper.make_node("DequantizeLinear", [bias, bs, bz], [f"{name}.bd"], axis=0))
        return f"{name}.wd", f"{name}.bd"

    def model(self, shape: tuple[int, ...], output: str) -> Any:
        graph = helper.make_graph(
            self.nodes, "small", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)], self.constants,
        )  # fmt: skip
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def small(*, unsigned: bool = False) -> Any:
    """Return a network with every kind of layer: odd channels, pads, strides, a branch, tables, pools, a raw end."""
    w = Writer(unsigned=unsigned)
    x = w.pair("x", 0.03, 3)
    w.op("Conv", [x, *w.weights("c1", (13, 3, 3, 3), 0.03)], "c1", pads=[1, 1, 1, 1], strides=[2, 2])
    a = w.pair(w.op("Relu", ["c1"], "r1"), 0.05, -128)
    w.op("Conv", [a, *w.weights("c2", (13, 1, 3, 3), 0.05)], "c2", group=13, pads=[1, 1, 1, 1])
    lo, hi = w.constant("lo", np.float32(0)), w.constant("hi", np.float32(6))
    a = w.pair(w.op("Clip", ["c2", lo, hi], "r2"), 0.024, -128)
    first = w.pair(w.op("Conv", [a, *w.weights("c3", (20, 13, 1, 1), 0.024)], "c3"), 0.06, 4)
    w.op("Conv", [first, *w.weights("c4", (20, 20, 3, 3), 0.06)], "c4", auto_pad="SAME_UPPER")
    second = w.pair("c4", 0.3, -7)
    a = w.pair(w.op("Add", [first, second], "a1"), 0.3, 2)
    a = w.pair(w.op("Sigmoid", [a], "s1"), 1 / 256, -128)
    a = w.pair(w.op("MaxPool", [a], "m1", kernel_shape=[2, 2], strides=[2, 2]), 1 / 256, -128)
    a = w.pair(w.op("AveragePool", [a], "v1", kernel_shape=[3, 3]), 1 / 255, -128)
    a = w.op("Flatten", [a], "f1")
    w.op("Gemm", [a, *w.weights("g1", (10, 80), 1 / 255)], "g1", transB=1)
    w.op("Softmax", ["g1"], "y")
    return w.model((1, 3, 16, 16), "y")


def vision() -> Any:
    """Return what vision networks have besides: a hard swish in parts, a gate over channels, a sum of a convolution's sums,
    an enlarged image beside another one, a matrix product with its bias apart."""
    w = Writer(seed=8)

    def number(name: str, value: float) -> str:
        return w.constant(name, np.float32(value))

    x = w.pair("x", 0.03, 3)
    c1 = w.pair(w.op("Conv", [x, *w.weights("c1", (12, 3, 3, 3), 0.03)], "c1", pads=[1, 1, 1, 1]), 0.06, 4)
    shifted = w.pair(w.op("Add", [c1, number("three", 3)], "shifted"), 0.07, -9)
    cut = w.pair(w.op("Clip", [shifted, number("zero", 0), number("six", 6)], "cut"), 6 / 255, -128)
    product = w.pair(w.op("Mul", [c1, cut], "product"), 0.3, -100)
    swish = w.pair(w.op("Div", [product, number("sixth", 6)], "swish"), 0.05, -100)
    pool = w.pair(w.op("GlobalAveragePool", [swish], "pool"), 0.03, -100)
    w.op("Conv", [pool, *w.weights("squeeze", (4, 12, 1, 1), 0.03)], "squeeze")
    squeeze = w.pair(w.op("Relu", ["squeeze"], "squeezed"), 0.03, -128)
    w.op("Conv", [squeeze, *w.weights("widen", (12, 4, 1, 1), 0.03)], "widen")
    gate = w.pair(w.op("HardSigmoid", ["widen"], "gate", alpha=0.2, beta=0.5), 1 / 255, -128)
    gated = w.pair(w.op("Mul", [gate, swish], "gated"), 0.05, -100)
    w.op("Conv", [gated, *w.weights("c2", (12, 12, 1, 1), 0.05)], "c2")
    joined = w.pair(w.op("Relu", [w.op("Add", [gated, "c2"], "joined")], "positive"), 0.06, -128)
    small = w.pair(w.op("MaxPool", [joined], "m1", kernel_shape=[2, 2], strides=[2, 2]), 0.06, -128)
    w.constant("twice", np.array([1, 1, 2, 2], np.float32))
    wide = w.pair(
        w.op("Resize", [small, "", "twice"], "wide", mode="nearest", coordinate_transformation_mode="asymmetric",
             nearest_mode="floor"),
        0.06, -128,
    )  # fmt: skip
    both = w.pair(w.op("Concat", [wide, swish], "both", axis=1), 0.06, -110)
    mean = w.pair(w.op("GlobalAveragePool", [both], "mean"), 0.05, -110)
    flat = w.op("Flatten", [mean], "flat")
    matrix = w.constant("matrix", w.chance.integers(-127, 128, (24, 5), np.int8))
    w.nodes.append(
        helper.make_node("DequantizeLinear", [matrix, number("ms", 0.01), w.constant("mz", np.int8(0))], ["matrix.d"])
    )
    w.op("MatMul", [flat, "matrix.d"], "sums")
    w.op("Add", ["sums", w.constant("bias", w.chance.normal(size=5).astype(np.float32))], "y")
    return w.model((1, 3, 10, 8), w.pair("y", 0.05, 1))


def parts(model: Any) -> Any:
    """Return the same network with every quantised tensor as a further output."""
    wider = onnx.ModelProto()
    wider.CopyFrom(model)
    for node in model.graph.node:
        if node.op_type == "QuantizeLinear":
            wider.graph.output.append(onnx.ValueInfoProto(name=node.output[0]))
    if any("g1" in node.output for node in model.graph.node):
        wider.graph.output.append(onnx.ValueInfoProto(name="g1"))
    return wider
