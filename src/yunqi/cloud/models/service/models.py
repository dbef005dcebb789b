"""The models of this machine and its upstreams, by name."""

import asyncio
import builtins
import threading
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

from yunqi.cloud.hub import AssetState, AssetUnknown, Hub, Listing
from yunqi.cloud.models.config import ModelsConfig
from yunqi.cloud.models.model import (
    ChatRequest,
    Completion,
    Delta,
    EngineBusy,
    EngineHealth,
    EngineState,
    Model,
    ModelUnknown,
    OnDelta,
)
from yunqi.cloud.models.service.embedded import EmbeddedEngine
from yunqi.cloud.models.service.engine import Engine
from yunqi.cloud.models.service.room import Room
from yunqi.cloud.models.service.runners import Runners
from yunqi.cloud.models.service.upstream import Upstream, UpstreamEngine
from yunqi.kernel import Kernel


def _ignore(delta: Delta) -> None:
    """Drop a piece."""


class Models:
    """Answers chat requests by model name; safe to call from any thread.

    Parameters
    ----------
    hub
        Where embedded models' files are.
    """

    def __init__(self, kernel: Kernel, config: ModelsConfig, *, hub: Hub) -> None:
        self._config = config
        self._hub = hub
        self._runners = Runners(hub, config, kernel.config.data_dir)
        self._upstreams = {found.name: found for found in map(Upstream.parse, config.upstreams)}
        self._engines: dict[str, Engine] = {}
        self._room = Room()
        self._lock = threading.Lock()
        self._making_room: asyncio.Lock | None = None

    def list(self) -> list[Model]:
        """Return all models: embedded ones, installed or not, their adapters, and upstreams."""
        embedded = [self._embedded(listing) for listing in self._hub.list() if listing.asset.chat]
        return embedded + [self._remote(upstream) for upstream in self._upstreams.values()]

    def get(self, name: str) -> Model:
        """Return one model.

        Raises
        ------
        ModelUnknown
            When there is none of this name.
        """
        for model in self.list():
            if model.id == name:
                return model
        raise ModelUnknown(f"There is no model {name!r}. `yunqi models list` shows them.", param="model")

    def chat(self, name: str, request: ChatRequest, on_delta: OnDelta = _ignore) -> Completion:
        """Answer and wait for the whole answer; see `start` for what it raises."""
        return self.start(name, request, on_delta).result()

    def start(self, name: str, request: ChatRequest, on_delta: OnDelta = _ignore) -> "Future[Completion]":
        """Begin to answer; pieces go to ``on_delta`` in the engines' thread. Cancelling the future stops the work.

        Raises
        ------
        ModelUnknown, AssetMissing
            When the model is not served or not installed here. The future may raise `ContextTooLong`, `Invalid`,
            `EngineBusy` or `EngineLost`.
        """
        base = self._base_of(name)
        asked = replace(request, adapter=name if base else "")
        return self._room.run(self._answer(self._engine(base or name), asked, on_delta))

    def warm(self, name: str) -> "Future[None]":
        """Load an embedded model in the background, so that the first request need not wait."""
        engine = self._engine(self._base_of(name) or name)
        return self._room.run(self._load(engine))

    def health(self) -> dict[str, EngineHealth]:
        """Return how the engines that were used are doing."""
        with self._lock:
            return {name: engine.health() for name, engine in self._engines.items()}

    def close(self) -> None:
        """Stop all engines."""
        with self._lock:
            engines, self._engines = list(self._engines.values()), {}
        if self._room.is_open:
            self._room.run(_close_all(engines)).result()
            self._room.close()

    def _base_of(self, name: str) -> str:
        """Return the model that an adapter belongs to; nothing when the name is none of an adapter."""
        with self._lock:
            if name in self._engines or name in self._upstreams:
                return ""
        try:
            return self._hub.file(name).asset.base
        except AssetUnknown:
            return ""

    def _engine(self, name: str) -> Engine:
        with self._lock:
            if name in self._engines:
                return self._engines[name]
            if upstream := self._upstreams.get(name):
                engine: Engine = UpstreamEngine(upstream, self._config)
            else:
                engine = self._open_embedded(name)
            self._engines[name] = engine
            return engine

    def _open_embedded(self, name: str) -> EmbeddedEngine:
        try:
            installed = self._hub.file(name)
        except AssetUnknown:
            raise ModelUnknown(f"There is no model {name!r}. `yunqi models list` shows them.", param="model") from None
        if not installed.asset.chat:
            raise ModelUnknown(f"Model {name!r} has no chat template, so it cannot chat.", param="model")
        return EmbeddedEngine(name, installed.path, self._config, choose=lambda: self._runners.choose(name))

    def compile(self, name: str, engine: str = "openvino") -> Path:
        """Make the graph with which OpenVINO runs an installed model and its adapters; one that is there is kept.

        Returns
        -------
        pathlib.Path
            The graph's folder.

        Raises
        ------
        AssetMissing, ModelUnknown
            When the model is not installed, or not known.
        EngineLost
            When the machine or the model does not allow it; the message says why.
        """
        return self._runners.compile(name, engine)

    def compile_again(self, name: str) -> "builtins.list[Path]":
        """Make a model's graphs anew, as many as there are, after it got or lost an adapter; see `compile`."""
        return self._runners.compile_again(name)

    async def _answer(self, engine: Engine, request: ChatRequest, on_delta: OnDelta) -> Completion:
        await self._make_room(engine)
        return await engine.chat(request, on_delta)

    async def _load(self, engine: Engine) -> None:
        await self._make_room(engine)
        if isinstance(engine, EmbeddedEngine):
            await engine.load()

    async def _make_room(self, engine: Engine) -> None:
        """Unload the embedded model unused for longest until one more fits."""
        if not isinstance(engine, EmbeddedEngine) or engine.is_loaded:
            return
        if self._making_room is None:
            self._making_room = asyncio.Lock()
        async with self._making_room:
            others = [other for other in self._engines.values() if isinstance(other, EmbeddedEngine)]
            loaded = [other for other in others if other is not engine and other.is_loaded]
            while len(loaded) >= self._config.resident:
                longest = max(loaded, key=lambda other: other.unused_for)
                if longest.unused_for == 0:
                    raise EngineBusy("Another model is at work and memory is for one. Come back soon.", retry_after=5)
                await longest.unload()
                loaded.remove(longest)

    def _embedded(self, listing: Listing) -> Model:
        asset = listing.asset
        engine = self._engines.get(asset.base or asset.id)
        if listing.state is not AssetState.INSTALLED:
            health = EngineHealth(EngineState.MISSING, f"Run `yunqi hub install {asset.id}`.")
        else:
            health = engine.health() if engine else EngineHealth(EngineState.IDLE)
        return Model(
            id=asset.id,
            kind="adapter" if asset.base else "embedded",
            family=asset.base or asset.family,
            parameters=asset.parameters,
            quantisation=asset.quantisation,
            context=min(asset.context or self._config.context, self._config.context),
            licence=asset.licence,
            sha256=asset.sha256,
            source=listing.source or "",
            tools=asset.tools,
            health=health,
        )

    def _remote(self, upstream: Upstream) -> Model:
        engine = self._engines.get(upstream.name)
        return Model(
            id=upstream.name,
            kind="upstream",
            family=upstream.model,
            parameters=0,
            quantisation="",
            context=0,
            licence="see the upstream",
            sha256="",
            source=upstream.url,
            tools=True,
            health=engine.health() if engine else EngineHealth(EngineState.IDLE),
        )


async def _close_all(engines: "list[Engine]") -> None:
    await asyncio.gather(*(engine.close() for engine in engines))
