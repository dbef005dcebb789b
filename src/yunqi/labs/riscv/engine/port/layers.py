"""A network as the core runs it: tensors of signed bytes and layers of whole numbers.

Every tensor is laid out height, width, channel. What a layer computes is defined here once, for the reference in
`reference.py` and the kernels in C alike:

``scaled(a) = (((a * multiplier + 2**30) >> 31) + 2**(shift - 1) >> shift) + zero``, cut to ``low..high``,

where ``a`` is the 32-bit sum of products with the bias (the input's zero point folded in), and without the second
rounding when ``shift`` is 0.
"""

from dataclasses import dataclass, field
from enum import Enum
from math import prod

import numpy as np
from numpy.typing import NDArray

from yunqi.kernel.errors import Invalid

ADD_BITS = 20
"""Fraction bits of the two multipliers of an addition."""
JOIN_BITS = 31
"""Fraction bits of the multipliers that bring a product's sums and another tensor to one scale."""


class Kind(Enum):
    """What a layer does."""

    CONVOLUTION = "convolution"
    DEPTHWISE = "depthwise"
    DENSE = "dense"
    MAX_POOL = "max_pool"
    AVERAGE_POOL = "average_pool"
    ADD = "add"
    JOIN = "join"
    MULTIPLY = "multiply"
    CONCAT = "concat"
    ENLARGE = "enlarge"
    LOOKUP = "lookup"


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of the network: height, width, channels; ``real = scale * (byte - zero)``."""

    name: str
    shape: tuple[int, int, int]
    scale: float
    zero: int

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class Window:
    """A sliding window: height and width, strides, and the rows and columns added on the four sides."""

    height: int = 1
    width: int = 1
    down: int = 1
    right: int = 1
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Layer:
    """One step.

    Parameters
    ----------
    kind, name
        What it does, and which node of the network it came from.
    inputs, output
        Numbers of its tensors.
    window
        For convolutions and pools.
    weights
        (outputs, height, width, inputs); depthwise (height, width, channels).
    bias, multiplier, shift
        One of each for every output channel; one for all of a product of two tensors.
    weight
        What a join multiplies its second input by, with `JOIN_BITS` fraction bits.
    zero, low, high
        Of the output.
    table
        A lookup's 256 answers, for -128 first.
    raw
        Whether the output is the 32-bit sum itself (before a join, or where a network ends in floating point).
    """

    kind: Kind
    name: str
    inputs: tuple[int, ...]
    output: int
    window: Window = Window()
    weights: NDArray[np.int8] | None = field(default=None, repr=False)
    bias: NDArray[np.int32] | None = field(default=None, repr=False)
    multiplier: NDArray[np.int32] | None = field(default=None, repr=False)
    shift: NDArray[np.int32] | None = field(default=None, repr=False)
    zero: int = 0
    low: int = -128
    high: int = 127
    table: NDArray[np.int8] | None = field(default=None, repr=False)
    raw: bool = False
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Network:
    """Tensors, layers in order, which tensor goes in and which comes out, and what is left to the host.

    Parameters
    ----------
    unsigned
        Whether the file has its input, and its output, as 0 to 255 (128 above what is kept here).
    host
        The operators after the last layer, which the core does not run.
    scales
        What a raw output is multiplied by, per channel.
    """

    tensors: tuple[Tensor, ...]
    layers: tuple[Layer, ...]
    input: int
    output: int
    unsigned: tuple[bool, bool] = (False, False)
    host: tuple[str, ...] = ()
    scales: NDArray[np.float64] | None = None

    def products(self, layer: Layer) -> int:
        """Return the multiplications of a layer."""
        if layer.weights is None:
            return 0
        height, width, channels = self.tensors[layer.output].shape
        if layer.kind is Kind.DENSE:
            return int(layer.weights.size)
        if layer.kind is Kind.DEPTHWISE:
            return height * width * int(layer.weights.size)
        return height * width * channels * int(layer.weights[0].size)


def fixed(scale: NDArray[np.float64], name: str) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the multipliers and shifts that stand for scales below one.

    Raises
    ------
    Invalid
        A scale that is not in 2**-31 to 1.
    """
    if not np.all((scale > 2.0**-31) & (scale < 1.0)):
        raise Invalid(
            f"{name} is scaled by {float(scale.max()):g}; the kernels take scales between 2**-31 and 1. "
            "Quantise with a wider output range.",
            "network",
        )
    fraction, exponent = np.frexp(scale)
    multiplier = np.rint(fraction * 2.0**31).astype(np.int64)
    over = multiplier == 1 << 31
    multiplier[over] >>= 1
    shift = -(exponent.astype(np.int64) + over)
    if np.any(shift < 0):
        raise Invalid(f"{name} is scaled by almost 1; quantise with a wider output range.", "network")
    return multiplier.astype(np.int32), shift.astype(np.int32)
