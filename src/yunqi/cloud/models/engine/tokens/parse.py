"""What a whole answer says beside its text: thinking, and calls of tools."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yunqi.cloud.models.engine.tokens.stream import Stream
from yunqi.cloud.models.model import ToolCall


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
        The tools offered, in the OpenAI form; their schemas say how Qwen3-Coder's bare parameters are typed. Calls
        written in lines (2023) are looked for only when there are tools.
    thinking
        The prompt had opened ``<think>`` already, so the answer begins in thought.
    """
    unopened = "</think>" in said and "<think>" not in said.split("</think>")[0]
    stream = Stream(tools, thinking=thinking or unopened)
    pieces = [*stream.feed(said), *stream.close()]
    text, thought = ("".join(piece.text for piece in pieces if piece.kind == kind) for kind in ("text", "thinking"))
    return Answer(text, thought, tuple(piece.call for piece in pieces if piece.call is not None))
