"""Generated weeks at a quay, in the manner of Meisel and Bierwirth (2009). Synthetic: no terminal's data."""

import random

from yunqi.commerce.logistics.model.berth import QuayProblem, Vessel

CLASSES = (
    # share, metres from to, crane-hours from to, cranes least most
    (0.6, 80, 210, 5, 15, 1, 2),
    (0.3, 210, 300, 15, 50, 2, 4),
    (0.1, 300, 400, 50, 65, 4, 6),
)
"""Feeder, medium and jumbo vessels: share, length, crane capacity demand and cranes, as published."""


def week(vessels: int, *, seed: int, length: int = 1_000, cranes: int = 10, hours: int = 168) -> QuayProblem:
    """Return a week with so many vessels; the same for the same seed."""
    chance = random.Random(seed)
    found = []
    for number in range(vessels):
        draw, kind = chance.random(), CLASSES[-1]
        for one in CLASSES:
            if draw < one[0]:
                kind = one
                break
            draw -= one[0]
        _, shortest, longest, least, most, fewest, many = kind
        size, work = chance.randrange(shortest, longest + 1, 10), chance.randint(least, most)
        arrival = chance.randrange(hours - 1)
        alone = max(1, round(work / many**0.9 + 0.499))
        found.append(
            Vessel(
                f"V{number + 1:02d}", size, arrival, arrival + int(1.5 * alone) + 1, work, fewest, many,
                position=chance.randrange(0, length - size + 1, 10),
            )
        )  # fmt: skip
    # Vessels that come late in the week leave in the days after it.
    return QuayProblem(length, cranes, tuple(found), hours=hours + 48)
