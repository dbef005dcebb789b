"""Floating point element by element, through the scalar operations and so as exact as they are.

Elements go through five registers that no program sees; half precision is not there.
"""

import numpy as np

from yunqi.labs.riscv.engine.compiled import compiled, inlined
from yunqi.labs.riscv.engine.isa import ops
from yunqi.labs.riscv.engine.machine import lanes
from yunqi.labs.riscv.engine.machine import layout as at
from yunqi.labs.riscv.engine.machine.numbers import floating

_OUT, _A, _B, _OLD, _XA = 32, 33, 34, 35, 40
_BOX = -(1 << 32)
_STEP = ops.FLOATING_STEP


@inlined
def keep(register, value, sew, fb):
    """Put an element's bits in a register, boxed when they are a single's."""
    fb[register] = (value & 0xFFFFFFFF) | _BOX if sew == 32 else value


@compiled
def floats(funct6, category, bits, fb, fd, fs, x, c, v):
    """Carry out a floating-point vector instruction."""
    vd, vs1, vs2, unmasked = (bits >> 7) & 31, (bits >> 15) & 31, (bits >> 20) & 31, (bits >> 25) & 1 != 0
    sew, many = lanes.element_bits(c), lanes.group(c)
    if sew < 32 or c[at.ROUNDING] > 4:
        c[at.STOP] = at.ILLEGAL
        return
    if funct6 == 0x0C:
        fb[vd] = lanes.get(v, vs2, 0, sew) & 0xFFFFFFFF | _BOX if sew == 32 else lanes.get(v, vs2, 0, sew)
        return
    if funct6 == 0x0D:
        if c[at.VL] > 0:
            lanes.zero_tail(v, vd, 0, lanes.BYTES, 8)
            lanes.put(v, vd, 0, sew, scalar_bits(vs1, sew, fb))
        return
    reduces = category == 1 and (
        funct6 == 1 or funct6 == 3 or funct6 == 5 or funct6 == 7 or funct6 == 0x31 or funct6 == 0x33
    )
    widens = funct6 >= 0x30 or (funct6 == 0x22 and vs1 >= 8 and vs1 < 16)
    narrows = funct6 == 0x22 and vs1 >= 16
    wide_source = narrows or funct6 == 0x34 or funct6 == 0x36
    compares = funct6 >= 0x18 and funct6 < 0x20
    if (widens or narrows) and (sew == 64 or (many == 8 and not reduces)):
        c[at.STOP] = at.ILLEGAL
        return
    aligned = vs2 % (many * 2 if wide_source else many) == 0
    if not reduces and not compares:
        aligned = aligned and vd % (many * 2 if widens else many) == 0
    if category == 1 and not reduces and funct6 != 0x22 and funct6 != 0x23:
        aligned = aligned and vs1 % many == 0
    if not aligned or (not unmasked and vd == 0 and not compares and not reduces and funct6 != 0x17):
        c[at.STOP] = at.ILLEGAL
        return
    if c[at.VL] == 0:
        return
    if reduces:
        fold(funct6, vd, vs1, vs2, sew, unmasked, fb, fd, fs, x, c, v)
        return
    each(funct6, category, bits, sew, widens, narrows, wide_source, compares, fb, fd, fs, x, c, v)


@inlined
def scalar_bits(register, sew, fb):
    """Return a floating-point register as an element; a single that is not boxed is a NaN."""
    if sew == 64:
        return fb[register]
    return fb[register] if fb[register] >> 32 == -1 else np.int64(0x7FC00000)


