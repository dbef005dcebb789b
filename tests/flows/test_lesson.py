"""The training demo: its data is split as said, and its short form goes from text to a bill."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from yunqi.flows.lesson_data import TASKS, write_lessons
from yunqi.kernel import Unavailable


def lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("lesson")
    try:
        write_lessons(place, reviews=300, types=100)
    except Unavailable as missing:
        pytest.skip(missing.message)
    return place


def test_no_text_or_product_type_of_a_test_is_in_training(folder: Path) -> None:
    train = {row["text"] for row in lines(folder / "reviews-train.jsonl")}
    held = {row["text"] for row in lines(folder / "reviews-heldout.jsonl")}
    assert len(train) + len(held) == 300
    assert not train & held
    for task in TASKS:
        parts = [
            {row["prompt"] for row in lines(folder / f"{task}-{part}.jsonl")} for part in ("train", "check", "test")
        ]
        assert all(parts)
        assert not parts[0] & parts[2]
        assert not parts[1] & parts[2]


def test_answers_are_derived_from_the_listing(folder: Path) -> None:
    found = lines(folder / "attributes-train.jsonl")
    assert all(set(json.loads(row["answer"])) == {"name", "size", "brand"} for row in found)


@pytest.mark.slow
def test_the_short_demo_ends_with_answers_and_a_bill(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    done = subprocess.run(
        [sys.executable, "-m", "yunqi", "demo", "train", "--short", "--json"],
        env={**os.environ, "YUNQI_DATA_DIR": str(tmp_path), "YUNQI_TRAINING_THREADS": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, timeout=850,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert [run["kind"] for run in found["runs"]] == ["pretrain", "sft", "dpo", "evaluate", "quantize"]
    assert found["served"] == "commerce-qwen3-12m-q4"
    assert len(found["answers"]) == 3
    bill = {row["meter"]: row["quantity"] for row in found["bill"]}
    assert bill["model.requests"] == 3
    assert bill["model.output_tokens"] >= 3
    models = {score["model"] for score in found["scores"]}
    assert {"reviews-qwen3-12m", "Kneser-Ney, 5-grams", "TF-IDF, nearest"} <= models
