"""Running imports: one at a time of a kind, each with a report, each resumable after a crash."""

import hashlib
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO

from yunqi.commerce.catalog.model import FeedRefused, ImportReport, ImportState, RowError
from yunqi.commerce.catalog.store import COUNTS, ImportStore, OpenImport
from yunqi.kernel import Conflict, Error, Invalid, Kernel, NotFound
from yunqi.kernel.clock import to_micros
from yunqi.kernel.store import Connection

LEASE = timedelta(seconds=30)
Progress = Callable[[int, int, str], None]


def no_progress(done: int, total: int, message: str) -> None:
    """Show nothing."""


@dataclass(slots=True)
class Run:
    """One import while it runs.

    Attributes
    ----------
    counts
        rows, added, updated, unchanged, retired, rejected so far; kept in the report at each checkpoint.
    resumed
        Rows that an earlier, interrupted run had finished; they are read again and not written again.
    """

    id: int
    workspace: str
    kind: str
    file: str
    owner: str
    generation: int = 0
    dry_run: bool = False
    limit: int = 1000
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    resumed: int = 0
    kept: int = 0
    pending: list[RowError] = field(default_factory=list)
    ended: bool = False

    def reject(self, error: RowError) -> None:
        """Count a rejected row (a warning is only noted) and keep it for the report while there is room."""
        if not error.warning:
            self.counts["rejected"] += 1
        if self.kept + len(self.pending) < self.limit:
            self.pending.append(error)

    def rejected_share(self) -> float:
        """Rejected rows among all."""
        return self.counts["rejected"] / max(1, self.counts["rows"])


class Imports:
    """The ledger of imports.

    Parameters
    ----------
    kernel
        Where the reports are kept.
    """

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._store = ImportStore(kernel.store)

    def start(
        self, path: Path, *, kind: str, workspace: str, digest: str, generation: int = 0, dry_run: bool, limit: int
    ) -> Run:
        """Begin an import, or take up the interrupted one of the same file.

        When the run's ``resumed`` is 0, leavings of an earlier import may lie about: the caller clears them first.

        Raises
        ------
        Conflict
            When another import of the kind is running.
        """
        if dry_run:
            return Run(self._kernel.store.new_id(), workspace, kind, path.name, "", dry_run=True, limit=limit)
        now = to_micros(self._kernel.clock())
        with self._kernel.store.begin() as tx:
            found = self._store.open(tx, workspace, kind)
            if found is not None:
                self._refuse_running(found, now)
                if found.digest == digest and found.generation == generation:
                    return self._resumed(tx, found, kind=kind, workspace=workspace, limit=limit)
                values = {"state": ImportState.FAILED.value, "finished_at": now}
                values["message"] = f"Interrupted, then given up for an import of {path.name}. Nothing was published."
                self._store.set(tx, found.id, values)
            run = Run(self._kernel.store.new_id(), workspace, kind, path.name, self._owner(), generation, limit=limit)
            self._store.add(tx, {**self._row(run, digest, now), "state": ImportState.OPEN.value})
        return run

    def checkpoint(self, tx: Connection, run: Run) -> None:
        """Keep the counts and errors so far; call it in the transaction that does the counted work.

        Raises
        ------
        Conflict
            When another process took the import over because this one had not been heard of for too long.
        """
        self.renew(tx, run, **run.counts)
        self._store.add_errors(tx, run.id, run.kept, run.pending)
        run.kept += len(run.pending)
        run.pending.clear()

    def renew(self, tx: Connection, run: Run, **values: object) -> None:
        """Keep the lease; raises as `checkpoint` does."""
        values["lease_until"] = to_micros(self._kernel.clock() + LEASE)
        if not self._store.set(tx, run.id, values, owner=run.owner):
            raise Conflict(f"Import {run.id} was taken over by another process. Nothing is lost; see its report.")

    def finish(
        self, tx: Connection, run: Run, state: ImportState, message: str, *, generation: int | None = None
    ) -> None:
        """End an import in the transaction that publishes it (or gives it up)."""
        now = to_micros(self._kernel.clock())
        if run.dry_run:
            self._store.add(tx, {**self._row(run, "", now), "state": state.value})
        self.checkpoint(tx, run)
        values: dict[str, object] = {"state": state.value, "message": message, "finished_at": now, "lease_until": 0}
        if generation is not None:
            values["generation"] = generation
        self._store.set(tx, run.id, values)
        self._kernel.store.after_commit(lambda: setattr(run, "ended", True))

    def let_go(self, run: Run) -> None:
        """Give up the lease of an import that was broken off, so that it can be resumed at once."""
        if run.ended or run.dry_run:
            return
        try:
            with self._kernel.store.begin() as tx:
                self._store.set(tx, run.id, {"lease_until": 0}, owner=run.owner)
        except Error:
            return  # a full disk, most likely: the lease runs out by itself

    def list(self, *, workspace: str = "default", limit: int = 100) -> list[ImportReport]:
        """Return the newest reports, without their errors."""
        return self._store.list(workspace, limit=limit)

    def report(self, import_id: int, *, workspace: str = "default") -> ImportReport:
        """Return one report with its errors, or raise `NotFound`."""
        found = self._store.get(workspace, import_id)
        if found is None:
            raise NotFound(f"There is no import {import_id}. `yunqi catalog imports` lists them.")
        return found

    def _resumed(self, tx: Connection, found: OpenImport, *, kind: str, workspace: str, limit: int) -> Run:
        run = Run(found.id, workspace, kind, found.file, self._owner(), found.generation, limit=limit)
        run.counts, run.resumed, run.kept = dict(found.counts), found.counts["rows"], found.errors
        self._store.set(tx, run.id, {"owner": run.owner, "lease_until": to_micros(self._kernel.clock() + LEASE)})
        return run

    def _owner(self) -> str:
        return f"{socket.gethostname()[:150]}:{os.getpid()}:{self._kernel.store.new_id():x}"

    def _refuse_running(self, found: OpenImport, now: int) -> None:
        host, pid, _ = found.owner.rsplit(":", 2)
        dead = host == socket.gethostname() and pid.isdigit() and not _alive(int(pid))
        if found.lease_until > now and not dead:
            raise Conflict(f"An import ({found.id}, {found.file}) is running. Wait for it, or try again in a minute.")

    def _row(self, run: Run, digest: str, now: int) -> dict[str, object]:
        return {
            "id": run.id,
            "workspace": run.workspace,
            "kind": run.kind,
            "file": run.file,
            "digest": digest,
            "generation": run.generation,
            "owner": run.owner,
            "lease_until": now + LEASE // timedelta(microseconds=1),
            "started_at": now,
        }


