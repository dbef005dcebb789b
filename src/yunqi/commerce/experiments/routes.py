"""The operator's view of policies and decisions."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import APIRouter

from yunqi.commerce.experiments.model import DecisionSummary, Policy
from yunqi.commerce.experiments.service import Experiments
from yunqi.kernel import Principal
from yunqi.kernel.clock import iso


def router(experiments: Experiments, require: Callable[[str], Any]) -> APIRouter:
    """Return the routes; ``require(scope)`` makes the dependency that yields who asks."""
    routes = APIRouter(prefix="/v1", tags=["experiments"])

    @routes.get("/policies")
    def list_policies(surface: str | None = None, principal: Principal = require("read")) -> dict[str, Any]:
        """List policies by surface, newest first."""
        found = experiments.policies(surface=surface, workspace=principal.workspace)
        return {"policies": [policy_json(policy) for policy in found]}

    @routes.post("/policies/{policy_id}/promote")
    def promote_policy(policy_id: str, principal: Principal = require("admin")) -> dict[str, Any]:
        """Let a policy serve its surface; the one that did is retired."""
        return policy_json(experiments.promote(policy_id, workspace=principal.workspace))

    @routes.get("/decisions")
    def list_decisions(
        surface: str | None = None,
        before: str | None = None,
        limit: int = 50,
        principal: Principal = require("read"),
    ) -> dict[str, Any]:
        """List the newest decisions; ``before`` is the last id of the page before."""
        found = experiments.decisions(surface=surface, before=before, limit=limit, workspace=principal.workspace)
        return {"decisions": [summary_json(summary) for summary in found]}

    return routes


def policy_json(policy: Policy) -> dict[str, Any]:
    """Return a policy as the API shows it."""
    training = policy.training
    return {
        "id": policy.id,
        "surface": policy.surface,
        "version": policy.version,
        "stage": policy.stage.value,
        "kind": policy.kind,
        "created_at": _time(policy.created_at),
        "metrics": policy.metrics,
        "features": list(policy.features),
        "parameters": policy.parameters,
        "note": policy.note,
        "training": {
            "from": _time(training.since),
            "until": _time(training.until),
            "rows": training.rows,
            "seed": training.seed,
        },
    }


def summary_json(summary: DecisionSummary) -> dict[str, Any]:
    """Return a decision as a list shows it."""
    return {
        "id": summary.id,
        "surface": summary.surface,
        "policy_id": summary.policy_id,
        "at": _time(summary.at),
        "subject": summary.subject,
        "query": summary.query,
        "items": summary.items,
        "took_ms": summary.took_ms,
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else iso(at)
