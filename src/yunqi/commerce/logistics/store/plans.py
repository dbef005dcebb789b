"""Plans with their problems."""

from typing import Any

import msgspec
import sqlalchemy as sa

from yunqi.kernel.errors import NotFound
from yunqi.kernel.store import ID, JSON_TEXT, NAME, TIME, Migration, Store, create, metadata

plans = sa.Table(
    "logistics_plans",
    metadata,
    sa.Column("id", ID, primary_key=True, autoincrement=False),
    sa.Column("workspace", NAME, nullable=False, index=True),
    sa.Column("state", NAME, nullable=False),
    sa.Column("job", ID, nullable=True),
    sa.Column("version", ID, nullable=False),
    sa.Column("problem", JSON_TEXT, nullable=False),
    sa.Column("answer", JSON_TEXT, nullable=True),
    sa.Column("created_at", TIME, nullable=False),
)

MIGRATIONS = (Migration("logistics", 1, "plans", create(plans)),)


class PlanStore:
    """Plans: what was asked, and the best answer so far."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, problem: dict[str, Any], *, workspace: str, now: int) -> int:
        """Keep a problem and return the plan's id."""
        plan_id = self._store.new_id()
        row = {
            "id": plan_id, "workspace": workspace, "state": "queued", "version": 0,
            "problem": msgspec.json.encode(problem).decode(), "created_at": now,
        }  # fmt: skip
        with self._store.begin() as tx:
            tx.execute(plans.insert(), row)
        return plan_id

    def get(self, plan_id: int, *, workspace: str) -> dict[str, Any]:
        """Return a plan's row with its documents decoded.

        Raises
        ------
        NotFound
            When the workspace has no such plan.
        """
        mine = (plans.c.id == plan_id) & (plans.c.workspace == workspace)
        with self._store.read() as tx:
            row = tx.execute(sa.select(plans).where(mine)).mappings().first()
        if row is None:
            raise NotFound(f"There is no plan {plan_id}.")
        found = dict(row)
        found["problem"] = msgspec.json.decode(row["problem"])
        found["answer"] = msgspec.json.decode(row["answer"]) if row["answer"] else None
        return found

    def update(self, plan_id: int, **values: Any) -> None:
        """Write an answer, a problem, a state or a job, and count the version up."""
        for key in ("problem", "answer"):
            if key in values:
                values[key] = msgspec.json.encode(values[key]).decode()
        with self._store.begin() as tx:
            changed = plans.update().where(plans.c.id == plan_id)
            tx.execute(changed.values(version=plans.c.version + 1, **values))
