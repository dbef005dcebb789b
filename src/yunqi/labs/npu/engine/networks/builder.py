"""Writing an ONNX graph node by node."""

from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from yunqi.labs.npu.model import Array


class NetworkBuilder:
    """Collects nodes and weights; random ones are drawn from one seeded stream.

    Parameters
    ----------
    batch
        First dimension of inputs and outputs; text makes it dynamic.
    """

    def __init__(self, name: str, *, opset: int = 17, batch: int | str = 1, seed: int = 0) -> None:
        self.name, self.opset, self.batch = name, opset, batch
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self.inputs: list[Any] = []
        self.random = np.random.default_rng(seed)

    def input(self, name: str, shape: tuple[int, ...], kind: int = TensorProto.FLOAT) -> str:
        """Declare an input of ``(batch, *shape)``."""
        self.inputs.append(helper.make_tensor_value_info(name, kind, [self.batch, *shape]))
        return name

    def constant(self, data: "Array | float | np.floating[Any]") -> str:
        """Add a constant and return its name."""
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.array(data, order="C"), name))
        return name

    def normal(self, *shape: int, deviation: float) -> str:
        """Add random normal weights."""
        data = self.random.standard_normal(shape, dtype=np.float32) * np.float32(deviation)
        return self.constant(data)

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:
        """Add a node of one output and return the output's name."""
        output = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [output], name=f"{op}_{len(self.nodes)}", **attributes))
        return output

    def conv(
        self, x: str, shape: tuple[int, int], kernel: int = 1, *, stride: int = 1, groups: int = 1, norm: bool = True
    ) -> str:
        """Add a convolution of (inputs, outputs) channels with batch normalisation."""
        inputs, outputs = shape
        fan = inputs // groups * kernel * kernel
        weight = self.normal(outputs, inputs // groups, kernel, kernel, deviation=(2 / fan) ** 0.5)
        edge = kernel // 2
        bias = () if norm else (self.constant(np.zeros(outputs, np.float32)),)
        y = self.add(
            "Conv", x, weight, *bias, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[edge] * 4, group=groups
        )
        return self.batch_norm(y, outputs) if norm else y

    def batch_norm(self, x: str, channels: int) -> str:
        """Add a batch normalisation near the identity."""
        spread = [self.random.uniform(0.8, 1.2, channels).astype(np.float32) for _ in range(2)]
        shift = [self.random.normal(0, 0.1, channels).astype(np.float32) for _ in range(2)]
        names = [self.constant(data) for data in (spread[0], shift[0], shift[1], spread[1])]
        return self.add("BatchNormalization", x, *names, epsilon=1e-5)

    def linear(self, x: str, inputs: int, outputs: int) -> str:
        """Add a fully connected layer on the last axis, as exporters write it: MatMul and Add."""
        y = self.add("MatMul", x, self.normal(inputs, outputs, deviation=inputs**-0.5))
        return self.add("Add", y, self.normal(outputs, deviation=0.02))

    def finish(self, *outputs: tuple[str, tuple[int, ...]]) -> bytes:
        """Return the model's bytes."""
        infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [self.batch, *s]) for name, s in outputs]
        graph = helper.make_graph(self.nodes, self.name, self.inputs, infos, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)])
        model.ir_version = 8
        return bytes(model.SerializeToString())
