"""The training demo: from real text to a model that is served, in one flow.

tokenizer and pretraining -> held-out perplexity beside an n-gram model -> tuning on commerce tasks -> preferences from
the tuned model's own mistakes -> evaluation beside the untuned model and TF-IDF -> four bits -> published with a card.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from yunqi.cloud.models import ChatRequest, Message, Models
from yunqi.cloud.training import Recipe, Run, Score, Training
from yunqi.flows.lesson_data import LessonFiles, write_lessons
from yunqi.flows.lesson_tasks import RULES, TASKS, near_miss
from yunqi.kernel import Invalid

Say = Callable[[str], None]

BASE, TUNED, PREFERRED, SMALL = (
    "reviews-qwen3-12m",
    "commerce-qwen3-12m-sft",
    "commerce-qwen3-12m",
    "commerce-qwen3-12m-q4",
)

_SEED = 20261130
_FEW = 120  # test examples for the untuned and the quantised model


@dataclass(frozen=True, slots=True)
class Scale:
    """How long the demo takes.

    Parameters
    ----------
    reviews, types
        Of the data; 0 takes all.
    shape
        Lines of the recipe's ``[model]``.
    asked
        Prompts of each task whose answers become preferences.
    tests
        Test examples of each task; 0 takes all.
    """

    reviews: int
    types: int
    shape: str
    vocabulary: int
    steps: int
    batch: int
    sequence: int
    save_every: int
    epochs: float
    preference_epochs: float
    asked: int
    tests: int


LONG = Scale(
    0, 0, "hidden = 320\nlayers = 7\nheads = 5\nkv_heads = 5\nhead_width = 64\nintermediate = 960\ncontext = 512",
    8192, 400, 8, 256, 50, 1.0, 2.0, 150, 0,
)  # fmt: skip
SHORT = Scale(
    400, 120, "hidden = 64\nlayers = 2\nheads = 2\nkv_heads = 2\nhead_width = 32\nintermediate = 128\ncontext = 512",
    1000, 30, 4, 128, 20, 0.1, 1.0, 30, 8,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lesson:
    """What came of the demo."""

    files: LessonFiles
    runs: tuple[Run, ...]
    scores: tuple[Score, ...]
    margin: float
    published: tuple[str, ...]

    def score(self, model: str, task: str, metric: str) -> Score:
        """Return one score.

        Raises
        ------
        Invalid
            When it was not measured.
        """
        for found in self.scores:
            if (found.model, found.task, found.metric) == (model, task, metric):
                return found
        raise Invalid(f"{metric} of {model} on {task} was not measured.")


def teach(training: Training, models: Models, folder: Path, *, scale: Scale = LONG, say: Say = print) -> Lesson:
    """Run the whole demo; run again, it goes on where it stopped.

    Parameters
    ----------
    models
        Serves the tuned model, so that its own mistakes become preferences.
    folder
        Where the data files go.
    say
        Told what happens.
    """
    files = write_lessons(folder, reviews=scale.reviews, types=scale.types)
    say(
        f"Data: {files.reviews:,} reviews, {files.lines:,} catalogue lines, {files.examples:,} examples of {len(TASKS)} tasks."
    )
    runs = [_run(training, _pretraining(training, folder, scale), say)]
    runs.append(_run(training, _tuning(training, folder, scale), say))
    last = TUNED
    if preferences(models, folder, most=scale.asked, say=say):
        runs.append(_run(training, _preferring(training, folder, scale), say))
        last = PREFERRED
    runs.append(_run(training, _measuring(training, folder, scale), say))
    runs.append(_run(training, _quantising(training, folder, scale, last), say))
    say("Baselines: interpolated Kneser-Ney over the same tokens, TF-IDF, rules.")
    training.ngram_baseline(BASE)
    baselines(training, folder)
    scores = tuple(training.leaderboard())
    published = tuple(run.asset for run in runs if run.asset)
    return Lesson(files, tuple(runs), scores, _margin(scores), published)


def baselines(training: Training, folder: Path) -> None:
    """Measure TF-IDF on each task, and on titles and attributes what rules without the dictionary make of a listing."""
    for task in TASKS:
        train, test, check = (folder / f"{task}-{part}.jsonl" for part in ("train", "test", "check"))
        training.tfidf_baseline(train, test, check=check)
    for task, rule in RULES.items():
        test = folder / f"{task}-test.jsonl"
        training.answers_baseline("template", [rule(row["prompt"]) for row in _rows(test)], test)


def preferences(models: Models, folder: Path, *, most: int, say: Say = print) -> int:
    """Write pairs to prefer by: each prompt's answer over what the tuned model drew instead, and over a near miss.

    Pairs to learn from have prompts of the training part, held-out ones those of the check part.

    Parameters
    ----------
    most
        Prompts of each task.

    Returns
    -------
    int
        How many pairs there are to learn from.
    """
    target = folder / "preferences.jsonl"
    if target.exists():
        return len(_rows(target))
    counts = {}
    for part, place in (("check", folder / "preferences-heldout.jsonl"), ("train", target)):
        pairs = [pair for task in TASKS for pair in _pairs(models, task, _rows(folder / f"{task}-{part}.jsonl"), most)]
        temporary = place.with_suffix(".new")
        temporary.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in pairs), encoding="utf-8")
        temporary.replace(place)
        counts[part] = len(pairs)
    say(f"Preferences: {counts['train']} pairs to learn from, {counts['check']} held out.")
    return counts["train"]


def _pairs(models: Models, task: str, rows: list[dict[str, Any]], most: int) -> Iterator[dict[str, str]]:
    answers = [row["answer"] for row in rows]
    random = np.random.default_rng([_SEED, TASKS.index(task)])
    for place in random.permutation(len(rows))[:most]:
        row = rows[place]
        request = ChatRequest((Message("user", row["prompt"]),), max_tokens=64, temperature=1.0, seed=int(place))
        drawn = models.chat(TUNED, request).text
        for rejected in (drawn, near_miss(task, row["answer"], answers, random)):
            if rejected.strip() and rejected.split() != row["answer"].split():
                yield {"prompt": row["prompt"], "chosen": row["answer"], "rejected": rejected}


def _run(training: Training, recipe: Recipe, say: Say) -> Run:
    plan = training.plan(recipe)
    say(
        f"{recipe.name} ({recipe.kind.value}): {plan.trainable:,} weights learn from {plan.trained_tokens:,} tokens, "
        f"about {plan.seconds:,.0f} s, {plan.memory_bytes / 1e9:.1f} GB, {plan.cost} {plan.currency} in hundredths."
    )
    last: tuple[str, int] = ("", 0)

    def progress(done: int, total: int, message: str) -> None:
        nonlocal last
        phase = "learning" if message.startswith("loss") else message
        place = (phase, done * 10 // total if total else 0)
        if place != last:  # a new phase, or another tenth of it
            say(f"  {done}/{total} {message}" if total else f"  {message}")
        last = place

    run = training.run(recipe, progress=progress)
    for score in (run.result or {}).get("scores", ()):
        say(f"  {score}")
    return run


def _margin(scores: tuple[Score, ...]) -> float:
    """Return by which part the model's perplexity a word is below the n-gram model's."""
    found = {s.model: s.value for s in scores if s.metric == "word_perplexity" and s.task == "reviews-heldout"}
    grams = [value for name, value in found.items() if name.startswith("Kneser-Ney")]
    return 1 - found[BASE] / min(grams) if BASE in found and grams else 0.0


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _pretraining(training: Training, folder: Path, scale: Scale) -> Recipe:
    return _recipe(training, folder, f"""
