"""`yunqi bench llm`: the embedded language model as the shop runs it, beside llama.cpp's server called directly.

Both sides answer the same chats with the same file, eight places and the same threads, each in a process of its own.
All speeds are tokens per CPU second (user and system, of every process a side needs), because wall time on a shared
machine measures the others. Yunqi's side is the whole way of a request: queue, protocol, child process. The peer is
`xllamacpp` in process, with its best settings; see `llm_peers` for it and for further ones. The option `model` names
another asset (``smollm2-135m-instruct`` is one that OpenVINO can read), ``bits=4`` takes a graph of 4 bits, ``draft=NAME``
lets a smaller model guess.
"""

import os
import statistics
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from yunqi.app.bench.llm_peers import PLACES, llama, others
from yunqi.app.bench.model import Options, Row
from yunqi.app.settings import load_settings
from yunqi.cloud.hub import Hub
from yunqi.cloud.models import ChatRequest, Completion, EngineLost, Message, Models, compiled_logits, load
from yunqi.kernel import Invalid, Kernel, NotFound

ASSET = "qwen2.5-coder-0.5b-instruct"
ANSWER = 48
METRICS = ("decode_tps", "prefill_tps", "aggregate8_tps", "prefix_speedup")
_WORDS = (
    "catalog", "price", "stock", "basket", "order", "parcel", "route", "search", "photo", "brand", "colour", "size",
    "review", "coupon", "invoice", "return",
)  # fmt: skip

Ask = Callable[[list[str], int], tuple[int, int, float]]
"""Ask these questions at once, for so many tokens each: prompt and answer tokens, and CPU seconds."""


def run(runs: int, options: Options) -> list[Row]:
    """Measure both sides in turn, so many times, after a short question to each."""
    settings = load_settings()
    with Kernel.open(settings.kernel) as kernel:
        kernel.migrate()
        hub = Hub(kernel, settings.sections["hub"])
        path = _file(hub, options.text("model", ASSET))
        config = replace(settings.sections["models"], parallel=PLACES, context=2048, queue=2 * PLACES)
        four = options.text("bits") == "4"
        name = Path(path).parent.name
        if draft := options.text("draft"):
            config = replace(config, draft=(f"{name}={draft}",))
        models = Models(kernel, replace(config, engine=("openvino-int4",)) if four else config, hub=hub)
        graph = _compiled(models, name, "openvino-int4" if four else "openvino")
        peers = {"": llama(path), **others(path, options.text("peers"))}
        try:
            sides = {short: peer.ask for short, peer in peers.items()}
            rows = measure(ours(models, name), sides.pop(""), runs, further=sides)
        finally:
            for peer in peers.values():
                peer.close()
            models.close()
    rows += [_quality(path, graph)] if graph is not None else []
    value, tokens = perplexity(path)
    return [*rows, Row("perplexity", value, f"of the file's weights, exactly computed, {tokens} tokens of source")]


def _file(hub: Hub, name: str) -> str:
    """Return the file of a model, which is installed when it is not there; one of ones own is taken as it is."""
    try:
        return hub.file(name).path
    except NotFound:
        return hub.install(name).path


def _compiled(models: Models, name: str, engine: str) -> Path | None:
    """Make the graph as an operator would, once, where this machine runs it; loading is not measured."""
    try:
        return models.compile(name, engine)
    except (EngineLost, Invalid):
        return None


def _quality(path: str, graph: Path) -> Row:
    """Return the perplexity of the graph as it is run, activations in 8 or 16 bits."""
    ids = _text(load(path))
    return Row("perplexity_served", _surprise(compiled_logits(graph, ids), ids), "of the graph, as it is served")


def measure(mine: Ask, theirs: Ask, runs: int, *, further: Mapping[str, Ask] | None = None) -> list[Row]:
    """Return the rows of both sides, and of further peers as METRIC@PEER."""
    sides: dict[str, Ask] = {"mine": mine, "": theirs, **(further or {})}
    found: dict[str, dict[str, list[float]]] = {name: {metric: [] for metric in METRICS} for name in sides}
    for ask in sides.values():
        ask([prompt(8, 9999)], 2)
    for number in range(runs):
        for name, ask in sides.items():
            for metric, value in once(ask, number).items():
                found[name][metric].append(value)
    peer = f"xllamacpp {version('xllamacpp')}, in process"
    rows = [_row(metric, found["mine"][metric], found[""][metric], peer) for metric in METRICS]
    for name in further or {}:
        rows += [
            replace(_row(metric, found["mine"][metric], found[name][metric], name), metric=f"{metric}@{name}")
            for metric in METRICS
        ]
    return rows


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
    _settle(models)
    return ask


def _settle(models: Models, *, patience: float = 120.0) -> None:
    """Wait until the child works no more on its own: a graph is compiled a second time after it answers already."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        before = _child_seconds(models)
        time.sleep(1.0)
        if _child_seconds(models) - before < 0.05:
            return


def _child_seconds(models: Models) -> float:
    ticks = 0
    for health in models.health().values():
        if health.pid is not None:
            fields = Path(f"/proc/{health.pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def perplexity(path: str) -> tuple[float, int]:
    """Return the perplexity of a file's weights in exact arithmetic, and on how many tokens of this package's source."""
    model = load(path)
    ids = _text(model)
    return _surprise(model.logits(ids), ids), len(ids) - 1


def _text(model: Any, *, most: int = 400) -> list[int]:
    if model.tokenizer is None:
        raise Invalid("The model carries no tokenizer.")
    found: list[int] = model.tokenizer.encode(Path(__file__).read_text(encoding="utf-8"))[:most]
    return found


def _surprise(logits: Any, ids: list[int]) -> float:
    import numpy as np

    wide = logits[:-1].astype(np.float64)
    peak = wide.max(-1)
    chances = wide[np.arange(len(ids) - 1), ids[1:]] - peak - np.log(np.exp(wide - peak[:, None]).sum(-1))
    return float(np.exp(-chances.mean()))


def _row(metric: str, mine: list[float], theirs: list[float], peer: str) -> Row:
    value, beside = statistics.median(mine), statistics.median(theirs)
    unit = "times" if metric == "prefix_speedup" else "tokens per CPU second"
    return Row(metric, value, unit, peer, beside, value / beside, len(mine), (max(mine) - min(mine)) / value)
