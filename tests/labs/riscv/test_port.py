import shutil

import pytest

pytest.importorskip("numba")
pytest.importorskip("onnx")

import numpy as np
from onnx import helper
from tests.labs.riscv.network import Writer, parts, small, vision

from yunqi.labs.riscv import Invalid, Riscv, RiscvConfig
from yunqi.labs.riscv.engine.disassemble import text
from yunqi.labs.riscv.engine.port.assemble import assembled, word
from yunqi.labs.riscv.engine.port.layers import Kind
from yunqi.labs.riscv.engine.port.reference import execute, step
from yunqi.labs.riscv.service.port import port, read, sample_input

LAB = Riscv(None, RiscvConfig())
needs_compiler = pytest.mark.skipif(
    shutil.which("riscv64-linux-gnu-gcc") is None and shutil.which("clang-19") is None,
    reason="needs a compiler for RISC-V: apt-get install gcc-riscv64-linux-gnu, or clang-19 and lld-19",
)


@pytest.mark.parametrize("unsigned", [False, True])
def test_the_reference_is_within_one_step_of_onnxruntime_at_every_layer(unsigned: bool) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    model = small(unsigned=unsigned)
    network = read(model.SerializeToString(), "small")
    given = np.random.default_rng(3).normal(size=(1, 3, 16, 16)).astype(np.float32)
    np.testing.assert_array_equal(execute(network, sample_input(network, given))[0], sample_input(network, given))
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        parts(model).SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    theirs = dict(zip([one.name for one in session.get_outputs()], session.run(None, {"x": given}), strict=True))
    seen = {}
    for index, tensor in enumerate(network.tensors):
        if tensor.name in theirs and tensor.name != "g1":
            image = theirs[tensor.name].reshape(tensor.shape[2], *tensor.shape[:2]).transpose(1, 2, 0)
            seen[index] = image.astype(int) - (128 if unsigned else 0)
    assert len(seen) == len(network.tensors) - 1
    for layer in network.layers[:-1]:
        far = np.abs(step(network, layer, [seen[index] for index in layer.inputs]).astype(int) - seen[layer.output])
        assert far.max() <= 1, layer.name
        assert (far > 0).mean() < 0.05, layer.name
    last = network.layers[-1]
    sums = step(network, last, [seen[index] for index in last.inputs])
    assert network.scales is not None
    np.testing.assert_allclose(sums.ravel() * network.scales, theirs["g1"].ravel(), rtol=1e-4, atol=1e-4)
    assert network.host == ("Softmax",)


def test_the_layers_of_vision_networks_are_within_one_step_of_onnxruntime() -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    model = vision()
    network = read(model.SerializeToString(), "vision")
    given = np.random.default_rng(4).normal(size=(1, 3, 10, 8)).astype(np.float32)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        parts(model).SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    theirs = dict(zip([one.name for one in session.get_outputs()], session.run(None, {"x": given}), strict=True))
    values = {network.input: sample_input(network, given)}
    for layer in network.layers:
        tensor = network.tensors[layer.output]
        found = step(network, layer, [values[index] for index in layer.inputs])
        if tensor.name in theirs:  # the next layer goes on from onnxruntime's bytes
            image = theirs[tensor.name].reshape(tensor.shape[2], *tensor.shape[:2]).transpose(1, 2, 0).astype(int)
            assert np.abs(found.astype(int) - image).max() <= 1, layer.name
            found = image
        values[layer.output] = found
    kinds = [layer.kind for layer in network.layers]
    assert kinds.count(Kind.LOOKUP) == 3  # the hard swish is one, the hard sigmoid none; two bring scales together
    assert {Kind.JOIN, Kind.MULTIPLY, Kind.CONCAT, Kind.ENLARGE} < set(kinds)
    assert np.ptp(values[network.output]) > 20


@needs_compiler
def test_the_kernels_of_vision_networks_give_the_references_bytes() -> None:
    network = read(vision().SerializeToString(), "vision")
    for seed in (1, 2):
        done = port(LAB, network, sample_input(network, seed=seed), timing=False)
        assert [one.exact for one in done] == [True, True, True]


