"""Guesses from what stands there already: nothing in an answer changes but how many steps it takes."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("openvino")

from tests.cloud.models.paged.asking import answers as ask
from tests.cloud.models.paged.asking import said
from tests.cloud.models.paged.test_graph import member, runner

from yunqi.cloud.models.engine.paged.choosing import Wishes
from yunqi.cloud.models.engine.paged.echo import WIDEST, Echo
from yunqi.cloud.models.service.paged.loop import Loop
from yunqi.cloud.models.service.paged.runner import Runner


def test_what_followed_last_time_is_guessed() -> None:
    echo = Echo()
    tokens = [1, 2, 3, 4, 5, 6, 1, 2, 3]
    assert echo.guess(tokens, 9) == [4, 5, 6, 1]
    assert echo.guess([*tokens, 7, 1, 2, 3], 2) == [7, 1]  # the later occurrence counts, and no more than wished
    assert echo.guess([*tokens, 7, 1, 2, 3, 8, 8], 9) == []
    assert Echo().guess([1, 1], 9) == []


def test_good_guesses_grow_and_bad_ones_shrink() -> None:
    echo, tokens = Echo(), [*range(40), 0, 1, 2]
    for _ in range(5):
        echo.heard(4, 4)
    assert len(echo.guess(tokens, 99)) == WIDEST
    for _ in range(9):
        echo.heard(8, 1)
    assert len(echo.guess(tokens, 99)) == 1


def answers(
    run: Runner, prompts: list[list[int]], wishes: Wishes, *, lookup: bool, tokens: int
) -> tuple[list[list[int]], int]:
    """Return what the loop answers, each with a hundred draws of its own, and how many steps that took."""
    steps, taken = run.step, []

    def step(*arguments: object) -> object:
        taken.append(1)
        return steps(*arguments)  # type: ignore[arg-type]

    run.step = step  # type: ignore[method-assign, assignment]
    loop = Loop(run, places=3, on_loss=lambda: None, lookup=lookup)
    found = said(ask(loop, prompts, wishes, tokens=tokens))
    run.step = steps  # type: ignore[method-assign]
    return found, len(taken)


def test_greedy_answers_are_those_of_the_lineage_in_fewer_steps(tmp_path: Path) -> None:
    model = member("qwen2")
    run = runner(model, tmp_path, bits=32)
    rng = np.random.default_rng(3)
    prompts = [rng.integers(1, 256, 30 + 11 * place).tolist() for place in range(5)]
    said, steps = answers(run, prompts, Wishes(temperature=0.0), lookup=True, tokens=40)
    plain, more = answers(run, prompts, Wishes(temperature=0.0), lookup=False, tokens=40)
    assert said == plain == [model.generate(prompt, max_tokens=40) for prompt in prompts]
    assert steps < 0.8 * more  # a small random model soon repeats itself


def test_drawn_answers_are_the_same_for_the_same_draws(tmp_path: Path) -> None:
    run = runner(member("qwen3"), tmp_path, bits=32)
    prompts = [[5, 6, 7, 8] * 8, [9, 3, 4] * 9]
    wishes = Wishes(temperature=0.7, top_k=3)
    assert (
        answers(run, prompts, wishes, lookup=True, tokens=30)[0]
        == answers(run, prompts, wishes, lookup=False, tokens=30)[0]
    )
