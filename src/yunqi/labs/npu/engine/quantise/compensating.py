"""Rounding that makes up for itself: each product's integers are chosen by what they do to real inputs.

Products are taken in program order. The inputs of one are what the chip itself computes with all earlier products
quantised already; the wanted sums are floating point's. Weights are rounded column by column, with each column's error
passed on to those that follow by the Cholesky factor of the inputs' second moments (OBQ, Frantar and Alistarh 2022; GPTQ,
Frantar et al. 2023). The bias takes the mean error that is left. Moving the weights to the least squares solution first
was tried and does harm: there are fewer samples than columns.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from yunqi.labs.npu.engine.integer import Executor
from yunqi.labs.npu.engine.integer.windows import window_of, windows
from yunqi.labs.npu.engine.quantise.calibrating import float_session
from yunqi.labs.npu.engine.quantise.flowing import absorbs
from yunqi.labs.npu.model import Array, Engine, Graph, Layer, Node, Program, QuantisedGraph

_SMALLEST = 1e-12
_BLOCK = 64
Seen = Callable[[int, int], None]


def is_product(node: Node, graph: Graph) -> bool:
    """Whether a node is a product with constant weights whose integers can be chosen."""
    if node.op == "MatMul" and not node.domain:
        weight = graph.constant(node.inputs[1])
        bias = graph.constant(node.inputs[2]) if len(node.inputs) > 2 else np.zeros(1)
        return weight is not None and weight.ndim == 2 and bias is not None and graph.constant(node.inputs[0]) is None
    return absorbs(node, graph)


def with_biases(graph: Graph) -> Graph:
    """Return the graph with weights of its own and a bias at every product that can take one."""
    nodes, values = [], dict(graph.values)

    def own(name: str, data: Array) -> str:
        while name in values:
            name += "_"
        values[name] = replace(graph.values[graph.inputs[0]], name=name, shape=data.shape, dtype="float32", data=data)
        return name

    for node in graph.nodes:
        if is_product(node, graph):
            weight = np.asarray(graph.constant(node.inputs[1]), np.float32)
            old = graph.constant(node.inputs[2]) if len(node.inputs) > 2 and node.inputs[2] else None
            count = graph.shape(node.output)[-1 if node.op == "MatMul" else 1]
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
    ridge: float = 0.2,
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
        What is added to the diagonal of the inputs' second moments, in units of their mean.
    """
    graph = quantised.graph
    layers = [layer for layer in program.layers if _is_chosen(layer, quantised)]
    session = float_session(graph, tuple(layer.main.output for layer in layers))
    picked = {layer.name: _picked(graph, layer, positions, seed + place) for place, layer in enumerate(layers)}
    wanted: dict[str, list[Array]] = {layer.name: [] for layer in layers}
    for feed in feeds:
        found = session.run([layer.main.output for layer in layers], dict(feed))
        for layer, data in zip(layers, found, strict=True):
            wanted[layer.name].append(_sums_at(layer.main, data, picked[layer.name]))
    executors = [Executor(program, quantised) for _ in feeds]
    for executor, feed in zip(executors, feeds, strict=True):
        executor.start(feed)
    last = _last_use(program)
    for step, layer in enumerate(program.layers):
        if layer.name in wanted:
            inputs = np.concatenate(
                [_inputs_at(graph, one, layer.main, picked[layer.name]) for one in executors], axis=-1
            )
            _choose(quantised, layer.main, inputs, np.concatenate(wanted.pop(layer.name), axis=-1), ridge)
        for executor in executors:
            executor.step(layer)
            for name in last.get(step, ()):
                executor.tensors.pop(name, None)
        seen(step + 1, len(program.layers))


def _is_chosen(layer: Layer, quantised: QuantisedGraph) -> bool:
    """Whether a layer's integers and bias can be chosen; of weights of 16 bits the bias alone is."""
    held = quantised.weights.get(layer.main.inputs[1]) if is_product(layer.main, quantised.graph) else None
    return layer.engine is not Engine.HOST and held is not None


def _picked(graph: Graph, layer: Layer, most: int, seed: int) -> Array:
    shape = graph.shape(layer.main.output)
    places = shape[:-1] if layer.main.op == "MatMul" else shape[2:]
    count = int(np.prod(places))
    return np.sort(np.random.default_rng(seed).permutation(count)[:most])


