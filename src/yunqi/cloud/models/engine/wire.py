"""The OpenAI chat protocol as an engine speaks it: requests out, server-sent chunks in."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from yunqi.cloud.models.model import ChatRequest, Delta, Message, ToolCall, ToolCallDelta, Usage

_PLAIN = ("temperature", "top_p", "seed", "presence_penalty", "frequency_penalty")
_RAW = ("response_format", "tools", "tool_choice")


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _Call(msgspec.Struct):
    index: int = 0
    id: str | None = None
    function: _Function | None = None


class _Logprobs(msgspec.Struct):
    content: list[msgspec.Raw] | None = None


class _Delta(msgspec.Struct):
    content: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct):
    delta: _Delta | None = None
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


class _Details(msgspec.Struct):
    cached_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _Details | None = None


class _Timings(msgspec.Struct):
    cache_n: int = 0
    prompt_n: int = 0
    predicted_n: int = 0
    draft_n: int = 0
    draft_n_accepted: int = 0


class _Chunk(msgspec.Struct):
    choices: list[_Choice] = []
    usage: _Usage | None = None
    timings: _Timings | None = None
    error: msgspec.Raw = msgspec.Raw(b"null")


class EngineError(msgspec.Struct):
    """The error body of an OpenAI-compatible server."""

    message: str = ""
    type: str | None = None
    n_prompt_tokens: int | None = None
    n_ctx: int | None = None


class _ErrorBody(msgspec.Struct):
    error: EngineError | str | None = None
    message: str = ""


_chunks = msgspec.json.Decoder(_Chunk)


def encode(
    request: ChatRequest, *, model: str, max_tokens: int, counted: bool, adapters: Sequence[float] = ()
) -> bytes:
    """Return the request's body; it always streams.

    Parameters
    ----------
    counted
        Ask llama.cpp's server to count tokens in each chunk.
    adapters
        The weight of each adapter, in the server's order; in llama.cpp's form.
    """
    body: dict[str, Any] = {
        "model": model,
        "messages": [_message(message) for message in request.messages],
        "max_tokens": max_tokens,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    body |= {name: value for name in _PLAIN if (value := getattr(request, name)) is not None}
    body |= {name: msgspec.Raw(value) for name in _RAW if (value := getattr(request, name)) is not None}
    if request.stop:
        body["stop"] = request.stop
    if request.logprobs:
        body |= {"logprobs": True, "top_logprobs": request.top_logprobs}
    if adapters:
        body["lora"] = [{"id": number, "scale": weight} for number, weight in enumerate(adapters)]
    if counted:
        body |= {"timings_per_token": True, "cache_prompt": True}
    return msgspec.json.encode(body)


def _message(message: Message) -> dict[str, Any]:
    out: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.name is not None:
        out["name"] = message.name
    if message.tool_call_id is not None:
        out["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        out["tool_calls"] = [tool_call(call) for call in message.tool_calls]
    return out


def tool_call(call: ToolCall) -> dict[str, Any]:
    """Return a tool call in the OpenAI form."""
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def decode_error(body: bytes) -> EngineError:
    """Read an error body; one that is not JSON becomes the message."""
    try:
        found = msgspec.json.decode(body, type=_ErrorBody)
    except msgspec.DecodeError:
        return EngineError(body[:500].decode("utf-8", "replace").strip())
    if isinstance(found.error, EngineError):
        return found.error
    return EngineError(found.error or found.message)


class Broken(Exception):
    """The stream held something that is not the protocol, or an error."""


class Answer:
    """Puts an answer together from the bytes of an event stream; feed it and take the pieces."""

    def __init__(self) -> None:
        self._rest = b""
        self._texts: list[str] = []
        self._thoughts: list[str] = []
        self._calls: dict[int, list[str]] = {}
        self._logprobs: list[bytes] = []
        self._chunks = 0
        self.usage = Usage(exact=False)
        self.guessed = self.kept = 0
        self.finish_reason: str | None = None
        self.done = False

    def feed(self, data: bytes) -> Iterator[Delta]:
        """Take more bytes and yield the pieces they complete.

        Raises
        ------
        Broken
            When a line is not a chunk, or carries an error.
        """
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if line.startswith(b"data:") and (delta := self._take(line[5:].strip())) is not None:
                yield delta

    @property
    def text(self) -> str:
        """Return the text so far."""
        return "".join(self._texts)

    @property
    def thinking(self) -> str:
        """Return the thinking so far."""
        return "".join(self._thoughts)

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """Return the tool calls so far."""
        return tuple(ToolCall(*self._calls[index]) for index in sorted(self._calls))

    @property
    def logprobs(self) -> tuple[bytes, ...]:
        """Return the log probabilities so far."""
        return tuple(self._logprobs)

    def _take(self, payload: bytes) -> Delta | None:
        if payload == b"[DONE]":
            self.done = True
            return None
        try:
            chunk = _chunks.decode(payload)
        except msgspec.DecodeError as error:
            raise Broken(f"a line of the stream is no chunk: {error}") from error
        if bytes(chunk.error) != b"null":
            raise Broken(decode_error(b'{"error":' + bytes(chunk.error) + b"}").message)
        choice = chunk.choices[0] if chunk.choices else _Choice()
        self.finish_reason = choice.finish_reason or self.finish_reason
        self._count(chunk, choice)
        return self._piece(choice)

    def _piece(self, choice: _Choice) -> Delta | None:
        found = choice.delta or _Delta()
        text, thinking = found.content or "", found.reasoning_content or ""
        calls = tuple(self._call(call) for call in found.tool_calls or ())
        logprobs = tuple(bytes(item) for item in (choice.logprobs and choice.logprobs.content) or ())
        if not (text or thinking or calls or logprobs):
            return None
        self._texts.append(text)
        self._thoughts.append(thinking)
        self._logprobs.extend(logprobs)
        return Delta(text, self.usage, calls, logprobs, thinking)

    def _call(self, call: _Call) -> ToolCallDelta:
        function = call.function or _Function()
        kept = self._calls.setdefault(call.index, ["", "", ""])
        for place, piece in enumerate((call.id, function.name, function.arguments)):
            kept[place] += piece or ""
        return ToolCallDelta(call.index, call.id, function.name, function.arguments or "")

    def _count(self, chunk: _Chunk, choice: _Choice) -> None:
        if chunk.timings is not None:
            self.guessed, self.kept = chunk.timings.draft_n, chunk.timings.draft_n_accepted
        if chunk.usage is not None:
            details = chunk.usage.prompt_tokens_details
            cached = (details.cached_tokens if details else None) or 0
            self.usage = Usage(chunk.usage.prompt_tokens, chunk.usage.completion_tokens, cached)
        elif (timings := chunk.timings) is not None:
            self.usage = Usage(timings.prompt_n + timings.cache_n, timings.predicted_n, timings.cache_n)
        elif choice.delta is not None and (
            choice.delta.content or choice.delta.reasoning_content or choice.delta.tool_calls
        ):
            self._chunks += 1
            self.usage = Usage(self.usage.input_tokens, self._chunks, exact=False)
