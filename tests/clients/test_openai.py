"""The official OpenAI client, unchanged, against our gateway."""

from __future__ import annotations

import functools
import json
import os
import signal
import socket
import ssl
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.clients.conftest import Served
from tests.cloud.conftest import installed
from tests.cloud.models.upstream import Script
from tests.cloud.studio.gateway import gateway

from yunqi.cloud.hub import Hub, HubConfig
from yunqi.cloud.models import ChatRequest, Completion, EngineLost, Message, Models, ModelsConfig
from yunqi.cloud.studio import ModelCalled, Studio, StudioConfig
from yunqi.kernel import Kernel, Principal

if TYPE_CHECKING:
    import openai

HELLO: Any = [{"role": "user", "content": "Say hello to the tests."}]
ANSWER = "It is a scripted answer."


@pytest.fixture(scope="module", autouse=True)
def _openai() -> None:
    """The client takes a second to load: only where these tests run."""
    global openai
    import openai


def client(served: Served, *, key: str | None = None, path: str = "/v1") -> openai.OpenAI:
    quick = openai.DefaultHttpxClient(verify=_authorities())
    return openai.OpenAI(base_url=served.url + path, api_key=key or served.key, max_retries=0, http_client=quick)


@functools.cache
def _authorities() -> ssl.SSLContext:
    """Certificates take 50 ms to load, and no test is about them."""
    return ssl.create_default_context()


def calls(served: Served) -> list[dict[str, Any]]:
    return [event.data() for event in served.kernel.events.read(names=["ModelCalled"])]


def wait_for_calls(served: Served, count: int) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 10
    while len(calls(served)) < count and time.monotonic() < deadline:
        time.sleep(0.02)
    return calls(served)


def usage(served: Served) -> dict[str, int]:
    return {row.meter: row.quantity for row in served.kernel.usage.report("default", by="model")}


@pytest.mark.parametrize("path", ["/v1", "/compatible-mode/v1"])
def test_a_plain_answer_is_whole_and_metered_once(served: Served, path: str) -> None:
    with client(served, path=path) as openai_client:
        done = openai_client.chat.completions.create(model="default", messages=HELLO, max_tokens=50, temperature=0.5)
    assert done.choices[0].message.content == ANSWER
    assert done.choices[0].finish_reason == "stop"
    assert done.model == "default"
    assert done.usage is not None
    assert (done.usage.prompt_tokens, done.usage.completion_tokens, done.usage.total_tokens) == (5, 5, 10)
    assert served.script.asked[0]["temperature"] == 0.5
    [call] = calls(served)
    assert (call["call_id"], call["asked"], call["model"]) == (done.id, "default", "third/llm")
    assert (call["input_tokens"], call["output_tokens"], call["outcome"], call["streamed"]) == (5, 5, "stop", False)
    assert call["exact"]
    found = usage(served)
    assert (found["model.input_tokens"], found["model.output_tokens"], found["model.requests"]) == (5, 5, 1)


def test_a_streamed_answer_comes_in_pieces_with_usage_at_the_end(served: Served) -> None:
    with client(served) as openai_client:
        stream = openai_client.chat.completions.create(
            model="third/llm", messages=HELLO, stream=True, stream_options={"include_usage": True}
        )
        chunks = list(stream)
    assert chunks[0].choices[0].delta.role == "assistant"
    text = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(text) == ANSWER
    assert len([piece for piece in text if piece]) == 5
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 5
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert [call["streamed"] for call in calls(served)] == [True]


def test_the_stream_helper_and_no_usage_unless_asked(served: Served) -> None:
    with client(served) as openai_client:
        chunks = list(openai_client.chat.completions.create(model="default", messages=HELLO, stream=True))
        assert all(chunk.usage is None for chunk in chunks)
        with openai_client.chat.completions.stream(model="default", messages=HELLO) as stream:
            final = stream.get_final_completion()
    assert final.choices[0].message.content == ANSWER


