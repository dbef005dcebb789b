"""`yunqi bench llm`: the embedded language model as the shop runs it, beside llama.cpp's server called directly.

Both sides answer the same chats with the same file, eight places and the same threads, each in a process of its own.
All speeds are tokens per CPU second (user and system, of every process a side needs), because wall time on a shared
machine measures the others. Yunqi's side is the whole way of a request: queue, protocol, child process. The peer is
`xllamacpp` in process, with unified cache, continuous batching, prompt cache and sleeping threads: its best settings.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from yunqi.app.bench.model import Row
from yunqi.app.settings import load_settings
from yunqi.cloud.hub import Hub
from yunqi.cloud.models import ChatRequest, Completion, Message, Models
from yunqi.kernel import Kernel

ASSET = "qwen2.5-coder-0.5b-instruct"
PLACES = 8
ANSWER = 48
METRICS = ("decode_tps", "prefill_tps", "aggregate8_tps", "prefix_speedup")
_WORDS = (
    "catalog", "price", "stock", "basket", "order", "parcel", "route", "search", "photo", "brand", "colour", "size",
    "review", "coupon", "invoice", "return",
)  # fmt: skip

Ask = Callable[[list[str], int], tuple[int, int, float]]
"""Ask these questions at once, for so many tokens each: prompt and answer tokens, and CPU seconds."""


def run(runs: int = 3) -> list[Row]:
    """Measure both sides in turn, so many times, after a short question to each."""
    settings = load_settings()
    with Kernel.open(settings.kernel) as kernel:
        kernel.migrate()
        hub = Hub(kernel, settings.sections["hub"])
        path = hub.install(os.environ.get("YUNQI_BENCH_MODEL", ASSET)).path
        config = replace(settings.sections["models"], parallel=PLACES, context=2048, queue=2 * PLACES)
        models = Models(kernel, config, hub=hub)
        peer = Peer(path)
        try:
            return measure(ours(models, Path(path).parent.name), peer.ask, runs)
        finally:
            peer.close()
            models.close()


def measure(mine: Ask, theirs: Ask, runs: int) -> list[Row]:
    """Return the rows of both sides."""
    found: dict[str, tuple[list[float], list[float]]] = {metric: ([], []) for metric in METRICS}
    for ask in (mine, theirs):
        ask([prompt(8, 9999)], 2)
    for number in range(runs):
        for side, ask in enumerate((mine, theirs)):
            for metric, value in once(ask, number).items():
                found[metric][side].append(value)
    peer = f"xllamacpp {version('xllamacpp')}, in process"
    return [_row(metric, *found[metric], peer) for metric in METRICS]


def once(ask: Ask, number: int) -> dict[str, float]:
    """Measure one side once: no beginning of a prompt is known to it, but where it should be."""
    long, short = prompt(320, 10 * number), prompt(12, 10 * number + 1)
    read, _, cold = ask([long], 1)
    _, _, warm = ask([long + " And now?"], 1)
    ask([short], 1)  # so that the next two know the question, and differ in the answer alone
    _, _, first = ask([short], 1)
    _, said, whole = ask([short], ANSWER + 1)
    eight = [prompt(24, 10 * number + place + 100) for place in range(PLACES)]
    _, together, busy = ask(eight, ANSWER)
    tick = 1 / os.sysconf("SC_CLK_TCK")
    return {
        "prefill_tps": read / max(cold, tick),
        "prefix_speedup": cold / max(warm, tick),
        "decode_tps": (said - 1) / max(whole - first, tick),
        "aggregate8_tps": together / max(busy, tick),
    }


def prompt(words: int, seed: int) -> str:
    """Return a text of so many words, another for each seed."""
    picked = [_WORDS[(seed * 31 + place * (7 + seed % 11)) % len(_WORDS)] for place in range(words)]
    return f"Text {seed}: {' '.join(picked)}. Write a long story about this text."


def ours(models: Models, name: str) -> Ask:
    """Return how to ask the shop's own engine; its CPU is this process's and the child's."""

    def ask(questions: list[str], tokens: int) -> tuple[int, int, float]:
        before = time.process_time() + _child_seconds(models)
        asked: list[Future[Completion]] = [
            models.start(name, ChatRequest((Message("user", text),), max_tokens=tokens, temperature=0.0))
            for text in questions
        ]
        done = [future.result() for future in asked]
        spent = time.process_time() + _child_seconds(models) - before
        return sum(one.usage.input_tokens for one in done), sum(one.usage.output_tokens for one in done), spent

    models.warm(name).result()
    return ask


def _child_seconds(models: Models) -> float:
    ticks = 0
    for health in models.health().values():
        if health.pid is not None:
            fields = Path(f"/proc/{health.pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


class Peer:
    """llama.cpp's server in a process of its own, asked over its standard input, without any of Yunqi's code."""

    def __init__(self, path: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PEER, path, str(PLACES), str(os.cpu_count() or 1)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "OMP_WAIT_POLICY": "passive"},  # spinning threads would count as its work
        )

    def ask(self, questions: list[str], tokens: int) -> tuple[int, int, float]:
        """Ask; see `Ask`."""
        if self._process.stdin is None or self._process.stdout is None:
            raise OSError("the peer has no pipes")
        self._process.stdin.write(json.dumps({"questions": questions, "tokens": tokens}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return int(answer["read"]), int(answer["said"]), float(answer["cpu"])

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(timeout=30)


_PEER = """
import json, os, sys, threading, time
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
import xllamacpp
path, places, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
params = xllamacpp.CommonParams()
params.model.path = path
params.n_ctx, params.n_parallel, params.kv_unified = 2048 * places, places, True
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
params.verbosity = 0
server = xllamacpp.Server(params)
def one(text, tokens, found):
    body = {"messages": [{"role": "user", "content": text}], "max_tokens": tokens, "temperature": 0, "cache_prompt": True}
    answer = server.handle_chat_completions(body)
    found.append((json.loads(answer) if isinstance(answer, str) else answer)["usage"])
for line in sys.stdin:
    asked, found = json.loads(line), []
    before = time.process_time()
    threads_ = [threading.Thread(target=one, args=(text, asked["tokens"], found)) for text in asked["questions"]]
    [thread.start() for thread in threads_]
    [thread.join() for thread in threads_]
    spent = time.process_time() - before
    read, said = (sum(usage[name] for usage in found) for name in ("prompt_tokens", "completion_tokens"))
    out.write(json.dumps({"read": read, "said": said, "cpu": spent}) + "\\n")
    out.flush()
os._exit(0)
"""


def _row(metric: str, mine: list[float], theirs: list[float], peer: str) -> Row:
    value, beside = statistics.median(mine), statistics.median(theirs)
    unit = "times" if metric == "prefix_speedup" else "tokens per CPU second"
    return Row(metric, value, unit, peer, beside, value / beside, len(mine), (max(mine) - min(mine)) / value)
