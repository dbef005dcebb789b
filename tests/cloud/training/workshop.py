"""A small shop's text, made up from a few words with a fixed seed, and recipes over it."""

import json
import random
from pathlib import Path

from yunqi.cloud.hub import Hub, HubConfig
from yunqi.cloud.training import MIGRATIONS, Training, TrainingConfig
from yunqi.kernel import Kernel, KernelConfig

COLOURS = ["red", "blue", "green", "black"]
THINGS = ["dress", "shirt", "coat", "skirt", "scarf"]
SIZES = ["small", "medium", "large"]

TINY = """
[model]
hidden = 64
layers = 2
heads = 2
kv_heads = 1
head_width = 32
intermediate = 96
context = 128
[tokenizer]
vocabulary = 400
"""


def write_texts(folder: Path, *, count: int = 200) -> None:
    """Write ``text.jsonl`` and ``held.jsonl``: sentences that a small model can learn."""
    draw = random.Random(5)
    lines = []
    for number in range(count):
        colour, thing, size = draw.choice(COLOURS), draw.choice(THINGS), draw.choice(SIZES)
        lines.append(f"Order {number}: the {colour} {thing} in {size} fits me well, and the {thing} is truly {colour}.")
    _jsonl(folder / "text.jsonl", [{"text": line} for line in lines[:-20]])
    _jsonl(folder / "held.jsonl", [{"text": line} for line in lines[-20:]])


def write_tasks(folder: Path, *, count: int = 120) -> None:
    """Write ``chat.jsonl``, ``pairs.jsonl`` and ``test.jsonl``: a listing in, its attributes as JSON out."""
    draw = random.Random(6)
    rows = []
    for _ in range(count):
        colour, thing, size = draw.choice(COLOURS), draw.choice(THINGS), draw.choice(SIZES)
        answer = json.dumps({"colour": colour, "size": size})
        wrong = json.dumps({"colour": draw.choice(COLOURS), "thing": thing})
        rows.append({"prompt": f"{size} {thing} {colour}", "answer": answer, "chosen": answer, "rejected": wrong})
    _jsonl(folder / "chat.jsonl", rows)
    _jsonl(folder / "test.jsonl", rows[:10])


def training(folder: Path) -> Training:
    """Open training over a data folder, migrated."""
    kernel = Kernel.open(KernelConfig(data_dir=folder / "var"))
    kernel.migrate(MIGRATIONS)
    return Training(kernel, TrainingConfig(threads=1, nice=0), hub=Hub(kernel, HubConfig()))


def recipe(folder: Path, name: str, text: str) -> Path:
    """Write a recipe file."""
    path = folder / f"{name}.toml"
    path.write_text(f'name = "{name}"\n{text}', encoding="utf-8")
    return path


def _jsonl(path: Path, rows: list[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
