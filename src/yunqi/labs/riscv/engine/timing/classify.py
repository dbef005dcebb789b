"""What the timing model needs to know of an instruction: kind of work, registers, latency class, packed in one word.

Layout: kind 0-5, destination 6-12, sources 13-19, 20-26, 27-33, length 34-36, second destination 37-43, call
44, return 45,
op 48-57, vector division 58, move between registers 59, parts 60-61. Registers are numbered 1-31 integer, 64-95
floating, 96-127 vector; 0 is none.
"""

import numpy as np

from yunqi.labs.riscv.engine.compiled import compiled, inlined
from yunqi.labs.riscv.engine.isa import ops
from yunqi.labs.riscv.engine.timing import words as w

PARTS = 60
"""Where a description says that the core splits the instruction in two (ct_idu_id_decd_special.v, "split short")."""
WHOLE, UPDATES, LINKS, PAIRS = range(4)
"""Not split; an addition to the base and the access; the return address and the jump; two accesses."""


@inlined
def integer_name(register):
    """Return an integer register's number, 0 for x0 and the sink."""
    return register & 31


@compiled
def classify(word, immediate):
    """Return the packed description of a decoded instruction."""
    op = word & 1023
    rd, rs1, rs2, rs3 = (word >> 10) & 63, (word >> 16) & 63, (word >> 22) & 63, (word >> 28) & 63
    d, a, b, c, extra = integer_name(rd), integer_name(rs1), integer_name(rs2), np.int64(0), np.int64(0)
    kind = np.int64(w.K_ALU)
    if op < ops.INTEGER_END:
        if (op >= ops.MUL and op < ops.DIV) or op >= ops.MULA:
            kind = np.int64(w.K_MULTIPLY)
        elif op >= ops.DIV and op < ops.ROR:
            kind = np.int64(w.K_DIVIDE)
        if op >= ops.MVEQZ:
            c = d
        if (word >> 34) & 7 and b:
            kind = np.int64(w.K_SHIFT_ADD)
        elif op == ops.ADD and immediate == 0 and _is_move((word >> 37) & 7, d, a, b):
            return _packed(word, op, kind, d, a, b, c, extra) | np.int64(1) << 59
    elif op < ops.STORE_END:
        if op < ops.LOAD_END:
            kind = np.int64(w.K_LOAD)
            d = 64 + (rd & 31) if op >= ops.FLW else d
        else:
            kind, d = np.int64(w.K_STORE), np.int64(0)
            c = 64 + (rs3 & 31) if op >= ops.FSW else integer_name(rs3)
        extra = a if (word >> 40) & 3 else np.int64(0)
        if extra:
            return _packed(word, op, kind, d, a, b, c, extra) | np.int64(UPDATES) << PARTS
    elif op < ops.BRANCH_END:
        kind, d, b = np.int64(w.K_BRANCH), np.int64(0), integer_name(rs3)
    elif op < ops.JUMP_END:
        kind = np.int64(w.K_JUMP) if op == ops.JAL else np.int64(w.K_INDIRECT)
        if d:
            return _packed(word, op, kind, d, a, b, c, extra) | np.int64(LINKS) << PARTS
    elif op < ops.PAIR_END:
        kind = np.int64(w.K_LOAD) if op <= ops.LDPAIR else np.int64(w.K_STORE)
        extra = integer_name(rs3) if op <= ops.LDPAIR else np.int64(0)
        if op > ops.LDPAIR:
            c, b, d = d, integer_name(rs3), np.int64(0)
        return _packed(word, op, kind, d, a, b, c, extra) | np.int64(PAIRS) << PARTS
    elif op >= ops.FLOATING:
        return _floating(word, op, rd, rs1, rs2, rs3)
    elif op >= ops.LRW:
        kind, b = np.int64(w.K_LOAD), integer_name(rs3)
        if op == ops.SCW or op == ops.SCD:
            kind = np.int64(w.K_STORE)
    elif op >= ops.CSRRW:
        kind = np.int64(w.K_CSR)
    else:
        kind, d = np.int64(w.K_SERIAL) if op >= ops.FENCEI else np.int64(w.K_NOP), np.int64(0)
    return _packed(word, op, kind, d, a, b, c, extra)


@inlined
def _is_move(length, d, a, b):
    """Whether an addition of nothing is `mv` or `c.mv`, which renaming carries out (ct_idu_id_decd.v, "0 delay move")."""
    return d != 0 and ((length == 4 and b == 0 and a != d) or (length == 2 and a == 0 and b != 0 and b != d))


