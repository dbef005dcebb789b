"""Metering: what each key used, one row a request and meter, so that counting twice is impossible."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from yunqi.kernel.clock import from_micros, to_micros
from yunqi.kernel.errors import Invalid
from yunqi.kernel.store import ID, NAME, TIME, Migration, Store, create, metadata

table = sa.Table(
    "kernel_usage",
    metadata,
    sa.Column("request_id", NAME, primary_key=True),
    sa.Column("meter", NAME, primary_key=True),
    sa.Column("workspace", NAME, nullable=False),
    sa.Column("key_id", ID, nullable=False),
    sa.Column("model", NAME, nullable=False),
    sa.Column("quantity", ID, nullable=False),
    sa.Column("at", TIME, nullable=False),
    sa.Index("kernel_usage_when", "workspace", "at"),
)

_DAY = 86_400_000_000

MIGRATIONS = (Migration("kernel", 3, "metering", create(table)),)


@dataclass(frozen=True, slots=True)
class UsageRow:
    """A sum: ``key`` is the day, the model or the API key's id."""

    key: str
    meter: str
    quantity: int


class Metering:
    """Sums of what was used."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def record(
        self,
        tx: sa.Connection,
        *,
        request_id: str,
        workspace: str,
        key_id: int,
        meter: str,
        quantity: int,
        model: str,
        at: datetime,
    ) -> None:
        """Add a measurement; the same request and meter again is ignored."""
        row = {
            "request_id": request_id,
            "meter": meter,
            "workspace": workspace,
            "key_id": key_id,
            "model": model,
            "quantity": quantity,
            "at": to_micros(at),
        }
        self._store.upsert(tx, table, [row], key=["request_id", "meter"])

    def report(
        self, workspace: str, *, since: datetime | None = None, until: datetime | None = None, by: str = "day"
    ) -> list[UsageRow]:
        """Sum a workspace's usage by ``day``, ``model`` or ``key``, from ``since`` up to but without ``until``."""
        groups = {"day": table.c.at - table.c.at % _DAY, "model": table.c.model, "key": table.c.key_id}
        if by not in groups:
            raise Invalid(f"by={by!r} is unknown; use day, model or key.", param="by")
        group = groups[by]
        query = sa.select(group.label("key"), table.c.meter, sa.func.sum(table.c.quantity).label("quantity"))
        query = (
            query.where(table.c.workspace == workspace).group_by(group, table.c.meter).order_by(group, table.c.meter)
        )
        if since is not None:
            query = query.where(table.c.at >= to_micros(since))
        if until is not None:
            query = query.where(table.c.at < to_micros(until))
        with self._store.read() as tx:
            found = tx.execute(query).all()
        return [UsageRow(_name(row.key, by), row.meter, int(row.quantity)) for row in found]


def _name(key: int | str, by: str) -> str:
    return from_micros(int(key)).date().isoformat() if by == "day" else str(key)
