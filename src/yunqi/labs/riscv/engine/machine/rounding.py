"""Rounding of an exact result to single or double in every mode, with the flags that it raises.

An operation hands over ``hi + lo``, times two to the power ``exponent``: ``hi`` is the result rounded to 53 bits, ``lo``
what that cut off, exactly, or a number of its sign that is far smaller.
"""

import math

import numpy as np

from yunqi.labs.riscv.engine.compiled import compiled, inlined
from yunqi.labs.riscv.engine.machine import layout as at

NX, UF, OF, DZ, NV = 1, 2, 4, 8, 16
NEAREST, TO_ZERO, DOWN, UP, AWAY = range(5)

SINGLE_NAN = (-1 << 32) | 0x7FC00000
DOUBLE_NAN = 0x7FF8000000000000
SIGN = -0x8000000000000000


@inlined
def box(bits):
    """Return a single's bits as they stand in a 64-bit register."""
    return (bits & 0xFFFFFFFF) | (np.int64(-1) << 32)


@inlined
def goes_up(mode, negative, below_half, half_or_more, tie, odd):
    """Whether the magnitude is rounded up, given the part that is cut off (not zero)."""
    if mode == NEAREST:
        return (half_or_more and not tie) or (tie and odd)
    if mode == AWAY:
        return half_or_more
    if mode == DOWN:
        return negative
    if mode == UP:
        return not negative
    return False


@inlined
def cut(mantissa, drop, mode, negative):
    """Drop ``drop`` low bits of a mantissa; returns it rounded, and whether anything was lost."""
    if drop <= 0:
        return mantissa << -drop, False
    if drop > 62:
        drop = 62
    kept = mantissa >> drop
    lost = mantissa - (kept << drop)
    half = np.int64(1) << (drop - 1)
    if lost == 0:
        return kept, False
    if goes_up(mode, negative, lost < half, lost >= half, lost == half, kept & 1 == 1):
        kept += 1
    return kept, True


@inlined
def spare(lo, power):
    """Return what was cut off in 64ths of the last place; odd where that is not exact, so that it is no tie."""
    exact = math.ldexp(lo, 59 - power)
    whole = np.int64(exact)
    if (exact == 0.0 or np.float64(whole) != exact) and whole & 1 == 0:
        whole += 1 if lo > 0.0 else -1
    return whole


@compiled
def finish(hi, lo, exponent, single, mode, c):
    """Return the bits of the rounded number (a boxed one for single) and raise its flags; ``hi`` is finite and not zero."""
    negative = hi < 0.0
    fraction, power = math.frexp(abs(hi))
    mantissa = np.int64(fraction * 9007199254740992.0) << 6  # 53 bits and 6 to spare
    if lo != 0.0:
        mantissa += spare(-lo if negative else lo, power)
    # the value is mantissa * 2 ** (power - 59), its leading bit stands at power - 1 (or one lower after a
    # borrow)
    power += exponent
    precision = 24 if single else 53
    least = -125 if single else -1021  # power of the least normal number
    if mantissa < np.int64(1) << 58:
        mantissa <<= 1
        power -= 1
    rounded, lost = cut(mantissa, 59 - precision, mode, negative)
    after = power + (1 if rounded == np.int64(1) << precision else 0)
    tiny = after < least
    if power < least:
        rounded, lost = cut(mantissa, 59 - precision + (least - power), mode, negative)
        power = least
        biased = np.int64(0)
    else:
        biased = np.int64(power - least)
    if lost:
        c[at.FLAGS] |= NX | (UF if tiny else 0)
    top = 255 if single else 2047
    # The hidden bit of a normal number adds one to the biased exponent; a carry adds one more.
    bits = np.int64(top) << (precision - 1)
    if biased < top - 1:
        bits = (biased << (precision - 1)) + rounded
    if bits >= np.int64(top) << (precision - 1):
        c[at.FLAGS] |= NX | OF
        to_infinity = mode == NEAREST or mode == AWAY or (mode == DOWN and negative) or (mode == UP and not negative)
        bits = np.int64(top) << (precision - 1)
        if not to_infinity:
            bits -= 1
    if single:
        return box(bits | (np.int64(0x80000000) if negative else np.int64(0)))
    return bits | (np.int64(SIGN) if negative else np.int64(0))


@compiled
def round_integral(value, mode):
    """Round a double to a whole number."""
    down = np.floor(value)
    if mode == DOWN:
        return down
    if mode == UP:
        return np.ceil(value)
    if mode == TO_ZERO:
        return down if value >= 0.0 else np.ceil(value)
    rest = value - down
    if rest > 0.5 or (rest == 0.5 and (value > 0.0 if mode == AWAY else np.floor(down * 0.5) * 2.0 != down)):
        return down + 1.0
    return down
