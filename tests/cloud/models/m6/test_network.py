"""Masks, routing, prototypes, capacity, delinking: exact."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch.nn import functional as F

from yunqi.cloud.models.engine.m6.network import M6, delink, task_mask
from yunqi.cloud.models.engine.m6.parts import Sparse
from yunqi.cloud.models.engine.m6.report import loads
from yunqi.cloud.models.engine.m6.routing import route
from yunqi.cloud.models.engine.m6.spec import M6Spec
from yunqi.cloud.models.engine.m6.tasks import END, MASK, TASKS, VOCABULARY, Pair, batch, letters, masked, spelled
from yunqi.cloud.models.engine.m6.training import run
from yunqi.cloud.models.engine.m6.writing import write
from yunqi.kernel import Invalid

SPEC = M6Spec(
    vocabulary=VOCABULARY,
    codes=8,
    width=16,
    layers=2,
    heads=2,
    inner=24,
    places=20,
    patches=4,
    patch_width=12,
    experts=4,
    prototypes=2,
)


def test_source_is_seen_both_ways_and_target_causally() -> None:
    source = torch.tensor([[True, True, False]])
    seen = task_mask(source, torch.tensor([[True, True]]))[0].int().tolist()
    assert seen == [[1, 1, 0, 0, 0], [1, 1, 0, 0, 0], [1, 1, 1, 0, 0], [1, 1, 0, 1, 0], [1, 1, 0, 1, 1]]


def test_top_two_routes_by_probability() -> None:
    scores = torch.tensor([[2.0, 1.0, 0.0, -1.0], [0.0, 3.0, 1.0, 2.0]])
    found = route(scores, chosen=2)
    assert found.experts.tolist() == [[0, 1], [1, 3]]
    assert torch.equal(found.gates, scores.softmax(-1).gather(1, found.experts))
    assert found.load.tolist() == [1, 2, 0, 1]
    assert found.seats.tolist() == [[0, 1], [0, 0]]  # the second token's first choice goes before the first's second
    assert bool(found.kept.all())


def test_prototypes_are_independent_top_one_routers() -> None:
    torch.manual_seed(0)
    whole = _bank(SPEC)
    x, real = torch.randn(2, 5, 16), torch.ones(2, 5, dtype=torch.bool)
    said, found = whole.eval()(x, real)
    parts = torch.zeros_like(x)
    for prototype in range(2):
        own = slice(2 * prototype, 2 * prototype + 2)
        part = _bank(replace(SPEC, experts=2, prototypes=1)).eval()
        part.load_state_dict({"router.weight": whole.router.weight[own], "up": whole.up[own], "down": whole.down[own]})
        answer, alone = part(x, real)
        parts += answer
        assert torch.equal(alone.experts[:, 0] + 2 * prototype, found.experts[:, prototype])
        assert torch.allclose(alone.gates[:, 0], found.gates[:, prototype])
    assert torch.allclose(said, parts, atol=1e-6)


def test_experts_answer_what_their_weights_say() -> None:
    torch.manual_seed(1)
    bank = _bank(replace(SPEC, prototypes=1, chosen=2)).eval()
    x = torch.randn(1, 3, 16)
    said, _ = bank(x, torch.ones(1, 3, dtype=torch.bool))
    chances = bank.router(x[0]).softmax(-1)
    for token in range(3):
        best = chances[token].topk(2).indices
        wanted = sum(chances[token, e] * (F.gelu(x[0, token] @ bank.up[e]) @ bank.down[e]) for e in best)
        assert torch.allclose(said[0, token], wanted, atol=1e-6)


def test_capacity_turns_later_tokens_away() -> None:
    scores = torch.tensor([[5.0, 0.0]] * 3 + [[0.0, 5.0]])
    found = route(scores, capacity=1.0)
    assert found.capacity == 2
    assert found.kept[:, 0].tolist() == [True, True, False, True]
    (report,) = loads([found])
    assert report.load == (3, 1)
    assert (report.dropped, report.lost, report.variation) == (0.25, 0.25, 0.5)


def test_a_token_without_a_seat_passes_by() -> None:
    bank = _bank(replace(SPEC, experts=2, prototypes=1, capacity=0.5)).train()
    with torch.no_grad():
        bank.router.weight.zero_()  # all choose the first expert, which has one seat in four tokens
    said, found = bank(torch.randn(1, 4, 16), torch.ones(1, 4, dtype=torch.bool))
    assert found.capacity == 1
    assert said[0].abs().sum(1).gt(0).tolist() == [True, False, False, False]


def test_even_load_has_balance_one() -> None:
    assert float(route(torch.eye(4) * 9.0).balance) == pytest.approx(1.0)
    assert float(route(torch.tensor([[9.0, 0.0, 0.0, 0.0]] * 4)).balance) > 3.9


def test_delinked_layers_answer_the_same_and_then_learn_alone() -> None:
    pseudo = M6(replace(SPEC, shared=True)).start(3).eval()
    real = delink(pseudo)
    given = batch("image_captioning", _pairs(), np.random.default_rng(0))
    assert (len(pseudo.layers), len(real.layers)) == (1, 2)
    assert torch.equal(_logits(pseudo, given), _logits(real, given))
    run(real, given)[0].backward()
    first, second = (layer.attention.out.weight for layer in real.layers)
    assert torch.equal(first, second)
    assert not torch.equal(first.grad, second.grad)
    with pytest.raises(Invalid, match="Nothing to delink"):
        delink(real)


def test_later_targets_and_padding_change_nothing_before() -> None:
    model = M6(SPEC).start(4).eval()
    given = batch("captioning", _pairs(), np.random.default_rng(0))
    changed = given.target.clone()
    changed[:, 3:] = MASK
    before, after = _logits(model, given), _logits(model, replace(given, target=changed))
    assert torch.allclose(before[:, :3], after[:, :3], atol=1e-6)
    alone = batch("captioning", _pairs()[:1], np.random.default_rng(0))
    assert torch.allclose(_logits(model, alone), before[:1, : alone.target.shape[1]], atol=1e-5)


def test_tasks_read_and_write_what_they_say() -> None:
    rng, pairs = np.random.default_rng(0), _pairs()
    for task in TASKS:
        given = batch(task, pairs, rng)
        assert given.target[:, 0].tolist() == [3 + TASKS.index(task)] * 2
        assert (given.patches is not None) == (task in ("image_text_denoising", "captioning", "image_captioning"))
    drawn = batch("text_to_image", pairs, rng)
    assert drawn.wanted.tolist() == [[VOCABULARY + code for code in (0, 1, 2, 3)]] * 2
    assert spelled(drawn.source[0].tolist()) == "cat"
    assert batch("language_modelling", pairs, rng).source.shape == (2, 0)
    assert batch("captioning", pairs, rng).wanted[0].tolist() == [*letters("cat"), END, -100, -100]
    assert spelled(batch("image_captioning", pairs, rng).source[1].tolist()) == "food"
    assert masked(letters("abcdef"), rng).count(MASK) in (2, 3)
    with pytest.raises(Invalid, match="No task"):
        batch("singing", pairs, rng)


def test_too_many_patches_are_refused() -> None:
    given = batch("captioning", _pairs(), np.random.default_rng(0))
    with pytest.raises(Invalid, match="takes 4"):
        run(M6(SPEC), replace(given, patches=torch.zeros(2, 5, 12)))


def _bank(spec: M6Spec) -> Sparse:
    bank = Sparse(spec)
    torch.nn.init.normal_(bank.up)
    torch.nn.init.normal_(bank.down)
    return bank


def _logits(model: M6, given: object) -> "torch.Tensor":
    with torch.inference_mode():
        return model(  # type: ignore[no-any-return]
            given.patches, given.source, given.target, source_real=given.source_real, target_real=given.target_real
        )[0]


def _pairs() -> list[Pair]:
    rng = np.random.default_rng(7)
    codes = np.arange(4)
    return [
        Pair(rng.normal(size=(4, 12)).astype(np.float32), codes, letters(text), letters(group))
        for text, group in (("cat", "animal"), ("bread", "food"))
    ]


def test_writing_is_greedy_and_ends() -> None:
    model = M6(SPEC).start(5)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    given = batch("captioning", _pairs(), np.random.default_rng(0))
    drawn = batch("text_to_image", _pairs(), np.random.default_rng(0))
    for _ in range(60):
        optimiser.zero_grad()
        (run(model, given)[0] + run(model, drawn)[0]).backward()
        optimiser.step()
    assert [spelled(row) for row in write(model, given, longest=10)] == ["cat", "bread"]
    assert write(model, drawn, longest=4, codes=True) == [[0, 1, 2, 3]] * 2
