"""Elements of vector registers: read, written, masked, zeroed behind the end.

A group of registers is one run of bytes, element after element (SLEN equals VLEN, 128 bits). Masks of 0.7.1 take
``SEW / LMUL`` bits an element, of which the lowest counts.
"""

import numpy as np

from yunqi.labs.riscv.engine.compiled import compiled, inlined
from yunqi.labs.riscv.engine.machine import layout as at

BITS = 128
BYTES = 16


@inlined
def element_bits(c):
    """Return SEW in bits."""
    return np.int64(8) << ((c[at.VTYPE] >> 2) & 7)


@inlined
def group(c):
    """Return LMUL, the registers of a group."""
    return np.int64(1) << (c[at.VTYPE] & 3)


@inlined
def most(c):
    """Return VLMAX."""
    return group(c) * BITS // element_bits(c)


@compiled
def get(v, register, index, sew):
    """Return an element, sign-extended."""
    place = register * BYTES + index * (sew >> 3)
    if sew == 8:
        return np.int64(np.int8(v[place]))
    value = np.int64(0)
    for byte in range(sew >> 3):
        value |= np.int64(v[place + byte]) << (8 * byte)
    return (value << (64 - sew)) >> (64 - sew)


@compiled
def put(v, register, index, sew, value):
    """Write an element's low bits."""
    place = register * BYTES + index * (sew >> 3)
    for byte in range(sew >> 3):
        v[place + byte] = np.uint8((value >> (8 * byte)) & 255)


@inlined
def unsigned(value, sew):
    """Return the low bits of a number, zero-extended."""
    if sew == 64:
        return value
    return value & ((np.int64(1) << sew) - 1)


@inlined
def signed(value, sew):
    """Return the low bits of a number, sign-extended."""
    return (value << (64 - sew)) >> (64 - sew)


@inlined
def mask_bit(v, register, index, c):
    """Return whether a mask's element is set."""
    bit = index * (element_bits(c) // group(c)) if element_bits(c) >= group(c) else index
    return (v[register * BYTES + (bit >> 3)] >> (bit & 7)) & 1 != 0


@compiled
def put_mask(v, register, index, value, c):
    """Write a mask's element: its lowest bit, the others of it zero."""
    width = element_bits(c) // group(c) if element_bits(c) >= group(c) else np.int64(1)
    for bit in range(index * width, index * width + width):
        place = register * BYTES + (bit >> 3)
        kept = v[place] & np.uint8(255 ^ (1 << (bit & 7)))
        v[place] = kept | np.uint8((1 if value and bit == index * width else 0) << (bit & 7))


@inlined
def active(v, index, unmasked, c):
    """Whether an element takes part."""
    return unmasked or mask_bit(v, 0, index, c)


@compiled
def zero_tail(v, register, start, end, sew):
    """Zero the elements from ``start`` up to ``end``."""
    for place in range(register * BYTES + start * (sew >> 3), register * BYTES + end * (sew >> 3)):
        v[place] = 0


@compiled
def zero_mask_tail(v, register, c):
    """Zero a mask's elements behind the vector's length."""
    for index in range(c[at.VL], most(c)):
        put_mask(v, register, index, False, c)
