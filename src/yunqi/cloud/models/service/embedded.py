"""The default engine: llama.cpp, or our own graph in OpenVINO, in a child process on this machine's CPU."""

import asyncio
from collections.abc import Callable

from yunqi.cloud.models.config import ModelsConfig
from yunqi.cloud.models.model import ChatRequest, Completion, Delta, EngineHealth, EngineLost, OnDelta
from yunqi.cloud.models.service.client import ChatClient
from yunqi.cloud.models.service.gate import Gate
from yunqi.cloud.models.service.process import Child
from yunqi.cloud.models.service.runners import Choice
from yunqi.cloud.models.service.supervisor import Supervisor

_NOTICE_SECONDS = 2.0
_LOOK_SECONDS = 0.05


class EmbeddedEngine:
    """One model file, loaded when first asked.

    Parameters
    ----------
    path
        The GGUF file.
    choose
        Says before each start what runs it, and with which adapters.
    """

    def __init__(self, name: str, path: str, config: ModelsConfig, *, choose: Callable[[], Choice] = Choice) -> None:
        self._name = name
        self._config = config
        self._remark = choose().remark
        self._gate = Gate(name, places=config.parallel, queue=config.queue)
        self._supervisor = Supervisor(name, path, config, gate=self._gate, on_start=self._forget, choose=choose)
        self._renewing = 0
        self._guessed = self._kept = 0
        self._renewal = asyncio.Lock()
        self._client: tuple[Child, ChatClient] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def chat(self, request: ChatRequest, on_delta: OnDelta) -> Completion:
        """Answer; see `Engine`."""
        wanted = request.max_tokens or self._config.max_tokens
        try:
            async with asyncio.timeout(self._config.request_timeout), self._gate.place():
                done = await self._answer(request, on_delta, max_tokens=min(wanted, self._config.context))
                self._guessed += done.guessed
                self._kept += done.kept
                return done
        except TimeoutError:
            raise EngineLost(
                f"Model {self._name} took longer than {self._config.request_timeout:.0f} s. Ask for a shorter answer "
                "or raise YUNQI_MODELS_REQUEST_TIMEOUT."
            ) from None

    async def _answer(self, request: ChatRequest, on_delta: OnDelta, *, max_tokens: int) -> Completion:
        heard = False

        def hear(delta: Delta) -> None:
            nonlocal heard
            heard = True
            on_delta(delta)

        child = await self._carrying(request.adapter)
        try:
            return await self._ask(child, request, hear, max_tokens)
        except EngineLost:
            # The child may have been dead when the request came, its death not noticed yet: then ask its successor.
            if heard or not await child.ended_within(_NOTICE_SECONDS):
                raise
        return await self._ask(await self._supervisor.successor(child), request, on_delta, max_tokens)

    async def _ask(self, child: Child, request: ChatRequest, on_delta: OnDelta, max_tokens: int) -> Completion:
        weights = child.spec.choice.weights(request.adapter)
        if request.adapter and not any(weights):
            raise EngineLost(f"Model {self._name} does not carry the adapter {request.adapter}; is it still installed?")
        return await self._client_of(child).chat(request, on_delta, max_tokens=max_tokens, adapters=weights)

    async def _carrying(self, adapter: str) -> Child:
        """Return a child that carries an adapter; one that came without it is started anew when its work is done."""
        child = await self._supervisor.ready()
        if not adapter or any(child.spec.choice.weights(adapter)):
            return child
        self._renewing += 1
        try:
            while self._gate.running > self._renewing:
                await asyncio.sleep(_LOOK_SECONDS)
            async with self._renewal:
                child = await self._supervisor.ready()
                if not any(child.spec.choice.weights(adapter)):
                    await self._supervisor.stop()
                    child = await self._supervisor.ready()
        finally:
            self._renewing -= 1
        return child

    async def load(self) -> None:
        """Load the model now, so that the first request need not wait."""
        await self._supervisor.ready()

    async def unload(self) -> None:
        """Stop the child process."""
        await self._supervisor.stop()

    def health(self) -> EngineHealth:
        """Return how the engine is doing."""
        supervisor = self._supervisor
        child = supervisor.child
        return EngineHealth(
            supervisor.state,
            supervisor.detail or (child.spec.choice.remark if child else self._remark),
            memory_bytes=child.memory() if child else 0,
            running=self._gate.running,
            waiting=self._gate.waiting,
            restarts=supervisor.restarts,
            threads=child.spec.threads if child else 0,
            pid=child.pid if child else None,
            guessed=self._guessed,
            kept=self._kept,
        )

    @property
    def unused_for(self) -> float:
        """Return the seconds since the last request ended, 0 while one runs or waits."""
        return self._gate.unused_for

    @property
    def is_loaded(self) -> bool:
        """Whether the model is in memory."""
        return self._supervisor.child is not None

    async def close(self) -> None:
        """Stop the engine."""
        await self._supervisor.close()
        self._forget()
        await asyncio.gather(*self._closing)

    def _forget(self) -> None:
        if self._client is not None:
            task = asyncio.create_task(self._client[1].close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
            self._client = None

    def _client_of(self, child: Child) -> ChatClient:
        if self._client is None or self._client[0] is not child:
            self._forget()
            self._client = (child, ChatClient.over_socket(str(child.socket), key=child.key, name=self._name))
        return self._client[1]
