"""Rounding that makes up for itself: each product's integers are chosen by what they do to real inputs.

Products are taken in program order. The inputs of one are what the chip itself computes with all earlier products
quantised already; the wanted sums are floating point's. Weights are first moved to the least squares solution, drawn
towards where they were (ridge), then rounded column by column with each column's error passed on to those that follow, by
the Cholesky factor of the inputs' second moments (OBQ, Frantar and Alistarh 2022; GPTQ, Frantar et al. 2023). The bias takes
the mean error that is left.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from yunqi.labs.npu.engine.integer import Executor
from yunqi.labs.npu.engine.integer.windows import window_of, windows
from yunqi.labs.npu.engine.quantise.calibrating import float_session
from yunqi.labs.npu.engine.quantise.flowing import absorbs
from yunqi.labs.npu.model import Array, Graph, Layer, Node, Program, QuantisedGraph, Quantity

_SMALLEST = 1e-12
Seen = Callable[[int, int], None]


def with_biases(graph: Graph) -> Graph:
    """Return the graph with weights of its own and a bias at every product that can take one."""
    nodes, values = [], dict(graph.values)

    def own(name: str, data: Array) -> str:
        while name in values:
            name += "_"
        values[name] = replace(graph.values[graph.inputs[0]], name=name, shape=data.shape, dtype="float32", data=data)
        return name

    for node in graph.nodes:
        if absorbs(node, graph):
            weight = np.asarray(graph.constant(node.inputs[1]), np.float32)
            old = graph.constant(node.inputs[2]) if len(node.inputs) > 2 and node.inputs[2] else None
            count = graph.shape(node.output)[1]
            bias = (
                np.zeros(count, np.float32) if old is None else np.broadcast_to(old.ravel(), count).astype(np.float32)
            )
            inputs = (node.inputs[0], own(f"{node.output}.w", weight), own(f"{node.output}.b", bias))
            node = replace(node, inputs=inputs)
        nodes.append(node)
    return Graph(graph.name, nodes, values, graph.inputs, graph.outputs, graph.opset, dict(graph.assumed))


def compensate(
    program: Program,
    quantised: QuantisedGraph,
    feeds: Sequence[Mapping[str, Array]],
    *,
    positions: int = 64,
    ridge: float = 0.01,
    pull: float = 0.0,
    seed: int = 0,
    seen: Seen = lambda done, of: None,
) -> None:
    """Choose the integer weights and the biases of a quantised graph anew, in place.

    Parameters
    ----------
    quantised
        Of a graph from `with_biases`, whose products' weights and biases are their own.
    positions
        Places of each image's output map that are looked at.
    ridge
        How strongly weights are held where they were, in units of the inputs' mean square.
    """
    graph = quantised.graph
    layers = [layer for layer in program.layers if _is_chosen(layer, quantised)]
    session = float_session(graph, tuple(layer.main.output for layer in layers))
    picked = {layer.name: _picked(graph, layer, positions, seed + place) for place, layer in enumerate(layers)}
    wanted: dict[str, list[Array]] = {layer.name: [] for layer in layers}
    for feed in feeds:
        found = session.run([layer.main.output for layer in layers], dict(feed))
        for layer, data in zip(layers, found, strict=True):
            wanted[layer.name].append(_sums_at(data, picked[layer.name]))
    executors = [Executor(program, quantised) for _ in feeds]
    for executor, feed in zip(executors, feeds, strict=True):
        executor.start(feed)
    last = _last_use(program)
    for step, layer in enumerate(program.layers):
        if layer.name in wanted:
            inputs = np.concatenate(
                [_inputs_at(graph, one, layer.main, picked[layer.name]) for one in executors], axis=-1
            )
            _choose(quantised, layer.main, inputs, np.concatenate(wanted.pop(layer.name), axis=-1), ridge, pull)
        for executor in executors:
            executor.step(layer)
            for name in last.get(step, ()):
                executor.tensors.pop(name, None)
        seen(step + 1, len(program.layers))


def _is_chosen(layer: Layer, quantised: QuantisedGraph) -> bool:
    held = quantised.weights.get(layer.main.inputs[1]) if absorbs(layer.main, quantised.graph) else None
    return held is not None and quantised.activations[layer.main.inputs[0]].bits == held[1].bits


def _picked(graph: Graph, layer: Layer, most: int, seed: int) -> Array:
    shape = graph.shape(layer.main.output)
    count = int(np.prod(shape[2:])) if len(shape) > 2 else 1
    return np.sort(np.random.default_rng(seed).permutation(count)[:most])


def _sums_at(data: Array, picked: Array) -> Array:
    """Outputs at the picked places, channels x places; images of a batch follow each other."""
    flat = data.reshape(*data.shape[:2], -1)[..., picked]
    return np.asarray(np.concatenate(list(flat), axis=-1), np.float64)


def _inputs_at(graph: Graph, executor: Executor, node: Node, picked: Array) -> Array:
    """Real inputs at the picked places, input channels x taps x places."""
    stored, quantity = executor.stored(node.inputs[0])
    if node.op == "Gemm":
        return np.asarray(stored.T[:, None, :] * float(quantity.scale))
    kernel = graph.shape(node.inputs[1])[2:]
    window = window_of(node.attributes, stored.shape[2:], kernel, graph.shape(node.output)[2:])
    view = windows(stored, window, fill=0)
    rows, columns = np.unravel_index(picked, window.outputs)
    taken = view[:, :, rows, columns]  # images, channels, places, kernel
    taken = taken.reshape(*taken.shape[:3], -1).transpose(1, 3, 0, 2)
    return np.asarray(taken.reshape(*taken.shape[:2], -1) * float(quantity.scale))


def _choose(quantised: QuantisedGraph, node: Node, inputs: Array, wanted: Array, ridge: float, pull: float) -> None:
    data, quantity = quantised.weights[node.inputs[1]]
    graph = quantised.graph
    weight = np.asarray(graph.constant(node.inputs[1]), np.float64)
    bias = np.asarray(graph.constant(node.inputs[2]), np.float64)
    turned = quantity.axis == 1
    weight = weight.T if turned else weight
    groups = int(node.attributes.get("group", 1)) if node.op == "Conv" else 1
    rows = weight.reshape(groups, len(weight) // groups, -1)
    columns = inputs.reshape(groups, rows.shape[2], -1)
    targets = wanted.reshape(groups, rows.shape[1], -1)
    whole, scales, moved = _rounded(rows, columns, targets, bias.reshape(groups, -1), quantity.limit, ridge, pull)
    shaped = whole.reshape(weight.shape)
    shaped = shaped.T if turned else shaped
    kept = Quantity(scales.ravel(), quantity.bits, quantity.axis)
    quantised.weights[node.inputs[1]] = (np.ascontiguousarray(shaped.astype(data.dtype)), kept)
    value = graph.values[node.inputs[2]]
    graph.values[node.inputs[2]] = replace(value, data=moved.ravel().astype(np.float32))


def _rounded(
    weight: Array, inputs: Array, wanted: Array, bias: Array, limit: int, ridge: float, pull: float
) -> tuple[Array, Array, Array]:
    """Integers, scales and biases of groups x rows x columns of weights for groups x columns x samples of inputs."""
    middle = inputs.mean(axis=-1, keepdims=True)
    off = inputs - middle
    moments = off @ off.transpose(0, 2, 1) / inputs.shape[-1]
    size = np.trace(moments, axis1=1, axis2=2) / moments.shape[1]
    held = moments + (ridge * size + _SMALLEST)[:, None, None] * np.eye(moments.shape[1])
    better = weight
    if pull:
        left = wanted - weight @ inputs
        left = left - left.mean(axis=-1, keepdims=True)
        force = left @ off.transpose(0, 2, 1) / inputs.shape[-1]
        stiff = moments + (pull * size + _SMALLEST)[:, None, None] * np.eye(moments.shape[1])
        better = weight + np.linalg.solve(stiff, force.transpose(0, 2, 1)).transpose(0, 2, 1)
    scales = np.maximum(np.abs(better).max(axis=-1), _SMALLEST) / limit
    floor = np.maximum(np.abs(weight).max(axis=-1) / limit * 0.5, _SMALLEST)  # a row must not shrink to nothing
    scales = np.maximum(scales, floor)
    whole = _passed_on(better / scales[..., None], held, limit)
    real = whole * scales[..., None]
    moved = (wanted - real @ inputs).mean(axis=-1)
    return whole, scales, moved


def _passed_on(rows: Array, moments: Array, limit: int) -> Array:
    """Round columns in turn, passing each one's error on to those after it."""
    inverse = np.linalg.inv(moments)
    upper = np.linalg.cholesky((inverse + inverse.transpose(0, 2, 1)) / 2).transpose(0, 2, 1)
    left, found = rows.copy(), np.empty_like(rows)
    for place in range(rows.shape[-1]):
        found[..., place] = np.clip(np.rint(left[..., place]), -limit, limit)
        error = (left[..., place] - found[..., place]) / upper[:, place, place][:, None]
        left[..., place:] -= error[..., None] * upper[:, None, place, place:]
    return found


def _last_use(program: Program) -> dict[int, list[str]]:
    """Return which tensors nothing reads after each step."""
    last: dict[str, int] = {}
    for step, layer in enumerate(program.layers):
        inner = [name for node in (layer.main, *layer.stages) for name in node.outputs if name]
        for name in (*layer.inputs, *inner):
            last[name] = step
    found: dict[int, list[str]] = {}
    for name, step in last.items():
        if name not in program.outputs:
            found.setdefault(step, []).append(name)
    return found
