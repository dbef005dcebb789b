"""The INT8 path on this CPU beside onnxruntime and OpenVINO on the same networks, by processor time on one thread."""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from yunqi.app.bench.model import Row
from yunqi.kernel import Kernel, KernelConfig
from yunqi.labs.npu import Npu, NpuConfig

_NETWORKS = ("resnet50", "mobilenet-v2", "efficientnet-b0")
_CALLS = 8


def run(runs: int) -> list[Row]:
    """Measure milliseconds of processor time an image: ours, then the best of what the peers make of the network."""
    rows = []
    with tempfile.TemporaryDirectory() as name, Kernel.open(KernelConfig(data_dir=Path(name) / "var")) as kernel:
        npu = Npu(kernel, NpuConfig())
        for network in _NETWORKS:
            rows.append(_row(npu, network, Path(name), runs))
    return rows


def _row(npu: Npu, network: str, folder: Path, runs: int) -> Row:
    data = npu.reference(network)
    compiled = npu.compile(data)
    feeds = npu.random_inputs(compiled, 2)
    ours = npu.processor(compiled, feeds)
    others = _peers(data, feeds, folder / f"{network}.onnx")
    mine: list[float] = []
    theirs: dict[str, list[float]] = {peer: [] for peer in others}
    for _ in range(runs):  # in turn, so that the machine's moods meet everybody
        mine.append(_milliseconds(lambda: ours.run(feeds[0])))
        for label, call in others.items():
            theirs[label].append(_milliseconds(call))
    best = {label: statistics.median(values) for label, values in theirs.items()}
    peer = min(best, key=lambda label: best[label])
    value = statistics.median(mine)
    spread = (max(mine) - min(mine)) / value
    return Row(f"{network}_int8_ms", value, "ms", peer, best[peer], value / best[peer], runs, spread)


def _milliseconds(call: Callable[[], object]) -> float:
    call()
    took = []
    for _ in range(_CALLS):
        started = time.process_time()
        call()
        took.append((time.process_time() - started) * 1e3)
    return min(took)


def _peers(data: bytes, feeds: list[dict[str, Any]], path: Path) -> dict[str, Callable[[], object]]:
    """What each runtime does with the float network and with onnxruntime's own quantisation of it."""
    import onnxruntime as ort

    path.write_bytes(data)
    small = path.with_suffix(".int8.onnx")
    _quantise_as_onnxruntime_does(path, small, feeds)
    found: dict[str, Callable[[], object]] = {}
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    for label, file in (("FP32", path), ("INT8", small)):
        session = ort.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        found[f"onnxruntime {ort.__version__} {label}"] = _calling(session.run, None, feeds[0])
    return found | _openvino(path, small, feeds[0])


def _calling(call: Callable[..., object], *arguments: object) -> Callable[[], object]:
    return lambda: call(*arguments)


def _openvino(path: Path, small: Path, feed: dict[str, Any]) -> dict[str, Callable[[], object]]:
    try:
        import openvino
    except ImportError:
        return {}
    core = openvino.Core()
    found = {}
    for label, file in (("float", path), ("INT8", small)):
        settings = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1}
        request = core.compile_model(core.read_model(str(file)), "CPU", settings).create_infer_request()
        found[f"OpenVINO {openvino.__version__.split('-')[0]} {label}"] = _calling(request.infer, feed)
    return found


def _quantise_as_onnxruntime_does(source: Path, target: Path, feeds: list[dict[str, Any]]) -> None:
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        """Hands the feeds out once."""

        def __init__(self) -> None:
            self.left = [{name: np.asarray(data) for name, data in feed.items()} for feed in feeds]

        def get_next(self) -> dict[str, Any] | None:
            """Return the next feed."""
            return self.left.pop() if self.left else None

    ready = source.with_suffix(".ready.onnx")
    quant_pre_process(str(source), str(ready), skip_symbolic_shape=True)
    quantize_static(
        str(ready), str(target), Reader(), quant_format=QuantFormat.QDQ, activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8, per_channel=True,
    )  # fmt: skip
