"""The tables of experiments: policies, decisions, outcomes."""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from yunqi.commerce.experiments.model import (
    Decision,
    DecisionItem,
    DecisionSummary,
    Outcome,
    Policy,
    Slot,
    Stage,
    StageTrace,
    Training,
)
from yunqi.kernel.clock import from_micros, to_micros
from yunqi.kernel.store import ID, JSON_TEXT, NAME, TEXT, TIME, Connection, Migration, Store, create, metadata

decisions = sa.Table(
    "experiments_decisions",
    metadata,
    sa.Column("id", ID, primary_key=True, autoincrement=False),
    sa.Column("workspace", NAME, nullable=False),
    sa.Column("surface", NAME, nullable=False),
    sa.Column("policy_id", NAME, nullable=False),
    sa.Column("at", TIME, nullable=False),
    sa.Column("subject", NAME, nullable=False),
    sa.Column("query", TEXT, nullable=True),
    sa.Column("items", ID, nullable=False),
    sa.Column("took_us", ID, nullable=False),
    sa.Column("seq", ID, nullable=False),
    sa.Column("body", JSON_TEXT, nullable=False),
    sa.Index("experiments_decisions_surface", "surface", "id"),
    sa.Index("experiments_decisions_at", "at"),
)

policies = sa.Table(
    "experiments_policies",
    metadata,
    sa.Column("workspace", NAME, primary_key=True),
    sa.Column("id", NAME, primary_key=True),
    sa.Column("surface", NAME, nullable=False),
    sa.Column("version", ID, nullable=False),
    sa.Column("stage", NAME, nullable=False),
    sa.Column("kind", NAME, nullable=False),
    sa.Column("created_at", TIME, nullable=False),
    sa.Column("model", NAME, nullable=True),
    sa.Column("body", JSON_TEXT, nullable=False),
    sa.Index("experiments_policies_surface", "workspace", "surface", "version", unique=True),
)

outcomes = sa.Table(
    "experiments_outcomes",
    metadata,
    sa.Column("decision_id", ID, primary_key=True, autoincrement=False),
    sa.Column("seq", ID, primary_key=True, autoincrement=False),
    sa.Column("product_id", NAME, primary_key=True),
    sa.Column("at", TIME, nullable=False),
    sa.Column("event", NAME, nullable=False),
)

MIGRATIONS = (Migration("experiments", 1, "policies, decisions, outcomes", create(policies, decisions, outcomes)),)


class _Body(msgspec.Struct, array_like=True):
    """A decision's items as columns: a third of the size of one object each."""

    products: list[str]
    positions: list[int]
    scores: list[float]
    slots: list[str]
    propensities: list[float]
    sources: dict[str, list[float | None]]
    features: str
    context: dict[str, Any]
    stages: list[tuple[str, int, int, float]]


class _PolicyBody(msgspec.Struct):
    features: tuple[str, ...]
    features_version: int
    parameters: dict[str, float]
    metrics: dict[str, float]
    since: int | None
    until: int | None
    rows: int
    seed: int | None
    note: str


