"""The last bit, where operands are far apart or the result lies between two numbers."""

import struct
from fractions import Fraction

import pytest

pytest.importorskip("numba")

import numpy as np

from yunqi.labs.riscv.engine.machine import floating
from yunqi.labs.riscv.engine.machine import rounding as r

MODES = {"nearest": r.NEAREST, "zero": r.TO_ZERO, "down": r.DOWN, "up": r.UP, "away": r.AWAY}
HUGE, TINY = 1.5 * 2.0**1022, 5e-324


def registers(*values: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    bits = np.zeros(32, np.int64)
    bits[1 : 1 + len(values)] = [struct.unpack("<q", struct.pack("<d", value))[0] for value in values]
    return bits, bits.view(np.float64), bits.view(np.float32)


def exact(value: Fraction, mode: str) -> float:
    """Round a fraction of normal size to a double by whole numbers."""
    size = abs(value)
    power = size.numerator.bit_length() - size.denominator.bit_length()
    power += 0 if size >= Fraction(2) ** power else -1
    step = Fraction(2) ** (power - 52)
    whole, rest = divmod(size, step)
    negative = value < 0
    up = {
        "nearest": rest * 2 > step or (rest * 2 == step and whole % 2 == 1),
        "zero": False,
        "down": negative and rest > 0,
        "up": not negative and rest > 0,
        "away": rest * 2 >= step,
    }[mode]
    return float((whole + up) * step) * (-1 if negative else 1)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("a", "b"),
    [
        (HUGE, TINY),
        (HUGE, -TINY),
        (-HUGE, 3e-310),
        (TINY, HUGE),
        (1.0, 2.0**-53),
        (1.0, -(2.0**-54)),
        (1.0, 1.5 * 2.0**-53),
    ],
)
def test_a_sum_is_rounded_as_the_fraction_is(mode: str, a: float, b: float) -> None:
    bits, doubles, singles = registers(a, b)
    floating.total(3, a, b, False, MODES[mode], bits, doubles, singles, np.zeros(64, np.int64))  # type: ignore[no-untyped-call]
    assert doubles[3] == exact(Fraction(a) + Fraction(b), mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("a", "b", "c"),
    [
        (-1e-322, float.fromhex("-0x1.0bf8000000002p+1021"), 0.0),  # a tie, found by a random program
        (1.0 + 2.0**-52, 1.0 + 2.0**-1, 0.0),  # a tie
        (1.0 + 2.0**-52, 1.0 + 2.0**-1, 2.0**-300),  # hardly above it
        (1.0 + 2.0**-52, 1.0 + 2.0**-1, -(2.0**-300)),
        (1.0 + 2.0**-52, 1.0 + 2.0**-1, 2.0**-110),
        (2.0**-400, 2.0**-400, 1.0),
        (2.0**-400, -(2.0**-400), 1.0),
    ],
)
def test_a_fused_product_is_rounded_as_the_fraction_is(mode: str, a: float, b: float, c: float) -> None:
    bits, doubles, singles = registers(a, b, c)
    floating.fuse(4, a, b, c, False, MODES[mode], bits, doubles, singles, np.zeros(64, np.int64))  # type: ignore[no-untyped-call]
    assert doubles[4] == exact(Fraction(a) * Fraction(b) + Fraction(c), mode)
