"""The child that runs graphs: shut to strangers, mortal, and true to what a request asks for."""

import dataclasses
import json
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cloud.conftest import ASSETS
from tests.cloud.models.test_embedded import Unix, ends_with_its_parent, pid_of, sockets_of
from tests.kernels import new_kernel

from yunqi.cloud.hub import Hub, HubConfig, Installed
from yunqi.cloud.models import ChatRequest, EngineLost, Message, Models, ModelsConfig
from yunqi.cloud.models.service.paged import compiled
from yunqi.cloud.models.service.runners import Draft, Runners, drafted
from yunqi.kernel import Invalid, Kernel

pytest.importorskip("openvino")
pytestmark = pytest.mark.model

NAME = "smollm2-135m-instruct"
LONG = ChatRequest((Message("user", "Write a long story about a river."),), max_tokens=300, temperature=0.0)
SHORT = ChatRequest((Message("user", "Say yes."),), max_tokens=4, temperature=0.0)
TOOL = (
    b'{"type":"function","function":{"name":"weather","parameters":{"type":"object",'
    b'"properties":{"city":{"type":"string","maxLength":12}},"required":["city"],"additionalProperties":false}}}'
)
OTHER = b'{"type":"function","function":{"name":"clock","parameters":{"type":"object","properties":{}}}}'


BASE = ModelsConfig(context=512, threads=1, engine=("openvino",), compiled_dir=str(ASSETS / "compiled"))
stands = pytest.mark.xdist_group("paged child")  # in one worker: to start a child takes many seconds


@pytest.fixture(scope="module")
def standing(smollm2: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Models]:
    """One child for the tests that leave it as it was."""
    with new_kernel(tmp_path_factory.mktemp("standing")) as kernel:
        hub = Hub(kernel, HubConfig())
        hub.add(Path(smollm2.path), name=NAME, licence="Apache-2.0")
        models = Models(kernel, BASE, hub=hub)
        yield models
        models.close()


@pytest.fixture
def serve(kernel: Kernel, hub: Hub) -> Iterator[Callable[..., Models]]:
    opened: list[Models] = []

    def serve(**settings: object) -> Models:
        opened.append(Models(kernel, dataclasses.replace(BASE, **settings), hub=hub))  # type: ignore[arg-type]
        return opened[-1]

    yield serve
    for models in opened:
        models.close()


@stands
def test_who_has_no_key_is_refused(standing: Models) -> None:
    standing.warm(NAME).result()
    path = sockets_of(pid_of(standing))[0]
    for headers in ({}, {"Authorization": "Bearer guess"}):
        connection = Unix(path)
        connection.request("POST", "/v1/chat/completions", b'{"messages":[{"role":"user","content":"hi"}]}', headers)
        assert connection.getresponse().status == 401
        connection.close()


def test_a_killed_child_fails_its_request_clearly_and_serves_the_next(serve: Callable[..., Models]) -> None:
    models = serve()
    begun = threading.Event()
    future = models.start(NAME, LONG, lambda delta: begun.set())
    assert begun.wait(60)
    os.kill(pid_of(models), signal.SIGKILL)
    with pytest.raises(EngineLost, match="went away while it was answering"):
        future.result(10)
    assert models.chat(NAME, SHORT).text
    assert models.health()[NAME].restarts == 1


def test_the_parent_killed_takes_the_child_with_it(serve: Callable[..., Models]) -> None:
    ends_with_its_parent(serve())


def test_eight_at_once_are_all_answered(serve: Callable[..., Models]) -> None:
    models = serve(parallel=8, context=256)
    running: list[int] = []
    asked = [
        dataclasses.replace(LONG, messages=(Message("user", f"Tell story {n}."),), max_tokens=12) for n in range(8)
    ]
    begun = [models.start(NAME, one, lambda delta: running.append(models.health()[NAME].running)) for one in asked]
    assert [future.result(120).usage.output_tokens for future in begun] == [12] * 8
    assert max(running) == 8


