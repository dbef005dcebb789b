"""Integer operations on two 64-bit operands, and for the T-Head ones on the old destination too."""

import numpy as np

from yunqi.labs.riscv.engine.compiled import inlined
from yunqi.labs.riscv.engine.isa import ops

_MIN64 = -0x8000000000000000
_MIN32 = -0x80000000


@inlined
def word(value):
    """Return the low 32 bits, sign-extended."""
    return np.int64(np.int32(value))


@inlined
def low(value):
    """Return the low 32 bits, zero-extended."""
    return value & 0xFFFFFFFF


@inlined
def shift_right(value, amount):
    """Shift right, filling with zeros."""
    return np.int64(np.uint64(value) >> np.uint64(amount & 63))


@inlined
def below(a, b):
    """Whether ``a < b`` as unsigned numbers."""
    return np.uint64(a) < np.uint64(b)


@inlined
def integer(op, a, b, old):
    """Return the result of an integer operation."""
    if op < ops.MUL:
        return base(op, a, b)
    if op < ops.DIV:
        return multiply(op, a, b)
    if op < ops.ROR:
        return divide(op, a, b)
    if op < ops.MVEQZ:
        return bits(op, a, b)
    return accumulate(op, a, b, old)


@inlined
def base(op, a, b):
    """Return the result of an RV64I operation."""
    if op == ops.ADD:
        return a + b
    if op == ops.ADDW:
        return word(a + b)
    if op == ops.AND:
        return a & b
    if op == ops.OR:
        return a | b
    if op == ops.XOR:
        return a ^ b
    if op == ops.SUB:
        return a - b
    if op == ops.SUBW:
        return word(a - b)
    if op == ops.SLL:
        return a << (b & 63)
    if op == ops.SRL:
        return shift_right(a, b)
    if op == ops.SRA:
        return a >> (b & 63)
    if op == ops.SLLW:
        return word(a << (b & 31))
    if op == ops.SRLW:
        return word(low(a) >> (b & 31))
    if op == ops.SRAW:
        return word(a) >> (b & 31)
    if op == ops.SLT:
        return np.int64(a < b)
    return np.int64(below(a, b))


@inlined
def high_unsigned(a, b):
    """Return the high 64 bits of the unsigned product."""
    a0, a1, b0, b1 = low(a), shift_right(a, 32), low(b), shift_right(b, 32)
    cross = a1 * b0 + shift_right(a0 * b0, 32)
    other = a0 * b1 + low(cross)
    return a1 * b1 + shift_right(cross, 32) + shift_right(other, 32)


@inlined
def multiply(op, a, b):
    """Return a product, or its high half."""
    if op == ops.MUL:
        return a * b
    if op == ops.MULW:
        return word(a * b)
    high = high_unsigned(a, b)
    if op == ops.MULHU:
        return high
    if op == ops.MULHSU:
        return high - ((a >> 63) & b)
    return high - ((a >> 63) & b) - ((b >> 63) & a)


@inlined
def divide(op, a, b):
    """Return a quotient or remainder; division by zero and overflow as the specification says."""
    if op == ops.DIV or op == ops.REM:
        return quotient(a, b, op == ops.DIV)
    if op == ops.DIVW or op == ops.REMW:
        return word(quotient(word(a), word(b), op == ops.DIVW))
    if op == ops.DIVU or op == ops.REMU:
        return quotient_unsigned(a, b, op == ops.DIVU)
    return word(quotient_unsigned(low(a), low(b), op == ops.DIVUW))


@inlined
def quotient(a, b, wants_quotient):
    """Divide signed numbers towards zero."""
    if b == 0:
        return np.int64(-1) if wants_quotient else a
    if b == -1:  # also the overflow of the least number
        return -a if wants_quotient else np.int64(0)
    found = a // b
    if found < 0 and found * b != a:
        found += 1
    return found if wants_quotient else a - found * b


@inlined
def quotient_unsigned(a, b, wants_quotient):
    """Divide unsigned numbers."""
    if b == 0:
        return np.int64(-1) if wants_quotient else a
    found = np.int64(np.uint64(a) // np.uint64(b))
    return found if wants_quotient else a - found * b


@inlined
def quotient_bits(a, b):
    """Return about how many bits a quotient has, which is what a divider's time depends on."""
    size_a = 64 - leading_zeros(a if a >= 0 else -a)
    size_b = 64 - leading_zeros(b if b >= 0 else -b)
    return max(np.int64(0), size_a - size_b + 1)


@inlined
def bits(op, a, b):
    """Return the result of a T-Head bit operation."""
    if op == ops.EXT or op == ops.EXTU:
        return extract(a, b, op == ops.EXT)
    if op == ops.ROR:
        return shift_right(a, b) | (a << ((64 - b) & 63))
    if op == ops.RORW:
        return word(shift_right(low(a), b & 31) | (low(a) << ((32 - b) & 31)))
    if op == ops.TST:
        return (a >> (b & 63)) & 1
    if op == ops.REV:
        return swap_bytes(a)
    if op == ops.REVW:
        return word(shift_right(swap_bytes(a), 32))
    if op == ops.FF0:
        return leading_zeros(~a)
    if op == ops.FF1:
        return leading_zeros(a)
    return zero_bytes(a)


@inlined
def extract(a, b, is_signed):
    """Return the bits from ``b >> 6`` up to ``b & 63``; an empty range reads as bit 0 upwards does on the core:
    zero width wraps."""
    top, bottom = b & 63, (b >> 6) & 63
    if bottom > top:
        return np.int64(0)
    if is_signed:
        return (a << (63 - top)) >> ((63 - top + bottom) & 63)
    return shift_right(a << (63 - top), 63 - top + bottom)


@inlined
def swap_bytes(a):
    """Reverse the order of the eight bytes."""
    a = ((a & 0x00FF00FF00FF00FF) << 8) | (shift_right(a, 8) & 0x00FF00FF00FF00FF)
    a = ((a & 0x0000FFFF0000FFFF) << 16) | (shift_right(a, 16) & 0x0000FFFF0000FFFF)
    return (a << 32) | shift_right(a, 32)


@inlined
def leading_zeros(a):
    """Count the zeros above the highest one; 64 for zero."""
    count = np.int64(0)
    if a == 0:
        return np.int64(64)
    for step in (32, 16, 8, 4, 2, 1):
        if shift_right(a, 64 - step) == 0:
            count += step
            a = a << step
    return count


@inlined
def zero_bytes(a):
    """Return a byte of ones for each byte that is zero."""
    found = np.int64(0)
    for lane in range(0, 64, 8):
        if (a >> lane) & 255 == 0:
            found |= np.int64(255) << lane
    return found


@inlined
def accumulate(op, a, b, old):
    """Return the result of an operation that also reads its destination."""
    if op == ops.MULA:
        return old + a * b
    if op == ops.MULS:
        return old - a * b
    if op == ops.MULAW:
        return word(old + a * b)
    if op == ops.MULSW:
        return word(old - a * b)
    if op == ops.MULAH:
        return word(old + np.int64(np.int16(a)) * np.int64(np.int16(b)))
    if op == ops.MULSH:
        return word(old - np.int64(np.int16(a)) * np.int64(np.int16(b)))
    if op == ops.MVEQZ:
        return a if b == 0 else old
    return a if b != 0 else old
