"""Plans as documents: what the command line prints and the API returns."""

from collections.abc import Sequence
from typing import Any

from yunqi.commerce.logistics.engine.routing.check import Day, Verdict, check
from yunqi.commerce.logistics.model import Plan, Problem, Quote, Replan, Unserved


def plan_document(problem: Problem, plan: Plan, *, times: bool = False) -> dict[str, Any]:
    """Return a plan as a document; with ``times`` each stop's arrival and service too."""
    found = {
        "cost": round(plan.cost, 6),
        "routes": [
            {"vehicle": shown(problem, r.vehicle), "stops": [shown(problem, stop) for stop in r.stops]}
            | ({} if r.departs is None else {"departs": r.departs})
            for r in plan.routes
        ],
        "unserved": [unserved_document(problem, one) for one in plan.unserved],
        "gap": plan.gap,
        "bound": plan.bound,
        "seconds": round(plan.seconds, 3),
        "partial": bool(plan.unserved),
        "matrix": {"source": plan.source},
        "solver": plan.solver,
        "seed": plan.seed,
        "iterations": plan.iterations,
        "notes": list(plan.notes),
    }
    if times:
        found["days"] = days(problem, check(problem, plan.routes).days)
    return found


def unserved_document(problem: Problem, one: Unserved) -> dict[str, Any]:
    """Return why a task is not served, and what would admit it in words and as changes."""
    found = one.relaxation
    text = "" if found is None else " and ".join(change.text for change in found.changes)
    changes = [] if found is None else found.changes
    return {
        "id": shown(problem, one.id),
        "reasons": list(one.reasons),
        "relaxation": text,
        "verified": found is not None and found.verified,
        "partial": one.partial,
        "vehicle": None if found is None else shown(problem, found.vehicle),
        "changes": [
            {"what": c.what, "of": c.of, "before": c.before, "after": c.after, "unit": c.unit} for c in changes
        ],
    }


def shown(problem: Problem, key: str) -> str | int:
    """Return an id as the problem's file writes it."""
    return int(key) if problem.numeric_ids and key.lstrip("-").isdigit() else key


def days(problem: Problem, followed: Sequence[Day]) -> list[dict[str, Any]]:
    """Return vehicles' days as the checker followed them: when each leaves, arrives, serves, is back."""
    scale = problem.travel.scale
    return [
        {
            "vehicle": shown(problem, day.vehicle),
            "departs": day.departs / scale,
            "returns": day.returns / scale,
            "distance": day.distance / scale,
            "stops": [
                {
                    "id": shown(problem, v.id),
                    "arrives": v.arrives / scale,
                    "begins": v.begins / scale,
                    "ends": v.ends / scale,
                }
                for v in day.visits
            ],
        }
        for day in followed
    ]


def verdict_document(problem: Problem, verdict: Verdict) -> dict[str, Any]:
    """Return what a plan amounts to by the checker."""
    return {
        "feasible": not verdict.broken,
        "cost": verdict.cost,
        "distance": verdict.distance,
        "vehicles": verdict.vehicles,
        "broken": list(verdict.broken),
        "unserved": [shown(problem, key) for key in verdict.unserved],
        "matrix": {"source": problem.travel.source},
    }


def replan_document(found: Replan, *, times: bool = False) -> dict[str, Any]:
    """Return a new plan with what it changed."""
    return plan_document(found.problem, found.plan, times=times) | {
        "changes": [{"id": c.id, "what": c.what, "before": c.before, "after": c.after} for c in found.changes],
        "kept": round(found.kept, 4),
        "first": {"seconds": round(found.first_seconds, 3), "cost": found.first_cost},
    }


def quote_document(quotes: list[Quote]) -> dict[str, Any]:
    """Return the prices of slots."""
    return {
        "slots": [
            {
                "window_s": list(q.window),
                "feasible": q.cost is not None,
                "cost": q.cost,
                "vehicle": q.vehicle,
                "reason": q.reason,
            }
            for q in quotes
        ]
    }
