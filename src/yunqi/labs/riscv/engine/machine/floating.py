"""Floating point as IEEE 754 and RISC-V say: every rounding mode, exact flags, canonical NaNs, boxed singles.

The host computes in round-to-nearest doubles; error-free transforms give what it rounded away.
Results that could underflow or overflow, other rounding modes and fused singles take the exact way through `rounding.finish`.
"""

import math

import numpy as np

from yunqi.labs.riscv.engine.compiled import compiled, inlined
from yunqi.labs.riscv.engine.isa import ops
from yunqi.labs.riscv.engine.machine import layout as at
from yunqi.labs.riscv.engine.machine import rounding as r
from yunqi.labs.riscv.engine.machine.fused import fused


@inlined
def is_signalling(bits, single):
    """Whether the bits are a signalling NaN."""
    if single:
        return bits & 0x7FC00000 == 0x7F800000 and bits & 0x3FFFFF != 0
    return bits & 0x7FF8000000000000 == 0x7FF0000000000000 and bits & 0x7FFFFFFFFFFFF != 0


@inlined
def bits_of(register, single, fb):
    """Return a register's bits; a single that is not boxed reads as NaN."""
    raw = fb[register]
    if single and raw >> 32 != -1:
        return np.int64(r.SINGLE_NAN)
    return raw


@inlined
def value_of(register, single, fb, fd, fs):
    """Return a register's number as a double."""
    if not single:
        return fd[register]
    if fb[register] >> 32 != -1:
        return np.nan
    return np.float64(fs[2 * register])


@inlined
def put_nan(rd, single, fb):
    """Put the canonical NaN."""
    fb[rd] = r.SINGLE_NAN if single else r.DOUBLE_NAN


@inlined
def put(rd, hi, lo, exponent, single, mode, fb, fd, fs, c):
    """Put a finite result that is not zero."""
    size = abs(hi)
    if mode == 0 and exponent == 0:
        if not single and size > 1e-290 and size < 1e300:
            if lo != 0.0:
                c[at.FLAGS] |= r.NX
            fd[rd] = hi
            return
        if single and size > 1e-36 and size < 1e38 and lo == 0.0:
            fs[2 * rd] = np.float32(hi)
            fb[rd] = r.box(fb[rd])
            if np.float64(fs[2 * rd]) != hi:
                c[at.FLAGS] |= r.NX
            return
    fb[rd] = r.finish(hi, lo, exponent, single, mode, c)


@inlined
def put_plain(rd, value, single, fb, fd, fs):
    """Put a zero, an infinity or an exact number."""
    if single:
        fs[2 * rd] = np.float32(value)
        fb[rd] = r.box(fb[rd])
    else:
        fd[rd] = value


@compiled
def arithmetic(kind, single, mode, rd, rs1, rs2, rs3, fb, fd, fs, c):
    """Carry out an addition, subtraction, product, quotient, root or fused multiply-add."""
    a = value_of(rs1, single, fb, fd, fs)
    b = value_of(rs2, single, fb, fd, fs)
    fuses = kind >= ops.FMADDS
    third = value_of(rs3, single, fb, fd, fs) if fuses else 0.0
    is_root = kind == ops.FSQRTS
    bad = is_signalling(bits_of(rs1, single, fb), single)
    if not is_root:
        bad = bad or is_signalling(bits_of(rs2, single, fb), single)
    if fuses:
        bad = bad or is_signalling(bits_of(rs3, single, fb), single)
        if (math.isinf(a) and b == 0.0) or (a == 0.0 and math.isinf(b)):
            bad = True
    if bad:
        c[at.FLAGS] |= r.NV
    if bad or a != a or (not is_root and b != b) or third != third:
        put_nan(rd, single, fb)
    elif fuses:
        if kind == ops.FNMSUBS or kind == ops.FNMADDS:
            a = -a
        if kind == ops.FMSUBS or kind == ops.FNMADDS:
            third = -third
        fuse(rd, a, b, third, single, mode, fb, fd, fs, c)
    elif is_root:
        root(rd, a, single, mode, fb, fd, fs, c)
    elif kind == ops.FMULS:
        product(rd, a, b, single, mode, fb, fd, fs, c)
    elif kind == ops.FDIVS:
        quotient(rd, a, b, single, mode, fb, fd, fs, c)
    else:
        total(rd, a, -b if kind == ops.FSUBS else b, single, mode, fb, fd, fs, c)


@compiled
def total(rd, a, b, single, mode, fb, fd, fs, c):
    """Add."""
    hi = a + b
    if math.isinf(a) or math.isinf(b):
        if hi != hi:
            c[at.FLAGS] |= r.NV
            put_nan(rd, single, fb)
        else:
            put_plain(rd, hi, single, fb, fd, fs)
        return
    if hi == 0.0:  # exact: both zero, or equal and opposite
        if a == 0.0 and b == 0.0 and math.copysign(1.0, a) == math.copysign(1.0, b):
            put_plain(rd, a, single, fb, fd, fs)
        else:
            put_plain(rd, -0.0 if mode == r.DOWN else 0.0, single, fb, fd, fs)
        return
    scale = 0
    if abs(hi) > 1e307:
        a, b, scale = smaller(a), smaller(b), 4
        hi = a + b
    back = hi - a
    lo = (a - (hi - back)) + (b - back)
    put(rd, hi, lo, scale, single, mode, fb, fd, fs, c)


