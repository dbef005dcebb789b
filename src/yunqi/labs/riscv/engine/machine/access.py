"""Loads and stores: a small table of recent pages, then the page map, then the operating system's part outside."""

import numpy as np

from yunqi.labs.riscv.engine.compiled import compiled, inlined
from yunqi.labs.riscv.engine.isa import ops
from yunqi.labs.riscv.engine.machine import layout as at


@inlined
def entry_of(page, pages):
    """Return a page's entry: its offset in the arena with what may be done in the low bits, or 0."""
    mask = (pages.size >> 1) - 1
    place = (page * 0x9E3779B97F4A7C1 >> 20) & mask
    while True:
        key = pages[2 * place]
        if key == page + 1:
            return pages[2 * place + 1]
        if key == 0:
            return np.int64(0)
        place = (place + 1) & mask


@inlined
def byte_at(address, right, pages):
    """Return the arena offset of one byte, or -1 when it may not be touched so."""
    entry = entry_of(address >> 12, pages)
    if entry & right == 0:
        return np.int64(-1)
    return (entry & ~0xFFF) + (address & 0xFFF)


@compiled
def load_slow(address, size, tlb, pages, m8, c):
    """Load ``size`` bytes little-endian, zero-extended; on failure set the stop words and return 0."""
    value = np.int64(0)
    for index in range(size):
        where = byte_at(address + index, at.READ, pages)
        if where < 0:
            c[at.STOP] = at.NO_LOAD
            c[at.FAULT] = address + index
            return np.int64(0)
        value |= np.int64(m8[where]) << (8 * index)
    entry = entry_of(address >> 12, pages)
    fill(address >> 12, entry, tlb)
    return value


@compiled
def store_slow(address, size, value, tlb, pages, m8, code, index_of, c):
    """Store ``size`` bytes; forgets decoded instructions that they change."""
    for index in range(size):
        if byte_at(address + index, at.WRITE, pages) < 0:
            c[at.STOP] = at.NO_STORE
            c[at.FAULT] = address + index
            return
    for index in range(size):
        m8[byte_at(address + index, at.WRITE, pages)] = np.uint8((value >> (8 * index)) & 255)
    for half in range(((address - 2) >> 1), ((address + size - 1) >> 1) + 1):
        page = half >> 11
        if entry_of(page, pages) & at.DECODED:
            base = code_base(page, index_of)
            if base >= 0:
                code[2 * (base + (half & 2047))] = 0
    fill(address >> 12, entry_of(address >> 12, pages), tlb)


@inlined
def fill(page, entry, tlb):
    """Remember a page; one with decoded instructions is not remembered for stores."""
    place = (page & (at.TLB_ENTRIES - 1)) * at.TLB_WORDS
    tlb[place] = page if entry & at.READ else at.EMPTY
    tlb[place + 1] = page if entry & at.WRITE and not entry & at.DECODED else at.EMPTY
    tlb[place + 2] = (entry & ~0xFFF) - (page << 12)


@inlined
def code_base(page, index_of):
    """Return the first decoded slot of a page, or -1 when the page has none yet."""
    mask = (index_of.size >> 1) - 1
    place = page & mask
    while True:
        key = index_of[2 * place]
        if key == page + 1:
            return index_of[2 * place + 1]
        if key == 0:
            return np.int64(-1)
        place = (place + 1) & mask


@inlined
def load(op, address, tlb, pages, m8, m16, m32, m64, c):
    """Return what an integer load reads; check ``c[STOP]`` after."""
    place = ((address >> 12) & (at.TLB_ENTRIES - 1)) * at.TLB_WORDS
    hit = tlb[place] == address >> 12
    where = np.uint64(address + tlb[place + 2])
    if op == ops.LD or op == ops.FLD:
        if hit and address & 7 == 0:
            return m64[where >> np.uint64(3)]
        return load_slow(address, 8, tlb, pages, m8, c)
    if op == ops.LW or op == ops.LWU or op == ops.FLW:
        raw = np.int64(0)
        if hit and address & 3 == 0:
            raw = np.int64(m32[where >> np.uint64(2)])
        else:
            raw = load_slow(address, 4, tlb, pages, m8, c)
        return np.int64(np.int32(raw)) if op == ops.LW else raw
    if op == ops.LBU or op == ops.LB:
        raw = np.int64(0)
        if hit:
            raw = np.int64(m8[where])
        else:
            raw = load_slow(address, 1, tlb, pages, m8, c)
        return np.int64(np.int8(raw)) if op == ops.LB else raw
    raw = np.int64(0)
    if hit and address & 1 == 0:
        raw = np.int64(m16[where >> np.uint64(1)])
    else:
        raw = load_slow(address, 2, tlb, pages, m8, c)
    return np.int64(np.int16(raw)) if op == ops.LH else raw


@inlined
def store(op, address, value, tlb, pages, m8, m16, m32, m64, code, index_of, c):
    """Store one register; check ``c[STOP]`` after."""
    place = ((address >> 12) & (at.TLB_ENTRIES - 1)) * at.TLB_WORDS
    hit = tlb[place + 1] == address >> 12
    where = np.uint64(address + tlb[place + 2])
    if op == ops.SD or op == ops.FSD:
        if hit and address & 7 == 0:
            m64[where >> np.uint64(3)] = value
        else:
            store_slow(address, 8, value, tlb, pages, m8, code, index_of, c)
    elif op == ops.SW or op == ops.FSW:
        if hit and address & 3 == 0:
            m32[where >> np.uint64(2)] = np.uint32(value & 0xFFFFFFFF)
        else:
            store_slow(address, 4, value, tlb, pages, m8, code, index_of, c)
    elif op == ops.SB:
        if hit:
            m8[where] = np.uint8(value & 255)
        else:
            store_slow(address, 1, value, tlb, pages, m8, code, index_of, c)
    else:
        if hit and address & 1 == 0:
            m16[where >> np.uint64(1)] = np.uint16(value & 0xFFFF)
        else:
            store_slow(address, 2, value, tlb, pages, m8, code, index_of, c)
