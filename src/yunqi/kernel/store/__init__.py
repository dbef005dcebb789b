"""The store: SQLAlchemy Core over SQLite or OceanBase, in the portable SQL subset.

Tables are declared on the shared `metadata`, prefixed by their domain; only a domain's ``store.py`` speaks SQL.
"""

from sqlalchemy import Connection

from yunqi.kernel.store.engines import connect
from yunqi.kernel.store.migrations import Migration, add_column, create
from yunqi.kernel.store.move import MoveReport, move
from yunqi.kernel.store.schema import BLOB, ID, JSON_TEXT, NAME, TEXT, TIME, metadata
from yunqi.kernel.store.store import Store

__all__ = [
    "BLOB",
    "ID",
    "JSON_TEXT",
    "NAME",
    "TEXT",
    "TIME",
    "Connection",
    "Migration",
    "MoveReport",
    "Store",
    "add_column",
    "connect",
    "create",
    "metadata",
    "move",
]
