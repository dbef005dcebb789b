"""Vector loads and stores: next to each other, with a stride, by indices; one to eight fields an element."""

import numpy as np

from yunqi.labs.riscv.engine.compiled import compiled, inlined
from yunqi.labs.riscv.engine.machine import lanes
from yunqi.labs.riscv.engine.machine import layout as at
from yunqi.labs.riscv.engine.machine.access import load_slow, store_slow


@inlined
def width_of(bits, sew):
    """Return the bits that an element takes in memory."""
    code = (bits >> 12) & 7
    if code == 0:
        return np.int64(8)
    return sew if code == 7 else (np.int64(16) if code == 5 else np.int64(32))


@compiled
def transfer(stores, bits, base, stride, c, tlb, pages, m8, code, index_of, v):
    """Carry out a load or store; a fault leaves the element it stands at in vstart."""
    sew, many = lanes.element_bits(c), lanes.group(c)
    size = width_of(bits, sew)
    fields, mode, first = ((bits >> 29) & 7) + 1, (bits >> 26) & 3, (bits >> 7) & 31
    unmasked, signed = (bits >> 25) & 1 != 0, (bits >> 28) & 1 != 0 or size == sew
    index_register = (bits >> 20) & 31
    legal = size <= sew and fields * many <= 8 and first % many == 0 and first + fields * many <= 32
    legal = legal and (unmasked or first != 0 or stores) and (mode != 3 or index_register % many == 0)
    if not legal:
        c[at.STOP] = at.ILLEGAL
        return
    only_first = not stores and mode == 0 and index_register == 16
    for index in range(c[at.VSTART], c[at.VL]):
        if not lanes.active(v, index, unmasked, c):
            continue
        address = base + index * fields * (size >> 3)
        if mode == 2:
            address = base + index * stride
        elif mode == 3:
            address = base + lanes.get(v, index_register, index, sew)
        for part in range(fields):
            place = address + part * (size >> 3)
            if stores:
                value = lanes.get(v, first + part * many, index, sew)
                store_slow(place, size >> 3, value, tlb, pages, m8, code, index_of, c)
            else:
                value = load_slow(place, size >> 3, tlb, pages, m8, c)
                if c[at.STOP] == 0:
                    value = lanes.signed(value, size) if signed else value
                    lanes.put(v, first + part * many, index, sew, value)
            if c[at.STOP]:
                c[at.VSTART] = index
                return
    if not stores and c[at.VL] > 0 and not only_first:
        for part in range(fields):
            lanes.zero_tail(v, first + part * many, c[at.VL], lanes.most(c), sew)
