from collections.abc import Iterator

import pytest
from tests.cloud.models.upstream import Script, scripted_server

from yunqi.cloud.hub import Hub, HubConfig
from yunqi.cloud.models import (
    ChatRequest,
    EngineBusy,
    EngineLost,
    EngineState,
    Message,
    Models,
    ModelsConfig,
    ModelUnknown,
)
from yunqi.kernel import Invalid, Kernel

REQUEST = ChatRequest((Message("user", "one two three"),))


@pytest.fixture
def script() -> Iterator[Script]:
    with scripted_server() as script:
        yield script


@pytest.fixture
def models(kernel: Kernel, script: Script) -> Iterator[Models]:
    config = ModelsConfig(upstreams=(f"big={script.url}#tests/scripted",), upstream_key="not-a-secret")
    models = Models(kernel, config, hub=Hub(kernel, HubConfig()))
    yield models
    models.close()


def test_the_server_is_asked_for_its_own_model_with_the_key(models: Models, script: Script) -> None:
    request = ChatRequest(
        (Message("user", "hi"),), temperature=0.5, stop=("END",), seed=3, tools=b'[{"type":"function"}]'
    )
    assert models.chat("big", request).text == "It is a scripted answer."
    assert script.keys == ["Bearer not-a-secret"]
    asked = script.asked[0]
    assert asked["model"] == "tests/scripted"
    assert (asked["temperature"], asked["stop"], asked["seed"]) == (0.5, ["END"], 3)
    assert asked["tools"] == [{"type": "function"}]
    assert "timings_per_token" not in asked


@pytest.mark.parametrize(
    ("status", "kind", "why"),
    [
        (400, Invalid, "refused the request: bad shape"),
        (422, Invalid, "bad shape"),
        (429, EngineBusy, "busy"),
        (401, EngineLost, "status 401"),
        (500, EngineLost, "status 500"),
    ],
)
def test_refusals_become_kinds(models: Models, script: Script, status: int, kind: type[Exception], why: str) -> None:
    script.status, script.error, script.headers = status, {"message": "bad shape"}, {"Retry-After": "7"}
    with pytest.raises(kind, match=why) as caught:
        models.chat("big", REQUEST)
    if isinstance(caught.value, EngineBusy):
        assert caught.value.retry_after == 7
    script.status = 200
    assert models.chat("big", REQUEST).text


def test_a_stream_that_ends_in_the_middle_is_an_error_not_an_answer(models: Models, script: Script) -> None:
    script.breaks_after = 2
    with pytest.raises(EngineLost, match="ended in the middle"):
        models.chat("big", REQUEST)
    assert models.get("big").health.state is EngineState.FAILED
    script.breaks_after = None
    models.chat("big", REQUEST)
    assert models.get("big").health.state is EngineState.READY


def test_an_error_inside_the_stream_is_an_error(models: Models, script: Script) -> None:
    script.fails_after = 1
    with pytest.raises(EngineLost, match="out of memory"):
        models.chat("big", REQUEST)


def test_an_unreachable_server_and_a_slow_one(kernel: Kernel, script: Script) -> None:
    script.pause = 5.0
    config = ModelsConfig(upstreams=("gone=http://127.0.0.1:9/v1", f"slow={script.url}"), request_timeout=0.3)
    models = Models(kernel, config, hub=Hub(kernel, HubConfig()))
    with pytest.raises(EngineLost, match="went away"):
        models.chat("gone", REQUEST)
    with pytest.raises(EngineLost, match="took longer"):
        models.chat("slow", REQUEST)
    models.close()


def test_wrong_settings_and_names_say_what_is_right(kernel: Kernel, models: Models) -> None:
    with pytest.raises(Invalid, match="NAME=URL#MODEL"):
        Models(kernel, ModelsConfig(upstreams=("nonsense",)), hub=Hub(kernel, HubConfig()))
    with pytest.raises(ModelUnknown, match="yunqi models list"):
        models.chat("nobody", REQUEST)
    with pytest.raises(ModelUnknown):
        models.get("nobody")
    with pytest.raises(Invalid, match="empty"):
        ChatRequest(())
    with pytest.raises(Invalid, match="Role"):
        Message("wizard", "hi")
