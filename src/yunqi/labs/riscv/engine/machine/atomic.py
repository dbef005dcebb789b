"""Load-reserved, store-conditional and the atomic memory operations, for one hart."""

import numpy as np

from yunqi.labs.riscv.engine.compiled import compiled, inlined
from yunqi.labs.riscv.engine.isa import ops
from yunqi.labs.riscv.engine.machine import layout as at
from yunqi.labs.riscv.engine.machine.access import load_slow, store_slow
from yunqi.labs.riscv.engine.machine.integer import below, word


@compiled
def atomic(op, address, value, tlb, pages, m8, code, index_of, c):
    """Carry an atomic out and return what goes to rd; check ``c[STOP]`` after."""
    is_word = op == ops.LRW or op == ops.SCW or (op >= ops.AMOSWAPW and op <= ops.AMOMAXUW)
    size = 4 if is_word else 8
    if address & (size - 1):
        c[at.STOP] = at.MISALIGNED
        c[at.FAULT] = address
        return np.int64(0)
    if op == ops.SCW or op == ops.SCD:
        if c[at.RESERVED] != address:
            c[at.RESERVED] = -1
            return np.int64(1)
        store_slow(address, size, value, tlb, pages, m8, code, index_of, c)
        c[at.RESERVED] = -1
        return np.int64(0)
    old = load_slow(address, size, tlb, pages, m8, c)
    if c[at.STOP]:
        return np.int64(0)
    if is_word:
        old = word(old)
        value = word(value)
    if op == ops.LRW or op == ops.LRD:
        c[at.RESERVED] = address
        return old
    kind = op - (ops.AMOSWAPW if is_word else ops.AMOSWAPD)
    store_slow(address, size, combine(kind, old, value), tlb, pages, m8, code, index_of, c)
    return old


@inlined
def combine(kind, old, value):
    """Return what an atomic operation stores: swap, add, xor, and, or, min, max, minu, maxu."""
    if kind == 0:
        return value
    if kind == 1:
        return old + value
    if kind == 2:
        return old ^ value
    if kind == 3:
        return old & value
    if kind == 4:
        return old | value
    if kind == 5:
        return old if old < value else value
    if kind == 6:
        return value if old < value else old
    if kind == 7:
        return old if below(old, value) else value
    return value if below(old, value) else old