@compiled
def each(funct6, category, bits, sew, widens, narrows, wide_source, compares, fb, fd, fs, x, c, v):
    """Go over the elements."""
    vd, vs1, vs2, unmasked = (bits >> 7) & 31, (bits >> 15) & 31, (bits >> 20) & 31, (bits >> 25) & 1 != 0
    source = sew * 2 if wide_source else sew
    target = sew * 2 if widens else sew
    for index in range(c[at.VSTART], c[at.VL]):
        if funct6 != 0x17 and not lanes.active(v, index, unmasked, c):
            continue
        a = lanes.get(v, vs2, index, source)
        b = lanes.get(v, vs1, index, sew) if category == 1 else scalar_bits(vs1, sew, fb)
        if funct6 == 0x17:
            lanes.put(v, vd, index, sew, b if unmasked or lanes.mask_bit(v, 0, index, c) else a)
        elif funct6 == 0x22 or funct6 == 0x23:
            lanes.put(v, vd, index, target, convert(funct6, vs1, a, sew, source, fb, fd, fs, x, c))
        elif compares:
            lanes.put_mask(v, vd, index, holds(funct6, a, b, sew, fb, fd, fs, x, c), c)
        elif widens:
            old = lanes.get(v, vd, index, target)
            lanes.put(v, vd, index, target, wide(funct6, a, b, old, wide_source, fb, fd, fs, x, c))
        else:
            old = lanes.get(v, vd, index, sew)
            lanes.put(v, vd, index, sew, narrow(funct6, a, b, old, sew, fb, fd, fs, x, c))
    if compares:
        lanes.zero_mask_tail(v, vd, c)
    else:
        lanes.zero_tail(v, vd, c[at.VL], lanes.most(c), target)


@inlined
def run(op, sew, first, second, third, fb, fd, fs, x, c):
    """Carry out a scalar operation on kept registers; its result is in ``fb[_OUT]``."""
    floating(op if sew == 32 else op + _STEP, 7, _OUT, first, second, third, x, fb, fd, fs, c)


@compiled
def narrow(funct6, a, b, old, sew, fb, fd, fs, x, c):
    """Return the result of an operation whose result is as wide as its operands."""
    keep(_A, a, sew, fb)
    keep(_B, b, sew, fb)
    keep(_OLD, old, sew, fb)
    if funct6 >= 0x28:
        multiply_add(funct6, sew, fb, fd, fs, x, c)
    elif funct6 <= 0x0A:
        op = ops.FADDS
        if funct6 == 2:
            op = ops.FSUBS
        elif funct6 == 4:
            op = ops.FMINS
        elif funct6 == 6:
            op = ops.FMAXS
        elif funct6 >= 8:
            op = ops.FSGNJS + funct6 - 8
        run(op, sew, _A, _B, 0, fb, fd, fs, x, c)
    elif funct6 == 0x20 or funct6 == 0x24:
        run(ops.FDIVS if funct6 == 0x20 else ops.FMULS, sew, _A, _B, 0, fb, fd, fs, x, c)
    else:
        run(ops.FDIVS if funct6 == 0x21 else ops.FSUBS, sew, _B, _A, 0, fb, fd, fs, x, c)
    return fb[_OUT]


@compiled
def multiply_add(funct6, sew, fb, fd, fs, x, c):
    """Multiply and add with one rounding: the old element a factor (below 0x2c) or the addend."""
    kind = funct6 & 3
    op = ops.FMADDS
    if kind == 1:
        op = ops.FNMADDS
    elif kind == 2:
        op = ops.FMSUBS
    elif kind == 3:
        op = ops.FNMSUBS
    if funct6 < 0x2C:
        run(op, sew, _OLD, _B, _A, fb, fd, fs, x, c)
    else:
        run(op, sew, _B, _A, _OLD, fb, fd, fs, x, c)


@compiled
def wide(funct6, a, b, old, wide_source, fb, fd, fs, x, c):
    """Return the result of an operation on singles, or a double and a single, in doubles."""
    if wide_source:
        fb[_A] = a
    else:
        keep(_OLD, a, np.int64(32), fb)
        floating(ops.FCVTDS, 7, _A, _OLD, 0, 0, x, fb, fd, fs, c)
    keep(_OLD, b, np.int64(32), fb)
    floating(ops.FCVTDS, 7, _B, _OLD, 0, 0, x, fb, fd, fs, c)
    fb[_OLD] = old
    if funct6 >= 0x3C:
        multiply_add(funct6 - 0x10, np.int64(64), fb, fd, fs, x, c)
    elif funct6 == 0x38:
        run(ops.FMULS, np.int64(64), _A, _B, 0, fb, fd, fs, x, c)
    else:
        run(ops.FADDS if funct6 == 0x30 or funct6 == 0x34 else ops.FSUBS, np.int64(64), _A, _B, 0, fb, fd, fs, x, c)
    return fb[_OUT]


