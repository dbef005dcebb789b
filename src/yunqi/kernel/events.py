"""The event log: durable, idempotent, ordered; and the consumers that follow it.

What happened is appended inside the transaction that made it happen, so an event exists exactly when its cause does.
Consumers read the log in order after commit. A durable one keeps its place in the database and moves it in the same
transaction as its own writes; an in-memory one is told where to start.
"""

import dataclasses
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from yunqi.kernel.clock import from_micros, now, to_micros
from yunqi.kernel.errors import Invalid
from yunqi.kernel.store import ID, JSON_TEXT, NAME, TIME, Migration, Store, create, metadata

log = logging.getLogger("yunqi.events")

table = sa.Table(
    "kernel_events",
    metadata,
    sa.Column("seq", ID, primary_key=True, autoincrement=False),
    sa.Column("workspace", NAME, nullable=False),
    sa.Column("message_id", NAME, nullable=False),
    sa.Column("name", NAME, nullable=False),
    sa.Column("at", TIME, nullable=False),
    sa.Column("subject", NAME, nullable=True),
    sa.Column("payload", JSON_TEXT, nullable=False),
    sa.Index("kernel_events_message", "workspace", "message_id", unique=True),
    sa.Index("kernel_events_name", "name", "seq"),
    sa.Index("kernel_events_subject", "subject", "seq"),
    sa.Index("kernel_events_at", "at", "name"),
)

cursors = sa.Table(
    "kernel_cursors",
    metadata,
    sa.Column("consumer", NAME, primary_key=True),
    sa.Column("seq", ID, nullable=False),
)

MIGRATIONS = (Migration("kernel", 1, "event log", create(table, cursors)),)

