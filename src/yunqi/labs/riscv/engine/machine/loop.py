"""The loop that carries instructions out until something outside it has to act.

It never raises: whatever it cannot go on with stands in ``c[STOP]`` (`layout`), with the instruction not
carried out and ``c[PC]`` at it.
"""

import numpy as np

from yunqi.labs.riscv.engine.compiled import compiled, inlined
from yunqi.labs.riscv.engine.isa import ops
from yunqi.labs.riscv.engine.isa.decode import decode
from yunqi.labs.riscv.engine.machine import layout as at
from yunqi.labs.riscv.engine.machine.access import byte_at, code_base, load, load_slow, store, store_slow
from yunqi.labs.riscv.engine.machine.atomic import atomic
from yunqi.labs.riscv.engine.machine.integer import below, integer, quotient_bits
from yunqi.labs.riscv.engine.machine.numbers import floating
from yunqi.labs.riscv.engine.machine.registers import swap
from yunqi.labs.riscv.engine.machine.vector import vector

_ALL = 0xFFFFFFFF


@compiled
def run(x, fb, fd, fs, c, tlb, pages, m8, m16, m32, m64, code, index_of, table, vectors, trace_slot, trace_address):
    """Run until ``c[STOP]`` says why not; the state is all in the arrays."""
    pc, done, limit, page, base = c[at.PC], c[at.RETIRED], c[at.LIMIT], np.int64(at.EMPTY), np.int64(0)
    kept, room = c[at.TRACED], trace_slot.size
    tracing = c[at.TRACING] != 0
    c[at.STOP] = 0
    while done < limit:
        if pc >> 12 != page:
            page = pc >> 12
            base = code_base(page, index_of)
            if base < 0:
                c[at.STOP] = at.NO_CODE
                c[at.FAULT] = pc
                break
        slot = base + ((pc & 4095) >> 1)
        word = code[2 * slot]
        if word == 0:
            prepare(pc, slot, pages, m8, code, table, c)
            if c[at.STOP]:
                break
            word = code[2 * slot]
        op = word & 1023
        a = x[(word >> 16) & 63]
        b = (x[(word >> 22) & 63] << ((word >> 34) & 7)) + code[2 * slot + 1]
        after = pc + ((word >> 37) & 7)
        address = a + b
        if op < ops.INTEGER_END:
            rd = (word >> 10) & 63
            x[rd] = integer(op, a, b, x[rd])
        elif op < ops.STORE_END:
            address = memory(
                op, word, a, b, address, code[2 * slot + 1], x, fb, tlb, pages, m8, m16, m32, m64, code, index_of, c
            )
            if c[at.STOP]:
                break
        elif op < ops.JUMP_END:
            after = jump(op, word, a, b, x, after)
        else:
            c[at.PC], c[at.RETIRED] = pc, done
            other(op, word, a, b, code[2 * slot + 1], x, fb, fd, fs, c, tlb, pages, m8, code, index_of, vectors)
            if c[at.STOP]:
                break
            address = c[at.ACCESS]
        if tracing:
            if op >= ops.DIV and op < ops.ROR:
                address = quotient_bits(a, b)
            trace_slot[kept] = slot
            trace_address[kept] = address
            kept += 1
            if kept == room:
                c[at.STOP] = at.TRACE_FULL
                pc = after
                done += 1
                break
        pc = after
        done += 1
    if done >= limit and c[at.STOP] == 0:
        c[at.STOP] = at.LIMIT_REACHED
    c[at.PC], c[at.RETIRED], c[at.TRACED] = pc, done, kept


@compiled
def prepare(pc, slot, pages, m8, code, table, c):
    """Decode the instruction at ``pc`` into its slot."""
    bits = np.int64(0)
    for index in range(4):
        if index == 2:
            if bits & 3 != 3:
                break
        where = byte_at(pc + index, at.EXECUTE, pages)
        if where < 0:
            c[at.STOP] = at.NO_CODE
            c[at.FAULT] = pc + index
            return
        bits |= np.int64(m8[where]) << (8 * index)
    decode(bits, pc, table, code[2 * slot : 2 * slot + 2])
    c[at.BITS] = bits
    if code[2 * slot] == 0:
        c[at.STOP] = at.ILLEGAL
        c[at.FAULT] = pc


