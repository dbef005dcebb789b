"""Packings and berth plans that take longer than a request may: jobs whose result is the answer."""

import json
import time
from collections.abc import Callable
from typing import Any

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.engine.berth.read import read as read_berths
from yunqi.commerce.logistics.engine.packing.read import read_json as read_packing
from yunqi.commerce.logistics.service.berths import BerthDesk
from yunqi.commerce.logistics.service.packing import PackingDesk
from yunqi.commerce.logistics.service.plain import berth_document, packing_document
from yunqi.kernel import Invalid, JobCancelled, JobContext, Kernel

PACK, BERTH = "logistics.pack", "logistics.berth"
LOOK_SECONDS = 0.5
"""Between two looks whether a job was cancelled."""


class QueuedDesk:
    """Long packings and berth plans.

    Parameters
    ----------
    kernel
        Its jobs run the work.
    packing, berths
        Who do it.
    """

    def __init__(self, kernel: Kernel, config: LogisticsConfig, packing: PackingDesk, berths: BerthDesk) -> None:
        self._kernel = kernel
        self._config = config
        self._packing = packing
        self._berths = berths

    def submit(self, kind: str, problem: dict[str, Any] | str, *, seconds: float, workspace: str) -> dict[str, Any]:
        """Check a problem, queue it, and return the job's id.

        Raises
        ------
        Invalid
            The problem can't be read or the time is out of range; nothing is queued then.
        """
        if not 0 < seconds <= self._config.max_seconds:
            raise Invalid(f"seconds must be above 0 and at most {self._config.max_seconds:g}", "seconds")
        text = problem if isinstance(problem, str) else json.dumps(problem)
        _ = read_packing(text) if kind == PACK else read_berths(text)
        job = self._kernel.jobs.submit(kind, {"problem": text, "seconds": seconds}, workspace=workspace)
        return {"job": str(job.id), "state": "queued"}

    def pack(self, context: JobContext) -> dict[str, Any]:
        """Pack a queued problem; a packing that was cut short begins anew."""
        read, watch = read_packing(context.args["problem"]), _Watch(context)
        found = self._packing.pack(
            read.problem, seconds=context.args["seconds"], is_cancelled=watch.is_cancelled, on_progress=watch.tell
        )
        watch.end()
        return packing_document(found, read.scale)

    def berth(self, context: JobContext) -> dict[str, Any]:
        """Plan queued berths; a plan that was cut short begins anew."""
        problem, watch = read_berths(context.args["problem"]), _Watch(context)
        plan = self._berths.plan(
            problem, seconds=context.args["seconds"], is_cancelled=watch.is_cancelled,
            on_step=lambda cost, bound: watch.tell(0.0, f"cost {cost}, at least {bound}"),
        )  # fmt: skip
        watch.end()
        return berth_document(plan)


class _Watch:
    """Reports progress and asks now and then whether a job was cancelled; solvers call it from any thread."""

    def __init__(self, context: JobContext, clock: Callable[[], float] = time.monotonic) -> None:
        self._context = context
        self._clock = clock
        self._begun = self._looked = clock()
        self._cancelled = False

    def is_cancelled(self) -> bool:
        if not self._cancelled and self._clock() - self._looked > LOOK_SECONDS:
            self._looked = self._clock()
            self._ask(self._context.check_cancelled)
        return self._cancelled

    def tell(self, share: float, text: str) -> None:
        used = share or min(1.0, (self._clock() - self._begun) / self._context.args["seconds"])
        self._ask(lambda: self._context.progress(int(99 * used), 100, text))

    def _ask(self, what: Callable[[], None]) -> None:
        try:
            what()
        except JobCancelled:
            self._cancelled = True

    def end(self) -> None:
        """Raise when the job was cancelled."""
        if self._cancelled:
            raise JobCancelled("The job was cancelled.")
