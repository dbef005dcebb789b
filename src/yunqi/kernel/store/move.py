"""Moving everything from one database to another, verified row by row."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from yunqi.kernel.errors import Conflict
from yunqi.kernel.store.schema import metadata
from yunqi.kernel.store.store import Store

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class MoveReport:
    """What was moved: rows by table, each compared after the copy."""

    rows: dict[str, int]

    @property
    def total(self) -> int:
        """Rows in all tables."""
        return sum(self.rows.values())


def move(
    source: Store, target: Store, *, batch: int = 2000, progress: Progress = lambda done, total, name: None
) -> MoveReport:
    """Copy every table from ``source`` to the empty, migrated ``target``, then read both back and compare each row.

    A target that a broken-off move left half-filled is refused: give it an empty database.

    Raises
    ------
    Conflict
        When the target holds rows already, or a row differs after the copy.
    """
    tables = [table for table in metadata.sorted_tables if _exists(source, table)]
    counts = {table.name: _count(source, table) for table in tables}
    _refuse_filled(target, tables)
    total, done = sum(counts.values()) * 2, 0
    for table in tables:
        with target.begin() as tx:
            tx.execute(table.delete())  # the migration's own rows
        for rows in _batches(source, table, batch):
            with target.begin() as tx:
                tx.execute(table.insert(), rows)
            done += len(rows)
            progress(done, total, f"copy {table.name}")
    for table in tables:
        for compared in _compare(source, target, table, batch):
            done += compared
            progress(done, total, f"verify {table.name}")
    return MoveReport(counts)


def _exists(store: Store, table: sa.Table) -> bool:
    return sa.inspect(store.engine).has_table(table.name)


def _count(store: Store, table: sa.Table) -> int:
    with store.read() as tx:
        return int(tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def _refuse_filled(target: Store, tables: list[sa.Table]) -> None:
    for table in tables:
        if table.name not in ("kernel_migrations", "kernel_counters") and _count(target, table):
            raise Conflict(f"The target database has rows in {table.name} already. Give an empty database.")


def _batches(store: Store, table: sa.Table, batch: int) -> Iterator[list[dict[str, Any]]]:
    keys = list(table.primary_key.columns)
    last: tuple[Any, ...] | None = None
    while True:
        query = sa.select(table).order_by(*keys).limit(batch)
        if last is not None:
            query = query.where(_after(keys, last))
        with store.read() as tx:
            rows = [dict(row._mapping) for row in tx.execute(query)]
        if not rows:
            return
        yield rows
        last = tuple(rows[-1][key.name] for key in keys)


def _after(keys: list[sa.Column[Any]], last: tuple[Any, ...]) -> sa.ColumnElement[bool]:
    """Row-value comparison spelled out, since engines differ in support and speed."""
    clauses = []
    for index, key in enumerate(keys):
        equal = [keys[i] == last[i] for i in range(index)]
        clauses.append(sa.and_(*equal, key > last[index]))
    return sa.or_(*clauses)


def _compare(source: Store, target: Store, table: sa.Table, batch: int) -> Iterator[int]:
    left, right = _batches(source, table, batch), _batches(target, table, batch)
    while True:
        ours, theirs = next(left, []), next(right, [])
        if ours != theirs:
            raise Conflict(f"Table {table.name} differs after the copy; the target must not be used. Start again.")
        if not ours:
            return
        yield len(ours)
