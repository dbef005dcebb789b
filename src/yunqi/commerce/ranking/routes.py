"""The operator's view of a ranking: why it came out so, and training a new one."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Body

from yunqi.commerce.ranking.model import TRAIN, Reason
from yunqi.commerce.ranking.service import Ranking
from yunqi.kernel import Principal
from yunqi.kernel.clock import iso


def router(ranking: Ranking, require: Callable[[str], Any]) -> APIRouter:
    """Return the routes; ``require(scope)`` makes the dependency that yields who asks."""
    routes = APIRouter(prefix="/v1", tags=["ranking"])

    @routes.get("/decisions/{decision_id}")
    def explain_decision(decision_id: str, principal: Principal = require("read")) -> dict[str, Any]:
        """Explain a decision: each product's sources, features and what each feature gave to its score."""
        return reason_json(ranking.explain(decision_id))

    @routes.post("/policies/train", status_code=202)
    def train_policies(
        surface: str | None = Body(None, embed=True), principal: Principal = require("admin")
    ) -> dict[str, Any]:
        """Train a surface's policy (or all that can be trained) by replaying the log, as a job."""
        job = ranking.kernel.jobs.submit(TRAIN, {"surface": surface}, workspace=principal.workspace)
        return {"job_id": str(job.id)}

    return routes


def reason_json(reason: Reason) -> dict[str, Any]:
    """Return an explained decision as the API shows it."""
    decision = reason.decision
    return {
        "id": decision.id,
        "surface": decision.surface,
        "policy_id": decision.policy_id,
        "at": iso(decision.at),
        "subject": decision.subject,
        "query": decision.query,
        "context": decision.context | {"seq": decision.seq},
        "took_ms": decision.took_ms,
        "items": [
            {
                "position": why.item.position,
                "product_id": why.item.product_id,
                "title": why.title,
                "score": why.item.score,
                "slot": why.item.slot.value,
                "propensity": why.item.propensity,
                "sources": why.item.sources,
                "features": why.features,
                "contributions": why.contributions,
                "shown": True,
            }
            for why in reason.items
        ],
        "outcomes": [
            {
                "at": iso(outcome.at),
                "event": outcome.event,
                "product_id": outcome.product_id,
            }
            for outcome in reason.outcomes
        ],
        "stages": [
            {"name": stage.name, "in": stage.arriving, "out": stage.leaving, "ms": stage.ms}
            for stage in decision.stages
        ],
    }
