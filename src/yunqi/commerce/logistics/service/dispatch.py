"""The dispatcher's verbs on kept plans: list, move by hand, try a change, and the driver's view of one vehicle."""

import copy
import importlib
from collections.abc import Sequence
from typing import Any

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.engine.routing.check import Day, Verdict, check
from yunqi.commerce.logistics.engine.routing.events import after_events, changes, recorded
from yunqi.commerce.logistics.engine.routing.moving import move
from yunqi.commerce.logistics.engine.routing.read.detect import read_document
from yunqi.commerce.logistics.engine.routing.read.fields import Fields
from yunqi.commerce.logistics.model import Problem, Route, Task, TaskKind, Vehicle
from yunqi.commerce.logistics.service.clock import Budget
from yunqi.commerce.logistics.service.reading import replayed
from yunqi.commerce.logistics.service.routing import need_compiler
from yunqi.commerce.logistics.service.shown import days, plan_document, shown, verdict_document
from yunqi.commerce.logistics.service.whereabouts import depots, whereabouts
from yunqi.commerce.logistics.store import PlanStore
from yunqi.kernel import Conflict, Invalid, Kernel, NotFound
from yunqi.kernel.clock import from_micros, iso

STATES = ("queued", "running", "done", "cancelled", "failed")
LONGEST_TRY = 60.0
PATCHES = {"events", "vehicles", "tasks", "vehicles_added", "vehicles_removed"}


