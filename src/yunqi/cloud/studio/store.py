"""The table of deployments: which published network answers under which name, and on what."""

from typing import Any

import sqlalchemy as sa

from yunqi.cloud.studio.model import Deployment
from yunqi.kernel.clock import from_micros, to_micros
from yunqi.kernel.store import NAME, TIME, Connection, Migration, Store, create, metadata

deployments = sa.Table(
    "studio_deployments",
    metadata,
    sa.Column("workspace", NAME, primary_key=True),
    sa.Column("name", NAME, primary_key=True),
    sa.Column("asset", NAME, nullable=False),
    sa.Column("target", NAME, nullable=False),
    sa.Column("created_at", TIME, nullable=False),
)

MIGRATIONS = (Migration("studio", 1, "deployments", create(deployments)),)


class DeploymentStore:
    """All questions about deployments."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, tx: Connection, workspace: str, found: Deployment) -> None:
        """Write a deployment."""
        row = {
            "name": found.name, "asset": found.asset, "target": found.target, "workspace": workspace,
            "created_at": to_micros(found.created_at),
        }  # fmt: skip
        tx.execute(deployments.insert(), row)

    def remove(self, tx: Connection, workspace: str, name: str) -> bool:
        """Forget a deployment; returns whether there was one."""
        done = tx.execute(deployments.delete().where(_named(workspace, name)))
        return bool(done.rowcount)

    def taken(self, tx: Connection, workspace: str, name: str) -> bool:
        """Whether the workspace uses the name."""
        return tx.execute(sa.select(deployments.c.name).where(_named(workspace, name))).first() is not None

    def get(self, workspace: str, name: str) -> Deployment | None:
        """Return a deployment by name."""
        with self._store.read() as tx:
            row = tx.execute(sa.select(deployments).where(_named(workspace, name))).first()
        return None if row is None else _deployment(row)

    def list(self, workspace: str) -> list[Deployment]:
        """Return a workspace's deployments by name."""
        query = sa.select(deployments).where(deployments.c.workspace == workspace).order_by(deployments.c.name)
        with self._store.read() as tx:
            return [_deployment(row) for row in tx.execute(query)]


def _named(workspace: str, name: str) -> Any:
    return (deployments.c.workspace == workspace) & (deployments.c.name == name)


def _deployment(row: Any) -> Deployment:
    return Deployment(row.name, row.asset, row.target, from_micros(row.created_at))
