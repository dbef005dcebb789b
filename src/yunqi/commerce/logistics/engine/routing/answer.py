"""From the search's numbers to a plan that the checker has accepted."""

from collections.abc import Sequence

from yunqi.commerce.logistics.engine.routing.bound import bound
from yunqi.commerce.logistics.engine.routing.check import Verdict, check
from yunqi.commerce.logistics.model import Disagreement, Plan, Problem, Route, Unserved


def accepted(problem: Problem, routes: Sequence[Route]) -> Verdict:
    """Check routes and return the verdict.

    Raises
    ------
    Disagreement
        When the checker finds a broken rule: our defect, which is never shown as a plan.
    """
    verdict = check(problem, routes)
    if verdict.broken:
        shown = "; ".join(verdict.broken[:3])
        raise Disagreement(
            f"The checker refuses the plan of {problem.name}: {shown}. Please report this with the file."
        )
    return verdict


def plan_of(
    problem: Problem, routes: Sequence[Route], *, reasons: Sequence[Unserved] = (), seconds: float = 0.0,
    solver: str = "", seed: int = 0, iterations: int = 0, notes: tuple[str, ...] = ()
) -> Plan:  # fmt: skip
    """Return a checked plan with its bound and gap."""
    verdict = accepted(problem, routes)
    explained = {one.id: one for one in reasons}
    unserved = tuple(explained.get(key) or Unserved(key, ("not looked into",)) for key in verdict.unserved)
    low = bound(problem, frozenset(verdict.unserved))
    if low is not None:
        low = min(low, verdict.cost)
    gap = None if low is None else (verdict.cost - low) / verdict.cost if verdict.cost > 0 else 0.0
    return Plan(
        verdict.cost, tuple(route for route in routes if route.stops), unserved, low, gap, seconds, problem.travel.source,
        solver, seed, iterations, problem.repairs + notes,
    )  # fmt: skip
