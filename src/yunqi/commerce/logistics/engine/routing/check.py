"""The independent checker: prices a plan and finds every rule it breaks. It shares no code with any solver.

It follows each vehicle through its day with plain Python numbers: when it arrives, waits, serves, pauses, charges,
what is on board, how far it went. All answers pass here before anybody sees them.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yunqi.commerce.logistics.engine.routing.check_ways import distance, duration
from yunqi.commerce.logistics.model import (
    Objective,
    Problem,
    Route,
    Task,
    TaskKind,
    Vehicle,
)

CHARGE = "charge:"
RELOAD = "reload"


@dataclass(frozen=True, slots=True)
class Visit:
    """A stop of a day: when the vehicle arrives, when service begins and ends."""

    id: str
    arrives: float
    begins: float
    ends: float


@dataclass(frozen=True, slots=True)
class Day:
    """What one route amounts to, in the problem's internal units."""

    vehicle: str
    cost: float
    distance: float
    driving: float
    departs: float
    returns: float
    visits: tuple[Visit, ...]
    broken: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a plan costs, and every rule it breaks.

    Parameters
    ----------
    cost
        In the problem's own unit; prizes of what is left out included.
    broken
        One sentence a breach; empty for a plan that holds.
    """

    cost: float
    distance: float
    vehicles: int
    days: tuple[Day, ...]
    unserved: tuple[str, ...]
    broken: tuple[str, ...]


def check(problem: Problem, routes: Sequence[Route]) -> Verdict:
    """Follow every route and return what the plan costs and what it breaks."""
    tasks = {task.id: task for task in problem.tasks}
    vehicles = {vehicle.id: vehicle for vehicle in problem.vehicles}
    broken: list[str] = []
    served: dict[str, str] = {}
    days: list[Day] = []
    for route in routes:
        if route.vehicle not in vehicles:
            broken.append(f"there is no vehicle {route.vehicle}")
            continue
        if sum(other.vehicle == route.vehicle for other in days):
            broken.append(f"vehicle {route.vehicle} has two routes")
        for stop in route.stops:
            if stop.startswith(CHARGE) or stop == RELOAD:
                continue
            if stop not in tasks:
                broken.append(f"route {route.vehicle}: there is no task {stop}")
            elif stop in served:
                broken.append(f"task {stop} is served twice")
            else:
                served[stop] = route.vehicle
        if any(stop not in tasks for stop in route.stops if not stop.startswith(CHARGE) and stop != RELOAD):
            continue
        days.append(follow(problem, vehicles[route.vehicle], route, tasks))
    broken += [line for day in days for line in day.broken]
    broken += _together(problem, served)
    unserved = tuple(task.id for task in problem.tasks if task.id not in served)
    moving = [day for day in days if day.visits]
    cost = sum(day.cost for day in moving) + sum(_prize(tasks[key], problem) for key in unserved)
    far = sum(day.distance for day in moving)
    scale = problem.travel.scale
    return Verdict(cost / scale, far / scale, len(moving), tuple(days), unserved, tuple(broken))


def _prize(task: Task, problem: Problem) -> float:
    if task.prize is None or task.kind is TaskKind.SHIPMENT_DELIVERY:
        return 0
    return task.prize * problem.travel.scale


def _together(problem: Problem, served: Mapping[str, str]) -> list[str]:
    broken = []
    groups: dict[str, str] = {}
    # What was picked up already and is not delivered any more stays on board: unserved, but no breach.
    fetched = {key for vehicle in problem.vehicles for key in vehicle.prefix if key in served}
    stranded = {task.id for task in problem.tasks if task.id in fetched and task.partner not in served}
    for task in problem.tasks:
        by = served.get(task.id)
        if task.partner is not None and served.get(task.partner) != by and not stranded & {task.id, task.partner}:
            broken.append(f"the halves {task.id} and {task.partner} are not on one route")
        if by is None:
            continue
        if task.group is not None and groups.setdefault(task.group, by) != by:
            broken.append(f"group {task.group} is served by {groups[task.group]} and {by}")
        if task.vehicle is not None and task.vehicle != by:
            broken.append(f"task {task.id} belongs to {task.vehicle}, but {by} serves it")
        broken += [
            f"task {task.id} comes without {other} on its route" for other in task.after if served.get(other) != by
        ]
    return broken


class _Walk:
    """One vehicle on its way."""

    def __init__(self, problem: Problem, vehicle: Vehicle, departs: float) -> None:
        self.travel = problem.travel
        self.vehicle = vehicle
        self.now = departs
        self.place = vehicle.start
        self.far = 0.0
        self.driving = 0.0
        self.since_pause = 0.0
        self.since_charge = 0.0
        self.breaks = sorted(vehicle.breaks, key=lambda pause: pause.window)
        self.broken: list[str] = []

    def drive(self, place: int) -> None:
        """Go to a place, pausing first when that is due."""
        if self.place is None:
            self.place = place
            return
        which = self.vehicle.travels
        takes = duration(self.travel, self.place, place, self.now, which)
        limit, was = self.vehicle.drive_limit, self.now
        self.pause(self.now + takes + (self.vehicle.drive_pause if self.is_due(takes) else self.rest(takes)))
        if self.is_due(takes):
            self.now += self.vehicle.drive_pause
            self.since_pause = 0.0
        if self.now != was:  # after a pause the way may take another time
            takes = duration(self.travel, self.place, place, self.now, which)
        resting = self.rest(takes)
        if resting and limit:
            self.now += resting
            self.since_pause -= limit * (math.ceil((self.since_pause + takes) / limit) - 1)
        apart = distance(self.travel, self.place, place, which)
        self.since_charge += apart
        if self.vehicle.range is not None and self.since_charge > self.vehicle.range:
            self.say(f"goes {self.since_charge:g} on one charge, more than {self.vehicle.range}")
        self.far += apart
        self.driving += takes
        self.since_pause += takes
        self.now += takes
        self.place = place

    def is_due(self, takes: float) -> bool:
        """Whether a pause has to come before a way that may itself be driven at a stretch."""
        limit = self.vehicle.drive_limit
        return limit is not None and takes <= limit < self.since_pause + takes and self.since_pause > 0

    def rest(self, takes: float) -> float:
        """Return how long the pauses on a way are that is longer than may be driven at a stretch."""
        limit = self.vehicle.drive_limit
        if not limit or takes <= limit:
            return 0.0
        return self.vehicle.drive_pause * (math.ceil((self.since_pause + takes) / limit) - 1)

    def pause(self, until: float) -> None:
        """Take the breaks whose window would be missed by going on until a time."""
        while self.breaks and until > self.breaks[0].window[1]:
            pause = self.breaks[0]
            begins = max(self.now, pause.window[0])
            if begins > pause.window[1]:
                self.say(f"begins the break of {list(pause.window)} at {begins:g}")
            self.take(begins)
            until += pause.duration

    def take(self, begins: float) -> None:
        """Take the next break."""
        pause = self.breaks.pop(0)
        self.now = begins + pause.duration
        if pause.duration >= self.vehicle.drive_pause:
            self.since_pause = 0.0

    def idle(self, until: float) -> None:
        """Take the breaks that fit into the time until something can go on."""
        while self.breaks:
            pause = self.breaks[0]
            begins = max(self.now, pause.window[0])
            if begins > pause.window[1] or begins + pause.duration > until:
                return
            self.take(begins)

    def serve(self, task: Task, hold: float = 0.0) -> Visit:
        """Wait for the window, and until a time where it is told to, and serve."""
        arrives = self.now
        self.now = max(self.now, hold)
        opens = [window for window in task.windows if window[1] >= self.now - 1e-6]
        if task.windows and not opens:
            self.say(f"reaches {task.id} at {arrives:g}, after its last window {list(task.windows[-1])}")
        begins = max(self.now, opens[0][0]) if opens else self.now
        self.idle(begins)
        if self.breaks and begins + task.service > self.breaks[0].window[1]:
            self.pause(begins + task.service)
            opens = [window for window in task.windows if window[1] >= self.now]
            if task.windows and not opens:
                said = f"reaches {task.id} at {self.now:g} after a break, past its last window {list(task.windows[-1])}"
                self.say(said)
            begins = max(self.now, opens[0][0]) if opens else self.now
        self.now = begins + task.service
        return Visit(task.id, arrives, begins, self.now)

    def say(self, what: str) -> None:
        """Note a breach."""
        self.broken.append(f"route {self.vehicle.id} {what}")


def follow(problem: Problem, vehicle: Vehicle, route: Route, tasks: Mapping[str, Task]) -> Day:
    """Follow one vehicle through its route.

    It serves as soon as it can, but fetches later what would otherwise be on board for too long while it waits.
    """
    holds: dict[str, float] = {}
    day, longest = _follow(problem, vehicle, route, tasks, holds)
    best = day
    for _ in range(3 * len(route.stops)):
        if longest is None:
            break
        holds[longest[0]] = longest[1]
        day, longest = _follow(problem, vehicle, route, tasks, holds)
        if len(day.broken) < len(best.broken):
            best = day
    return best


def _follow(
    problem: Problem, vehicle: Vehicle, route: Route, tasks: Mapping[str, Task], holds: Mapping[str, float]
) -> tuple[Day, tuple[str, float] | None]:
    departs = float(vehicle.window[0] if route.departs is None else route.departs)
    if vehicle.departed is not None:
        departs = float(vehicle.departed)
    walk = _Walk(problem, vehicle, departs)
    if departs < vehicle.window[0]:
        walk.say(f"leaves at {departs:g}, before {vehicle.window[0]}")
    visits: list[Visit] = []
    for stop in route.stops:
        if stop.startswith(CHARGE):
            _charge(walk, stop)
        elif stop == RELOAD:
            if vehicle.start is not None:
                walk.drive(vehicle.start)
                walk.now += vehicle.reload_time
        else:
            walk.drive(tasks[stop].place)
            visits.append(walk.serve(tasks[stop], holds.get(stop, 0.0)))
    if vehicle.end is not None:
        walk.drive(vehicle.end)
    if walk.now > vehicle.window[1] + 1e-6:
        walk.say(f"is back at {walk.now:g}, after {vehicle.window[1]}")
    _amounts(walk, route, tasks)
    _limits(walk, route, tasks, visits, departs)
    span = walk.now - departs
    scale = problem.travel.scale
    cost = walk.far * vehicle.distance_cost + span * vehicle.time_cost + vehicle.fixed_cost * scale
    cost += walk.driving * vehicle.drive_cost
    cost += vehicle.fairness * span * span / 1e6 if vehicle.fairness else 0.0
    day = Day(vehicle.id, cost, walk.far, walk.driving, departs, walk.now, tuple(visits), tuple(walk.broken))
    return day, _hold(visits, tasks)


def _hold(visits: Sequence[Visit], tasks: Mapping[str, Task]) -> tuple[str, float] | None:
    """Return a pickup that may wait so that its load is not on board for too long, and until when; or None."""
    at = {visit.id: k for k, visit in enumerate(visits)}
    for k, visit in enumerate(visits):
        task = tasks[visit.id]
        first = at.get(task.partner or "", k)
        if task.kind is not TaskKind.SHIPMENT_DELIVERY or task.max_ride is None or first >= k:
            continue
        excess = visit.begins - visits[first].ends - task.max_ride
        waits = sum(one.begins - one.arrives for one in visits[first + 1 : k + 1])
        if 1e-6 < excess <= waits + 1e-6:
            return visits[first].id, visits[first].begins + excess
    return None


def _charge(walk: _Walk, stop: str) -> None:
    place = int(stop.removeprefix(CHARGE))
    if place not in walk.vehicle.chargers:
        walk.say(f"charges at place {place}, where it cannot")
    walk.drive(place)
    walk.now += walk.vehicle.charge_time
    walk.since_charge = 0.0


def _amounts(walk: _Walk, route: Route, tasks: Mapping[str, Task]) -> None:
    vehicle = walk.vehicle
    trips: list[list[Task]] = [[]]
    for stop in route.stops:
        if stop == RELOAD:
            trips.append([])
        elif not stop.startswith(CHARGE):
            trips[-1].append(tasks[stop])
    if len(trips) - 1 > vehicle.reloads:
        walk.say(f"loads again {len(trips) - 1} times, allowed are {vehicle.reloads}")
    pairs = [0] * len(vehicle.capacity)
    for trip in trips:
        for k, room in enumerate(vehicle.capacity):
            on_board = pairs[k] + sum(task.load[k] for task in trip if task.kind is TaskKind.DELIVERY)
            highest = on_board
            for task in trip:
                takes = task.kind in (TaskKind.PICKUP, TaskKind.SHIPMENT_PICKUP)
                gives = task.kind in (TaskKind.DELIVERY, TaskKind.SHIPMENT_DELIVERY)
                on_board += task.load[k] * (takes - gives)
                pairs[k] += task.load[k] * (
                    (task.kind is TaskKind.SHIPMENT_PICKUP) - (task.kind is TaskKind.SHIPMENT_DELIVERY)
                )
                highest = max(highest, on_board)
            if highest > room:
                walk.say(f"carries {highest} of dimension {k + 1}, room is for {room}")


def _limits(walk: _Walk, route: Route, tasks: Mapping[str, Task], visits: Sequence[Visit], departs: float) -> None:
    vehicle = walk.vehicle
    order = {visit.id: k for k, visit in enumerate(visits)}
    if vehicle.max_distance is not None and walk.far > vehicle.max_distance + 1e-6:
        walk.say(f"goes {walk.far:g}, more than {vehicle.max_distance}")
    if vehicle.max_time is not None and walk.now - departs > vehicle.max_time + 1e-6:
        walk.say(f"is out for {walk.now - departs:g}, more than {vehicle.max_time}")
    if vehicle.max_drive is not None and walk.driving > vehicle.max_drive + 1e-6:
        walk.say(f"is at the wheel for {walk.driving:g}, more than {vehicle.max_drive}")
    if vehicle.max_tasks is not None and len(visits) > vehicle.max_tasks:
        walk.say(f"serves {len(visits)} tasks, more than {vehicle.max_tasks}")
    served = tuple(stop for stop in route.stops if stop in order)
    if visits and served[: len(vehicle.prefix)] != vehicle.prefix:
        walk.say(f"does not begin with its locked stops {', '.join(vehicle.prefix)}")
    if not visits and vehicle.prefix:
        walk.say("leaves its locked stops out")
    for key, at in order.items():
        task = tasks[key]
        if not task.skills <= vehicle.skills:
            walk.say(f"lacks {', '.join(sorted(task.skills - vehicle.skills))} for {key}")
        for other in task.after:
            if other in order and order[other] > at:
                walk.say(f"serves {key} before {other}")
        if task.kind is TaskKind.SHIPMENT_DELIVERY and task.partner in order:
            first = visits[order[task.partner]]
            if order[task.partner] > at:
                walk.say(f"delivers {key} before it picks up {task.partner}")
            if task.max_ride is not None and visits[at].begins - first.ends > task.max_ride + 1e-6:
                walk.say(f"keeps {key} on board for {visits[at].begins - first.ends:g}, more than {task.max_ride}")


def objective(problem: Problem, verdict: Verdict) -> tuple[float, float]:
    """Return what plans are compared by: vehicles and cost, or cost alone."""
    first = float(verdict.vehicles) if problem.objective is Objective.VEHICLES_FIRST else 0.0
    return first, verdict.cost
