"""The element-wise stages: tables of one operand, fixed-point sums and products of two."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from yunqi.labs.npu.engine.integer.arithmetic import (
    FACTOR_BITS,
    WIDE_FACTOR_BITS,
    clipped,
    divided,
    fixed_point,
    quantised,
    shifted,
)
from yunqi.labs.npu.model import Array, Node, Quantity, clip_limits

Stored = tuple[Array, Quantity]
_erf = np.vectorize(math.erf, otypes=[np.float64])


def _sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -700, 700))))


def _gelu(x: Array, attributes: dict[str, Any]) -> Array:
    if attributes.get("tanh") or attributes.get("approximate") == "tanh":
        return np.asarray(0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))))
    return np.asarray(0.5 * x * (1 + _erf(x / math.sqrt(2))))


def _elu(x: Array, alpha: float, gamma: float = 1.0) -> Array:
    return np.asarray(gamma * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))))


def _hard_sigmoid(x: Array, a: dict[str, Any]) -> Array:
    return np.asarray(np.clip(a.get("alpha", 0.2) * x + a.get("beta", 0.5), 0, 1))


FUNCTIONS: dict[str, Callable[[Array, dict[str, Any]], Array]] = {
    "Relu": lambda x, a: np.maximum(x, 0),
    "LeakyRelu": lambda x, a: np.where(x < 0, a.get("alpha", 0.01) * x, x),
    "Clip": lambda x, a: np.clip(x, a.get("min", -np.inf), a.get("max", np.inf)),
    "Sigmoid": lambda x, a: _sigmoid(x),
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": lambda x, a: x * np.clip(x / 6 + 0.5, 0, 1),
    "Silu": lambda x, a: x * _sigmoid(x),
    "Tanh": lambda x, a: np.tanh(x),
    "Erf": lambda x, a: _erf(x),
    "Gelu": _gelu,
    "Elu": lambda x, a: _elu(x, a.get("alpha", 1.0)),
    "Celu": lambda x, a: np.maximum(x, 0) + np.minimum(0, a.get("alpha", 1.0) * np.expm1(x / a.get("alpha", 1.0))),
    "Selu": lambda x, a: _elu(x, a.get("alpha", 1.6732632), a.get("gamma", 1.0507010)),
    "Softplus": lambda x, a: np.logaddexp(x, 0),
    "Softsign": lambda x, a: x / (1 + np.abs(x)),
    "Mish": lambda x, a: x * np.tanh(np.logaddexp(x, 0)),
    "Exp": lambda x, a: np.exp(x),
    "Log": lambda x, a: np.log(x),
    "Sqrt": lambda x, a: np.sqrt(x),
    "Reciprocal": lambda x, a: 1 / x,
    "Abs": lambda x, a: np.abs(x),
    "Neg": lambda x, a: -x,
    "ThresholdedRelu": lambda x, a: np.where(x > a.get("alpha", 1.0), x, 0),
    "Floor": lambda x, a: np.floor(x),
    "Ceil": lambda x, a: np.ceil(x),
    "Round": lambda x, a: np.rint(x),
    "Sin": lambda x, a: np.sin(x),
    "Cos": lambda x, a: np.cos(x),
    "Sign": lambda x, a: np.sign(x),
    "Pow": lambda x, a: np.power(x, a["exponent"]),
}


def table(op: str, attributes: dict[str, Any], source: Quantity, target: Quantity) -> Array:
    """Return what each stored value of ``source`` becomes, from ``-limit`` upwards; part of the compiled program."""
    steps = np.arange(-source.limit, source.limit + 1, dtype=np.float64)
    with np.errstate(all="ignore"):
        real = FUNCTIONS[op](steps * float(source.scale), attributes)
    return quantised(real, float(target.scale), target.limit)


def looked_up(data: Array, entries: Array, source: Quantity) -> Array:
    """Return the table's entry for each element."""
    return entries[data.astype(np.int32) + source.limit]


def requantised(stored: Stored, target: Quantity) -> Array:
    """Return integers of one scale as integers of another."""
    data, source = stored
    if source.bits == target.bits and float(source.scale) == float(target.scale):
        return data
    return scaled(data, float(source.scale) / float(target.scale), target.limit)


def scaled(
    sums: Array,
    factor: "Array | float",
    limit: int,
    *,
    bits: int = FACTOR_BITS,
    low: int | None = None,
    high: int | None = None,
) -> Array:
    """Return ``sums * factor`` clipped; factors are positive and broadcast, and kept to ``bits`` bits."""
    integers, shift = fixed_point(factor, bits=bits)
    return clipped(
        shifted(sums.astype(np.int64) * integers.reshape(np.shape(factor)), shift), limit, low=low, high=high
    )


def added(
    left: tuple[Array, "Array | float"], right: tuple[Array, "Array | float"], target: Quantity, *, sign: int = 1,
    low: int | None = None, high: int | None = None,
) -> Array:  # fmt: skip
    """Return ``left ± right`` of (integers, real scale) pairs, with one rounding."""
    scale = float(target.scale)
    first, second = np.asarray(left[1], np.float64) / scale, np.asarray(right[1], np.float64) / scale
    joined = np.concatenate([np.ravel(first), np.ravel(second)])
    integers, shift = fixed_point(joined)
    factors = integers[: first.size].reshape(first.shape), integers[first.size :].reshape(second.shape)
    total = left[0].astype(np.int64) * factors[0] + sign * (right[0].astype(np.int64) * factors[1])
    return clipped(shifted(total, shift), target.limit, low=low, high=high)


def multiplied(left: Stored, right: Stored, target: Quantity) -> Array:
    """Return ``left * right``."""
    product = left[0].astype(np.int64) * right[0].astype(np.int64)
    return scaled(product, float(left[1].scale) * float(right[1].scale) / float(target.scale), target.limit)


def ratio(left: Stored, right: Stored, target: Quantity) -> Array:
    """Return ``left / right``."""
    factor = float(left[1].scale) / float(right[1].scale) / float(target.scale)
    integers, shift = fixed_point(factor, bits=WIDE_FACTOR_BITS)
    above = left[0].astype(np.int64) * integers[0]
    below = right[0].astype(np.int64)
    if shift < 40:
        return clipped(divided(above, below << np.int64(shift)), target.limit)
    return clipped(divided(above >> np.int64(shift - 40), below << np.int64(40)), target.limit)


def bounds(node: Node, constants: "Callable[[str], Array | None]", target: Quantity) -> tuple[int | None, int | None]:
    """Return the integer bounds that a Relu or Clip stands for."""
    low, high = clip_limits(node, constants)
    scale = float(target.scale)

    def whole(real: float) -> int | None:
        return None if not math.isfinite(real) else int(quantised(np.array(real), scale, target.limit))

    return whole(low), whole(high)
