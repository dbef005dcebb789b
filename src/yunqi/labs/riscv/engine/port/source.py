"""A network as source: C that calls the kernels layer by layer, and one file of bytes that it includes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from yunqi.labs.riscv.engine.port.layers import Kind, Layer, Network, Tensor

KERNELS = Path(__file__).with_name("kernels")
BLOCK = 4
"""Outputs that the scalar kernels take together."""
TILE = 16
"""Outputs that the vector kernels take together."""
_WINDOWED = (Kind.CONVOLUTION, Kind.DENSE, Kind.DEPTHWISE, Kind.MAX_POOL, Kind.AVERAGE_POOL)


@dataclass(frozen=True, slots=True)
class Source:
    """The text of the C file, of the assembler file, and the bytes that it includes as ``weights.bin``.

    Parameters
    ----------
    arena
        Bytes of memory for activations.
    """

    c: str = field(repr=False)
    assembler: str = field(repr=False)
    weights: bytes = field(repr=False)
    arena: int


def write_source(network: Network, sample: NDArray[np.int8], *, vector: bool = False) -> Source:
    """Return a network as source.

    Parameters
    ----------
    network
        From `read_network`.
    sample
        The input that the program takes when it is given none.
    vector
        Whether weights are arranged for the vector kernels.
    """
    blob = _Blob()
    places, scratch, arena = plan(network)
    at = blob.add(sample.tobytes())
    body, structures = [], []
    for number, layer in enumerate(network.layers):
        structure, call = _layer(network, layer, number, places, scratch, blob, vector)
        structures.append(structure)
        body += ["  MARK();", f"  {call}", "  MARK();"]
    output = network.tensors[network.output]
    size = output.size * (4 if network.layers and network.layers[-1].raw else 1)
    text = "\n".join(
        (
            '#include "network.h"',
            "extern const i8 weights[];",
            f"i8 arena[{arena}] __attribute__((aligned(64)));",
            '#define MARK() __asm__ volatile("rdcycle zero" ::: "memory")',
            f"const i64 input_at = {places[network.input]}, input_size = {network.tensors[network.input].size};",
            f"const i64 output_at = {places[network.output]}, output_size = {size};",
            "void network(void) {",
            *structures,
            *body,
            "}",
            "",
        )
    )
    assembler = (
        ".section .rodata\n.balign 64\n.globl weights\n.globl sample\nweights:\n"
        f'.incbin "weights.bin"\n.set sample, weights + {at}\n'
    )
    return Source(text, assembler, bytes(blob.data), arena)


@dataclass(slots=True)
class _Blob:
    data: bytearray = field(default_factory=bytearray)

    def add(self, piece: bytes) -> int:
        self.data += bytes(-len(self.data) % 64)
        at = len(self.data)
        self.data += piece
        return at


def plan(network: Network) -> tuple[dict[int, int], int, int]:
    """Return where every tensor lies while it is needed, where pads are made, and the bytes of it all."""
    last = {index: number for number, layer in enumerate(network.layers) for index in layer.inputs}
    last[network.output] = len(network.layers)
    born = {layer.output: number for number, layer in enumerate(network.layers)} | {network.input: -1}
    taken: list[tuple[int, int, int, int]] = []  # start, end, first and last layer
    places: dict[int, int] = {}
    for index in sorted(born, key=lambda one: born[one]):
        size = -(-network.tensors[index].size * (4 if _is_raw(network, index) else 1) // 64) * 64
        first, final = born[index], last.get(index, born[index])
        busy = sorted((a, b) for a, b, since, until in taken if since <= final and until >= first)
        at = 0
        for start, end in busy:
            if start - at >= size:
                break
            at = max(at, end)
        places[index] = at
        taken.append((at, at + size, first, final))
    top = max(end for _, end, _, _ in taken)
    scratch = max((_padded(network.tensors[layer.inputs[0]], layer) for layer in network.layers), default=0)
    return places, top, top + -(-scratch // 64) * 64 + 64


def _is_raw(network: Network, index: int) -> bool:
    return any(layer.raw and layer.output == index for layer in network.layers)


def _padded(tensor: Tensor, layer: Layer) -> int:
    top, left, bottom, right = layer.window.pads
    height, width, channels = tensor.shape
    return (height + top + bottom) * (width + left + right) * channels if any(layer.window.pads) else 0


def arranged(layer: Layer, *, vector: bool) -> NDArray[np.int8]:
    """Return a layer's weights in the order in which the kernels read them, outputs filled up to whole blocks."""
    assert layer.weights is not None
    if layer.kind is Kind.DEPTHWISE:
        return layer.weights
    block = TILE if vector else BLOCK
    flat = layer.weights.reshape(layer.weights.shape[0], -1)
    filled = np.pad(flat, ((0, -flat.shape[0] % block), (0, 0)))
    return np.ascontiguousarray(filled.reshape(-1, block, flat.shape[1]).transpose(0, 2, 1))


