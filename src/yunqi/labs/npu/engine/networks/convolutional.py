"""Convolutional reference networks: ResNet-50 v1.5, MobileNet v2, EfficientNet-B0."""

import numpy as np

from yunqi.labs.npu.engine.networks.builder import NetworkBuilder


def resnet50(*, batch: int | str = 1, opset: int = 17, seed: int = 0, size: int = 224) -> bytes:
    """Build ResNet-50 v1.5 (stride in the 3x3 convolution): 25.6 million weights, 4.09 GMAC at 224 pixels."""
    net = NetworkBuilder("resnet50-v1.5", opset=opset, batch=batch, seed=seed)
    x = net.add("Relu", net.conv(net.input("input", (3, size, size)), (3, 64), 7, stride=2))
    x = net.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    inputs = 64
    for width, blocks, first_stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for block in range(blocks):
            stride = first_stride if block == 0 else 1
            y = net.add("Relu", net.conv(x, (inputs, width)))
            y = net.add("Relu", net.conv(y, (width, width), 3, stride=stride))
            y = net.conv(y, (width, 4 * width))
            if block == 0:
                x = net.conv(x, (inputs, 4 * width), stride=stride)
            x = net.add("Relu", net.add("Add", y, x))
            inputs = 4 * width
    x = net.add("Flatten", net.add("GlobalAveragePool", x), axis=1)
    weight, bias = net.normal(1000, 2048, deviation=0.02), net.normal(1000, deviation=0.02)
    return net.finish((net.add("Gemm", x, weight, bias, transB=1), (1000,)))


def mobilenet_v2(*, batch: int | str = 1, opset: int = 17, seed: int = 0, size: int = 224) -> bytes:
    """Build MobileNet v2: inverted residuals with depthwise convolutions, 3.5 million weights."""
    net = NetworkBuilder("mobilenet-v2", opset=opset, batch=batch, seed=seed)
    low, high = net.constant(np.float32(0)), net.constant(np.float32(6))

    def relu6(x: str) -> str:
        return net.add("Clip", x, low, high)

    x, inputs = relu6(net.conv(net.input("input", (3, size, size)), (3, 32), 3, stride=2)), 32
    for expand, outputs, blocks, first_stride in (
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
    ):  # fmt: skip
        for block in range(blocks):
            stride, wide = first_stride if block == 0 else 1, inputs * expand
            y = relu6(net.conv(x, (inputs, wide))) if expand > 1 else x
            y = relu6(net.conv(y, (wide, wide), 3, stride=stride, groups=wide))
            y = net.conv(y, (wide, outputs))
            x = net.add("Add", x, y) if stride == 1 and inputs == outputs else y
            inputs = outputs
    x = net.add("Flatten", net.add("GlobalAveragePool", relu6(net.conv(x, (inputs, 1280)))), axis=1)
    weight, bias = net.normal(1000, 1280, deviation=0.02), net.normal(1000, deviation=0.02)
    return net.finish((net.add("Gemm", x, weight, bias, transB=1), (1000,)))


def efficientnet_b0(*, batch: int | str = 1, opset: int = 17, seed: int = 0, size: int = 224) -> bytes:
    """Build EfficientNet-B0: swish, squeeze-and-excitation, kernels of 3 and 5, 5.3 million weights."""
    net = NetworkBuilder("efficientnet-b0", opset=opset, batch=batch, seed=seed)

    def swish(x: str) -> str:
        return net.add("Mul", x, net.add("Sigmoid", x))

    def excite(x: str, wide: int, narrow: int) -> str:
        y = net.conv(net.add("GlobalAveragePool", x), (wide, narrow), norm=False)
        y = net.conv(swish(y), (narrow, wide), norm=False)
        return net.add("Mul", x, net.add("Sigmoid", y))

    x, inputs = swish(net.conv(net.input("input", (3, size, size)), (3, 32), 3, stride=2)), 32
    for expand, kernel, first_stride, outputs, blocks in (
        (1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3), (6, 5, 2, 192, 4),
        (6, 3, 1, 320, 1),
    ):  # fmt: skip
        for block in range(blocks):
            stride, wide = first_stride if block == 0 else 1, inputs * expand
            y = swish(net.conv(x, (inputs, wide))) if expand > 1 else x
            y = excite(swish(net.conv(y, (wide, wide), kernel, stride=stride, groups=wide)), wide, max(1, inputs // 4))
            y = net.conv(y, (wide, outputs))
            x = net.add("Add", x, y) if stride == 1 and inputs == outputs else y
            inputs = outputs
    x = net.add("Flatten", net.add("GlobalAveragePool", swish(net.conv(x, (inputs, 1280)))), axis=1)
    weight, bias = net.normal(1000, 1280, deviation=0.02), net.normal(1000, deviation=0.02)
    return net.finish((net.add("Gemm", x, weight, bias, transB=1), (1000,)))
