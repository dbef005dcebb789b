"""The graph against the lineage, in float32: all that batching, chunks and sharing may change is nothing."""

import json
from collections.abc import Sequence as Many
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("openvino")
import openvino as ov

from yunqi.cloud.models import load_config
from yunqi.cloud.models.engine.lineage.rotary import frequencies
from yunqi.cloud.models.engine.paged.blocks import BlockPool
from yunqi.cloud.models.engine.paged.choosing import Wishes
from yunqi.cloud.models.engine.paged.graph import decoder, unsupported
from yunqi.cloud.models.engine.paged.packing import pack
from yunqi.cloud.models.engine.paged.scheduler import Scheduler
from yunqi.cloud.models.engine.paged.sequence import Sequence
from yunqi.cloud.models.engine.weights.adapters import read_adapter
from yunqi.cloud.models.service.loaded import LoadedModel
from yunqi.cloud.models.service.paged.compiled import ABOUT, GRAPH, TILES, WIDE_GRAPH, flags
from yunqi.cloud.models.service.paged.runner import WIDE, Runner

SMALL: dict[str, Any] = {
    "vocab_size": 256,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
}
EXPERTS = {"num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
MEMBERS: dict[str, dict[str, Any]] = {
    "qwen2": {"model_type": "qwen2"},
    "qwen2 tied": {"model_type": "qwen2", "tie_word_embeddings": True},
    "qwen2 yarn": {
        "model_type": "qwen2",
        "rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 128},
    },
    "qwen3": {"model_type": "qwen3", "head_dim": 32},
    "qwen2_moe": {"model_type": "qwen2_moe", **EXPERTS, "shared_expert_intermediate_size": 48},
    "qwen3_moe": {"model_type": "qwen3_moe", "head_dim": 32, **EXPERTS, "norm_topk_prob": True},
    "qwen3_moe in part": {"model_type": "qwen3_moe", **EXPERTS, "mlp_only_layers": [0]},
    "llama": {"model_type": "llama", "num_key_value_heads": 4},
    "llama3": {
        "model_type": "llama",
        "rope_scaling": {
            "rope_type": "llama3",
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 64,
        },
    },
}


def member(name: str) -> LoadedModel:
    model = load_config({**SMALL, **MEMBERS[name]}, seed=3)
    generator = torch.Generator().manual_seed(4)
    for parameter in model.module.parameters():  # biases and norms that do something
        if parameter.dim() == 1:
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
    return model


def runner(model: LoadedModel, folder: Path, *, bits: int, exact: bool = True, adapters: Many[Path] = ()) -> Runner:
    held = {key: value.float().numpy() for key, value in model.module.state_dict().items()}
    ways = [read_adapter(one, {name: value.shape for name, value in held.items()}) for one in adapters]
    inverse, factor = frequencies(model.spec.text, model.spec.text.context)
    graph = decoder(model.spec.text, held.get, inverse.numpy(), factor, bits=bits, adapters=ways)
    ov.save_model(graph, folder / GRAPH, False)
    (folder / ABOUT).write_text(json.dumps({"ranks": [one.rank for one in ways]}), encoding="utf-8")
    found = Runner(folder, tokens=1024, threads=1, exact=exact)
    found.settle()
    return found


def answer(run: Runner, scheduler: Scheduler, asked: Many[Sequence]) -> None:
    """Let all be answered greedily, step by step, each with as many tokens as it may have."""
    for one in asked:
        scheduler.add(one)
    while not scheduler.is_idle:
        runs = scheduler.plan()
        rows = run.step(runs, scheduler.copies)
        scheduler.ran(runs)
        for part, row in zip([part for part in runs if part.last], rows, strict=True):
            part.sequence.tokens.append(int(row.argmax()))
            if part.sequence.said == part.sequence.most:
                scheduler.finish(part.sequence)


@pytest.mark.parametrize("name", MEMBERS)
def test_the_graph_computes_what_the_lineage_does(name: str, tmp_path: Path) -> None:
    model = member(name)
    tokens = np.random.default_rng(0).integers(0, 256, 150).tolist()
    found = runner(model, tmp_path, bits=32).score(tokens)
    assert np.abs(found - model.logits(tokens)).max() < 1e-4


def test_eight_bits_stay_within_their_error(tmp_path: Path) -> None:
    model = member("qwen3")
    tokens = np.random.default_rng(0).integers(0, 256, 30).tolist()
    found, exact = runner(model, tmp_path, bits=8, exact=False).score(tokens), model.logits(tokens)
    assert 0 < np.abs(found - exact).max() < 0.1 * exact.std()


def test_four_bits_are_what_packing_says(tmp_path: Path) -> None:
    model = member("qwen3")
    tokens = np.random.default_rng(0).integers(0, 256, 30).tolist()
    found = runner(model, tmp_path, bits=4, exact=False).score(tokens)
    rounded = member("qwen3")
    for name, weight in rounded.module.state_dict().items():
        if name.endswith("_proj.weight"):
            weight.copy_(torch.from_numpy(pack(weight.numpy(), 4).unpacked()))
    expected = rounded.logits(tokens)
    assert np.abs(found - expected).max() < 0.1 * expected.std()
    assert np.abs(expected - model.logits(tokens)).max() > np.abs(found - expected).max()


def test_sixteen_bits_are_the_weights_in_bfloat16(tmp_path: Path) -> None:
    model = member("qwen3")
    tokens = np.random.default_rng(0).integers(0, 256, 60).tolist()
    found, exact = runner(model, tmp_path, bits=16).score(tokens), model.logits(tokens)
    rounded = member("qwen3")
    for name, weight in rounded.module.state_dict().items():
        if name.endswith("_proj.weight"):
            weight.copy_(weight.bfloat16().float())
        elif name in ("model.embed_tokens.weight", "lm_head.weight"):
            weight.copy_(torch.from_numpy(pack(weight.numpy(), 8).unpacked()))
    expected = rounded.logits(tokens)
    assert np.abs(found - expected).max() < 0.04 * expected.std()
    assert np.abs(expected - exact).max() > np.abs(found - expected).max()


@pytest.mark.skipif(TILES not in flags(), reason="only with AMX are there two graphs")
def test_steps_of_many_tokens_run_in_the_second_graph_and_may_be_filled_up(tmp_path: Path) -> None:
    model, other = member("llama"), load_config({**SMALL, **MEMBERS["llama"]}, seed=9)
    held = {key: value.float().numpy() for key, value in other.module.state_dict().items()}
    inverse, factor = frequencies(other.spec.text, other.spec.text.context)
    ov.save_model(decoder(other.spec.text, held.get, inverse.numpy(), factor, bits=16), tmp_path / WIDE_GRAPH, False)
    run = runner(model, tmp_path, bits=8, exact=False)
    tokens = np.random.default_rng(0).integers(0, 256, 64).tolist()
    whole = run.score(tokens)  # fills two blocks
    for count, whose in ((64, other), (WIDE - 1, model)):  # the second graph is another model's, to tell them apart
        exact = whose.logits(tokens[:count])
        assert np.abs(run.score(tokens[:count]) - exact).max() < 0.1 * exact.std()
    assert np.abs(run.score(tokens[:50]) - whole[:50]).max() < 1e-5 * whole.std()


def test_weights_of_four_bits_stay_so_in_a_graph_of_eight(tmp_path: Path) -> None:
    model = member("qwen2")
    steps = np.float32(0.015625)
    rng = np.random.default_rng(2)
    for name, weight in model.module.state_dict().items():
        if name.endswith("_proj.weight"):
            values = rng.integers(-8, 8, size=tuple(weight.shape))
            values[:, ::32] = -8
            weight.copy_(torch.from_numpy(values * steps))
    tokens = rng.integers(0, 256, 30).tolist()
    found = runner(model, tmp_path, bits=8)
    expected = model.logits(tokens)
    assert found.group == 32
    assert np.abs(found.score(tokens) - expected).max() < 0.1 * expected.std()


@pytest.mark.parametrize(("bits", "group"), [(8, 64), (4, 32)])
def test_activations_share_a_scale_no_longer_than_weights_do(bits: int, group: int, tmp_path: Path) -> None:
    found = runner(member("llama"), tmp_path, bits=bits, exact=False)
    assert found.group == group


def test_batches_chunks_and_shared_beginnings_change_nothing(tmp_path: Path) -> None:
    model = member("qwen2")
    run = runner(model, tmp_path, bits=32)
    scheduler = Scheduler(BlockPool(run.blocks), places=3, chunk=24)
    rng = np.random.default_rng(5)
    beginning = rng.integers(1, 256, 70).tolist()
    prompts = [[*beginning[: 70 - 9 * place], *rng.integers(1, 256, 5 + 20 * place).tolist()] for place in range(5)]
    asked = [
        Sequence(list(prompt), Wishes(), 6, frozenset(), lambda chosen, reason: False)
        for prompt in (*prompts, *prompts)
    ]
    answer(run, scheduler, asked)
    assert max(one.cached for one in asked) > 64
    for one in asked:
        assert one.tokens[one.prompt :] == model.generate(one.tokens[: one.prompt], max_tokens=6)


@pytest.mark.parametrize("name", ["qwen2_moe", "qwen3_moe"])
def test_only_the_chosen_experts_are_multiplied(name: str, tmp_path: Path) -> None:
    run = runner(member(name), tmp_path, bits=8, exact=False)
    nodes = run._narrow.get_compiled_model().get_runtime_model().get_ops()
    kinds = [node.get_rt_info()["layerType"].get() for node in nodes]
    assert kinds.count("GatherMatmul") == 6  # gate, up and down of two layers


@pytest.mark.parametrize("bits", [8, 4])
def test_packed_experts_stay_within_their_error(bits: int, tmp_path: Path) -> None:
    model, tokens = member("qwen3_moe"), np.random.default_rng(0).integers(0, 256, 30).tolist()
    found = runner(model, tmp_path, bits=bits, exact=False).score(tokens)
    exact = model.logits(tokens)
    error = np.abs(found - exact).mean(axis=1) / exact.std()
    assert 0 < np.median(error) < (0.03 if bits == 8 else 0.3)  # of some tokens an expert is chosen otherwise


def test_what_is_not_written_yet_is_named() -> None:
    model = load_config(
        {**SMALL, "model_type": "qwen3_next", **EXPERTS, "linear_num_value_heads": 4, "linear_num_key_heads": 2}
    )
    assert "qwen3_next" in unsupported(model.spec)
    assert unsupported(member("qwen3").spec) == ""
