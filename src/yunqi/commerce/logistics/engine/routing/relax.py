"""The smallest change that would admit a task: found from the checker's words, applied, and checked again."""

import dataclasses
import math
import re
from collections.abc import Callable, Sequence

from yunqi.commerce.logistics.engine.routing.check import check
from yunqi.commerce.logistics.model import Loosened, Problem, Relaxation, Route, Task, Vehicle

ROUNDS = 4
"""How often what is still broken is loosened too: a longer day may make a later break late."""
_NUMBER = r"([-\d.e+]+)"
Loosen = Callable[[Problem, Vehicle, Task, tuple[str, ...]], tuple[Problem, Loosened] | None]


def relaxation(
    problem: Problem, routes: Sequence[Route], task: Task, vehicle: Vehicle, route: Route, *, known: frozenset[str]
) -> Relaxation | None:
    """Return what has to be loosened for ``route``, which holds the task, to take the place of its vehicle's route.

    The changes are applied to the problem and the whole plan is checked again; ``verified`` says whether it then breaks
    no more than before. None where something is broken that no amount would mend.

    Parameters
    ----------
    routes
        The plan in force, without the task.
    known
        What that plan breaks already.
    """
    whole = [*(one for one in routes if one.vehicle != vehicle.id), route]
    changes: dict[tuple[str, str], Loosened] = {}
    changed = problem
    for _ in range(ROUNDS):
        broken = [line for line in check(changed, whole).broken if line not in known]
        if not broken:
            return Relaxation(vehicle.id, tuple(changes.values()), True) if changes else None
        for line in broken:
            found = loosened(changed, vehicle.id, task.id, line)
            if found is None:
                return None
            changed, change = found
            first = changes.get((change.what, change.of))
            changes[change.what, change.of] = (
                change if first is None else dataclasses.replace(change, before=first.before)
            )
    return Relaxation(vehicle.id, tuple(changes.values()), False)


def size(found: Relaxation) -> tuple[int, float]:
    """Return what relaxations are compared by: how many changes, and how large they are beside what there is."""
    return len(found.changes), sum(_share(change) for change in found.changes)


def _share(change: Loosened) -> float:
    if not isinstance(change.before, int | float) or not isinstance(change.after, int | float):
        return 1.0
    base = 3600.0 if change.unit == "s" else max(1.0, abs(change.before))
    return abs(change.after - change.before) / base


def loosened(problem: Problem, vehicle: str, task: str, line: str) -> tuple[Problem, Loosened] | None:
    """Return the problem with the rule loosened that a line of the checker is about, and how; None where nothing mends it."""
    for form, loosen in _FORMS:
        match = re.search(form, line)
        if match:
            one = next(v for v in problem.vehicles if v.id == vehicle)
            named = next(t for t in problem.tasks if t.id == task)
            return loosen(problem, one, named, match.groups())
    return None


def _of_vehicle(problem: Problem, vehicle: Vehicle, change: Loosened, **values: object) -> tuple[Problem, Loosened]:
    made = dataclasses.replace(vehicle, **values)  # type: ignore[arg-type]
    vehicles = tuple(made if one.id == vehicle.id else one for one in problem.vehicles)
    return dataclasses.replace(problem, vehicles=vehicles), change


def _of_task(problem: Problem, task: Task, change: Loosened, **values: object) -> tuple[Problem, Loosened]:
    made = dataclasses.replace(task, **values)  # type: ignore[arg-type]
    tasks = tuple(made if one.id == task.id else one for one in problem.tasks)
    return dataclasses.replace(problem, tasks=tasks), change


def _up(number: str, problem: Problem) -> tuple[int, float]:
    internal = math.ceil(float(number) - 1e-9)
    return internal, internal / problem.travel.scale


def _window(problem: Problem, vehicle: Vehicle, task: Task, words: tuple[str, ...]) -> tuple[Problem, Loosened]:
    late = next(one for one in problem.tasks if one.id == words[0])
    until, shown = _up(words[1], problem)
    low, high = late.windows[-1]
    change = Loosened(
        "window",
        f"task {late.id}",
        high / problem.travel.scale,
        shown,
        "s",
        f"the window of {late.id} open until {shown:g}",
    )
    return _of_task(problem, late, change, windows=(*late.windows[:-1], (low, until)))


def _day(problem: Problem, vehicle: Vehicle, task: Task, words: tuple[str, ...]) -> tuple[Problem, Loosened]:
    until, shown = _up(words[0], problem)
    before = vehicle.window[1] / problem.travel.scale
    change = Loosened("day", f"vehicle {vehicle.id}", before, shown, "s", f"the day of {vehicle.id} until {shown:g}")
    return _of_vehicle(problem, vehicle, change, window=(vehicle.window[0], until))


def _room(problem: Problem, vehicle: Vehicle, task: Task, words: tuple[str, ...]) -> tuple[Problem, Loosened]:
    amount, k = int(float(words[0])), int(words[1]) - 1
    named = problem.dimensions[k] if k < len(problem.dimensions) else str(k + 1)
    text = f"capacity {amount} in dimension {k + 1} of {vehicle.id}"
    change = Loosened(f"capacity {named}", f"vehicle {vehicle.id}", vehicle.capacity[k], amount, "", text)
    return _of_vehicle(problem, vehicle, change, capacity=(*vehicle.capacity[:k], amount, *vehicle.capacity[k + 1 :]))


