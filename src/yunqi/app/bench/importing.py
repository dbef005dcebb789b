"""`yunqi bench import`: feeds into the shop, beside sqlite-utils inserting the same files without any check."""

import csv
import gzip
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from yunqi.app.bench.model import Row
from yunqi.commerce import activity as activity_door
from yunqi.commerce import catalog as catalog_door
from yunqi.commerce.activity import Activity, ActivityConfig
from yunqi.commerce.catalog import Catalog, CatalogConfig
from yunqi.flows.demo import build_demo
from yunqi.kernel import Kernel, KernelConfig

PRODUCTS = 100_000
EVENTS = 60_000


def run(runs: int = 3, *, source: Path | None = None) -> list[Row]:
    """Import 100,000 products and 60,000 events of the demo shop into an empty shop, so many times.

    The demo data has 92,331 products; the rest are copies of them under other ids. Both sides write a new SQLite file
    each time. Yunqi checks every field, keeps versions, price history and a report, and reads the unpacked feed once;
    the peer only inserts.
    """
    with tempfile.TemporaryDirectory() as folder:
        feed, events = _files(Path(folder), source)
        ours = [_ours(Path(folder) / f"run-{number}", feed, events) for number in range(runs)]
        theirs = [_theirs(Path(folder) / f"peer-{number}.db", feed, events) for number in range(runs)]
    peer = _peer_name()
    figures = (
        ("products_per_second", "products/s", PRODUCTS, "first", "insert"),
        ("unchanged_products_per_second", "products/s", PRODUCTS, "again", "upsert"),
        ("events_per_second", "events/s", EVENTS, "events", "events"),
    )
    rows = [
        _row(metric, unit, [work / o[key] for o in ours], peer, [work / t[peer_key] for t in theirs if peer_key in t])
        for metric, unit, work, key, peer_key in figures
    ]
    seconds = (("products_100k_s", "first", "insert"), ("columns_rebuild_s", "cards", ""))
    rows += [
        _row(metric, "s", [o[key] for o in ours], peer, [t[peer_key] for t in theirs if peer_key in t])
        for metric, key, peer_key in seconds
    ]
    return rows


def _row(metric: str, unit: str, values: list[float], peer: str | None, peer_values: list[float]) -> Row:
    value = statistics.median(values)
    beside = statistics.median(peer_values) if peer_values else None
    return Row(
        metric=metric,
        value=round(value, 2),
        unit=unit,
        peer=peer if beside else None,
        peer_value=round(beside, 2) if beside else None,
        ratio=round(value / beside, 3) if beside else None,
        runs=len(values),
        spread=round((max(values) - min(values)) / value, 3),
    )


def _files(folder: Path, source: Path | None) -> tuple[Path, Path]:
    files = build_demo(folder / "demo", today=datetime.now(UTC), source=source, shift_weeks=0)
    feed, events = folder / "feed.csv", folder / "events.jsonl.gz"
    with (
        files.catalog.open(newline="", encoding="utf-8") as given,
        feed.open("w", newline="", encoding="utf-8") as made,
    ):
        reader, writer = csv.reader(given), csv.writer(made)
        rows = list(reader)
        writer.writerows(rows)
        writer.writerows([f"{row[0]}-copy", *row[1:]] for row in rows[1 : PRODUCTS - len(rows) + 2])
    with gzip.open(files.events, "rb") as whole, gzip.open(events, "wb", compresslevel=3) as part:
        part.writelines(itertools.islice(whole, EVENTS))
    return feed, events


def _ours(folder: Path, feed: Path, events: Path) -> dict[str, float]:
    with Kernel.open(KernelConfig(data_dir=folder)) as kernel:
        kernel.migrate([*catalog_door.MIGRATIONS, *activity_door.MIGRATIONS])
        catalog = Catalog(kernel, CatalogConfig())
        activity = Activity(kernel, ActivityConfig(), catalog=catalog)
        return {
            "first": _timed(lambda: catalog.import_products(feed)),
            "again": _timed(lambda: catalog.import_products(feed)),
            "events": _timed(lambda: activity.import_events(events)),
            "cards": _timed(catalog.cards),
        }


def _theirs(path: Path, feed: Path, events: Path) -> dict[str, float]:
    try:
        import sqlite_utils
    except ImportError:
        return {}
    database: Any = sqlite_utils.Database(path)
    database.enable_wal()
    times = {
        "insert": _timed(lambda: database["products"].insert_all(_products(feed), pk="id")),
        "upsert": _timed(lambda: database["products"].upsert_all(_products(feed), pk="id")),
        "events": _timed(lambda: database["events"].insert_all(_events(events), pk="messageId", ignore=True)),
    }
    database.close()
    return times


def _products(feed: Path) -> Iterator[dict[str, str]]:
    with feed.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def _events(events: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(events, "rb") as file:
        for line in file:
            yield json.loads(line)


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _peer_name() -> str | None:
    try:
        return f"sqlite-utils {version('sqlite-utils')}, unchecked"
    except PackageNotFoundError:
        return None
