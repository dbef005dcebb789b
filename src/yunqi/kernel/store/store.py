"""The one way to the database: transactions, work after commit, portable upserts, ids."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, sqlite

from yunqi.kernel.errors import Error, Exhausted, Unavailable
from yunqi.kernel.store.engines import WRITE_OPTION
from yunqi.kernel.store.migrations import Migration, is_current, migrate
from yunqi.kernel.store.schema import counters

T = TypeVar("T")

_RETRYABLE = (1205, 1213, 4012, 6001, 6002)
_EPOCH_MS = 1_700_000_000_000


@dataclass(slots=True)
class _Ambient:
    connection: sa.Connection
    write: bool
    after: list[Callable[[], None]] = field(default_factory=list)


class Store:
    """Transactions over one database.

    Parameters
    ----------
    engine
        An engine made by `yunqi.kernel.store.engines.connect`.
    dispose
        Releases the engine and whatever was started for it.
    """

    def __init__(self, engine: sa.Engine, dispose: Callable[[], None]) -> None:
        self.engine = engine
        self._dispose = dispose
        self._writer = engine.execution_options(**{WRITE_OPTION: True})
        self._ambient: ContextVar[_Ambient | None] = ContextVar("transaction", default=None)
        self._ids = _Snowflake()

    @property
    def is_sqlite(self) -> bool:
        """Whether the embedded default engine is in use."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def begin(self, *, durable: bool = False) -> Iterator[sa.Connection]:
        """Open a write transaction, or join the one that is open in this context.

        Parameters
        ----------
        durable
            Wait for the disk at commit (orders, money). Without it a power cut may lose the last moments, a
            killed process loses nothing. Joining a transaction keeps the outer one's choice.
        """
        ambient = self._ambient.get()
        if ambient is not None and ambient.write:
            yield ambient.connection
            return
        with self._open(write=True, durable=durable) as opened:
            yield opened.connection
        for action in opened.after:
            action()

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Open a read transaction (one snapshot on SQLite), or join the one that is open in this context."""
        ambient = self._ambient.get()
        if ambient is not None:
            yield ambient.connection
            return
        with self._open(write=False, durable=False) as opened:
            yield opened.connection

    def transact(self, work: Callable[[sa.Connection], T], *, durable: bool = False, attempts: int = 5) -> T:
        """Run ``work`` in a write transaction, again when the engine reports a lock time-out or a deadlock."""
        for attempt in range(1, attempts + 1):
            try:
                with self.begin(durable=durable) as tx:
                    return work(tx)
            except _Retry:
                if attempt == attempts or self._ambient.get() is not None:
                    raise
                time.sleep(0.02 * 2**attempt)
        raise AssertionError("unreachable")

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run ``action`` once the open write transaction has committed; at once if there is none."""
        ambient = self._ambient.get()
        if ambient is not None and ambient.write:
            ambient.after.append(action)
        else:
            action()

    def upsert(
        self,
        tx: sa.Connection,
        table: sa.Table,
        rows: Sequence[dict[str, Any]],
        *,
        key: Sequence[str],
        update: Sequence[str] = (),
    ) -> None:
        """Insert rows; where ``key`` exists already set the ``update`` columns (none: leave the row alone).

        ``key`` must be the primary key or a unique index of the table.
        """
        if not rows:
            return
        tx.execute(self._upsert_statement(table, key, update), list(rows))

    def _upsert_statement(self, table: sa.Table, key: Sequence[str], update: Sequence[str]) -> sa.Executable:
        if self.is_sqlite:
            lite = sqlite.insert(table)
            if not update:
                return lite.on_conflict_do_nothing(index_elements=list(key))
            return lite.on_conflict_do_update(index_elements=list(key), set_={c: lite.excluded[c] for c in update})
        my = mysql.insert(table)
        return my.on_duplicate_key_update({c: my.inserted[c] for c in (update or key)})

    def advance(self, tx: sa.Connection, name: str, by: int = 1) -> int:
        """Take ``by`` numbers from a counter and return the first.

        The counter's row stays locked until commit, so numbers are dense and ordered by commit.
        """
        taken = tx.execute(counters.update().where(counters.c.name == name).values(value=counters.c.value + by))
        if taken.rowcount == 0:
            tx.execute(counters.insert(), {"name": name, "value": by})
            return 1
        value = tx.execute(sa.select(counters.c.value).where(counters.c.name == name)).scalar_one()
        return int(value) - by + 1

    def new_id(self) -> int:
        """Make a new 63-bit id, increasing within this process."""
        return self._ids.next()

    def migrate(self, migrations: Iterable[Migration], *, now: int) -> list[Migration]:
        """Bring the schema up to date; returns the steps that were applied.

        Every command opens the store by this verb, so a schema that is current costs a look and waits for no writer.
        """
        wanted = list(migrations)
        with self.read() as tx:
            if is_current(tx, wanted):
                return []
        with self.begin(durable=True) as tx:
            return migrate(tx, wanted, now=now)

    def close(self) -> None:
        """Release every connection."""
        self._dispose()

    @contextmanager
    def _open(self, *, write: bool, durable: bool) -> Iterator[_Ambient]:
        engine = self._writer if write else self.engine
        try:
            with engine.connect() as connection:
                with self._synchronous(connection, durable), connection.begin():
                    opened = _Ambient(connection, write)
                    token = self._ambient.set(opened)
                    try:
                        yield opened
                    finally:
                        self._ambient.reset(token)
        except sa.exc.OperationalError as error:
            raise translate(error) from error

    @contextmanager
    def _synchronous(self, connection: sa.Connection, durable: bool) -> Iterator[None]:
        if not (durable and self.is_sqlite):
            yield
            return
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.execute("PRAGMA synchronous=FULL")
        try:
            yield
        finally:
            raw.execute("PRAGMA synchronous=NORMAL")


class _Retry(Unavailable):
    """A lock time-out or deadlock: the same work may pass when it is run again."""

    code = "busy"


def translate(error: sa.exc.OperationalError) -> Error:
    """Say what a driver's error means for the user."""
    text = str(error.orig).lower()
    number = error.orig.args[0] if error.orig is not None and error.orig.args else None
    if "disk is full" in text or "no space left" in text or number in (1021, 4184):
        return Exhausted("The disk is full; nothing of this change was written. Free some space and try again.")
    if "locked" in text or number in _RETRYABLE:
        return _Retry("Another writer kept the database busy for too long; nothing was changed. Try again.")
    if "unable to open" in text:
        return Unavailable(
            f"The database file cannot be opened ({error.orig}). Check YUNQI_DATA_DIR and its permissions."
        )
    if "readonly" in text:
        return Unavailable("The database is read-only. Check the permissions of YUNQI_DATA_DIR.")
    return Unavailable(f"The database failed: {error.orig}")


class _Snowflake:
    """41 bits of milliseconds, 10 bits of process, 12 bits of sequence."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0
        self._node = (os.getpid() ^ int.from_bytes(os.urandom(2), "big")) & 0x3FF

    def next(self) -> int:
        with self._lock:
            now = (int(time.time() * 1000) - _EPOCH_MS) << 12
            self._last = max(self._last + 1, now)
            stamp, sequence = self._last >> 12, self._last & 0xFFF
            return (stamp << 22) | (self._node << 12) | sequence