@compiled
def holds(funct6, a, b, sew, fb, fd, fs, x, c):
    """Return whether a comparison holds."""
    keep(_A, a, sew, fb)
    keep(_B, b, sew, fb)
    step = np.int64(0) if sew == 32 else np.int64(_STEP)
    if funct6 == 0x1A:
        floating(ops.FEQS + step, 7, _XA, _A, _A, 0, x, fb, fd, fs, c)
        left = x[_XA]
        floating(ops.FEQS + step, 7, _XA, _B, _B, 0, x, fb, fd, fs, c)
        return left != 0 and x[_XA] != 0
    first, second, op = _A, _B, ops.FEQS
    if funct6 == 0x19 or funct6 == 0x1F:
        op = ops.FLES
    elif funct6 == 0x1B or funct6 == 0x1D:
        op = ops.FLTS
    if funct6 == 0x1D or funct6 == 0x1F:
        first, second = _B, _A
    floating(op + step, 7, _XA, first, second, 0, x, fb, fd, fs, c)
    return (x[_XA] != 0) != (funct6 == 0x1C)


@compiled
def convert(funct6, kind, a, sew, source, fb, fd, fs, x, c):
    """Return a root, a class, or another type's number."""
    keep(_A, a, source, fb)
    x[_XA] = a
    if funct6 == 0x23:
        if kind == 0:
            run(ops.FSQRTS, sew, _A, 0, 0, fb, fd, fs, x, c)
            return fb[_OUT]
        floating(ops.FCLASSS if sew == 32 else ops.FCLASSD, 7, _XA, _A, 0, 0, x, fb, fd, fs, c)
        return x[_XA]
    target = sew * 2 if kind >= 8 and kind < 16 else sew
    shape = kind & 7
    if shape == 4:
        floating(ops.FCVTSD if kind >= 16 else ops.FCVTDS, 7, _OUT, _A, 0, 0, x, fb, fd, fs, c)
        return fb[_OUT]
    if shape <= 1:  # from a number of `source` bits to an integer of `target` bits
        op = (ops.FCVTWUS if shape == 0 else ops.FCVTWS) + (2 if target == 64 else 0)
        floating(op if source == 32 else op + _STEP, 7, _XA, _A, 0, 0, x, fb, fd, fs, c)
        return x[_XA]
    op = (ops.FCVTSWU if shape == 2 else ops.FCVTSW) + (2 if source == 64 else 0)
    floating(op if target == 32 else op + _STEP, 7, _OUT, _XA, 0, 0, x, fb, fd, fs, c)
    return fb[_OUT]


@compiled
def fold(funct6, vd, vs1, vs2, sew, unmasked, fb, fd, fs, x, c, v):
    """Fold the elements into one, in their order."""
    target = sew * 2 if funct6 >= 0x30 else sew
    keep(_OUT, lanes.get(v, vs1, 0, target), target, fb)
    op = ops.FADDS
    if funct6 == 5:
        op = ops.FMINS
    elif funct6 == 7:
        op = ops.FMAXS
    for index in range(c[at.VL]):
        if lanes.active(v, index, unmasked, c):
            keep(_A, lanes.get(v, vs2, index, sew), sew, fb)
            if target > sew:
                floating(ops.FCVTDS, 7, _B, _A, 0, 0, x, fb, fd, fs, c)
                run(op, target, _OUT, _B, 0, fb, fd, fs, x, c)
            else:
                run(op, sew, _OUT, _A, 0, fb, fd, fs, x, c)
    total = fb[_OUT]
    lanes.zero_tail(v, vd, 0, lanes.BYTES, 8)
    lanes.put(v, vd, 0, target, total)