async def _ask_async(served: Served) -> tuple[str | None, str]:
    async with openai.AsyncOpenAI(base_url=served.url + "/v1", api_key=served.key, max_retries=0) as openai_client:
        done = await openai_client.chat.completions.create(model="default", messages=HELLO)
        stream = await openai_client.chat.completions.create(model="default", messages=HELLO, stream=True)
        pieces = [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]
    return done.choices[0].message.content, "".join(pieces)


def test_the_asynchronous_client(served: Served) -> None:
    import asyncio

    assert asyncio.run(_ask_async(served)) == (ANSWER, ANSWER)
    assert len(calls(served)) == 2


def test_models_are_listed_and_retrieved_by_every_name(served: Served) -> None:
    with client(served) as openai_client:
        assert {model.id for model in openai_client.models.list()} == {"default", "third/llm"}
        assert openai_client.models.retrieve("third/llm").id == "third/llm"
        with pytest.raises(openai.NotFoundError):
            openai_client.models.retrieve("nobody")
    headers = {"Authorization": f"Bearer {served.key}"}
    request = urllib.request.Request(served.url + "/v1/studio/models", headers=headers)
    with urllib.request.urlopen(request) as reply:
        rows = {row["id"]: row for row in json.load(reply)["models"]}
    assert rows["qwen2.5-coder-0.5b-instruct"]["state"] == "missing"
    assert rows["third/llm"]["aliases"] == ["default"]


@pytest.mark.parametrize(
    ("settings", "param"),
    [
        ({"n": 2}, "n"),
        ({"temperature": 9}, "temperature"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"response_format": {"type": "poem"}}, "response_format"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}, "messages"),
        ({"stop": ["x"] * 20}, "stop"),
        ({"model": 7}, "model"),
    ],
)
def test_wrong_requests_name_the_parameter_and_cost_nothing(
    served: Served, settings: dict[str, Any], param: str
) -> None:
    with client(served) as openai_client, pytest.raises(openai.BadRequestError) as caught:
        openai_client.chat.completions.create(**{"model": "default", "messages": HELLO, **settings})
    assert caught.value.param == param
    assert calls(served) == []


def test_broken_and_huge_bodies_are_refused(served: Served) -> None:
    for body, why in ((b"{nonsense", "not JSON"), (b"\xff\xfe", "not JSON"), (b" " * 1_100_000, "larger")):
        headers = {"Authorization": f"Bearer {served.key}"}
        request = urllib.request.Request(served.url + "/v1/chat/completions", data=body, headers=headers)
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request)
        with caught.value as reply:
            assert reply.code == 400
            assert why in json.load(reply)["error"]["message"]


def test_strangers_unknown_models_and_weak_keys_are_refused(served: Served) -> None:
    _, weak = served.kernel.auth.create_key("default", "weak", frozenset({"read"}))
    with client(served, key="sk-wrong") as stranger, pytest.raises(openai.AuthenticationError):
        stranger.chat.completions.create(model="default", messages=HELLO)
    with client(served, key=weak) as reader, pytest.raises(openai.PermissionDeniedError):
        reader.chat.completions.create(model="default", messages=HELLO)
    with client(served) as openai_client, pytest.raises(openai.NotFoundError, match="Served here: default, third/llm"):
        openai_client.chat.completions.create(model="gpt-9", messages=HELLO)
    assert served.script.asked == []


def test_a_model_that_is_not_installed_says_how_to_install_it(served: Served) -> None:
    with client(served) as openai_client, pytest.raises(openai.NotFoundError, match="yunqi hub install"):
        openai_client.chat.completions.create(model="smollm2-135m-instruct", messages=HELLO)


