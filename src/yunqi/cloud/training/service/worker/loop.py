"""The training loop: batches in, steps out, everything a resumed run needs in its checkpoints."""

import contextlib
import math
import time
from collections.abc import Callable
from typing import Any, Protocol

import torch

from yunqi.cloud.training.engine.learning.optimiser import Optimiser
from yunqi.cloud.training.model import LossBroken, Recipe, Stopped
from yunqi.cloud.training.service.worker.channel import STOP, Channel
from yunqi.cloud.training.service.worker.checkpoint import Checkpoints, Progress

_REPORT_SECONDS = 1.0


class Objective(Protocol):
    """What is learned: the loss of a batch, and the held-out loss."""

    steps: int

    def loss(self, step: int, part: int) -> tuple[Any, int]:
        """Return the loss of part ``part`` of a step's batch, and the tokens that it saw."""
        ...

    def heldout(self) -> float | None:
        """Return the held-out loss, or None when there is nothing held out."""
        ...


Gather = Callable[[list[Any], list[float]], list[float]]
"""Averages the gradients of weights, and a few figures, over all workers; returns the figures."""


class Loop:
    """Runs an objective to its end.

    Parameters
    ----------
    weights
        Returns the state that a checkpoint keeps; for adapters that is less than the whole model.
    gather
        Makes the gradients and figures of all workers one, between the backward pass and the step.
    """

    def __init__(
        self,
        recipe: Recipe,
        model: Any,
        objective: Objective,
        checkpoints: Checkpoints,
        channel: Channel,
        *,
        weights: Callable[[], dict[str, Any]],
        gather: Gather = lambda weights, values: values,
        leads: bool = True,
    ) -> None:
        self._rules = recipe.train
        self._model = model
        self._objective = objective
        self._checkpoints = checkpoints
        self._channel = channel
        self._weights = weights
        self._gather = gather
        self._leads = leads
        self._optimiser = Optimiser(model.named_parameters(), recipe.train, total=objective.steps)
        self.progress = Progress()
        self.tokens = 0
        self._reported = 0.0
        self._first = 0

    @property
    def seen(self) -> int:
        """Tokens seen over all starts."""
        return self.progress.tokens

    def resume(self) -> bool:
        """Take up the newest checkpoint; returns whether there was one."""
        found = self._checkpoints.latest()
        if found is None:
            return False
        self.progress, state = found
        self._model.load_state_dict(state["weights"], strict=False)
        self._optimiser.load(state["optimiser"])
        torch.set_rng_state(state["random"])
        return True

    def run(self) -> Progress:
        """Take the steps that are left.

        Raises
        ------
        LossBroken
            When the loss is not a number any more; the last checkpoint is kept.
        """
        self._model.train()
        started, before, total = time.monotonic(), self.progress.seconds, self._objective.steps
        self._first = self.progress.step
        for step in range(self.progress.step, total):
            loss, length, asked = self._step(step, started, before)
            self.progress.step = step + 1
            self.progress.seconds = before + time.monotonic() - started
            entry: dict[str, Any] = {"loss": loss, "gradient": length}
            stop = self._look(step + 1, entry)
            if self._leads:
                self._checkpoints.log(step + 1, entry)
            stop = stop or asked
            if (step + 1) % self._rules.save_every == 0 or step + 1 == total or stop:
                self._save()
            self._report(step + 1, total, loss, started, last=step + 1 == total or stop)
            if stop:
                if STOP.is_set():
                    raise Stopped("The run was stopped; its checkpoint is kept. Run it again to go on.")
                self.progress.notes["stopped"] = "minutes" if asked else "patience"
                break
        return self.progress

    def _step(self, step: int, started: float, before: float) -> tuple[float, float, bool]:
        total = 0.0
        for part in range(self._rules.accumulation):
            with self._precision():
                loss, tokens = self._objective.loss(step, part)
            value = float(loss.detach())
            if not math.isfinite(value):
                raise LossBroken(_advice(step, value, self._rules.rate))
            (loss / self._rules.accumulation).backward()
            total += value / self._rules.accumulation
            self.tokens += tokens
            self.progress.tokens += tokens
        seconds = before + time.monotonic() - started
        wanted = STOP.is_set() or 0 < self._rules.minutes <= seconds / 60
        total, stop = self._gather(self._optimiser.weights, [total, float(wanted)])
        return total, self._optimiser.step(step), stop > 0

    def _look(self, step: int, entry: dict[str, Any]) -> bool:
        rules = self._rules
        if not rules.check_every or (step % rules.check_every and step != self._objective.steps):
            return False
        self._model.eval()
        with torch.no_grad(), self._precision():
            heldout = self._objective.heldout()
        self._model.train()
        if heldout is None:
            return False
        entry["heldout"] = heldout
        self._channel.send("heldout", step=step, loss=heldout)
        if heldout < self.progress.best:
            self.progress.best, self.progress.best_step, self.progress.since_best = heldout, step, 0
            if rules.patience and self._leads:
                self._checkpoints.save_best(self._weights())
        else:
            self.progress.since_best += 1
        return 0 < rules.patience <= self.progress.since_best

    def _save(self) -> None:
        if self._leads:
            self._checkpoints.save(self.progress, weights=self._weights(), optimiser=self._optimiser.state())

    def _precision(self) -> Any:
        half = self._rules.precision == "bfloat16"
        return torch.autocast("cpu", torch.bfloat16) if half else contextlib.nullcontext()

    def _report(self, step: int, total: int, loss: float, started: float, *, last: bool) -> None:
        moment = time.monotonic()
        if not last and moment - self._reported < _REPORT_SECONDS:
            return
        self._reported = moment
        rate = self.tokens / max(1e-9, moment - started)
        left = (total - step) * (moment - started) / max(1, step - self._first)
        self._channel.send(
            "progress", phase="training", done=step, total=total, loss=round(loss, 4), tokens_per_second=round(rate, 1),
            eta=round(left, 1), best=None if math.isinf(self.progress.best) else round(self.progress.best, 4),
        )  # fmt: skip


def _advice(step: int, value: float, rate: float) -> str:
    return (
        f"The loss became {value} at step {step + 1}. The last checkpoint is kept. Lower train.rate (now {rate:g}, try "
        f'{rate / 3:g}), lengthen train.warmup, set train.clip = 1.0, use train.precision = "float32", or look for a '
        "broken example near this step."
    )
