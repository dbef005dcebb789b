"""All robots step at once, towards goals that change."""

from collections.abc import Sequence

import numpy as np

from yunqi.commerce.logistics.engine.robots.floor import Ground
from yunqi.commerce.logistics.engine.robots.kernels.cells import Cells
from yunqi.commerce.logistics.engine.robots.kernels.steps import Crew, sow, step

NOTHING = np.zeros((0, 2), np.int32)


def new_crew(ground: Ground, guides: Cells, goals: Cells, at: Cells, *, swaps: bool) -> Crew:
    """Return robots that stand at ``at``; ``guides`` [robots, cells] is kept, the rest copied."""
    doors = (ground.near >= 0).sum(axis=1).astype(np.int32)
    holder, claimed = np.full(ground.size, -1, np.int32), np.full(ground.size, -1, np.int32)
    after, chain = np.full(len(at), -1, np.int32), np.zeros((len(at), 10), np.int32)
    return Crew(ground.near, doors, guides, goals.copy(), at.copy(), after, holder, claimed, chain, swaps)


class Mover:
    """Chooses where all robots step at once.

    Parameters
    ----------
    at
        Where they stand.
    seed
        Decides between ways that are equally short.
    """

    def __init__(self, ground: Ground, at: Sequence[int], *, seed: int) -> None:
        self._ground = ground
        here = np.array(at, np.int32)
        self._crew = new_crew(ground, np.array([ground.guide(cell) for cell in at]), here, here, swaps=False)
        sow(seed)

    def step(self, at: Sequence[int], goals: Sequence[int], order: Sequence[int]) -> list[int] | None:
        """Return the next cell of each robot; None when there is no way.

        Parameters
        ----------
        order
            Robots by priority; who stands in the way of a higher one inherits its priority.
        """
        crew = self._crew
        crew.at[:] = at
        wanted = np.array(goals, np.int32)
        for robot in np.flatnonzero(wanted != crew.goals):
            crew.guides[robot] = self._ground.guide(int(wanted[robot]))
        crew.goals[:] = wanted
        if not step(crew, np.array(order, np.int32), NOTHING):
            return None
        found: list[int] = crew.after.tolist()
        return found
