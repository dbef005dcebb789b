"""Calls of tools as each generation writes them.

Qwen (2023) writes ``Action: name`` and ``Action Input: {json}``; Qwen2 to Qwen3 write JSON in ``<tool_call>``;
Qwen3-Coder and Qwen3.5 write ``<function=name><parameter=key>`` in it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

_FUNCTION = re.compile(r"<function=([^>\n]+)>(.*?)(?:</function>|\Z)", re.DOTALL)
_PARAMETER = re.compile(r"<parameter=([^>\n]+)>\n?(.*?)\n?(?:</parameter>|(?=<parameter=)|\Z)", re.DOTALL)
_ACTION = re.compile(
    r"^Action:[ \t]*(\S[^\n]*)\nAction Input:[ \t]*(.*?)(?=\n(?:Observation|Thought|Action):|\Z)",
    re.DOTALL | re.MULTILINE,
)
_FENCE = re.compile(r"✿FUNCTION✿:[ \t]*(\S[^\n]*)\n✿ARGS✿:[ \t]*(.*?)(?=\n✿|\Z)", re.DOTALL)


def line_calls(said: str) -> tuple[str, list[tuple[str, str]]]:
    """Return the text before, and the name and arguments of each call that is written in lines."""
    for pattern in (_FENCE, _ACTION):
        if (first := pattern.search(said)) is not None:
            return said[: first.start()], [(name.strip(), _json_text(given)) for name, given in pattern.findall(said)]
    return said, []


def block_calls(block: str, tools: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return the name and arguments of each call in a block; empty when it holds none."""
    if functions := _FUNCTION.findall(block):
        return [(name.strip(), _typed(name.strip(), body, tools)) for name, body in functions]
    try:
        call = json.loads(block.strip())
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
