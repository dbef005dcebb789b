"""Guesses by a smaller model: greedy answers are the larger one's own, drawn ones are distributed as its own."""

import functools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

pytest.importorskip("openvino")
from tests.cloud.models.paged.asking import answers, said
from tests.cloud.models.paged.test_graph import SMALL, member, runner

from yunqi.cloud.models import load_config
from yunqi.cloud.models.engine.guessing import Guess
from yunqi.cloud.models.engine.paged.blocks import Block
from yunqi.cloud.models.engine.paged.choosing import Wishes
from yunqi.cloud.models.engine.paged.scheduler import Run
from yunqi.cloud.models.engine.paged.sequence import Sequence, Stage
from yunqi.cloud.models.service.loaded import LoadedModel
from yunqi.cloud.models.service.paged.compiled import is_quick_here
from yunqi.cloud.models.service.paged.drafter import Drafter
from yunqi.cloud.models.service.paged.loop import Loop
from yunqi.cloud.models.service.paged.runner import Runner

PROMPTS = [np.random.default_rng(3).integers(1, 256, 30 + 11 * place).tolist() for place in range(5)]
GREEDY = Wishes(temperature=0.0)


Small = Callable[..., Runner]


class Always(Drafter):
    """Guesses the same number whatever it costs, so that a test does not hang on the clock."""

    def _width(self, sequence: Sequence, most: int, running: int) -> int:
        return min(most, 3)


def near(name: str, noise: float) -> LoadedModel:
    """A model like this one, whose weights are a little off: as a draft it is right now and then."""
    model, generator = member(name), torch.Generator().manual_seed(1)
    for parameter in model.module.parameters():
        parameter += noise * parameter.std() * torch.randn(parameter.shape, generator=generator)
    return model


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Compiled models by place and name, off by noise: compiled once, for a loop has a cache's pages of its own."""

    @functools.cache
    def small(place: str, name: str, noise: float = 0.0) -> Runner:
        return runner(near(name, noise) if noise else member(name), tmp_path_factory.mktemp(place), bits=32)

    return small


def loop_of(run: Runner, drafter: Drafter | None, places: int = 8) -> Loop:
    return Loop(run, places=places, on_loss=lambda: None, drafter=drafter)


def test_a_model_that_drafts_for_itself_is_always_right(small: Small) -> None:
    model = member("qwen2")
    run, draft = small("a", "qwen2"), small("b", "qwen2")
    found = answers(loop_of(run, Always(draft, size=256, context=512)), PROMPTS)
    assert said(found) == [model.generate(prompt, max_tokens=40) for prompt in PROMPTS]
    for one in found:
        assert one.kept == one.guessed >= 28  # three of four tokens
        assert one.said == 40


@pytest.mark.parametrize("kind", [Always, Drafter])
def test_a_draft_that_is_wrong_changes_nothing(small: Small, kind: type[Drafter]) -> None:
    model = member("qwen3")
    run, draft = small("a", "qwen3"), small("b", "qwen3", 0.2)
    drafter = kind(draft, size=256, context=512)
    found = answers(loop_of(run, drafter, places=3), PROMPTS)
    assert said(found) == [model.generate(prompt, max_tokens=40) for prompt in PROMPTS]
    assert 0 < sum(one.kept for one in found) < sum(one.guessed for one in found)
    assert drafter._pages._pool.available == draft.blocks


@pytest.mark.slow
def test_drawn_answers_are_distributed_as_the_models_own(small: Small) -> None:
    """Of 3,000 answers of three tokens, and of the exact chances of all that are possible; penalties included."""
    model = member("qwen3")
    wishes = Wishes(temperature=1.5, top_k=3, presence=0.3)
    prompt, chances = [5, 6, 7, 8, 9], {}
    for answer, chance in _tree(model, prompt, wishes, 3):
        chances[answer] = chance
    assert sum(chances.values()) == pytest.approx(1.0)
    drafter = Always(small("b", "qwen3", 1.0), size=256, context=512)
    found = answers(loop_of(small("a", "qwen3"), drafter), [prompt] * 3000, wishes, tokens=3)
    counted = Counter(tuple(one) for one in said(found))
    assert set(counted) <= set(chances)
    cells = [key for key, chance in chances.items() if 3000 * chance >= 5]
    rest = 1.0 - sum(chances[key] for key in cells)
    observed = [counted[key] for key in cells] + [3000 - sum(counted[key] for key in cells)]
    expected = [3000 * chances[key] for key in cells] + [3000 * rest]
    places = [place for place, number in enumerate(expected) if number > 1e-6]
    from scipy.stats import chisquare  # takes a second to load

    assert chisquare([observed[place] for place in places], [expected[place] for place in places]).pvalue > 1e-4
    kept = sum(one.kept for one in found) / sum(one.guessed for one in found)
    assert 0.05 < kept < 0.95  # both ways were taken


def _tree(model: LoadedModel, prompt: list[int], wishes: Wishes, depth: int) -> list[tuple[tuple[int, ...], float]]:
    found: list[tuple[tuple[int, ...], float]] = [((), 1.0)]
    for _ in range(depth):
        longer = []
        for answer, chance in found:
            scores = model.logits([*prompt, *answer])[-1].astype(np.float64)
            for token in set(answer):
                scores[token] -= wishes.presence
            best = np.argsort(-scores)[: wishes.top_k]
            weights = np.exp(scores[best] / wishes.temperature)
            weights /= weights.sum()
            longer += [((*answer, int(token)), chance * float(one)) for token, one in zip(best, weights, strict=True)]
        found = longer
    return found