@needs_compiler
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_all_kernels_give_the_references_bytes(compiler: str) -> None:
    if shutil.which({"gcc": "riscv64-linux-gnu-gcc", "clang": "clang-19"}[compiler]) is None:
        pytest.skip(f"{compiler} is not installed")
    network = read(small().SerializeToString(), "small")
    for seed in (1, 2):
        done = port(LAB, network, sample_input(network, seed=seed), compiler=compiler, timing=False)
        assert [one.exact for one in done] == [True, True, True]
        assert done[2].instructions * 3 < done[0].instructions


@needs_compiler
@pytest.mark.slow
def test_a_ported_network_is_timed_layer_by_layer_and_vectors_are_fastest() -> None:
    network = read(small().SerializeToString(), "small")
    scalar, thead, vector = port(LAB, network, sample_input(network))
    assert vector.cycles < thead.cycles < scalar.cycles
    assert [layer.name for layer in scalar.layers] == [layer.name for layer in network.layers]
    assert sum(layer.cycles for layer in scalar.layers) < scalar.cycles
    assert scalar.milliseconds == pytest.approx(scalar.cycles / 2.5e6)
    assert sum(layer.products for layer in scalar.layers) == 277_792


def refused(model: object) -> str:
    with pytest.raises(Invalid) as error:
        read(model.SerializeToString(), "net.onnx")  # type: ignore[attr-defined]
    return str(error.value)


def test_what_cannot_be_ported_is_refused_by_name() -> None:
    w = Writer()
    w.op("Einsum", [w.pair("x", 0.1)], "y")
    assert "Einsum" in refused(w.model((1, 3, 4, 4), "y"))
    plain = helper.make_model(helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])], "g", [helper.make_tensor_value_info("x", 1, [1, 4])],
        [helper.make_tensor_value_info("y", 1, [1, 4])]))  # fmt: skip
    assert "not quantised" in refused(plain)
    w = Writer()
    w.op("Conv", [w.pair("x", 0.1), *w.weights("c", (4, 3, 3, 3), 0.1)], "c", dilations=[2, 2])
    w.pair("c", 0.1)
    assert "dilated" in refused(w.model((1, 3, 8, 8), "c.d"))
    w = Writer()
    w.op("Conv", [w.pair("x", 0.1), *w.weights("c", (4, 2, 3, 3), 0.1)], "c", group=2)
    w.pair("c", 0.1)
    assert "groups" in refused(w.model((1, 4, 8, 8), "c.d"))
    w = Writer()
    w.op("Relu", [w.pair("x", 0.1)], "r")
    w.pair("r", 0.1)
    assert "must be a number" in refused(w.model((1, 3, 0, 8), "r.d"))
    assert "elements" in refused(w.model((1, 60000, 60000, 1), "r.d"))


@pytest.mark.parametrize("data", [b"", b"\x08\x01", b"not a network", b"\xff" * 100])
def test_what_is_no_network_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid):
        read(data, "x.onnx")


def test_a_damaged_network_is_refused_or_read_but_never_breaks() -> None:
    whole = bytearray(small().SerializeToString())
    chance = np.random.default_rng(1)
    for _ in range(60):
        damaged = bytearray(whole)
        for place in chance.integers(0, len(whole), 4):
            damaged[place] = chance.integers(0, 256)
        try:
            read(bytes(damaged[: chance.integers(1, len(whole) + 1)]), "damaged")
        except Invalid:
            continue


def test_vector_lines_become_the_words_that_the_core_decodes() -> None:
    for line in (
        "vwmacc.vx v8, t5, v4",
        "vadd.vi v2, v3, -5, v0.t",
        "vse.v v8, (a7)",
        "vlsb.v v4, (a0), t1",
        "vredsum.vs v1, v2, v3",
    ):
        name, operands = line.split(" ", 1)
        assert text(word(name, operands), 0).split()[0] == name
    assert word("vsetvli", "t0, a6, e16, m2") == 0x005872D7
    assert ".word" in assembled("  vadd.vv v1, v2, v3\nli a0, 1\n")
    with pytest.raises(Invalid, match="Line 2"):
        assembled("nop\n  vnonsense.vv v1, v2, v3\n")
