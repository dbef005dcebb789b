"""All SQL of the catalog."""

from yunqi.commerce.catalog.store.documents import decode, encode
from yunqi.commerce.catalog.store.imports import COUNTS, ImportStore, OpenImport
from yunqi.commerce.catalog.store.products import Known, ProductStore
from yunqi.commerce.catalog.store.promotions import PromotionStore
from yunqi.commerce.catalog.store.staging import StagingStore, Version
from yunqi.commerce.catalog.store.stock import StockStore
from yunqi.commerce.catalog.store.tables import MIGRATIONS

__all__ = [
    "COUNTS",
    "MIGRATIONS",
    "ImportStore",
    "Known",
    "OpenImport",
    "ProductStore",
    "PromotionStore",
    "StagingStore",
    "StockStore",
    "Version",
    "decode",
    "encode",
]