class ExperimentsStore:
    """All SQL of experiments."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add_decisions(self, tx: Connection, batch: Sequence[Decision]) -> None:
        """Write decisions; one that is there already stays as it is."""
        self._store.upsert(tx, decisions, [_decision_row(decision) for decision in batch], key=["id"])

    def decision(self, tx: Connection, decision_id: int, workspace: str) -> Decision | None:
        """Return one decision."""
        query = sa.select(decisions).where(decisions.c.id == decision_id, decisions.c.workspace == workspace)
        row = tx.execute(query).first()
        return None if row is None else _decision(row)

    def latest(
        self, tx: Connection, workspace: str, surface: str | None, before: int | None, limit: int
    ) -> list[DecisionSummary]:
        """Return the newest decisions."""
        columns = [column for column in decisions.c if column.name != "body"]
        query = sa.select(*columns).where(decisions.c.workspace == workspace).order_by(decisions.c.id.desc())
        if surface is not None:
            query = query.where(decisions.c.surface == surface)
        if before is not None:
            query = query.where(decisions.c.id < before)
        return [
            DecisionSummary(
                str(row.id),
                row.surface,
                row.policy_id,
                from_micros(row.at),
                row.subject,
                row.query,
                row.items,
                row.took_us / 1000,
            )
            for row in tx.execute(query.limit(limit))
        ]

    def remove_before(self, tx: Connection, at: datetime) -> int:
        """Forget old decisions; returns how many."""
        return int(tx.execute(decisions.delete().where(decisions.c.at < to_micros(at))).rowcount)

    def add_outcomes(self, tx: Connection, rows: list[dict[str, Any]]) -> None:
        """Write outcomes; a repeated delivery changes nothing."""
        self._store.upsert(tx, outcomes, rows, key=["decision_id", "seq", "product_id"])

    def outcomes(self, tx: Connection, decision_id: int) -> list[Outcome]:
        """Return what cites a decision, in log order."""
        query = sa.select(outcomes).where(outcomes.c.decision_id == decision_id)
        found = tx.execute(query.order_by(outcomes.c.seq, outcomes.c.product_id))
        return [Outcome(from_micros(row.at), row.event, row.product_id) for row in found]

    def next_version(self, tx: Connection, workspace: str, surface: str) -> int:
        """Return the version a new policy of a surface gets."""
        query = sa.select(sa.func.max(policies.c.version)).where(
            policies.c.workspace == workspace, policies.c.surface == surface
        )
        return int(tx.execute(query).scalar() or 0) + 1

    def add_policy(self, tx: Connection, policy: Policy) -> None:
        """Write a new policy."""
        tx.execute(policies.insert(), _policy_row(policy))

    def set_stage(self, tx: Connection, workspace: str, policy_id: str, stage: Stage) -> None:
        """Move a policy to a stage."""
        where = (policies.c.workspace == workspace) & (policies.c.id == policy_id)
        tx.execute(policies.update().where(where).values(stage=stage.value))

    def policy(self, tx: Connection, workspace: str, policy_id: str) -> Policy | None:
        """Return one policy."""
        where = (policies.c.workspace == workspace) & (policies.c.id == policy_id)
        row = tx.execute(sa.select(policies).where(where)).first()
        return None if row is None else _policy(row)

    def policies(self, tx: Connection, workspace: str, surface: str | None, stage: Stage | None) -> list[Policy]:
        """Return policies, newest first within each surface."""
        query = sa.select(policies).where(policies.c.workspace == workspace)
        if surface is not None:
            query = query.where(policies.c.surface == surface)
        if stage is not None:
            query = query.where(policies.c.stage == stage.value)
        return [_policy(row) for row in tx.execute(query.order_by(policies.c.surface, policies.c.version.desc()))]


def _decision_row(decision: Decision) -> dict[str, Any]:
    items = decision.items
    names = sorted({name for item in items for name in item.sources})
    body = _Body(
        [item.product_id for item in items],
        [item.position for item in items],
        [item.score for item in items],
        [item.slot.value for item in items],
        [item.propensity for item in items],
        {name: [item.sources.get(name) for item in items] for name in names},
        base64.b64encode(decision.features).decode("ascii"),
        decision.context,
        [(stage.name, stage.arriving, stage.leaving, stage.ms) for stage in decision.stages],
    )
    return {
        "id": int(decision.id),
        "workspace": decision.workspace,
        "surface": decision.surface,
        "policy_id": decision.policy_id,
        "at": to_micros(decision.at),
        "subject": decision.subject,
        "query": decision.query,
        "items": len(items),
        "took_us": int(decision.took_ms * 1000),
        "seq": decision.seq,
        "body": msgspec.json.encode(body).decode("utf-8"),
    }


def _decision(row: Any) -> Decision:
    body = msgspec.json.decode(row.body, type=_Body)
    items = tuple(
        DecisionItem(
            product,
            body.positions[i],
            body.scores[i],
            Slot(body.slots[i]),
            body.propensities[i],
            {name: value for name, column in body.sources.items() if (value := column[i]) is not None},
        )
        for i, product in enumerate(body.products)
    )
    return Decision(
        id=str(row.id),
        surface=row.surface,
        policy_id=row.policy_id,
        at=from_micros(row.at),
        subject=row.subject,
        items=items,
        seq=row.seq,
        features=base64.b64decode(body.features),
        query=row.query,
        context=body.context,
        stages=tuple(StageTrace(*stage) for stage in body.stages),
        took_ms=row.took_us / 1000,
        workspace=row.workspace,
    )


def _policy_row(policy: Policy) -> dict[str, Any]:
    training = policy.training
    body = _PolicyBody(
        policy.features,
        policy.features_version,
        policy.parameters,
        policy.metrics,
        to_micros(training.since) if training.since else None,
        to_micros(training.until) if training.until else None,
        training.rows,
        training.seed,
        policy.note,
    )
    return {
        "workspace": policy.workspace,
        "id": policy.id,
        "surface": policy.surface,
        "version": policy.version,
        "stage": policy.stage.value,
        "kind": policy.kind,
        "created_at": to_micros(policy.created_at),
        "model": policy.model,
        "body": msgspec.json.encode(body).decode("utf-8"),
    }


def _policy(row: Any) -> Policy:
    body = msgspec.json.decode(row.body, type=_PolicyBody)
    since = from_micros(body.since) if body.since is not None else None
    until = from_micros(body.until) if body.until is not None else None
    return Policy(
        id=row.id,
        surface=row.surface,
        version=row.version,
        stage=Stage(row.stage),
        kind=row.kind,
        features=body.features,
        features_version=body.features_version,
        created_at=from_micros(row.created_at),
        parameters=body.parameters,
        model=row.model,
        metrics=body.metrics,
        training=Training(since, until, body.rows, body.seed),
        note=body.note,
        workspace=row.workspace,
    )
