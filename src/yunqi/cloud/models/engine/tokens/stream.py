"""Takes an answer apart as it comes: text, thinking and calls of tools, in the manner of each generation.

What might yet be the beginning of a mark is held back until it is known; a call is told when it is whole. However the
answer is cut into pieces, the same comes out.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yunqi.cloud.models.engine.tokens.calls import block_calls, line_calls
from yunqi.cloud.models.model import ToolCall

_OPEN, _CLOSE = "<think>", "</think>"
_CALL, _CALLED = "<tool_call>", "</tool_call>"
_FUNCTION, _DONE = "<function=", "</function>"
_LINES = ("Action:", "✿FUNCTION✿:")
_ENDS = {_CALL: _CALLED, _FUNCTION: _DONE}


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of an answer: of its ``text`` or ``thinking``, or a whole ``call``."""

    kind: str
    text: str = ""
    call: ToolCall | None = None


class Stream:
    """Takes one answer apart.

    Parameters
    ----------
    tools
        The tools offered, in the OpenAI form.
    thinking
        The prompt had opened ``<think>`` already, so the answer begins in thought.
    """

    def __init__(self, tools: Sequence[Mapping[str, Any]] = (), *, thinking: bool = False) -> None:
        self._tools = tools
        self._mode = "thinking" if thinking else "text"
        self._mark = ""  # what opened the block that is being read
        self._pending, self._held, self._begun = "", "", False
        self._at_line, self._thought, self._calls = True, thinking, 0

    def feed(self, piece: str) -> list[Piece]:
        """Return what is known after one more piece."""
        self._pending += piece
        found: list[Piece] = []
        while self._step(found):
            pass
        return found

    def close(self) -> list[Piece]:
        """Return what was held back; no more comes."""
        found: list[Piece] = []
        rest, self._pending = self._pending, ""
        if self._mode == "block":
            self._block(rest, "", found)
        elif self._mode == "lines":
            text, calls = line_calls(rest)
            self._say("text", text, found)
            self._called(calls, found)
        else:
            self._say(self._mode, rest, found)
        if self._mode != "thinking" and not self._calls and self._held:
            found.append(Piece("text", self._held))
        return found

    def _step(self, found: list[Piece]) -> bool:
        if self._mode == "lines":
            return False
        if self._mode == "block":
            inner, end, rest = self._pending.partition(_ENDS[self._mark])
            if end:
                self._pending, self._mode = rest, "text"
                self._block(inner, end, found)
            return bool(end)
        marks = self._marks()
        place, mark = min(((self._find(one), one) for one in marks), default=(-1, ""), key=lambda pair: _order(pair[0]))
        if place < 0:
            safe = len(self._pending) - max((_overlap(self._pending, one) for one in marks), default=0)
            self._say(self._mode, self._pending[:safe], found)
            self._pending = self._pending[safe:]
            return False
        self._say(self._mode, self._pending[:place], found)
        self._pending = self._pending[place + len(mark) :]
        self._enter(mark)
        return True

    def _marks(self) -> tuple[str, ...]:
        if self._mode == "thinking":
            return (_CLOSE, _OPEN) if not self._begun else (_CLOSE,)
        marks = [_CALL, _FUNCTION]
        if not self._thought and not self._begun and not self._held.strip():
            marks.append(_OPEN)
        if self._mark == _FUNCTION:
            marks.append(_CALLED)
        return (*marks, *(_LINES if self._tools else ()))

    def _find(self, mark: str) -> int:
        """Return where a mark stands in what is pending; those of lines stand at the beginning of one."""
        if mark not in _LINES:
            return self._pending.find(mark)
        found = re.search(rf"(?:^|(?<=\n)){re.escape(mark)}", self._pending)
        if found is None or (found.start() == 0 and not self._at_line):
            later = self._pending.find("\n" + mark)
            return later + 1 if later >= 0 else -1
        return found.start()

    def _enter(self, mark: str) -> None:
        if mark == _OPEN:
            self._mode, self._thought, self._held = "thinking", True, ""
        elif mark == _CLOSE:
            self._mode, self._held, self._begun, self._at_line = "text", "", False, True
        elif mark == _CALLED:
            self._mark = ""
        elif mark in _LINES:
            self._mode, self._pending = "lines", mark + self._pending
        else:
            self._mode, self._mark = "block", mark

    def _say(self, kind: str, text: str, found: list[Piece]) -> None:
        if text:
            self._at_line = text.endswith("\n")
        if not self._begun and (kind == "thinking" or self._thought):
            text = text.lstrip() if kind == "thinking" else text.lstrip("\n")
        text = self._held + text
        kept = text.rstrip() if kind == "thinking" else text.rstrip("\n")
        self._held = text[len(kept) :]
        if kept:
            self._begun = True
            found.append(Piece(kind, kept))

    def _block(self, inner: str, end: str, found: list[Piece]) -> None:
        whole = inner if self._mark == _CALL else self._mark + inner + _DONE
        calls = block_calls(whole, self._tools)
        if calls:
            self._called(calls, found)
        else:
            self._say("text", self._mark + inner + end, found)

    def _called(self, calls: Sequence[tuple[str, str]], found: list[Piece]) -> None:
        for name, given in calls:
            found.append(Piece("call", call=ToolCall(f"call_{self._calls}", name, given)))
            self._calls += 1


def _order(place: int) -> int:
    return place if place >= 0 else 1 << 60


def _overlap(text: str, mark: str) -> int:
    """Return how much of the text's end might be the beginning of a mark."""
    return next((size for size in range(min(len(mark) - 1, len(text)), 0, -1) if text.endswith(mark[:size])), 0)
