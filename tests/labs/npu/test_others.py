"""Networks as other makers write them: masks, missing names, run-time operands, half precision, further outputs."""

from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper
from tests.labs.npu.networks import model

from yunqi.labs.npu import Compiled, Npu
from yunqi.labs.npu.service.quantising import Feeds

R = np.random.default_rng(3)


def node(op: str, inputs: list[str], outputs: list[str], **attributes: Any) -> Any:
    return helper.make_node(op, inputs, outputs, **attributes)


def answers(npu: Npu, made: Any, feeds: dict[str, Any]) -> tuple[Compiled, float]:
    """Compile and run; return the error against onnxruntime, over the first output."""
    compiled = npu.compile(made.SerializeToString())
    quantised = npu.quantise(compiled, [feeds])
    found = next(npu.execute(compiled, quantised, [feeds]))
    session = ort.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    (wanted, *_) = session.run(None, feeds)
    got = found[compiled.graph.outputs[0]]
    assert got.shape == wanted.shape
    away = float(
        np.sqrt(np.mean((got.astype(np.float64) - wanted) ** 2) / max(np.mean(wanted.astype(np.float64) ** 2), 1e-12))
    )
    return compiled, away


def attention(mask: str) -> tuple[Any, dict[str, Any]]:
    """One head of attention over six places, three of them hidden, the mask written as ``mask`` says."""
    hidden = np.array([0, 0, 0, 1, 1, 1], np.float32)
    lowest = {"infinite": -np.inf, "smallest": np.finfo(np.float32).min, "flags": np.finfo(np.float32).min}[mask]
    weights = {"scale": np.float32(8**-0.5)}
    nodes = [node("Transpose", ["k"], ["kt"], perm=[0, 2, 1]), node("MatMul", ["q", "kt"], ["qk"])]
    nodes.append(node("Mul", ["qk", "scale"], ["s"]))
    feeds: dict[str, Any] = {name: R.standard_normal((1, 6, 8)).astype("f4") for name in ("q", "k", "v")}
    inputs: dict[str, Any] = {name: [1, 6, 8] for name in ("q", "k", "v")}
    kinds = {}
    if mask == "flags":
        feeds["m"] = (1 - hidden[None, None]).astype(np.int64)
        inputs["m"], kinds["m"] = [1, 1, 6], TensorProto.INT64
        weights |= {"one": np.float32(1), "lowest": np.float32(lowest)}
        nodes += [
            node("Cast", ["m"], ["mf"], to=1),
            node("Sub", ["one", "mf"], ["h"]),
            node("Mul", ["h", "lowest"], ["mask"]),
        ]
    else:
        weights["mask"] = np.where(hidden[None, None] > 0, np.float32(lowest), np.float32(0))
    nodes += [
        node("Add", ["s", "mask"], ["sm"]),
        node("Softmax", ["sm"], ["p"], axis=-1),
        node("MatMul", ["p", "v"], ["y"]),
    ]
    return model(nodes, inputs, ["y"], weights, kinds=kinds), feeds


@pytest.mark.parametrize("mask", ["infinite", "smallest", "flags"])
def test_a_mask_does_not_stretch_the_scale_of_the_scores(npu: Npu, mask: str) -> None:
    made, feeds = attention(mask)
    _, away = answers(npu, made, feeds)
    assert away < 0.05


def test_nodes_without_names_and_with_the_same_name_are_told_apart(npu: Npu) -> None:
    weights = {"w": R.standard_normal((4, 4)).astype("f4")}
    nodes = [node("MatMul", ["x", "w"], ["a"]), node("Relu", ["a"], ["b"], name="same")]
    nodes += [node("MatMul", ["b", "w"], ["c"]), node("Tanh", ["c"], ["y"], name="same")]
    compiled = npu.compile(model(nodes, {"x": [2, 4]}, ["y"], weights).SerializeToString())
    feeds: Feeds = [{"x": R.standard_normal((2, 4)).astype("f4")}]
    assert [one.name for one in compiled.graph.nodes] == ["MatMul", "same", "MatMul#1", "same#1"]
    assert npu.agreement(compiled, npu.quantise(compiled, feeds), feeds).error < 0.05


@pytest.mark.parametrize(
    ("op", "extra", "feed"),
    [
        ("Slice", ["a", "b"], {"a": np.array([0, 1]), "b": np.array([4, 5])}),
        ("Tile", ["a"], {"a": np.array([1, 2])}),
        ("ReduceSum", ["a"], {"a": np.array([1])}),
        ("Clip", ["lo"], {"lo": np.array(0.1, np.float32)}),
    ],
)
def test_operands_that_are_computed_at_run_time_send_the_node_to_the_host(
    npu: Npu, op: str, extra: list[str], feed: dict[str, Any]
) -> None:
    x = R.standard_normal((4, 6)).astype("f4")
    inputs: dict[str, Any] = {"x": [4, 6]} | {name: list(data.shape) for name, data in feed.items()}
    kinds = {name: TensorProto.FLOAT if data.dtype.kind == "f" else TensorProto.INT64 for name, data in feed.items()}
    made = model([node(op, ["x", *extra], ["y"], name="n")], inputs, ["y"], kinds=kinds)
    shape = ort.InferenceSession(made.SerializeToString()).run(None, {"x": x, **feed})[0].shape
    del made.graph.output[:]
    made.graph.output.append(helper.make_tensor_value_info("y", TensorProto.FLOAT, shape))
    compiled, away = answers(npu, made, {"x": x, **feed})
    assert [refusal.op for refusal in compiled.program.refusals] == [op]
    assert "run time" in compiled.program.refusals[0].reason
    assert away < 0.02


