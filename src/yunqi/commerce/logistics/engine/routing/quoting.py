"""Price delivery slots against a plan in force, in milliseconds: everything is packed once, then one task is varied."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from yunqi.commerce.logistics.engine.routing.read.places import ways, with_place
from yunqi.commerce.logistics.engine.routing.rich.layout import FIRST_WINDOW, PLACE, SERVICE
from yunqi.commerce.logistics.engine.routing.rich.solve import RichSearch
from yunqi.commerce.logistics.engine.routing.strings import anneal, recreate
from yunqi.commerce.logistics.engine.routing.strings import layout as at
from yunqi.commerce.logistics.engine.routing.strings.arrays import new_state
from yunqi.commerce.logistics.engine.routing.strings.packed import obstacle, packed
from yunqi.commerce.logistics.model import FOREVER, BadProblem, Problem, Quote, Route, Task, TaskKind, Window

SPARE = " quote "
FITS_NOWHERE = "no vehicle can serve it in this window"


def quoter_of(problem: Problem, routes: Sequence[Route]) -> "Quoter | RichQuoter":
    """Return what prices slots against a plan, by the engine that plans such problems."""
    return RichQuoter(problem, routes) if obstacle(problem) else Quoter(problem, routes)


class RichQuoter:
    """A plan in force with rules of whole days, ready to price slots: each insertion is a simulated day.

    Parameters
    ----------
    problem
        What is planned.
    routes
        Who serves it.
    """

    def __init__(self, problem: Problem, routes: Sequence[Route]) -> None:
        self.problem = problem
        travel, self._place = problem.travel, -1
        if travel.xy is not None or travel.estimate is not None:
            points = travel.xy if travel.xy is not None else travel.points
            assert points is not None
            self._place = travel.places
            travel = with_place(travel, (float(points[0][0]), float(points[0][1])))
        kinds = {task.kind for task in problem.tasks}
        kind = TaskKind.DELIVERY if TaskKind.PICKUP not in kinds or TaskKind.DELIVERY in kinds else TaskKind.PICKUP
        spare = Task(
            SPARE, problem.tasks[0].place, kind, (0,) * len(problem.dimensions), windows=((0, FOREVER),), prize=0
        )
        self._search = RichSearch(dataclasses.replace(problem, tasks=(*problem.tasks, spare), travel=travel))
        self._priced = self._search.priced(routes)

    def quote(
        self, *, windows: Sequence[Window], place: int | None = None, xy: tuple[float, float] | None = None,
        load: Sequence[int] = (), service: int = 0
    ) -> list[Quote]:  # fmt: skip
        """Return the price of each window for a new order at a place of the problem or at coordinates."""
        q = self._search.q
        tasks, loads, open_at = q.tasks, q.loads, q.windows
        i, scale = len(tasks) - 1, self.problem.travel.scale
        if xy is not None:
            far, long = ways(self.problem.travel, xy)
            speeds = (1.0, *self.problem.travel.speeds)
            place = self._place
            for table, speed in zip(q.table, speeds, strict=True):
                table[0, place, :place] = table[0, :place, place] = far
                table[1, place, :place] = table[1, :place, place] = np.ceil(long / speed - 1e-9)
        elif place is None or not 0 <= place < self.problem.travel.places:
            raise _no_place(place, self.problem)
        tasks[i, PLACE], tasks[i, SERVICE] = place, service * scale
        loads[i] = [*load, *[0] * (loads.shape[1] - len(load))][: loads.shape[1]]
        found = []
        for window in windows:
            open_at[tasks[i, FIRST_WINDOW]] = window[0] * scale, window[1] * scale
            cost, r = self._priced(i)
            if r < 0:
                found.append(Quote(window, None, reason=FITS_NOWHERE))
            else:
                found.append(Quote(window, round(float(cost) / scale, 6), self.problem.vehicles[r].id))
        return found


def _no_place(place: int | None, problem: Problem) -> BadProblem:
    return BadProblem(f"There is no place {place}; there are {problem.travel.places}.", param="location")


class Quoter:
    """A plan in force, ready to price slots.

    Parameters
    ----------
    problem
        What is planned; without rules that the quick prices do not know (see `quoter_of`).
    routes
        Who serves it.
    """

    def __init__(self, problem: Problem, routes: Sequence[Route]) -> None:
        first = problem.tasks[0]
        spare = Task(SPARE, first.place, first.kind, (0,) * len(first.load), windows=((0, FOREVER),), prize=0)
        self.problem = problem
        travel, self._spare = problem.travel, -1
        if travel.estimate is not None and travel.points is not None:
            self._spare = travel.places
            travel = with_place(travel, (float(travel.points[0][0]), float(travel.points[0][1])))
        self.arrays = packed(dataclasses.replace(problem, tasks=(*problem.tasks, spare), travel=travel), neighbours=1)
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
            if p[at.MODE]:
                self.arrays.xy[2 + 2 * c : 4 + 2 * c] = xy
            else:
                self._stand_at(xy)
        elif place is not None:
            self._stand(place)
        dimensions = int(p[at.DIMENSIONS])
        amounts = [*load, *[0] * (dimensions - len(load))][:dimensions]
        p[p[at.DEMAND] + c * dimensions : p[at.DEMAND] + (c + 1) * dimensions] = amounts
        p[p[at.SERVICE] + c] = service * self.problem.travel.scale
        return [self._price(window) for window in windows]

    def _stand_at(self, point: tuple[float, float]) -> None:
        far, long = ways(self.problem.travel, point)
        table, place = self.arrays.table, self._spare
        table[0, place, :place] = table[0, :place, place] = far
        table[1, place, :place] = table[1, :place, place] = long
        self.arrays.p[self.arrays.p[at.SITE] + self.index] = place

    def _stand(self, place: int) -> None:
        travel = self.problem.travel
        if not 0 <= place < travel.places:
            raise _no_place(place, self.problem)
        self.arrays.p[self.arrays.p[at.SITE] + self.index] = place
        if travel.xy is not None:
            self.arrays.xy[2 + 2 * self.index : 4 + 2 * self.index] = travel.xy[place]

    def _price(self, window: Window) -> Quote:
        p, c, scale = self.arrays.p, self.index, self.problem.travel.scale
        p[p[at.READY] + c], p[p[at.DUE] + c] = window[0] * scale, window[1] * scale
        cost, behind = recreate.price(*self.arrays.args, self.state, c)
        if behind < 0:
            return Quote(window, None, reason=FITS_NOWHERE)
        n = int(p[at.N])
        slot = (behind - n) // 2 if behind >= n else int(self.state[self.state[at.ROUTE] + behind])
        unit = self.problem.vehicles[0].distance_cost
        return Quote(window, float(cost) * unit / scale, self.problem.vehicles[self.arrays.slots[slot]].id)
