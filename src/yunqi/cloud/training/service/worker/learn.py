"""One learning run: data, model, objective and loop put together, and the result saved."""

import dataclasses
from pathlib import Path
from typing import Any

import torch

from yunqi.cloud.training.engine.learning.adapters import adapt, adapter_weights, merge_adapters
from yunqi.cloud.training.engine.packing import Examples
from yunqi.cloud.training.model import Kind, Prepared
from yunqi.cloud.training.service.worker import weights
from yunqi.cloud.training.service.worker.channel import Channel
from yunqi.cloud.training.service.worker.checkpoint import Checkpoints, Progress
from yunqi.cloud.training.service.worker.data import DataSet, Preparer
from yunqi.cloud.training.service.worker.loop import Gather, Loop, Objective
from yunqi.cloud.training.service.worker.objectives import (
    DistillObjective,
    PreferenceObjective,
    RewardObjective,
    Share,
    TokenObjective,
)
from yunqi.cloud.training.service.worker.policy import PolicyObjective
from yunqi.cloud.training.service.worker.task_model import Task
from yunqi.cloud.training.service.worker.teaching import taught
from yunqi.cloud.training.service.worker.tokens import Writer, load_tokenizer, save_tokenizer


class Learning:
    """A learning run.

    Parameters
    ----------
    rank, world
        This worker's number and how many share each batch.
    """

    def __init__(self, task: Task, channel: Channel, *, rank: int = 0, world: int = 1) -> None:
        self._task = task
        self._recipe = task.recipe
        self._channel = channel
        self._share = Share(task.recipe.train, rank=rank, world=world)
        self._leads = rank == 0
        self.checkpoints = Checkpoints(task.folder, keep=task.recipe.train.keep)

    def prepare(self) -> Prepared:
        """Prepare the data; a teacher that teaches by its answers gives them now."""
        recipe = self._recipe
        if recipe.kind is Kind.DISTILL and recipe.distill.way == "sequence":
            recipe = taught(self._task, self._channel)
        prepared = Preparer(
            recipe, self._task.folder, self._channel, base=self._task.base or self._task.teacher
        ).prepare()
        self._channel.send("prepared", **dataclasses.asdict(prepared))
        return prepared

    def run(self, gather: Gather = lambda weights, values: values) -> tuple[Any, Progress, int]:
        """Learn to the end and return the model, where it got, and the tokens that it saw."""
        model = self.model()
        objective = self._objective(model)
        self._channel.send(
            "started", steps=objective.steps, parameters=sum(w.numel() for w in model.parameters()),
            trainable=sum(w.numel() for w in model.parameters() if w.requires_grad),
        )  # fmt: skip
        loop = Loop(
            self._recipe, model, objective, self.checkpoints, self._channel,
            weights=lambda: _kept(model), gather=gather, leads=self._leads,
        )  # fmt: skip
        resumed = loop.resume()
        self._channel.send("resumed" if resumed else "begun", step=loop.progress.step)
        progress = loop.run()
        best = self.checkpoints.best() if self._recipe.train.patience else None
        if best is not None:
            model.load_state_dict(best, strict=False)
        weights.as_published(model)
        return model.eval(), progress, loop.seen

    def accuracy(self, model: Any) -> list[float]:
        """Return for each held-out pair whether a reward model puts the chosen answer first."""
        sides, held = self._pair("train"), self._pair("heldout")
        assert sides is not None
        with torch.no_grad():
            return RewardObjective(model, sides, held, self._recipe.train, self._share).accuracy()

    def preferred(self, model: Any) -> tuple[list[float], list[float]]:
        """Return for each held-out pair whether the chosen answer is the likelier one, now and before the run."""
        objective = self._objective(model)
        assert isinstance(objective, PreferenceObjective)
        return objective.accuracy()

    def save(self, model: Any) -> Path:
        """Write the result in the official checkpoint layout and return its folder; adapters are kept and merged in."""
        target = self._task.folder / "model"
        if self._recipe.kind in (Kind.LORA, Kind.QLORA):
            weights.save_adapters(adapter_weights(model), self._recipe, self._task.folder / "adapter", self._task.base)
            model = merge_adapters(model)
        weights.save(model, target)
        save_tokenizer(load_tokenizer(self._task.folder / "tokenizer"), target, base=self._task.base)
        return target

    def model(self) -> Any:
        """Return the model as it begins."""
        recipe, task = self._recipe, self._task
        if task.base is not None:
            model = weights.load(task.base, dropout=recipe.train.dropout, reward=recipe.kind is Kind.REWARD)
        else:
            tokenizer = load_tokenizer(task.folder / "tokenizer")
            writer = Writer(tokenizer)
            model = weights.build(
                recipe.model, vocabulary=tokenizer.get_vocab_size(), seed=recipe.seed, dropout=recipe.train.dropout,
                end=writer.end, turn_end=writer.turn_end,
            )  # fmt: skip
        torch.manual_seed(recipe.seed)
        if recipe.kind in (Kind.LORA, Kind.QLORA):
            adapt(model, recipe.lora, packed=recipe.kind is Kind.QLORA)
        weights.speed_up(model)
        if recipe.train.checkpointing:
            model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        return model

    def _objective(self, model: Any) -> Objective:
        recipe, rules = self._recipe, self._recipe.train
        if recipe.kind.reads == "text":
            data = self._set("train").windows(rules.sequence, recipe.seed)
            heldout = self._set("heldout")
            far = heldout.windows(rules.sequence, recipe.seed) if heldout.exists else None
            return TokenObjective(model, data, far, rules, self._share)
        if recipe.kind.reads == "preference":
            sides = self._pair("train")
            assert sides is not None
            if recipe.kind is Kind.REWARD:
                return RewardObjective(model, sides, self._pair("heldout"), rules, self._share)
            cache = self._task.folder / "data" / "reference.pt"
            return PreferenceObjective(model, sides, self._pair("heldout"), recipe, self._share, cache=cache)
        if recipe.kind is Kind.GRPO:
            assert self._task.base is not None
            tasks = self._task.folder / "data" / "tasks.jsonl"
            writer = Writer(load_tokenizer(self._task.folder / "tokenizer"))
            return PolicyObjective(model, weights.load(self._task.base), tasks, writer, recipe, self._share)
        examples, held = self._examples("train"), self._examples("heldout")
        assert examples is not None
        if recipe.kind is Kind.DISTILL and recipe.distill.way == "logits" and self._task.teacher is not None:
            teacher = weights.load(self._task.teacher)
            return DistillObjective(model, teacher, examples, held, recipe, self._share)
        return TokenObjective(model, examples, held, rules, self._share)

    def _pair(self, part: str) -> tuple[Examples, Examples] | None:
        chosen, rejected = self._examples(f"{part}-chosen"), self._examples(f"{part}-rejected")
        return None if chosen is None or rejected is None else (chosen, rejected)

    def _examples(self, part: str) -> Examples | None:
        found = self._set(part)
        padding = Writer(load_tokenizer(self._task.folder / "tokenizer")).end
        return found.examples(self._recipe.train.sequence, self._recipe.seed, padding) if found.exists else None

    def _set(self, part: str) -> DataSet:
        vocabulary = load_tokenizer(self._task.folder / "tokenizer").get_vocab_size()
        return DataSet(self._task.folder / "data", part, vocabulary)


def _kept(model: Any) -> dict[str, Any]:
    """Return the weights that a checkpoint needs: all of them, or only those that move when a base stands still."""
    moving = {name for name, weight in model.named_parameters() if weight.requires_grad}
    still = any(not weight.requires_grad for weight in model.parameters())
    return {name: value for name, value in model.state_dict().items() if not still or name in moving}
