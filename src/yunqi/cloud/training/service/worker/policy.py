"""GRPO with rewards by rule: answers are drawn, judged, and the better ones of each group made likelier."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from yunqi.cloud.training.engine.learning.losses import advantages, hidden_states, policy_loss
from yunqi.cloud.training.engine.metrics import fits_schema, parsed, same_answer
from yunqi.cloud.training.engine.packing import IGNORED
from yunqi.cloud.training.model import Recipe
from yunqi.cloud.training.service.worker.answers import answer
from yunqi.cloud.training.service.worker.objectives import Share, steps_of
from yunqi.cloud.training.service.worker.tokens import Writer
from yunqi.kernel.errors import Invalid


class PolicyObjective:
    """Draws answers to a step's prompts and returns GRPO's loss over them.

    Parameters
    ----------
    reference
        The model as it began; it stands still.
    tasks
        File of prompts' ids and wanted answers.
    """

    def __init__(self, model: Any, reference: Any, tasks: Path, writer: Writer, recipe: Recipe, share: Share) -> None:
        self._model = model
        self._reference = reference.eval()
        self._writer = writer
        self._rules = recipe.reward
        self._seed = recipe.seed
        self._share = share
        self._tasks = [json.loads(line) for line in tasks.read_text(encoding="utf-8").splitlines()]
        self._schema = _schema(recipe)
        self.steps = steps_of(recipe.train, len(self._tasks))
        self.rewards: list[float] = []

    def loss(self, step: int, part: int) -> tuple[Any, int]:
        """Draw, judge, and return the loss and the tokens seen."""
        first = self._share.place(step, part)
        tasks = [self._task(place) for place in range(first, first + self._share.size)]
        groups = [task for task in tasks for _ in range(self._rules.answers)]
        with torch.autocast("cpu", enabled=False):
            self._model.eval()
            drawn = answer(
                self._model, [task["ids"] for task in groups], tokens=self._rules.tokens, batch=len(groups),
                ends=[self._writer.turn_end, self._writer.end], padding=self._writer.end,
                temperature=self._rules.temperature,
            )  # fmt: skip
            self._model.train()
        rewards = torch.tensor(
            [self.reward(self._writer.decode(ids), t["answer"]) for ids, t in zip(drawn, groups, strict=True)]
        )
        self.rewards.append(float(rewards.mean()))
        gained = advantages(rewards.view(len(tasks), -1)).flatten()
        return self._loss([task["ids"] for task in groups], drawn, gained)

    def heldout(self) -> float | None:
        """Return how far the mean reward of the last steps is from two."""
        return 2.0 - float(np.mean(self.rewards[-20:])) if self.rewards else None

    def reward(self, text: str, wanted: str) -> float:
        """Judge an answer by rule: 1 for what is wanted, one more for valid JSON when both are asked."""
        exact = same_answer(text, wanted) if self._rules.rule != "json" else 0.0
        value = parsed(text) if self._rules.rule != "exact" else None
        valid = value is not None and fits_schema(value, self._schema)
        return exact + float(valid)

    def _task(self, place: int) -> dict[str, Any]:
        epoch, within = divmod(place, len(self._tasks))
        order = np.random.default_rng([self._seed, 6, epoch]).permutation(len(self._tasks))
        found: dict[str, Any] = self._tasks[int(order[within])]
        return found

    def _loss(self, prompts: list[list[int]], drawn: list[list[int]], gained: Any) -> tuple[Any, int]:
        ids, targets = self._rows(prompts, drawn)
        counted = targets != IGNORED
        now = self._likelihood(self._model, ids, targets, counted)
        with torch.no_grad():
            before = self._likelihood(self._reference, ids, targets, counted)
        advantage = gained[counted.nonzero()[:, 0]]
        return policy_loss(now, now.detach(), before, advantage, beta=self._rules.beta), ids.numel()

    def _rows(self, prompts: list[list[int]], drawn: list[list[int]]) -> tuple[Any, Any]:
        rows = [[*prompt, *ids, self._writer.turn_end] for prompt, ids in zip(prompts, drawn, strict=True)]
        longest = max(map(len, rows)) - 1
        ids = torch.full((len(rows), longest), self._writer.end)
        targets = torch.full((len(rows), longest), IGNORED)
        for number, (row, prompt) in enumerate(zip(rows, prompts, strict=True)):
            ids[number, : len(row) - 1] = torch.tensor(row[:-1])
            targets[number, len(prompt) - 1 : len(row) - 1] = torch.tensor(row[len(prompt) :])
        return ids, targets

    def _likelihood(self, model: Any, ids: Any, targets: Any, counted: Any) -> Any:
        logits = model.lm_head(hidden_states(model, ids)[counted]).float()
        return -functional.cross_entropy(logits, targets[counted], reduction="none")


def _schema(recipe: Recipe) -> dict[str, Any]:
    if recipe.reward.rule == "exact":
        return {}
    if not recipe.reward.schema:
        return {"type": "object"}
    path = Path(recipe.folder) / recipe.reward.schema
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise Invalid(f"The schema {path} cannot be read: {error}", param="schema") from error
    return found
