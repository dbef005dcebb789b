"""Fixed point: saturation, rounding as vxrm says, averages, fractions."""

import numpy as np

from yunqi.labs.riscv.engine.compiled import compiled, inlined
from yunqi.labs.riscv.engine.machine import lanes
from yunqi.labs.riscv.engine.machine import layout as at
from yunqi.labs.riscv.engine.machine.integer import below, high_unsigned, shift_right

_MIN64 = -0x8000000000000000


@inlined
def increment(last, half, rest, c):
    """Return what rounding adds: to the last kept bit, by the highest dropped bit and whether others were set."""
    mode = c[at.VXRM]
    if mode == 0:
        return half
    if mode == 1:
        return half & (rest | last)
    if mode == 2:
        return np.int64(0)
    return np.int64(0) if last else half | rest


@compiled
def rounded(value, shift, without_sign, c):
    """Shift right with rounding."""
    if shift == 0:
        return value
    kept = shift_right(value, shift) if without_sign else value >> shift
    half = (value >> (shift - 1)) & 1
    rest = np.int64(1) if value & ((np.int64(1) << (shift - 1)) - 1) else np.int64(0)
    return kept + increment(kept & 1, half, rest, c)


@compiled
def clip(value, sew, without_sign, c):
    """Cut a number to an element's range."""
    top = (np.int64(1) << (sew - (0 if without_sign else 1))) - 1
    if without_sign:
        if below(top, value):
            c[at.VXSAT] = 1
            return top
        return value
    if value > top or value < -top - 1:
        c[at.VXSAT] = 1
        return top if value > top else -top - 1
    return value


@compiled
def saturated(funct6, a, b, sew, c):
    """Add or subtract and stay in range."""
    if funct6 <= 0x20 or funct6 == 0x22:
        ua, ub = lanes.unsigned(a, sew), lanes.unsigned(b, sew)
        if funct6 == 0x22:
            if below(ua, ub):
                c[at.VXSAT] = 1
                return np.int64(0)
            return ua - ub
        total = lanes.unsigned(ua + ub, sew)
        if below(total, ua):
            c[at.VXSAT] = 1
            return np.int64(-1)
        return total
    total = a + b if funct6 == 0x21 else a - b
    if sew < 64:
        return clip(total, sew, False, c)
    changed = (a ^ total) & (b ^ total) if funct6 == 0x21 else (a ^ b) & (a ^ total)
    if changed < 0:
        c[at.VXSAT] = 1
        return np.int64(_MIN64) if a < 0 else ~np.int64(_MIN64)
    return total


@compiled
def average(a, b, subtracts, c):
    """Return half of a sum or difference, rounded."""
    if subtracts:
        kept = (a >> 1) - (b >> 1) - (~a & b & 1)
    else:
        kept = (a >> 1) + (b >> 1) + (a & b & 1)
    return kept + increment(kept & 1, (a ^ b) & 1, np.int64(0), c)


@compiled
def fraction(a, b, sew, c):
    """Multiply fractions, rounded; the one product that does not fit saturates."""
    least = np.int64(_MIN64) >> (64 - sew)
    if a == least and b == least:
        c[at.VXSAT] = 1
        return ~least
    if sew < 64:
        return rounded(a * b, sew - 1, False, c)
    low = a * b
    top = high_unsigned(a, b) - ((a >> 63) & b) - ((b >> 63) & a)
    kept = (top << 1) | shift_right(low, 63)
    rest = np.int64(1) if low & 0x3FFFFFFFFFFFFFFF else np.int64(0)
    return kept + increment(kept & 1, (low >> 62) & 1, rest, c)


@compiled
def scaled_sum(funct6, a, b, old, sew, c):
    """Add a product, shifted right by half its factors' width and rounded, to an element of twice the width."""
    ua, ub = lanes.unsigned(a, sew), lanes.unsigned(b, sew)
    width = 2 * sew
    if funct6 == 0x3C:
        term = rounded(ua * ub, sew >> 1, True, c)
        return saturated(0x20, old, term, width, c)
    if funct6 == 0x3D:
        term = rounded(a * b, sew >> 1, False, c)
    elif funct6 == 0x3E:
        term = rounded(ua * b, sew >> 1, False, c)
        return saturated(0x23, old, term, width, c)
    else:
        term = rounded(a * ub, sew >> 1, False, c)
        return saturated(0x23, old, term, width, c)
    return saturated(0x21, old, term, width, c)
