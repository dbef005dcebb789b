"""A scripted OpenAI-compatible server on loopback: it stands in for vLLM and says so in each answer's model name."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class Script:
    """What the server does next, and what it was asked."""

    words: tuple[str, ...] = ("It ", "is ", "a ", "scripted ", "answer.")
    status: int = 200
    error: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    pause: float = 0.0
    breaks_after: int | None = None
    fails_after: int | None = None
    context: int = 1000
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    gone: int = 0
    url: str = ""

    async def chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.asked.append(body)
        self.keys.append(request.headers.get("Authorization", ""))
        if self.status != 200:
            return web.json_response({"error": self.error}, status=self.status, headers=self.headers)
        tokens = sum(len(message["content"].split()) for message in body["messages"])
        if tokens > self.context:
            error = {"type": "exceed_context_size_error", "n_prompt_tokens": tokens, "n_ctx": self.context}
            return web.json_response({"error": error}, status=400)
        reply = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await reply.prepare(request)
        try:
            await self._stream(reply, body, tokens)
        except (ConnectionError, asyncio.CancelledError):
            self.gone += 1
            raise
        return reply

    async def _stream(self, reply: web.StreamResponse, body: dict[str, Any], tokens: int) -> None:
        words = self.words[: body["max_tokens"]]
        for number, word in enumerate(words):
            if number == self.breaks_after:
                return
            if number == self.fails_after:
                await reply.write(b'data: {"error": {"message": "out of memory"}}\n\n')
                return
            await asyncio.sleep(self.pause)
            await reply.write(_line({"choices": [{"index": 0, "delta": {"content": word}}]}))
        reason = "length" if len(words) < len(self.words) else "stop"
        await reply.write(_line({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}))
        usage = {"prompt_tokens": tokens, "completion_tokens": len(words)}
        await reply.write(_line({"choices": [], "usage": usage}) + b"data: [DONE]\n\n")


def _line(document: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(document).encode() + b"\n\n"


@contextmanager
def scripted_server() -> Iterator[Script]:
    """Serve a `Script` from a thread."""
    script = Script()
    loop = asyncio.new_event_loop()

    async def start() -> web.AppRunner:
        app = web.Application(client_max_size=1 << 26)
        app.router.add_post("/v1/chat/completions", script.chat)
        runner = web.AppRunner(app, handler_cancellation=True)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        script.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        return runner

    runner = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield script
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
