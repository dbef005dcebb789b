"""Starts and stops the child process, over a private socket that only this user can reach."""

import asyncio
import collections
import contextlib
import logging
import os
import secrets
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from yunqi.cloud.models.model import EngineLost
from yunqi.cloud.models.service.runners import Attached, Choice, Draft

log = logging.getLogger("yunqi.models")

_SCRIPT = Path(__file__).with_name("child.py")
_PROGRAMS = {"llama.cpp": (str(_SCRIPT),), "openvino": ("-m", "yunqi.cloud.models.service.paged.child")}
_PAGE = 4096
_STOP_SECONDS = 5.0
# Threads that spin while they wait for each other lose half their speed beside one busy process; see the README.
_PATIENT = {"OMP_WAIT_POLICY": "passive"}
# A graph's weights in pages of 2 MB, where the kernel grants them: a step reads all of them, and looking up pages of
# 4 KB took a quarter of its time. llama.cpp maps its file instead and is not touched by it.
_LARGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}


@dataclass(frozen=True, slots=True)
class Spec:
    """What a child is to load, and what runs it."""

    model: str
    context: int
    parallel: int
    threads: int
    cache_mb: int
    lookup: bool = False
    choice: Choice = field(default_factory=Choice)


@dataclass(frozen=True, slots=True)
class _Order:
    model: str
    context: int
    parallel: int
    threads: int
    cache_mb: int
    lookup: bool
    engine: str
    graph: str
    adapters: tuple[Attached, ...]
    draft: Draft | None
    socket: str
    key: str


class Child:
    """One running child; made by `Child.start`."""

    def __init__(self, process: asyncio.subprocess.Process, spec: Spec, socket: Path, key: str) -> None:
        self._process = process
        self._said: collections.deque[str] = collections.deque(maxlen=20)
        self._listening: asyncio.Task[None] = asyncio.create_task(self._listen())
        self.spec = spec
        self.socket = socket
        self.key = key
        self.pid = process.pid

    @classmethod
    async def start(cls, spec: Spec, *, timeout: float) -> "Child":
        """Start a child and wait until its model is loaded.

        Raises
        ------
        EngineLost
            When it ends or takes too long instead; the message ends with its last words.
        """
        folder = Path(tempfile.mkdtemp(prefix="yunqi-model-"))  # mode 0700; short, as socket paths must be
        key = secrets.token_urlsafe(32)
        ours = spec.choice.engine != "llama.cpp"
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            *_PROGRAMS["openvino" if ours else "llama.cpp"],
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=_PATIENT | (_LARGE_PAGES if ours else {}) | os.environ,
        )
        child = cls(process, spec, folder / "engine.sock", key)
        loaded = False
        try:
            await child._load(timeout)
            loaded = True
        finally:
            if not loaded:  # failed or cancelled
                await child.stop()
        return child

    async def _load(self, timeout: float) -> None:
        spec, choice = self.spec, self.spec.choice
        sizes = (spec.context, spec.parallel, spec.threads, spec.cache_mb)
        runs = (choice.engine, choice.graph, choice.adapters, choice.draft)
        order = _Order(spec.model, *sizes, spec.lookup, *runs, str(self.socket), self.key)
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise EngineLost("The model process was started without pipes.")
        name = Path(spec.model).parent.name
        try:
            stdin.write(msgspec.json.encode(order) + b"\n")
            await stdin.drain()
            line = await asyncio.wait_for(stdout.readline(), timeout)
        except TimeoutError:
            raise EngineLost(
                f"Model {name} did not load within {timeout:.0f} s. Raise YUNQI_MODELS_START_TIMEOUT, or free the "
                "machine."
            ) from None
        except ConnectionError:
            line = b""
        if not line:
            await self._process.wait()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._listening), 1.0)
            raise EngineLost(f"Model {name} could not be loaded: {self.last_words()}")

    async def wait(self) -> int:
        """Wait for the child's end and return its exit code."""
        return await self._process.wait()

    async def ended_within(self, seconds: float) -> bool:
        """Whether the child ends within so many seconds, or has ended."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), seconds)
        return not self.alive()

    async def stop(self) -> None:
        """End the child: ask first, kill after a few seconds; then remove the socket's folder."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        self._listening.cancel()
        shutil.rmtree(self.socket.parent, ignore_errors=True)

    def alive(self) -> bool:
        """Whether the child runs."""
        return self._process.returncode is None

    def last_words(self) -> str:
        """Return the end of what the child said on standard error."""
        return " | ".join(list(self._said)[-3:]) or f"it ended with exit code {self._process.returncode}"

    def memory(self) -> int:
        """Return the resident bytes, 0 when they cannot be known."""
        try:
            fields = Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()
        except OSError:
            return 0
        return int(fields[1]) * _PAGE

    async def _listen(self) -> None:
        if self._process.stderr is None:
            return
        while line := await self._process.stderr.readline():
            text = line.decode("utf-8", "replace").rstrip()
            if text:
                self._said.append(text)
                log.debug("model process %d: %s", self.pid, text)
