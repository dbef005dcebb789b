"""Masks as numbers and as vectors, reductions, and single elements."""

import numpy as np

from yunqi.labs.riscv.engine.compiled import compiled, inlined
from yunqi.labs.riscv.engine.machine import lanes
from yunqi.labs.riscv.engine.machine import layout as at
from yunqi.labs.riscv.engine.machine.integer import below


@compiled
def masks(funct6, bits, scalar, x, c, v):
    """Carry out a reduction, an operation on masks, or a move of one element."""
    vd, vs1, vs2, unmasked = (bits >> 7) & 31, (bits >> 15) & 31, (bits >> 20) & 31, (bits >> 25) & 1 != 0
    sew = lanes.element_bits(c)
    if funct6 <= 0x07:
        reduce(funct6, vd, vs1, vs2, sew, unmasked, c, v)
    elif funct6 == 0x0C:
        found = np.int64(0)
        if not below(np.int64(lanes.BITS) // sew - 1, scalar):
            found = lanes.unsigned(lanes.get(v, vs2, scalar, sew), sew)
        x[32 if vd == 0 else vd] = found
    elif funct6 == 0x0D:
        if c[at.VL] > 0:
            lanes.zero_tail(v, vd, 0, lanes.BYTES, 8)
            lanes.put(v, vd, 0, sew, scalar)
    elif funct6 == 0x14 or funct6 == 0x15:
        x[32 if vd == 0 else vd] = count(funct6 == 0x15, vs2, unmasked, c, v)
    elif funct6 == 0x16:
        if vs1 >= 16:
            number(vs1 == 17, vd, vs2, sew, unmasked, c, v)
        else:
            before_first(vs1, vd, vs2, unmasked, c, v)
    elif c[at.VL] > 0:
        logic(funct6, vd, vs1, vs2, c, v)


@compiled
def reduce(funct6, vd, vs1, vs2, sew, unmasked, c, v):
    """Fold the elements into one."""
    if vs2 % lanes.group(c):
        c[at.STOP] = at.ILLEGAL
        return
    if c[at.VL] == 0:
        return
    total = lanes.get(v, vs1, 0, sew)
    for index in range(c[at.VL]):
        if lanes.active(v, index, unmasked, c):
            total = folded(funct6, total, lanes.get(v, vs2, index, sew))
    lanes.zero_tail(v, vd, 0, lanes.BYTES, 8)
    lanes.put(v, vd, 0, sew, total)


@inlined
def folded(funct6, a, b):
    """Return the fold of two elements."""
    if funct6 == 0:
        return a + b
    if funct6 == 1:
        return a & b
    if funct6 == 2:
        return a | b
    if funct6 == 3:
        return a ^ b
    first = below(a, b) if funct6 == 4 or funct6 == 6 else a < b
    return (a if first else b) if funct6 <= 5 else (b if first else a)


@compiled
def count(wants_first, vs2, unmasked, c, v):
    """Return how many of a mask's elements are set, or which is the first (-1: none)."""
    found = np.int64(0)
    for index in range(c[at.VL]):
        if lanes.active(v, index, unmasked, c) and lanes.mask_bit(v, vs2, index, c):
            if wants_first:
                return np.int64(index)
            found += 1
    return np.int64(-1) if wants_first else found


@compiled
def number(plain, vd, vs2, sew, unmasked, c, v):
    """Number the elements, or count the set ones before each."""
    if vd % lanes.group(c) or (not unmasked and vd == 0):
        c[at.STOP] = at.ILLEGAL
        return
    if c[at.VL] == 0:
        return
    found = np.int64(0)
    for index in range(c[at.VL]):
        if lanes.active(v, index, unmasked, c):
            adds = not plain and lanes.mask_bit(v, vs2, index, c)
            lanes.put(v, vd, index, sew, np.int64(index) if plain else found)
            found += 1 if adds else 0
    lanes.zero_tail(v, vd, c[at.VL], lanes.most(c), sew)


@compiled
def before_first(kind, vd, vs2, unmasked, c, v):
    """Set the elements before (1), at (2), up to and with (3) the first that is set."""
    if kind == 0 or kind > 3 or (not unmasked and vd == 0):
        c[at.STOP] = at.ILLEGAL
        return
    if c[at.VL] == 0:
        return
    seen = False
    for index in range(c[at.VL]):
        if lanes.active(v, index, unmasked, c):
            is_set = lanes.mask_bit(v, vs2, index, c)
            first = is_set and not seen
            value = first if kind == 2 else (not seen and (not is_set or kind == 3))
            seen = seen or is_set
            lanes.put_mask(v, vd, index, value, c)
    lanes.zero_mask_tail(v, vd, c)


@compiled
def logic(funct6, vd, vs1, vs2, c, v):
    """Combine two masks."""
    for index in range(c[at.VL]):
        a, b = lanes.mask_bit(v, vs2, index, c), lanes.mask_bit(v, vs1, index, c)
        if funct6 == 0x18:
            found = a and not b
        elif funct6 == 0x19:
            found = a and b
        elif funct6 == 0x1A:
            found = a or b
        elif funct6 == 0x1B:
            found = a != b
        elif funct6 == 0x1C:
            found = a or not b
        elif funct6 == 0x1D:
            found = not (a and b)
        elif funct6 == 0x1E:
            found = not (a or b)
        else:
            found = a == b
        lanes.put_mask(v, vd, index, found, c)
    lanes.zero_mask_tail(v, vd, c)
