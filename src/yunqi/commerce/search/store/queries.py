"""What shoppers search for: counts by query."""

from collections.abc import Mapping

import sqlalchemy as sa

from yunqi.kernel.store import ID, NAME, TIME, Connection, Migration, Store, create, metadata

queries = sa.Table(
    "search_queries",
    metadata,
    sa.Column("workspace", NAME, primary_key=True),
    sa.Column("query", NAME, primary_key=True),
    sa.Column("searches", ID, nullable=False),
    sa.Column("last_at", TIME, nullable=False),
)

MIGRATIONS = (Migration("search", 1, "query counts", create(queries)),)

_LONGEST = 190


class QueryStore:
    """All SQL of search."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, tx: Connection, workspace: str, counts: Mapping[str, int], at: int) -> None:
        """Add to the counts of some queries (longer ones than an index takes are left out)."""
        wanted = {query: count for query, count in counts.items() if 0 < len(query) <= _LONGEST}
        where = (queries.c.workspace == workspace) & queries.c.query.in_(list(wanted))
        before = {row.query: row.searches for row in tx.execute(sa.select(queries).where(where))}
        rows = [
            {"workspace": workspace, "query": query, "searches": before.get(query, 0) + count, "last_at": at}
            for query, count in wanted.items()
        ]
        self._store.upsert(tx, queries, rows, key=["workspace", "query"], update=["searches", "last_at"])

    def top(self, tx: Connection, workspace: str, limit: int) -> list[tuple[str, int]]:
        """Return the most frequent queries with their counts."""
        query = sa.select(queries.c.query, queries.c.searches).where(queries.c.workspace == workspace)
        found = tx.execute(query.order_by(queries.c.searches.desc(), queries.c.query).limit(limit))
        return [(row.query, row.searches) for row in found]
