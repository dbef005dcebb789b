"""What an answer says beside its text: thinking, and calls of tools, in the manner of each generation.

Qwen (2023) writes ``Action: name`` and ``Action Input: {json}``; Qwen2 to Qwen3 write JSON in ``<tool_call>``;
Qwen3-Coder and Qwen3.5 write ``<function=name><parameter=key>`` in it. Thinking stands before ``</think>``.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yunqi.cloud.models.model import ToolCall

_CALL = re.compile(r"<tool_call>\s*(.*?)\s*(?:</tool_call>|\Z)", re.DOTALL)
_FUNCTION = re.compile(r"<function=([^>\n]+)>(.*?)(?:</function>|\Z)", re.DOTALL)
_PARAMETER = re.compile(r"<parameter=([^>\n]+)>\n?(.*?)\n?(?:</parameter>|(?=<parameter=)|\Z)", re.DOTALL)
_ACTION = re.compile(
    r"^Action:[ \t]*(\S[^\n]*)\nAction Input:[ \t]*(.*?)(?=\n(?:Observation|Thought|Action):|\Z)",
    re.DOTALL | re.MULTILINE,
)
_FENCE = re.compile(r"✿FUNCTION✿:[ \t]*(\S[^\n]*)\n✿ARGS✿:[ \t]*(.*?)(?=\n✿|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer taken apart."""

    text: str
    thinking: str = ""
    tool_calls: tuple[ToolCall, ...] = ()


def parse(said: str, *, tools: Sequence[Mapping[str, Any]] = (), thinking: bool = False) -> Answer:
    """Return the text, the thinking and the tool calls of an answer.

    Parameters
    ----------
    tools
        The tools offered, in the OpenAI form; their schemas say how Qwen3-Coder's bare parameters are typed.
    thinking
        The prompt had opened ``<think>`` already, so the answer begins in thought.
    """
    thought, text = _think(said, thinking)
    found: list[tuple[str, str]] = []
    if "<tool_call>" in text or "<function=" in text:
        blocks = _CALL.findall(text) or [text]
        for block in blocks:
            found += _block(block, tools)
        text = _FUNCTION.sub("", _CALL.sub("", text)) if found else text
    else:
        for pattern in (_FENCE, _ACTION):
            if calls := pattern.findall(text):
                found = [(name.strip(), _json_text(given)) for name, given in calls]
                text = text[: pattern.search(text).start()] if pattern.search(text) else text  # type: ignore[union-attr]
                break
    calls_made = tuple(ToolCall(f"call_{index}", name, given) for index, (name, given) in enumerate(found))
    return Answer(text.strip("\n") if (thought or calls_made) else text, thought, calls_made)


def _think(said: str, opened: bool) -> tuple[str, str]:
    if "</think>" in said:
        thought, text = said.split("</think>", 1)
        return thought.replace("<think>", "", 1).strip(), text.lstrip("\n")
    if opened or said.lstrip().startswith("<think>"):
        return said.replace("<think>", "", 1).strip(), ""
    return "", said


def _block(block: str, tools: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    if functions := _FUNCTION.findall(block):
        return [(name.strip(), _typed(name.strip(), body, tools)) for name, body in functions]
    try:
        call = json.loads(block)
    except ValueError:
        return []
    calls = call if isinstance(call, list) else [call]
    return [
        (str(one["name"]), _json_text(one.get("arguments", {})))
        for one in calls
        if isinstance(one, dict) and "name" in one
    ]


def _typed(name: str, body: str, tools: Sequence[Mapping[str, Any]]) -> str:
    kinds: dict[str, Any] = {}
    for tool in tools:
        function = tool.get("function", tool)
        if function.get("name") == name:
            kinds = function.get("parameters", {}).get("properties", {})
    given = {key.strip(): _value(value, kinds.get(key.strip(), {})) for key, value in _PARAMETER.findall(body)}
    return json.dumps(given, ensure_ascii=False)


def _value(text: str, schema: Mapping[str, Any]) -> Any:
    kind = schema.get("type", "string")
    if kind == "string":
        return text
    try:
        return json.loads(text)
    except ValueError:
        return {"true": True, "false": False, "none": None, "null": None}.get(text.strip().lower(), text)


def _json_text(given: Any) -> str:
    return given.strip() if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
