"""Operands of 16 bits: chosen by what they are worth, until inputs kept apart agree as asked."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from tests.labs.npu.networks import small_cnn
from tests.labs.npu.test_refining import bottlenecks

from yunqi.kernel import Invalid
from yunqi.labs.npu import NetworkRefused, Npu
from yunqi.labs.npu.cli.options import read_widths
from yunqi.labs.npu.engine.compile import assemble, disassemble, to_text
from yunqi.labs.npu.engine.quantise import (
    Judged,
    Step,
    classifies,
    float_outputs,
    inputs_needed,
    judged,
    shortest,
    wide_of,
)
from yunqi.labs.npu.engine.quantise.widening import _hull
from yunqi.labs.npu.engine.timing.energy import energy_of
from yunqi.labs.npu.model import Aim, Recipe, Wide
from yunqi.labs.npu.service.quantising import random_feeds
from yunqi.labs.npu.service.refining import BEST


def undecided(npu: Npu) -> bytes:
    """The bottlenecks with biases that give no class an advantage, so that small errors change the largest output."""
    proto = onnx.load_from_string(bottlenecks(seed=1))
    graph = npu.compile(proto.SerializeToString()).graph
    mean = np.mean([one["y"][0] for one in float_outputs(graph, random_feeds(graph, 60, seed=9))], axis=0)
    bias = next(one for one in proto.graph.initializer if one.name == "fc.b")
    bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) - mean.astype("f4"), "fc.b"))
    data: bytes = proto.SerializeToString()
    return data


def test_each_wide_operand_doubles_the_passes(npu: Npu) -> None:
    plain = npu.compile(bottlenecks(seed=1))
    mixed = npu.compile(bottlenecks(seed=1), wide=Wide(frozenset({"d0", "p0"}), frozenset({"p0", "e1"})))
    layers = {layer.name: layer for layer in mixed.program.layers}
    found = {
        name: (layers[name].bits, layers[name].weight_bits, layers[name].passes) for name in ("d0", "p0", "e1", "d1")
    }
    assert found == {"d0": (16, 8, 2), "p0": (16, 16, 4), "e1": (8, 16, 2), "d1": (8, 8, 1)}
    joules = [energy_of(one.program, one.chip, images_per_second=0).joules for one in (plain, mixed)]
    assert joules[1] > joules[0]
    text = to_text(npu.instructions(mixed))
    assert "bits=16x8" in text
    assert "bits=8x16" in text
    assert disassemble(assemble(text)) == text


def test_a_narrow_product_that_reads_a_widened_activation_pays_for_it(npu: Npu) -> None:
    from onnx import helper
    from tests.labs.npu.networks import model

    weights = {name: np.ones((8, 8, 1, 1), "f4") for name in ("w0", "w1", "w2")}
    nodes = [
        helper.make_node("Conv", ["x", "w0"], ["a"], name="first"),
        helper.make_node("Conv", ["a", "w1"], ["b"], name="left"),
        helper.make_node("Conv", ["a", "w2"], ["c"], name="right"),
        helper.make_node("Concat", ["b", "c"], ["y"], axis=1, name="both"),
    ]
    data = model(nodes, {"x": [1, 8, 4, 4]}, ["y"], weights).SerializeToString()
    mixed = npu.compile(data, wide=Wide(frozenset({"left"}), frozenset()))
    assert {layer.name: layer.passes for layer in mixed.program.layers if layer.work.macs} == {
        "first": 1,
        "left": 2,
        "right": 2,
    }


@pytest.mark.parametrize("recipe", [Recipe(), BEST])
def test_operands_are_widened_until_inputs_kept_apart_agree(npu: Npu, recipe: Recipe) -> None:
    compiled = npu.compile(undecided(npu))
    feeds = random_feeds(compiled.graph, 80, seed=3)
    mixed, integers, found = npu.widen(compiled, feeds, aim=Aim(agreement=0.99), recipe=recipe)
    assert found.met
    assert found.mixed.inputs == 40
    assert found.narrow.expected < 0.99 <= min(found.mixed.agreement, found.mixed.expected)
    real = np.concatenate([one["y"] for one in float_outputs(compiled.graph, feeds[1::2])])
    got = np.concatenate([one["y"] for one in npu.execute(mixed, integers, feeds[1::2])])
    assert found.mixed.agreement == np.mean(real.argmax(1) == got.argmax(1))
    assert 0 < len(found.steps) < 2 * found.products
    assert found.narrow_ips > found.mixed_ips == mixed.pace.peak_ips > found.wide_ips
    assert mixed.program.widths.wide == found.wide
    assert integers.images == 32  # of the choosing half; none of the verifying one


def test_a_tolerance_is_an_aim_too_and_one_that_is_met_widens_nothing(npu: Npu) -> None:
    compiled = npu.compile(small_cnn())
    feeds = random_feeds(compiled.graph, 8, seed=5)
    _, _, loose = npu.widen(compiled, feeds, aim=Aim(error=0.9))
    assert (loose.met, loose.steps, loose.mixed) == (True, (), loose.narrow)
    mixed, integers, found = npu.widen(compiled, feeds, aim=Aim(error=loose.narrow.error / 2))
    assert found.met
    assert len(found.steps) > 0
    assert npu.agreement(mixed, integers, feeds[1::2]).error <= loose.narrow.error / 2 + 1e-6


def test_what_cannot_be_reached_is_said_and_the_nearest_returned(npu: Npu) -> None:
    compiled = npu.compile(small_cnn())
    mixed, _, found = npu.widen(compiled, random_feeds(compiled.graph, 4, seed=5), aim=Aim(error=1e-9))
    assert not found.met
    assert found.wide.inputs == found.wide.weights == {"c1", "c2", "c3", "fc"}
    assert mixed.pace.peak_ips == found.wide_ips
    assert found.mixed.error < found.narrow.error / 20


def test_judges_choose_and_verify_and_everything_else_calibrates(npu: Npu) -> None:
    compiled = npu.compile(small_cnn())
    feeds, judges = random_feeds(compiled.graph, 6, seed=5), random_feeds(compiled.graph, 10, seed=6)
    _, integers, found = npu.widen(compiled, feeds, aim=Aim(error=0.01), judges=judges)
    assert (integers.images, found.mixed.inputs) == (6, 5)


def test_wrong_aims_and_too_few_inputs_are_refused(npu: Npu) -> None:
    compiled = npu.compile(small_cnn())
    feeds = random_feeds(compiled.graph, 4, seed=5)
    with pytest.raises(Invalid, match="299 are needed"):
        npu.widen(compiled, feeds, aim=Aim(agreement=0.99, confidence=0.95))
    with pytest.raises(Invalid, match="how near"):
        npu.widen(compiled, feeds, aim=Aim())
    with pytest.raises(Invalid, match="needs inputs"):
        npu.widen(compiled, [], aim=Aim(error=0.1))
    with pytest.raises(Invalid, match="8 bits"):
        npu.widen(npu.compile(small_cnn(), bits=16), feeds, aim=Aim(error=0.1))
    with pytest.raises(NetworkRefused, match="'nothing' is no product"):
        npu.compile(small_cnn(), wide=["nothing"])
    for wrong in ({"agreement": 1.0}, {"error": -0.1}, {"confidence": 0.9}):
        with pytest.raises(Invalid):
            Aim(**wrong)


def test_counts_say_how_sure_they_make() -> None:
    all_same = Judged(300, 300, 1.0, 0.0)
    assert all_same.confidence(0.99) == pytest.approx(1 - 0.99**300)
    assert all_same.interval()[0] == pytest.approx(0.025 ** (1 / 300))
    assert all_same.interval()[1] == 1.0
    low, high = Judged(20, 19, 0.9, 0.1).interval()
    assert (round(low, 4), round(high, 4)) == (0.7513, 0.9987)
    assert inputs_needed(Aim(agreement=0.995, confidence=0.95)) == 598
    assert not Judged(100, 100, 0.98, 0.1).meets(Aim(agreement=0.99))
    assert Judged(100, 100, 0.995, 0.1).meets(Aim(agreement=0.99))
    assert not Judged(100, 100, 0.995, 0.1).meets(Aim(agreement=0.99, confidence=0.9))
    assert Judged(9, 0, 0.0, 0.004, classifies=False).meets(Aim(agreement=0.995))


def test_margins_tell_a_likely_change_that_did_not_happen() -> None:
    rng = np.random.default_rng(0)
    real = [{"y": row[None].astype("f4")} for row in rng.standard_normal((400, 6))]
    noisy = [{"y": one["y"] + 0.2 * rng.standard_normal((1, 6)).astype("f4")} for one in real]
    found = judged(real, noisy, first="y", classifies=True)
    assert found.same / 400 < 0.95
    assert found.expected == pytest.approx(found.agreement, abs=0.03)
    assert judged(real, real, first="y", classifies=True) == Judged(400, 400, 1.0, 0.0)


def test_only_a_row_of_scores_classifies(npu: Npu) -> None:
    assert classifies(npu.compile(bottlenecks(seed=1)).graph)
    graph = npu.compile(bottlenecks(seed=1)).graph
    graph.outputs = ("f",)
    assert not classifies(graph)


def test_steps_follow_the_hull_and_the_shortest_near_enough_is_found() -> None:
    falling = _hull("p", {"input": 4.0, "weights": 1.0}, {"input": 10, "weights": 10}, 30)
    assert falling == [Step("p", ("input",), 4.0, 10), Step("p", ("weights",), 1.0, 20)]
    assert _hull("p", {"input": 1.0, "weights": 0.9}, {"input": 10, "weights": 10}, 11) == [
        Step("p", ("input", "weights"), 1.9, 11)
    ]
    steps = [Step(str(place), ("input",), 1.0, 1) for place in range(20)]
    for wanted in (0, 1, 7, 20, 21):

        def near(wide: Wide, wanted: int = wanted) -> bool:
            return len(wide.inputs) >= wanted

        assert shortest(steps, near) == min(wanted, 20)
    assert shortest(steps, lambda wide: True, least=4) == 4
    assert wide_of(falling) == Wide(frozenset("p"), frozenset("p"))


def test_a_file_of_widths_is_read_and_a_bad_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "w.json"
    path.write_text(json.dumps({"inputs": ["a"], "weights": ["b"]}))
    assert read_widths(path) == Wide(frozenset("a"), frozenset("b"))
    for text in ("[]", '{"inputs": [1], "weights": []}', "{", '{"inputs": ["a"]}'):
        path.write_text(text)
        with pytest.raises(Invalid, match="save-widths"):
            read_widths(path)
    with pytest.raises(Invalid, match="cannot be read"):
        read_widths(tmp_path / "none.json")
