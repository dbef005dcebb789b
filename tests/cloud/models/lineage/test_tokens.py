"""Chats by template, in a sandbox, and answers taken apart as each generation writes them."""

import json
from typing import Any

import pytest

pytest.importorskip("jinja2")
pytest.importorskip("tokenizers")

from yunqi.cloud.models import BadCheckpoint
from yunqi.cloud.models.engine.tokens.parse import parse
from yunqi.cloud.models.engine.tokens.template import CHATML, render
from yunqi.kernel import Invalid

WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}},
    },
}


def test_chatml_is_spoken_without_a_template() -> None:
    turns = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Hi"}]
    assert render(CHATML, turns) == (
        "<|im_start|>system\nBe short.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    )


def test_templates_are_sandboxed_and_their_refusals_are_told() -> None:
    turns = [{"role": "user", "content": "Hi"}]
    with pytest.raises(Invalid, match="refuses this chat"):
        render("{{ ''.__class__.__mro__[1].__subclasses__() }}", turns)
    with pytest.raises(Invalid, match="no system role"):
        render("{{ raise_exception('no system role') }}", turns)
    with pytest.raises(BadCheckpoint, match="cannot be read"):
        render("{% if %}", turns)
    assert render("{{ {'a': '温'} | tojson }}", turns) == '{"a": "温"}'


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ('<tool_call>\n{"name": "weather", "arguments": {"city": "杭州", "days": 2}}\n</tool_call>', ""),
        ('Let me look.\n<tool_call>\n{"name": "weather", "arguments": {"city": "杭州", "days": 2}}', "Let me look."),
        (
            "<tool_call>\n<function=weather>\n<parameter=city>\n杭州\n</parameter>\n<parameter=days>\n2\n</parameter>\n"
            "</function>\n</tool_call>",
            "",
        ),
        ('Thought: I must look.\nAction: weather\nAction Input: {"city": "杭州", "days": 2}\nObservation:', "Thought: I must look."),
        ('✿FUNCTION✿: weather\n✿ARGS✿: {"city": "杭州", "days": 2}\n✿RESULT✿', ""),
    ],
)  # fmt: skip
def test_tool_calls_of_each_generation_are_found(said: str, text: str) -> None:
    answer = parse(said, tools=[WEATHER])
    assert [(call.name, json.loads(call.arguments)) for call in answer.tool_calls] == [
        ("weather", {"city": "杭州", "days": 2})
    ]
    assert answer.text == text


def test_several_calls_keep_their_order() -> None:
    one, two = (f'<tool_call>{{"name": "{name}", "arguments": {{}}}}</tool_call>' for name in "ab")
    assert [call.name for call in parse(one + "\n" + two).tool_calls] == ["a", "b"]


def test_thinking_stands_apart() -> None:
    assert parse("<think>\nhm\n</think>\n\nFour.").thinking == "hm"
    assert parse("hm</think>\n\nFour.", thinking=True).text == "Four."
    assert parse("still at it", thinking=True).thinking == "still at it"
    assert parse("  plain text\n") == parse("  plain text\n", tools=[WEATHER])
    assert parse("<tool_call>\nnot json\n</tool_call>").tool_calls == ()
