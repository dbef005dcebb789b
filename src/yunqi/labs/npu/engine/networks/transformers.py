"""Reference networks of matrix products: a ViT, a small BERT, and one GEMM that fills the array."""

import numpy as np
from onnx import TensorProto

from yunqi.labs.npu.engine.networks.builder import NetworkBuilder


def vit_tiny(*, batch: int = 1, opset: int = 17, seed: int = 0, size: int = 224) -> bytes:
    """Build ViT-Ti/16: 192 wide, 3 heads, 12 blocks, 5.7 million weights."""
    net = NetworkBuilder("vit-tiny", opset=opset, batch=batch, seed=seed)
    wide, tokens = 192, (size // 16) ** 2
    weight = net.normal(wide, 3, 16, 16, deviation=768**-0.5)
    x = net.add("Conv", net.input("input", (3, size, size)), weight, kernel_shape=[16, 16], strides=[16, 16])
    x = net.add("Reshape", x, net.constant(np.array([batch, wide, tokens])))
    x = net.add("Transpose", x, perm=[0, 2, 1])
    token = net.constant(np.repeat(net.random.normal(0, 0.02, (1, 1, wide)), batch, 0).astype(np.float32))
    x = net.add("Concat", token, x, axis=1)
    x = net.add("Add", x, net.normal(1, tokens + 1, wide, deviation=0.02))
    for _ in range(12):
        x = _block(net, x, (batch, tokens + 1, wide), heads=3)
    x = _layer_norm(net, x, wide)
    x = net.add("Gather", x, net.constant(np.array(0)), axis=1)
    return net.finish((net.linear(x, wide, 1000), (1000,)))


def bert_small(*, batch: int = 1, opset: int = 17, seed: int = 0, length: int = 128) -> bytes:
    """Build a BERT of 4 layers, 512 wide, 8 heads, over token ids of one length, with an attention mask."""
    net = NetworkBuilder("bert-small", opset=opset, batch=batch, seed=seed)
    wide, words = 512, 8192
    ids = net.input("input_ids", (length,), TensorProto.INT64)
    mask = net.input("attention_mask", (length,), TensorProto.INT64)
    x = net.add("Gather", net.normal(words, wide, deviation=0.02), ids, axis=0)
    x = _layer_norm(net, net.add("Add", x, net.normal(1, length, wide, deviation=0.02)), wide)
    shown = net.add("Cast", net.add("Unsqueeze", mask, net.constant(np.array([1, 2]))), to=TensorProto.FLOAT)
    hidden = net.add("Sub", net.constant(np.float32(1)), shown)
    bias = net.add("Mul", hidden, net.constant(np.float32(-10_000)))
    for _ in range(4):
        x = _block(net, x, (batch, length, wide), heads=8, bias=bias)
    x = net.add("Gather", x, net.constant(np.array(0)), axis=1)
    x = net.add("Tanh", net.linear(x, wide, wide))
    return net.finish((net.linear(x, wide, 2), (2,)))


def dense_gemm(*, rows: int = 9216, inner: int = 8192, columns: int = 4096, seed: int = 0) -> bytes:
    """Build one matrix product that fills the array of every core."""
    net = NetworkBuilder("dense-gemm", batch=rows, seed=seed)
    x = net.input("input", (inner,))
    return net.finish((net.add("MatMul", x, net.normal(inner, columns, deviation=0.01)), (columns,)))


def _block(net: NetworkBuilder, x: str, shape: tuple[int, int, int], *, heads: int, bias: str = "") -> str:
    wide = shape[2]
    x = net.add("Add", x, _attention(net, _layer_norm(net, x, wide), shape, heads, bias))
    y = net.linear(_layer_norm(net, x, wide), wide, 4 * wide)
    return net.add("Add", x, net.linear(_gelu(net, y), 4 * wide, wide))


def _attention(net: NetworkBuilder, x: str, shape: tuple[int, int, int], heads: int, bias: str) -> str:
    batch, length, wide = shape
    split = net.constant(np.array([batch, length, heads, wide // heads]))

    def heads_of(perm: list[int]) -> str:
        return net.add("Transpose", net.add("Reshape", net.linear(x, wide, wide), split), perm=perm)

    query, key, value = heads_of([0, 2, 1, 3]), heads_of([0, 2, 3, 1]), heads_of([0, 2, 1, 3])
    scores = net.add("Div", net.add("MatMul", query, key), net.constant(np.float32((wide // heads) ** 0.5)))
    if bias:
        scores = net.add("Add", scores, bias)
    mixed = net.add("MatMul", net.add("Softmax", scores, axis=-1), value)
    mixed = net.add("Transpose", mixed, perm=[0, 2, 1, 3])
    return net.linear(net.add("Reshape", mixed, net.constant(np.array([batch, length, wide]))), wide, wide)


def _layer_norm(net: NetworkBuilder, x: str, wide: int) -> str:
    scale, bias = net.constant(np.ones(wide, np.float32)), net.normal(wide, deviation=0.02)
    if net.opset >= 17:
        return net.add("LayerNormalization", x, scale, bias, axis=-1, epsilon=1e-5)
    centred = net.add("Sub", x, net.add("ReduceMean", x, axes=[-1]))
    variance = net.add("ReduceMean", net.add("Pow", centred, net.constant(np.float32(2))), axes=[-1])
    deviation = net.add("Sqrt", net.add("Add", variance, net.constant(np.float32(1e-5))))
    return net.add("Add", net.add("Mul", net.add("Div", centred, deviation), scale), bias)


def _gelu(net: NetworkBuilder, x: str) -> str:
    if net.opset >= 20:
        return net.add("Gelu", x)
    inner = net.add("Erf", net.add("Div", x, net.constant(np.float32(2**0.5))))
    grown = net.add("Add", inner, net.constant(np.float32(1)))
    return net.add("Mul", net.add("Mul", x, grown), net.constant(np.float32(0.5)))