def _numbers(layer: Layer, values: NDArray[np.int32] | None, vector: bool) -> bytes:
    if values is None:
        return b""
    block = TILE if vector else BLOCK
    return np.pad(values, (0, -values.size % block)).astype("<i4").tobytes()


def _layer(
    network: Network, layer: Layer, number: int, places: Mapping[int, int], scratch: int, blob: _Blob, vector: bool
) -> tuple[str, str]:
    source, target = network.tensors[layer.inputs[0]], network.tensors[layer.output]
    x, y = f"arena + {places[layer.inputs[0]]}", f"arena + {places[layer.output]}"
    if layer.kind is Kind.ADD:
        assert layer.multiplier is not None
        other = network.tensors[layer.inputs[1]]
        second = f"arena + {places[layer.inputs[1]]}"
        numbers = (source.size, source.zero, other.zero, *layer.multiplier.tolist(), layer.zero, layer.low, layer.high)
        return "", f"add({x}, {second}, {y}, {', '.join(map(str, numbers))});"
    if layer.kind is Kind.ENLARGE:
        sizes = (*source.shape, layer.window.down, layer.window.right)
        return "", f"enlarge({x}, {y}, {', '.join(map(str, sizes))});"
    if layer.kind is Kind.CONCAT:
        return "", _concat(network, layer, places)
    if layer.kind is Kind.LOOKUP:
        assert layer.table is not None
        return "", f"lookup({x}, {y}, {source.size}, weights + {blob.add(layer.table.tobytes())});"
    window, (height, width, channels) = layer.window, source.shape
    before = ""
    if any(window.pads):
        fill = -128 if layer.kind is Kind.MAX_POOL else source.zero
        before = (
            f"pad({x}, arena + {scratch}, {height}, {width}, {channels}, {', '.join(map(str, window.pads))}, {fill}); "
        )
        x = f"arena + {scratch}"
        height, width = height + window.pads[0] + window.pads[2], width + window.pads[1] + window.pads[3]
    weights = blob.add(arranged(layer, vector=vector).tobytes()) if layer.weights is not None else 0
    places_of = [blob.add(_numbers(layer, one, vector)) for one in (layer.bias, layer.multiplier, layer.shift)]
    numbers = (
        height, width, channels, *target.shape, window.height, window.width, window.down, window.right,
        layer.zero, layer.low, layer.high, int(layer.raw),
    )  # fmt: skip
    pointers = ", ".join(f"(const i32 *)(weights + {at})" for at in places_of)
    structure = f"  static const Layer l{number} = {{{', '.join(map(str, numbers))}, weights + {weights}, {pointers}}};"
    name = "convolution" if layer.kind is Kind.DENSE else layer.kind.value
    extra = f", {source.zero}" if layer.kind is Kind.AVERAGE_POOL else ""
    if layer.kind in (Kind.JOIN, Kind.MULTIPLY):
        other = network.tensors[layer.inputs[1]]
        last = f"{layer.weight}l" if layer.kind is Kind.JOIN else f"{source.zero}, {int(other.shape != source.shape)}"
        extra = f", arena + {places[layer.inputs[1]]}, {other.zero}, {last}"
    return structure, f"{before}{name}(&l{number}, {x}, {y}{extra});"


def _concat(network: Network, layer: Layer, places: Mapping[int, int]) -> str:
    height, width, channels = network.tensors[layer.output].shape
    calls, at = [], 0
    for index in layer.inputs:
        part = network.tensors[index].shape[2]
        calls.append(
            f"place(arena + {places[index]}, arena + {places[layer.output] + at}, {height * width}, {part}, {channels});"
        )
        at += part
    return " ".join(calls)