def test_a_known_beginning_is_counted_as_cached(serve: Callable[..., Models]) -> None:
    models = serve()
    first = models.chat(NAME, dataclasses.replace(LONG, max_tokens=3)).usage
    again = models.chat(NAME, dataclasses.replace(LONG, max_tokens=3)).usage
    assert first.cached_tokens == 0
    assert again.cached_tokens == again.input_tokens - 1


@stands
def test_a_json_schema_is_kept_and_log_probabilities_told(standing: Models) -> None:
    pytest.importorskip("llguidance")
    schema = (
        b'{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"object",'
        b'"properties":{"ok":{"type":"boolean"}},"required":["ok"],"additionalProperties":false}}}'
    )
    request = dataclasses.replace(SHORT, response_format=schema, max_tokens=30, logprobs=True, top_logprobs=2)
    done = standing.chat(NAME, request)
    assert done.text.replace(" ", "") in ('{"ok":true}', '{"ok":false}')
    assert len(done.logprobs) == done.usage.output_tokens
    first = json.loads(done.logprobs[0])
    assert first["logprob"] < 0
    assert len(first["top_logprobs"]) == 2


@stands
def test_a_required_call_is_made_and_a_named_one_is_of_that_tool(standing: Models) -> None:
    pytest.importorskip("llguidance")
    models = standing
    request = dataclasses.replace(LONG, tools=b"[" + TOOL + b"," + OTHER + b"]", max_tokens=120)
    done = models.chat(NAME, dataclasses.replace(request, tool_choice=b'"required"'))
    assert done.finish_reason == "tool_calls"
    assert done.text == ""
    assert done.tool_calls[0].name in ("weather", "clock")
    json.loads(done.tool_calls[0].arguments)
    named = b'{"type":"function","function":{"name":"weather"}}'
    done = models.chat(NAME, dataclasses.replace(request, tool_choice=named))
    assert done.tool_calls[0].name == "weather"
    assert set(json.loads(done.tool_calls[0].arguments)) == {"city"}
    with pytest.raises(Invalid, match="'nobody'"):
        models.chat(NAME, dataclasses.replace(request, tool_choice=named.replace(b"weather", b"nobody")))


@stands
def test_a_stop_text_ends_the_answer_and_is_not_told(standing: Models) -> None:
    models = standing
    whole = models.chat(NAME, dataclasses.replace(LONG, max_tokens=40)).text
    word = whole.split()[6]
    told: list[str] = []
    done = models.chat(
        NAME, dataclasses.replace(LONG, max_tokens=40, stop=(word,)), lambda delta: told.append(delta.text)
    )
    assert done.text == whole[: whole.index(word)] == "".join(told)
    assert done.finish_reason == "stop"


@stands
def test_a_draft_changes_no_answer_and_is_counted(standing: Models, serve: Callable[..., Models]) -> None:
    plain, models = standing, serve(draft=(f"{NAME}={NAME}",), parallel=8)
    asked = [
        dataclasses.replace(LONG, messages=(Message("user", f"Tell story {n}."),), max_tokens=12) for n in range(8)
    ]
    for one, begun in [(one, models.start(NAME, one)) for one in asked]:
        done, alone = begun.result(120), plain.chat(NAME, one)
        assert done.usage.output_tokens == alone.usage.output_tokens == 12
        assert done.kept <= done.guessed
        assert (alone.guessed, alone.kept) == (0, 0)
    health = models.health()[NAME]
    assert 0 < health.kept <= health.guessed


