"""Asks an OpenAI-compatible server: llama.cpp's over the child's socket, or any other over the network."""

import asyncio
import time
from typing import TYPE_CHECKING

from yunqi.cloud.models.engine.wire import Answer, Broken, decode_error, encode
from yunqi.cloud.models.model import ChatRequest, Completion, ContextTooLong, EngineBusy, EngineLost, OnDelta
from yunqi.kernel import Error, Invalid

if TYPE_CHECKING:
    import aiohttp


class ChatClient:
    """One server and the model to ask there.

    Parameters
    ----------
    base
        Address up to and including ``/v1``.
    counted
        The server is llama.cpp's and can count tokens in each chunk.
    """

    def __init__(self, session: "aiohttp.ClientSession", base: str, *, model: str, name: str, counted: bool) -> None:
        self._session = session
        self._url = f"{base.rstrip('/')}/chat/completions"
        self._model = model
        self._name = name
        self._counted = counted

    @classmethod
    def over_socket(cls, path: str, *, key: str, name: str) -> "ChatClient":
        """Return a client of the child that listens on a Unix socket."""
        import aiohttp

        # llama.cpp's server ends every connection without always saying so.
        session = _session(aiohttp.UnixConnector(path, limit=0, force_close=True), key)
        return cls(session, "http://child/v1", model=name, name=name, counted=True)

    @classmethod
    def over_network(cls, base: str, *, key: str, model: str, name: str) -> "ChatClient":
        """Return a client of a server elsewhere."""
        import aiohttp

        # Shorter than the five seconds after which most servers drop an idle connection under a new request.
        session = _session(aiohttp.TCPConnector(limit=0, keepalive_timeout=3), key)
        return cls(session, base, model=model, name=name, counted=False)

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def chat(
        self, request: ChatRequest, on_delta: OnDelta, *, max_tokens: int, adapters: tuple[float, ...] = ()
    ) -> Completion:
        """Stream an answer.

        Parameters
        ----------
        adapters
            The weight of each adapter that the server carries.

        Raises
        ------
        ContextTooLong, Invalid, EngineBusy, EngineLost
            As the server said, or because it went away.
        """
        import aiohttp

        body = encode(request, model=self._model, max_tokens=max_tokens, counted=self._counted, adapters=adapters)
        try:
            return await self._stream(body, on_delta)
        except (aiohttp.ClientError, OSError, asyncio.IncompleteReadError) as error:
            raise EngineLost(
                f"Model {self._name} went away while it was answering ({type(error).__name__}). Ask again: it is being "
                "started anew."
            ) from error
        except Broken as error:
            raise EngineLost(f"Model {self._name} broke off its answer: {error}. Ask again.") from error

    async def _stream(self, body: bytes, on_delta: OnDelta) -> Completion:
        began = time.perf_counter()
        first = 0.0
        answer = Answer()
        async with self._session.post(self._url, data=body, headers={"Content-Type": "application/json"}) as reply:
            if reply.status != 200:
                raise self._refusal(reply.status, await reply.read(), reply.headers.get("Retry-After"))
            async for data in reply.content.iter_any():
                for delta in answer.feed(data):
                    first = first or time.perf_counter()
                    on_delta(delta)
        ended = time.perf_counter()
        if not answer.done:
            raise Broken("the stream ended in the middle")
        return Completion(
            text=answer.text,
            finish_reason=answer.finish_reason or "stop",
            usage=answer.usage,
            milliseconds=(ended - began) * 1000,
            first_token_ms=((first or ended) - began) * 1000,
            tool_calls=answer.tool_calls,
            logprobs=answer.logprobs,
            thinking=answer.thinking,
            guessed=answer.guessed,
            kept=answer.kept,
        )

    def _refusal(self, status: int, body: bytes, retry_after: str | None) -> Error:
        error = decode_error(body)
        if error.type == "exceed_context_size_error":
            return ContextTooLong(
                f"The messages have {error.n_prompt_tokens} tokens; model {self._name} takes {error.n_ctx}, its answer "
                "included. Shorten them.",
                param="messages",
            )
        if status in (400, 413, 422):
            return Invalid(f"Model {self._name} refused the request: {error.message}", code="invalid_request")
        if status == 429:
            wait = float(retry_after) if retry_after and retry_after.isdigit() else 1.0
            return EngineBusy(f"Model {self._name} is busy: {error.message}", retry_after=wait)
        return EngineLost(f"Model {self._name} answered with status {status}: {error.message}")


def _session(connector: "aiohttp.BaseConnector", key: str) -> "aiohttp.ClientSession":
    import aiohttp

    headers = {"Authorization": f"Bearer {key}"} if key else {}
    # No overall limit: the engine sets one a request. Sixteen kilobytes a read keep single tokens prompt.
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=10)
    return aiohttp.ClientSession(connector=connector, headers=headers, timeout=timeout, read_bufsize=1 << 14)