def _sums_at(node: Node, data: Array, picked: Array) -> Array:
    """Outputs at the picked places, channels x places; images of a batch follow each other."""
    if node.op == "MatMul":
        return np.asarray(data.reshape(-1, data.shape[-1])[picked].T, np.float64)
    flat = data.reshape(*data.shape[:2], -1)[..., picked]
    return np.asarray(np.concatenate(list(flat), axis=-1), np.float64)


def _inputs_at(graph: Graph, executor: Executor, node: Node, picked: Array) -> Array:
    """Real inputs at the picked places, input channels x taps x places."""
    stored, quantity = executor.stored(node.inputs[0])
    if node.op == "MatMul":
        return np.asarray(stored.reshape(-1, stored.shape[-1])[picked].T[:, None, :] * float(quantity.scale))
    if node.op == "Gemm":
        return np.asarray(stored.T[:, None, :] * float(quantity.scale))
    kernel = graph.shape(node.inputs[1])[2:]
    window = window_of(node.attributes, stored.shape[2:], kernel, graph.shape(node.output)[2:])
    view = windows(stored, window, fill=0)
    rows, columns = np.unravel_index(picked, window.outputs)
    taken = view[:, :, rows, columns]  # images, channels, places, kernel
    taken = taken.reshape(*taken.shape[:3], -1).transpose(1, 3, 0, 2)
    return np.asarray(taken.reshape(*taken.shape[:2], -1) * float(quantity.scale))


def _choose(quantised: QuantisedGraph, node: Node, inputs: Array, wanted: Array, ridge: float) -> None:
    data, quantity = quantised.weights[node.inputs[1]]
    graph = quantised.graph
    weight = np.asarray(graph.constant(node.inputs[1]), np.float64)
    turned = quantity.axis == 1
    weight = weight.T if turned else weight
    groups = int(node.attributes.get("group", 1)) if node.op == "Conv" else 1
    rows = weight.reshape(groups, len(weight) // groups, -1)
    columns = inputs.reshape(groups, rows.shape[2], -1)
    targets = wanted.reshape(groups, rows.shape[1], -1)
    scales = np.broadcast_to(quantity.scale, len(weight)).reshape(groups, -1)
    if quantity.bits == 16:
        stored = (data.T if turned else data).reshape(rows.shape) * scales[..., None]
        _set_bias(graph, node, (targets - stored @ columns).mean(axis=-1))
        return
    whole, moved = rounded(rows, columns, targets, scales, quantity.limit, ridge)
    shaped = whole.reshape(weight.shape)
    shaped = shaped.T if turned else shaped
    quantised.weights[node.inputs[1]] = (np.ascontiguousarray(shaped.astype(data.dtype)), quantity)
    _set_bias(graph, node, moved)


def _set_bias(graph: Graph, node: Node, moved: Array) -> None:
    value = graph.values[node.inputs[2]]
    graph.values[node.inputs[2]] = replace(value, data=moved.ravel().astype(np.float32))


def rounded(
    weight: Array, inputs: Array, wanted: Array, scales: Array, limit: int, ridge: float
) -> tuple[Array, Array]:
    """Return integers and biases of groups x rows x columns of weights for groups x columns x samples of inputs."""
    off = inputs - inputs.mean(axis=-1, keepdims=True)
    moments = off @ off.transpose(0, 2, 1) / inputs.shape[-1]
    size = np.trace(moments, axis1=1, axis2=2) / moments.shape[1]
    held = moments + (ridge * size + _SMALLEST)[:, None, None] * np.eye(moments.shape[1])
    whole = _passed_on(weight / scales[..., None], held, limit)
    real = whole * scales[..., None]
    return whole, (wanted - real @ inputs).mean(axis=-1)


def _passed_on(rows: Array, moments: Array, limit: int) -> Array:
    """Round columns in turn, passing each one's error on to those after it; blocks of columns at once to the rest."""
    inverse = np.linalg.inv(moments)
    upper = np.linalg.cholesky((inverse + inverse.transpose(0, 2, 1)) / 2).transpose(0, 2, 1)
    left, found = rows.copy(), np.empty_like(rows)
    for start in range(0, rows.shape[-1], _BLOCK):
        end = min(start + _BLOCK, rows.shape[-1])
        errors = np.empty_like(rows[..., start:end])
        for place in range(start, end):
            found[..., place] = np.clip(np.rint(left[..., place]), -limit, limit)
            error = (left[..., place] - found[..., place]) / upper[:, place, place][:, None]
            left[..., place:end] -= error[..., None] * upper[:, None, place, place:end]
            errors[..., place - start] = error
        left[..., end:] -= errors @ upper[:, start:end, end:]
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
