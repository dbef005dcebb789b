"""Looking at activations: the range of each tensor over calibration images, as onnxruntime computes them in FP32."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from yunqi.labs.npu.engine.quantise.exporting import to_onnx
from yunqi.labs.npu.engine.quantise.masking import scores, shown
from yunqi.labs.npu.model import Array, Calibration, Graph

_BINS = 2048
_NOTHING = 1e-30  # below this a tensor is zero


@dataclass(slots=True)
class Range:
    """What was seen of a tensor: the largest magnitude, and how often each magnitude came."""

    largest: float = 0.0
    counts: Array = field(default_factory=lambda: np.zeros(_BINS, np.int64))
    top: float = 0.0

    def see(self, data: Array, *, counted: bool = True) -> None:
        """Take the elements of one more image in; without ``counted`` only the largest is kept."""
        sizes = np.abs(data[np.isfinite(data)].astype(np.float32)).ravel()
        most = float(sizes.max()) if sizes.size else 0.0
        if most < _NOTHING:
            return
        self.largest = max(self.largest, most)
        if not counted:
            return
        if most > self.top:
            self._grow(most)
        places = np.minimum((sizes * np.float64(_BINS / self.top)).astype(np.int32), _BINS - 1)
        self.counts += np.bincount(places, minlength=_BINS)

    def _grow(self, most: float) -> None:
        """Double the histogram's range until it holds ``most``, joining neighbouring bins."""
        if self.top <= 0:
            self.top = most
            return
        while self.top < most:
            joined = self.counts.reshape(-1, 2).sum(axis=1)
            self.counts = np.concatenate([joined, np.zeros(_BINS // 2, np.int64)])
            self.top *= 2

    def bound(self, calibration: Calibration, limit: int) -> float:
        """Return the magnitude that is stored as ``limit``."""
        if calibration is Calibration.MIN_MAX or not self.counts.sum():
            return self.largest
        edges = np.arange(1, _BINS + 1) * (self.top / _BINS)
        if calibration is Calibration.PERCENTILE:
            share = np.cumsum(self.counts) / self.counts.sum()
            return float(min(self.largest, edges[int(np.searchsorted(share, 0.9999))]))
        return self._least_error(limit, edges)

    def _least_error(self, limit: int, edges: Array) -> float:
        middles = edges - self.top / _BINS / 2
        best, bound = np.inf, self.largest
        for part in np.linspace(0.3, 1.0, 71):
            candidate = self.largest * part
            step = candidate / limit
            kept = np.minimum(np.rint(middles / step), limit) * step
            error = float(np.sum(self.counts * (middles - kept) ** 2))
            if error < best:
                best, bound = error, candidate
        return float(bound)


def calibrate(
    graph: Graph,
    feeds: Iterable[Mapping[str, Array]],
    *,
    counted: bool = True,
    seen: Callable[[int], None] = lambda count: None,
) -> dict[str, Range]:
    """Return the range of every real activation over the given inputs.

    Parameters
    ----------
    feeds
        One mapping of input names to arrays for each run.
    counted
        Keep how often each magnitude came, which every calibration but the vendor's needs.
    seen
        Called with the number of runs done.
    """
    names = tuple(
        name
        for name in dict.fromkeys([*graph.inputs, *[name for node in graph.nodes for name in node.outputs if name]])
        if graph.values[name].is_float
    )
    watched = tuple(name for name in names if name not in graph.inputs)
    ranges = {name: Range() for name in names}
    sums, masks = scores(graph)
    session = float_session(graph, watched) if watched else None
    for count, feed in enumerate(feeds, 1):
        for name in graph.inputs:
            if name in ranges:
                data = np.asarray(feed[name])
                ranges[name].see(shown(data, is_sum=False) if name in sums | masks else data, counted=counted)
        computed = session.run(list(watched), dict(feed)) if session else []
        for name, data in zip(watched, computed, strict=True):
            ranges[name].see(shown(data, is_sum=name in sums) if name in sums | masks else data, counted=counted)
        seen(count)
    return ranges


def float_outputs(graph: Graph, feeds: Iterable[Mapping[str, Array]]) -> list[dict[str, Array]]:
    """Return the real outputs in FP32 for each feed, by name."""
    session = float_session(graph)
    names = [name for name in graph.outputs if graph.values[name].is_float]
    return [dict(zip(names, session.run(names, dict(feed)), strict=True)) for feed in feeds]


def float_session(graph: Graph, watched: tuple[str, ...] = ()) -> Any:
    """Return an onnxruntime session of the graph in FP32, with further values as outputs."""
    return quiet_session(to_onnx(graph, watched=watched).SerializeToString())


def quiet_session(model: bytes, *, threads: int = 1) -> Any:
    """Return an onnxruntime session of an ONNX file on the CPU, which prints errors alone."""
    import onnxruntime as ort

    options: Any = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
