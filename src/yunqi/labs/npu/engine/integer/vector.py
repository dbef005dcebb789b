"""What is moved without arithmetic, and what runs in floating point: the host, and rare vector operations."""

from collections.abc import Callable, Mapping

import numpy as np

from yunqi.labs.npu.engine.integer.arithmetic import quantised
from yunqi.labs.npu.engine.integer.elementwise import FUNCTIONS, Stored, requantised
from yunqi.labs.npu.engine.read.folding import evaluate, run_node
from yunqi.labs.npu.model import Array, Graph, Node, NotSupported, Quantity

_SHAPES = ("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity")
_LARGEST = 1 << 31


def exact_moves(
    graph: Graph, node: Node, stored: Callable[[str], Stored], activations: Mapping[str, Quantity]
) -> dict[str, Array]:
    """Return the outputs of a memory-engine operation; integers are moved, and rescaled where the output's scale differs."""
    if node.op in _SHAPES:
        data, source = stored(node.inputs[0])
        moved = [data.reshape(graph.shape(node.output))]
    elif node.op == "Concat":
        target = activations[node.output]
        parts = [requantised(stored(name), target) for name in node.inputs]
        return {node.output: np.concatenate(parts, axis=int(node.attributes["axis"]))}
    else:
        data, source = stored(node.inputs[0])
        inputs: list[Array | None] = [data]
        for place, name in enumerate(node.inputs[1:], 1):
            constant = graph.constant(name) if name else None
            if node.op == "Pad" and place == 2 and constant is not None:
                constant = quantised(constant, float(source.scale), source.limit).reshape(constant.shape)
            inputs.append(constant)
        found = evaluate(node, inputs, opset=graph.opset, largest=_LARGEST)
        if found is None:
            raise NotSupported(f"The node {node.name!r} ({node.op}) cannot be executed with these parameters.")
        moved = found
    return {
        name: requantised((data, source), activations[name])
        for name, data in zip(node.outputs, moved, strict=False)
        if name
    }


def float_node(graph: Graph, node: Node, real: Callable[[str], Array]) -> dict[str, Array]:
    """Return a node's outputs in floating point, as onnxruntime computes them."""
    inputs = [real(name) if name else None for name in node.inputs]
    if node.op == "Affine":
        x, gain, shift = (np.asarray(data, np.float32) for data in inputs if data is not None)
        line = (1, -1, *[1] * (x.ndim - 2))
        return {node.output: x * gain.reshape(line) + shift.reshape(line)}
    if node.op in ("Silu", "Gelu", "HardSwish") and inputs[0] is not None:
        return {node.output: FUNCTIONS[node.op](inputs[0].astype(np.float64), node.attributes).astype(np.float32)}
    opset = max(graph.opset, 17) if node.op == "LayerNormalization" else graph.opset
    found = run_node(node, inputs, opset=opset)
    if found is None:
        raise NotSupported(f"The node {node.name!r} ({node.op}) cannot be executed on the host.")
    return {
        name: data.astype(graph.values[name].dtype, copy=False)
        for name, data in zip([name for name in node.outputs if name], found, strict=False)
    }