@inlined
def memory(op, word, a, b, address, immediate, x, fb, tlb, pages, m8, m16, m32, m64, code, index_of, c):
    """Carry out a load or store with any addressing mode; returns the address."""
    special = (word >> 40) & 7
    if special:
        if special & 4:  # the index is the low half of a register, zero-extended
            address = a + ((x[(word >> 22) & 63] & _ALL) << ((word >> 34) & 7)) + immediate
        elif special == 1:
            address = a
    if op < ops.LOAD_END:
        value = load(op, address, tlb, pages, m8, m16, m32, m64, c)
        if c[at.STOP]:
            return address
        rd = (word >> 10) & 63
        if op < ops.FLW:
            x[rd] = value
        else:
            fb[rd] = value | (np.int64(-1) << 32) if op == ops.FLW else value
    else:
        source = (word >> 28) & 63
        value = fb[source & 31] if op >= ops.FSW else x[source]
        store(op, address, value, tlb, pages, m8, m16, m32, m64, code, index_of, c)
        if c[at.STOP]:
            return address
    if special & 3:
        rs1 = (word >> 16) & 63
        x[32 if rs1 == 0 else rs1] = a + b
    return address


@inlined
def jump(op, word, a, b, x, after):
    """Return where a branch or jump goes on; links."""
    if op >= ops.JAL:
        x[(word >> 10) & 63] = after
        return b if op == ops.JAL else (a + b) & ~1
    other_operand = x[(word >> 28) & 63]
    taken = False
    if op == ops.BEQ:
        taken = a == other_operand
    elif op == ops.BNE:
        taken = a != other_operand
    elif op == ops.BLT:
        taken = a < other_operand
    elif op == ops.BGE:
        taken = a >= other_operand
    elif op == ops.BLTU:
        taken = below(a, other_operand)
    else:
        taken = not below(a, other_operand)
    return b if taken else after


@compiled
def other(op, word, a, b, immediate, x, fb, fd, fs, c, tlb, pages, m8, code, index_of, vectors):
    """Carry out what is not common: pairs, system, atomics, floating point, vectors."""
    rd, source = (word >> 10) & 63, (word >> 28) & 63
    c[at.ACCESS] = a + b
    if op >= ops.VECTOR:
        vector(op, word, a, x[(word >> 22) & 63], immediate, x, fb, fd, fs, c, tlb, pages, m8, code, index_of, vectors)
    elif op >= ops.FLOATING:
        floating(op, (word >> 43) & 7, rd, (word >> 16) & 31, (word >> 22) & 31, source & 31, x, fb, fd, fs, c)
    elif op >= ops.LRW:
        c[at.ACCESS] = a
        value = atomic(op, a, x[source], tlb, pages, m8, code, index_of, c)
        if c[at.STOP] == 0:
            x[rd] = value
    elif op < ops.PAIR_END:
        pair(op, a + immediate, rd, source, x, tlb, pages, m8, code, index_of, c)
    elif op >= ops.CSRRW:
        rs1 = (word >> 16) & 63
        value = rs1 if (word >> 40) & 3 else a
        old = swap(op, immediate, value, rs1 != 0, c)
        if c[at.STOP] == 0:
            x[rd] = old
    elif op == ops.ECALL:
        c[at.STOP] = at.SYSTEM_CALL
    elif op == ops.EBREAK:
        c[at.STOP] = at.BREAKPOINT


@compiled
def pair(op, address, first, second, x, tlb, pages, m8, code, index_of, c):
    """Load or store two registers next to each other in memory; both or none."""
    size = 8 if op == ops.LDPAIR or op == ops.SDPAIR else 4
    for index in range(2 * size):
        where = byte_at(address + index, at.READ if op <= ops.LDPAIR else at.WRITE, pages)
        if where < 0:
            c[at.STOP] = at.NO_LOAD if op <= ops.LDPAIR else at.NO_STORE
            c[at.FAULT] = address + index
            return
    as_integer = ops.LD if size == 8 else (ops.LWU if op == ops.LWUPAIR else ops.LW)
    for part in range(2):
        place = address + part * size
        register = second if part else first
        if op >= ops.SWPAIR:
            store_part(place, size, x[register], tlb, pages, m8, code, index_of, c)
        else:
            x[register] = load_part(as_integer, place, size, tlb, pages, m8, c)


@compiled
def load_part(op, address, size, tlb, pages, m8, c):
    """Load one half of a pair."""
    value = load_slow(address, size, tlb, pages, m8, c)
    return np.int64(np.int32(value)) if op == ops.LW else value


@compiled
def store_part(address, size, value, tlb, pages, m8, code, index_of, c):
    """Store one half of a pair."""
    store_slow(address, size, value, tlb, pages, m8, code, index_of, c)
