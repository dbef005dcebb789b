"""Reads an OpenAI chat request; what it does not know it ignores, what it cannot honour it refuses."""

from dataclasses import dataclass
from typing import Literal

import msgspec

from yunqi.cloud.models import ChatRequest, Message, ToolCall
from yunqi.kernel.errors import Invalid

_EMPTY = msgspec.Raw(b"null")


class _Part(msgspec.Struct):
    type: str
    text: str = ""


class _Function(msgspec.Struct):
    name: str
    arguments: str = ""


class _ToolCall(msgspec.Struct):
    id: str
    function: _Function


class _Message(msgspec.Struct):
    role: str
    content: str | list[_Part] | None = None
    name: str | None = None
    tool_calls: list[_ToolCall] | None = None
    tool_call_id: str | None = None


class _StreamOptions(msgspec.Struct):
    include_usage: bool = False


class _ResponseFormat(msgspec.Struct):
    type: Literal["text", "json_object", "json_schema"]


class _Body(msgspec.Struct):
    model: str
    messages: list[_Message]
    stream: bool | None = False
    stream_options: _StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    n: int | None = 1
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    response_format: msgspec.Raw = _EMPTY
    tools: msgspec.Raw = _EMPTY
    tool_choice: msgspec.Raw = _EMPTY
    logprobs: bool | None = False
    top_logprobs: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A chat request as it came: the name of the model, the request, and how to answer."""

    model: str
    request: ChatRequest
    stream: bool
    include_usage: bool


_decoder = msgspec.json.Decoder(_Body)


def read(body: bytes) -> Asked:
    """Read the body of ``POST /v1/chat/completions``.

    Raises
    ------
    Invalid
        With the parameter's name and what is right.
    """
    try:
        found = _decoder.decode(body)
    except msgspec.ValidationError as error:
        text = str(error)
        where = text.rpartition("`$.")[2].rstrip("`") if "`$." in text else None
        raise Invalid(f"The request does not fit the chat protocol: {text}.", param=where) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"The request body is not JSON: {error}.") from None
    _check(found)
    options = found.stream_options
    return Asked(found.model, _request(found), bool(found.stream), bool(options and options.include_usage))


def _check(body: _Body) -> None:
    if body.n not in (None, 1):
        raise Invalid("n must be 1: ask again for another answer.", param="n")
    _within("temperature", body.temperature, 0, 2)
    _within("top_p", body.top_p, 0, 1)
    _within("presence_penalty", body.presence_penalty, -2, 2)
    _within("frequency_penalty", body.frequency_penalty, -2, 2)
    _within("top_logprobs", body.top_logprobs, 0, 20)
    for name in ("max_tokens", "max_completion_tokens"):
        _within(name, getattr(body, name), 1, 1 << 20)
    if body.top_logprobs and not body.logprobs:
        raise Invalid("top_logprobs needs logprobs: true.", param="top_logprobs")
    if (kind := _given(body.response_format)) is not None:
        try:
            msgspec.json.decode(kind, type=_ResponseFormat)
        except msgspec.ValidationError:
            raise Invalid(
                "response_format.type must be text, json_object or json_schema.", param="response_format"
            ) from None


def _within(name: str, value: float | None, low: float, high: float) -> None:
    if value is not None and not low <= value <= high:
        raise Invalid(f"{name} = {value} must lie between {low} and {high}.", param=name)


def _request(body: _Body) -> ChatRequest:
    stop = (body.stop,) if isinstance(body.stop, str) else tuple(body.stop or ())
    if len(stop) > 16:
        raise Invalid("stop takes at most 16 texts.", param="stop")
    return ChatRequest(
        messages=tuple(_message(message, i) for i, message in enumerate(body.messages)),
        max_tokens=body.max_completion_tokens or body.max_tokens,
        temperature=body.temperature,
        top_p=body.top_p,
        stop=stop,
        seed=body.seed,
        presence_penalty=body.presence_penalty,
        frequency_penalty=body.frequency_penalty,
        response_format=_given(body.response_format),
        tools=_given(body.tools) if _given(body.tools) != b"[]" else None,
        tool_choice=_given(body.tool_choice),
        logprobs=bool(body.logprobs),
        top_logprobs=body.top_logprobs or 0,
    )


def _message(message: _Message, number: int) -> Message:
    calls = tuple(ToolCall(call.id, call.function.name, call.function.arguments) for call in message.tool_calls or ())
    role = "system" if message.role == "developer" else message.role
    return Message(role, _text(message.content, number), message.name, calls, message.tool_call_id)


def _text(content: str | list[_Part] | None, number: int) -> str:
    if isinstance(content, list):
        for part in content:
            if part.type != "text":
                raise Invalid(
                    f"messages[{number}] holds a part of type {part.type!r}; the models here take text only.",
                    param="messages",
                )
        return "".join(part.text for part in content)
    return content or ""


def _given(raw: msgspec.Raw) -> bytes | None:
    found = bytes(raw).strip()
    return None if found in (b"", b"null") else found
