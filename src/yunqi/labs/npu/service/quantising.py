"""Quantising, executing and comparing: calibration data in, integers out."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from yunqi.kernel import Invalid, NotFound
from yunqi.labs.npu.model import Array, Calibration, Graph, NetworkRefused, Program, QuantisedGraph, Recipe

if TYPE_CHECKING:
    from yunqi.labs.npu.engine.quantise import Range

Feeds = list[dict[str, Array]]
Progress = Callable[[int, int, str], None]


def random_feeds(graph: Graph, count: int, *, seed: int = 0) -> Feeds:
    """Return random inputs: normal numbers, small whole numbers for indices, ones for masks."""
    generator = np.random.default_rng(seed)
    return [{name: _random(graph, name, generator) for name in graph.inputs} for _ in range(count)]


def _random(graph: Graph, name: str, generator: np.random.Generator) -> Array:
    value = graph.values[name]
    if value.is_float:
        return generator.standard_normal(value.shape).astype(value.dtype)
    if "mask" in name.lower() or value.dtype == "bool":
        return np.ones(value.shape, value.dtype)
    return generator.integers(0, 2, value.shape).astype(value.dtype)


def typed(graph: Graph, feeds: Feeds) -> Feeds:
    """Return inputs in the types that the graph reads."""
    return [
        {
            name: np.asarray(data).astype(graph.values[name].dtype, copy=False)
            for name, data in feed.items()
            if name in graph.inputs
        }
        for feed in feeds
    ]


def load_feeds(graph: Graph, path: Path) -> Feeds:
    """Read inputs from a .npy file (one input) or a .npz file (arrays by input name).

    The first axis counts runs when an array has one dimension more than the input or a multiple of its batch.

    Raises
    ------
    Invalid
        Naming the input and the shapes when they do not fit.
    """
    try:
        with np.load(path, allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files} if hasattr(held, "files") else {}
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {path}.", "inputs") from error
    except (ValueError, OSError, EOFError, KeyError) as error:
        raise Invalid(f"{path.name} is no .npz file of arrays: {str(error)[:100]}", "inputs") from error
    except (TypeError, AttributeError):
        arrays = {graph.inputs[0]: np.load(path, allow_pickle=False)}
    runs = [_runs(graph, name, arrays) for name in graph.inputs]
    count = min(len(one) for one in runs)
    return [dict(zip(graph.inputs, [one[place] for one in runs], strict=True)) for place in range(count)]


def _runs(graph: Graph, name: str, arrays: Mapping[str, Array]) -> list[Array]:
    value = graph.values[name]
    if name not in arrays:
        raise Invalid(f"The file has no array {name!r}; the network reads {', '.join(graph.inputs)}.", "inputs")
    data = arrays[name].astype(value.dtype)
    if data.shape == value.shape:
        return [data]
    if data.shape[1:] == value.shape:
        return list(data)
    batch = value.shape[0] if value.shape else 0
    if batch and data.shape[1:] == value.shape[1:] and len(data) >= batch:
        return [data[start : start + batch] for start in range(0, len(data) - batch + 1, batch)]
    raise Invalid(f"The array {name!r} has shape {data.shape}; the network reads {value.shape} (times runs).", "inputs")


def quantise_network(
    graph: Graph, program: Program, feeds: Feeds, recipe: Recipe, *, progress: Progress | None = None
) -> QuantisedGraph:
    """Calibrate on the feeds and quantise."""
    from yunqi.labs.npu.engine.quantise import quantise

    found = quantise(graph, program, ranges_of(graph, feeds, recipe, progress), recipe)
    found.images = len(feeds)
    return found


def ranges_of(graph: Graph, feeds: Feeds, recipe: Recipe, progress: Progress | None) -> "dict[str, Range]":
    """Return the range of every real activation on the feeds."""
    from yunqi.labs.npu.engine.quantise import calibrate

    def seen(count: int) -> None:
        if progress is not None:
            progress(count, len(feeds), "calibrating")

    with refused_by_onnxruntime():
        return calibrate(graph, feeds, counted=recipe.calibration is not Calibration.MIN_MAX, seen=seen)


@contextmanager
def refused_by_onnxruntime() -> Iterator[None]:
    """Turn onnxruntime's refusal to compute a network into ours."""
    try:
        yield
    except _refusals() as error:
        reason = " ".join(str(error).split())[:200]
        raise NetworkRefused(f"onnxruntime cannot compute the network for calibration: {reason}") from error


def outputs(program: Program, quantised: QuantisedGraph, feeds: Feeds) -> Iterator[dict[str, Array]]:
    """Yield the integer path's outputs for each feed."""
    from yunqi.labs.npu.engine.integer import Executor

    executor = Executor(program, quantised)
    for feed in feeds:
        yield executor.run(feed)


def float_session(model: bytes, *, threads: int = 1):  # type: ignore[no-untyped-def]
    """Return an onnxruntime session on the CPU."""
    from yunqi.labs.npu.engine.quantise.calibrating import quiet_session

    try:
        return quiet_session(model, threads=threads)
    except _refusals() as error:
        raise NetworkRefused(f"onnxruntime refuses the network: {str(error)[:200]}") from error


def _refusals() -> tuple[type[Exception], ...]:
    """How onnxruntime says no: its errors share no base but Exception."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    names = ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NotImplemented", "RuntimeException")
    return (RuntimeError, ValueError, *[getattr(state, name) for name in names])
