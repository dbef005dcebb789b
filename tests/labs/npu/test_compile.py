"""Networks on their way to the chip: what compiles, what stays on the host, what is refused and how."""

import random
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from tests.labs.npu.networks import model, small_cnn

from yunqi.kernel import Error, Invalid
from yunqi.labs.npu import DoesNotFit, Engine, NetworkRefused, NotSupported, Npu, ShapeUnknown
from yunqi.labs.npu.engine.networks import NETWORKS


@pytest.mark.parametrize("name", ["mobilenet-v2", "efficientnet-b0", "vit-tiny"])
@pytest.mark.parametrize("opset", [13, 20])
def test_reference_networks_run_wholly_on_the_chip(npu: Npu, name: str, opset: int) -> None:
    program = npu.compile(NETWORKS[name](opset=opset)).program  # type: ignore[call-arg]
    assert [segment.place for segment in program.segments] == ["chip"]
    assert program.refusals == ()
    assert 0 < program.memory.peak < program.memory.capacity


@pytest.mark.slow
def test_bert_keeps_its_look_ups_on_the_host_and_says_so(npu: Npu) -> None:
    program = npu.compile(NETWORKS["bert-small"]()).program
    assert [segment.place for segment in program.segments] == ["host", "chip"]
    assert {refusal.op for refusal in program.refusals} == {"Gather", "Unsqueeze", "Cast"}
    assert all(refusal.reason and refusal.way_out for refusal in program.refusals)


@pytest.mark.slow
def test_older_and_newer_spellings_fuse_to_the_same_program(npu: Npu) -> None:
    labels = [
        [layer.label for layer in npu.compile(NETWORKS["vit-tiny"](opset=opset)).program.layers]  # type: ignore[call-arg]
        for opset in (13, 17, 20)
    ]
    assert labels[0] == labels[1] == labels[2]
    assert labels[0].count("LayerNormalization") == 25
    assert labels[0].count("MatMul+Gelu") == 12


@pytest.mark.slow
def test_convolution_batch_norm_residual_and_rectifier_are_one_instruction(npu: Npu) -> None:
    program = npu.compile(NETWORKS["resnet50"]()).program
    labels = [layer.label for layer in program.layers]
    assert labels.count("Conv+Add+Relu") == 16
    assert labels.count("Conv+Relu") == 33
    assert len(program.layers) == 57


def test_an_open_batch_is_one_unless_given(npu: Npu) -> None:
    data = small_cnn(batch="n")
    assert npu.compile(data).program.assumed == (("n", 1),)
    compiled = npu.compile(data, batch=4)
    assert compiled.program.batch == 4
    assert compiled.graph.shape("y") == (4, 10)


def test_another_open_dimension_is_asked_for(npu: Npu) -> None:
    data = model([helper.make_node("Relu", ["x"], ["y"])], {"x": [1, "words"]}, ["y"]).SerializeToString()
    with pytest.raises(ShapeUnknown, match=r"--shape x=1,N"):
        npu.compile(data)
    assert npu.compile(data, shapes={"x": (1, 12)}).graph.shape("y") == (1, 12)
    with pytest.raises(ShapeUnknown, match="no input 'z'"):
        npu.compile(data, shapes={"z": (1, 12)})


def test_an_operator_that_no_engine_has_stays_on_the_host(npu: Npu) -> None:
    w = {"w": np.ones((4, 3, 1, 1), "f4")}
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], name="c"),
        helper.make_node("CumSum", ["c", "axis"], ["s"], name="scan"),
        helper.make_node("Relu", ["s"], ["y"], name="r"),
    ]
    program = npu.compile(
        model(nodes, {"x": [1, 3, 4, 4]}, ["y"], w | {"axis": np.array(1)}).SerializeToString()
    ).program
    assert [segment.place for segment in program.segments] == ["chip", "host", "chip"]
    assert [(refusal.node, refusal.op) for refusal in program.refusals] == [("scan", "CumSum")]


def test_an_operator_nobody_knows_is_refused_by_name(npu: Npu) -> None:
    data = model(
        [helper.make_node("Magic", ["x"], ["y"], domain="acme", name="m1")], {"x": [1, 4]}, ["y"], domains=["acme"]
    ).SerializeToString()
    with pytest.raises(NotSupported, match="'Magic' of domain 'acme'"):
        npu.compile(data)


