"""The routing desk: plans that are kept, followed, changed and explained."""

import importlib
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.engine.routing.check import check
from yunqi.commerce.logistics.engine.routing.events import recorded
from yunqi.commerce.logistics.engine.routing.expected import expecting
from yunqi.commerce.logistics.engine.routing.explain import explain, why
from yunqi.commerce.logistics.engine.routing.read.detect import read_document
from yunqi.commerce.logistics.engine.routing.read.fields import Fields
from yunqi.commerce.logistics.model import Plan, Problem, Route
from yunqi.commerce.logistics.service.clock import Budget
from yunqi.commerce.logistics.service.routing import need_compiler, solve
from yunqi.commerce.logistics.service.shown import (
    plan_document,
    quote_document,
    replan_document,
    unserved_document,
    verdict_document,
)
from yunqi.commerce.logistics.store import PlanStore
from yunqi.kernel import Conflict, Invalid, JobCancelled, JobContext, Kernel, NotFound
from yunqi.kernel.clock import to_micros

SOLVE = "logistics.solve"
KEPT_QUOTERS = 8
LOOK_EVERY = 0.1
"""Seconds between two looks at whether a job was cancelled; one takes less than a millisecond."""


class _Watched(Budget):
    """A budget that ends when somebody cancels the job."""

    def __init__(self, seconds: float, context: JobContext) -> None:
        super().__init__(seconds)
        self._context = context
        self._looked = time.monotonic()
        self.cancelled = False

    def left(self) -> float:
        """Return the seconds that are left, 0 once the job is cancelled."""
        if time.monotonic() - self._looked > LOOK_EVERY and not self.cancelled:
            self._looked = time.monotonic()
            try:
                self._context.check_cancelled()
            except JobCancelled:
                self.cancelled = True
                self.stop()
        return super().left()


