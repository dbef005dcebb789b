"""Questions about products: live ones, their versions, their numbers and prices."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from yunqi.commerce.catalog.model import CardFacts, Money, PriceChange, PricePoint, Product
from yunqi.commerce.catalog.store.documents import decode, decode_facts
from yunqi.commerce.catalog.store.tables import generations, numbers, prices, products
from yunqi.kernel.clock import from_micros
from yunqi.kernel.store import Store

_BATCH = 500
_READ = 2000


@dataclass(frozen=True, slots=True)
class Known:
    """What staging needs to know of a product that has a number: its live version, if it has one."""

    number: int
    since: int | None
    digest: str | None
    price_minor: int | None
    sale_minor: int | None
    quantity: int | None


class ProductStore:
    """Reads the live generation of one workspace."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def live_generation(self, workspace: str) -> int:
        """Return the live generation, 0 before the first."""
        query = sa.select(generations.c.live).where(generations.c.workspace == workspace)
        with self._store.read() as tx:
            return int(tx.execute(query).scalar() or 0)

    def by_ids(self, workspace: str, ids: Sequence[str]) -> dict[str, Product]:
        """Return live products by id."""
        found: dict[str, Product] = {}
        with self._store.read() as tx:
            live = self.live_generation(workspace)
            for start in range(0, len(ids), _BATCH):
                known = sa.select(numbers.c.number).where(
                    numbers.c.workspace == workspace, numbers.c.product_id.in_(ids[start : start + _BATCH])
                )
                # Two look-ups by key: as one join, or with an index on `until` in sight, SQLite walks all live products.
                wanted = products.c.number.in_(tx.execute(known).scalars().all())
                in_force = (products.c.since + 0 <= live, products.c.until + 0 > live)
                query = sa.select(*_PRODUCT).where(products.c.workspace == workspace, wanted, *in_force)
                found.update((row.product_id, _product(row)) for row in tx.execute(query))
        return found

    def page(self, workspace: str, words: Sequence[str], *, offset: int, limit: int) -> tuple[int, list[Product]]:
        """Return how many live products have all the words in id, title or brand, and some of them by number."""
        with self._store.read() as tx:
            where = [products.c.workspace == workspace, *_live(self.live_generation(workspace))]
            for word in words:
                columns = (products.c.title, products.c.product_id, products.c.brand)
                where.append(
                    sa.or_(*(sa.func.lower(column).contains(word.lower(), autoescape=True) for column in columns))
                )
            total = tx.execute(sa.select(sa.func.count()).select_from(products).where(*where)).scalar_one()
            query = sa.select(*_PRODUCT).where(*where).order_by(products.c.number).offset(offset).limit(limit)
            return int(total), [_product(row) for row in tx.execute(query)]

    def changed(self, workspace: str, after: int, live: int) -> Iterator[CardFacts]:
        """Yield what was set in generations after ``after`` up to ``live`` and is in force, by number."""
        where = (products.c.workspace == workspace, products.c.since > after, *_live(live))
        last = -1
        while True:
            query = sa.select(products.c.number, products.c.document).where(*where, products.c.number > last)
            with self._store.read() as tx:
                rows = tx.execute(query.order_by(products.c.number).limit(_READ)).all()
            for number, document in rows:
                yield decode_facts(number, document)
            if len(rows) < _READ:
                return
            last = rows[-1].number

    def changed_ids(self, workspace: str, after: int, live: int) -> list[str]:
        """Return the ids of what was set in generations after ``after`` up to ``live`` and is in force."""
        where = (products.c.workspace == workspace, products.c.since > after, *_live(live))
        with self._store.read() as tx:
            return list(
                tx.execute(sa.select(products.c.product_id).where(*where).order_by(products.c.number)).scalars()
            )

    def retired(self, workspace: str, after: int, live: int) -> list[tuple[int, str]]:
        """Return number and id of what was in force at ``after`` and is not at ``live``."""
        other = products.alias("other")
        again = (other.c.workspace == workspace) & (other.c.number == products.c.number)
        in_force = sa.exists().where(again, other.c.since <= live, other.c.until > live)
        query = sa.select(products.c.number, products.c.product_id).where(
            products.c.workspace == workspace,
            products.c.until > after,
            products.c.until <= live,
            products.c.since <= after,
            ~in_force,
        )
        with self._store.read() as tx:
            return [(row.number, row.product_id) for row in tx.execute(query)]

    def numbers_from(self, workspace: str, first: int) -> list[tuple[int, str]]:
        """Return number and id of every product ever known, from a number on, in order."""
        query = sa.select(numbers.c.number, numbers.c.product_id).where(
            numbers.c.workspace == workspace, numbers.c.number >= first
        )
        with self._store.read() as tx:
            return [(row[0], row[1]) for row in tx.execute(query.order_by(numbers.c.number))]

    def count_live(self, workspace: str, live: int) -> int:
        """Count the products in force at a generation."""
        query = sa.select(sa.func.count()).select_from(products).where(products.c.workspace == workspace, *_live(live))
        with self._store.read() as tx:
            return int(tx.execute(query).scalar_one())

    def live_ids(self, workspace: str, live: int) -> Iterator[tuple[int, int, str]]:
        """Yield number, since and id of everything in force at a generation."""
        columns = (products.c.number, products.c.since, products.c.product_id)
        last = -1
        while True:
            query = sa.select(*columns).where(products.c.workspace == workspace, *_live(live), products.c.number > last)
            with self._store.read() as tx:
                rows = tx.execute(query.order_by(products.c.number).limit(_READ)).all()
            yield from ((row.number, row.since, row.product_id) for row in rows)
            if len(rows) < _READ:
                return
            last = rows[-1].number

    def known(self, tx: sa.Connection, workspace: str, ids: Sequence[str], live: int) -> dict[str, Known]:
        """Return what is known of products, by id; ids without a number are left out."""
        found: dict[str, Known] = {}
        join = numbers.outerjoin(products, _same_number() & sa.and_(*_live(live)))
        for start in range(0, len(ids), _BATCH):
            wanted = numbers.c.product_id.in_(ids[start : start + _BATCH])
            query = sa.select(numbers.c.product_id, numbers.c.number, *_KNOWN).select_from(join)
            for row in tx.execute(query.where(numbers.c.workspace == workspace, wanted)):
                found[row[0]] = Known(row[1], row[2], row[3], row[4], row[5], row[6])
        return found

    def history(self, workspace: str, product_id: str) -> list[PricePoint]:
        """Return a product's published prices, oldest first."""
        join = numbers.join(prices, (prices.c.workspace == numbers.c.workspace) & (prices.c.number == numbers.c.number))
        with self._store.read() as tx:
            published = prices.c.generation <= self.live_generation(workspace)
            this = (numbers.c.workspace == workspace) & (numbers.c.product_id == product_id)
            query = sa.select(prices).select_from(join).where(this, published).order_by(prices.c.generation)
            return [_point(row) for row in tx.execute(query)]

    def price_changes(self, tx: sa.Connection, workspace: str, generation: int) -> Iterable[PriceChange]:
        """Return the prices that known products had before a generation and have in it, where they differ."""
        before = products.alias("before")
        join = products.join(
            before,
            (before.c.workspace == products.c.workspace)
            & (before.c.number == products.c.number)
            & (before.c.until == generation),
        )
        same = sa.and_(
            _equal(before.c.price_minor, products.c.price_minor), _equal(before.c.sale_minor, products.c.sale_minor)
        )
        this = (products.c.workspace == workspace) & (products.c.since == generation)
        columns = (before.c.price_minor, products.c.price_minor, before.c.sale_minor, products.c.sale_minor)
        query = sa.select(products.c.product_id, *columns).select_from(join).where(this, ~same)
        return [PriceChange(row[0], row[1], row[2], row[3], row[4]) for row in tx.execute(query)]


_moment = lru_cache(1024)(from_micros)
"""A chunk's products share their time."""

_PRODUCT = (products.c.product_id, products.c.since, products.c.at, products.c.document)
_KNOWN = (
    products.c.since,
    products.c.digest,
    products.c.price_minor,
    products.c.sale_minor,
    products.c.quantity,
)


def _same_number() -> sa.ColumnElement[bool]:
    return (products.c.workspace == numbers.c.workspace) & (products.c.number == numbers.c.number)


def _live(live: int) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return products.c.since <= live, products.c.until > live


def _equal(left: sa.ColumnElement[int], right: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    return sa.func.coalesce(left, -1) == sa.func.coalesce(right, -1)


def _product(row: Any) -> Product:
    return decode(row.document, product_id=row.product_id, generation=row.since, updated_at=_moment(row.at))


def _point(row: Any) -> PricePoint:
    price = None if row.price_minor is None else Money(row.price_minor, row.currency)
    sale = None if row.sale_minor is None else Money(row.sale_minor, row.currency)
    return PricePoint(from_micros(row.at), price, sale)
