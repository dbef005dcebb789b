"""One contract for every engine: the embedded ones with a real small model, and an OpenAI-compatible upstream."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path

import pytest
from tests.cloud.conftest import ASSETS
from tests.cloud.models.upstream import scripted_server
from tests.kernels import new_kernel

from yunqi.cloud.hub import Hub, HubConfig
from yunqi.cloud.models import ChatRequest, ContextTooLong, Delta, EngineState, Message, Models, ModelsConfig
from yunqi.kernel import Kernel

Serving = tuple[Models, str]


def ask(text: str, **settings: object) -> ChatRequest:
    return ChatRequest((Message("user", text),), **{"max_tokens": 24, "temperature": 0.0, **settings})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with new_kernel(tmp_path_factory.mktemp("engines")) as kernel:
        yield kernel


@pytest.fixture(
    scope="module",
    params=[
        "upstream",
        *(
            pytest.param(kind, marks=[pytest.mark.model, pytest.mark.xdist_group(kind)])
            for kind in ("llama.cpp", "openvino")
        ),
    ],
)
def serving(request: pytest.FixtureRequest, kernel: Kernel) -> Iterator[Serving]:
    """Models and the name of one, of each kind; a child is started once for all the tests, which leave it as it was."""
    if request.param != "upstream":
        if request.param == "openvino":
            pytest.importorskip("openvino")
        hub = Hub(kernel, HubConfig())
        path = Path(request.getfixturevalue("smollm2").path)
        hub.add(path, name="smollm2-135m-instruct", licence="Apache-2.0")
        config = ModelsConfig(context=512, threads=1, engine=(request.param,), compiled_dir=str(ASSETS / "compiled"))
        models = Models(kernel, config, hub=hub)
        yield models, "smollm2-135m-instruct"
        models.close()
        return
    with scripted_server() as script:
        script.words, script.pause = ("word ",) * 200, 0.02
        config = ModelsConfig(upstreams=(f"big={script.url}#tests/scripted",))
        models = Models(kernel, config, hub=Hub(kernel, HubConfig()))
        yield models, "big"
        models.close()


def test_pieces_make_up_the_answer_and_tokens_are_exact(serving: Serving) -> None:
    models, name = serving
    deltas: list[Delta] = []
    done = models.chat(name, ask("Name three colours."), deltas.append)
    assert done.text
    assert done.text == "".join(delta.text for delta in deltas)
    assert done.usage.exact
    assert done.usage.input_tokens >= 3
    assert 1 <= done.usage.output_tokens <= 24
    assert [delta.usage.output_tokens for delta in deltas] == sorted(delta.usage.output_tokens for delta in deltas)
    assert 0 < done.first_token_ms <= done.milliseconds
    assert models.get(name).health.state is EngineState.READY


def test_a_limit_of_tokens_is_kept_and_named(serving: Serving) -> None:
    models, name = serving
    done = models.chat(name, ask("Tell me a long story.", max_tokens=3))
    assert done.finish_reason == "length"
    assert done.usage.output_tokens == 3


def test_a_prompt_over_the_context_is_refused_with_its_counts(serving: Serving) -> None:
    models, name = serving
    with pytest.raises(ContextTooLong, match=r"have \d{4} tokens; model .* takes \d+"):
        models.chat(name, ask("word " * 3000))
    assert models.chat(name, ask("Still there?")).text


def test_cancelling_stops_the_work(serving: Serving) -> None:
    models, name = serving
    begun = threading.Event()
    future = models.start(name, ask("Count to a thousand.", max_tokens=400), lambda delta: begun.set())
    assert begun.wait(60)
    future.cancel()
    with pytest.raises(CancelledError):
        future.result()
    deadline = time.monotonic() + 10
    while models.get(name).health.running and time.monotonic() < deadline:
        time.sleep(0.01)
    assert models.get(name).health.running == 0
    assert models.chat(name, ask("Hello.")).text


def test_the_same_seed_gives_the_same_answer(serving: Serving) -> None:
    models, name = serving
    answers = {models.chat(name, ask("Invent a name.", temperature=0.9, seed=7)).text for _ in range(2)}
    assert len(answers) == 1
