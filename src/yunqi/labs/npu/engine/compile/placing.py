"""Which engine can carry out an operation, and why not when none can."""

from yunqi.labs.npu.model import Engine, Graph, Node, Refusal

PRODUCTS = frozenset({"Conv", "Gemm", "MatMul", "ConvTranspose"})
TABLES = frozenset({
    "Relu", "LeakyRelu", "Clip", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "Erf", "Gelu", "Silu", "Elu", "Selu",
    "Celu", "Softplus", "Softsign", "Mish", "Exp", "Log", "Sqrt", "Reciprocal", "Abs", "Neg", "ThresholdedRelu", "Floor",
    "Ceil", "Round", "Sin", "Cos", "Sign",
})  # fmt: skip
"""Functions of one element: a table in the element-wise stages."""
BINARY = frozenset({"Add", "Sub", "Mul", "Div", "Min", "Max", "PRelu", "Pow", "Sum", "Mean"})
"""Functions of two tensors, element by element."""
ROWWISE = frozenset({
    "Softmax", "LogSoftmax", "LayerNormalization", "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceSumSquare",
    "ReduceL2", "InstanceNormalization", "GroupNormalization", "BatchNormalization", "Affine", "LpNormalization", "LRN",
    "RMSNormalization", "ReduceL1", "ReduceProd",
})  # fmt: skip
"""Functions over a row, in the FP24 vector unit, with how often each element passes below."""
POOLS = frozenset({"MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "Resize", "Upsample", "LpPool"})
FREE = frozenset({"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity"})
MOVES = frozenset({
    "Transpose", "Concat", "Split", "Slice", "Pad", "Expand", "Tile", "DepthToSpace", "SpaceToDepth", "Gather",
})  # fmt: skip
_PLANNED = frozenset({
    "Clip", "Slice", "Pad", "Split", "Tile", "Expand", "Squeeze", "Unsqueeze", "Reshape", "Resize", "Upsample", "ReduceMean",
    "ReduceSum", "ReduceMax", "ReduceMin", "ReduceSumSquare", "ReduceL1", "ReduceL2", "ReduceProd",
})  # fmt: skip
"""Operations whose further inputs say what to do, not what to compute with."""
PASSES = {"Softmax": 4, "LogSoftmax": 4, "LayerNormalization": 4, "InstanceNormalization": 4, "GroupNormalization": 4,
          "LpNormalization": 3, "LRN": 3, "RMSNormalization": 3}  # fmt: skip


def place(graph: Graph, node: Node) -> tuple[Engine, Refusal | None]:
    """Return the engine of a node, and the refusal when it must stay on the host."""
    reason = _objection(graph, node)
    if reason is not None:
        return Engine.HOST, Refusal(node.name, node.op, reason[0], reason[1])
    if node.op in POOLS:
        return Engine.POOLING, None
    if node.op in FREE or node.op in MOVES:
        return Engine.MEMORY, None
    return Engine.TENSOR, None


def _objection(graph: Graph, node: Node) -> tuple[str, str] | None:
    known = PRODUCTS | TABLES | BINARY | ROWWISE | POOLS | FREE | MOVES
    if node.domain:
        return f"the domain {node.domain!r} is not ONNX", "replace it by standard operators"
    if node.op not in known:
        return "no engine of the chip has this operation", "leave it to the host, or replace it by supported operators"
    values = [graph.values[name] for name in (*node.inputs[:1], *node.outputs[:1]) if name]
    if not all(value.is_float for value in values):
        kind = next(value.dtype for value in values if not value.is_float)
        return f"it computes on {kind} data, which is not quantised", "leave index arithmetic to the host"
    if len(node.outputs) > 1 and node.op != "Split" and any(node.outputs[1:]):
        return "its further outputs are not kept on the chip", "use only the first output"
    return _detail(graph, node)


def _detail(graph: Graph, node: Node) -> tuple[str, str] | None:
    if node.op in ("Conv", "ConvTranspose"):
        rank = len(graph.shape(node.inputs[0]))
        if rank not in (3, 4):
            return f"the tensor engine convolves maps of one or two dimensions, not {rank - 2}", "reshape it to 2-D"
        if graph.constant(node.inputs[1]) is None:
            return "its kernel is computed at run time", "make the kernel a constant"
    if node.op in _PLANNED and any(graph.constant(name) is None for name in node.inputs[1:] if name):
        return "its bounds, axes or sizes are computed at run time", "make them constants"
    if node.op == "Gather" and graph.constant(node.inputs[1]) is None:
        return "the memory engine takes rows by constant places only", "do the look-up on the host"
    if node.op == "Gather" and graph.constant(node.inputs[0]) is not None:
        return "it looks up rows of a table", "do the look-up on the host"
    if node.op == "Pad" and node.attributes.get("mode", "constant") != "constant":
        return "the memory engine pads with a constant only", "use constant padding"
    if node.op in ("Resize", "Upsample") and node.attributes.get("mode", "nearest") not in ("nearest", "linear"):
        return "the pooling engine resizes by nearest or linear only", "use mode linear"
    return None
