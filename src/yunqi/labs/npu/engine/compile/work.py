"""What a layer costs: the matrix product it is, the elements it passes, the bytes it moves."""

import math

from yunqi.labs.npu.engine.compile.placing import FREE, PASSES, POOLS, PRODUCTS
from yunqi.labs.npu.model import Engine, Graph, Node, Work


def work_of(graph: Graph, node: Node, engine: Engine, element_bytes: int) -> Work:
    """Return the work of a node on its engine."""
    if node.op in PRODUCTS:
        return _product(graph, node)
    elements = graph.values[node.output].elements
    if engine is Engine.POOLING:
        return Work(pooled_elements=elements * _window(graph, node))
    if engine is Engine.MEMORY:
        moved = 0 if node.op in FREE else sum(graph.values[name].elements for name in node.outputs if name)
        return Work(moved_bytes=moved * element_bytes)
    read = max([elements, *[graph.values[name].elements for name in node.inputs if name]])
    return Work(vector_elements=read, vector_steps=PASSES.get(node.op, 1))


def _product(graph: Graph, node: Node) -> Work:
    shape = graph.shape(node.output)
    if node.op in ("Conv", "ConvTranspose"):
        weight = graph.shape(node.inputs[1])
        groups = int(node.attributes.get("group", 1))
        taps = math.prod(weight[2:])
        if node.op == "ConvTranspose":
            source = graph.shape(node.inputs[0])
            positions = source[0] * math.prod(source[2:])
            return Work(groups, weight[0] // groups, weight[1] * taps, positions)
        positions = shape[0] * math.prod(shape[2:])
        depthwise = groups > 1 and weight[1] == 1 and weight[0] == groups
        return Work(groups, weight[1] * taps, weight[0] // groups, positions, depthwise)
    if node.op == "Gemm":
        left = graph.shape(node.inputs[0])
        inner = left[0] if node.attributes.get("transA", 0) else left[1]
        return Work(1, inner, shape[1], shape[0])
    left, right = graph.shape(node.inputs[0]), graph.shape(node.inputs[1])
    inner = left[-1]
    if len(right) <= 2:
        outputs = right[-1] if len(right) == 2 else 1
        return Work(1, inner, outputs, math.prod(left[:-1]))
    positions = left[-2] if len(left) > 1 else 1
    return Work(math.prod(shape[:-2]), inner, right[-1], positions)


def _window(graph: Graph, node: Node) -> int:
    if node.op in ("GlobalAveragePool", "GlobalMaxPool"):
        return math.prod(graph.shape(node.inputs[0])[2:])
    if node.op in POOLS and "kernel_shape" in node.attributes:
        return math.prod(node.attributes["kernel_shape"])
    return 4 if node.attributes.get("mode") == "linear" else 1


def halo_bytes(graph: Graph, node: Node, element_bytes: int) -> int:
    """Return the input bytes that a neighbour holds when the output rows are divided."""
    shape = graph.shape(node.inputs[0]) if node.inputs else ()
    if len(shape) != 4:
        return 0
    kernel = node.attributes.get("kernel_shape")
    if kernel is None and node.op in ("Conv", "ConvTranspose"):
        kernel = graph.shape(node.inputs[1])[2:]
    reach = max(0, (int(kernel[0]) if kernel else 1) - 1)
    return shape[0] * shape[1] * reach * shape[3] * element_bytes
