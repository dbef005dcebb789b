"""The integer path: bit for bit beside plain integers, one unit beside onnxruntime, and its options measured."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from tests.labs.npu import plain_reference
from tests.labs.npu.layerwise import differences
from tests.labs.npu.networks import small_cnn

from yunqi.labs.npu import Compiled, NetworkRefused, Npu
from yunqi.labs.npu.engine.integer import Executor
from yunqi.labs.npu.engine.integer.arithmetic import clipped, divided, fixed_point, integer_root, shifted
from yunqi.labs.npu.engine.networks import NETWORKS
from yunqi.labs.npu.engine.quantise import Activations, Range, calibrate, equalise, to_onnx, to_qdq
from yunqi.labs.npu.model import Calibration, QuantisedGraph, Recipe
from yunqi.labs.npu.service.quantising import random_feeds


@pytest.fixture(scope="module")
def small(npu: Npu) -> tuple[Compiled, QuantisedGraph]:
    compiled = npu.compile(small_cnn())
    return compiled, npu.quantise(compiled, random_feeds(compiled.graph, 4, seed=1))


@pytest.mark.parametrize("seed", range(5))
def test_every_tensor_equals_plain_integers_bit_for_bit(small: tuple[Compiled, QuantisedGraph], seed: int) -> None:
    compiled, quantised = small
    executor = Executor(compiled.program, quantised)
    feed = random_feeds(compiled.graph, 1, seed=seed)[0]
    executor.run(feed)
    wanted = plain_reference.run(feed["x"][0], quantised, quantised.graph.constant)
    for name, data in wanted.items():
        assert executor.tensors[name].reshape(np.shape(data)).tolist() == data, name


def test_each_layer_is_within_one_unit_of_onnxruntime(small: tuple[Compiled, QuantisedGraph]) -> None:
    compiled, quantised = small
    executor = Executor(compiled.program, quantised)
    executor.run(random_feeds(compiled.graph, 1, seed=9)[0])
    found = differences(compiled.program, quantised, executor)
    assert len(found) >= 6
    assert max(found.values()) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet50", "mobilenet-v2", "efficientnet-b0", "vit-tiny", "bert-small"])
def test_each_layer_of_the_reference_networks_is_within_one_unit_of_onnxruntime(npu: Npu, name: str) -> None:
    compiled = npu.compile(NETWORKS[name]())
    feeds = random_feeds(compiled.graph, 1, seed=2)
    quantised = npu.quantise(compiled, feeds)
    executor = Executor(compiled.program, quantised)
    executor.run(feeds[0])
    found = differences(compiled.program, quantised, executor)
    assert len(found) > 50
    assert max(found.values()) <= 1


def test_signed_and_unsigned_exports_are_the_same_numbers(small: tuple[Compiled, QuantisedGraph]) -> None:
    compiled, quantised = small
    feed = random_feeds(compiled.graph, 1, seed=3)[0]
    found = []
    for form in (Activations.SIGNED, Activations.UNSIGNED):
        data = to_qdq(compiled.program, quantised, activations=form).SerializeToString()
        options = ort.SessionOptions()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        found.append(ort.InferenceSession(data, options, providers=["CPUExecutionProvider"]).run(None, feed)[0])
    assert np.array_equal(*found)


@pytest.mark.slow
def test_the_fused_graph_computes_what_the_file_does(npu: Npu) -> None:
    for name in ("efficientnet-b0", "vit-tiny"):
        data = NETWORKS[name]()
        graph = npu.read(data)
        feed = random_feeds(graph, 1)[0]
        first = ort.InferenceSession(data, providers=["CPUExecutionProvider"]).run(None, feed)[0]
        second = ort.InferenceSession(to_onnx(graph).SerializeToString(), providers=["CPUExecutionProvider"]).run(
            None, feed
        )[0]
        assert np.allclose(first, second, rtol=1e-3, atol=1e-3 * np.abs(first).max())


def test_min_max_is_the_vendor_s_recipe(small: tuple[Compiled, QuantisedGraph]) -> None:
    compiled, quantised = small
    feeds = random_feeds(compiled.graph, 4, seed=1)
    largest = max(float(np.abs(feed["x"]).max()) for feed in feeds)
    assert float(quantised.activations["x"].scale) == pytest.approx(largest / 127)
    weight, quantity = quantised.weights["w1"]
    real = quantised.graph.constant("w1")
    assert real is not None
    assert np.allclose(quantity.scale, np.abs(real).max(axis=(1, 2, 3)) / 127)
    assert np.abs(weight).max() == 127


def test_sixteen_bits_are_closer_than_eight(npu: Npu) -> None:
    errors = []
    for bits in (8, 16):
        compiled = npu.compile(small_cnn(), bits=bits)
        feeds = random_feeds(compiled.graph, 3, seed=5)
        errors.append(npu.agreement(compiled, npu.quantise(compiled, feeds), feeds).error)
    assert errors[1] < errors[0] / 20


def test_clipping_calibrations_take_less_than_the_largest() -> None:
    seen = Range()
    data = np.random.default_rng(0).standard_normal(100_000)
    data[0] = 50.0
    seen.see(data)
    assert seen.bound(Calibration.MIN_MAX, 127) == 50.0
    assert 3.0 < seen.bound(Calibration.PERCENTILE, 127) < 6.0
    assert seen.bound(Calibration.MSE, 127) < 40.0


@pytest.mark.slow
def test_equalised_weights_compute_the_same(npu: Npu) -> None:
    graph = npu.read(NETWORKS["resnet50"](size=32))  # type: ignore[call-arg]
    balanced, pairs = equalise(graph)
    assert pairs == 32
    feed = random_feeds(graph, 1)[0]
    found = [
        ort.InferenceSession(to_onnx(one).SerializeToString(), providers=["CPUExecutionProvider"]).run(None, feed)[0]
        for one in (graph, balanced)
    ]
    assert np.allclose(*found, rtol=1e-3, atol=1e-3 * np.abs(found[0]).max())


def test_sparse_weights_are_stored_smaller(npu: Npu) -> None:
    from yunqi.labs.npu.engine.quantise.recipe import stored_bytes

    compiled = npu.compile(small_cnn())
    plain, packed = stored_bytes(npu.quantise(compiled, recipe=Recipe(sparsity=0.75)).weights)
    assert packed < plain / 2


def test_the_export_is_a_valid_network(small: tuple[Compiled, QuantisedGraph]) -> None:
    onnx.checker.check_model(to_qdq(*[small[0].program, small[1]]))


def test_a_missing_or_misshapen_input_is_refused(small: tuple[Compiled, QuantisedGraph]) -> None:
    executor = Executor(small[0].program, small[1])
    with pytest.raises(NetworkRefused, match="'x' is missing"):
        executor.run({})
    with pytest.raises(NetworkRefused, match="shape"):
        executor.run({"x": np.zeros((1, 3, 4, 4), np.float32)})


def test_calibration_sees_every_real_tensor(npu: Npu) -> None:
    graph = npu.read(small_cnn())
    ranges = calibrate(graph, random_feeds(graph, 1))
    assert set(ranges) == {"x", *[name for node in graph.nodes for name in node.outputs]}


def test_the_arithmetic_s_own_rules() -> None:
    assert shifted(np.array([3, 2, -3, 5, -5]), 1).tolist() == [2, 1, -2, 3, -3]
    assert divided(np.array([7, -7, 5]), np.array([2, 2, -2])).tolist() == [4, -4, -3]
    assert integer_root(np.array([0, 1, 2, 3, 4, 99, 100, 2**52 - 1])).tolist() == [0, 1, 1, 1, 2, 9, 10, 67108863]
    assert clipped(np.array([-200, 200]), 127).dtype == np.int8
    integers, shift = fixed_point(np.array([0.75, 0.001]))
    assert integers.tolist() == [round(0.75 * 2**shift), round(0.001 * 2**shift)]
    assert 2**23 <= integers[0] < 2**24
