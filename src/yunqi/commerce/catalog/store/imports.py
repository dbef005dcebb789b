"""Import reports and their errors; shared by the domains that import files."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from yunqi.commerce.catalog.model import ImportReport, ImportState, RowError
from yunqi.commerce.catalog.store.tables import import_errors, imports
from yunqi.kernel.clock import from_micros
from yunqi.kernel.store import Store

COUNTS = ("rows", "added", "updated", "unchanged", "retired", "rejected")


@dataclass(frozen=True, slots=True)
class OpenImport:
    """An import that has not ended: where it stands and who works on it."""

    id: int
    digest: str
    file: str
    generation: int
    counts: dict[str, int]
    errors: int
    owner: str
    lease_until: int


class ImportStore:
    """The import reports of one database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def open(self, tx: sa.Connection, workspace: str, kind: str) -> OpenImport | None:
        """Return the import of a kind that has not ended, locking its row where the engine has row locks."""
        query = sa.select(imports).where(
            imports.c.workspace == workspace, imports.c.kind == kind, imports.c.state == ImportState.OPEN.value
        )
        row = tx.execute(query.order_by(imports.c.id.desc()).limit(1).with_for_update()).first()
        if row is None:
            return None
        kept = sa.select(sa.func.count()).select_from(import_errors).where(import_errors.c.import_id == row.id)
        counts = {name: int(getattr(row, name)) for name in COUNTS}
        errors = int(tx.execute(kept).scalar_one())
        return OpenImport(row.id, row.digest, row.file, row.generation, counts, errors, row.owner, row.lease_until)

    def add(self, tx: sa.Connection, values: dict[str, Any]) -> None:
        """Begin a report."""
        tx.execute(imports.insert(), {**dict.fromkeys(COUNTS, 0), "message": "", "generation": 0, **values})

    def set(self, tx: sa.Connection, import_id: int, values: dict[str, Any], *, owner: str | None = None) -> bool:
        """Set columns of a report, only while it belongs to ``owner`` if one is given; returns whether it did."""
        mine = [] if owner is None else [imports.c.owner == owner]
        return tx.execute(imports.update().where(imports.c.id == import_id, *mine).values(**values)).rowcount == 1

    def add_errors(self, tx: sa.Connection, import_id: int, first: int, errors: Sequence[RowError]) -> None:
        """Keep rejected rows, numbered from ``first``."""
        rows = [
            {
                "import_id": import_id,
                "position": first + i,
                "line": error.line,
                "column": error.column[:190],
                "message": error.message,
                "value": error.value[:200],
                "warning": int(error.warning),
            }
            for i, error in enumerate(errors)
        ]
        if rows:
            tx.execute(import_errors.insert(), rows)

    def list(self, workspace: str, *, limit: int) -> list[ImportReport]:
        """Return the newest reports, without their errors."""
        query = sa.select(imports).where(imports.c.workspace == workspace).order_by(imports.c.id.desc()).limit(limit)
        with self._store.read() as tx:
            return [_report(row, ()) for row in tx.execute(query)]

    def get(self, workspace: str, import_id: int) -> ImportReport | None:
        """Return a report with its errors."""
        query = sa.select(imports).where(imports.c.workspace == workspace, imports.c.id == import_id)
        listed = sa.select(import_errors).where(import_errors.c.import_id == import_id)
        with self._store.read() as tx:
            row = tx.execute(query).first()
            found = tx.execute(listed.order_by(import_errors.c.position)).all()
        if row is None:
            return None
        errors = (RowError(e.line, e.column, e.message, e.value, bool(e.warning)) for e in found)
        return _report(row, tuple(errors))


def _report(row: Any, errors: tuple[RowError, ...]) -> ImportReport:
    def at(micros: int | None) -> datetime | None:
        return None if micros is None else from_micros(micros)

    return ImportReport(
        id=row.id,
        kind=row.kind,
        file=row.file,
        state=ImportState(row.state),
        rows=row.rows,
        added=row.added,
        updated=row.updated,
        unchanged=row.unchanged,
        retired=row.retired,
        rejected=row.rejected,
        generation=row.generation,
        started_at=at(row.started_at),
        finished_at=at(row.finished_at),
        message=row.message,
        errors=errors,
    )
