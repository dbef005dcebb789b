"""Writing a generation that nobody sees until it is published."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from yunqi.commerce.catalog.store.tables import FOREVER, generations, numbers, prices, products, stock
from yunqi.kernel.store import Store

_RANGE = 5000


@dataclass(frozen=True, slots=True)
class Version:
    """A new version of a product to stage; ``replaces`` is the ``since`` of the live one."""

    number: int
    product_id: str
    replaces: int | None
    digest: str
    title: str
    brand: str
    price_minor: int | None
    sale_minor: int | None
    quantity: int | None
    document: str
    price_changed: bool
    quantity_changed: bool


class StagingStore:
    """The invisible side of the catalog: the next generation of one workspace."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def number(self, tx: sa.Connection, workspace: str, ids: Sequence[str]) -> dict[str, int]:
        """Give the next numbers to product ids that have none."""
        if not ids:
            return {}
        first = self._store.advance(tx, f"catalog:{workspace}", len(ids)) - 1
        given = {product_id: first + i for i, product_id in enumerate(ids)}
        rows = [{"workspace": workspace, "product_id": key, "number": number} for key, number in given.items()]
        tx.execute(numbers.insert(), rows)
        return given

    def stage(self, tx: sa.Connection, workspace: str, generation: int, versions: Sequence[Version], **of: Any) -> None:
        """Write new versions; ``at`` and ``currency`` are keyword arguments."""
        at, currency = of["at"], of["currency"]
        base = {"workspace": workspace, "since": generation, "until": FOREVER, "at": at}
        self._insert(tx, products, [{**base, **_columns(version)} for version in versions])
        self._end(tx, workspace, generation, [(v.number, v.replaces) for v in versions if v.replaces is not None])
        priced = {"workspace": workspace, "generation": generation, "at": at, "currency": currency}
        changed = [
            {**priced, "number": v.number, "price_minor": v.price_minor, "sale_minor": v.sale_minor}
            for v in versions
            if v.price_changed
        ]
        self._insert(tx, prices, changed)
        counted = [
            {"workspace": workspace, "generation": generation, "number": v.number, "remaining": v.quantity}
            for v in versions
            if v.quantity_changed
        ]
        self._insert(tx, stock, counted)

    def retire(self, tx: sa.Connection, workspace: str, generation: int, gone: Sequence[tuple[int, int]]) -> None:
        """Let live versions (number, since) end with a generation."""
        self._end(tx, workspace, generation, gone)

    def publish(self, tx: sa.Connection, workspace: str, generation: int, at: int) -> None:
        """Make a staged generation the live one."""
        row = {"workspace": workspace, "live": generation, "published_at": at}
        self._store.upsert(tx, generations, [row], key=["workspace"], update=["live", "published_at"])

    def discard(self, workspace: str, generation: int) -> None:
        """Remove what was staged for a generation; safe to repeat and to break off."""
        with self._store.read() as tx:
            query = sa.select(sa.func.max(numbers.c.number)).where(numbers.c.workspace == workspace)
            largest = int(tx.execute(query).scalar() or 0)
        for start in range(0, largest + 1, _RANGE):
            self._discard_range(workspace, generation, start, start + _RANGE)

    def prune(self, workspace: str, oldest: int) -> None:
        """Forget product versions that ended at or before a generation."""
        with self._store.begin() as tx:
            tx.execute(products.delete().where(products.c.workspace == workspace, products.c.until <= oldest))

    def _discard_range(self, workspace: str, generation: int, first: int, end: int) -> None:
        with self._store.begin() as tx:
            for table, column in ((products, "since"), (prices, "generation"), (stock, "generation")):
                within = (table.c.number >= first) & (table.c.number < end)
                this = (table.c.workspace == workspace) & (table.c[column] == generation)
                tx.execute(table.delete().where(within, this))
            within = (products.c.number >= first) & (products.c.number < end)
            ended = (products.c.workspace == workspace) & (products.c.until == generation)
            tx.execute(products.update().where(within, ended).values(until=FOREVER))

    def _end(self, tx: sa.Connection, workspace: str, generation: int, versions: Sequence[tuple[int, Any]]) -> None:
        if not versions:
            return
        this = (products.c.workspace == workspace) & (products.c.number == sa.bindparam("n"))
        statement = products.update().where(this, products.c.since == sa.bindparam("s")).values(until=generation)
        tx.execute(statement, [{"n": number, "s": since} for number, since in versions])

    def _insert(self, tx: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
        if rows:
            tx.execute(table.insert(), rows)


def _columns(version: Version) -> dict[str, Any]:
    return {
        "number": version.number,
        "product_id": version.product_id,
        "digest": version.digest,
        "title": version.title,
        "brand": version.brand,
        "price_minor": version.price_minor,
        "sale_minor": version.sale_minor,
        "quantity": version.quantity,
        "document": version.document,
    }