@inlined
def _packed(word, op, kind, d, a, b, c, extra):
    made = kind | (d << 6) | (a << 13) | (b << 20) | (c << 27) | (((word >> 37) & 7) << 34) | (extra << 37) | (op << 48)
    if (op == ops.JAL or op == ops.JALR) and (d == 1 or d == 5):
        made |= np.int64(1) << 44
    if op == ops.JALR and d == 0 and (a == 1 or a == 5):
        made |= np.int64(1) << 45
    return made


@compiled
def _vector(word, op, rd, rs1, rs2):
    none, d = np.int64(0), 96 + (rd & 31)
    if op < ops.VLOAD:
        return _packed(word, op, np.int64(w.K_ALU), integer_name(rd), integer_name(rs1), none, none, none)
    code = (word >> 46) & 63
    if op == ops.VLOAD:
        return _packed(word, op, np.int64(w.K_LOAD), d, integer_name(rs1), none, none, none)
    if op == ops.VSTORE:
        return _packed(word, op, np.int64(w.K_STORE), none, integer_name(rs1), none, d, none)
    first, category = none, code & 7
    if category <= 2:
        first = 96 + (rs1 & 31)
    elif category == 4 or category == 6:
        first = integer_name(rs1)
    elif category == 5:
        first = 64 + (rs1 & 31)
    target, old = d, d
    if code & 48:
        target, old = integer_name(rd) if code & 16 else 64 + (rd & 31), none
    made = _packed(word, op, np.int64(w.K_VECTOR), target, first, 96 + (rs2 & 31), old, none)
    return made | (np.int64(1) << 58 if code & 8 else 0)


@compiled
def _floating(word, op, rd, rs1, rs2, rs3):
    if op >= ops.VECTOR:
        return _vector(word, op, rd, rs1, rs2)
    single = op if op < ops.FADDD else op - ops.FLOATING_STEP
    f1, f2, f3, d = 64 + (rs1 & 31), 64 + (rs2 & 31), np.int64(0), 64 + (rd & 31)
    kind = np.int64(w.K_FLOAT)
    if op >= ops.FCVTSD:
        f2 = np.int64(0)
    elif single == ops.FDIVS or single == ops.FSQRTS:
        kind = np.int64(w.K_FLOAT_LONG)
    elif single >= ops.FMADDS and single <= ops.FNMADDS:
        f3 = 64 + (rs3 & 31)
    elif (single >= ops.FEQS and single <= ops.FCVTLUS) or single == ops.FMVXW:
        d = integer_name(rd)
        if single >= ops.FCLASSS:
            f2 = np.int64(0)
    elif single >= ops.FCVTSW:
        f1, f2 = integer_name(rs1), np.int64(0)
    elif op == ops.FSGNJD and f1 == f2 and f1 != d:
        return _packed(word, op, kind, d, f1, f2, f3, np.int64(0)) | np.int64(1) << 59
    return _packed(word, op, kind, d, f1, f2, f3, np.int64(0))


@compiled
def latency(kind, op, quotient, p):
    """Return the cycles from issue to the first use of the result, of work that does not touch memory."""
    if kind == w.K_MULTIPLY:
        return p[w.MULTIPLY]
    if kind == w.K_SHIFT_ADD:
        return p[w.SHIFT_ADD]
    if kind == w.K_DIVIDE:
        return p[w.DIVIDE_BASE] + max(np.int64(0), quotient) // p[w.DIVIDE_BITS]
    if kind == w.K_FLOAT_LONG:
        return p[w.FLOAT_DIVIDE] if op >= ops.FADDD else (p[w.FLOAT_DIVIDE] + 6) // 2
    if kind == w.K_VECTOR:
        return p[w.FLOAT_DIVIDE] if quotient else p[w.VECTOR_OPERATION]
    if kind == w.K_CSR:
        return p[w.CSR]
    if kind == w.K_FLOAT:
        single = op if op < ops.FADDD else op - ops.FLOATING_STEP
        if single == ops.FMULS:
            return p[w.FLOAT_MULTIPLY]
        if single >= ops.FMADDS and single <= ops.FNMADDS:
            return p[w.FLOAT_FUSED]
        if single <= ops.FSUBS:
            return p[w.FLOAT_ADD]
        if single >= ops.FCVTWS and single <= ops.FCVTSLU:
            return p[w.FLOAT_CONVERT]
        return p[w.FLOAT_MOVE]
    return np.int64(1)