def _limit(name: str, unit: str, *, plain: bool = False) -> Loosen:
    def loosen(problem: Problem, vehicle: Vehicle, task: Task, words: tuple[str, ...]) -> tuple[Problem, Loosened]:
        scale = 1 if plain else problem.travel.scale
        to = math.ceil(float(words[0]) - 1e-9)
        before = getattr(vehicle, name)
        text = f"{name} {to / scale:g} of {vehicle.id}"
        change = Loosened(name, f"vehicle {vehicle.id}", before / scale, to / scale, unit, text)
        return _of_vehicle(problem, vehicle, change, **{name: to})

    return loosen


def _pause(problem: Problem, vehicle: Vehicle, task: Task, words: tuple[str, ...]) -> tuple[Problem, Loosened]:
    until, shown = _up(words[2], problem)
    breaks = tuple(
        dataclasses.replace(one, window=(one.window[0], until)) if one.window == (int(words[0]), int(words[1])) else one
        for one in vehicle.breaks
    )
    before = int(words[1]) / problem.travel.scale
    change = Loosened(
        "break", f"vehicle {vehicle.id}", before, shown, "s", f"the break of {vehicle.id} begun until {shown:g}"
    )
    return _of_vehicle(problem, vehicle, change, breaks=breaks)


def _skills(problem: Problem, vehicle: Vehicle, task: Task, words: tuple[str, ...]) -> tuple[Problem, Loosened]:
    lacking = frozenset(words[0].split(", "))
    change = Loosened(
        "skills", f"vehicle {vehicle.id}", ", ".join(sorted(vehicle.skills)), ", ".join(sorted(vehicle.skills | lacking)),
        "", f"the skills {words[0]} for {vehicle.id}",
    )  # fmt: skip
    return _of_vehicle(problem, vehicle, change, skills=vehicle.skills | lacking)


def _ride(problem: Problem, vehicle: Vehicle, task: Task, words: tuple[str, ...]) -> tuple[Problem, Loosened]:
    late = next(one for one in problem.tasks if one.id == words[0])
    to, shown = _up(words[1], problem)
    before = (late.max_ride or 0) / problem.travel.scale
    change = Loosened("max_ride", f"task {late.id}", before, shown, "s", f"a ride of {shown:g} for {late.id}")
    return _of_task(problem, late, change, max_ride=to)


def _pin(problem: Problem, vehicle: Vehicle, task: Task, words: tuple[str, ...]) -> tuple[Problem, Loosened]:
    pinned = next(one for one in problem.tasks if one.id == words[0])
    change = Loosened("vehicle", f"task {pinned.id}", words[1], words[2], "", f"{pinned.id} allowed on {words[2]}")
    return _of_task(problem, pinned, change, vehicle=words[2])


def _group(problem: Problem, vehicle: Vehicle, task: Task, words: tuple[str, ...]) -> tuple[Problem, Loosened]:
    change = Loosened("group", f"task {task.id}", words[0], None, "", f"{task.id} apart from its group {words[0]}")
    return _of_task(problem, task, change, group=None)


def _order(problem: Problem, vehicle: Vehicle, task: Task, words: tuple[str, ...]) -> tuple[Problem, Loosened]:
    one = next(t for t in problem.tasks if t.id == words[0])
    rest = tuple(key for key in one.after if key != words[1])
    change = Loosened("after", f"task {one.id}", words[1], None, "", f"{one.id} without {words[1]} before it")
    return _of_task(problem, one, change, after=rest)


_FORMS: tuple[tuple[str, Loosen], ...] = (
    (rf"reaches (.+) at {_NUMBER}(?:,| after a break)", _window),
    (rf"is back at {_NUMBER}, after", _day),
    (rf"carries {_NUMBER} of dimension (\d+), room", _room),
    (rf"is out for {_NUMBER}, more than", _limit("max_time", "s")),
    (rf"goes {_NUMBER} on one charge, more than", _limit("range", "m")),
    (rf"goes {_NUMBER}, more than", _limit("max_distance", "m")),
    (rf"serves {_NUMBER} tasks, more than", _limit("max_tasks", "", plain=True)),
    (rf"loads again {_NUMBER} times", _limit("reloads", "", plain=True)),
    (rf"is at the wheel for {_NUMBER}, more than", _limit("max_drive", "s")),
    (rf"begins the break of \[(\d+), (\d+)\] at {_NUMBER}", _pause),
    (r" lacks (.+) for .+", _skills),
    (rf"keeps (.+) on board for {_NUMBER}, more than", _ride),
    (r"task (.+) belongs to (.+), but (.+) serves it", _pin),
    (r"group (.+) is served by (.+) and (.+)", _group),
    (r"task (.+) comes without (.+) on its route", _order),
    (r" serves (.+) before (.+)", _order),
)
