"""Speaks the OpenAI chat protocol on the child's socket: one route, always streamed, only to who has the key."""

import asyncio
import json
import os
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from yunqi.cloud.models.engine.tokens.tokenizer import Tokenizer, unfit
from yunqi.cloud.models.service.paged.answering import Desk, TooLong
from yunqi.cloud.models.service.paged.drafter import Drafter
from yunqi.cloud.models.service.paged.loop import Loop
from yunqi.cloud.models.service.paged.runner import Runner
from yunqi.kernel import Error, Invalid

_HEADERS = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
_MOST_BYTES = 64 << 20

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def listen(spec: dict[str, Any], folder: Path) -> None:
    """Load the graph and listen; returns once requests are answered."""
    runner = _runner(folder, spec)
    desk = Desk(folder, context=spec["context"])
    guessing = drafter(spec, desk) if spec["draft"] else None
    loop = Loop(runner, places=spec["parallel"], lookup=spec["lookup"], drafter=guessing, on_loss=lambda: os._exit(1))
    application = web.Application(client_max_size=_MOST_BYTES, middlewares=[_guard(spec["key"])])
    application.router.add_post("/v1/chat/completions", _chat(desk, loop))
    site = web.AppRunner(application, access_log=None, handler_cancellation=True)
    await site.setup()
    await web.UnixSite(site, spec["socket"]).start()


def drafter(spec: dict[str, Any], desk: Desk) -> Drafter:
    """Load the model that guesses.

    Raises
    ------
    Invalid
        When it speaks of other tokens.
    """
    folder = Path(spec["draft"]["graph"])
    other = Desk(folder, context=spec["context"])
    if difference := Tokenizer(desk.tokenizer).difference(Tokenizer(other.tokenizer)):
        names = (spec["draft"]["name"], Path(spec["model"]).parent.name)
        raise Invalid(unfit(*names, difference), param="draft")
    return Drafter(_runner(folder, spec), size=desk.vocabulary, context=other.context)


def _runner(folder: Path, spec: dict[str, Any]) -> Runner:
    """Load a graph with room for all that run at once and, where wished, one more context: known beginnings stay."""
    places = spec["parallel"] + bool(spec["cache_mb"])
    return Runner(folder, tokens=spec["context"] * places, threads=spec["threads"])


def _guard(key: str) -> Any:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        if not secrets.compare_digest(given.encode(), f"Bearer {key}".encode()):
            return _refusal(401, "The key is missing or wrong.", "authentication_error")
        return await handler(request)

    return guard


def _chat(desk: Desk, loop: Loop) -> Handler:
    async def chat(request: web.Request) -> web.StreamResponse:
        home = asyncio.get_running_loop()
        chunks: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()

        def post(chunk: dict[str, Any] | None) -> None:
            home.call_soon_threadsafe(chunks.put_nowait, chunk)

        try:
            sequence, draws = desk.open(msgspec.json.decode(await request.read()), post)
        except TooLong as error:
            counts = {"n_prompt_tokens": error.tokens, "n_ctx": error.context}
            return _refusal(400, str(error), "exceed_context_size_error", **counts)
        except Error as error:
            return _refusal(400, error.message, "invalid_request_error")
        reply = web.StreamResponse(headers=_HEADERS)
        loop.add(sequence, draws)
        try:
            await reply.prepare(request)
            while (chunk := await chunks.get()) is not None:
                await reply.write(b"data: " + msgspec.json.encode(chunk) + b"\n\n")
            await reply.write(b"data: [DONE]\n\n")
        finally:
            loop.leave(sequence)
        return reply

    return chat


def _refusal(status: int, message: str, kind: str, **more: int) -> web.Response:
    body = json.dumps({"error": {"message": message, "type": kind, **more}})
    return web.Response(status=status, text=body, content_type="application/json")
