"""Each layer beside onnxruntime, on the very integers that the executor fed it."""

from typing import Any

import numpy as np
import onnxruntime as ort
from onnx import helper

from yunqi.labs.npu.engine.integer import Executor
from yunqi.labs.npu.engine.quantise import to_qdq
from yunqi.labs.npu.model import Engine, Program, QuantisedGraph


def differences(program: Program, quantised: QuantisedGraph, executor: Executor) -> dict[str, int]:
    """Return the largest difference of each layer's stored output, in units of its last place.

    One onnxruntime session computes every layer from the executor's own integers, so nothing adds up along the way.
    """
    model = to_qdq(program, quantised)
    held = {name for name, q in quantised.activations.items() if q.bits == 8}
    graph = model.graph
    made = {name for node in graph.node for name in node.output}
    watched = [
        layer.output
        for layer in program.layers
        if layer.engine is not Engine.HOST and layer.output in held and f"{layer.output}.q" in made
    ]
    feeds: dict[str, Any] = {}
    cut = []
    for node in graph.node:  # what a layer reads comes from the executor; what it writes is watched
        if node.op_type == "DequantizeLinear" and node.input[0].removesuffix(".q") in executor.tensors:
            name = node.input[0].removesuffix(".q")
            fed = f"{name}.fed"
            if fed not in feeds:
                feeds[fed] = executor.tensors[name]
                cut.append(helper.make_tensor_value_info(fed, 3, executor.tensors[name].shape))
            node.input[0] = fed
    for name in program.inputs:
        if name not in held:
            feeds[name] = executor.real[name]
    kept = [value for value in graph.input if value.name in feeds]
    del graph.input[:]
    graph.input.extend([*kept, *cut])
    del graph.output[:]
    graph.output.extend([helper.make_tensor_value_info(f"{n}.q", 3, executor.tensors[n].shape) for n in watched])
    used, needed = [], {f"{name}.q" for name in watched}
    for node in reversed(list(graph.node)):
        if needed & set(node.output):
            used.append(node)
            needed |= set(node.input)
    del graph.node[:]
    graph.node.extend(used[::-1])
    feeds = {name: data for name, data in feeds.items() if name in needed}
    kept = [value for value in graph.input if value.name in feeds]
    del graph.input[:]
    graph.input.extend(kept)
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    found = session.run([f"{name}.q" for name in watched], feeds)
    return {
        name: int(np.max(np.abs(theirs.astype(int) - executor.tensors[name].astype(int)), initial=0))
        for name, theirs in zip(watched, found, strict=True)
    }
