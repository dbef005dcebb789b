"""Runs one task to its end: learn, merge, quantise or evaluate, then score, export and write the results."""

import json
import os
import time
from pathlib import Path
from typing import Any

import torch

from yunqi.cloud.training.engine.recipes import recipe_of
from yunqi.cloud.training.model import MemoryShort
from yunqi.cloud.training.service.worker.channel import Channel
from yunqi.cloud.training.service.worker.learn import Learning, Task, write_json


def read_task(folder: Path) -> Task:
    """Read what the parent wrote into the run's folder."""
    asked = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    recipe = recipe_of(asked["recipe"], folder=asked["folder"])

    def place(name: str) -> Path | None:
        return Path(asked[name]) if asked.get(name) else None

    models = tuple(Path(model) for model in asked.get("models", ()))
    return Task(
        recipe, folder, place("base"), place("teacher"), models, int(asked["threads"]), int(asked.get("nice", 0))
    )


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
    started = time.process_time()
    try:
        result = _run(task, channel)
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


def _run(task: Task, channel: Channel) -> dict[str, Any]:
    learning = Learning(task, channel)
    prepared = learning.prepare()
    model, progress = learning.run()
    folder = learning.save(model)
    return {"model": str(folder), "steps": progress.step, "tokens": prepared.tokens, "seconds": progress.seconds}
