"""The training demo: its data is split as said, and its short form goes from text to a bill."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from yunqi.flows.lesson_data import write_lessons
from yunqi.flows.lesson_tasks import TASKS, near_miss, plain
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
        more = {row["prompt"] for row in lines(folder / f"{task}-more.jsonl")}
        names = {row["prompt"].split(":", 1)[1].split(" | ")[0] for row in lines(folder / "title-test.jsonl")}
        assert not parts[0] & parts[2]
        assert not parts[1] & parts[2]
        assert more
        assert not more & (parts[1] | parts[2])
        text = {row["text"].split(" | ")[0] for row in lines(folder / "catalogue-train.jsonl")}
        assert not text & {name.strip() for name in names}


def test_a_near_miss_is_wrong_and_near() -> None:
    random = np.random.default_rng(0)
    answer = {"name": "rice cakes", "size": "5 oz", "brand": "store"}
    other = {"name": "cat food", "size": "1 lb", "brand": "national"}
    missed = json.loads(near_miss("attributes", json.dumps(answer), [json.dumps(answer), json.dumps(other)], random))
    assert sum(missed[name] != value for name, value in answer.items()) == 1
    assert near_miss("title", "Rice – Grains, 1 lb", ["Cats – Pet food, 2 lb"], random) == "Rice – Pet food, 2 lb"
    assert near_miss("intent", "Deli > Cheese", ["Grocery > Rice", "Deli > Salads"], random) == "Deli > Salads"
    assert near_miss("intent", "Deli > Cheese", ["Grocery > Rice"], random) == ""


def test_questions_are_plain() -> None:
    assert plain("FRZN VEGETABLE/VEG DSH (12.5 OZ)") == "frzn vegetable / veg dsh ( 12.5 oz )"


def test_answers_are_derived_from_the_listing(folder: Path) -> None:
    found = lines(folder / "attributes-train.jsonl")
    assert all(set(json.loads(row["answer"])) == {"name", "size", "brand"} for row in found)
    assert all(json.loads(row["answer"])["name"] == json.loads(row["answer"])["name"].lower() for row in found)


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
