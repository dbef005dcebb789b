"""What an answer must conform to: a JSON schema, or a call of a tool; compiled by llguidance."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import llguidance
import llguidance.numpy
import numpy as np
from numpy.typing import NDArray

from yunqi.kernel import Invalid


class Vocabulary:
    """The tokens as llguidance wants them; made once a model.

    Parameters
    ----------
    document
        The text of tokenizer.json.
    size
        Tokens the model has logits for.
    """

    def __init__(self, document: str, size: int, ends: Sequence[int]) -> None:
        self.size = size
        self.inner = llguidance.LLTokenizer(document, n_vocab=size, eos_token=next(iter(ends), None))


class Compiled:
    """A grammar and where an answer stands in it."""

    def __init__(self, vocabulary: Vocabulary, grammar: str) -> None:
        self._matcher = llguidance.LLMatcher(vocabulary.inner, grammar, log_level=0)
        if error := self._matcher.get_error():
            raise Invalid(f"The schema cannot be followed: {error.splitlines()[0]}", code="invalid_request")
        self._bits = llguidance.numpy.allocate_token_bitmask(1, vocabulary.size)

    def mask(self, size: int) -> NDArray[np.bool_] | None:
        """Return which tokens may come next [size]."""
        llguidance.numpy.fill_next_token_bitmask(self._matcher, self._bits, 0)
        allowed = np.unpackbits(self._bits.view(np.uint8)[0], bitorder="little")[:size].astype(bool)
        return allowed if len(allowed) == size else np.pad(allowed, (0, size - len(allowed)))

    def accept(self, token: int) -> None:
        """Take the next token."""
        self._matcher.consume_token(token)

    def rollback(self, count: int) -> None:
        """Forget the last tokens that were taken."""
        if count:
            self._matcher.rollback(count)

    def is_over(self) -> bool:
        """Whether nothing more may follow."""
        return bool(self._matcher.is_stopped())


def wanted(asked: Mapping[str, Any], *, marked: bool) -> str:
    """Return the grammar that a request in the OpenAI form asks for, or nothing.

    Parameters
    ----------
    marked
        The vocabulary has ``<tool_call>`` as one token; llguidance then wants it named, not spelt.

    Raises
    ------
    Invalid
        When it names a tool that it does not offer, or a format that is unknown.
    """
    if forced := _forced(asked.get("tools") or [], asked.get("tool_choice")):
        return _calls(forced, marked=marked)
    form = asked.get("response_format") or {}
    kind = form.get("type", "text") if isinstance(form, dict) else "text"
    if kind == "text":
        return ""
    if kind == "json_object":
        return _schema({"type": "object"})
    if kind == "json_schema":
        return _schema(form.get("json_schema", {}).get("schema", {"type": "object"}))
    raise Invalid(f"response_format of type {kind!r} is unknown; use text, json_object or json_schema.")


def _schema(schema: Any) -> str:
    return str(llguidance.LLMatcher.grammar_from_json_schema(json.dumps(schema), {"whitespace_flexible": False}))


def _forced(tools: Sequence[Mapping[str, Any]], choice: Any) -> list[Mapping[str, Any]]:
    offered = [tool.get("function", tool) for tool in tools]
    if choice == "required":
        if not offered:
            raise Invalid("tool_choice is required, and no tools are offered.", param="tool_choice")
        return offered
    if isinstance(choice, dict):
        name = choice.get("function", {}).get("name")
        found = [tool for tool in offered if tool.get("name") == name]
        if not found:
            raise Invalid(f"tool_choice names {name!r}, which is not among the tools.", param="tool_choice")
        return found
    return []


def _calls(tools: Sequence[Mapping[str, Any]], *, marked: bool) -> str:
    calls = [
        {
            "type": "object",
            "properties": {
                "name": {"const": tool.get("name")},
                "arguments": tool.get("parameters") or {"type": "object"},
            },
            "required": ["name", "arguments"],
            "additionalProperties": False,
        }
        for tool in tools
    ]
    schema = calls[0] if len(calls) == 1 else {"anyOf": calls}
    opened, closed = ("<tool_call>", "</tool_call>") if marked else ('"<tool_call>"', '"</tool_call>"')
    document = json.dumps({"x-guidance": {"whitespace_flexible": False}, **schema})
    return f'%llguidance {{}}\nstart: {opened} "\\n" call "\\n" {closed}\ncall: %json {document}\n'