class RoutingDesk:
    """Plans of one installation.

    Parameters
    ----------
    kernel
        The ground floor.
    config
        The settings of the domain.
    """

    def __init__(self, kernel: Kernel, config: LogisticsConfig) -> None:
        self._kernel = kernel
        self._config = config
        self._plans = PlanStore(kernel.store)
        self._quoters: OrderedDict[tuple[int, int], Any] = OrderedDict()

    def submit(
        self, document: dict[str, Any], *, seconds: float, seed: int, workspace: str, expected: int = 0
    ) -> dict[str, Any]:
        """Check a problem, queue its solve with room for expected orders, and return the plan's id and its job's."""
        expecting(read_document(document, name="problem"), expected, seed=seed)
        if not 0.05 <= seconds <= self._config.max_seconds:
            raise Invalid(
                f"{seconds:g} seconds is no budget; give 0.05 to {self._config.max_seconds:g}.", param="seconds"
            )
        now = to_micros(self._kernel.clock())
        plan_id = self._plans.add(document, workspace=workspace, now=now)
        args = {"plan": plan_id, "seconds": seconds, "seed": seed, "expected": expected, "workspace": workspace}
        job = self._kernel.jobs.submit(SOLVE, args, workspace=workspace)
        self._plans.update(plan_id, job=job.id)
        return {"id": str(plan_id), "job": str(job.id), "state": "queued"}

    def run(self, context: JobContext) -> dict[str, Any]:
        """Solve a queued plan; each better one is kept at once. A cancelled solve keeps its best plan."""
        plan_id, workspace = context.args["plan"], context.args["workspace"]
        row = self._plans.get(plan_id, workspace=workspace)
        problem = read_document(row["problem"], name="problem")
        budget = _Watched(context.args["seconds"], context)
        told = [0.0]

        def tell(cost: float, at: float, routes: list[Route]) -> None:
            if at - told[0] < 0.5:
                return
            told[0] = at
            sketch = Plan(cost, tuple(routes), seconds=at, source=problem.travel.source, notes=("being improved",))
            self._plans.update(plan_id, state="running", answer=plan_document(problem, sketch))

        self._plans.update(plan_id, state="running")
        seed, expected = context.args["seed"], context.args.get("expected", 0)  # absent: queued by an earlier release
        plan = solve(problem, self._config, budget=budget, seed=seed, tell=tell, expected=expected)
        state = "cancelled" if budget.cancelled else "done"
        self._plans.update(plan_id, state=state, answer=plan_document(problem, plan, times=True))
        if budget.cancelled:
            raise JobCancelled("The job was cancelled; its best plan is kept.")
        return {"plan": str(plan_id), "cost": plan.cost, "unserved": len(plan.unserved)}

    def get(self, plan_id: int, *, workspace: str) -> dict[str, Any]:
        """Return a plan: its state and its best answer so far."""
        row = self._plans.get(plan_id, workspace=workspace)
        answer = row["answer"] or {}
        return {
            "id": str(plan_id),
            "state": row["state"],
            "version": row["version"],
            "job": str(row["job"]),
            "plan": answer,
        }

    def cancel(self, plan_id: int, *, workspace: str) -> dict[str, Any]:
        """Stop a solve; its best plan so far is kept."""
        row = self._plans.get(plan_id, workspace=workspace)
        self._kernel.jobs.cancel(row["job"], workspace=workspace)
        return self.get(plan_id, workspace=workspace)

    def change(
        self, plan_id: int, events: Sequence[Any], *, seconds: float, keep: float, workspace: str
    ) -> dict[str, Any]:
        """Plan again after events and keep the new plan in place of the old one."""
        replan = importlib.import_module("yunqi.commerce.logistics.service.replan")
        need_compiler()
        row, problem, routes = self._loaded(plan_id, workspace)
        if not 0.05 <= seconds <= 60:
            raise Invalid(f"{seconds:g} seconds is no budget for a change; give 0.05 to 60.", param="seconds")
        found = replan.replan(problem, routes, events, self._config, budget=Budget(seconds), keep=keep)
        self._plans.update(
            plan_id,
            state="done",
            answer=plan_document(found.problem, found.plan, times=True),
            problem=row["problem"] | {"events": [*row["problem"].get("events", []), *recorded(routes, events)]},
        )
        return {"id": str(plan_id)} | replan_document(found)

    def check(self, document: dict[str, Any], plan: dict[str, Any]) -> dict[str, Any]:
        """Price a given plan and list every rule that it breaks."""
        replan = importlib.import_module("yunqi.commerce.logistics.service.reading")
        problem = read_document(document, name="problem")
        verdict = check(problem, replan.read_routes(plan, problem))
        return verdict_document(problem, verdict)

    def explain(self, plan_id: int, task: str, *, workspace: str) -> dict[str, Any]:
        """Say why a task is not served, or why by this vehicle and at this hour."""
        _, problem, routes = self._loaded(plan_id, workspace)
        return explained(problem, routes, task)

    def quote(self, plan_id: int, document: dict[str, Any], *, workspace: str) -> dict[str, Any]:
        """Price delivery slots for a new order against a plan in force."""
        f = Fields(document, "quote", {"plan", "location", "x", "y", "lat", "lon", "load", "service_s", "slots"})
        row = self._plans.get(plan_id, workspace=workspace)
        key = (plan_id, int(row["version"]))
        if key not in self._quoters:
            need_compiler()
            quoting = importlib.import_module("yunqi.commerce.logistics.engine.routing.quoting")
            _, problem, routes = self._loaded(plan_id, workspace)
            self._quoters[key] = quoting.quoter_of(problem, routes)
            while len(self._quoters) > KEPT_QUOTERS:
                self._quoters.popitem(last=False)
        quoter = self._quoters[key]
        place = f.raw("location")
        xy = _point(Fields(place, "quote.location", {"x", "y", "lat", "lon"}) if isinstance(place, dict) else f)
        place = quoter.problem.labels.get(place, place) if isinstance(place, str) else place
        travel = quoter.problem.travel
        is_flat = travel.xy is not None if travel.estimate is None else travel.estimate[0]
        if xy is not None and is_flat == (
            f.has("lat") or (isinstance(f.raw("location"), dict) and "lat" in f.raw("location"))
        ):
            raise Invalid(
                f"The plan's places have {'x and y' if is_flat else 'lat and lon'}; give the same.", param="location"
            )
        load = f.items("load") if isinstance(f.raw("load"), list) else [f.integer("load", 0)]
        windows = f.windows("slots")
        if not windows or (xy is None and not isinstance(place, int)):
            raise Invalid("A quote needs slots, and a location of the problem, lat and lon, or x and y.", param="slots")
        return quote_document(
            quoter.quote(windows=windows, place=place, xy=xy, load=load, service=f.integer("service_s", 0))
        )

    def _loaded(self, plan_id: int, workspace: str) -> tuple[dict[str, Any], Problem, list[Route]]:
        reading = importlib.import_module("yunqi.commerce.logistics.service.reading")
        row = self._plans.get(plan_id, workspace=workspace)
        if row["answer"] is None:
            raise Conflict(f"Plan {plan_id} has no answer yet; it is {row['state']}.")
        document = dict(row["problem"])
        events = document.pop("events", [])
        problem, routes = reading.replayed(document, events, row["answer"])
        return row, problem, routes


def _point(f: Fields) -> tuple[float, float] | None:
    """Return the coordinates that a quote is for, where it names some."""
    if f.has("lat") or f.has("lon"):
        lat, lon = f.number("lat", low=-90), f.number("lon", low=-180)
        if lat > 90 or lon > 180:
            raise f.wrong("lat", [lat, lon], "degrees: latitude up to 90, longitude up to 180")
        return lat, lon
    return (f.number("x", low=-1e9), f.number("y", low=-1e9)) if f.has("x") or f.has("y") else None


def explained(problem: Problem, routes: Sequence[Route], task: str) -> dict[str, Any]:
    """Say why a task is not served, or why by this vehicle and at this hour.

    Raises
    ------
    NotFound
        When the problem has no such task.
    """
    found = next((one for one in problem.tasks if one.id == task), None)
    if found is None:
        raise NotFound(f"The problem has no task {task!r}.", param="task")
    if any(task in route.stops for route in routes):
        return why(problem, routes, found)
    return unserved_document(problem, explain(problem, routes, found)) | {"served": False}
