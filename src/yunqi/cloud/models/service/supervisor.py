"""Keeps one child process: starts it when needed, again when it died, and stops it when it is not used."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from yunqi.cloud.models.config import ModelsConfig
from yunqi.cloud.models.engine.governor import Backoff, Governor, threads_beside
from yunqi.cloud.models.model import EngineLost, EngineState
from yunqi.cloud.models.service.gate import Gate
from yunqi.cloud.models.service.load import LoadMeter, cores
from yunqi.cloud.models.service.paged import compiled
from yunqi.cloud.models.service.process import Child, Spec
from yunqi.cloud.models.service.runners import Choice

log = logging.getLogger("yunqi.models")

_LOOK_SECONDS = 2.0
_PATIENCE_SECONDS = 3.0
_MAKING = 10


class Supervisor:
    """The life of one model's child.

    Parameters
    ----------
    gate
        Tells when nobody uses the child.
    on_start
        Called with each new child before it is used.
    choose
        Says before each start what runs the model.
    """

    def __init__(
        self,
        name: str,
        path: str,
        config: ModelsConfig,
        *,
        gate: Gate,
        on_start: Callable[[], None],
        choose: Callable[[], Choice] = Choice,
    ) -> None:
        self._choose = choose
        self._name = name
        self._path = path
        self._config = config
        self._gate = gate
        self._on_start = on_start
        self._loading: asyncio.Task[Child] | None = None
        self._backoff = Backoff()
        self._governor = Governor(cores())
        self._meter = LoadMeter()
        self._not_before = 0.0
        self._started = 0.0
        self._threads = config.threads
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self.child: Child | None = None
        self.state = EngineState.IDLE
        self.detail = ""
        self.restarts = 0

    async def ready(self) -> Child:
        """Return a running child, starting one if needed.

        Raises
        ------
        EngineLost
            When it cannot be started.
        """
        if self.child is not None and self.child.alive():
            return self.child
        wait = self._not_before - time.monotonic()
        if wait > _PATIENCE_SECONDS:
            raise EngineLost(f"Model {self._name} keeps failing: {self.detail} The next try is in {wait:.0f} s.")
        if self._loading is None:
            self._loading = asyncio.create_task(self._begin())
            self._loading.add_done_callback(self._loaded)
        return await asyncio.shield(self._loading)  # who asked first may leave; the others still wait

    async def successor(self, dead: Child) -> Child:
        """Return a running child after one that has ended; see `ready`."""
        while self.child is dead:
            await asyncio.sleep(0.01)  # until its end is noticed and counted
        return await self.ready()

    async def stop(self) -> None:
        """Stop the child; the next `ready` starts a new one."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.gather(self._loading, return_exceptions=True)
        child, self.child = self.child, None
        self.state = EngineState.IDLE
        if child is not None:
            await child.stop()

    async def close(self) -> None:
        """Stop the child for good."""
        self._stopping = True
        await self.stop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _begin(self) -> Child:
        await asyncio.sleep(max(0.0, self._not_before - time.monotonic()))
        return await self._start()

    def _loaded(self, loading: "asyncio.Task[Child]") -> None:
        self._loading = None
        if not loading.cancelled():
            loading.exception()  # seen here, also when nobody waits any more

    async def _start(self) -> Child:
        config = self._config
        self._threads = config.threads or self._threads or threads_beside(cores(), await self._foreign())
        sizes = (config.context, config.parallel, self._threads, config.prompt_cache_mb)
        spec = Spec(self._path, *sizes, config.prompt_lookup, self._choose())
        self.state, self.detail = EngineState.LOADING, ""
        began = time.monotonic()
        try:
            child = await Child.start(spec, timeout=self._patience(spec.choice))
        except EngineLost as error:
            self.state, self.detail = EngineState.FAILED, error.message
            self._not_before = time.monotonic() + self._backoff.fail(0.0)
            raise
        except asyncio.CancelledError:
            self.state = EngineState.IDLE
            raise
        self.child, self._started = child, time.monotonic()
        self.state = EngineState.READY
        log.info("model %s loaded in %.1f s with %d threads", self._name, self._started - began, spec.threads)
        self._on_start()
        self._follow(self._watch(child))
        self._follow(self._keep_house(child))
        return child

    def _patience(self, choice: Choice) -> float:
        """Return how long a start may take; a graph that is still to be made takes many times a load."""
        graphs = (choice.graph, choice.draft.graph if choice.draft else "")
        is_new = any(graph and not compiled.is_made(Path(graph)) for graph in graphs)
        return self._config.start_timeout * (_MAKING if is_new else 1)

    async def _foreign(self) -> float:
        self._meter.foreign(None)
        await asyncio.sleep(0.2)
        return self._meter.foreign(None)

    def _follow(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watch(self, child: Child) -> None:
        code = await child.wait()
        if self.child is not child or self._stopping:
            return
        self.child = None
        self.restarts += 1
        wait = self._backoff.fail(time.monotonic() - self._started)
        self._not_before = time.monotonic() + wait
        self.state, self.detail = EngineState.IDLE, f"ended with code {code}"
        log.warning("model %s ended with code %d; starting it again in %.2f s", self._name, code, wait)
        await child.stop()
        with contextlib.suppress(EngineLost):
            await self.ready()

    async def _keep_house(self, child: Child) -> None:
        while self.child is child:
            await asyncio.sleep(_LOOK_SECONDS)
            if self.child is not child:
                return
            if 0 < self._config.idle_seconds < self._gate.unused_for:
                log.info("model %s was not used for %.0f s and is unloaded", self._name, self._gate.unused_for)
                await self.stop()
                return
            if not self._config.threads:
                await self._govern(child)

    async def _govern(self, child: Child) -> None:
        wanted = self._governor.sample(self._threads, self._meter.foreign(child.pid))
        if wanted is None or not self._gate.is_idle:
            return
        log.info("model %s goes from %d to %d threads", self._name, self._threads, wanted)
        self._threads = wanted
        await self.stop()
        with contextlib.suppress(EngineLost):
            await self.ready()
