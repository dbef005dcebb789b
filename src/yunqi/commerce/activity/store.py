"""All SQL of activity: which visitor is which user. (The events themselves are the kernel's log.)"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from yunqi.kernel.store import NAME, TIME, Connection, Migration, Store, create, metadata

identities = sa.Table(
    "activity_identities",
    metadata,
    sa.Column("workspace", NAME, primary_key=True),
    sa.Column("visitor", NAME, primary_key=True),
    sa.Column("user_id", NAME, nullable=False),
    sa.Column("at", TIME, nullable=False),
    sa.Index("activity_identities_user", "workspace", "user_id"),
)

MIGRATIONS = (Migration("activity", 1, "visitors and users", create(identities)),)

_BATCH = 500


class IdentityStore:
    """Who is who."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def users(self, tx: Connection, workspace: str, visitors: Sequence[str]) -> dict[str, str]:
        """Return the user of each visitor that was identified."""
        found: dict[str, str] = {}
        for start in range(0, len(visitors), _BATCH):
            query = sa.select(identities.c.visitor, identities.c.user_id).where(
                identities.c.workspace == workspace, identities.c.visitor.in_(visitors[start : start + _BATCH])
            )
            found.update((row[0], row[1]) for row in tx.execute(query))
        return found

    def identify(self, tx: Connection, workspace: str, users: Mapping[str, str], at: int) -> None:
        """Set the user of visitors."""
        rows = [{"workspace": workspace, "visitor": v, "user_id": u, "at": at} for v, u in users.items()]
        self._store.upsert(tx, identities, rows, key=["workspace", "visitor"], update=["user_id", "at"])

    def visitors(self, workspace: str, user: str) -> list[str]:
        """Return the visitors that turned out to be a user."""
        query = sa.select(identities.c.visitor).where(identities.c.workspace == workspace, identities.c.user_id == user)
        with self._store.read() as tx:
            return list(tx.execute(query.order_by(identities.c.visitor)).scalars())