class Dispatch:
    """What dispatchers and drivers do with the plans of one installation.

    Parameters
    ----------
    kernel
        The ground floor.
    config
        The settings of the domain.
    """

    def __init__(self, kernel: Kernel, config: LogisticsConfig) -> None:
        self._config = config
        self._plans = PlanStore(kernel.store)

    def newest(
        self, *, state: str | None = None, before: str | None = None, limit: int = 50, workspace: str
    ) -> dict[str, Any]:
        """Return the newest plans' summaries; ``before`` is the last id of the page before."""
        if state is not None and state not in STATES:
            raise Invalid(f"There is no state {state!r}; there are {', '.join(STATES)}.", param="state")
        if before is not None and not before.isdigit():
            raise Invalid(f"{before!r} is no plan's id.", param="before")
        limit = max(1, min(limit, 200))
        last = int(before) if before else None
        rows = self._plans.newest(state=state, before=last, limit=limit + 1, workspace=workspace)
        found = [_summary(row) for row in rows[:limit]]
        return {"plans": found, "next": found[-1]["id"] if len(rows) > limit else None}

    def move(
        self, plan_id: int, task: str, vehicle: str | None, *, position: int | None = None, apply: bool = False,
        pin: bool = False, version: int | None = None, workspace: str
    ) -> dict[str, Any]:  # fmt: skip
        """Say what it costs and breaks to give a task to a vehicle; with ``apply`` keep that as the plan's new version.

        Parameters
        ----------
        position
            Place among the vehicle's other stops; None: the best.
        pin
            Also keep the task with that vehicle in later plans.
        version
            The version that the caller saw; another one in force is a `Conflict`.

        Raises
        ------
        Conflict
            When the plan was changed meanwhile, or the applied move would break a rule.
        """
        row, problem, routes = self._loaded(plan_id, workspace)
        self._expect(row, version)
        one, _ = _task(problem, task), vehicle is None or _vehicle(problem, vehicle)
        moved = move(problem, routes, one, vehicle, position)
        answer = {
            "id": str(plan_id), "version": row["version"], "task": shown(problem, task), "feasible": not moved.broken,
            "broken": list(moved.broken), "from": moved.origin, "vehicle": vehicle, "position": moved.position,
            "cost": moved.after.cost, "delta": moved.after.cost - moved.before.cost, "applied": False,
            "days": _days(problem, moved.after, {vehicle, moved.origin}),
            "unserved": [shown(problem, key) for key in moved.after.unserved],
        }  # fmt: skip
        if not apply:
            return answer
        if moved.broken:
            raise Conflict(f"The move would break the plan: {'; '.join(moved.broken[:3])}. Nothing was changed.")
        event = {"type": "pinned", "id": task, "vehicle": vehicle}
        self._keep(row, problem, moved.routes, [event] if pin and vehicle is not None else [], "moved by hand")
        return answer | {"applied": True, "version": row["version"] + 1}

    def what_if(
        self, plan_id: int, changed: dict[str, Any], *, seconds: float, keep: float, workspace: str
    ) -> dict[str, Any]:
        """Plan as if something were different, and return the difference; nothing is kept.

        Parameters
        ----------
        changed
            ``events`` as for a change; ``vehicles`` and ``tasks``: new values by id (``*``: of all); ``vehicles_added``:
            vehicles in the form of the problem; ``vehicles_removed``: ids.
        """
        need_compiler()
        if not 0.05 <= seconds <= LONGEST_TRY:
            raise Invalid(f"{seconds:g} seconds is no budget for a try; give 0.05 to {LONGEST_TRY:g}.", param="seconds")
        row, before, routes = self._loaded(plan_id, workspace)
        f = Fields(changed, "changes", PATCHES)
        document = dict(row["problem"])
        past = document.pop("events", [])
        gone = [{"type": "vehicle_down", "vehicle": key} for key in f.texts("vehicles_removed")]
        problem = read_document(_patched(document, f), name="problem")
        if past:
            problem, _ = after_events(problem, routes, past)
        replan = importlib.import_module("yunqi.commerce.logistics.service.replan")
        events = [*gone, *f.items("events")]
        found = replan.replan(problem, routes, events, self._config, budget=Budget(seconds), keep=keep)
        as_it_is = check(before, routes)
        known = {task.id for task in found.problem.tasks}
        there = {vehicle.id for vehicle in found.problem.vehicles}
        left = [
            Route(r.vehicle, tuple(s for s in r.stops if s in known), r.departs) for r in routes if r.vehicle in there
        ]
        after = check(found.problem, found.plan.routes)
        return {
            "id": str(plan_id), "version": row["version"], "before": verdict_document(before, as_it_is),
            "if_nothing_is_done": verdict_document(found.problem, check(found.problem, left)),
            "after": verdict_document(found.problem, after), "delta": after.cost - as_it_is.cost,
            "changes": [
                {"id": c.id, "what": c.what, "before": c.before, "after": c.after}
                for c in changes(routes, found.plan.routes, found.problem)
            ],
            "plan": plan_document(found.problem, found.plan, times=True),
        }  # fmt: skip

    def vehicle(self, plan_id: int, vehicle: str, *, workspace: str) -> dict[str, Any]:
        """Return a driver's day: stops in order with places, times, loads and notes, and which is next."""
        row, problem, routes = self._loaded(plan_id, workspace)
        return _driver(row, problem, routes, _vehicle(problem, vehicle))

    def places(self, plan_id: int, *, workspace: str) -> dict[str, Any]:
        """Return where a plan's tasks lie and its vehicles start and end, for a map; only coordinates are known."""
        row = self._plans.get(plan_id, workspace=workspace)
        document = dict(row["problem"])
        events = document.pop("events", [])
        tasks = whereabouts(document, events)
        problem = read_document(document, name="problem")
        down = {str(one.get("vehicle")) for one in events if one.get("type") == "vehicle_down"}
        there = [one.id for one in problem.vehicles if one.id not in down]
        vehicles = {str(shown(problem, key)): depots(document, key) for key in there}
        return {"tasks": tasks, "vehicles": vehicles}

    def done(self, plan_id: int, vehicle: str, task: str, *, at: int | None = None, workspace: str) -> dict[str, Any]:
        """Note that a stop, and all before it, is done; ``at`` later than planned delays what follows.

        The plan keeps its routes; when the delay makes a later stop late, ``broken`` says so: plan again then.
        """
        row, problem, routes = self._loaded(plan_id, workspace)
        driver = _vehicle(problem, vehicle)
        mine = next((route.stops for route in routes if route.vehicle == vehicle), ())
        if task not in mine:
            raise NotFound(f"Vehicle {vehicle!r} has no stop {task!r} in this plan.", param="task")
        if task in driver.prefix:
            return _driver(row, problem, routes, driver)
        events: list[dict[str, Any]] = [{"type": "stop_done", "id": task}]
        planned = next(v.ends for day in check(problem, routes).days for v in day.visits if v.id == task)
        late = 0 if at is None else int(at - planned / problem.travel.scale)
        if late > 0:
            events.append({"type": "delay", "vehicle": vehicle, "seconds": late})
        after, _ = after_events(problem, routes, events)
        self._keep(row, after, routes, events, None)
        row = self._plans.get(plan_id, workspace=workspace)
        return _driver(row, after, routes, _vehicle(after, vehicle))

    def _loaded(self, plan_id: int, workspace: str) -> tuple[dict[str, Any], Problem, list[Route]]:
        row = self._plans.get(plan_id, workspace=workspace)
        if row["answer"] is None or row["state"] in ("queued", "running"):
            raise Conflict(f"Plan {plan_id} is {row['state']}; wait until it is done, or cancel it.")
        document = dict(row["problem"])
        events = document.pop("events", [])
        problem, routes = replayed(document, events, row["answer"])
        return row, problem, routes

    def _expect(self, row: dict[str, Any], version: int | None) -> None:
        if version is not None and version != row["version"]:
            raise Conflict(f"The plan is at version {row['version']}, not {version}: look at it again.")

    def _keep(
        self, row: dict[str, Any], problem: Problem, routes: Sequence[Route], events: Sequence[Any], note: str | None
    ) -> None:
        verdict = check(problem, routes)
        reasons = {str(one["id"]): one for one in row["answer"].get("unserved", [])}
        unserved = [
            reasons.get(key)
            or {"id": shown(problem, key), "reasons": ["taken off by hand"], "relaxation": "", "verified": False}
            for key in verdict.unserved
        ]
        notes = [one for one in row["answer"].get("notes", []) if one != note]
        answer = row["answer"] | {
            "cost": round(verdict.cost, 6), "gap": None, "bound": None, "unserved": unserved,
            "partial": bool(unserved), "notes": [*notes, note] if note else notes,
            "routes": [
                {"vehicle": shown(problem, r.vehicle), "stops": [shown(problem, stop) for stop in r.stops]}
                | ({} if r.departs is None else {"departs": r.departs})
                for r in routes if r.stops
            ],
            "days": _days(problem, verdict, None),
        }  # fmt: skip
        document = row["problem"] | {"events": [*row["problem"].get("events", []), *recorded(routes, events)]}
        self._plans.update(row["id"], expect=row["version"], answer=answer, problem=document)


