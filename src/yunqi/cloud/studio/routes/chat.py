"""The OpenAI protocol over HTTP: plain Starlette routes, because every token passes here."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from yunqi.cloud.models import Completion, Delta, Model
from yunqi.cloud.studio.engine.answered import Writer
from yunqi.cloud.studio.engine.asked import Asked, read
from yunqi.cloud.studio.service import Call, Studio
from yunqi.kernel import Error, Invalid, NotFound, Principal, Unavailable

PREFIXES = ("/v1", "/compatible-mode/v1")
_STREAM = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_CLIENT_LEFT = 499  # nobody reads it; the access log does

Authenticate = Callable[[Request], Principal]


def routes(studio: Studio, authenticate: Authenticate) -> list[Route]:
    """Return the routes; ``authenticate`` raises `Denied` for a request without a valid key.

    Errors are raised as the house's kinds: the application turns them into the one error body.
    """
    edge = _Edge(studio, authenticate)
    found = [Route("/v1/studio/models", edge.catalogue, methods=["GET"])]
    for prefix in PREFIXES:
        found += [
            Route(f"{prefix}/models", edge.list, methods=["GET"]),
            Route(f"{prefix}/models/{{model:path}}", edge.retrieve, methods=["GET"]),
            Route(f"{prefix}/chat/completions", edge.chat, methods=["POST"]),
        ]
    return found


class _Edge:
    def __init__(self, studio: Studio, authenticate: Authenticate) -> None:
        self._studio = studio
        self._authenticate = authenticate

    async def list(self, request: Request) -> Response:
        """List the models that can be asked, by every name."""
        await run_in_threadpool(self._authenticate, request)
        served = await run_in_threadpool(self._studio.served)
        return _json({"object": "list", "data": [_openai(name, model) for name, model in served.items()]})

    async def retrieve(self, request: Request) -> Response:
        """Show one model."""
        await run_in_threadpool(self._authenticate, request)
        name = request.path_params["model"]
        served = await run_in_threadpool(self._studio.served)
        if name not in served:
            raise NotFound(f"The model {name!r} does not exist or is not installed.", "model", code="model_not_found")
        return _json(_openai(name, served[name]))

    async def catalogue(self, request: Request) -> Response:
        """List every model with its state, for the console."""
        principal = await run_in_threadpool(self._authenticate, request)
        principal.require("read")
        models = await run_in_threadpool(self._studio.models)
        aliases = self._studio.aliases()
        rows = [_row(model) | {"aliases": [a.name for a in aliases if a.target == model.id]} for model in models]
        return _json({"models": rows})

    async def chat(self, request: Request) -> "Response | _Stream":
        """Answer a chat, whole or streamed."""
        principal = await run_in_threadpool(self._authenticate, request)
        body = await request.body()
        if len(body) > self._studio.config.body_limit_bytes:
            raise Invalid(f"The chat request is larger than {self._studio.config.body_limit_bytes} bytes. Shorten it.")
        asked = read(body)
        call = await run_in_threadpool(self._studio.open, principal, asked)
        answer = _Answer(call, request.receive)
        try:
            if not asked.stream:
                return await answer.whole()
            first = await answer.first()
        finally:
            answer.close_unless_streaming()
        return Response(status_code=_CLIENT_LEFT) if first is None else _Stream(answer, first, asked)


class _Left:
    """In the queue: the client has gone."""


class _Ended:
    """In the queue: the engine has ended."""


class _Answer:
    """Brings the engine's pieces, its end and the client's leaving into one queue of this event loop."""

    def __init__(self, call: Call, receive: Receive) -> None:
        self.call = call
        self.writer = Writer(call.id, call.created, call.asked)
        self._queue: asyncio.Queue[Delta | type[_Left] | type[_Ended]] = asyncio.Queue()
        self._listening = asyncio.create_task(self._listen(receive))
        loop, put = asyncio.get_running_loop(), self._queue.put_nowait
        self._future = call.start(lambda delta: _tell(loop, put, delta))
        self._future.add_done_callback(lambda _: _tell(loop, put, _Ended))
        self._streaming = False

    async def whole(self) -> Response:
        while (piece := await self._queue.get()) is not _Ended:
            if piece is _Left:
                await run_in_threadpool(self.call.abandon)
                return Response(status_code=_CLIENT_LEFT)
        done = await self.finish()
        return Response(self.writer.whole(done), media_type="application/json")

    async def first(self) -> Delta | None:
        """Wait for the first piece, so that a refusal still gets its own status; None when the client left."""
        piece = await self._queue.get()
        if piece is _Ended:
            done = await self.finish()
            self._queue.put_nowait(_Ended)
            piece = Delta("", done.usage)
        self._streaming = isinstance(piece, Delta)
        return piece if isinstance(piece, Delta) else None

    async def next(self) -> Delta | type[_Left] | None:
        """Return the next piece, None at the end, `_Left` when the client has gone."""
        piece = await self._queue.get()
        return piece if isinstance(piece, Delta) or piece is _Left else None

    async def finish(self) -> Completion:
        """Meter the end and return the answer, or raise the engine's error."""
        stopped = Unavailable("The server is stopping. Ask again in a moment.")
        error = stopped if self._future.cancelled() else self._future.exception()
        if isinstance(error, Error):
            await run_in_threadpool(self.call.fail)
            raise error
        done = self._future.result()
        await run_in_threadpool(self.call.finish, done)
        return done

    def close_unless_streaming(self) -> None:
        if not self._streaming:
            self.close()

    def close(self) -> None:
        """Stop what still runs; meters the call if nothing else has."""
        self._listening.cancel()
        self.call.abandon()

    async def _listen(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._queue.put_nowait(_Left)


class _Stream:
    """An ASGI response that ends the engine's work when the client leaves."""

    def __init__(self, answer: _Answer, first: Delta, asked: Asked) -> None:
        self._answer = answer
        self._first = first
        self._asked = asked

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(name.lower().encode(), value.encode()) for name, value in _STREAM.items()]
        try:
            with suppress(OSError):  # the client went away while we wrote
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                await self._send_all(send)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await asyncio.shield(run_in_threadpool(self._answer.close))

    async def _send_all(self, send: Send) -> None:
        writer = self._answer.writer
        piece: Delta | type[_Left] | None = self._first
        pending = writer.opening()
        while isinstance(piece, Delta):
            await send({"type": "http.response.body", "body": pending + writer.piece(piece), "more_body": True})
            pending = b""
            piece = await self._answer.next()
        if piece is None:
            await send({"type": "http.response.body", "body": await self._ending(), "more_body": True})

    async def _ending(self) -> bytes:
        try:
            done = await self._answer.finish()
        except Error as error:
            body = {"error": {"message": error.message, "type": "server_error", "code": error.code, "param": None}}
            return b"data: " + msgspec.json.encode(body) + b"\n\n"
        return self._answer.writer.closing(done, include_usage=self._asked.include_usage)


def _tell(loop: asyncio.AbstractEventLoop, put: Callable[[Any], None], item: object) -> None:
    with suppress(RuntimeError):  # the server's loop has ended
        loop.call_soon_threadsafe(put, item)


def _openai(name: str, model: Model) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "yunqi", "root": model.id}


def _row(model: Model) -> dict[str, Any]:
    state = "ready" if model.health.state.value == "idle" else model.health.state.value
    return {
        "id": model.id,
        "asset": model.id if model.kind != "upstream" else None,
        "kind": model.kind,
        "family": model.family,
        "parameters": model.parameters,
        "quantisation": model.quantisation,
        "context": model.context,
        "licence": model.licence,
        "state": state,
        "detail": model.health.detail,
        "loaded": model.health.state.value == "ready",
        "memory_bytes": model.health.memory_bytes,
        "threads": model.health.threads,
        "running": model.health.running,
        "waiting": model.health.waiting,
        "restarts": model.health.restarts,
        "guessed": model.health.guessed,
        "kept": model.health.kept,
        "sha256": model.sha256,
        "source": model.source,
    }


def _json(document: dict[str, Any]) -> Response:
    return Response(msgspec.json.encode(document), media_type="application/json")