def test_quotas_answer_429_with_a_time(served: Served) -> None:
    _, poor = served.kernel.auth.create_key("default", "poor", frozenset({"models"}))
    _, few = served.kernel.auth.create_key("default", "few", frozenset({"models"}))
    with client(served, key=poor) as openai_client:
        for _ in range(3):
            openai_client.chat.completions.create(model="default", messages=HELLO, max_tokens=10)
        with pytest.raises(openai.RateLimitError, match="3 requests a minute") as caught:
            openai_client.chat.completions.create(model="default", messages=HELLO, max_tokens=10)
    assert 1 <= int(caught.value.response.headers["Retry-After"]) <= 20
    with client(served, key=few) as openai_client:
        openai_client.chat.completions.create(model="default", messages=HELLO, max_tokens=50)
        openai_client.chat.completions.create(model="default", messages=HELLO, max_tokens=40)
        with pytest.raises(openai.RateLimitError, match="60 tokens a minute"):
            openai_client.chat.completions.create(model="default", messages=HELLO, max_tokens=59)
    assert len(calls(served)) == 5


def test_engine_trouble_before_and_inside_a_stream(served: Served) -> None:
    served.script.status, served.script.error = 500, {"message": "no"}
    with client(served) as openai_client:
        for stream in (False, True):
            with pytest.raises(openai.InternalServerError) as caught:
                openai_client.chat.completions.create(model="default", messages=HELLO, stream=stream)
            assert caught.value.status_code == 503
        served.script.status, served.script.fails_after = 200, 2
        with pytest.raises(openai.APIError, match="out of memory"):
            list(openai_client.chat.completions.create(model="default", messages=HELLO, stream=True))
    assert [call["outcome"] for call in calls(served)] == ["failed"] * 3
    assert calls(served)[-1]["output_tokens"] == 2


def test_a_client_that_leaves_stops_the_work_and_is_metered_for_what_was_made(served: Served) -> None:
    served.script.pause = 0.1
    served.script.words = ("word ",) * 200
    with client(served) as openai_client:
        stream = openai_client.chat.completions.create(model="default", messages=HELLO, stream=True, max_tokens=200)
        for number, _ in enumerate(stream):
            if number == 3:
                break
        stream.close()
    [call] = wait_for_calls(served, 1)
    assert call["outcome"] == "cancelled"
    assert 3 <= call["output_tokens"] < 20
    assert not call["exact"]
    deadline = time.monotonic() + 5
    while served.script.gone == 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert served.script.gone == 1


