"""Floating-point comparisons, sign operations, classes, and conversions to and from integers."""

import math

import numpy as np

from yunqi.labs.riscv.engine.compiled import compiled, inlined
from yunqi.labs.riscv.engine.isa import ops
from yunqi.labs.riscv.engine.machine import layout as at
from yunqi.labs.riscv.engine.machine import rounding as r
from yunqi.labs.riscv.engine.machine.floating import (
    arithmetic,
    bits_of,
    is_signalling,
    put,
    put_nan,
    put_plain,
    value_of,
)
from yunqi.labs.riscv.engine.machine.integer import word


@compiled
def floating(op, mode, rd, rs1, rs2, rs3, x, fb, fd, fs, c):
    """Carry out a floating-point instruction; stops as illegal where the rounding mode is no mode."""
    if mode == 7:
        mode = c[at.ROUNDING]
    if mode > 4:
        c[at.STOP] = at.ILLEGAL
        return
    if op == ops.FCVTSD or op == ops.FCVTDS:
        convert_size(op == ops.FCVTSD, mode, rd, rs1, fb, fd, fs, c)
        return
    single = op < ops.FADDD
    kind = op if single else op - ops.FLOATING_STEP
    if kind <= ops.FNMADDS:
        arithmetic(kind, single, mode, rd, rs1, rs2, rs3, fb, fd, fs, c)
    elif kind <= ops.FSGNJXS:
        sign(kind, single, rd, rs1, rs2, fb)
    elif kind <= ops.FMAXS:
        extreme(kind, single, rd, rs1, rs2, fb, fd, fs, c)
    elif kind <= ops.FLES:
        x[rd] = compare(kind, single, rs1, rs2, fb, fd, fs, c)
    elif kind == ops.FCLASSS:
        x[rd] = classify(bits_of(rs1, single, fb), single)
    elif kind <= ops.FCVTLUS:
        x[rd] = to_integer(kind, mode, value_of(rs1, single, fb, fd, fs), c)
    elif kind <= ops.FCVTSLU:
        from_integer(kind, single, mode, rd, x[rs1], fb, fd, fs, c)
    elif kind == ops.FMVXW:
        x[rd] = word(fb[rs1]) if single else fb[rs1]
    else:
        fb[rd] = r.box(x[rs1]) if single else x[rs1]


@inlined
def sign(kind, single, rd, rs1, rs2, fb):
    """Take, invert or combine the sign."""
    a, b = bits_of(rs1, single, fb), bits_of(rs2, single, fb)
    top = np.int64(0x80000000) if single else np.int64(r.SIGN)
    taken = b & top
    if kind == ops.FSGNJNS:
        taken = taken ^ top
    elif kind == ops.FSGNJXS:
        taken = (a ^ b) & top
    value = (a & ~top) | taken
    fb[rd] = r.box(value) if single else value


@compiled
def extreme(kind, single, rd, rs1, rs2, fb, fd, fs, c):
    """Put the smaller or larger number; a NaN gives way to a number."""
    left, right = bits_of(rs1, single, fb), bits_of(rs2, single, fb)
    if is_signalling(left, single) or is_signalling(right, single):
        c[at.FLAGS] |= r.NV
    a, b = value_of(rs1, single, fb, fd, fs), value_of(rs2, single, fb, fd, fs)
    if a != a and b != b:
        put_nan(rd, single, fb)
        return
    takes_left = b != b
    if a == a and b == b:
        less = a < b or (a == b and math.copysign(1.0, a) < math.copysign(1.0, b))
        takes_left = less if kind == ops.FMINS else not less
    fb[rd] = left if takes_left else right


