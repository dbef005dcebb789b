"""The tables of training: runs and scores."""

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from yunqi.cloud.training.model import Run, RunState, Score
from yunqi.kernel.clock import from_micros, to_micros
from yunqi.kernel.store import ID, JSON_TEXT, NAME, TEXT, TIME, Connection, Migration, Store, create, metadata

runs = sa.Table(
    "training_runs",
    metadata,
    sa.Column("workspace", NAME, primary_key=True),
    sa.Column("name", NAME, primary_key=True),
    sa.Column("id", ID, nullable=False),
    sa.Column("kind", NAME, nullable=False),
    sa.Column("state", NAME, nullable=False),
    sa.Column("recipe_hash", NAME, nullable=False),
    sa.Column("recipe", JSON_TEXT, nullable=False),
    sa.Column("folder", TEXT, nullable=False),
    sa.Column("step", ID, nullable=False),
    sa.Column("steps", ID, nullable=False),
    sa.Column("message", TEXT, nullable=False),
    sa.Column("error", TEXT, nullable=True),
    sa.Column("result", JSON_TEXT, nullable=True),
    sa.Column("asset", NAME, nullable=True),
    sa.Column("job_id", ID, nullable=True),
    sa.Column("created_at", TIME, nullable=False),
    sa.Column("finished_at", TIME, nullable=True),
)

scores = sa.Table(
    "training_scores",
    metadata,
    sa.Column("workspace", NAME, primary_key=True),
    sa.Column("model", NAME, primary_key=True),
    sa.Column("task", NAME, primary_key=True),
    sa.Column("metric", NAME, primary_key=True),
    sa.Column("body", JSON_TEXT, nullable=False),
    sa.Column("at", TIME, nullable=False),
)

MIGRATIONS = (Migration("training", 1, "runs, scores", create(runs, scores)),)


class TrainingStore:
    """All questions that training asks of the database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def begin(self, workspace: str, run: Run, recipe: dict[str, Any]) -> Run:
        """Write a run that starts, or starts again; the id and the time of the first start stay."""
        with self._store.begin() as tx:
            found = tx.execute(sa.select(runs).where(_named(workspace, run.name))).first()
            values = _values(run) | {"recipe": json.dumps(recipe, ensure_ascii=False)}
            if found is None:
                tx.execute(runs.insert(), {"workspace": workspace, "id": self._store.new_id(), **values})
            else:
                kept = {"created_at": found.created_at, "step": found.step, "steps": found.steps}
                tx.execute(runs.update().where(_named(workspace, run.name)).values(**(values | kept)))
        return self.run(workspace, run.name) or run

    def run(self, workspace: str, name: str) -> Run | None:
        """Return a run by name."""
        with self._store.read() as tx:
            row = tx.execute(sa.select(runs).where(_named(workspace, name))).first()
        return None if row is None else _run(row)

    def runs(self, workspace: str, *, limit: int = 100) -> list[Run]:
        """Return runs, newest first."""
        query = sa.select(runs).where(runs.c.workspace == workspace).order_by(runs.c.id.desc()).limit(limit)
        with self._store.read() as tx:
            return [_run(row) for row in tx.execute(query)]

    def report(self, workspace: str, name: str, *, step: int, steps: int, message: str) -> None:
        """Write where a run stands."""
        with self._store.begin() as tx:
            tx.execute(
                runs.update().where(_named(workspace, name)).values(step=step, steps=steps, message=message[:500])
            )

    def end(
        self, tx: Connection, workspace: str, name: str, *, state: RunState, at: datetime, error: str | None = None,
        result: dict[str, Any] | None = None, asset: str | None = None,
    ) -> None:  # fmt: skip
        """Write how a run ended."""
        values = {
            "state": state.value, "finished_at": to_micros(at), "error": error, "asset": asset,
            "result": None if result is None else json.dumps(result, ensure_ascii=False),
        }  # fmt: skip
        tx.execute(runs.update().where(_named(workspace, name)).values(**values))

    def keep_scores(self, tx: Connection, workspace: str, found: list[Score], *, at: datetime) -> None:
        """Write scores; a model's newer score on a task replaces the older one."""
        rows = [
            {
                "workspace": workspace, "model": score.model, "task": score.task, "metric": score.metric,
                "body": json.dumps([score.value, score.low, score.high, score.examples, score.higher_is_better]),
                "at": to_micros(at),
            }
            for score in found
        ]  # fmt: skip
        for row in rows:
            key = sa.and_(*(scores.c[name] == row[name] for name in ("workspace", "model", "task", "metric")))
            tx.execute(scores.delete().where(key))
            tx.execute(scores.insert(), row)

    def scores(self, workspace: str, *, task: str | None = None) -> list[Score]:
        """Return all scores, by task and metric."""
        query = sa.select(scores).where(scores.c.workspace == workspace)
        if task is not None:
            query = query.where(scores.c.task == task)
        query = query.order_by(scores.c.task, scores.c.metric, scores.c.model)
        with self._store.read() as tx:
            return [_score(row) for row in tx.execute(query)]


def _named(workspace: str, name: str) -> Any:
    return (runs.c.workspace == workspace) & (runs.c.name == name)


def _values(run: Run) -> dict[str, Any]:
    return {
        "name": run.name, "kind": run.kind, "state": run.state.value, "recipe_hash": run.recipe_hash,
        "folder": run.folder, "step": run.step, "steps": run.steps, "message": run.message, "error": run.error,
        "result": None, "asset": run.asset, "job_id": run.job_id, "created_at": to_micros(run.created_at),
        "finished_at": None,
    }  # fmt: skip


def _run(row: Any) -> Run:
    return Run(
        id=row.id, name=row.name, kind=row.kind, state=RunState(row.state), recipe_hash=row.recipe_hash,
        folder=row.folder, step=row.step, steps=row.steps, message=row.message, error=row.error,
        result=json.loads(row.result) if row.result else None, asset=row.asset, job_id=row.job_id,
        created_at=from_micros(row.created_at),
        finished_at=from_micros(row.finished_at) if row.finished_at else None,
    )  # fmt: skip


def _score(row: Any) -> Score:
    value, low, high, examples, higher = json.loads(row.body)
    return Score(row.task, row.metric, value, low, high, examples, row.model, higher)
