"""Thinking is told apart from the answer: in the stream of an engine, and in what the studio writes."""

import json

from yunqi.cloud.models import Completion, Delta, Usage
from yunqi.cloud.models.engine.wire import Answer
from yunqi.cloud.studio.engine.answered import Writer


def chunk(**delta: str) -> bytes:
    return b"data: " + json.dumps({"choices": [{"delta": delta}]}).encode() + b"\n\n"


def test_reasoning_in_a_stream_is_no_part_of_the_text() -> None:
    answer = Answer()
    found = list(answer.feed(chunk(reasoning_content="Hm.") + chunk(content="Yes.") + b"data: [DONE]\n\n"))
    assert [(delta.thinking, delta.text) for delta in found] == [("Hm.", ""), ("", "Yes.")]
    assert (answer.thinking, answer.text) == ("Hm.", "Yes.")


def test_the_studio_writes_it_in_the_usual_field() -> None:
    writer = Writer("1", 0, "m")
    piece = json.loads(writer.piece(Delta("", Usage(), thinking="Hm.")).removeprefix(b"data: "))
    assert piece["choices"][0]["delta"] == {"reasoning_content": "Hm."}
    whole = json.loads(writer.whole(Completion("Yes.", "stop", Usage(), 1.0, 1.0, thinking="Hm.")))
    assert whole["choices"][0]["message"]["reasoning_content"] == "Hm."
    assert whole["choices"][0]["message"]["content"] == "Yes."
