"""A draft beside a model of the lineage: greedy answers are the model's own, drawn ones are distributed as its own."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.cloud.models.lineage.test_ahead import BASE, SPARSE, publish  # noqa: E402

from yunqi.cloud.models import load, load_config  # noqa: E402
from yunqi.cloud.models.engine.guessing import Prices, Rate, Spread, Trials, judged, width  # noqa: E402
from yunqi.cloud.models.service.checkpoints import paired  # noqa: E402
from yunqi.cloud.models.service.loaded import LoadedModel  # noqa: E402
from yunqi.kernel import Invalid  # noqa: E402

PROMPT = [3, 14, 15, 9, 26, 5, 35]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def model(kind: str = "qwen3", *, noise: float = 0.0) -> LoadedModel:
    found = load_config({"model_type": kind, **BASE, **SPARSE}, seed=8)
    generator = torch.Generator().manual_seed(1)
    for parameter in found.module.parameters():
        parameter *= 1.0 if parameter.dim() == 1 else 8.0  # answers that are not all alike
        if noise:
            parameter += noise * parameter.std().nan_to_num() * torch.randn(parameter.shape, generator=generator)
    return found


@pytest.mark.parametrize("kind", ["qwen3", "qwen3_next", "qwen2_moe"])
@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_a_greedy_answer_is_the_models_own(kind: str, noise: float) -> None:
    plain = model(kind).generate(PROMPT, max_tokens=24)
    assert len(set(plain)) > 3
    both = paired(model(kind), model(kind, noise=noise))
    assert both.generate(PROMPT, max_tokens=24, ahead=3) == plain
    went = both.speculation
    assert went is not None
    assert went.said == 24
    assert went.kept <= went.guessed
    if not noise:
        assert went.kept == went.guessed > 0
        assert went.runs + went.kept == 24
    penalised: dict[str, Any] = {"max_tokens": 12, "repetition_penalty": 1.3}
    assert both.generate(PROMPT, ahead=2, **penalised) == model(kind).generate(PROMPT, **penalised)


def test_an_end_stops_and_tokens_are_told_one_by_one() -> None:
    both, alone = paired(model(), model()), model()
    plain, told = alone.generate(PROMPT, max_tokens=30), list[int]()

    def tell(token: int) -> bool:
        told.append(token)
        return len(told) == 3

    assert both._run([PROMPT], both._sampling({"max_tokens": 20, "ahead": 4}), tell=tell) == [told]
    assert told == plain[:3]
    end = next(token for token in reversed(plain) if plain.index(token) > 3)
    both.extras = alone.extras = replace(alone.extras, ends=(end,))
    assert both.generate(PROMPT, max_tokens=30, ahead=4) == plain[: plain.index(end) + 1]


def test_a_draft_as_dear_as_the_model_is_hardly_asked_unless_told_to() -> None:
    both = paired(model(), model())
    assert both.generate(PROMPT, max_tokens=70) == model().generate(PROMPT, max_tokens=70)
    assert both.speculation is not None
    assert both.speculation.guessed == 1  # one trial after 64 tokens
    cheap = load_config({"model_type": "qwen3", **BASE, "num_hidden_layers": 1, "intermediate_size": 8})
    both = paired(model(), cheap)
    assert both.generate(PROMPT, max_tokens=24) == model().generate(PROMPT, max_tokens=24)
    assert both.speculation is not None
    assert both.speculation.guessed >= 1


@pytest.mark.slow
def test_drawn_answers_are_distributed_as_the_models_own() -> None:
    """Of 400 answers of two tokens after the first, and of the exact chances of all that are possible."""
    exact, both = model(), paired(model(), model(noise=0.5))
    chances: dict[tuple[int, ...], float] = {(): 1.0}
    for _ in range(3):
        longer = {}
        for answer, chance in chances.items():
            scores = exact.logits([*PROMPT, *answer])[-1].astype(np.float64) / 1.5
            best = np.argsort(-scores)[:3]
            weights = np.exp(scores[best] - scores[best[0]])
            for token, weight in zip(best, weights / weights.sum(), strict=True):
                longer[(*answer, int(token))] = chance * float(weight)
        chances = longer
    counted: Counter[tuple[int, ...]] = Counter()
    guessed = kept = 0
    for seed in range(400):
        said = both.generate(PROMPT, max_tokens=3, temperature=1.5, top_k=3, seed=seed, ahead=2)
        counted[tuple(said)] += 1
        assert both.speculation is not None
        guessed, kept = guessed + both.speculation.guessed, kept + both.speculation.kept
    assert set(counted) <= set(chances)
    assert 0.03 * guessed < kept < 0.95 * guessed
    assert fits(counted, chances, 400)


def fits(counted: Counter[Any], chances: dict[Any, float], many: int) -> bool:
    cells = [key for key, chance in chances.items() if many * chance >= 5]
    rest = [key for key in chances if key not in set(cells)]
    seen = [counted[key] for key in cells] + ([sum(counted[key] for key in rest)] if rest else [])
    due = [many * chances[key] for key in cells] + ([many * sum(chances[key] for key in rest)] if rest else [])
    from scipy.stats import chisquare  # takes a second to load

    return bool(chisquare(seen, due).pvalue > 1e-4)


def test_the_rule_keeps_the_distribution_and_the_naive_ones_do_not() -> None:
    tokens, rng = np.array([7, 2, 5, 9]), np.random.default_rng(0)
    target = Spread(tokens, np.array([0.5, 0.3, 0.15, 0.05]))
    draft = Spread(np.array([2, 7, 11]), np.array([0.6, 0.25, 0.15]))  # 11 cannot be, 5 and 9 are never guessed
    chances = dict(zip(tokens.tolist(), target.chances.tolist(), strict=True))
    guesses = [draft.drawn(draw) for draw in rng.random(20000)]
    said = [judged(target, guess, draft, draw) for guess, draw in zip(guesses, rng.random(20000), strict=True)]
    assert fits(Counter(said), chances, 20000)
    kept = np.mean([one == guess for one, guess in zip(said, guesses, strict=True)])
    assert kept == pytest.approx(0.55, abs=0.02)  # the sum of the smaller chances
    naive = [
        guess
        if draw < float(target.at(np.array([guess]))[0]) / float(draft.at(np.array([guess]))[0])
        else target.drawn(again)
        for guess, draw, again in zip(guesses, rng.random(20000), rng.random(20000), strict=True)
    ]
    assert not fits(Counter(naive), chances, 20000)


def test_greedy_is_the_rule_at_one_chance() -> None:
    one, other = (Spread(np.array([token]), np.ones(1)) for token in (4, 8))
    assert judged(one, 4, one, 0.999) == 4
    assert judged(one, 8, other, 0.0) == 4


def test_guesses_grow_with_their_worth_and_stop_when_they_do_not_pay() -> None:
    assert [width(rate, 8, draft=0.1, more=0.05) for rate in (0.1, 0.3, 0.6, 0.8, 1.0)] == [0, 1, 2, 5, 8]
    assert width(0.99, 8, draft=1.0, more=0.05) == 0  # a draft as dear as the model never pays
    rate = Rate(0.7)
    for _ in range(30):
        rate.heard(4, 0)
    assert rate.value < 0.2
    for _ in range(60):
        rate.heard(4, 4)
    assert rate.value > 0.9
    trials = Trials(first=4, last=16)
    due = [count for count in range(1, 80) if trials.is_due()]
    assert due == [4, 12, 28, 44, 60, 76]
    trials.paid()
    assert [trials.is_due() for _ in range(4)] == [False, False, False, True]


def test_prices_find_what_a_step_and_a_token_cost() -> None:
    prices, rng = Prices(), np.random.default_rng(0)
    prices.seen(1, 20.0)
    assert prices.of(1) == pytest.approx(20.0)
    assert 20.0 < prices.of(2) < 22.0
    for tokens in rng.integers(1, 9, 200).tolist():
        prices.seen(tokens, 18.0 + 2.0 * tokens + (200.0 if rng.random() < 0.02 else 0.0))
    assert prices.of(1) == pytest.approx(20.0, rel=0.1)
    assert prices.of(8) - prices.of(1) == pytest.approx(14.0, rel=0.25)


def test_a_draft_of_another_vocabulary_is_refused_by_name(tmp_path: Path) -> None:
    publish("qwen3_next", tmp_path)
    other = load_config({"model_type": "qwen3", **BASE, "vocab_size": 64})
    with pytest.raises(Invalid, match=r"cannot guess for .*vocabularies differ \(60 tokens and 64"):
        paired(load(tmp_path), other)
    assert load(tmp_path, draft=tmp_path).generate(PROMPT, max_tokens=9) == load(tmp_path).generate(
        PROMPT, max_tokens=9
    )
    assert load(tmp_path, draft=tmp_path).generate([PROMPT, PROMPT], max_tokens=2)[0]
