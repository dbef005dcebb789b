"""A small training run: all six tasks in turn, held-out loss of each as it goes."""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from yunqi.cloud.models.engine.m6.network import M6, delink
from yunqi.cloud.models.engine.m6.report import LayerLoad, loads
from yunqi.cloud.models.engine.m6.routing import Routing
from yunqi.cloud.models.engine.m6.spec import M6Spec
from yunqi.cloud.models.engine.m6.tasks import IGNORED, TASKS, Batch, Pair, batch


@dataclass(frozen=True, slots=True)
class M6Recipe:
    """How long and how fast.

    Attributes
    ----------
    steps
        Steps, each one task's batch; tasks take turns.
    batch
        Pairs a step.
    rate
        Highest learning rate of AdamW; it rises over a twentieth of the steps and falls to a tenth along a cosine.
    seed
        Draws weights, batches and spans.
    looks
        How often held-out losses are measured, besides before the first step.
    pseudo
        Share of the steps with shared layers before they are delinked (0: none), as M6-10T trains.
    """

    steps: int = 600
    batch: int = 48
    rate: float = 3e-3
    seed: int = 0
    looks: int = 4
    pseudo: float = 0.0


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of a run.

    Attributes
    ----------
    losses
        By step, nats a target token: of the pairs kept aside for checks where there are such, otherwise of those held out.
    loads
        Of the experts, in the last step.
    step
        The step of the model: the last, or with checks the one of the lowest mean loss there.
    held_out
        Its losses on the pairs held out.
    """

    model: M6
    losses: tuple[tuple[int, dict[str, float]], ...]
    loads: tuple[LayerLoad, ...]
    step: int
    held_out: dict[str, float]


def run(model: M6, given: Batch) -> tuple[Tensor, list[Routing]]:
    """Return the mean loss of a batch in nats a target token, and the routing."""
    logits, routes = model(
        given.patches, given.source, given.target, source_real=given.source_real, target_real=given.target_real
    )
    return F.cross_entropy(logits.flatten(0, 1), given.wanted.flatten(), ignore_index=IGNORED), routes


@torch.inference_mode()
def held_out(model: M6, pairs: Sequence[Pair], *, seed: int = 12345) -> dict[str, float]:
    """Return the loss of each task over all pairs, nats a target token; the same spans are masked every time."""
    was, found = model.training, {}
    model.eval()
    for task in TASKS:
        rng, total, many = np.random.default_rng(seed), 0.0, 0
        for start in range(0, len(pairs), 64):
            given = batch(task, pairs[start : start + 64], rng)
            tokens = int((given.wanted != IGNORED).sum())
            total += float(run(model, given)[0]) * tokens
            many += tokens
        found[task] = total / many
    model.train(was)
    return found


def train(
    spec: M6Spec,
    pairs: Sequence[Pair],
    held: Sequence[Pair],
    recipe: M6Recipe,
    *,
    check: Sequence[Pair] = (),
    tell: Callable[[int, dict[str, float]], None] | None = None,
) -> Trained:
    """Train a model of this spec from its seed.

    Parameters
    ----------
    check
        Pairs to look at on the way, instead of the held-out ones: the model is then the best one of the looks, and the
        held-out pairs are looked at once, with it.
    tell
        Hears the step and the losses of each look.
    """
    model = M6(spec).start(recipe.seed).train()
    optimiser = _optimiser(model, recipe)
    rng = np.random.default_rng(recipe.seed)
    watched = check or held
    losses = [(0, held_out(model, watched))]
    best, kept = 0, copy.deepcopy(model) if check else model
    delinked_at = round(recipe.pseudo * recipe.steps) if spec.shared else 0
    looks = {round(recipe.steps * (look + 1) / recipe.looks) for look in range(recipe.looks)}
    routes: list[Routing] = []
    for step in range(recipe.steps):
        if delinked_at and step == delinked_at:
            model = delink(model)
            optimiser = _optimiser(model, recipe)
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate * _pace(step, recipe.steps)
        chosen = [pairs[index] for index in rng.integers(0, len(pairs), recipe.batch)]
        loss, routes = run(model, batch(TASKS[step % len(TASKS)], chosen, rng))
        for found in routes if spec.balance else ():
            loss = loss + spec.balance * found.balance
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        if step + 1 in looks:
            losses.append((step + 1, held_out(model, watched)))
            if check and min(losses, key=_mean)[0] == step + 1:
                best, kept = step + 1, copy.deepcopy(model)
            if tell is not None:
                tell(*losses[-1])
    if not check:
        return Trained(model, tuple(losses), loads(routes), recipe.steps, losses[-1][1])
    return Trained(kept, tuple(losses), loads(routes), best, held_out(kept, held))


def _mean(look: tuple[int, dict[str, float]]) -> float:
    return sum(look[1].values()) / len(look[1])


def _optimiser(model: M6, recipe: M6Recipe) -> torch.optim.AdamW:
    return torch.optim.AdamW(model.parameters(), lr=recipe.rate, betas=(0.9, 0.98), weight_decay=0.01)


def _pace(step: int, steps: int) -> float:
    warm = max(1, steps // 20)
    if step < warm:
        return (step + 1) / warm
    return 0.1 + 0.9 * 0.5 * (1.0 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))
