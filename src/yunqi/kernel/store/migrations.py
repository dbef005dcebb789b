"""Migrations: each domain numbers its own steps; a step is applied once and may be run again after a crash."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from yunqi.kernel.errors import Conflict
from yunqi.kernel.store.schema import ID, NAME, TIME, counters, metadata

if TYPE_CHECKING:
    from alembic.operations import Operations

applied = sa.Table(
    "kernel_migrations",
    metadata,
    sa.Column("domain", NAME, primary_key=True),
    sa.Column("number", ID, primary_key=True, autoincrement=False),
    sa.Column("name", NAME, nullable=False),
    sa.Column("applied_at", TIME, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of a domain's schema; ``apply`` must be safe to repeat (DDL is not transactional everywhere)."""

    domain: str
    number: int
    name: str
    apply: Callable[["Operations"], None]


def create(*tables: sa.Table) -> Callable[["Operations"], None]:
    """Return a step that creates the tables that are not there yet."""

    def apply(operations: "Operations") -> None:
        metadata.create_all(operations.get_bind(), tables=list(tables), checkfirst=True)

    return apply


def add_column(table: str, column: sa.Column[Any]) -> Callable[["Operations"], None]:
    """Return a step that adds a column unless the table has it."""

    def apply(operations: "Operations") -> None:
        names = {found["name"] for found in sa.inspect(operations.get_bind()).get_columns(table)}
        if column.name not in names:
            operations.add_column(table, column.copy() if hasattr(column, "copy") else column)

    return apply


def is_current(connection: sa.Connection, migrations: Iterable[Migration]) -> bool:
    """Whether exactly these steps have been applied; a look that takes no write lock."""
    if not sa.inspect(connection).has_table(applied.name):
        return False
    done = {(row.domain, row.number) for row in connection.execute(sa.select(applied))}
    return done == {(step.domain, step.number) for step in migrations}


def migrate(connection: sa.Connection, migrations: Iterable[Migration], *, now: int) -> list[Migration]:
    """Apply what is missing, in order, and return it.

    Raises
    ------
    Conflict
        When the database was written by a newer release than this one.
    """
    metadata.create_all(connection, tables=[applied, counters], checkfirst=True)
    wanted = sorted(migrations, key=lambda step: (step.domain != "kernel", step.domain, step.number))
    done = {(row.domain, row.number) for row in connection.execute(sa.select(applied))}
    unknown = done - {(step.domain, step.number) for step in wanted}
    newer = [key for key in unknown if key[0] in {step.domain for step in wanted}]
    if newer:
        raise Conflict(
            f"This data folder was written by a newer release ({newer[0][0]} step {newer[0][1]}). Update Yunqi."
        )
    fresh = [step for step in wanted if (step.domain, step.number) not in done]
    if fresh:
        _apply(connection, fresh, now)
    return fresh


def _apply(connection: sa.Connection, fresh: list[Migration], now: int) -> None:
    from alembic.migration import MigrationContext  # slow to import, and needed only when there is something to do
    from alembic.operations import Operations

    operations = Operations(MigrationContext.configure(connection))
    for step in fresh:
        step.apply(operations)
        row = {"domain": step.domain, "number": step.number, "name": step.name, "applied_at": now}
        connection.execute(applied.insert(), row)
