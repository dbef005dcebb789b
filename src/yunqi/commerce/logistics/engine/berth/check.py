"""The independent judge of berth plans: shares nothing with the searches but the nouns."""

from itertools import pairwise

from yunqi.commerce.logistics.model.berth import BerthPlan, BerthProblem, QuayProblem


def violations(problem: BerthProblem | QuayProblem, plan: BerthPlan) -> list[str]:
    """Return every rule that the plan breaks, in words; empty for a valid one whose cost is right."""
    count = len(problem.arrival) if isinstance(problem, BerthProblem) else len(problem.vessels)
    seen = sorted(visit.vessel for visit in plan.visits)
    if seen != list(range(1, count + 1)):
        return ["not every vessel has exactly one visit"]
    found = _berths(problem, plan) if isinstance(problem, BerthProblem) else _quay(problem, plan)
    price = cost(problem, plan)
    if price != plan.cost:
        found.append(f"the cost is {price}, not {plan.cost}")
    if plan.bound > plan.cost:
        found.append(f"the bound {plan.bound} is above the cost {plan.cost}")
    return found


def cost(problem: BerthProblem | QuayProblem, plan: BerthPlan) -> int:
    """Return what the plan costs by the problem's own rule."""
    total = 0
    for visit in plan.visits:
        if isinstance(problem, BerthProblem):
            total += problem.weight[visit.vessel - 1] * (visit.end - problem.arrival[visit.vessel - 1])
        else:
            vessel = problem.vessels[visit.vessel - 1]
            total += vessel.weight * (visit.start - vessel.arrival + max(0, visit.end - vessel.due))
    return total


def _berths(problem: BerthProblem, plan: BerthPlan) -> list[str]:
    found = []
    for visit in plan.visits:
        vessel, berth = visit.vessel - 1, visit.berth - 1
        if not 0 <= berth < len(problem.opening):
            found.append(f"vessel {visit.vessel}: there is no berth {visit.berth}")
            continue
        time = problem.handling[vessel][berth]
        if time is None or visit.end - visit.start != time:
            found.append(f"vessel {visit.vessel}: stays {visit.end - visit.start} at berth {visit.berth}, not {time}")
        if visit.start < max(problem.arrival[vessel], problem.opening[berth]):
            found.append(f"vessel {visit.vessel}: starts before it is there or the berth is open")
        if visit.end > min(problem.latest[vessel], problem.closing[berth]):
            found.append(f"vessel {visit.vessel}: ends at {visit.end}, after it must leave or the berth closes")
    by_berth = sorted(plan.visits, key=lambda visit: (visit.berth, visit.start))
    for one, two in pairwise(by_berth):
        if one.berth == two.berth and two.start < one.end:
            found.append(f"vessels {one.vessel} and {two.vessel} are both at berth {one.berth} at {two.start}")
    return found


def _quay(problem: QuayProblem, plan: BerthPlan) -> list[str]:
    found = []
    for visit in plan.visits:
        vessel = problem.vessels[visit.vessel - 1]
        at, cranes = visit.position or 0, visit.cranes or 0
        if at < 0 or at + vessel.length > problem.length:
            found.append(f"{vessel.name} reaches beyond the quay")
        if not vessel.least_cranes <= cranes <= vessel.most_cranes:
            found.append(f"{vessel.name} has {cranes} cranes")
        elif (visit.end - visit.start) * cranes**0.9 < vessel.work * (1 + 0.001 * abs(at - vessel.position)) - 1e-6:
            found.append(f"{vessel.name} leaves before its work is done")
        if visit.start < vessel.arrival or visit.end > problem.hours:
            found.append(f"{vessel.name} lies outside its time")
        for hour in (visit.start, visit.end):
            if problem.depth and hour < problem.hours and vessel.draught and problem.depth[hour] < vessel.draught:
                found.append(f"{vessel.name} moves at hour {hour} without enough water")
    for hour in range(problem.hours):
        there = [visit for visit in plan.visits if visit.start <= hour < visit.end]
        if sum(visit.cranes or 0 for visit in there) > problem.cranes:
            found.append(f"hour {hour}: more cranes work than there are")
        there.sort(key=lambda visit: visit.position or 0)
        for one, two in pairwise(there):
            if (one.position or 0) + problem.vessels[one.vessel - 1].length > (two.position or 0):
                found.append(f"hour {hour}: {one.name} and {two.name} share quay")
    return found
