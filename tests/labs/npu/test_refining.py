"""Levelled and centred channels, and rounding that makes up for itself: what they keep, and what they must not change."""

from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from onnx import helper
from tests.labs.npu.networks import model, small_cnn

from yunqi.kernel import Invalid
from yunqi.labs.npu import Compiled, Npu
from yunqi.labs.npu.engine.integer import Executor
from yunqi.labs.npu.engine.networks import NETWORKS
from yunqi.labs.npu.engine.quantise import Flow, float_session, level, spreads, to_onnx, to_qdq
from yunqi.labs.npu.engine.quantise.compensating import rounded
from yunqi.labs.npu.engine.timing.energy import energy_of
from yunqi.labs.npu.model import Graph, Recipe
from yunqi.labs.npu.service.quantising import Feeds, random_feeds

R = np.random.default_rng(5)


def bottlenecks(*, padded: str = "pads", seed: int | None = None) -> bytes:
    """Two inverted bottlenecks with a sum, rectified at 6, whose channels differ by factors of up to 300."""
    weights: dict[str, Any] = {}
    nodes: list[Any] = []
    rng = R if seed is None else np.random.default_rng(seed)

    def conv(x: str, name: str, shape: tuple[int, ...], *, spread: float = 0.0, groups: int = 1) -> str:
        rows = np.exp(rng.uniform(-spread, spread, (shape[0], 1, 1, 1)))
        weights[f"{name}.w"] = (rng.standard_normal(shape) * rows * (1.5 / np.sqrt(np.prod(shape[1:])))).astype("f4")
        weights[f"{name}.b"] = (rng.standard_normal(shape[0]) * 0.2 * rows.ravel()).astype("f4")
        same: dict[str, Any] = {"auto_pad": "SAME_UPPER"} if padded == "auto" else {"pads": [shape[2] // 2] * 4}
        inputs = [x, f"{name}.w", f"{name}.b"]
        nodes.append(helper.make_node("Conv", inputs, [name], group=groups, kernel_shape=shape[2:], name=name, **same))
        return name

    def six(x: str) -> str:
        nodes.append(helper.make_node("Clip", [x, "zero", "six"], [f"{x}.c"], name=f"{x}.c"))
        return f"{x}.c"

    weights |= {"zero": np.float32(0), "six": np.float32(6)}
    x = conv(six(conv("x", "stem", (8, 3, 3, 3), spread=1.0)), "first", (8, 8, 1, 1), spread=2.0)
    for place in range(2):
        y = six(conv(x, f"e{place}", (24, 8, 1, 1), spread=2.5))
        y = six(conv(y, f"d{place}", (24, 1, 3, 3), spread=2.0, groups=24))
        y = conv(y, f"p{place}", (8, 24, 1, 1), spread=2.0)
        nodes.append(helper.make_node("Add", [x, y], [f"a{place}"], name=f"a{place}"))
        x = f"a{place}"
    nodes.append(helper.make_node("GlobalAveragePool", [six(conv(x, "head", (32, 8, 1, 1)))], ["g"], name="g"))
    nodes.append(helper.make_node("Flatten", ["g"], ["f"], name="f"))
    weights |= {"fc.w": rng.standard_normal((10, 32)).astype("f4"), "fc.b": rng.standard_normal(10).astype("f4")}
    nodes.append(helper.make_node("Gemm", ["f", "fc.w", "fc.b"], ["y"], transB=1, name="fc"))
    data: bytes = model(nodes, {"x": [1, 3, 16, 16]}, ["y"], weights).SerializeToString()
    return data


def levelled(compiled: Compiled, feeds: Feeds, **options: Any) -> Graph:
    flow = Flow(compiled.graph, compiled.program)
    names = sorted(flow.members)
    session = float_session(compiled.graph, tuple(names))
    seen = (dict(zip(names, session.run(names, feed), strict=True)) for feed in feeds)
    return level(compiled.graph, flow, spreads(names, seen), **options)


def outputs(graph: Graph, feeds: Feeds) -> np.ndarray[Any, Any]:
    session = ort.InferenceSession(to_onnx(graph).SerializeToString(), providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, feed)[0] for feed in feeds])


@pytest.mark.parametrize("padded", ["pads", "auto"])
@pytest.mark.parametrize("pads", [False, True])
def test_a_levelled_network_computes_the_same_on_what_calibration_saw(npu: Npu, padded: str, pads: bool) -> None:
    compiled = npu.compile(bottlenecks(padded=padded))
    feeds = random_feeds(compiled.graph, 6, seed=1)
    graph = levelled(compiled, feeds, pads=pads)
    assert any(node.op == "Pad" for node in graph.nodes) == pads
    wanted = outputs(compiled.graph, feeds)
    assert np.abs(outputs(graph, feeds) - wanted).max() < 1e-4 * np.abs(wanted).max()


