"""Plans with their problems."""

from typing import Any

import msgspec
import sqlalchemy as sa

from yunqi.kernel.errors import Conflict, NotFound
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


class _Answer(msgspec.Struct):
    """The few parts of an answer that a list shows."""

    cost: float | None = None
    routes: list[msgspec.Raw] = []
    unserved: list[msgspec.Raw] = []
    partial: bool = False


class _Asked(msgspec.Struct):
    """The few parts of a problem that a list shows."""

    name: str | int | None = None
    tasks: list[msgspec.Raw] = []
    jobs: list[msgspec.Raw] = []
    shipments: list[msgspec.Raw] = []
    events: list[msgspec.Raw] = []


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

    def newest(self, *, state: str | None, before: int | None, limit: int, workspace: str) -> list[dict[str, Any]]:
        """Return the newest plans, each with a summary instead of its documents; ``before``: older than that id."""
        asked = sa.select(plans).where(plans.c.workspace == workspace).order_by(plans.c.id.desc()).limit(limit)
        if state is not None:
            asked = asked.where(plans.c.state == state)
        if before is not None:
            asked = asked.where(plans.c.id < before)
        with self._store.read() as tx:
            rows = tx.execute(asked).mappings().all()
        names = ("id", "state", "version", "job", "created_at")
        return [{name: row[name] for name in names} | {"summary": _summary(row)} for row in rows]

    def update(self, plan_id: int, *, expect: int | None = None, **values: Any) -> None:
        """Write an answer, a problem, a state or a job, and count the version up.

        Raises
        ------
        Conflict
            When the plan is not at the version expected any more.
        """
        for key in ("problem", "answer"):
            if key in values:
                values[key] = msgspec.json.encode(values[key]).decode()
        with self._store.begin() as tx:
            changed = plans.update().where(plans.c.id == plan_id)
            if expect is not None:
                changed = changed.where(plans.c.version == expect)
            if not tx.execute(changed.values(version=plans.c.version + 1, **values)).rowcount:
                raise Conflict(f"Plan {plan_id} was changed meanwhile; look at it again.")


def _summary(row: Any) -> dict[str, Any]:
    asked = msgspec.json.decode(row["problem"], type=_Asked)
    answer = msgspec.json.decode(row["answer"], type=_Answer) if row["answer"] else _Answer()
    return {
        "name": None if asked.name is None else str(asked.name),
        "tasks": len(asked.tasks) + len(asked.jobs) + 2 * len(asked.shipments),
        "events": len(asked.events),
        "cost": answer.cost,
        "vehicles": len(answer.routes),
        "unserved": len(answer.unserved),
    }
