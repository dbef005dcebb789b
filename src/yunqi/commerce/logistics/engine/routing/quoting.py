"""Price delivery slots against a plan in force, in milliseconds: everything is packed once, then one task is varied."""

from collections.abc import Sequence

import numpy as np

from yunqi.commerce.logistics.engine.routing.strings import anneal, recreate
from yunqi.commerce.logistics.engine.routing.strings import layout as at
from yunqi.commerce.logistics.engine.routing.strings.arrays import new_state
from yunqi.commerce.logistics.engine.routing.strings.packed import obstacle, packed
from yunqi.commerce.logistics.model import FOREVER, BadProblem, Problem, Quote, Route, Task, Window

SPARE = " quote "


class Quoter:
    """A plan in force, ready to price slots.

    Parameters
    ----------
    problem
        What is planned.
    routes
        Who serves it.

    Raises
    ------
    BadProblem
        For problems with rules that the quick prices do not know.
    """

    def __init__(self, problem: Problem, routes: Sequence[Route]) -> None:
        why = obstacle(problem)
        if why:
            raise BadProblem(f"Slots are quoted for problems without {why}; solve with the order added instead.")
        first = problem.tasks[0]
        spare = Task(SPARE, first.place, first.kind, (0,) * len(first.load), windows=((0, FOREVER),), prize=0)
        values = {name: getattr(problem, name) for name in Problem.__slots__} | {"tasks": (*problem.tasks, spare)}
        self.problem = problem
        self.arrays = packed(Problem(**values), neighbours=1)
        self.arrays.p[at.TIMED] = 1
        self.state = new_state(self.arrays.p, 1)
        self.index = len(problem.tasks)
        place = {task.id: k for k, task in enumerate(problem.tasks)}
        slot_of = {problem.vehicles[index].id: slot for slot, index in enumerate(self.arrays.slots)}
        stops = [place[stop] for route in routes for stop in route.stops]
        lengths = [len(route.stops) for route in routes]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        slots = np.array([slot_of[route.vehicle] for route in routes], np.int64)
        anneal.load(*self.arrays.args, self.state, np.array(stops, np.int64), starts, slots, np.zeros(0, np.int64))

    def quote(
        self, *, windows: Sequence[Window], place: int | None = None, xy: tuple[float, float] | None = None,
        load: Sequence[int] = (), service: int = 0
    ) -> list[Quote]:  # fmt: skip
        """Return the price of each window for a new order at a place of the problem or at coordinates."""
        p, c = self.arrays.p, self.index
        if xy is not None:
            if not p[at.MODE]:
                raise BadProblem(
                    "This plan uses a matrix; name a place of it instead of coordinates.", param="location"
                )
            self.arrays.xy[2 + 2 * c : 4 + 2 * c] = xy
        elif place is not None:
            self._stand(place)
        dimensions = int(p[at.DIMENSIONS])
        amounts = [*load, *[0] * (dimensions - len(load))][:dimensions]
        p[p[at.DEMAND] + c * dimensions : p[at.DEMAND] + (c + 1) * dimensions] = amounts
        p[p[at.SERVICE] + c] = service * self.problem.travel.scale
        return [self._price(window) for window in windows]

    def _stand(self, place: int) -> None:
        travel = self.problem.travel
        if not 0 <= place < travel.places:
            raise BadProblem(f"There is no place {place}; there are {travel.places}.", param="location")
        self.arrays.p[self.arrays.p[at.SITE] + self.index] = place
        if travel.xy is not None:
            self.arrays.xy[2 + 2 * self.index : 4 + 2 * self.index] = travel.xy[place]

    def _price(self, window: Window) -> Quote:
        p, c, scale = self.arrays.p, self.index, self.problem.travel.scale
        p[p[at.READY] + c], p[p[at.DUE] + c] = window[0] * scale, window[1] * scale
        cost, behind = recreate.price(*self.arrays.args, self.state, c)
        if behind < 0:
            return Quote(window, None, reason="no vehicle can serve it in this window")
        n = int(p[at.N])
        slot = (behind - n) // 2 if behind >= n else int(self.state[self.state[at.ROUTE] + behind])
        unit = self.problem.vehicles[0].distance_cost
        return Quote(window, float(cost) * unit / scale, self.problem.vehicles[self.arrays.slots[slot]].id)