@pytest.mark.parametrize("padded", ["pads", "auto"])
def test_levelled_tensors_use_both_halves_of_the_integers(npu: Npu, padded: str) -> None:
    compiled = npu.compile(bottlenecks(padded=padded))
    feeds = random_feeds(compiled.graph, 6, seed=1)
    again, quantised = npu.refine(compiled, feeds)
    found = {}
    for label, target, integers in (("before", compiled, npu.quantise(compiled, feeds)), ("after", again, quantised)):
        executor = Executor(target.program, integers)
        executor.run(feeds[0])
        found[label] = {name: int(executor.tensors[name].min()) for name in ("d0.c", "d1.c")}
    assert found["before"] == {"d0.c": 0, "d1.c": 0}
    assert max(found["after"].values()) <= -126


def test_the_best_recipe_lowers_the_error_on_inputs_that_calibration_did_not_see(npu: Npu) -> None:
    compiled = npu.compile(bottlenecks())
    feeds, others = random_feeds(compiled.graph, 16, seed=1), random_feeds(compiled.graph, 24, seed=2)
    plain = npu.agreement(compiled, npu.quantise(compiled, feeds), others)
    again, quantised = npu.refine(compiled, feeds)
    best = npu.agreement(again, quantised, others, original=compiled.graph)
    assert best.error < 0.8 * plain.error
    assert again.pace.peak_ips == compiled.pace.peak_ips
    before, after = (
        energy_of(one.program, one.chip, images_per_second=0, graph=one.graph) for one in (compiled, again)
    )
    assert after.joules > before.joules  # what is centred has no zeros that would save energy
    assert quantised.recipe == Recipe(level=True, compensate=True)


def test_rounding_by_effect_beats_rounding_to_nearest_on_correlated_inputs() -> None:
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((1, 16, 150))
    inputs = (
        rng.standard_normal((1, 150, 20)) @ rng.standard_normal((1, 20, 600))
        + 0.05 * rng.standard_normal((1, 150, 600))
        + 1
    )
    scales = np.abs(weight).max(axis=-1) / 127
    wanted = weight @ inputs + 3.0
    whole, bias = rounded(weight, inputs, wanted, scales, 127, 0.01)
    assert np.abs(whole).max() <= 127
    assert np.array_equal(whole, np.rint(whole))
    nearest = np.rint(weight / scales[..., None])

    def away(integers: np.ndarray[Any, Any]) -> float:
        left = (weight - integers * scales[..., None]) @ inputs
        return float(np.sqrt(np.mean((left - left.mean(axis=-1, keepdims=True)) ** 2)))

    assert away(whole) < 0.4 * away(nearest)
    assert np.abs((wanted - whole * scales[..., None] @ inputs - bias[..., None]).mean()) < 1e-9


def test_scales_stay_and_biases_take_the_mean_error(npu: Npu) -> None:
    compiled = npu.compile(small_cnn())
    feeds = random_feeds(compiled.graph, 16, seed=1)
    nearest = npu.quantise(compiled, feeds)
    _, chosen = npu.refine(compiled, feeds, recipe=Recipe(compensate=True))
    pairs = list(zip(nearest.weights.values(), chosen.weights.values(), strict=True))
    assert all(np.array_equal(old[1].scale, new[1].scale) for old, new in pairs)
    assert any(np.any(old[0] != new[0]) for old, new in pairs)


@pytest.mark.slow
def test_the_best_recipe_runs_on_what_has_nothing_to_level(npu: Npu) -> None:
    compiled = npu.compile(NETWORKS["vit-tiny"]())
    feeds = random_feeds(compiled.graph, 1, seed=1)
    again, quantised = npu.refine(compiled, feeds)
    assert npu.agreement(again, quantised, feeds, original=compiled.graph).error < 0.2


def test_a_refined_network_exports_and_widens(npu: Npu) -> None:
    compiled = npu.compile(bottlenecks())
    feeds = random_feeds(compiled.graph, 8, seed=1)
    again, quantised = npu.refine(compiled, feeds)
    plain = ort.SessionOptions()  # fused 8-bit products saturate where the processor has no VNNI
    plain.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(
        to_qdq(again.program, quantised).SerializeToString(), plain, providers=["CPUExecutionProvider"]
    )
    whole = next(npu.execute(again, quantised, feeds[:1]))["y"]
    assert np.abs(session.run(None, feeds[0])[0] - whole).max() < 0.05 * np.abs(whole).max()
    wide = npu.compile(compiled.graph, wide=["d0", "d1"])
    more, integers = npu.refine(wide, feeds)
    assert more.program.widths.wide.names == {"d0", "d1"}
    assert integers.weights[next(node for node in more.graph.nodes if node.name == "d0").inputs[1]][1].bits == 16


def test_what_cannot_be_refined_is_said(npu: Npu) -> None:
    compiled = npu.compile(small_cnn())
    with pytest.raises(Invalid, match="needs inputs"):
        npu.refine(compiled, [])
    with pytest.raises(Invalid, match="equalise"):
        npu.refine(compiled, random_feeds(compiled.graph, 1), recipe=Recipe(level=True, equalise=True))
    with pytest.raises(Invalid, match="use `refine`"):
        npu.quantise(compiled, recipe=Recipe(level=True))
