"""Runs one task to its end: learn, merge, quantise or evaluate, then score, export and write the results."""

import dataclasses
import os
import shutil
import time
from pathlib import Path
from typing import Any

import torch

from yunqi.cloud.training.engine.learning.merging import merged
from yunqi.cloud.training.engine.metrics import mean_score
from yunqi.cloud.training.model import Kind, MemoryShort, Score
from yunqi.cloud.training.service.worker import weights
from yunqi.cloud.training.service.worker.channel import Channel
from yunqi.cloud.training.service.worker.cluster import learn_together
from yunqi.cloud.training.service.worker.evaluate import Evaluator
from yunqi.cloud.training.service.worker.export import export_gguf
from yunqi.cloud.training.service.worker.learn import Learning
from yunqi.cloud.training.service.worker.quantising import quantise
from yunqi.cloud.training.service.worker.task_model import Task, read_task, write_json
from yunqi.cloud.training.service.worker.tokens import Writer, load_tokenizer

_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "special_tokens_map.json")


def run_task(folder: Path, channel: Channel) -> None:
    """Run the task of a folder.

    Raises
    ------
    MemoryShort
        When memory ran out on the way; the last checkpoint is kept.
    """
    task = read_task(folder)
    os.nice(task.nice)
    torch.set_num_threads(task.threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # every kernel here writes all of its result
    started = time.process_time()
    try:
        result = _made(task, channel)
        result["scores"] = [dataclasses.asdict(score) for score in _scores(task, result, channel)]
        _export(task, result, channel)
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "allocate memory" not in str(error):
            raise
        raise MemoryShort(
            "Memory ran out while training; the last checkpoint is kept. Halve train.batch and double "
            'train.accumulation, set train.checkpointing = true, shorten train.sequence, or use kind = "lora".'
        ) from error
    result["cpu_seconds"] = round(time.process_time() - started, 2)
    write_json(folder / "result.json", result)
    channel.send("done", **result)


def _made(task: Task, channel: Channel) -> dict[str, Any]:
    """Make the model, and return what is known of it."""
    if task.recipe.kind.learns:
        return _learned(task, channel)
    if task.recipe.kind is Kind.MERGE:
        return _merged(task)
    assert task.base is not None
    if task.recipe.kind is Kind.QUANTIZE:
        return quantise(task, channel)
    return {"model": str(task.base)}


def _learned(task: Task, channel: Channel) -> dict[str, Any]:
    learning = Learning(task, channel)
    prepared = learning.prepare()
    if task.recipe.train.workers > 1:
        return learn_together(task, channel) | {"data": dataclasses.asdict(prepared)}
    model, progress, tokens = learning.run()
    accuracy = learning.accuracy(model) if task.recipe.kind is Kind.REWARD else []
    preferred = learning.preferred(model) if task.recipe.kind is Kind.DPO else ([], [])
    count = sum(weight.numel() for weight in model.parameters())
    folder = learning.save(model)
    return {
        "model": str(folder), "parameters": count, "steps": progress.step, "seconds": round(progress.seconds, 1),
        "trained_tokens": tokens, "data": dataclasses.asdict(prepared), "notes": progress.notes,
        "best_heldout": None if progress.best == float("inf") else progress.best, "pairs_right": accuracy,
        "pairs_preferred": preferred,
    }  # fmt: skip


def _merged(task: Task) -> dict[str, Any]:
    rules = task.recipe.merge
    models = [weights.load(folder) for folder in task.models]
    base = weights.load(task.base).state_dict() if task.base else None
    shares = rules.weights or (1.0,) * len(models)
    mixed = merged(
        rules.method, [model.state_dict() for model in models], shares, base=base, density=rules.density
    )  # fmt: skip
    models[0].load_state_dict(mixed)
    target = task.folder / "model"
    weights.save(models[0], target)
    copy_tokenizer(task.models[0], target)
    return {"model": str(target), "parameters": sum(weight.numel() for weight in models[0].parameters())}


def _scores(task: Task, result: dict[str, Any], channel: Channel) -> list[Score]:
    recipe = task.recipe
    right = result.pop("pairs_right", None)
    now, before = result.pop("pairs_preferred", ([], []))
    if recipe.kind is Kind.REWARD:
        return [mean_score("heldout pairs", "accuracy", right, seed=recipe.seed)] if right else []
    figures = {"preference_accuracy": now, "preference_accuracy_before": before} if now else {}
    scores = [mean_score("heldout pairs", metric, values, seed=recipe.seed) for metric, values in figures.items()]
    if not recipe.evaluate:
        return scores
    folder = Path(result["model"])
    model = weights.load(folder)

    def progress(name: str, done: int, total: int) -> None:
        channel.send("progress", phase=f"evaluating {name}", done=done, total=total)

    evaluator = Evaluator(
        model, Writer(load_tokenizer(folder)), folder=recipe.folder, seed=recipe.seed, progress=progress,
        context=int(model.config.max_position_embeddings) - 1,
    )  # fmt: skip
    for suite in recipe.evaluate:
        found = evaluator.score(suite)
        channel.send("scores", task=suite.title, scores={score.metric: score.value for score in found})
        scores += found
    return scores


def _export(task: Task, result: dict[str, Any], channel: Channel) -> None:
    recipe = task.recipe
    coded = result.pop("coded", None)
    if not recipe.publish.hub or recipe.kind in (Kind.REWARD, Kind.EVALUATE):
        return
    if recipe.kind is Kind.QUANTIZE and recipe.quantize.format == "safetensors":
        return
    bits = {4: "Q4_0", 8: "Q8_0", 16: "F16"}
    quantisation = bits[recipe.quantize.bits] if recipe.kind is Kind.QUANTIZE else recipe.publish.quantisation
    channel.send("progress", phase="exporting", done=0, total=0)
    name = recipe.publish.name or recipe.name
    file = export_gguf(
        Path(result["model"]), task.folder / "model.gguf", name=name, licence=recipe.licence,
        quantisation=quantisation, coded=coded,
    )  # fmt: skip
    result["gguf"], result["gguf_bytes"] = str(file), file.stat().st_size


def copy_tokenizer(source: Path, target: Path) -> None:
    """Copy a checkpoint's tokenizer files."""
    for name in _TOKENIZER:
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)
