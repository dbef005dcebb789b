"""What the loop learns, by kind: tokens, preferences, rewards, a teacher."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from yunqi.cloud.training.engine.learning.losses import (
    distillation_loss,
    hidden_states,
    preference_loss,
    reward_loss,
    sequence_likelihood,
    token_loss,
)
from yunqi.cloud.training.engine.packing import IGNORED, Examples
from yunqi.cloud.training.model import Recipe, Steps

_HELDOUT_BATCHES = 16


class Sequences(Protocol):
    """Numbered training sequences; see `Windows` and `Examples`."""

    @property
    def per_epoch(self) -> int:
        """Sequences in an epoch."""
        ...

    def at(self, first: int, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return inputs and targets of sequences from ``first`` on."""
        ...


def steps_of(rules: Steps, per_epoch: int) -> int:
    """Return how many optimiser steps a run takes."""
    return rules.steps or max(1, int(rules.epochs * per_epoch / (rules.batch * rules.accumulation)))


class Share:
    """The part of each batch that this worker works on.

    Parameters
    ----------
    rank, world
        This worker's number and how many there are.
    """

    def __init__(self, rules: Steps, *, rank: int = 0, world: int = 1) -> None:
        self._rules = rules
        self._rank = rank
        self.size = max(1, rules.batch // world)
        self._world = world

    def place(self, step: int, part: int) -> int:
        """Return the number of the first sequence of this worker's share."""
        batch = self.size * self._world
        return (step * self._rules.accumulation + part) * batch + self._rank * self.size


class TokenObjective:
    """Next-token prediction on windows of text, or on what an assistant wrote."""

    def __init__(self, model: Any, data: Sequences, heldout: Sequences | None, rules: Steps, share: Share) -> None:
        self._model = model
        self._data = data
        self._heldout = heldout
        self._batch = rules.batch
        self._share = share
        self.steps = steps_of(rules, data.per_epoch)

    def loss(self, step: int, part: int) -> tuple[Any, int]:
        """Return the mean loss and the tokens seen."""
        inputs, targets = tensors(self._data.at(self._share.place(step, part), self._share.size))
        return token_loss(self._model, inputs, targets), inputs.numel()

    def heldout(self) -> float | None:
        """Return the mean held-out loss over the first batches."""
        if self._heldout is None:
            return None
        losses = []
        for inputs, targets in batches(self._heldout, self._batch):
            losses.append(float(token_loss(self._model, inputs, targets)))
        return sum(losses) / len(losses)


class PreferenceObjective:
    """DPO: the chosen answer over the rejected one, near a reference.

    Parameters
    ----------
    cache
        File of the reference's likelihoods, computed once before the first step.
    """

    def __init__(
        self, model: Any, sides: tuple[Examples, Examples], heldout: tuple[Examples, Examples] | None,
        recipe: Recipe, share: Share, *, cache: Path,
    ) -> None:  # fmt: skip
        self._model = model
        self._sides = sides
        self._heldout = heldout
        self._rules = recipe.train
        self._preference = recipe.preference
        self._share = share
        self.steps = steps_of(recipe.train, sides[0].per_epoch)
        self._reference = self._references(sides, cache)
        self._heldout_reference = (
            self._references(heldout, cache.with_name("heldout-" + cache.name)) if heldout else None
        )

    def loss(self, step: int, part: int) -> tuple[Any, int]:
        """Return the mean loss and the tokens seen."""
        first = self._share.place(step, part)
        numbers = [self._sides[0].number(place, self._share.size) for place in range(first, first + self._share.size)]
        return self._loss(self._sides, self._reference, numbers)

    def heldout(self) -> float | None:
        """Return the mean held-out loss."""
        if self._heldout is None or self._heldout_reference is None:
            return None
        size = min(self._heldout[0].per_epoch, _HELDOUT_BATCHES * self._rules.batch)
        groups = [range(start, min(size, start + self._rules.batch)) for start in range(0, size, self._rules.batch)]
        losses = [float(self._loss(self._heldout, self._heldout_reference, list(g))[0]) * len(g) for g in groups]
        return sum(losses) / size

    def accuracy(self) -> tuple[list[float], list[float]]:
        """Return for each held-out pair whether the chosen answer is the likelier one: to the model now, and before."""
        if self._heldout is None or self._heldout_reference is None:
            return [], []
        with torch.no_grad():
            now = self._likelihoods(self._heldout)
        before = self._heldout_reference
        return (now[0] > now[1]).float().tolist(), (before[0] > before[1]).float().tolist()

    def _loss(self, sides: tuple[Examples, Examples], reference: Any, numbers: list[int]) -> tuple[Any, int]:
        seen, likelihoods, counts = 0, [], []
        for side in sides:
            inputs, targets = tensors(side.rows(numbers))
            likelihood, count = sequence_likelihood(self._model, inputs, targets)
            likelihoods.append(likelihood)
            counts.append(count)
            seen += inputs.numel()
        beta, anchor = self._preference.beta, self._preference.anchor
        loss = preference_loss(likelihoods[0], likelihoods[1], reference[0][numbers], reference[1][numbers], beta)
        if anchor:
            loss = loss - anchor * (likelihoods[0] / counts[0]).mean()
        return loss, seen

    def _references(self, sides: tuple[Examples, Examples], cache: Path) -> Any:
        if cache.exists():
            return torch.load(cache, weights_only=True)
        self._model.eval()
        with torch.no_grad():
            found = self._likelihoods(sides)
        temporary = cache.with_suffix(".new")
        torch.save(found, temporary)
        temporary.replace(cache)
        return found

    def _likelihoods(self, sides: tuple[Examples, Examples]) -> list[Any]:
        found = []
        for side in sides:
            rows = [
                sequence_likelihood(self._model, *tensors(side.rows(list(numbers))))[0]
                for numbers in _groups(side.per_epoch, 4 * self._rules.batch)
            ]
            found.append(torch.cat(rows))
        return found


class RewardObjective:
    """A score of answers, learned from preferences (Bradley and Terry)."""

    def __init__(
        self, model: Any, sides: tuple[Examples, Examples], heldout: tuple[Examples, Examples] | None,
        rules: Steps, share: Share,
    ) -> None:  # fmt: skip
        self._model = model
        self._sides = sides
        self._heldout = heldout
        self._rules = rules
        self._share = share
        self.steps = steps_of(rules, sides[0].per_epoch)

    def loss(self, step: int, part: int) -> tuple[Any, int]:
        """Return the mean loss and the tokens seen."""
        first = self._share.place(step, part)
        numbers = [self._sides[0].number(place, self._share.size) for place in range(first, first + self._share.size)]
        chosen, rejected, seen = self._scores(self._sides, numbers)
        return reward_loss(chosen, rejected), seen

    def heldout(self) -> float | None:
        """Return the mean held-out loss."""
        return None if self._heldout is None else self._whole()[0]

    def accuracy(self) -> list[float]:
        """Return for each held-out pair whether the chosen answer has the higher score."""
        return [] if self._heldout is None else self._whole()[1]

    def _whole(self) -> tuple[float, list[float]]:
        assert self._heldout is not None
        losses, right = [], []
        for numbers in _groups(self._heldout[0].per_epoch, self._rules.batch):
            chosen, rejected, _ = self._scores(self._heldout, list(numbers))
            losses.append(float(reward_loss(chosen, rejected)) * len(numbers))
            right += (chosen > rejected).float().tolist()
        return sum(losses) / len(right), right

    def _scores(self, sides: tuple[Examples, Examples], numbers: list[int]) -> tuple[Any, Any, int]:
        scores, seen = [], 0
        for side in sides:
            inputs, targets = tensors(side.rows(numbers))
            hidden = hidden_states(self._model, inputs)
            last = inputs.shape[1] - 1 - (targets != IGNORED).flip(1).int().argmax(1)
            scores.append(self._model.score(hidden[torch.arange(len(numbers)), last]).squeeze(1).float())
            seen += inputs.numel()
        return scores[0], scores[1], seen


class DistillObjective:
    """A student near its teacher's distribution, and near the data."""

    def __init__(
        self, model: Any, teacher: Any, data: Examples, heldout: Examples | None, recipe: Recipe, share: Share
    ) -> None:
        self._model = model
        self._teacher = teacher.eval()
        self._data = data
        self._heldout = heldout
        self._rules = recipe.train
        self._distill = recipe.distill
        self._share = share
        self.steps = steps_of(recipe.train, data.per_epoch)

    def loss(self, step: int, part: int) -> tuple[Any, int]:
        """Return the mean loss and the tokens seen."""
        inputs, targets = tensors(self._data.at(self._share.place(step, part), self._share.size))
        counted = targets != IGNORED
        student = self._model.lm_head(hidden_states(self._model, inputs)[counted]).float()
        with torch.no_grad():
            teacher = self._teacher.lm_head(hidden_states(self._teacher, inputs)[counted]).float()
        soft = distillation_loss(student, teacher, temperature=self._distill.temperature)
        hard = torch.nn.functional.cross_entropy(student, targets[counted])
        return self._distill.mix * soft + (1 - self._distill.mix) * hard, inputs.numel()

    def heldout(self) -> float | None:
        """Return the mean held-out loss on the data alone."""
        if self._heldout is None:
            return None
        losses = [float(token_loss(self._model, *pair)) for pair in batches(self._heldout, self._rules.batch)]
        return sum(losses) / len(losses)


def tensors(pair: tuple[NDArray[np.int64], NDArray[np.int64]]) -> tuple[Any, Any]:
    """Return arrays as tensors."""
    return torch.from_numpy(np.ascontiguousarray(pair[0])), torch.from_numpy(np.ascontiguousarray(pair[1]))


def batches(data: Sequences, size: int) -> Iterator[tuple[Any, Any]]:
    """Yield the first held-out batches."""
    size = min(size, data.per_epoch)
    for start in range(0, min(data.per_epoch, _HELDOUT_BATCHES * size) - size + 1, size):
        yield tensors(data.at(start, size))


def _groups(count: int, size: int) -> Iterator[range]:
    return (range(start, min(count, start + size)) for start in range(0, count, size))