def test_a_shape_that_depends_on_data_is_refused_by_name(npu: Npu) -> None:
    data = model([helper.make_node("NonZero", ["x"], ["y"], name="nz")], {"x": [1, 4]}, ["y"]).SerializeToString()
    with pytest.raises(ShapeUnknown, match="'nz'"):
        npu.compile(data)


def test_a_known_choice_is_put_in_line(npu: Npu) -> None:
    def branch(op: str) -> onnx.GraphProto:
        return helper.make_graph(
            [helper.make_node(op, ["x"], [f"{op}_out"])], op, [], [helper.make_empty_tensor_value_info(f"{op}_out")]
        )

    node = helper.make_node("If", ["c"], ["i"], then_branch=branch("Relu"), else_branch=branch("Tanh"))
    data = model([node, helper.make_node("Neg", ["i"], ["y"])], {"x": [1, 4]}, ["y"], {"c": np.array(False)})
    assert [layer.main.op for layer in npu.compile(data.SerializeToString()).program.layers] == ["Tanh", "Neg"]


def huge(rows: int, columns: int) -> bytes:
    made = model([helper.make_node("MatMul", ["x", "w"], ["y"], name="mm")], {"x": [1, rows]}, ["y"])
    weight = made.graph.initializer.add()
    weight.name, weight.data_type = "w", TensorProto.FLOAT
    weight.dims.extend([rows, columns])
    return bytes(made.SerializeToString())


def test_ten_gigabytes_of_weights_are_refused_before_anything_is_allocated(npu: Npu) -> None:
    with pytest.raises(NetworkRefused, match=r"'w' of shape \[50000, 50000\] needs 10,000,000,000 bytes"):
        npu.compile(huge(50_000, 50_000))


def test_ten_gigabytes_of_activations_are_refused_by_name(npu: Npu) -> None:
    data = model([helper.make_node("Relu", ["x"], ["y"])], {"x": [1, 3, 30_000, 30_000]}, ["y"]).SerializeToString()
    with pytest.raises(NetworkRefused, match="'x'"):
        npu.compile(data)
    data = model([helper.make_node("Relu", ["x"], ["y"])], {"x": [1, 3, 12_000, 12_000]}, ["y"]).SerializeToString()
    with pytest.raises(DoesNotFit, match="smaller input or batch"):
        npu.compile(data)


def wide(layers: int) -> bytes:
    nodes = [helper.make_node("MatMul", ["x" if n == 0 else f"v{n - 1}", "w"], [f"v{n}"]) for n in range(layers)]
    return bytes(
        model(nodes, {"x": [1, 512]}, [f"v{layers - 1}"], {"w": np.ones((512, 512), "f4")}).SerializeToString()
    )


def test_too_many_weights_name_the_plan_that_fits(npu: Npu) -> None:
    data, small = wide(4), npu.chip(changes={"sram_bytes": 600_000})  # 4 layers of 256 KB
    with pytest.raises(DoesNotFit, match=r"--chips 2") as refused:
        npu.compile(data, chip=small)
    assert "no DRAM" in refused.value.message
    spread = npu.compile(data, chip=small, chips=2)
    assert spread.program.memory.chips == 2
    assert spread.pace.chips == 2
    alone = npu.compile(data).pace
    assert spread.pace.peak_ips == pytest.approx(2 * alone.peak_ips)  # four equal layers, two a stage
    assert spread.pace.split_s > alone.split_s  # and a hop between chips


def test_too_large_a_batch_names_the_batch_that_fits(npu: Npu) -> None:
    data = small_cnn(batch="n", size=256)
    with pytest.raises(DoesNotFit, match=r"--batch \d+") as refused:
        npu.compile(data, batch=4096)
    fits = int(refused.value.message.rsplit("--batch ", 1)[1].rstrip("."))
    assert npu.compile(data, batch=fits).program.batch == fits


def test_no_two_live_tensors_share_a_byte(npu: Npu) -> None:
    blocks = npu.compile(NETWORKS["vit-tiny"]()).program.memory.blocks
    for place, one in enumerate(blocks):
        for other in blocks[:place]:
            alive = one.first <= other.last and other.first <= one.last
            apart = one.offset + one.size <= other.offset or other.offset + other.size <= one.offset
            assert apart or not alive, (one, other)


