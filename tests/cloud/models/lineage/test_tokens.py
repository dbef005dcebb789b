"""Chats by template, in a sandbox, and answers taken apart as each generation writes them."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jinja2")
pytest.importorskip("tokenizers")

from yunqi.cloud.models import BadCheckpoint
from yunqi.cloud.models.engine.tokens.parse import parse
from yunqi.cloud.models.engine.tokens.stream import Stream
from yunqi.cloud.models.engine.tokens.template import CHATML, render
from yunqi.cloud.models.engine.tokens.tokenizer import from_gguf, read_tokenizer
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
    "document",
    [
        {"model": {}},
        {"model": {"vocab": {"a": 0}}},
        {"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}, "decoder": {"type": "ByteLevel"}},
    ],
)
def test_a_damaged_tokenizer_is_refused_by_its_path(document: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text(json.dumps(document))
    with pytest.raises(BadCheckpoint, match=r"tokenizer\.json describes no tokenizer"):
        read_tokenizer(tmp_path)


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


SAID: list[tuple[str, bool]] = [
    ("plain text, with <b> and <thin air and <tool_cal", False),
    ("<think>\nfirst <b> then\n</think>\n\nFour.\n", False),
    ("hm </thin no </think>\n\nFour.", True),
    ('Let me.\n\n<tool_call>\n{"name": "weather", "arguments": {"city": "杭州"}}\n</tool_call>\n<tool_call>\n'
     '{"name": "weather", "arguments": {"city": "<b>"}}\n</tool_call>\nDone', False),
    ("<think>\nhm\n</think>\n\n<tool_call>\n<function=weather>\n<parameter=city>\n杭州\n</parameter>\n<parameter=days>\n2\n"
     "</parameter>\n</function>\n</tool_call>", False),
    ("I look.\n<function=weather>\n<parameter=city>\nA\nB\n</parameter>\n</function>\n</tool_call>", False),
    ("<tool_call>\nnot json\n</tool_call>\nso be it", False),
    ('Thought: look.\nAction: weather\nAction Input: {"city": "x"}\nObservation: never said', False),
    ("✿FUNCTION✿: weather\n✿ARGS✿: {\"city\": \"x\"}\n✿RESULT✿", False),
    ("Action: none\n\nthe end\n", False),
    ("\n\n  leading and trailing \n\n", False),
]  # fmt: skip


@pytest.mark.parametrize("said", SAID, ids=lambda said: said[0][:12])
def test_however_an_answer_is_cut_the_same_comes_out(said: tuple[str, bool]) -> None:
    text, thinking = said
    whole = parse(text, tools=[WEATHER], thinking=thinking)
    rng = random.Random(0)
    for size in (1, 2, 3, 5, 8, 13):
        stream, pieces, rest = Stream([WEATHER], thinking=thinking), [], text
        while rest:
            cut = rng.randint(1, size)
            pieces += stream.feed(rest[:cut])
            rest = rest[cut:]
        pieces += stream.close()
        for kind, expected in (("text", whole.text), ("thinking", whole.thinking)):
            assert "".join(piece.text for piece in pieces if piece.kind == kind) == expected
        assert tuple(piece.call for piece in pieces if piece.call) == whole.tool_calls


def test_text_is_told_at_once_and_marks_never() -> None:
    stream = Stream([WEATHER])
    assert [piece.text for piece in stream.feed("Hello, wor")] == ["Hello, wor"]
    assert stream.feed("<tool_") == []
    assert [piece.text for piece in stream.feed("box>")] == ["<tool_box>"]
    assert stream.feed('<tool_call>{"name": "weather", "arguments": {}}</tool') == []
    assert [piece.call.name for piece in stream.feed("_call>") if piece.call] == ["weather"]
    assert parse("<tool_call>\nnot json\n</tool_call>").text == "<tool_call>\nnot json\n</tool_call>"


def test_marks_of_a_gguf_vocabulary_that_are_said_are_kept_and_control_tokens_are_not() -> None:
    values = {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.tokens": ["a", "b", "<|im_end|>", "<tool_call>"],
        "tokenizer.ggml.merges": [],
        "tokenizer.ggml.token_type": [1, 1, 3, 4],
    }
    tokenizer = from_gguf(values)
    assert tokenizer is not None
    assert tokenizer.encode("a<tool_call>b<|im_end|>") == [0, 3, 1, 2]
    assert tokenizer.decode([0, 3, 1, 2]) == "a<tool_call>b"
