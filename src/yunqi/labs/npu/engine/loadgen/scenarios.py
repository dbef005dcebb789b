"""The scenarios: arrivals in, latencies out, by recursion over the queue of the device."""

import math
from collections.abc import Callable

import numpy as np

from yunqi.labs.npu.engine.loadgen.device import Device
from yunqi.labs.npu.engine.loadgen.rules import RULES, latencies, percentile, poisson_arrivals
from yunqi.labs.npu.model import Array, LoadReport, Rules, Scenario

_OFFLINE_SAMPLES = 24_576


def run_scenario(scenario: Scenario, device: Device, *, rules: Rules | None = None, seed: int = 1) -> LoadReport:
    """Run a scenario in simulated time and return its report."""
    rules = rules or RULES[scenario]
    runs: dict[Scenario, Callable[[Device, Rules, int], LoadReport]] = {
        Scenario.OFFLINE: _offline,
        Scenario.SERVER: _server,
        Scenario.SINGLE_STREAM: _single_stream,
        Scenario.MULTI_STREAM: _multi_stream,
    }
    return runs[scenario](device, rules, seed)


def _report(
    scenario: Scenario, device: Device, rules: Rules, *, metric: str, value: float, unit: str, samples: int,
    seconds: Array, duration: float, valid: bool, notes: tuple[str, ...] = (),
) -> LoadReport:  # fmt: skip
    return LoadReport(
        scenario, device.network, f"{device.chip.name} (timing model)", metric, value, unit, valid, True, len(seconds),
        samples, duration, latencies(seconds), rules, notes,
    )  # fmt: skip


def _offline(device: Device, rules: Rules, seed: int) -> LoadReport:
    """One query with every sample, three calls under way: the pipeline never runs dry."""
    samples = max(_OFFLINE_SAMPLES, math.ceil(rules.min_duration_s / device.steady_s()))
    busy = samples * device.steady_s()
    held = _stalls(rules.min_duration_s, device, seed)[0].size * 0  # three calls under way cover a host held up
    fill = device.stream_s(min(samples, device.chip.harness_item)) - device.chip.harness_item * device.steady_s()
    duration = busy + max(0.0, fill) + held
    done = np.linspace(duration / samples * device.chip.harness_item, duration, 1_000)
    return _report(
        Scenario.OFFLINE, device, rules, metric="samples_per_second", value=samples / duration, unit="images/s",
        samples=samples, seconds=done, duration=duration, valid=duration >= rules.min_duration_s * 0.999,
    )  # fmt: skip


def _single_stream(device: Device, rules: Rules, seed: int) -> LoadReport:
    """One image after another: each waits for the one before."""
    alone = device.alone_s()
    count = max(rules.min_queries, math.ceil(rules.min_duration_s / alone))
    chance = np.random.default_rng(seed).poisson(device.chip.stall_rate * alone, count)
    seconds = alone + chance * device.chip.stall_s
    found = latencies(seconds)
    return _report(
        Scenario.SINGLE_STREAM, device, rules, metric="mean_latency_ms", value=found["mean"] * 1e3, unit="ms",
        samples=count, seconds=seconds, duration=float(seconds.sum()), valid=True,
        notes=(f"MLPerf's own metric, the 90th percentile: {found['p90'] * 1e3:.4f} ms",),
    )  # fmt: skip


def _server(device: Device, rules: Rules, seed: int) -> LoadReport:
    """Poisson arrivals of single images: the highest rate whose 99th percentile stays in the bound."""
    low, high = 0.0, 1 / max(device.transfer_s, device.split_s, device.host_s / 8, 1e-9)
    if percentile(_answered(device, high * 1e-3, rules, seed, full=False), rules.percentile) > rules.latency_s:
        seconds = _answered(device, high * 1e-3, rules, seed, full=False)
        note = f"one image alone takes {device.alone_s() * 1e3:.3f} ms, so no rate meets the bound"
        return _server_report(device, rules, 0.0, seconds, valid=False, notes=(note,))
    for _ in range(12):
        rate = (low + high) / 2
        fits = percentile(_answered(device, rate, rules, seed, full=False), rules.percentile) <= rules.latency_s
        low, high = (rate, high) if fits else (low, rate)
    rate = low
    seconds = _answered(device, rate, rules, seed, full=True)
    while percentile(seconds, rules.percentile) > rules.latency_s:
        rate *= 0.995
        seconds = _answered(device, rate, rules, seed, full=True)
    return _server_report(device, rules, rate, seconds, valid=True)


