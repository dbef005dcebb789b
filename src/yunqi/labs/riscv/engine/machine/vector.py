"""The vector extension 0.7.1: configuration, and which part carries an instruction out."""

import numpy as np

from yunqi.labs.riscv.engine.compiled import compiled, inlined
from yunqi.labs.riscv.engine.isa import ops
from yunqi.labs.riscv.engine.machine import lanes
from yunqi.labs.riscv.engine.machine import layout as at
from yunqi.labs.riscv.engine.machine.vector_floating import floats
from yunqi.labs.riscv.engine.machine.vector_integer import integers
from yunqi.labs.riscv.engine.machine.vector_mask import masks
from yunqi.labs.riscv.engine.machine.vector_memory import transfer
from yunqi.labs.riscv.engine.machine.vector_move import moves

_VILL = -0x8000000000000000
BEATS = 44
"""From which bit on of a traced address the register operations of a vector instruction are counted."""


@compiled
def vector(op, word, a, b, bits, x, fb, fd, fs, c, tlb, pages, m8, code, index_of, v):
    """Carry out a vector instruction, or stop as illegal."""
    if op == ops.VSETVLI or op == ops.VSETVL:
        configure(word, a, bits & 0x7FF if op == ops.VSETVLI else b, x, c)
        return
    if c[at.VTYPE] < 0:
        c[at.STOP] = at.ILLEGAL
        return
    if op == ops.VLOAD or op == ops.VSTORE:
        transfer(op == ops.VSTORE, bits, a, b, c, tlb, pages, m8, code, index_of, v)
        if c[at.STOP] == 0:
            c[at.ACCESS] = (a & ((np.int64(1) << BEATS) - 1)) | (loaded(bits, c) << BEATS)
    else:
        compute(op, bits, a, x, fb, fd, fs, c, v)
    if c[at.STOP] == 0:
        c[at.VSTART] = 0


@compiled
def configure(word, wanted, vtype, x, c):
    """Set type and length; what the core does not have makes every further vector instruction illegal."""
    sew, rs1 = np.int64(8) << ((vtype >> 2) & 7), (word >> 16) & 63
    if vtype < 0 or sew > 64 or vtype >> 5:
        c[at.VTYPE], c[at.VL] = np.int64(_VILL), 0
    else:
        c[at.VTYPE] = vtype
        largest = lanes.most(c)
        if rs1 == 0 or np.uint64(wanted) > np.uint64(largest):
            wanted = largest
        c[at.VL] = wanted
    c[at.VSTART] = 0
    x[(word >> 10) & 63] = c[at.VL]


@compiled
def compute(op, bits, a, x, fb, fd, fs, c, v):
    """Carry out arithmetic: on integers, masks, floating-point numbers, or moving elements about."""
    funct6, category = (bits >> 26) & 63, (bits >> 12) & 7
    if op == ops.VFLOAT:
        c[at.ACCESS] = beats(funct6 >= 0x30, c) << BEATS
        floats(funct6, category, bits, fb, fd, fs, x, c, v)
        return
    multiply = category == 2 or category == 6
    wide = (multiply and funct6 >= 0x30) or (not multiply and funct6 >= 0x2C)
    c[at.ACCESS] = beats(wide, c) << BEATS
    if multiply and funct6 < 0x20 and funct6 != 0x0E and funct6 != 0x0F and funct6 != 0x17:
        masks(funct6, bits, a, x, c, v)
    elif (multiply and funct6 < 0x20) or (not multiply and (funct6 == 0x0C or funct6 == 0x0E or funct6 == 0x0F)):
        moves(funct6, category, bits, a, c, v)
    else:
        integers(funct6, category, bits, a, c, v)


@inlined
def beats(wide, c):
    """Return how many registers an operation goes over."""
    return lanes.group(c) * (2 if wide else 1)


@inlined
def loaded(bits, c):
    """Return how many register operations a load or store takes: elements one by one unless they are neighbours."""
    fields = ((bits >> 29) & 7) + 1
    if (bits >> 26) & 3:
        return c[at.VL] * fields
    return max(np.int64(1), (c[at.VL] * fields * lanes.element_bits(c) + lanes.BITS - 1) // lanes.BITS)
