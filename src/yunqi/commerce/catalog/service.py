"""The catalog's verbs. (Signatures first: bodies follow on this branch.)"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from yunqi.commerce.catalog.config import CatalogConfig
from yunqi.commerce.catalog.engine.cards import Cards
from yunqi.commerce.catalog.model import ImportReport, Page, PricePoint, Product, Promotion
from yunqi.kernel import Kernel


class Catalog:
    """The shop's products."""

    def __init__(self, kernel: Kernel, config: CatalogConfig) -> None:
        self.kernel = kernel
        self.config = config

    def product(self, product_id: str, *, workspace: str = "default") -> Product:
        """Return one live product, or raise `ProductNotFound`."""
        raise NotImplementedError

    def products(self, product_ids: Iterable[str], *, workspace: str = "default") -> dict[str, Product]:
        """Return live products by id; unknown ids are left out."""
        raise NotImplementedError

    def page(self, query: str = "", *, page: int = 1, size: int = 50, workspace: str = "default") -> Page:
        """Return a page of live products whose id, title or brand contains the words of the query."""
        raise NotImplementedError

    def cards(self, *, workspace: str = "default") -> Cards:
        """Return the live generation as columns; an immutable snapshot, kept in memory, refreshed when a generation is published."""
        raise NotImplementedError

    def changes(self, since: int, *, workspace: str = "default") -> tuple[list[str], list[str]]:
        """Return the ids that were set and those retired after generation ``since``: what an index has to redo."""
        raise NotImplementedError

    def history(self, product_id: str, *, workspace: str = "default") -> list[PricePoint]:
        """Return a product's prices in time order."""
        raise NotImplementedError

    def promotions_for(self, product_id: str, *, at: datetime | None = None, workspace: str = "default") -> list[Promotion]:
        """Return the promotions that hold for a product (now, or at a time)."""
        raise NotImplementedError

    def reserve(self, key: str, quantities: Mapping[str, int], *, workspace: str = "default") -> None:
        """Take products from stock under an idempotency key, all or none; raises `OutOfStock`. Joins the open transaction."""
        raise NotImplementedError

    def release(self, key: str, *, workspace: str = "default") -> None:
        """Give back what was reserved under a key; a second call does nothing."""
        raise NotImplementedError

    def json_ld(self, product: Product, *, url: str = "") -> dict[str, Any]:
        """Return a product as schema.org Product with its Offer."""
        raise NotImplementedError

    def import_products(self, path: Path, *, workspace: str = "default", dry_run: bool = False) -> ImportReport:
        """Import a product feed."""
        raise NotImplementedError

    def import_promotions(self, path: Path, *, workspace: str = "default", dry_run: bool = False) -> ImportReport:
        """Import a promotions feed."""
        raise NotImplementedError
