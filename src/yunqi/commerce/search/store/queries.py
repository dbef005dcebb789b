"""What search keeps in the database: counts by query, and verdicts on who understands queries."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from yunqi.commerce.search.model import Trial, Verdict
from yunqi.kernel.clock import from_micros, to_micros
from yunqi.kernel.store import ID, JSON_TEXT, NAME, TIME, Connection, Migration, Store, create, metadata

queries = sa.Table(
    "search_queries",
    metadata,
    sa.Column("workspace", NAME, primary_key=True),
    sa.Column("query", NAME, primary_key=True),
    sa.Column("searches", ID, nullable=False),
    sa.Column("last_at", TIME, nullable=False),
)

verdicts = sa.Table(
    "search_verdicts",
    metadata,
    sa.Column("id", ID, primary_key=True, autoincrement=False),
    sa.Column("workspace", NAME, nullable=False),
    sa.Column("at", TIME, nullable=False),
    sa.Column("who", NAME, nullable=False),
    sa.Column("serves", NAME, nullable=False),
    sa.Column("body", JSON_TEXT, nullable=False),
    sa.Index("search_verdicts_workspace", "workspace", "id"),
)

MIGRATIONS = (
    Migration("search", 1, "query counts", create(queries)),
    Migration("search", 2, "who understands queries", create(verdicts)),
)

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

    def keep(self, tx: Connection, workspace: str, verdict: Verdict) -> None:
        """Add a verdict; nothing is ever changed or removed."""
        trial = dataclasses.asdict(verdict.trial) if verdict.trial else None
        row = {
            "id": self._store.new_id(), "workspace": workspace, "at": to_micros(verdict.at), "who": verdict.who,
            "serves": verdict.serves, "body": msgspec.json.encode({"trial": trial, "data": verdict.data}).decode(),
        }  # fmt: skip
        tx.execute(verdicts.insert(), row)

    def verdicts(self, tx: Connection, workspace: str, limit: int) -> list[Verdict]:
        """Return verdicts, newest first."""
        query = sa.select(verdicts).where(verdicts.c.workspace == workspace).order_by(verdicts.c.id.desc())
        return [_verdict(row) for row in tx.execute(query.limit(limit))]


def _verdict(row: Any) -> Verdict:
    body = msgspec.json.decode(row.body)
    trial = Trial(**body["trial"]) if body["trial"] else None
    return Verdict(from_micros(row.at), row.who, row.serves, trial, body["data"])
