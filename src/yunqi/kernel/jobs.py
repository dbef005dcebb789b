"""Jobs: long work that survives the process that runs it.

A job is a row. A worker claims it with a lease and renews the lease while it works; when the worker dies another one
(or the next start) claims the job again, so a handler runs at least once and must be idempotent. A handler saves its
place with `JobContext.save` and finds it in `JobContext.state` when it is run again.
"""

import enum
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from yunqi.kernel.clock import from_micros, to_micros
from yunqi.kernel.errors import Conflict, Error, Invalid, NotFound
from yunqi.kernel.store import ID, JSON_TEXT, NAME, TEXT, TIME, Migration, Store, create, metadata

log = logging.getLogger("yunqi.jobs")

table = sa.Table(
    "kernel_jobs",
    metadata,
    sa.Column("id", ID, primary_key=True, autoincrement=False),
    sa.Column("workspace", NAME, nullable=False),
    sa.Column("kind", NAME, nullable=False),
    sa.Column("key", NAME, nullable=True, unique=True),
    sa.Column("state", NAME, nullable=False, index=True),
    sa.Column("args", JSON_TEXT, nullable=False),
    sa.Column("saved", JSON_TEXT, nullable=False),
    sa.Column("done", ID, nullable=False),
    sa.Column("total", ID, nullable=False),
    sa.Column("message", TEXT, nullable=False),
    sa.Column("result", JSON_TEXT, nullable=True),
    sa.Column("error", TEXT, nullable=True),
    sa.Column("attempts", ID, nullable=False),
    sa.Column("cancel_requested", ID, nullable=False),
    sa.Column("worker", NAME, nullable=True),
    sa.Column("lease_until", TIME, nullable=True),
    sa.Column("created_at", TIME, nullable=False),
    sa.Column("started_at", TIME, nullable=True),
    sa.Column("finished_at", TIME, nullable=True),
)

MIGRATIONS = (Migration("kernel", 4, "jobs", create(table)),)

LEASE_SECONDS = 30
MAX_ATTEMPTS = 5


