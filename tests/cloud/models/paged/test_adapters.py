"""A graph with adapters against the lineage with the same adapters merged into its weights, in float32."""

from pathlib import Path

import numpy as np
import pytest
from tests.cloud.models.adapters import drawn, merge
from tests.cloud.models.paged.test_graph import answer, member, runner

from yunqi.cloud.models.engine.paged.blocks import BlockPool
from yunqi.cloud.models.engine.paged.choosing import Wishes
from yunqi.cloud.models.engine.paged.scheduler import Scheduler
from yunqi.cloud.models.engine.paged.sequence import Sequence


@pytest.mark.parametrize("name", ["qwen2", "qwen2 tied", "qwen3", "llama"])
def test_each_adapter_is_what_merging_it_would_be(name: str, tmp_path: Path) -> None:
    model = member(name)
    folders = [
        drawn(tmp_path / "all", model.module, seed=1, rank=4),
        drawn(tmp_path / "two", model.module, seed=2, rank=2, parts=("self_attn.k_proj", "mlp.down_proj")),
    ]
    run = runner(model, tmp_path, bits=32, adapters=folders)
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
    run = runner(model, tmp_path, bits=32, adapters=[folder])
    merged = member("qwen2")
    merge(merged.module, folder)
    prompt = np.random.default_rng(5).integers(1, 256, 70).tolist()
    scheduler = Scheduler(BlockPool(run.blocks), places=2, chunk=40)
    asked = [
        Sequence([*prompt, last], Wishes(), 5, frozenset(), lambda chosen, reason: False, mix=mix)
        for last, mix in ((7, ()), (7, (1.0,)), (9, (1.0,)), (9, ()))
    ]
    answer(run, scheduler, asked)
    assert [one.cached for one in asked] == [0, 0, 70, 70]
    answers = [one.tokens[one.prompt :] for one in asked]
    for one, said in zip(asked, answers, strict=True):
        judge = merged if one.mix else model
        assert said == judge.generate(one.tokens[: one.prompt], max_tokens=5)
    assert answers[0] != answers[1]
