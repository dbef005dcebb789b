"""Products, prices with history, stock and promotions; imported by generation.

>>> from yunqi.commerce.catalog import Money
>>> Money.parse("1.49 USD") * 3
Money(amount_minor=447, currency='USD')
"""

from yunqi.commerce.catalog.config import CatalogConfig
from yunqi.commerce.catalog.engine.cards import NO_PRICE, Cards
from yunqi.commerce.catalog.engine.rows import Lines, Row, format_of, read_rows
from yunqi.commerce.catalog.engine.streams import Bounds, Opened, unpack
from yunqi.commerce.catalog.model import (
    Availability,
    CatalogPublished,
    FeedRefused,
    ImportReport,
    ImportState,
    Money,
    OutOfStock,
    Page,
    PriceChange,
    PriceChanged,
    PricePoint,
    Product,
    ProductNotFound,
    Promotion,
    RowError,
    StockChanged,
)
from yunqi.commerce.catalog.service import Catalog
from yunqi.commerce.catalog.service.imports import Imports, Progress, Run, digest_of, no_progress, open_file, refused
from yunqi.commerce.catalog.store import MIGRATIONS

__all__ = [
    "MIGRATIONS",
    "NO_PRICE",
    "Availability",
    "Bounds",
    "Cards",
    "Catalog",
    "CatalogConfig",
    "CatalogPublished",
    "FeedRefused",
    "ImportReport",
    "ImportState",
    "Imports",
    "Lines",
    "Money",
    "Opened",
    "OutOfStock",
    "Page",
    "PriceChange",
    "PriceChanged",
    "PricePoint",
    "Product",
    "ProductNotFound",
    "Progress",
    "Promotion",
    "Row",
    "RowError",
    "Run",
    "StockChanged",
    "digest_of",
    "format_of",
    "no_progress",
    "open_file",
    "read_rows",
    "refused",
    "unpack",
]