def test_a_guess_is_read_as_the_token_alone_would_be_to_the_bit(tmp_path: Path) -> None:
    run = runner(member("qwen2"), tmp_path, bits=8, exact=False)
    tokens = np.random.default_rng(2).integers(1, 256, 60).tolist()

    def sequence(past: int) -> Sequence:
        found = Sequence(tokens[: past + 1], GREEDY, 0, frozenset(), lambda chosen, reason: True)
        found.past, found.blocks = past, [Block(0), Block(1)]
        return found

    run.step([Run(sequence(0), 1, last=True)])
    for past in range(1, 30):
        run.step([Run(sequence(past), 1, last=True)])
    alone = [run.step([Run(sequence(past), 1, last=True)])[0].copy() for past in range(30, 38)]
    guess = tuple(Guess(token) for token in tokens[31:38])
    together = run.step([Run(sequence(30), 8, last=True, guess=guess)])
    if is_quick_here():
        assert np.array_equal(together, np.array(alone))
    else:  # without 8-bit products OpenVINO multiplies one row and eight by different kernels; `auto` does not take it there
        assert np.allclose(together, np.array(alone), atol=1e-5)


class Even:
    """A grammar of even tokens, that is over after nine."""

    def __init__(self) -> None:
        self.taken: list[int] = []

    def mask(self, size: int) -> NDArray[np.bool_]:
        return np.arange(size) % 2 == len(self.taken) % 2

    def accept(self, token: int) -> None:
        assert token % 2 == len(self.taken) % 2
        self.taken.append(token)

    def rollback(self, count: int) -> None:
        del self.taken[len(self.taken) - count :]

    def is_over(self) -> bool:
        return len(self.taken) >= 9


def test_a_grammar_holds_at_every_guess(small: Small) -> None:
    run, draft = small("a", "qwen3"), small("b", "qwen3", 0.2)
    plain = answers(loop_of(run, None), PROMPTS, grammar=Even)
    found = answers(loop_of(run, Always(draft, size=256, context=512)), PROMPTS, grammar=Even)
    assert said(found) == said(plain)
    assert all(len(one) == 9 for one in said(found))
    for one in found:
        assert one.grammar.taken == one.tokens[one.prompt :]  # type: ignore[union-attr]
        assert one.guessed > 0


def test_an_end_that_was_guessed_ends_the_answer(small: Small) -> None:
    run, draft = small("a", "qwen2"), small("b", "qwen2")
    plain = said(answers(loop_of(run, None), PROMPTS))
    end = plain[0][7]
    found = answers(loop_of(run, Always(draft, size=256, context=512)), PROMPTS, ends=frozenset({end}))
    for one, whole in zip(said(found), plain, strict=True):
        assert one == (whole[: whole.index(end)] if end in whole else whole)
    assert sum(end in whole for whole in plain) >= 1


def test_who_leaves_gives_the_pages_of_both_models_back(small: Small) -> None:
    run, draft = small("a", "qwen2"), small("b", "qwen2", 0.2)
    drafter = Always(draft, size=256, context=512)
    loop = loop_of(run, drafter)
    begun = [threading.Event() for _ in PROMPTS]
    sequences = [
        Sequence(list(prompt), GREEDY, 400, frozenset(), lambda chosen, reason, one=one: bool(one.set()))  # type: ignore[misc]
        for prompt, one in zip(PROMPTS, begun, strict=True)
    ]
    for sequence in sequences:
        loop.add(sequence, random.Random(0))
    assert all(one.wait(60) for one in begun)
    for sequence in sequences:
        loop.leave(sequence)
    end = time.monotonic() + 20
    while any(one.stage is not Stage.DONE for one in sequences):
        assert time.monotonic() < end
        time.sleep(0.01)
    assert 0 < sequences[0].said < 400
    assert not drafter._readers
    assert drafter._pages._pool.available == draft.blocks


def test_a_draft_of_another_size_of_vocabulary_and_a_shorter_context(small: Small, tmp_path: Path) -> None:
    for size in (200, 300):
        draft = load_config({**SMALL, "vocab_size": size, "model_type": "qwen3"}, seed=2)
        (folder := tmp_path / str(size)).mkdir()
        less = runner(draft, folder, bits=32)
        prompts = [[token % 200 for token in prompt] for prompt in PROMPTS[:3]]
        found = answers(
            loop_of(small("a", "qwen3"), Always(less, size=256, context=60)), prompts, Wishes(temperature=1.0, top_k=5)
        )
        assert all(one.said == 40 for one in found)
        assert [one.guessed > 0 for one in found] == [True, True, True]
        assert all(one.guessed <= 3 * max(0, 60 - one.prompt) for one in found)


def test_seeds_are_answered_without_guesses(small: Small) -> None:
    run, draft = small("a", "qwen3"), small("b", "qwen3")
    done = threading.Event()
    one = Sequence(PROMPTS[0], GREEDY, 9, frozenset(), lambda chosen, reason: chosen is None and bool(done.set()))
    one.alone = True
    loop_of(run, Always(draft, size=256, context=512)).add(one, random.Random(0))
    assert done.wait(60)
    assert one.guessed == 0
