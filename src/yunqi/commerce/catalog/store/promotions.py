"""Promotions and the products they hold for."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from yunqi.commerce.catalog.model import Promotion
from yunqi.commerce.catalog.store.tables import promotion_products, promotions
from yunqi.kernel.clock import from_micros, to_micros
from yunqi.kernel.store import Store


class PromotionStore:
    """The promotions of one database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def digests(self, tx: sa.Connection, workspace: str) -> dict[str, str]:
        """Return the content hash of every promotion by id."""
        query = sa.select(promotions.c.promotion_id, promotions.c.digest).where(promotions.c.workspace == workspace)
        return {row[0]: row[1] for row in tx.execute(query)}

    def put(self, tx: sa.Connection, workspace: str, promotion: Promotion, digest: str) -> None:
        """Write a promotion in place of its former self."""
        self.remove(tx, workspace, [promotion.id])
        row: dict[str, Any] = {
            "workspace": workspace,
            "promotion_id": promotion.id,
            "digest": digest,
            "title": promotion.title,
            "starts": to_micros(promotion.starts),
            "ends": to_micros(promotion.ends),
            "coupon_code": promotion.coupon_code,
        }
        tx.execute(promotions.insert(), row)
        base = {"workspace": workspace, "promotion_id": promotion.id}
        if promotion.product_ids:
            tx.execute(promotion_products.insert(), [{**base, "product_id": key} for key in promotion.product_ids])

    def remove(self, tx: sa.Connection, workspace: str, ids: Sequence[str]) -> None:
        """Remove promotions."""
        for table in (promotions, promotion_products):
            for promotion_id in ids:
                this = (table.c.workspace == workspace) & (table.c.promotion_id == promotion_id)
                tx.execute(table.delete().where(this))

    def of_product(self, workspace: str, product_id: str, at: int) -> list[Promotion]:
        """Return the promotions in force for a product, the first to end first; their product lists are left out."""
        join = promotions.join(
            promotion_products,
            (promotion_products.c.workspace == promotions.c.workspace)
            & (promotion_products.c.promotion_id == promotions.c.promotion_id),
        )
        query = (
            sa.select(promotions)
            .select_from(join)
            .where(promotion_products.c.workspace == workspace, promotion_products.c.product_id == product_id)
            .where(promotions.c.starts <= at, promotions.c.ends >= at)
            .order_by(promotions.c.ends, promotions.c.promotion_id)
        )
        with self._store.read() as tx:
            return [_promotion(row) for row in tx.execute(query)]

    def all(self, workspace: str) -> list[Promotion]:
        """Return every promotion, by id, with its products."""
        listed: dict[str, list[str]] = {}
        products = sa.select(promotion_products).where(promotion_products.c.workspace == workspace)
        with self._store.read() as tx:
            for row in tx.execute(products.order_by(promotion_products.c.product_id)):
                listed.setdefault(row.promotion_id, []).append(row.product_id)
            query = sa.select(promotions).where(promotions.c.workspace == workspace).order_by(promotions.c.promotion_id)
            return [_promotion(row, tuple(listed.get(row.promotion_id, ()))) for row in tx.execute(query)]


def _promotion(row: Any, product_ids: tuple[str, ...] = ()) -> Promotion:
    return Promotion(
        id=row.promotion_id,
        title=row.title,
        product_ids=product_ids,
        starts=from_micros(row.starts),
        ends=from_micros(row.ends),
        coupon_code=row.coupon_code,
    )