def open_file(path: Path) -> IO[bytes]:
    """Open a file for import, or raise `Invalid` saying why it cannot be."""
    try:
        return path.open("rb")
    except IsADirectoryError:
        raise Invalid(f"{path} is a folder. Name a file.", "file") from None
    except FileNotFoundError:
        raise Invalid(f"There is no file {path}.", "file") from None
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}.", "file") from error


def digest_of(source: IO[bytes], *options: object) -> str:
    """Return the SHA-256 of an open file and of the options it is imported with; go back to the file's start."""
    found = hashlib.file_digest(source, "sha256")  # type: ignore[arg-type]
    found.update(repr(options).encode())
    source.seek(0)
    return found.hexdigest()


def refused(run: Run, message: str) -> FeedRefused:
    """Return the refusal to raise: it says where the rejected rows are listed."""
    where = f" `yunqi catalog imports {run.id}` lists them." if run.counts["rejected"] else ""
    return FeedRefused(message + where, run.id)


def refuse_rejected(run: Run, share: float) -> None:
    """Raise `FeedRefused` when too many rows were rejected."""
    if run.rejected_share() > share:
        raise FeedRefused(
            f"{run.counts['rejected']:,} of {run.counts['rows']:,} rows were rejected, more than {share:.0%}: nothing "
            "was published. See the report's lines, mend the file and send it again."
        )


def _alive(pid: int) -> bool:
    if pid == os.getpid():
        return True
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rsplit(")", 1)[-1].split()[0] != "Z"
    except FileNotFoundError:
        return not os.path.exists("/proc/self")
    except OSError:
        return True