def test_a_bias_that_is_computed_at_run_time_is_added(npu: Npu) -> None:
    made = model(
        [node("Gemm", ["x", "w", "c"], ["y"])],
        {"x": [3, 4], "c": [3, 5]},
        ["y"],
        {"w": R.standard_normal((4, 5)).astype("f4")},
    )
    feeds = {"x": R.standard_normal((3, 4)).astype("f4"), "c": 5 * R.standard_normal((3, 5)).astype("f4")}
    assert answers(npu, made, feeds)[1] < 0.05


def test_further_outputs_of_a_node_are_kept(npu: Npu) -> None:
    weights = {"g": np.ones(8, np.float32), "b": np.zeros(8, np.float32)}
    nodes = [node("LayerNormalization", ["x", "g", "b"], ["n", "mean"], axis=-1), node("Add", ["n", "mean"], ["y"])]
    feeds = {"x": R.standard_normal((2, 3, 8)).astype("f4")}
    assert answers(npu, model(nodes, {"x": [2, 3, 8]}, ["y"], weights), feeds)[1] < 0.05


def test_what_runs_on_the_host_sees_the_inputs_themselves(npu: Npu) -> None:
    made = model([node("TopK", ["x", "k"], ["v", "i"], axis=1, name="top")], {"x": [1, 5]}, ["v"], {"k": np.array([2])})
    x = np.array([[0.123456, 100.0, 7.654321, -3.0, 0.5]], np.float32)
    compiled = npu.compile(made.SerializeToString())
    feeds: Feeds = [{"x": x}]
    assert next(npu.execute(compiled, npu.quantise(compiled, feeds), feeds))["v"].tolist() == [
        [100.0, np.float32(7.654321)]
    ]


def test_half_precision_is_read_as_single(npu: Npu) -> None:
    weights = {
        "w": R.standard_normal((6, 3, 1, 1)).astype("f2"),
        "r": np.float16(2**-0.5),
        "o": np.float16(1),
        "h": np.float16(0.5),
    }
    nodes = [node("Conv", ["x", "w"], ["c"]), node("Mul", ["c", "r"], ["d"]), node("Erf", ["d"], ["e"])]
    nodes += [node("Add", ["e", "o"], ["f"]), node("Mul", ["c", "f"], ["g"]), node("Mul", ["g", "h"], ["y"])]
    made = model(nodes, {"x": [1, 3, 4, 4]}, ["y"], weights, kinds={"x": TensorProto.FLOAT16})
    compiled = npu.compile(made.SerializeToString())
    assert {one.op for one in compiled.graph.nodes} == {"Conv", "Gelu"}
    feeds: Feeds = [{"x": R.standard_normal((1, 3, 4, 4)).astype("f2")}]
    assert npu.agreement(compiled, npu.quantise(compiled, feeds), feeds).error < 0.03


def test_a_rounded_up_average_counts_declared_padding_only(npu: Npu) -> None:
    made = model(
        [node("AveragePool", ["x"], ["y"], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4, ceil_mode=1, count_include_pad=1)],
        {"x": [1, 2, 6, 6]}, ["y"], opset=19,
    )  # fmt: skip
    assert answers(npu, made, {"x": np.abs(R.standard_normal((1, 2, 6, 6))).astype("f4")})[1] < 0.02


LIGHT = [
    "light_bvlc_alexnet",
    "light_densenet121",
    "light_inception_v2",
    "light_shufflenet",
    "light_squeezenet",
    "light_zfnet512",
]


@pytest.mark.parametrize("name", LIGHT)
def test_the_networks_that_onnx_ships_compile(npu: Npu, name: str) -> None:
    from onnx import version_converter
    from onnx.backend.test import data as _  # noqa: F401

    folder = next(iter(onnx.backend.test.__path__))
    made = version_converter.convert_version(onnx.load(f"{folder}/data/light/{name}.onnx"), 15)
    compiled = npu.compile(made.SerializeToString())
    assert compiled.pace.peak_ips > 10_000
    assert {one.op for one in compiled.program.refusals} <= {"ConstantOfShape"}


def test_a_constant_of_text_is_refused_when_published() -> None:
    from yunqi.labs.npu import NotSupported
    from yunqi.labs.npu.engine.artifact import _kept

    with pytest.raises(NotSupported, match="text"):
        _kept(numpy_helper.to_array(helper.make_tensor("t", TensorProto.STRING, [1], [b"a"])), [])
