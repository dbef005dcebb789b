"""A graph with adapters against the lineage with the same adapters merged into its weights, in float32."""

import json
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from tests.cloud.models.adapters import drawn, merge
from tests.cloud.models.paged.test_graph import member

from yunqi.cloud.models.engine.lineage.rotary import frequencies
from yunqi.cloud.models.engine.paged.blocks import BlockPool
from yunqi.cloud.models.engine.paged.choosing import Wishes
from yunqi.cloud.models.engine.paged.graph import decoder
from yunqi.cloud.models.engine.paged.scheduler import Scheduler
from yunqi.cloud.models.engine.paged.sequence import Sequence
from yunqi.cloud.models.engine.weights.adapters import read_adapter
from yunqi.cloud.models.service.loaded import LoadedModel
from yunqi.cloud.models.service.paged.compiled import ABOUT, GRAPH
from yunqi.cloud.models.service.paged.runner import Runner


def runner(model: LoadedModel, adapters: list[Path], folder: Path) -> Runner:
    held = {key: value.float().numpy() for key, value in model.module.state_dict().items()}
    ways = [read_adapter(one, {name: value.shape for name, value in held.items()}) for one in adapters]
    inverse, factor = frequencies(model.spec.text, model.spec.text.context)
    graph = decoder(model.spec.text, held.get, inverse.numpy(), factor, bits=32, adapters=ways)
    ov.save_model(graph, folder / GRAPH, False)
    (folder / ABOUT).write_text(json.dumps({"ranks": [one.rank for one in ways]}), encoding="utf-8")
    return Runner(folder, tokens=1024, threads=1, exact=True)


@pytest.mark.parametrize("name", ["qwen2", "qwen2 tied", "qwen3", "llama"])
def test_each_adapter_is_what_merging_it_would_be(name: str, tmp_path: Path) -> None:
    model = member(name)
    folders = [
        drawn(tmp_path / "all", model.module, seed=1, rank=4),
        drawn(tmp_path / "two", model.module, seed=2, rank=2, parts=("self_attn.k_proj", "mlp.down_proj")),
    ]
    run = runner(model, folders, tmp_path)
    tokens = np.random.default_rng(0).integers(0, 256, 90).tolist()
    plain = model.logits(tokens)
    assert np.abs(run.score(tokens) - plain).max() < 1e-4
    for mix, folder in (((1.0, 0.0), folders[0]), ((0.0, 1.0), folders[1])):
        merged = member(name)
        merge(merged.module, folder)
        expected = merged.logits(tokens)
        assert np.abs(expected - plain).max() > 0.01
        assert np.abs(run.score(tokens, mix) - expected).max() < 1e-4


def test_sequences_of_several_adapters_share_steps_but_no_cache(tmp_path: Path) -> None:
    model = member("qwen2")
    folder = drawn(tmp_path / "all", model.module, seed=1, size=0.1)
    run = runner(model, [folder], tmp_path)
    merged = member("qwen2")
    merge(merged.module, folder)
    prompt = np.random.default_rng(5).integers(1, 256, 70).tolist()
    scheduler = Scheduler(BlockPool(run.blocks), places=2, chunk=40)
    asked = [
        Sequence([*prompt, last], Wishes(), 5, frozenset(), lambda chosen, reason: False, mix=mix)
        for last, mix in ((7, ()), (7, (1.0,)), (9, (1.0,)), (9, ()))
    ]
    for one in asked:
        scheduler.add(one)
    while not scheduler.is_idle:
        runs = scheduler.plan()
        rows = run.step(runs, scheduler.copies)
        scheduler.ran(runs)
        for part, row in zip([part for part in runs if part.last], rows, strict=True):
            part.sequence.tokens.append(int(row.argmax()))
            if part.sequence.said == 5:
                scheduler.finish(part.sequence)
    assert [one.cached for one in asked] == [0, 0, 70, 70]
    answers = [one.tokens[one.prompt :] for one in asked]
    for one, answer in zip(asked, answers, strict=True):
        judge = merged if one.mix else model
        assert answer == judge.generate(one.tokens[: one.prompt], max_tokens=5)
    assert answers[0] != answers[1]
