"""The child process: nobody else may talk to it, and its death is not the end."""

import dataclasses
import http.client
import os
import signal
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from yunqi.cloud.hub import AssetMissing, Hub
from yunqi.cloud.models import (
    ChatRequest,
    Delta,
    EngineBusy,
    EngineLost,
    EngineState,
    Message,
    Models,
    ModelsConfig,
)
from yunqi.kernel import Invalid, Kernel

pytestmark = pytest.mark.model

NAME = "smollm2-135m-instruct"
LONG = ChatRequest((Message("user", "Write a long story about a river."),), max_tokens=300, temperature=0.0)
SHORT = ChatRequest((Message("user", "Say yes."),), max_tokens=4, temperature=0.0)


@pytest.fixture
def serve(kernel: Kernel, hub: Hub) -> Iterator[Callable[..., Models]]:
    opened: list[Models] = []

    def serve(**settings: object) -> Models:
        config = dataclasses.replace(ModelsConfig(context=512, threads=1), **settings)  # type: ignore[arg-type]
        opened.append(Models(kernel, config, hub=hub))
        return opened[-1]

    yield serve
    for models in opened:
        models.close()


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def pid_of(models: Models) -> int:
    pid = models.health()[NAME].pid
    assert pid is not None
    return pid


def sockets_of(pid: int) -> list[str]:
    held = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        target = os.readlink(entry)
        if target.startswith("socket:["):
            held.add(target[8:-1])
    lines = Path("/proc/net/unix").read_text(encoding="ascii").splitlines()[1:]
    rows = [line.split() for line in lines]
    return [row[7] for row in rows if row[6] in held and len(row) > 7]


def ends_with_its_parent(models: Models) -> None:
    """Kill a parent and see that its child ends, and what it left behind with it."""
    reading, writing = os.pipe()
    parent = os.fork()
    if parent == 0:
        models.warm(NAME).result()
        os.write(writing, str(pid_of(models)).encode())
        time.sleep(600)
    child = int(os.read(reading, 20))
    folder = Path(sockets_of(child)[0]).parent
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    wait_for(lambda: not Path(f"/proc/{child}").exists())
    assert not folder.exists()
    os.close(reading)
    os.close(writing)