def test_a_circle_and_a_double_name_are_refused(npu: Npu) -> None:
    circle = [
        helper.make_node("Add", ["x", "b"], ["a"], name="one"),
        helper.make_node("Relu", ["a"], ["b"], name="two"),
    ]
    with pytest.raises(NetworkRefused, match="circle"):
        npu.compile(model(circle, {"x": [1, 4]}, ["b"]).SerializeToString())
    double = [helper.make_node("Relu", ["x"], ["a"]), helper.make_node("Neg", ["x"], ["a"])]
    with pytest.raises(NetworkRefused, match="twice"):
        npu.compile(model(double, {"x": [1, 4]}, ["a"]).SerializeToString())


@pytest.mark.parametrize("where", ["../secret.bin", "/etc/passwd", "gone.bin"])
def test_external_data_stays_inside_the_network_s_folder(npu: Npu, tmp_path: Path, where: str) -> None:
    made = model([helper.make_node("MatMul", ["x", "w"], ["y"])], {"x": [1, 2]}, ["y"])
    weight = made.graph.initializer.add()
    weight.name, weight.data_type, weight.data_location = "w", TensorProto.FLOAT, TensorProto.EXTERNAL
    weight.dims.extend([2, 2])
    entry = weight.external_data.add()
    entry.key, entry.value = "location", where
    (tmp_path / "secret.bin").write_bytes(b"0" * 16)
    (tmp_path / "net").mkdir()
    file = tmp_path / "net" / "n.onnx"
    file.write_bytes(made.SerializeToString())
    with pytest.raises(NetworkRefused, match="'w'"):
        npu.compile(file)
    with pytest.raises(NetworkRefused, match="one file"):
        npu.compile(file.read_bytes())


def test_external_data_beside_the_network_is_read(npu: Npu, tmp_path: Path) -> None:
    made = onnx.load_model_from_string(small_cnn())
    onnx.save(made, tmp_path / "n.onnx", save_as_external_data=True, location="w.bin", size_threshold=0)
    assert npu.compile(tmp_path / "n.onnx").program.macs == npu.compile(small_cnn()).program.macs


@pytest.mark.parametrize("data", [b"", b"not a network", b"\x00" * 100, b"\x08\x08", small_cnn()[:200]])
def test_bytes_that_are_no_network_are_refused(npu: Npu, data: bytes) -> None:
    with pytest.raises(NetworkRefused):
        npu.compile(data)


def test_damaged_networks_never_end_in_a_trace(npu: Npu) -> None:
    whole, generator = small_cnn(), random.Random(3)
    refused: list[Error] = []
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(generator.randint(1, 8)):
            damaged[generator.randrange(len(damaged))] = generator.randrange(256)
        if generator.random() < 0.2:
            del damaged[generator.randrange(len(damaged)) :]
        try:
            npu.compile(bytes(damaged))
        except Error as error:  # anything else ends the test
            refused.append(error)
    assert len(refused) > 50
    assert all(isinstance(error, Invalid) and len(error.message) > 20 for error in refused)


def test_a_network_that_is_quantised_already_compiles_to_the_same_program(npu: Npu) -> None:
    from yunqi.labs.npu.engine.quantise import to_qdq

    compiled = npu.compile(small_cnn())
    again = npu.compile(to_qdq(compiled.program, npu.quantise(compiled)).SerializeToString())
    assert [layer.label for layer in again.program.layers] == [layer.label for layer in compiled.program.layers]
    assert again.program.refusals == ()


def test_an_old_opset_is_refused_with_the_way_out(npu: Npu) -> None:
    data = model([helper.make_node("Relu", ["x"], ["y"])], {"x": [1, 4]}, ["y"], opset=9).SerializeToString()
    with pytest.raises(NetworkRefused, match="version_converter"):
        npu.compile(data)


def test_sixteen_bits_take_twice_the_memory_and_four_times_the_passes(npu: Npu) -> None:
    eight, sixteen = npu.compile(small_cnn()), npu.compile(small_cnn(), bits=16)
    assert sixteen.program.memory.activation_peak == 2 * eight.program.memory.activation_peak
    convs = [place for place, layer in enumerate(eight.program.chip_layers) if layer.engine is Engine.TENSOR]
    assert sixteen.pace.batch_costs[convs[0]].engine == 4 * eight.pace.batch_costs[convs[0]].engine
