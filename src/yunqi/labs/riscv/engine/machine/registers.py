"""The control and status registers that a user program may touch."""

import numpy as np

from yunqi.labs.riscv.engine.compiled import compiled
from yunqi.labs.riscv.engine.isa import ops
from yunqi.labs.riscv.engine.machine import layout as at

FFLAGS, FRM, FCSR, VSTART, VXSAT, VXRM, CYCLE, TIME, INSTRET, VL, VTYPE, VLENB = (
    1, 2, 3, 8, 9, 10, 0xC00, 0xC01, 0xC02, 0xC20, 0xC21, 0xC22,
)  # fmt: skip
FXCR = 0x800
"""T-Head's copy of the floating-point status."""


@compiled
def read(number, c):
    """Return a register's value; stop as unknown when there is no such register."""
    if number == FFLAGS:
        return c[at.FLAGS]
    if number == FRM:
        return c[at.ROUNDING]
    if number == FCSR:
        return c[at.FLAGS] | (c[at.ROUNDING] << 5) | (c[at.VXSAT] << 8) | (c[at.VXRM] << 9)
    if number == CYCLE:
        return c[at.CYCLES] if c[at.CYCLES] > c[at.RETIRED] else c[at.RETIRED]
    if number == TIME:
        return c[at.TIME] + c[at.RETIRED] // 100
    if number == INSTRET:
        return c[at.RETIRED]
    if number == VL:
        return c[at.VL]
    if number == VTYPE:
        return c[at.VTYPE]
    if number == VLENB:
        return np.int64(16)
    if number == VSTART:
        return c[at.VSTART]
    if number == VXSAT:
        return c[at.VXSAT]
    if number == VXRM:
        return c[at.VXRM]
    c[at.STOP] = at.UNKNOWN_CSR
    return np.int64(0)


@compiled
def write(number, value, c):
    """Change a register; a read-only one stops as unknown."""
    if number == FFLAGS:
        c[at.FLAGS] = value & 31
    elif number == FRM:
        c[at.ROUNDING] = value & 7
    elif number == FCSR:
        c[at.FLAGS] = value & 31
        c[at.ROUNDING] = (value >> 5) & 7
        c[at.VXSAT] = (value >> 8) & 1
        c[at.VXRM] = (value >> 9) & 3
    elif number == VSTART:
        c[at.VSTART] = value & 127
    elif number == VXSAT:
        c[at.VXSAT] = value & 1
    elif number == VXRM:
        c[at.VXRM] = value & 3
    else:
        c[at.STOP] = at.UNKNOWN_CSR


@compiled
def swap(op, number, value, writes, c):
    """Read a register, then write, set or clear bits of it; return the old value."""
    old = read(number, c)
    if c[at.STOP] == 0 and (writes or op == ops.CSRRW):
        if op == ops.CSRRW:
            write(number, value, c)
        elif op == ops.CSRRS:
            write(number, old | value, c)
        else:
            write(number, old & ~value, c)
    return old
