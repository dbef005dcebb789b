"""Reference networks with random weights, built as ONNX: what the figures are made on."""

from collections.abc import Callable

from yunqi.labs.npu.engine.networks.convolutional import efficientnet_b0, mobilenet_v2, resnet50
from yunqi.labs.npu.engine.networks.transformers import bert_small, dense_gemm, vit_tiny

NETWORKS: dict[str, Callable[[], bytes]] = {
    "resnet50": resnet50,
    "mobilenet-v2": mobilenet_v2,
    "efficientnet-b0": efficientnet_b0,
    "vit-tiny": vit_tiny,
    "bert-small": bert_small,
    "dense-gemm": dense_gemm,
}

__all__ = [
    "NETWORKS",
    "bert_small",
    "dense_gemm",
    "efficientnet_b0",
    "mobilenet_v2",
    "resnet50",
    "vit_tiny",
]