@compiled
def compare(kind, single, rs1, rs2, fb, fd, fs, c):
    """Return 1 or 0; ordering complains of every NaN, equality of signalling ones only."""
    a, b = value_of(rs1, single, fb, fd, fs), value_of(rs2, single, fb, fd, fs)
    if a != a or b != b:
        signals = is_signalling(bits_of(rs1, single, fb), single) or is_signalling(bits_of(rs2, single, fb), single)
        if kind != ops.FEQS or signals:
            c[at.FLAGS] |= r.NV
        return np.int64(0)
    if kind == ops.FEQS:
        return np.int64(a == b)
    if kind == ops.FLTS:
        return np.int64(a < b)
    return np.int64(a <= b)


@compiled
def classify(bits, single):
    """Return the class of a number as one bit of ten."""
    width = 23 if single else 52
    top = 255 if single else 2047
    negative = (bits >> (31 if single else 63)) & 1
    exponent = (bits >> width) & top
    fraction = bits & ((np.int64(1) << width) - 1)
    if exponent == top:
        if fraction:
            return np.int64(1 << 8) if is_signalling(bits, single) else np.int64(1 << 9)
        return np.int64(1) if negative else np.int64(1 << 7)
    if exponent:
        return np.int64(1 << 1) if negative else np.int64(1 << 6)
    if fraction:
        return np.int64(1 << 2) if negative else np.int64(1 << 5)
    return np.int64(1 << 3) if negative else np.int64(1 << 4)


@compiled
def to_integer(kind, mode, value, c):
    """Round a number to an integer type; out of range it saturates and is invalid."""
    narrow = kind == ops.FCVTWS or kind == ops.FCVTWUS
    unsigned = kind == ops.FCVTWUS or kind == ops.FCVTLUS
    least = 0.0 if unsigned else (-2147483648.0 if narrow else -9223372036854775808.0)
    limit = (
        (4294967296.0 if narrow else 18446744073709551616.0)
        if unsigned
        else (2147483648.0 if narrow else 9223372036854775808.0)
    )
    whole = value if math.isinf(value) or value != value else r.round_integral(value, mode)
    if not (whole >= least and whole < limit):
        c[at.FLAGS] |= r.NV
        if whole < least:
            return np.int64(0) if unsigned else (np.int64(-0x80000000) if narrow else np.int64(r.SIGN))
        if unsigned:
            return np.int64(-1)
        return np.int64(0x7FFFFFFF) if narrow else np.int64(0x7FFFFFFFFFFFFFFF)
    if whole != value:
        c[at.FLAGS] |= r.NX
    if whole >= 9223372036854775808.0:
        return np.int64(whole - 9223372036854775808.0) ^ np.int64(r.SIGN)
    return word(np.int64(whole)) if narrow else np.int64(whole)


@compiled
def from_integer(kind, single, mode, rd, value, fb, fd, fs, c):
    """Round an integer to a number."""
    if kind == ops.FCVTSW:
        value = word(value)
    elif kind == ops.FCVTSWU:
        value = value & 0xFFFFFFFF
    upper = value >> 32
    if kind == ops.FCVTSLU:
        upper = upper & 0xFFFFFFFF
    high, small = np.float64(upper) * 4294967296.0, np.float64(value & 0xFFFFFFFF)
    hi = high + small
    if hi == 0.0:
        put_plain(rd, 0.0, single, fb, fd, fs)
        return
    back = hi - high
    put(rd, hi, (high - (hi - back)) + (small - back), 0, single, mode, fb, fd, fs, c)


@compiled
def convert_size(to_single, mode, rd, rs1, fb, fd, fs, c):
    """Convert between double and single."""
    value = value_of(rs1, not to_single, fb, fd, fs)
    if value != value:
        if is_signalling(bits_of(rs1, not to_single, fb), not to_single):
            c[at.FLAGS] |= r.NV
        put_nan(rd, to_single, fb)
    elif value == 0.0 or math.isinf(value) or not to_single:
        put_plain(rd, value, to_single, fb, fd, fs)
    else:
        put(rd, value, 0.0, 0, True, mode, fb, fd, fs, c)
