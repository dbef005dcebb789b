"""Writes answers in the OpenAI form: whole, or as server-sent chunks."""

from typing import Any

import msgspec

from yunqi.cloud.models import Completion, Delta, ToolCall, Usage

DONE = b"data: [DONE]\n\n"


class Writer:
    """Writes the answer of one call.

    Parameters
    ----------
    call_id, created, model
        Repeated in every chunk.
    """

    def __init__(self, call_id: str, created: int, model: str) -> None:
        self._head = {"id": call_id, "created": created, "model": model}

    def whole(self, done: Completion) -> bytes:
        """Return a finished answer as one document."""
        message: dict[str, Any] = {"role": "assistant", "content": done.text or None, "refusal": None}
        if done.thinking:
            message["reasoning_content"] = done.thinking
        if done.tool_calls:
            message["tool_calls"] = [_call(call) for call in done.tool_calls]
        elif not done.text:
            message["content"] = ""
        choice = {
            "index": 0,
            "message": message,
            "logprobs": _logprobs(done.logprobs),
            "finish_reason": done.finish_reason,
        }
        document = self._head | {"object": "chat.completion", "choices": [choice], "usage": usage_json(done.usage)}
        return msgspec.json.encode(document)

    def opening(self) -> bytes:
        """Return the first chunk: the role."""
        return self._chunk([_choice({"role": "assistant", "content": ""})])

    def piece(self, delta: Delta) -> bytes:
        """Return a chunk with a piece of the answer."""
        content: dict[str, Any] = {}
        if delta.thinking:
            content["reasoning_content"] = delta.thinking
        if delta.text:
            content["content"] = delta.text
        if delta.tool_calls:
            content["tool_calls"] = [
                {
                    "index": call.index,
                    **({"id": call.id, "type": "function"} if call.id else {}),
                    "function": {**({"name": call.name} if call.name else {}), "arguments": call.arguments},
                }
                for call in delta.tool_calls
            ]
        return self._chunk([_choice(content, logprobs=_logprobs(delta.logprobs))])

    def closing(self, done: Completion, *, include_usage: bool) -> bytes:
        """Return the end of the stream: the reason, the tokens if they were asked for, and the end mark."""
        end = self._chunk([_choice({}, reason=done.finish_reason)])
        if include_usage:
            end += self._chunk([], usage=usage_json(done.usage))
        return end + DONE

    def _chunk(self, choices: list[dict[str, Any]], **more: Any) -> bytes:
        document = self._head | {"object": "chat.completion.chunk", "choices": choices} | more
        return b"data: " + msgspec.json.encode(document) + b"\n\n"


def usage_json(usage: Usage) -> dict[str, Any]:
    """Return tokens in the OpenAI form."""
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
    }


def _choice(delta: dict[str, Any], *, reason: str | None = None, logprobs: Any = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": reason}


def _call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _logprobs(items: tuple[bytes, ...]) -> Any:
    return {"content": [msgspec.Raw(item) for item in items]} if items else None