kind = "pretrain"
name = "{BASE}"
seed = {_SEED}
description = "A Qwen3-architecture model pretrained on real clothing reviews."
licence = "MIT"
[model]
{scale.shape}
[tokenizer]
vocabulary = {scale.vocabulary}
[[data]]
path = "reviews-train.jsonl"
[[data]]
path = "catalogue-train.jsonl"
weight = 2.0
[[heldout]]
path = "reviews-heldout.jsonl"
[[evaluate]]
task = "perplexity"
path = "reviews-heldout.jsonl"
[[evaluate]]
task = "safety"
[train]
steps = {scale.steps}
batch = {scale.batch}
accumulation = 2
sequence = {scale.sequence}
optimizer = "muon"
rate = 2e-3
matrix_rate = 0.02
warmup = 0.05
decay = "wsd"
floor = 0.02
precision = "bfloat16"
save_every = {scale.save_every}
check_every = 100
""")  # fmt: skip


def _tuning(training: Training, folder: Path, scale: Scale) -> Recipe:
    data = "\n".join(
        f'[[data]]\npath = "{task}-{part}.jsonl"\nweight = {weight}'
        for task in TASKS
        for part, weight in (("train", 2.0), ("more", 0.5 if task == "attributes" else 1.0))
    )
    held = "\n".join(f'[[heldout]]\npath = "{task}-check.jsonl"' for task in TASKS)
    return _recipe(training, folder, f"""
