"""Elements to other places: slides, gathers, compression."""

import numpy as np

from yunqi.labs.riscv.engine.compiled import compiled
from yunqi.labs.riscv.engine.machine import lanes
from yunqi.labs.riscv.engine.machine import layout as at
from yunqi.labs.riscv.engine.machine.integer import below


@compiled
def moves(funct6, category, bits, scalar, c, v):
    """Carry out a slide, a gather, or a compression."""
    vd, vs1, vs2, unmasked = (bits >> 7) & 31, (bits >> 15) & 31, (bits >> 20) & 31, (bits >> 25) & 1 != 0
    sew, many = lanes.element_bits(c), lanes.group(c)
    multiply = category == 2 or category == 6
    gathers = funct6 == 0x0C and not multiply
    apart = gathers or funct6 == 0x0E or funct6 == 0x17
    overlap = apart and vd < vs2 + many and vs2 < vd + many
    if gathers and category == 0:
        overlap = overlap or vs1 % many != 0 or (vd < vs1 + many and vs1 < vd + many)
    if vd % many or vs2 % many or overlap or (not unmasked and vd == 0 and funct6 != 0x17):
        c[at.STOP] = at.ILLEGAL
        return
    if c[at.VL] == 0:
        return
    if funct6 == 0x17:
        compress(vd, vs1, vs2, sew, c, v)
        return
    distance = np.int64(vs1) if category == 3 else scalar
    for index in range(c[at.VSTART], c[at.VL]):
        if not lanes.active(v, index, unmasked, c):
            continue
        if multiply:
            inside = index > 0 if funct6 == 0x0E else index < c[at.VL] - 1
            near = index - 1 if funct6 == 0x0E else index + 1
            lanes.put(v, vd, index, sew, lanes.get(v, vs2, near, sew) if inside else scalar)
        elif gathers:
            source = lanes.unsigned(lanes.get(v, vs1, index, sew), sew) if category == 0 else distance
            inside = below(source, lanes.most(c))
            lanes.put(v, vd, index, sew, lanes.get(v, vs2, source, sew) if inside else np.int64(0))
        elif funct6 == 0x0E:
            if not below(index, distance):
                lanes.put(v, vd, index, sew, lanes.get(v, vs2, index - distance, sew))
        else:
            inside = below(distance, lanes.most(c)) and index + distance < lanes.most(c)
            lanes.put(v, vd, index, sew, lanes.get(v, vs2, index + distance, sew) if inside else np.int64(0))
    lanes.zero_tail(v, vd, c[at.VL], lanes.most(c), sew)


@compiled
def compress(vd, mask, vs2, sew, c, v):
    """Bring the elements that a mask chooses next to each other."""
    kept = np.int64(0)
    for index in range(c[at.VL]):
        if lanes.mask_bit(v, mask, index, c):
            lanes.put(v, vd, kept, sew, lanes.get(v, vs2, index, sew))
            kept += 1
    lanes.zero_tail(v, vd, kept, lanes.most(c), sew)
