"""What search keeps: the text index in files, query counts in the database."""

from yunqi.commerce.search.store.index import FIELDS, Hits, TextIndex, Texts
from yunqi.commerce.search.store.queries import MIGRATIONS, QueryStore

__all__ = ["FIELDS", "MIGRATIONS", "Hits", "QueryStore", "TextIndex", "Texts"]