kind = "sft"
name = "{TUNED}"
seed = {_SEED}
base = "{BASE}"
description = "Writes titles, extracts attributes and understands queries of a grocery catalogue."
licence = "MIT"
{data}
{held}
{_suites(scale)}
[train]
epochs = {scale.epochs}
batch = 32
sequence = 160
optimizer = "muon"
rate = 2e-3
matrix_rate = 0.015
decay = "linear"
floor = 0.02
precision = "bfloat16"
save_every = 50
check_every = 200
""")  # fmt: skip


def _preferring(training: Training, folder: Path, scale: Scale) -> Recipe:
    return _recipe(training, folder, f"""
kind = "dpo"
name = "{PREFERRED}"
seed = {_SEED}
base = "{TUNED}"
description = "The tuned model after its own mistakes were held against it."
licence = "MIT"
[[data]]
path = "preferences.jsonl"
[[heldout]]
path = "preferences-heldout.jsonl"
{_suites(scale)}
[preference]
beta = 0.1
anchor = 1.0
[train]
epochs = {scale.preference_epochs}
batch = 16
sequence = 160
rate = 5e-5
precision = "bfloat16"
decay = "linear"
check_every = 0
""")  # fmt: skip


def _measuring(training: Training, folder: Path, scale: Scale) -> Recipe:
    return _recipe(training, folder, f"""
kind = "evaluate"
name = "{BASE}-tasks"
seed = {_SEED}
base = "{BASE}"
description = "The untuned model on the commerce tasks."
{_suites(scale, most=_FEW)}
[publish]
name = "{BASE}"
""")  # fmt: skip


def _quantising(training: Training, folder: Path, scale: Scale, base: str) -> Recipe:
    return _recipe(training, folder, f"""
kind = "quantize"
name = "{SMALL}"
seed = {_SEED}
base = "{base}"
description = "Four bits a weight, chosen by GPTQ."
licence = "MIT"
[quantize]
bits = 4
method = "gptq"
[[data]]
path = "intent-train.jsonl"
[[data]]
path = "title-train.jsonl"
{_suites(scale, most=_FEW)}
""")  # fmt: skip


def _suites(scale: Scale, *, most: int = 0) -> str:
    limit = min(scale.tests or most, most or scale.tests)
    suites = [
        f'[[evaluate]]\ntask = "generation"\npath = "{task}-test.jsonl"\nlimit = {limit}\ntokens = 48' for task in TASKS
    ]
    return "\n".join([*suites, 'labels = "intent-train.jsonl"'])  # intent is the last one


def _recipe(training: Training, folder: Path, text: str) -> Recipe:
    path = folder / "recipe.toml"
    path.write_text(text.lstrip(), encoding="utf-8")
    return training.read(path)
