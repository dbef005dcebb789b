"""The right of way where robots cannot pass each other: who stands in a stuck robot's way goes aside first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from yunqi.commerce.logistics.engine.robots.floor import FAR, Ground


@dataclass(slots=True)
class Passage:
    """A robot with the right of way.

    Parameters
    ----------
    robot
        Who has it.
    aside
        Where each robot in its way waits, nearest one first.
    until
        The step at which it ends, whatever came of it.
    """

    robot: int
    aside: Mapping[int, int]
    until: int
    going: set[int] = field(init=False)

    def __post_init__(self) -> None:
        """Send everybody aside."""
        self.going = set(self.aside)

    def order(self, at: Sequence[int], robots: Sequence[int]) -> list[int]:
        """Return robots by priority: those still on their way aside, the one they make way for, those that wait, the rest."""
        self.going -= {robot for robot in self.going if at[robot] == self.aside[robot]}
        first = [robot for robot in self.aside if robot in self.going]
        wait = [robot for robot in self.aside if robot not in self.going]
        named = {*self.aside, self.robot}
        return [*first, self.robot, *wait, *(robot for robot in robots if robot not in named)]


def passage(ground: Ground, at: Sequence[int], robot: int, goal: int, *, step: int) -> Passage | None:
    """Return how those on a robot's way to its goal can make room for it; None when nobody is or no place is left.

    They go to the nearest cells that lie neither on its way nor in the dead end that it would have to leave
    before they can come out; in doing so they push it out ahead of them.
    """
    way = _way(ground, at[robot], goal)
    closed = {*way, *_lane_behind(ground, way)}
    holder = {cell: one for one, cell in enumerate(at)}
    longest = len(closed)
    aside: dict[int, int] = {}
    for one in [holder[cell] for cell in way[1:] if cell in holder]:
        far = ground.distances(at[one])
        places = [cell for cell in range(ground.size) if far[cell] < FAR and cell not in closed]
        if places:
            place = min(places, key=lambda cell: (far[cell], cell in holder, cell))
            aside[one] = place
            closed.add(place)
            longest = max(longest, far[place])
    return Passage(robot, aside, step + 6 * longest + 10) if aside else None


def _way(ground: Ground, start: int, goal: int) -> list[int]:
    guide, way = ground.distances(goal), [start]
    while way[-1] != goal:
        way.append(min(ground.next[way[-1]], key=lambda cell: (guide[cell], cell)))
    return way


def _lane_behind(ground: Ground, way: Sequence[int]) -> list[int]:
    """Return the cells behind the start of a way up to the first fork, or to the end of the lane."""
    behind: list[int] = []
    here, before = way[0], way[1] if len(way) > 1 else -1
    while len(ground.next[here]) <= 2:
        on = [cell for cell in ground.next[here] if cell != before and cell not in behind]
        if len(on) != 1 or on[0] == way[0]:
            break
        before, here = here, on[0]
        behind.append(here)
    return behind