def _summary(row: dict[str, Any]) -> dict[str, Any]:
    summary: dict[str, Any] = row["summary"]
    return {
        "id": str(row["id"]), "state": row["state"], "version": row["version"], "job": str(row["job"]),
        "created_at": iso(from_micros(row["created_at"])),
    } | summary  # fmt: skip


def _task(problem: Problem, key: str) -> Task:
    found = next((one for one in problem.tasks if one.id == key), None)
    if found is None:
        raise NotFound(f"The problem has no task {key!r}.", param="task")
    return found


def _vehicle(problem: Problem, key: str) -> Vehicle:
    found = next((one for one in problem.vehicles if one.id == key), None)
    if found is None:
        raise NotFound(f"The problem has no vehicle {key!r}.", param="vehicle")
    return found


def _days(problem: Problem, verdict: Verdict, only: set[str | None] | None) -> list[dict[str, Any]]:
    return days(problem, [day for day in verdict.days if day.visits and (only is None or day.vehicle in only)])


def _patched(document: dict[str, Any], f: Fields) -> dict[str, Any]:
    made = copy.deepcopy(document)
    for what, lists in (("vehicles", ("vehicles",)), ("tasks", ("tasks", "jobs", "shipments"))):
        for key, values in f.raw(what, {}).items():
            if not isinstance(values, dict):
                raise f.wrong(what, values, "an object of new values by id")
            named = [one for name in lists for one in made.get(name, []) if key in ("*", str(one.get("id")))]
            if not named:
                raise NotFound(f"The problem's {what} have no id {key!r}.", param=f"changes.{what}")
            for one in named:
                one.update(values)
    made["vehicles"] = [*made.get("vehicles", []), *f.items("vehicles_added")]
    return made


def _driver(row: dict[str, Any], problem: Problem, routes: Sequence[Route], vehicle: Vehicle) -> dict[str, Any]:
    document = dict(row["problem"])
    about = whereabouts(document, document.pop("events", []))
    verdict = check(problem, routes)
    day = next((one for one in verdict.days if one.vehicle == vehicle.id), None)
    stops = _stops(problem, vehicle, day, about) if day else []
    scale = problem.travel.scale
    return {
        "plan": str(row["id"]), "version": row["version"], "vehicle": shown(problem, vehicle.id),
        "departs": None if day is None else day.departs / scale, "returns": None if day is None else day.returns / scale,
        "distance": 0 if day is None else day.distance / scale, "capacity": list(vehicle.capacity),
        "dimensions": list(problem.dimensions), "skills": sorted(vehicle.skills), **depots(document, vehicle.id),
        "next": next((one["id"] for one in stops if one["status"] == "next"), None),
        "broken": [] if day is None else list(day.broken), "stops": stops,
    }  # fmt: skip


def _stops(problem: Problem, vehicle: Vehicle, day: Day, about: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    tasks = {one.id: one for one in problem.tasks}
    scale, done = problem.travel.scale, set(vehicle.prefix)
    visited = [tasks[visit.id] for visit in day.visits]
    on_board = [sum(t.load[k] for t in visited if t.kind is TaskKind.DELIVERY) for k in range(len(vehicle.capacity))]
    found: list[dict[str, Any]] = []
    for visit, task in zip(day.visits, visited, strict=True):
        takes = task.kind in (TaskKind.PICKUP, TaskKind.SHIPMENT_PICKUP)
        gives = task.kind in (TaskKind.DELIVERY, TaskKind.SHIPMENT_DELIVERY)
        on_board = [have + more * (takes - gives) for have, more in zip(on_board, task.load, strict=True)]
        first = not any(one["status"] == "next" for one in found)
        status = "done" if task.id in done else "next" if first else "planned"
        found.append(
            {
                "id": shown(problem, task.id), "status": status, "kind": task.kind.value, "load": list(task.load),
                "on_board": on_board, "arrives": visit.arrives / scale, "begins": visit.begins / scale,
                "ends": visit.ends / scale, "service_s": task.service / scale,
                "windows_s": [[low / scale, high / scale] for low, high in task.windows],
            }
            | about.get(task.id, {})
        )  # fmt: skip
    return found
