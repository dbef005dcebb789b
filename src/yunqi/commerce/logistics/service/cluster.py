"""A day planned on a Ray cluster: each worker takes one depot area after another; a lost worker's area is planned again."""

import importlib.util
import os
import signal
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.engine.scale.region import Region, violations
from yunqi.commerce.logistics.model.scale import AreaPlan, Effort, ScaleRun
from yunqi.commerce.logistics.service.routing import need_compiler
from yunqi.commerce.logistics.service.scale import LONGEST, plan_area
from yunqi.kernel import Exhausted, Invalid, Unavailable

TRIES = 4
"""How often an area is planned before it is given up."""
MOST_PARCELS = 500_000
"""Parcels that one run plans; every worker makes all of them anew from the seed."""
MID_SEARCH = 0.2
"""Seconds that a worker searches before it is killed."""
OnEvent = Callable[[str], None]
"""Told in words what happens."""


class Planner:
    """A worker of the cluster: an actor that plans areas of a region it makes itself from the seed."""

    def __init__(self, parcels: int, seed: int, effort: Effort) -> None:
        self._region = Region(parcels, seed=seed)
        self._areas = self._region.areas(effort.area_stops)
        self._effort = effort
        self._seed = seed

    def pid(self) -> int:
        """Return the process's id."""
        return os.getpid()

    def plan(self, area: int) -> AreaPlan:
        """Plan one area."""
        parcels, config = self._areas[area].tolist(), LogisticsConfig(workers=1, max_seconds=LONGEST)
        return plan_area(
            self._region, area, parcels, config, iterations=self._effort.iterations, seed=self._seed + area
        )


def run_day(
    parcels: int, effort: Effort, *, workers: int, seed: int = 1, kill: int = 0,
    on_event: OnEvent = lambda text: None,
) -> ScaleRun:  # fmt: skip
    """Plan a synthetic day on the cluster at ``RAY_ADDRESS``, or on one made on this machine.

    Parameters
    ----------
    kill
        How many workers are killed while they search, to show that no parcel is lost.

    Raises
    ------
    Unavailable
        Without the extra ``cluster``.
    Exhausted
        An area's workers were lost too often.
    """
    if not 1 <= parcels <= MOST_PARCELS or not 1 <= workers <= 256 or not 0 <= kill < workers:
        raise Invalid(
            f"a run plans 1 to {MOST_PARCELS:,} parcels with 1 to 256 workers, and fewer are killed than there are",
            "run",
        )
    if importlib.util.find_spec("ray") is None:
        raise Unavailable("A run on several workers needs the extra cluster: scripts/setup cluster")
    need_compiler()
    import ray

    count = len(Region(parcels, seed=seed).areas(effort.area_stops))
    address = os.environ.get("RAY_ADDRESS")
    made: dict[str, Any] = {} if address else {"num_cpus": workers, "include_dashboard": False}
    ray.init(address=address, logging_level="error", log_to_driver=False, **made)
    begun = time.monotonic()
    try:
        day = _Day(ray, (parcels, seed, effort), count, workers, kill, on_event)
        areas = day.planned()
    finally:
        ray.shutdown()
    wrong = violations(parcels, areas)
    return ScaleRun(
        parcels, tuple(areas), workers, tuple(day.killed), tuple(day.again), tuple(wrong), time.monotonic() - begun
    )


class _Day:
    """Who plans what, until every area has one answer."""

    def __init__(
        self, ray: Any, made_of: tuple[int, int, Effort], areas: int, workers: int, kill: int, on_event: OnEvent
    ) -> None:  # fmt: skip
        self._ray = ray
        self._kind = ray.remote(Planner).options(num_cpus=1)
        self._made_of = made_of
        self._waiting = deque(range(areas))
        self._tries = [0] * areas
        self._answers: dict[int, AreaPlan] = {}
        self._running: dict[Any, tuple[int, Any, int]] = {}
        self._count = areas
        self._kill = kill
        self._on_event = on_event
        self.killed: list[int] = []
        self.again: list[int] = []
        self._idle = [self._hired() for _ in range(min(workers, areas))]

    def _hired(self) -> tuple[Any, int]:
        worker = self._kind.remote(*self._made_of)
        return worker, int(self._ray.get(worker.pid.remote()))

    def planned(self) -> list[AreaPlan]:
        """Return one answer for each area, in their order."""
        while len(self._answers) < self._count:
            while self._idle and self._waiting:
                worker, pid = self._idle.pop()
                area = self._waiting.popleft()
                self._tries[area] += 1
                self._running[worker.plan.remote(area)] = (area, worker, pid)
            self._maybe_kill()
            done, _ = self._ray.wait(list(self._running), timeout=1.0)
            for answer in done:
                self._take(answer)
        return [self._answers[area] for area in range(self._count)]

    def _maybe_kill(self) -> None:
        """Kill who began last, in the middle of its search, once there are answers: it has all its work before it."""
        busy = [pid for _, _, pid in self._running.values()]
        if len(self.killed) < self._kill and len(self._answers) > len(self.killed) and busy:
            victim = busy[-1]
            time.sleep(MID_SEARCH)
            self.killed.append(victim)
            self._on_event(f"worker {victim} is killed while it plans")
            os.kill(victim, signal.SIGKILL)

    def _take(self, answer: Any) -> None:
        area, worker, pid = self._running.pop(answer)
        try:
            found: AreaPlan = self._ray.get(answer)
        except self._ray.exceptions.RayActorError:
            if self._tries[area] >= TRIES:
                raise Exhausted(
                    f"Area {area} lost its worker {TRIES} times; look for what ends processes here."
                ) from None
            self._on_event(f"worker {pid} is lost; area {area} is planned again")
            self.again.append(area)
            self._waiting.appendleft(area)
            self._idle.append(self._hired())
            return
        self._answers[area] = found
        self._idle.append((worker, pid))
        self._on_event(
            f"area {area}: {sum(map(len, found.routes))} parcels by worker {pid}, {len(self._answers)} of {self._count}"
        )
