"""Grammars over vocabularies that have ``<tool_call>`` as one token, and that have not."""

import json

import pytest

pytest.importorskip("llguidance")
pytest.importorskip("tokenizers")

import tokenizers

from yunqi.cloud.models.engine.tokens.tokenizer import byte_level
from yunqi.cloud.models.service.paged.grammar import Compiled, Vocabulary, wanted
from yunqi.kernel import Invalid

TOOLS = [{"type": "function", "function": {"name": "go", "parameters": {"type": "object", "properties": {}}}}]


@pytest.mark.parametrize("marked", [True, False])
def test_a_required_call_can_be_written_token_by_token(marked: bool) -> None:
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    inner = byte_level({letter: number for number, letter in enumerate(sorted(alphabet))}, [])
    inner.add_special_tokens(["<|end|>"])
    if marked:
        inner.add_tokens(["<tool_call>", "</tool_call>"])
    size = inner.get_vocab_size()
    vocabulary = Vocabulary(inner.to_str(), size, [256])
    grammar = Compiled(vocabulary, wanted({"tools": TOOLS, "tool_choice": "required"}, marked=marked))
    call = json.dumps({"name": "go", "arguments": {}}, separators=(",", ":"))
    for token in inner.encode(f"<tool_call>\n{call}\n</tool_call>", add_special_tokens=False).ids:
        allowed = grammar.mask(size)
        assert allowed is not None
        assert not grammar.is_over()
        assert allowed[token]
        grammar.accept(token)
    assert grammar.is_over()


def test_a_format_that_is_unknown_is_named() -> None:
    with pytest.raises(Invalid, match="'yaml' is unknown"):
        wanted({"response_format": {"type": "yaml"}}, marked=True)