class JobState(enum.StrEnum):
    """The life of a job: queued -> running -> done | failed | cancelled; running -> queued when its worker died."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing follows this state."""
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands."""

    id: int
    workspace: str
    kind: str
    state: JobState
    args: dict[str, Any]
    done: int
    total: int
    message: str
    result: dict[str, Any] | None
    error: str | None
    attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class JobCancelled(Error):
    """Raised inside a handler when somebody asked for the job to stop."""

    code = "cancelled"


class JobContext:
    """What a handler is given: its arguments, its saved place, and ways to report and to stop."""

    def __init__(self, jobs: "Jobs", job: Job, saved: dict[str, Any]) -> None:
        self._jobs = jobs
        self.job_id = job.id
        self.workspace = job.workspace
        self.args = job.args
        self.state = saved
        self._reported = 0.0

    def progress(self, done: int, total: int, message: str = "") -> None:
        """Report progress (written at most four times a second) and stop here if the job was cancelled."""
        moment = time.monotonic()
        if moment - self._reported < 0.25 and done < total:
            return
        self._reported = moment
        self._jobs._update(self.job_id, done=done, total=total, message=message)
        self.check_cancelled()

    def save(self, state: dict[str, Any]) -> None:
        """Keep the place to resume from; joins an open transaction, so it can commit together with the work."""
        self.state = state
        self._jobs._update(self.job_id, saved=msgspec.json.encode(state).decode())

    def check_cancelled(self) -> None:
        """Raise `JobCancelled` when somebody asked for the job to stop."""
        if self._jobs._is_cancel_requested(self.job_id):
            raise JobCancelled("The job was cancelled.")


Handler = Callable[[JobContext], dict[str, Any] | None]


class Jobs:
    """The jobs of one database, and the handlers that this process knows."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._handlers: dict[str, Handler] = {}

    def register(self, kind: str, handler: Handler) -> None:
        """Tell this process how to run jobs of a kind."""
        self._handlers[kind] = handler

    def kinds(self) -> list[str]:
        """Return the kinds that can be submitted here."""
        return sorted(self._handlers)

    def submit(self, kind: str, args: dict[str, Any], *, key: str | None = None, workspace: str = "default") -> Job:
        """Queue a job; with a ``key`` that was used before, return that job instead of queueing again."""
        if kind not in self._handlers:
            raise Invalid(f"There is no job kind {kind!r}; known: {', '.join(self.kinds())}.", param="kind")
        row: dict[str, Any] = {
            "id": self._store.new_id(),
            "workspace": workspace,
            "kind": kind,
            "key": key,
            "state": JobState.QUEUED.value,
            "args": msgspec.json.encode(args).decode(),
            "saved": "{}",
            "done": 0,
            "total": 0,
            "message": "",
            "attempts": 0,
            "cancel_requested": 0,
            "created_at": self._micros(),
        }
        with self._store.begin() as tx:
            if key is not None:
                found = tx.execute(sa.select(table).where(table.c.key == key)).first()
                if found is not None:
                    return _job(found)
            tx.execute(table.insert(), row)
        return self.get(row["id"])

    def get(self, job_id: int, *, workspace: str | None = None) -> Job:
        """Return a job.

        Raises
        ------
        NotFound
            When there is none with this id in the workspace.
        """
        query = sa.select(table).where(table.c.id == job_id)
        if workspace is not None:
            query = query.where(table.c.workspace == workspace)
        with self._store.read() as tx:
            row = tx.execute(query).first()
        if row is None:
            raise NotFound(f"There is no job {job_id}.")
        return _job(row)

    def list(self, *, state: str | None = None, limit: int = 100, workspace: str | None = None) -> "list[Job]":
        """Return jobs, newest first."""
        query = sa.select(table).order_by(table.c.id.desc()).limit(limit)
        if state is not None:
            query = query.where(table.c.state == state)
        if workspace is not None:
            query = query.where(table.c.workspace == workspace)
        with self._store.read() as tx:
            return [_job(row) for row in tx.execute(query)]

    def counts(self) -> dict[str, int]:
        """Return how many jobs are in each state."""
        query = sa.select(table.c.state, sa.func.count()).group_by(table.c.state)
        with self._store.read() as tx:
            found = {state: int(count) for state, count in tx.execute(query)}
        return {state.value: found.get(state.value, 0) for state in JobState}

    def cancel(self, job_id: int, *, workspace: str | None = None) -> Job:
        """Ask a job to stop: a queued one is cancelled at once, a running one at its next report."""
        job = self.get(job_id, workspace=workspace)
        if job.state.is_final:
            raise Conflict(f"Job {job_id} is {job.state} already.")
        with self._store.begin() as tx:
            tx.execute(table.update().where(table.c.id == job_id).values(cancel_requested=1))
            queued = (table.c.id == job_id) & (table.c.state == JobState.QUEUED.value)
            tx.execute(table.update().where(queued).values(state=JobState.CANCELLED.value, finished_at=self._micros()))
        return self.get(job_id)

    def recover(self) -> int:
        """Put jobs of dead workers of this machine back into the queue; returns how many."""
        host = socket.gethostname()
        recovered = 0
        with self._store.begin() as tx:
            rows = tx.execute(
                sa.select(table.c.id, table.c.worker).where(table.c.state == JobState.RUNNING.value)
            ).all()
            for row in rows:
                owner, _, pid = (row.worker or "").partition(":")
                if owner == host and pid.isdigit() and not _alive(int(pid)):
                    values = {"state": JobState.QUEUED.value, "worker": None, "lease_until": None}
                    recovered += tx.execute(table.update().where(table.c.id == row.id).values(**values)).rowcount
        return recovered

    def run_once(self, *, kinds: Sequence[str] | None = None) -> Job | None:
        """Claim and run the oldest job that waits; returns it as it ended, or None when nothing waits."""
        job, saved = self._claim(kinds or self.kinds())
        if job is None:
            return None
        context = JobContext(self, job, saved)
        with self._leased(job.id):
            self._run(job, context)
        return self.get(job.id)

    def _run(self, job: Job, context: JobContext) -> None:
        try:
            context.check_cancelled()
            result = self._handlers[job.kind](context)
        except JobCancelled:
            self._finish(job.id, JobState.CANCELLED, error=None, result=None)
        except Error as error:
            self._finish(job.id, JobState.FAILED, error=error.message, result=None)
        except Exception as error:  # the job runner's edge: whatever a handler raises ends its job, not the worker
            log.exception("job %d (%s) failed", job.id, job.kind)
            self._finish(job.id, JobState.FAILED, error=f"{type(error).__name__}: {error}", result=None)
        else:
            self._finish(job.id, JobState.DONE, error=None, result=result or {})

    def _claim(self, kinds: Sequence[str]) -> tuple[Job | None, dict[str, Any]]:
        now = self._micros()
        expired = (table.c.state == JobState.RUNNING.value) & (table.c.lease_until < now)
        waiting = ((table.c.state == JobState.QUEUED.value) | expired) & table.c.kind.in_(kinds)
        with self._store.read() as tx:  # a look without the write lock: an idle worker must not disturb writers
            if tx.execute(sa.select(table.c.id).where(waiting).limit(1)).first() is None:
                return None, {}
        with self._store.begin() as tx:
            row = tx.execute(sa.select(table).where(waiting).order_by(table.c.id).limit(1).with_for_update()).first()
            if row is None:
                return None, {}
            if row.attempts >= MAX_ATTEMPTS:
                text = f"Gave up after {MAX_ATTEMPTS} attempts: each worker that ran it died."
                tx.execute(table.update().where(table.c.id == row.id).values(state=JobState.FAILED.value, error=text))
                return None, {}
            values = {
                "state": JobState.RUNNING.value,
                "worker": worker_name(),
                "lease_until": now + LEASE_SECONDS * 1_000_000,
                "attempts": row.attempts + 1,
                "started_at": row.started_at or now,
            }
            tx.execute(table.update().where(table.c.id == row.id).values(**values))
        return self.get(row.id), msgspec.json.decode(row.saved)

    @contextmanager
    def _leased(self, job_id: int) -> Iterator[None]:
        stop = threading.Event()

        def renew() -> None:
            while not stop.wait(LEASE_SECONDS / 3):
                self._update(job_id, lease_until=self._micros() + LEASE_SECONDS * 1_000_000)

        thread = threading.Thread(target=renew, name=f"lease-{job_id}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _finish(self, job_id: int, state: JobState, *, error: str | None, result: dict[str, Any] | None) -> None:
        encoded = None if result is None else msgspec.json.encode(result).decode()
        self._update(
            job_id, state=state.value, error=error, result=encoded, finished_at=self._micros(), lease_until=None
        )

    def _update(self, job_id: int, **values: Any) -> None:
        with self._store.begin() as tx:
            tx.execute(table.update().where(table.c.id == job_id).values(**values))

    def _is_cancel_requested(self, job_id: int) -> bool:
        with self._store.read() as tx:
            return bool(tx.execute(sa.select(table.c.cancel_requested).where(table.c.id == job_id)).scalar())

    def _micros(self) -> int:
        return to_micros(self._clock())


def worker_name() -> str:
    """Return ``host:pid`` of this process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rsplit(")", 1)[-1].split()[0] != "Z"
    except OSError:
        return os.path.exists("/proc") is False


def _job(row: Any) -> Job:
    return Job(
        id=row.id,
        workspace=row.workspace,
        kind=row.kind,
        state=JobState(row.state),
        args=msgspec.json.decode(row.args),
        done=row.done,
        total=row.total,
        message=row.message,
        result=msgspec.json.decode(row.result) if row.result else None,
        error=row.error,
        attempts=row.attempts,
        created_at=from_micros(row.created_at),
        started_at=from_micros(row.started_at) if row.started_at else None,
        finished_at=from_micros(row.finished_at) if row.finished_at else None,
    )
