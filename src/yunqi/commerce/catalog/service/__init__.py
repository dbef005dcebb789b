"""The catalog's verbs."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from yunqi.commerce.catalog.config import CatalogConfig
from yunqi.commerce.catalog.engine.cards import Cards
from yunqi.commerce.catalog.engine.json_ld import json_ld
from yunqi.commerce.catalog.model import (
    Availability,
    ImportReport,
    OutOfStock,
    Page,
    PricePoint,
    Product,
    ProductNotFound,
    Promotion,
    StockChanged,
)
from yunqi.commerce.catalog.service.columns import CardCache
from yunqi.commerce.catalog.service.imports import Imports, Progress, no_progress
from yunqi.commerce.catalog.service.product_import import ProductImport
from yunqi.commerce.catalog.service.promotion_import import PromotionImport
from yunqi.commerce.catalog.store import ProductStore, PromotionStore, StockStore
from yunqi.kernel import Invalid, Kernel
from yunqi.kernel.clock import to_micros
from yunqi.kernel.store import Connection


class Catalog:
    """The shop's products.

    Parameters
    ----------
    kernel
        The ground floor; its database holds the catalog.
    config
        Settings.

    Attributes
    ----------
    imports
        The ledger of all file imports (also the events').
    """

    def __init__(self, kernel: Kernel, config: CatalogConfig) -> None:
        self.kernel = kernel
        self.config = config
        self.imports = Imports(kernel)
        self._products = ProductStore(kernel.store)
        self._promotions = PromotionStore(kernel.store)
        self._stock = StockStore(kernel.store)
        self._cards = CardCache(kernel, config.currency)

    def product(self, product_id: str, *, workspace: str = "default") -> Product:
        """Return one live product, or raise `ProductNotFound`."""
        found = self.products([product_id], workspace=workspace)
        if product_id not in found:
            raise ProductNotFound(f"There is no product {product_id[:100]!r} in the catalog.", "id")
        return found[product_id]

    def products(self, product_ids: Iterable[str], *, workspace: str = "default") -> dict[str, Product]:
        """Return live products by id, in the order asked for; unknown ids are left out."""
        wanted = list(dict.fromkeys(product_ids))
        found = self._with_stock(self._products.by_ids(workspace, wanted), workspace)
        return {product_id: found[product_id] for product_id in wanted if product_id in found}

    def page(self, query: str = "", *, page: int = 1, size: int = 50, workspace: str = "default") -> Page:
        """Return a page of live products whose id, title or brand has every word of the query."""
        if page < 1 or not 1 <= size <= 1000:
            raise Invalid("Pages are counted from 1, and a page has 1 to 1000 products.", "page")
        total, items = self._products.page(workspace, query.split()[:10], offset=(page - 1) * size, limit=size)
        return Page(total, tuple(items))

    def cards(self, *, workspace: str = "default") -> Cards:
        """Return the live generation as columns: an immutable snapshot in memory, renewed after each publication."""
        return self._cards.get(workspace)

    def changes(self, since: int, *, workspace: str = "default") -> tuple[list[str], list[str]]:
        """Return the ids set and those retired after a generation: what an index has to redo."""
        live = self._products.live_generation(workspace)
        changed = self._products.changed_ids(workspace, since, live)
        return changed, [product_id for _, product_id in self._products.retired(workspace, since, live)]

    def generation(self, *, workspace: str = "default") -> int:
        """Return the live generation, 0 before the first import."""
        return self._products.live_generation(workspace)

    def history(self, product_id: str, *, workspace: str = "default") -> list[PricePoint]:
        """Return a product's prices, oldest first."""
        return self._products.history(workspace, product_id)

    def promotions(self, *, workspace: str = "default") -> list[Promotion]:
        """Return every promotion with its products."""
        return self._promotions.all(workspace)

    def promotions_for(
        self, product_id: str, *, at: datetime | None = None, workspace: str = "default"
    ) -> list[Promotion]:
        """Return the promotions in force for a product (without their product lists), now or at a time."""
        return self._promotions.of_product(workspace, product_id, to_micros(at or self.kernel.clock()))

    def in_stock(self, product_id: str, *, workspace: str = "default") -> int | None:
        """Return how many are left, or None when this product's stock is not counted."""
        with self.kernel.store.read() as tx:
            number = self._stock.numbers(tx, workspace, [product_id]).get(product_id)
            if number is None:
                return None
            return self._stock.remaining(workspace, number, self.generation(workspace=workspace))

    def reserve(self, key: str, quantities: Mapping[str, int], *, workspace: str = "default") -> None:
        """Take products from stock, all or none; joins the open transaction.

        Parameters
        ----------
        key
            Idempotency key, as an order's id: a second call with it does nothing.
        quantities
            How many of each product. Products whose stock is not counted are only noted.

        Raises
        ------
        OutOfStock
            When less is left than asked for; nothing was taken.
        """
        if not quantities or any(quantity < 1 for quantity in quantities.values()):
            raise Invalid("Reserve at least one of each product.", "quantities")
        with self.kernel.store.begin(durable=True) as tx:
            if self._stock.is_reserved(tx, workspace, key):
                return
            live = self.generation(workspace=workspace)
            numbers = self._stock.numbers(tx, workspace, list(quantities))
            taken: dict[int, tuple[int, int | None]] = {}
            for product_id in sorted(quantities):
                if product_id not in numbers:
                    raise ProductNotFound(f"There is no product {product_id[:100]!r} in the catalog.", "id")
                number, quantity = numbers[product_id], quantities[product_id]
                enough, generation = self._stock.take(tx, workspace, number, quantity, live=live)
                if not enough:
                    left = self._stock.remaining(workspace, number, live)
                    raise OutOfStock(f"Only {left or 0} of product {product_id!r} are left. Take fewer.", product_id)
                taken[number] = (quantity, generation)
            self._stock.note(tx, workspace, key, taken, to_micros(self.kernel.clock()))
            left_now = self._stock.left(workspace, sorted(quantities), live)
            used_up = tuple(product_id for product_id, left in left_now.items() if left == 0)
            self._announce_stock(tx, workspace, StockChanged(used_up, ()))

    def release(self, key: str, *, workspace: str = "default") -> bool:
        """Give back what was reserved under a key; returns False when there was nothing (any more)."""
        with self.kernel.store.begin(durable=True) as tx:
            count, returned = self._stock.give_back(tx, workspace, key)
            self._announce_stock(tx, workspace, StockChanged((), tuple(self._stock.ids(tx, workspace, returned))))
            return count > 0

    def _announce_stock(self, tx: Connection, workspace: str, change: StockChanged) -> None:
        if change.used_up or change.returned:
            self.kernel.events.announce(tx, workspace, change, key=f"{workspace}:{self.kernel.store.new_id()}")

    def _with_stock(self, products: dict[str, Product], workspace: str) -> dict[str, Product]:
        """Return products with those out of stock whose counted stock is used up."""
        counted = [product.id for product in products.values() if product.quantity is not None]
        if not counted:
            return products
        left = self._stock.left(workspace, counted, self.generation(workspace=workspace))
        gone = {product_id for product_id, remaining in left.items() if remaining <= 0}
        return {
            key: replace(product, availability=Availability.OUT_OF_STOCK) if key in gone else product
            for key, product in products.items()
        }

    def json_ld(self, product: Product, *, url: str = "") -> dict[str, Any]:
        """Return a product as schema.org Product with its Offer at today's price."""
        return json_ld(product, product.price_at(self.kernel.clock()), url=url)

    def import_products(
        self,
        path: Path,
        *,
        workspace: str = "default",
        dry_run: bool = False,
        partial: bool = False,
        strict: bool = False,
        progress: Progress = no_progress,
    ) -> ImportReport:
        """Import a product feed: check it, stage it unseen, and publish it as one new generation.

        Parameters
        ----------
        path
            CSV, TSV, JSONL or Parquet in Google Merchant columns; plain, gzip, or a zip with one file.
        dry_run
            Check and count, write only the report.
        partial
            The feed holds only some products: add and update, retire nothing.
        strict
            Refuse a feed with an unknown column.
        progress
            Called after each chunk with bytes read, bytes in the file, and a text.

        Raises
        ------
        FeedRefused
            When the feed is broken or too many rows are; nothing was published.
        Conflict
            When another catalog import is running.
        """
        importer = ProductImport(self.kernel, self.config, partial=partial, strict=strict)
        report = importer.run(path, workspace=workspace, dry_run=dry_run, progress=progress)
        self._cards.settle(workspace)  # who imports reads what was imported, even while another thread refreshes
        return report

    def import_promotions(
        self,
        path: Path,
        *,
        workspace: str = "default",
        dry_run: bool = False,
        strict: bool = False,
        progress: Progress = no_progress,
    ) -> ImportReport:
        """Import a promotions feed, which replaces the promotions before it; raises as `import_products` does."""
        importer = PromotionImport(self.kernel, self.config, strict=strict)
        return importer.run(path, workspace=workspace, dry_run=dry_run, progress=progress)
