"""How the chip's integers compare with floating point on some inputs."""

from dataclasses import dataclass

import numpy as np

from yunqi.labs.npu.model import Array, Graph, Program, QuantisedGraph
from yunqi.labs.npu.service.quantising import Feeds, float_session, outputs

_NEAREST = 10


@dataclass(frozen=True, slots=True)
class Agreement:
    """How the integers compare with floating point on some inputs.

    Parameters
    ----------
    top1
        Share of rows whose largest output is at the same place.
    error
        Root mean square of the difference, over the root mean square of the output.
    cosine, least_cosine
        Mean and smallest cosine between an input's vectors; for an encoder these count, not ``top1``.
    nearest
        Share of inputs whose nearest other input, by cosine, is the same in both; None below three inputs.
    ten_nearest
        Share of the ten nearest others that are the same; None below twelve inputs.
    """

    images: int
    top1: float
    error: float
    correlation: float
    cosine: float
    least_cosine: float
    nearest: float | None = None
    ten_nearest: float | None = None


def agreement(program: Program, quantised: QuantisedGraph, feeds: Feeds, real_graph: Graph) -> Agreement:
    """Compare the integer path with a graph in floating point, on the network's first output."""
    from yunqi.labs.npu.engine.quantise import to_onnx

    session = float_session(to_onnx(real_graph).SerializeToString())
    name = real_graph.outputs[0]
    real, whole = [], []
    for feed, got in zip(feeds, outputs(program, quantised, feeds), strict=True):
        (data,) = session.run([name], feed)
        real.append(np.asarray(data))
        whole.append(got[name])
    return compared(real, whole)


def compared(real: list[Array], whole: list[Array]) -> Agreement:
    """Compare outputs in floating point with the integers', one array an input."""
    rows, found = (np.concatenate([_rows(data) for data in side]) for side in (real, whole))
    first, second = (np.concatenate([data.ravel().astype(np.float64) for data in side]) for side in (real, whole))
    power = float(np.sqrt(np.mean(first**2))) or 1.0
    spread = first.std() * second.std()
    correlation = float(np.mean((first - first.mean()) * (second - second.mean())) / spread) if spread else 1.0
    left, right = (np.concatenate([_vectors(data) for data in side]) for side in (real, whole))
    likeness = np.sum(left * right, axis=1)
    return Agreement(
        images=len(real),
        top1=float(np.mean(rows.argmax(1) == found.argmax(1))) if len(rows) else 0.0,
        error=float(np.sqrt(np.mean((first - second) ** 2))) / power,
        correlation=correlation,
        cosine=float(likeness.mean()),
        least_cosine=float(likeness.min()),
        nearest=_kept(left, right, 1),
        ten_nearest=_kept(left, right, _NEAREST),
    )


def _rows(data: Array) -> Array:
    return data.reshape(-1, data.shape[-1]) if data.ndim > 1 else data.reshape(1, -1)


def _vectors(data: Array) -> Array:
    """One vector of length 1 for each image of the batch."""
    flat = data.reshape(data.shape[0] if data.ndim > 1 else 1, -1).astype(np.float64)
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-30))


def _kept(left: Array, right: Array, count: int) -> float | None:
    if len(left) < count + 2:
        return None
    near = []
    for vectors in (left, right):
        likeness = vectors @ vectors.T
        np.fill_diagonal(likeness, -np.inf)
        near.append(np.argsort(-likeness, axis=1, kind="stable")[:, :count])
    same = [len(set(one) & set(other)) for one, other in zip(*near, strict=True)]
    return float(np.mean(same)) / count