def test_a_draft_of_other_tokens_is_refused_and_both_are_named(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models

    from yunqi.cloud.models.service.paged.answering import Desk
    from yunqi.cloud.models.service.paged.server import drafter

    for name, word in (("large", "cup"), ("small", "mug")):
        (tmp_path / name).mkdir()
        Tokenizer(models.BPE({"a": 0, word: 1}, [])).save(str(tmp_path / name / compiled.TOKENIZER))
        about = {"template": "", "specials": {}, "ends": [0], "vocabulary": 2, "context": 9}
        (tmp_path / name / compiled.ABOUT).write_text(json.dumps(about))
    draft = {"name": "small", "graph": str(tmp_path / "small")}
    spec = {
        "context": 9,
        "parallel": 1,
        "cache_mb": 0,
        "threads": 1,
        "model": str(tmp_path / "large/x.gguf"),
        "draft": draft,
    }
    with pytest.raises(Invalid, match=r"small cannot guess for large.*token 1 is 'cup' and 'mug'.*same tokenizer"):
        drafter(spec, Desk(tmp_path / "large", context=9))


def test_a_draft_runs_in_the_smallest_graph_that_was_made(
    kernel: Kernel, hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("yunqi.cloud.models.service.paged.compiled.is_quick_here", lambda: True)
    (tmp_path / "other").mkdir()
    shutil.copyfile(hub.file(NAME).path, tmp_path / "other" / "model.gguf")
    hub.add(tmp_path / "other" / "model.gguf", name="other", licence="Apache-2.0")
    config = ModelsConfig(draft=(f"{NAME}=other",), compiled_dir=str(tmp_path / "graphs"))
    runners = Runners(hub, config, tmp_path)

    def made(name: str, kind: str) -> None:
        folder = compiled.place(Path(hub.file(name).path), tmp_path / "graphs", kind)
        folder.mkdir(parents=True)
        (folder / compiled.ABOUT).write_text("{}")

    alone = runners.choose(NAME)
    assert (alone.engine, alone.draft) == ("llama.cpp", Draft("other", str(tmp_path / "other" / "model.gguf")))
    made(NAME, "openvino")
    assert runners.choose(NAME).draft is None
    assert "yunqi models compile other" in runners.choose(NAME).remark
    insisting = Runners(hub, dataclasses.replace(config, engine=("openvino",)), tmp_path).choose(NAME).draft
    assert insisting is not None
    assert insisting.engine == "openvino"
    for kind in ("openvino", "openvino-int4"):
        made("other", kind)
        found = runners.choose(NAME).draft
        assert found is not None
        assert (found.engine, compiled.is_made(Path(found.graph))) == (kind, True)
    assert runners.choose("other").draft is None
    with pytest.raises(Invalid, match="NAME=DRAFT"):
        drafted(("other",), NAME)


def test_auto_says_why_it_takes_llama_cpp(serve: Callable[..., Models], tmp_path: Path) -> None:
    models = serve(engine=("auto",), compiled_dir=str(tmp_path))
    models.warm(NAME).result()
    assert "Runs in llama.cpp" in models.health()[NAME].detail


def test_auto_takes_a_graph_that_was_made(serve: Callable[..., Models], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yunqi.cloud.models.service.paged.compiled.is_quick_here", lambda: True)
    models = serve(engine=("auto",))
    folder = models.compile(NAME)
    assert (folder / compiled.GRAPH).is_file()
    assert (folder / compiled.WIDE_GRAPH).is_file() == (compiled.TILES in compiled.flags())
    models.warm(NAME).result()
    assert models.health()[NAME].detail == ""
    command = Path(f"/proc/{pid_of(models)}/cmdline").read_bytes()
    assert b"paged.child" in command
    assert b"GLIBC_TUNABLES=glibc.malloc.hugetlb=1" in Path(f"/proc/{pid_of(models)}/environ").read_bytes()


def test_auto_takes_a_graph_of_four_bits_when_it_is_the_only_one(
    serve: Callable[..., Models], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("yunqi.cloud.models.service.paged.compiled.is_quick_here", lambda: True)
    models = serve(engine=("auto",), compiled_dir=str(tmp_path))
    folder = models.compile(NAME, "openvino-int4")
    done = models.chat(NAME, dataclasses.replace(SHORT, max_tokens=8))
    assert done.usage.output_tokens > 0
    assert f"-int4-{folder.name[-12:]}" in folder.name
    assert f"{folder}".encode() in Path(f"/proc/{pid_of(models)}/maps").read_bytes()