_CHUNK = 500
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to append.

    ``message_id`` makes it idempotent within the workspace; ``subject`` is who it is about (a user or visitor);
    ``payload`` is JSON.
    """

    workspace: str
    name: str
    message_id: str
    at: datetime
    subject: str | None
    payload: bytes


@dataclass(frozen=True, slots=True)
class Event:
    """An event of the log; ``seq`` orders all of them."""

    seq: int
    workspace: str
    name: str
    message_id: str
    at: datetime
    subject: str | None
    payload: bytes

    def data(self) -> Any:
        """Decode the payload."""
        return msgspec.json.decode(self.payload)


@dataclass(frozen=True, slots=True)
class AppendResult:
    """The sequence numbers given to new events, and how many were there already."""

    appended: list[int]
    duplicates: int


Handler = Callable[[list[Event]], None]


@dataclass(slots=True)
class _Consumer:
    name: str
    handler: Handler
    names: frozenset[str] | None
    durable: bool
    seq: int = 0
    failed: str | None = None


class EventLog:
    """The log of one database and the consumers of this process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._consumers: list[_Consumer] = []
        self._pumping = threading.RLock()

    def append(self, tx: sa.Connection, events: Sequence[NewEvent]) -> AppendResult:
        """Append what is new, in the given order; an event whose message id is known is left out.

        Parameters
        ----------
        tx
            The write transaction that the events belong to; they are visible when it commits.
        """
        if not events:
            return AppendResult([], 0)
        # Take the numbers first: the counter's row lock also orders the look-up of known ids among writers.
        first = self._store.advance(tx, "events", 0)
        known = self._known(tx, events)
        fresh = []
        for event in events:
            key = (event.workspace, event.message_id)
            if key not in known:
                known.add(key)
                fresh.append(event)
        if fresh:
            first = self._store.advance(tx, "events", len(fresh))
            tx.execute(table.insert(), [_row(first + i, event) for i, event in enumerate(fresh)])
            self._store.after_commit(self._pump_memory)
        return AppendResult(list(range(first, first + len(fresh))), len(events) - len(fresh))

    def announce(self, tx: sa.Connection, workspace: str, event: Any, *, key: str, subject: str | None = None) -> bool:
        """Append a domain event (a frozen dataclass named in the past tense) under the idempotency ``key``."""
        if not dataclasses.is_dataclass(event):
            raise Invalid(f"{event!r} is not a dataclass event.")
        name = type(event).__name__
        new = NewEvent(workspace, name, f"{name}:{key}", now(), subject, msgspec.json.encode(event))
        return bool(self.append(tx, [new]).appended)

    def head(self) -> int:
        """Return the newest sequence number, 0 when the log is empty."""
        with self._store.read() as tx:
            return int(tx.execute(sa.select(sa.func.max(table.c.seq))).scalar() or 0)

    def read(
        self,
        after: int = 0,
        limit: int = 1000,
        *,
        names: Iterable[str] | None = None,
        workspace: str | None = None,
        subject: str | None = None,
        newest_first: bool = False,
    ) -> list[Event]:
        """Return up to ``limit`` events after a sequence number (the newest ones with ``newest_first``)."""
        order = table.c.seq.desc() if newest_first else table.c.seq
        query = sa.select(table).where(table.c.seq > after).order_by(order).limit(limit)
        if names is not None:
            query = query.where(table.c.name.in_(sorted(names)))
        if workspace is not None:
            query = query.where(table.c.workspace == workspace)
        if subject is not None:
            query = query.where(table.c.subject == subject)
        with self._store.read() as tx:
            return [_event(row) for row in tx.execute(query)]

    def replay(
        self,
        after: int = 0,
        until: int | None = None,
        *,
        names: Iterable[str] | None = None,
        workspace: str | None = None,
        batch: int = 5000,
    ) -> Iterator[Event]:
        """Yield events in order, from after ``after`` up to and including ``until`` (default: today's head)."""
        until = self.head() if until is None else until
        wanted = None if names is None else list(names)
        while after < until:
            found = self.read(after, batch, names=wanted, workspace=workspace)
            for event in found:
                if event.seq > until:
                    return
                yield event
            if len(found) < batch:
                return
            after = found[-1].seq

    def count(self, *, name: str | None = None, since: datetime | None = None, workspace: str | None = None) -> int:
        """Count events."""
        query = sa.select(sa.func.count()).select_from(table)
        if name is not None:
            query = query.where(table.c.name == name)
        if since is not None:
            query = query.where(table.c.at >= to_micros(since))
        if workspace is not None:
            query = query.where(table.c.workspace == workspace)
        with self._store.read() as tx:
            return int(tx.execute(query).scalar_one())

    def histogram(
        self, since: datetime, *, seconds: int, names: Iterable[str] | None = None
    ) -> dict[tuple[datetime, str], int]:
        """Count events since a time by name and by slices of so many seconds, each named by its start."""
        width = seconds * 1_000_000
        slice_ = (table.c.at - table.c.at % width).label("slice")
        query = sa.select(slice_, table.c.name, sa.func.count()).where(table.c.at >= to_micros(since))
        if names is not None:
            query = query.where(table.c.name.in_(sorted(names)))
        with self._store.read() as tx:
            rows = tx.execute(query.group_by(slice_, table.c.name)).all()
        return {(from_micros(start), name): int(count) for start, name, count in rows}

    def subscribe(
        self, name: str, handler: Handler, *, names: Iterable[str] | None = None, durable: bool = True, start: int = 0
    ) -> None:
        """Let ``handler`` follow the log in this process.

        Parameters
        ----------
        durable
            Keep the place in the database and move it in the handler's transaction: each event is handled at least
            once, and its effects in this database exactly once. Otherwise follow in memory from after ``start``.
        """
        consumer = _Consumer(name, handler, None if names is None else frozenset(names), durable, start)
        if durable:
            with self._store.read() as tx:
                consumer.seq = tx.execute(sa.select(cursors.c.seq).where(cursors.c.consumer == name)).scalar() or 0
        self._consumers.append(consumer)

    def pump(self) -> int:
        """Deliver everything committed so far to this process's consumers; returns how many events were handed over."""
        with self._pumping:
            delivered = self._deliver([consumer for consumer in self._consumers if not consumer.durable])
            for consumer in self._consumers:
                delivered += self._deliver([consumer]) if consumer.durable else 0
        return delivered

    def _pump_memory(self) -> None:
        """Bring the in-memory consumers up to date, so that a caller reads its own writes."""
        with self._pumping:
            self._deliver([consumer for consumer in self._consumers if not consumer.durable])

    def lag(self) -> dict[str, int]:
        """Return how many events each consumer has not seen yet."""
        head = self.head()
        return {consumer.name: head - consumer.seq for consumer in self._consumers}

    def failures(self) -> dict[str, str]:
        """Return the last failure of each consumer that is stuck."""
        return {consumer.name: consumer.failed for consumer in self._consumers if consumer.failed}

    def _deliver(self, consumers: list[_Consumer]) -> int:
        """Bring consumers up to the head; those at the same place share one reading of the log."""
        delivered, head = 0, self.head() if consumers else 0
        waiting = [consumer for consumer in consumers if consumer.seq < head]
        while waiting:
            place = min(consumer.seq for consumer in waiting)
            group = [consumer for consumer in waiting if consumer.seq == place]
            every = any(consumer.names is None for consumer in group)
            names = None if every else frozenset[str]().union(*(consumer.names or () for consumer in group))
            batch = [event for event in self.read(place, _BATCH, names=names) if event.seq <= head]
            last = batch[-1].seq if len(batch) == _BATCH else head
            delivered += sum(self._give(consumer, batch, last) for consumer in group)
            waiting = [consumer for consumer in waiting if consumer.seq < head and not consumer.failed]
        return delivered

    def _give(self, consumer: _Consumer, batch: list[Event], last: int) -> int:
        wanted = [event for event in batch if consumer.names is None or event.name in consumer.names]
        try:
            self._hand_over(consumer, wanted, last)
        except Exception as error:  # the dispatch edge: one consumer's failure must not stop the others
            consumer.failed = f"{type(error).__name__}: {error}"
            log.exception("consumer %s failed at event %d; it will be tried again", consumer.name, consumer.seq)
            return 0
        consumer.failed = None
        consumer.seq = max(consumer.seq, last)
        return len(wanted)

    def _hand_over(self, consumer: _Consumer, wanted: list[Event], last: int) -> None:
        if not consumer.durable:
            if wanted:
                consumer.handler(wanted)
            return
        with self._store.begin() as tx:
            if wanted:
                consumer.handler(wanted)
            row = {"consumer": consumer.name, "seq": last}
            self._store.upsert(tx, cursors, [row], key=["consumer"], update=["seq"])

    def _known(self, tx: sa.Connection, events: Sequence[NewEvent]) -> set[tuple[str, str]]:
        known: set[tuple[str, str]] = set()
        for workspace in {event.workspace for event in events}:
            ids = [event.message_id for event in events if event.workspace == workspace]
            for start in range(0, len(ids), _CHUNK):
                query = sa.select(table.c.message_id).where(
                    table.c.workspace == workspace, table.c.message_id.in_(ids[start : start + _CHUNK])
                )
                known.update((workspace, found) for found in tx.execute(query).scalars())
        return known


def _row(seq: int, event: NewEvent) -> dict[str, Any]:
    return {
        "seq": seq,
        "workspace": event.workspace,
        "message_id": event.message_id,
        "name": event.name,
        "at": to_micros(event.at),
        "subject": event.subject,
        "payload": event.payload.decode("utf-8"),
    }


def _event(row: Any) -> Event:
    return Event(
        row.seq, row.workspace, row.name, row.message_id, from_micros(row.at), row.subject, row.payload.encode("utf-8")
    )