class Unix(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("child", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)


def test_the_child_has_no_port_and_refuses_who_has_no_key(serve: Callable[..., Models]) -> None:
    models = serve()
    models.warm(NAME).result()
    pid = pid_of(models)
    for table in ("tcp", "tcp6"):
        held = {os.readlink(fd) for fd in Path(f"/proc/{pid}/fd").iterdir()}
        inodes = [line.split()[9] for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
        assert not held & {f"socket:[{inode}]" for inode in inodes}
    path = sockets_of(pid)[0]
    folder = Path(path).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for headers in ({}, {"Authorization": "Bearer guess"}):
        connection = Unix(path)
        connection.request("POST", "/v1/chat/completions", b'{"messages":[{"role":"user","content":"hi"}]}', headers)
        reply = connection.getresponse()
        assert reply.status == 401
        assert reply.getheader("Access-Control-Allow-Origin") in (None, "")
        connection.close()
    models.close()
    assert not folder.exists()


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


def test_a_child_killed_while_idle_comes_back_by_itself(serve: Callable[..., Models]) -> None:
    models = serve()
    models.warm(NAME).result()
    first = pid_of(models)
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: models.health()[NAME].pid not in (None, first))
    assert models.chat(NAME, SHORT).text


def test_the_parent_killed_takes_the_child_with_it(serve: Callable[..., Models], tmp_path: Path, hub: Hub) -> None:
    ends_with_its_parent(serve())


def test_a_full_queue_says_when_to_come_back(serve: Callable[..., Models]) -> None:
    models = serve(parallel=1, queue=1)
    begun = threading.Event()
    running = models.start(NAME, LONG, lambda delta: begun.set())
    assert begun.wait(60)
    waiting = models.start(NAME, SHORT)
    wait_for(lambda: models.health()[NAME].waiting == 1)
    with pytest.raises(EngineBusy, match="1 requests run, 1 wait") as caught:
        models.chat(NAME, SHORT)
    assert caught.value.retry_after is not None
    assert caught.value.retry_after >= 1
    running.cancel()
    assert waiting.result(60).text


def test_two_requests_run_side_by_side(serve: Callable[..., Models]) -> None:
    models = serve(parallel=2)
    both: list[set[int]] = [set(), set()]
    highest = [0]

    def note(number: int) -> Callable[[Delta], None]:
        def on_delta(delta: Delta) -> None:
            both[number].add(delta.usage.output_tokens)
            highest[0] = max(highest[0], models.health()[NAME].running)

        return on_delta

    futures = [models.start(NAME, LONG, note(i)) for i in range(2)]
    for future in futures:
        future.result(120)
    assert highest[0] == 2


def test_an_unused_model_is_unloaded_and_loaded_again(serve: Callable[..., Models]) -> None:
    models = serve(idle_seconds=0.2)
    assert models.chat(NAME, SHORT).text
    wait_for(lambda: models.health()[NAME].pid is None)
    assert models.health()[NAME].state is EngineState.IDLE
    assert models.health()[NAME].restarts == 0
    assert models.chat(NAME, SHORT).text


def test_one_model_makes_room_for_another(serve: Callable[..., Models], hub: Hub) -> None:
    hub.add(Path(hub.file(NAME).path), name="twin")
    models = serve(resident=1)
    models.chat(NAME, SHORT)
    models.chat("twin", SHORT)
    health = models.health()
    assert health[NAME].pid is None
    assert health["twin"].pid is not None


def test_a_broken_file_and_a_missing_model_are_named(serve: Callable[..., Models], hub: Hub, tmp_path: Path) -> None:
    header = Path(hub.file(NAME).path).read_bytes()[:3_000_000]
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(header)
    hub.add(broken)
    models = serve()
    with pytest.raises(EngineLost, match="could not be loaded"):
        models.chat("broken", SHORT)
    assert models.get("broken").health.state is EngineState.FAILED
    with pytest.raises(AssetMissing, match="yunqi hub install"):
        models.chat("qwen2.5-coder-0.5b-instruct", SHORT)


def test_json_schema_and_log_probabilities_come_from_the_engine(serve: Callable[..., Models]) -> None:
    schema = (
        b'{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"object",'
        b'"properties":{"ok":{"type":"boolean"}},"required":["ok"],"additionalProperties":false}}}'
    )
    request = dataclasses.replace(SHORT, response_format=schema, max_tokens=30, logprobs=True, top_logprobs=2)
    done = serve().chat(NAME, request)
    assert done.text.replace(" ", "").replace("\n", "") in ('{"ok":true}', '{"ok":false}')
    assert len(done.logprobs) >= 3
    assert b'"top_logprobs"' in done.logprobs[0]


def test_prompt_lookup_changes_no_answer(serve: Callable[..., Models]) -> None:
    list_ = "Repeat exactly: red apple, green pear, blue plum, red apple, green pear, blue plum, red apple, green pear."
    request = ChatRequest((Message("user", list_),), max_tokens=40, temperature=0.0)
    plain = serve().chat(NAME, request)
    guessed = serve(prompt_lookup=True).chat(NAME, request)
    assert guessed.text == plain.text
    assert guessed.usage == plain.usage


def test_a_draft_changes_no_answer_and_is_counted(serve: Callable[..., Models]) -> None:
    request = dataclasses.replace(LONG, max_tokens=40)
    plain = serve().chat(NAME, request)
    models = serve(draft=(f"{NAME}={NAME}",))
    guessed = models.chat(NAME, request)
    assert guessed.text == plain.text
    assert guessed.usage == plain.usage
    assert 0 < guessed.kept <= guessed.guessed == models.health()[NAME].guessed
    with pytest.raises(Invalid, match="'nobody'"):
        serve(draft=(f"{NAME}=nobody",)).chat(NAME, request)
