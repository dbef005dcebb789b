"""What the training process is asked to do."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yunqi.cloud.training.engine.recipes import recipe_of
from yunqi.cloud.training.model import Recipe


@dataclass(frozen=True, slots=True)
class Task:
    """What the parent asks for: the recipe, with every name turned into a folder.

    Parameters
    ----------
    folder
        The run's folder.
    base, teacher
        Folders of the model to start from and of the teacher.
    models
        Folders of the models to merge.
    """

    recipe: Recipe
    folder: Path
    base: Path | None
    teacher: Path | None
    models: tuple[Path, ...]
    threads: int
    nice: int = 0


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


def write_json(path: Path, values: Any) -> None:
    """Write a small file whole."""
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    temporary.replace(path)
