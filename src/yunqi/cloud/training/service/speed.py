"""Measures the training loop: tokens a CPU second, the part of the processor's peak it uses, and what the data costs."""

import io
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from yunqi.cloud.training.engine.packing import Windows
from yunqi.cloud.training.engine.recipes import recipe_of
from yunqi.cloud.training.service.runner import require_extra

VOCABULARY = 8192


@dataclass(frozen=True, slots=True)
class Speed:
    """What the loop does in a CPU second.

    Parameters
    ----------
    tokens
        Trained tokens a CPU second.
    utilisation
        Floating point operations of the model a CPU second, as a part of what a large matrix product reaches in the
        same precision here (model FLOPs utilisation against a measured peak).
    data_share
        Part of the CPU time that went into fetching batches.
    """

    tokens: float
    utilisation: float
    data_share: float


def measure_speed(
    *, steps: int = 6, batch: int = 8, sequence: int = 256, precision: str = "bfloat16", seed: int = 0
) -> Speed:
    """Train a Qwen3-shaped model of 12 million weights on random tokens for a few steps, in one thread; nothing is saved.

    Parameters
    ----------
    steps
        Steps that are measured; two come before, unmeasured.
    """
    require_extra()
    import torch

    from yunqi.cloud.training.service.worker import weights
    from yunqi.cloud.training.service.worker.channel import Channel
    from yunqi.cloud.training.service.worker.checkpoint import Checkpoints
    from yunqi.cloud.training.service.worker.loop import Loop
    from yunqi.cloud.training.service.worker.objectives import Share, TokenObjective

    rules = {"steps": steps + 2, "batch": batch, "sequence": sequence, "precision": precision, "check_every": 0}
    recipe = recipe_of(
        {"kind": "pretrain", "name": "speed", "seed": seed, "data": [{"path": "none"}], "train": {**rules, "save_every": 10**6}}
    )  # fmt: skip
    torch.set_num_threads(1)
    model = weights.build(recipe.model, vocabulary=VOCABULARY, seed=seed, dropout=0.0, end=0, turn_end=1)
    weights.speed_up(model)
    clock = _Clocked(random_tokens(seed), sequence, seed)
    with tempfile.TemporaryDirectory() as folder:
        loop = Loop(
            recipe, model, TokenObjective(model, clock, None, recipe.train, Share(recipe.train)),
            Checkpoints(Path(folder), keep=1), Channel(io.StringIO()), weights=dict, leads=False,
        )  # fmt: skip
        clock.starts_after = 2
        loop.run()
    used = time.process_time() - clock.started
    tokens = steps * batch * sequence / used
    work = 6 * recipe.model.parameters(VOCABULARY) + 12 * recipe.model.layers * recipe.model.hidden * sequence
    return Speed(tokens, tokens * work / peak(precision), clock.used / used)


def random_tokens(seed: int) -> np.ndarray[Any, Any]:
    """Return the tokens that both sides of the bench are trained on."""
    return np.random.default_rng([seed, 9]).integers(0, VOCABULARY, 200_000).astype(np.uint16)


def peak(precision: str) -> float:
    """Return the floating point operations a CPU second of a large matrix product in one thread."""
    import torch

    left, right = (torch.randn(1024, 1024).to(getattr(torch, precision)) for _ in range(2))
    best = 0.0
    for _ in range(8):
        started = time.process_time()
        left @ right
        best = max(best, 2 * 1024**3 / max(1e-6, time.process_time() - started))
    return best


class _Clocked:
    """Windows that count the CPU time they take, from a number of batches on."""

    def __init__(self, tokens: np.ndarray[Any, Any], sequence: int, seed: int) -> None:
        self._windows = Windows(tokens, sequence, seed)
        self.per_epoch = self._windows.per_epoch
        self.starts_after = 0
        self.started = 0.0
        self.used = 0.0
        self._batches = 0

    def at(self, first: int, count: int) -> tuple[Any, Any]:
        """Return windows, timed."""
        begun = time.process_time()
        if self._batches == self.starts_after:
            self.started, self.used = begun, 0.0
        self._batches += 1
        found = self._windows.at(first, count)
        self.used += time.process_time() - begun
        return found