@inlined
def smaller(value):
    """Return a sixteenth; of a number so small that the division would cut it, one of its sign that is as negligible."""
    if value != 0.0 and abs(value) < 1e-300:
        return math.copysign(1e-300, value)
    return value * 0.0625


@compiled
def product(rd, a, b, single, mode, fb, fd, fs, c):
    """Multiply."""
    hi = a * b
    if math.isinf(a) or math.isinf(b) or a == 0.0 or b == 0.0:
        if hi != hi:
            c[at.FLAGS] |= r.NV
            put_nan(rd, single, fb)
        else:
            put_plain(rd, hi, single, fb, fd, fs)
        return
    if abs(hi) > 1e-250 and abs(hi) < 1e300:
        put(rd, hi, fused(a, b, -hi), 0, single, mode, fb, fd, fs, c)
        return
    ma, ea = math.frexp(a)
    mb, eb = math.frexp(b)
    hi = ma * mb
    put(rd, hi, fused(ma, mb, -hi), ea + eb, single, mode, fb, fd, fs, c)


@compiled
def quotient(rd, a, b, single, mode, fb, fd, fs, c):
    """Divide."""
    if (math.isinf(a) and math.isinf(b)) or (a == 0.0 and b == 0.0):
        c[at.FLAGS] |= r.NV
        put_nan(rd, single, fb)
    elif b == 0.0:
        if not math.isinf(a):
            c[at.FLAGS] |= r.DZ
        put_plain(rd, math.copysign(np.inf, a) * math.copysign(1.0, b), single, fb, fd, fs)
    elif math.isinf(a) or math.isinf(b) or a == 0.0:
        put_plain(rd, a / b, single, fb, fd, fs)
    else:
        ma, ea = math.frexp(a)
        mb, eb = math.frexp(b)
        hi = ma / mb
        rest = fused(-hi, mb, ma)
        put(rd, hi, direction_of(rest if mb > 0.0 else -rest), ea - eb, single, mode, fb, fd, fs, c)


@compiled
def root(rd, a, single, mode, fb, fd, fs, c):
    """Take the square root."""
    if a == 0.0 or (math.isinf(a) and a > 0.0):
        put_plain(rd, a, single, fb, fd, fs)
    elif a < 0.0:
        c[at.FLAGS] |= r.NV
        put_nan(rd, single, fb)
    else:
        fraction, power = math.frexp(a)
        if power & 1:
            fraction *= 2.0
            power -= 1
        hi = math.sqrt(fraction)
        put(rd, hi, direction_of(fused(-hi, hi, fraction)), power >> 1, single, mode, fb, fd, fs, c)


@compiled
def fuse(rd, a, b, third, single, mode, fb, fd, fs, c):
    """Multiply and add with one rounding."""
    if math.isinf(a) or math.isinf(b) or math.isinf(third):
        hi = a * b + third
        if hi != hi:
            c[at.FLAGS] |= r.NV
            put_nan(rd, single, fb)
        else:
            put_plain(rd, hi, single, fb, fd, fs)
        return
    if a == 0.0 or b == 0.0:
        total(rd, a * b, third, single, mode, fb, fd, fs, c)
        return
    if third == 0.0:
        product(rd, a, b, single, mode, fb, fd, fs, c)
        return
    ma, ea = math.frexp(a)
    mb, eb = math.frexp(b)
    mc, ec = math.frexp(third)
    away = ec - (ea + eb)
    if away > 120:
        put(rd, mc, direction_of(ma * mb), ec, single, mode, fb, fd, fs, c)
        return
    # A product is a whole number of 2 ** -106: what is far smaller only breaks ties.
    mc = math.ldexp(mc, max(away, np.int64(-120)))  # type: ignore[arg-type]
    hi = fused(ma, mb, mc)
    if hi == 0.0:
        put_plain(rd, -0.0 if mode == r.DOWN else 0.0, single, fb, fd, fs)
        return
    first = ma * mb
    rest = fused(ma, mb, -first)
    alpha, z = two_sum(mc, rest)
    beta, gamma = two_sum(first, alpha)
    lost = (beta - hi) + gamma
    lo = lost + z
    if lo == lost and z != 0.0:  # too small to be seen, but no tie any more
        lo = lost * (1.0000000000000002 if (lost > 0.0) == (z > 0.0) else 0.9999999999999999)
    put(rd, hi, lo, ea + eb, single, mode, fb, fd, fs, c)


@inlined
def direction_of(rest):
    """Return a number of the sign of what was cut off, where its size is not known and it cannot be a half."""
    return 0.0 if rest == 0.0 else math.copysign(1e-300, rest)


@inlined
def two_sum(a, b):
    """Return the rounded sum and what was rounded away."""
    hi = a + b
    back = hi - a
    return hi, (a - (hi - back)) + (b - back)