def _server_report(
    device: Device, rules: Rules, rate: float, seconds: Array, *, valid: bool, notes: tuple[str, ...] = ()
) -> LoadReport:
    return _report(
        Scenario.SERVER, device, rules, metric="queries_per_second", value=rate, unit="queries/s",
        samples=len(seconds), seconds=seconds, duration=len(seconds) / rate if rate else 0.0, valid=valid, notes=notes,
    )  # fmt: skip


def _answered(device: Device, rate: float, rules: Rules, seed: int, *, full: bool) -> Array:
    """Latencies of a Poisson stream: host, link, cores, host; the host does nothing while it is held up."""
    count = max(rules.min_queries, math.ceil(rate * rules.min_duration_s) if full else 0)
    arrivals = poisson_arrivals(rate, count, seed=seed)
    begins, ends = _stalls(float(arrivals[-1]), device, seed + 1)
    issued = np.maximum.accumulate(_held(arrivals + device.call_s / 2, begins, ends))
    sent = _queue(issued, device.transfer_s) + device.chip.link_latency_s
    done = _queue(sent, device.split_s) + device.host_s
    return np.asarray(_held(done + device.call_s / 2, begins, ends) - arrivals)


def _queue(ready: Array, service: float) -> Array:
    """Departures of a first-come queue with one server: ``d[i] = max(ready[i], d[i-1]) + service``, in one sweep."""
    place = np.arange(len(ready)) * service
    return np.asarray(np.maximum.accumulate(ready - place) + place + service)


def _stalls(duration: float, device: Device, seed: int) -> tuple[Array, Array]:
    if not device.chip.stall_rate:
        return np.zeros(0), np.zeros(0)
    generator = np.random.default_rng(seed)
    count = generator.poisson(device.chip.stall_rate * duration)
    begins = np.sort(generator.uniform(0, duration, count))
    ends = np.maximum.accumulate(begins + device.chip.stall_s)
    return begins, ends


def _held(times: Array, begins: Array, ends: Array) -> Array:
    """Move what would happen while the host is held up to the end of the hold-up."""
    if not len(begins):
        return times
    place = np.searchsorted(begins, times, side="right") - 1
    until = np.where(place >= 0, ends[np.maximum(place, 0)], -np.inf)
    return np.asarray(np.maximum(times, np.where(times < until, until, times)))


def _multi_stream(device: Device, rules: Rules, seed: int) -> LoadReport:
    """So many images every interval: the largest number whose 99th percentile stays in the bound."""
    low, high = 0, max(2, int(2 * rules.latency_s / device.steady_s()))
    while high - low > 1:
        streams = (low + high) // 2
        fits = percentile(_intervals(device, streams, rules, seed), rules.percentile) <= rules.latency_s
        low, high = (streams, high) if fits else (low, streams)
    seconds = _intervals(device, max(1, low), rules, seed)
    return _report(
        Scenario.MULTI_STREAM, device, rules, metric="streams", value=float(low), unit="streams",
        samples=low * len(seconds), seconds=seconds, duration=len(seconds) * rules.interval_s, valid=low > 0,
        notes=() if low else (f"one stream takes {device.alone_s() * 1e3:.1f} ms, longer than the interval",),
    )  # fmt: skip


def _intervals(device: Device, streams: int, rules: Rules, seed: int) -> Array:
    """Latencies of queries of so many images; a host held up stops the feeding of the link, which is never idle."""
    quiet = device.stream_s(streams) if streams > 1 else device.alone_s()
    count = max(rules.min_queries, math.ceil(rules.min_duration_s / rules.interval_s))
    chance = np.random.default_rng(seed).poisson(device.chip.stall_rate * quiet, count)
    return np.asarray(quiet + chance * device.chip.stall_s)
