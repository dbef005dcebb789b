"""The CPU path: the quantised network on this machine, through the fastest runtime that is installed."""

import importlib.util
import time
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from yunqi.labs.npu.engine.loadgen import RULES, latencies, poisson_arrivals
from yunqi.labs.npu.model import Array, LoadReport, Program, QuantisedGraph, Rules, Scenario
from yunqi.labs.npu.service.quantising import float_session


class Processor(Protocol):
    """A network ready to run on a CPU."""

    name: str

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Return the outputs."""
        ...


class OnnxRuntime:
    """onnxruntime on the CPU."""

    def __init__(self, model: bytes, *, threads: int = 1) -> None:
        self.name = "this CPU (onnxruntime, INT8)"
        self._session: Any = float_session(model, threads=threads)
        self._outputs = [value.name for value in self._session.get_outputs()]

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Return the outputs."""
        return dict(zip(self._outputs, self._session.run(self._outputs, dict(feeds)), strict=True))


class OpenVino:
    """OpenVINO on the CPU."""

    def __init__(self, model: bytes, *, threads: int = 1) -> None:
        import openvino

        self.name = "this CPU (OpenVINO, INT8)"
        core = openvino.Core()
        settings = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1}
        compiled = core.compile_model(core.read_model(model), "CPU", settings)
        self._request = compiled.create_infer_request()
        self._outputs = [port.get_any_name() for port in compiled.outputs]

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Return the outputs."""
        found = self._request.infer(feeds, share_inputs=True)
        return dict(zip(self._outputs, found.values(), strict=True))


def processor_of(program: Program, quantised: QuantisedGraph, *, threads: int = 1) -> Processor:
    """Return the INT8 path on this machine: OpenVINO where it is installed, else onnxruntime, over the same model."""
    from yunqi.labs.npu.engine.quantise import Activations, to_qdq

    model = to_qdq(program, quantised, activations=Activations.TIGHT).SerializeToString()
    if importlib.util.find_spec("openvino") is not None:
        try:
            return OpenVino(model, threads=threads)
        except RuntimeError:  # an operator that OpenVINO lacks
            return OnnxRuntime(model, threads=threads)
    return OnnxRuntime(model, threads=threads)


def measure(
    processor: Processor,
    network: str,
    feed: Mapping[str, Array],
    scenario: Scenario,
    *,
    batch: int = 1,
    seconds: float = 5.0,
) -> LoadReport:
    """Run a scenario on the CPU for some seconds, by the clock, and report as the timing model does.

    Queries run one after another in this thread. A run shorter than LoadGen's own minimum is reported as not valid.
    """
    took = _alone(processor, feed, seconds)
    base = RULES[scenario]
    value, metric, unit, observed = _judged(scenario, took, base, batch)
    valid = len(took) >= base.min_queries and seconds >= base.min_duration_s and value > 0
    notes = (
        () if valid else (f"{len(took)} runs in {took.sum():.1f} s: shorter than LoadGen's minimum, for orientation",)
    )
    return LoadReport(
        scenario, network, processor.name, metric, value, unit, valid, False, len(observed), len(observed) * batch,
        float(took.sum()), latencies(observed), base, notes,
    )  # fmt: skip


def _alone(processor: Processor, feed: Mapping[str, Array], seconds: float) -> Array:
    processor.run(feed)
    took: list[float] = []
    started = time.perf_counter()
    while time.perf_counter() - started < seconds or len(took) < 3:
        before = time.perf_counter()
        processor.run(feed)
        took.append(time.perf_counter() - before)
    return np.array(took)


def _judged(scenario: Scenario, took: Array, rules: Rules, batch: int) -> tuple[float, str, str, Array]:
    if scenario is Scenario.OFFLINE:
        return batch * len(took) / float(took.sum()), "samples_per_second", "images/s", took
    if scenario is Scenario.SINGLE_STREAM:
        return float(took.mean()) * 1e3, "mean_latency_ms", "ms", took
    if scenario is Scenario.MULTI_STREAM:
        p99 = latencies(took)["p99"]
        return float(int(rules.latency_s / p99) * batch), "streams", "streams", took
    return _served(took, rules)


def _served(took: Array, rules: Rules) -> tuple[float, str, str, Array]:
    """The highest Poisson rate that a queue with the measured service times answers within the bound."""
    generator = np.random.default_rng(1)
    service = generator.choice(took, 20_000)
    low, high, best = 0.0, 1 / float(took.mean()), took
    for _ in range(12):
        rate = (low + high) / 2
        arrivals = poisson_arrivals(rate, len(service), seed=2)
        ready = np.concatenate([[0.0], np.cumsum(service)[:-1]])
        waits = np.maximum.accumulate(arrivals - ready) + ready + service - arrivals
        if latencies(waits)["p99"] <= rules.latency_s:
            low, best = rate, waits
        else:
            high = rate
    return low, "queries_per_second", "queries/s", best
