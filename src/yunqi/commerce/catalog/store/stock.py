"""Stock that is counted: what is left, and what was reserved."""

from collections.abc import Mapping

import sqlalchemy as sa

from yunqi.commerce.catalog.store.tables import numbers, reservations, stock
from yunqi.kernel.store import Store


class StockStore:
    """The stock of one database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def numbers(self, tx: sa.Connection, workspace: str, ids: list[str]) -> dict[str, int]:
        """Return product numbers by id."""
        query = sa.select(numbers.c.product_id, numbers.c.number).where(
            numbers.c.workspace == workspace, numbers.c.product_id.in_(ids)
        )
        return {row[0]: row[1] for row in tx.execute(query)}

    def remaining(self, workspace: str, number: int, live: int) -> int | None:
        """Return what is left of a product, None when it is not counted."""
        with self._store.read() as tx:
            row = self._current(tx, workspace, number, live)
        return None if row is None else row[1]

    def used_up(self, workspace: str, live: int) -> list[int]:
        """Return the numbers of products whose stock is counted and of which nothing is left."""
        newer = stock.alias("newer")
        again = (newer.c.workspace == stock.c.workspace) & (newer.c.number == stock.c.number)
        replaced = sa.exists().where(again, newer.c.generation > stock.c.generation, newer.c.generation <= live)
        query = sa.select(stock.c.number).where(
            stock.c.workspace == workspace, stock.c.remaining <= 0, stock.c.generation <= live, ~replaced
        )
        with self._store.read() as tx:
            return list(tx.execute(query).scalars())

    def left(self, workspace: str, ids: list[str], live: int) -> dict[str, int]:
        """Return what is left of products whose stock is counted."""
        found: dict[str, int] = {}
        with self._store.read() as tx:
            for product_id, number in self.numbers(tx, workspace, ids).items():
                row = self._current(tx, workspace, number, live)
                if row is not None and row[1] is not None:
                    found[product_id] = row[1]
        return found

    def is_reserved(self, tx: sa.Connection, workspace: str, key: str) -> bool:
        """Whether something is reserved under a key."""
        this = (reservations.c.workspace == workspace) & (reservations.c.key == key)
        return tx.execute(sa.select(reservations.c.number).where(this).limit(1)).first() is not None

    def take(
        self, tx: sa.Connection, workspace: str, number: int, quantity: int, *, live: int
    ) -> tuple[bool, int | None]:
        """Take from what is left; returns whether there was enough, and the row's generation (None: not counted)."""
        row = self._current(tx, workspace, number, live)
        if row is None or row[1] is None:
            return True, None
        this = (stock.c.workspace == workspace) & (stock.c.number == number) & (stock.c.generation == row[0])
        enough = stock.c.remaining >= quantity
        changed = tx.execute(stock.update().where(this, enough).values(remaining=stock.c.remaining - quantity))
        return changed.rowcount == 1, row[0]

    def note(
        self, tx: sa.Connection, workspace: str, key: str, taken: Mapping[int, tuple[int, int | None]], at: int
    ) -> None:
        """Remember what was taken under a key: number to (quantity, generation of the stock row)."""
        rows = [
            {"workspace": workspace, "key": key, "number": n, "quantity": q, "generation": generation, "at": at}
            for n, (q, generation) in taken.items()
        ]
        tx.execute(reservations.insert(), rows)

    def give_back(self, tx: sa.Connection, workspace: str, key: str) -> tuple[int, list[int]]:
        """Undo what was taken under a key; returns how many products that were, and which had been used up."""
        this = (reservations.c.workspace == workspace) & (reservations.c.key == key)
        rows = tx.execute(sa.select(reservations).where(this).with_for_update()).all()
        returned = []
        for row in rows:
            if row.generation is not None:
                same = (stock.c.workspace == workspace) & (stock.c.number == row.number)
                here = sa.and_(same, stock.c.generation == row.generation)
                if tx.execute(sa.select(stock.c.remaining).where(here)).scalar() == 0:
                    returned.append(row.number)
                tx.execute(stock.update().where(here).values(remaining=stock.c.remaining + row.quantity))
        tx.execute(reservations.delete().where(this))
        return len(rows), returned

    def ids(self, tx: sa.Connection, workspace: str, wanted: list[int]) -> list[str]:
        """Return the ids of product numbers."""
        query = sa.select(numbers.c.product_id).where(numbers.c.workspace == workspace, numbers.c.number.in_(wanted))
        return sorted(tx.execute(query).scalars())

    def _current(self, tx: sa.Connection, workspace: str, number: int, live: int) -> tuple[int, int | None] | None:
        query = sa.select(stock.c.generation, stock.c.remaining).where(
            stock.c.workspace == workspace, stock.c.number == number, stock.c.generation <= live
        )
        row = tx.execute(query.order_by(stock.c.generation.desc()).limit(1)).first()
        return None if row is None else (row[0], row[1])
