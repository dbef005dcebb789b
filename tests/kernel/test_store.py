"""Transactions, upserts, ids, and the move between databases."""

import dataclasses
from pathlib import Path

import pytest
import sqlalchemy as sa

from yunqi.kernel import Conflict, Invalid, Kernel, KernelConfig, NewEvent
from yunqi.kernel.store import Store, connect, metadata, move
from yunqi.kernel.store.migrations import Migration, migrate
from yunqi.kernel.store.schema import counters


def value(kernel: Kernel, name: str) -> int | None:
    with kernel.store.read() as tx:
        return tx.execute(sa.select(counters.c.value).where(counters.c.name == name)).scalar()


def test_an_inner_transaction_joins_the_outer_one(kernel: Kernel) -> None:
    with pytest.raises(KeyError), kernel.store.begin() as outer:
        kernel.store.advance(outer, "n")
        with kernel.store.begin() as inner:
            assert inner is outer
            kernel.store.advance(inner, "n")
        raise KeyError
    assert value(kernel, "n") is None


def test_work_after_commit_runs_after_commit_and_not_after_a_rollback(kernel: Kernel) -> None:
    seen: list[int | None] = []
    with kernel.store.begin() as tx:
        kernel.store.advance(tx, "n", 3)
        kernel.store.after_commit(lambda: seen.append(value(kernel, "n")))
        assert seen == []
    assert seen == [3]
    with pytest.raises(KeyError), kernel.store.begin() as tx:
        kernel.store.after_commit(lambda: seen.append(-1))
        raise KeyError
    assert seen == [3]


def test_upsert_inserts_updates_or_leaves_alone(kernel: Kernel) -> None:
    rows = [{"name": "a", "value": 1}, {"name": "A", "value": 2}]
    with kernel.store.begin() as tx:
        kernel.store.upsert(tx, counters, rows, key=["name"])
        kernel.store.upsert(tx, counters, [{"name": "a", "value": 9}], key=["name"])
        kernel.store.upsert(tx, counters, [{"name": "A", "value": 8}], key=["name"], update=["value"])
    assert (value(kernel, "a"), value(kernel, "A")) == (1, 8)


def test_ids_increase(kernel: Kernel) -> None:
    ids = [kernel.store.new_id() for _ in range(10_000)]
    assert ids == sorted(set(ids))
    assert ids[-1] < 2**63


def test_every_table_has_a_primary_key_and_its_domain_as_prefix() -> None:
    for table in metadata.tables.values():
        assert list(table.primary_key.columns), table.name
        assert "_" in table.name


def test_migrations_run_once_and_a_newer_database_is_refused(kernel: Kernel) -> None:
    assert kernel.migrate() == []
    ran: list[str] = []
    step = Migration("zoo", 1, "x", lambda operations: ran.append("x"))
    with kernel.store.begin() as tx:
        migrate(tx, [step, Migration("zoo", 2, "y", lambda operations: ran.append("y"))], now=0)
    assert ran == ["x", "y"]
    with kernel.store.begin() as tx, pytest.raises(Conflict, match="newer release"):
        migrate(tx, [step], now=0)


def test_a_current_schema_is_seen_while_somebody_else_writes(kernel: Kernel) -> None:
    config = dataclasses.replace(kernel.config, busy_timeout=0.1)
    with kernel.store.begin() as tx:
        kernel.store.advance(tx, "n")
        with Kernel.open(config) as other:
            assert other.migrate() == []


def test_a_move_copies_and_compares_every_row(kernel: Kernel, tmp_path: Path) -> None:
    _, secret = kernel.auth.create_key("default", "first", frozenset({"admin"}))
    with kernel.store.begin() as tx:
        events = [NewEvent("default", "seen", str(i), kernel.clock(), None, b"{}") for i in range(5000)]
        kernel.events.append(tx, events)
    config = KernelConfig(data_dir=kernel.config.data_dir, database_url=f"sqlite:///{tmp_path / 'other.db'}")
    with Kernel.open(config) as other:
        other.migrate()
        report = move(kernel.store, other.store)
        assert report.rows["kernel_events"] == 5000
        assert [e.seq for e in other.events.replay()] == list(range(1, 5001))
        assert other.auth.verify(secret).name == "first"
        with other.store.begin() as tx:
            assert other.events.append(tx, [NewEvent("default", "n", "new", kernel.clock(), None, b"{}")]).appended == [
                5001
            ]
        with pytest.raises(Conflict, match="empty database"):
            move(kernel.store, other.store)


@pytest.mark.parametrize("url", ["nonsense", "postgresql://x/y"])
def test_an_unknown_database_url_is_refused_with_the_way_out(url: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="sqlite:///FILE"):
        connect(url, tmp_path)


def test_a_full_disk_is_said_and_nothing_is_written(kernel: Kernel) -> None:
    from yunqi.kernel import Exhausted

    with kernel.store.read() as tx:
        pages = tx.exec_driver_sql("PRAGMA page_count").scalar()
    with pytest.raises(Exhausted, match="disk is full"), kernel.store.begin() as tx:
        tx.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        kernel.store.advance(tx, "n")
        events = [NewEvent("default", "seen", str(i), kernel.clock(), None, b"x" * 5000) for i in range(500)]
        kernel.events.append(tx, events)
    assert value(kernel, "n") is None
    assert isinstance(kernel.store, Store)
