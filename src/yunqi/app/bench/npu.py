"""The Hanguang 800 model beside the published figures: one parameter set, fitted on MLPerf Offline alone."""

import tempfile
from pathlib import Path

from yunqi.app.bench.model import Row
from yunqi.kernel import Kernel, KernelConfig
from yunqi.labs.npu import Compiled, Npu, NpuConfig, Scenario

_MLPERF = "MLPerf Inference v0.5 closed, Alibaba HanGuang"
_PUBLISHED = {
    "offline_ips": ("images/s", f"{_MLPERF}, Offline (the fitted figure)", 69_306.6),
    "peak_ips": ("images/s", "vendor's release", 78_563.0),
    "single_stream_ms": ("ms", f"{_MLPERF}, SingleStream mean", 0.162535),
    "server_qps": ("queries/s", f"{_MLPERF}, Server, 99th percentile under 15 ms", 45_169.48),
    "multistream_streams": ("streams", f"{_MLPERF}, MultiStream, 50 ms", 2_692.0),
    "dense_tops": ("TOPS", "Hot Chips 2020", 825.0),
}
_SCENARIOS = {
    "offline_ips": Scenario.OFFLINE,
    "single_stream_ms": Scenario.SINGLE_STREAM,
    "server_qps": Scenario.SERVER,
    "multistream_streams": Scenario.MULTI_STREAM,
}


def run(runs: int) -> list[Row]:
    """Predict each published figure; the runs differ in the seed of arrivals and hold-ups."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Kernel.open(KernelConfig(data_dir=Path(folder))) as kernel,
    ):
        npu = Npu(kernel, NpuConfig())
        compiled = npu.compile(npu.reference("resnet50"))
        figures = {"peak_ips": [compiled.pace.peak_ips] * runs, "dense_tops": [_dense_tops(npu)] * runs}
        for metric, scenario in _SCENARIOS.items():
            figures[metric] = [npu.loadgen(compiled, scenario, seed=seed).value for seed in range(1, runs + 1)]
    return [_row(metric, figures[metric]) for metric in _PUBLISHED]


def _row(metric: str, values: list[float]) -> Row:
    unit, peer, published = _PUBLISHED[metric]
    middle = sorted(values)[len(values) // 2]
    spread = (max(values) - min(values)) / middle if middle else 0.0
    return Row(metric, middle, unit, peer, published, middle / published, len(values), spread)


def _dense_tops(npu: Npu) -> float:
    """Operations a second of a matrix product that all four cores share."""
    compiled: Compiled = npu.compile(npu.reference("dense-gemm"))
    seconds = compiled.pace.split_cycles / compiled.chip.clock_hz
    return 2 * compiled.program.macs / seconds / 1e12
