"""How long a vessel stays alongside, and when the tide lets it move."""

import math

from yunqi.commerce.logistics.model.berth import QuayProblem, Vessel

INTERFERENCE = 0.9
"""r cranes do r ** 0.9 crane-hours an hour (Meisel and Bierwirth 2009)."""
AWAY = 0.01
"""More work per 10 m between where a vessel lies and where its boxes stand (idem)."""


def hours_alongside(vessel: Vessel, cranes: int, position: int) -> int:
    """Return how many whole hours a vessel stays at a position in metres with so many cranes."""
    work = vessel.work * (1 + AWAY * abs(position - vessel.position) / 10)
    return max(1, math.ceil(float(work / cranes**INTERFERENCE) - 1e-9))


def tide_allows(problem: QuayProblem, vessel: Vessel, hour: int) -> bool:
    """Whether the water is deep enough at that hour for the vessel to move."""
    return not problem.depth or not vessel.draught or hour >= problem.hours or problem.depth[hour] >= vessel.draught


def leaves(problem: QuayProblem, vessel: Vessel, hour: int) -> int:
    """Return the first hour, not before ``hour``, at which the vessel can leave."""
    while not tide_allows(problem, vessel, hour):
        hour += 1
    return hour


def fits_alone(problem: QuayProblem, vessel: Vessel) -> bool:
    """Whether a vessel could come, be served where it lies best and leave within the hours if no other were there."""
    nearest = min(range(problem.last(vessel) + 1), key=lambda slot: abs(slot * problem.step - vessel.position))
    stay = hours_alongside(vessel, min(vessel.most_cranes, problem.cranes), nearest * problem.step)
    return any(
        tide_allows(problem, vessel, start) and leaves(problem, vessel, start + stay) <= problem.hours
        for start in range(vessel.arrival, problem.hours - stay + 1)
    )