def test_a_client_that_leaves_a_plain_request_stops_the_work_too(served: Served) -> None:
    served.script.pause = 0.1
    served.script.words = ("word ",) * 200
    host, _, port = served.url.removeprefix("http://").partition(":")
    body = json.dumps({"model": "default", "messages": HELLO, "max_tokens": 200}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {served.key}\r\n"
    with socket.create_connection((host, int(port))) as plain:
        plain.sendall(head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        deadline = time.monotonic() + 5
        while not served.script.asked and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.3)
    [call] = wait_for_calls(served, 1)
    assert call["outcome"] == "cancelled"
    assert call["output_tokens"] < 20


def test_metering_the_same_call_again_changes_nothing(served: Served) -> None:
    with client(served) as openai_client:
        openai_client.chat.completions.create(model="default", messages=HELLO)
    [call] = calls(served)
    before = usage(served)
    again = Studio(served.kernel, served.studio.config, models=served.models)
    assert again.meter("default", ModelCalled(**call)) is False
    assert calls(served) == [call]
    assert usage(served) == before


def test_inside_the_process_pieces_then_the_completion(served: Served) -> None:
    principal = Principal("default", 0, "storefront", frozenset({"models"}))
    request = ChatRequest((Message("user", "hi"),))
    *deltas, done = served.studio.complete(principal, request)
    assert isinstance(done, Completion)
    assert "".join(delta.text for delta in deltas) == done.text == ANSWER  # type: ignore[union-attr]
    served.script.pause = 0.1
    pieces = served.studio.complete(principal, request)
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    served.script.fails_after = 0
    with pytest.raises(EngineLost):
        list(served.studio.complete(principal, request))
    assert [call["outcome"] for call in calls(served)] == ["stop", "cancelled", "failed"]


@pytest.mark.model
def test_the_real_model_answers_through_the_client(small: Served) -> None:
    with client(small) as openai_client:
        done = openai_client.chat.completions.create(
            model="default",
            messages=[{"role": "user", "content": "What is the capital of China?"}],
            temperature=0,
            seed=1,
            max_tokens=24,
            logprobs=True,
            top_logprobs=2,
        )
        assert "Beijing" in (done.choices[0].message.content or "")
        assert done.choices[0].logprobs is not None
        assert done.usage is not None
        content = done.choices[0].logprobs.content
        assert content is not None
        assert len(content) in (done.usage.completion_tokens, done.usage.completion_tokens - 1)
        with pytest.raises(openai.BadRequestError, match="cannot call tools"):
            tool: Any = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
            openai_client.chat.completions.create(model="default", messages=HELLO, tools=[tool])
        with pytest.raises(openai.BadRequestError, match="takes 512"):
            long: Any = [{"role": "user", "content": "word " * 2000}]
            openai_client.chat.completions.create(model="default", messages=long, stream=True)


@pytest.mark.model
def test_kill_9_of_the_child_in_the_middle_of_a_stream(small: Served) -> None:
    """The stream ends with an error the client raises, what came is metered, the next request works."""
    story: Any = [{"role": "user", "content": "Write a very long story about a river."}]
    with client(small) as openai_client:
        stream = openai_client.chat.completions.create(model="default", messages=story, stream=True, max_tokens=400)
        received = []
        with pytest.raises(openai.APIError, match="went away while it was answering"):
            for number, chunk in enumerate(stream):
                received.append(chunk.choices[0].delta.content)
                if number == 5:
                    pid = small.models.health()["smollm2-135m-instruct"].pid
                    assert pid is not None
                    os.kill(pid, signal.SIGKILL)
        done = openai_client.chat.completions.create(model="default", messages=HELLO, max_tokens=5)
    assert done.choices[0].message.content
    outcomes = [(call["outcome"], call["output_tokens"] > 0) for call in wait_for_calls(small, 2)]
    assert outcomes[0] == ("failed", True)
    assert outcomes[1][0] in ("length", "stop")
    assert calls(small)[0]["output_tokens"] >= 5


@pytest.mark.slow
@pytest.mark.model
def test_real_qwen_speaks_chinese_and_follows_a_schema(kernel: Kernel, script: Script) -> None:
    """Opt-in by the marker `slow`: it installs half a gigabyte."""
    hub = Hub(kernel, HubConfig())
    hub.add(Path(installed("qwen2.5-coder-0.5b-instruct").path), name="qwen2.5-coder-0.5b-instruct")
    models = Models(kernel, ModelsConfig(), hub=hub)
    studio = Studio(kernel, StudioConfig(), models=models)
    _, key = kernel.auth.create_key("default", "tests", frozenset({"models"}))
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    with gateway(kernel, studio) as url, openai.OpenAI(base_url=url + "/v1", api_key=key) as openai_client:
        chinese: Any = [{"role": "user", "content": "中国的首都是哪里？只回答城市名。"}]
        done = openai_client.chat.completions.create(model="default", messages=chinese, temperature=0, max_tokens=20)
        assert "北京" in (done.choices[0].message.content or "")
        question: Any = [{"role": "user", "content": "What is the capital of France? Answer as JSON."}]
        shaped: Any = {"type": "json_schema", "json_schema": {"name": "city", "schema": schema}}
        answer = openai_client.chat.completions.create(
            model="default", messages=question, temperature=0, max_tokens=40, response_format=shaped
        )
        assert json.loads(answer.choices[0].message.content or "")["city"] == "Paris"
        tool: Any = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
        openai_client.chat.completions.create(model="default", messages=question, tools=[tool], max_tokens=8)
    memory = models.health()["qwen2.5-coder-0.5b-instruct"].memory_bytes
    models.close()
    assert 400e6 < memory < 1.1e9
