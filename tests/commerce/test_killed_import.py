"""kill -9 a real import process at random moments: nothing acknowledged is lost, nothing is doubled.

``YUNQI_TEST_KILLS`` sets how many kills there are.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa

from yunqi.commerce import activity as activity_door
from yunqi.commerce import catalog as catalog_door
from yunqi.commerce.activity import Activity, ActivityConfig
from yunqi.commerce.catalog import Catalog, CatalogConfig, ImportState, Money
from yunqi.commerce.catalog.store import tables
from yunqi.kernel import Kernel, KernelConfig

KILLS = int(os.environ.get("YUNQI_TEST_KILLS", "20"))
PRODUCTS = 3000
EVENTS = 6000


@contextmanager
def shop(folder: Path) -> Iterator[tuple[Catalog, Activity]]:
    with Kernel.open(KernelConfig(data_dir=folder)) as kernel:
        kernel.migrate([*catalog_door.MIGRATIONS, *activity_door.MIGRATIONS])
        catalog = Catalog(kernel, CatalogConfig(chunk_rows=100))
        yield catalog, Activity(kernel, ActivityConfig(chunk_events=100), catalog=catalog)


def child(folder: Path, kind: str, path: Path) -> None:
    with shop(folder) as (catalog, activity):
        print("ready", flush=True)
        if kind == "catalog":
            catalog.import_products(path)
        else:
            activity.import_events(path)
        print("acknowledged", flush=True)


def run(folder: Path, kind: str, path: Path, *, kill_after: float | None) -> bool:
    """Run an import in a process of its own; returns whether it was acknowledged before it was killed."""
    return timed(folder, kind, path, kill_after=kill_after)[0]


def timed(folder: Path, kind: str, path: Path, *, kill_after: float | None) -> tuple[bool, float]:
    """Do as `run`, and also say how many seconds it worked, so that kills can fall inside of that."""
    arguments = [sys.executable, __file__, str(folder), kind, str(path)]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    started = time.monotonic()
    if kill_after is not None:
        time.sleep(kill_after)
        process.send_signal(signal.SIGKILL)
    out = process.stdout.read()
    process.wait()
    process.stdout.close()
    return "acknowledged" in out, time.monotonic() - started


def write_feed(path: Path, version: int) -> dict[str, Money]:
    """Write a feed in which each version changes some prices, adds some products and drops some."""
    prices = {f"p{i}": Money(100 + (i * version) % 50, "USD") for i in range(version * 20, PRODUCTS + version * 20)}
    rows = [f"{key},Title {key},{price}" for key, price in prices.items()]
    path.write_text("\n".join(["id,title,price", *rows, ""]))
    return prices


def live(catalog: Catalog) -> dict[str, Money | None]:
    found = {}
    for page in range(1, 100):
        items = catalog.page("", page=page, size=1000).items
        found.update({product.id: product.price for product in items})
        if len(items) < 1000:
            return found
    raise AssertionError


def check_history(catalog: Catalog, generation: int) -> None:
    """No product has two versions in force, and no price is noted twice."""
    with catalog.kernel.store.read() as tx:
        p = tables.products
        alive = sa.select(p.c.number).where(p.c.since <= generation, p.c.until > generation)
        numbers = tx.execute(alive).scalars().all()
        assert len(numbers) == len(set(numbers))
        h = tables.prices
        rows = tx.execute(sa.select(h).order_by(h.c.number, h.c.generation)).all()
    for before, after in pairwise(rows):
        assert before.number != after.number or before.price_minor != after.price_minor


@pytest.mark.slow
def test_a_killed_catalog_import_leaves_the_old_or_the_new_catalog_and_is_taken_up_again(tmp_path: Path) -> None:
    chance = random.Random(20261123)
    folder, path = tmp_path / "data", tmp_path / "feed.csv"
    before: dict[str, Money] = write_feed(path, 0)
    acknowledged, whole = timed(folder, "catalog", path, kill_after=None)
    assert acknowledged
    generation, killed = 1, 0
    for version in range(1, KILLS // 2 + 1):
        path = tmp_path / f"feed-{version}.csv"
        after = write_feed(path, version)
        started = time.monotonic()
        acknowledged = run(folder, "catalog", path, kill_after=chance.uniform(0, 0.7 * whole))
        killed += not acknowledged
        with shop(folder) as (catalog, _):
            found = live(catalog)
            assert found in (before, after), f"a mixture after {time.monotonic() - started:.2f} s"
            assert not acknowledged or found == after
        if version % 3:  # otherwise the next feed comes instead: the leavings must be cleared
            assert run(folder, "catalog", path, kill_after=None)
        with shop(folder) as (catalog, _):
            if version % 3:
                assert live(catalog) == after
            before = {key: price for key, price in live(catalog).items() if price is not None}
            generation = catalog.generation()
            check_history(catalog, generation)
            published = catalog.kernel.events.count(name="CatalogPublished")
            assert published == generation
            assert [r.state for r in catalog.imports.list()].count(ImportState.OPEN) <= (0 if version % 3 else 1)
    assert killed >= KILLS // 5, f"only {killed} of {KILLS // 2} imports were killed in time"


@pytest.mark.slow
def test_a_killed_event_import_loses_and_doubles_nothing(tmp_path: Path) -> None:
    chance = random.Random(7)
    folder, path = tmp_path / "data", tmp_path / "events.jsonl"
    row = {"event": "view_item", "timestamp": "2026-11-01T10:00:00Z", "userId": "ann"}
    lines = (
        json.dumps({**row, "messageId": f"m{i}", "properties": {"items": [{"item_id": f"p{i % 9}"}]}})
        for i in range(EVENTS)
    )
    path.write_text("\n".join(lines) + "\n")
    _, whole = timed(tmp_path / "measured", "events", path, kill_after=None)
    seen, killed = 0, 0
    for _ in range(KILLS // 2):
        acknowledged = run(folder, "events", path, kill_after=chance.uniform(0, 0.4 * whole))
        killed += not acknowledged
        with shop(folder) as (_, activity):
            head = activity.kernel.events.head()
            assert head >= seen
            assert not acknowledged or head == EVENTS
            seen = head
    assert run(folder, "events", path, kill_after=None)
    with shop(folder) as (_, activity):
        kept = [event.message_id for event in activity.kernel.events.replay()]
    assert kept == [f"m{i}" for i in range(EVENTS)]
    assert killed >= KILLS // 5


if __name__ == "__main__":
    child(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
