"""The 16-bit instructions, each expanded to the operation of its 32-bit twin."""

from yunqi.labs.riscv.engine.compiled import compiled, inlined
from yunqi.labs.riscv.engine.isa import ops


@inlined
def _set(out, op, rd, rs1, rs2, rs3, imm):
    out[0] = op | (rd << 10) | (rs1 << 16) | (rs2 << 22) | (rs3 << 28) | (2 << 37)
    out[1] = imm


@inlined
def _sink(register: int) -> int:
    return 32 if register == 0 else register


@compiled
def expand(h, pc, out):
    """Decode the 16-bit instruction ``h`` at ``pc``; leaves ``out[0]`` at 0 when it is illegal."""
    quadrant = h & 3
    if h == 0:
        return
    if quadrant == 0:
        _memory_small(h, out)
    elif quadrant == 1:
        _arithmetic(h, pc, out)
    else:
        _stack_and_jumps(h, out)


@compiled
def _memory_small(h, out):
    kind = h >> 13
    small = ((h >> 2) & 7) + 8
    base = ((h >> 7) & 7) + 8
    word = (((h >> 10) & 7) << 3) | (((h >> 6) & 1) << 2) | (((h >> 5) & 1) << 6)
    double = (((h >> 10) & 7) << 3) | (((h >> 5) & 3) << 6)
    if kind == 0:
        imm = (((h >> 11) & 3) << 4) | (((h >> 7) & 15) << 6) | (((h >> 6) & 1) << 2) | (((h >> 5) & 1) << 3)
        if imm != 0:
            _set(out, ops.ADD, small, 2, 0, 0, imm)
    elif kind == 1:
        _set(out, ops.FLD, small, base, 0, 0, double)
    elif kind == 2:
        _set(out, ops.LW, small, base, 0, 0, word)
    elif kind == 3:
        _set(out, ops.LD, small, base, 0, 0, double)
    elif kind == 5:
        _set(out, ops.FSD, 0, base, 0, small, double)
    elif kind == 6:
        _set(out, ops.SW, 0, base, 0, small, word)
    elif kind == 7:
        _set(out, ops.SD, 0, base, 0, small, double)


@compiled
def _arithmetic(h, pc, out):
    kind = h >> 13
    rd = (h >> 7) & 31
    imm = (((h >> 12) & 1) << 5) | ((h >> 2) & 31)
    imm = (imm << 58) >> 58
    if kind == 0:
        _set(out, ops.ADD, _sink(rd), rd, 0, 0, imm)
    elif kind == 1:
        if rd != 0:
            _set(out, ops.ADDW, rd, rd, 0, 0, imm)
    elif kind == 2:
        _set(out, ops.ADD, _sink(rd), 0, 0, 0, imm)
    elif kind == 3:
        _upper(h, rd, imm, out)
    elif kind == 4:
        _register_small(h, imm, out)
    elif kind == 5:
        jump = (((h >> 12) & 1) << 11) | (((h >> 11) & 1) << 4) | (((h >> 9) & 3) << 8) | (((h >> 8) & 1) << 10)
        jump |= (((h >> 7) & 1) << 6) | (((h >> 6) & 1) << 7) | (((h >> 3) & 7) << 1) | (((h >> 2) & 1) << 5)
        _set(out, ops.JAL, 32, 0, 0, 0, pc + ((jump << 52) >> 52))
    else:
        far = (((h >> 12) & 1) << 8) | (((h >> 10) & 3) << 3) | (((h >> 5) & 3) << 6)
        far |= (((h >> 3) & 3) << 1) | (((h >> 2) & 1) << 5)
        _set(out, ops.BEQ if kind == 6 else ops.BNE, 0, ((h >> 7) & 7) + 8, 0, 0, pc + ((far << 55) >> 55))


@compiled
def _upper(h, rd, imm, out):
    if rd == 2:
        add = (((h >> 12) & 1) << 9) | (((h >> 6) & 1) << 4) | (((h >> 5) & 1) << 6) | (((h >> 3) & 3) << 7)
        add |= ((h >> 2) & 1) << 5
        if add != 0:
            _set(out, ops.ADD, 2, 2, 0, 0, (add << 54) >> 54)
    elif imm != 0:
        _set(out, ops.ADD, _sink(rd), 0, 0, 0, imm << 12)


@compiled
def _register_small(h, imm, out):
    rd = ((h >> 7) & 7) + 8
    other = ((h >> 2) & 7) + 8
    kind = (h >> 10) & 3
    if kind == 0:
        _set(out, ops.SRL, rd, rd, 0, 0, imm & 63)
    elif kind == 1:
        _set(out, ops.SRA, rd, rd, 0, 0, imm & 63)
    elif kind == 2:
        _set(out, ops.AND, rd, rd, 0, 0, imm)
    else:
        which = (((h >> 12) & 1) << 2) | ((h >> 5) & 3)
        if which == 0:
            _set(out, ops.SUB, rd, rd, other, 0, 0)
        elif which == 1:
            _set(out, ops.XOR, rd, rd, other, 0, 0)
        elif which == 2:
            _set(out, ops.OR, rd, rd, other, 0, 0)
        elif which == 3:
            _set(out, ops.AND, rd, rd, other, 0, 0)
        elif which == 4:
            _set(out, ops.SUBW, rd, rd, other, 0, 0)
        elif which == 5:
            _set(out, ops.ADDW, rd, rd, other, 0, 0)


@compiled
def _stack_and_jumps(h, out):
    kind = h >> 13
    rd = (h >> 7) & 31
    rs2 = (h >> 2) & 31
    bit12 = (h >> 12) & 1
    double = (bit12 << 5) | (((h >> 5) & 3) << 3) | (((h >> 2) & 7) << 6)
    word = (bit12 << 5) | (((h >> 4) & 7) << 2) | (((h >> 2) & 3) << 6)
    store_double = (((h >> 10) & 7) << 3) | (((h >> 7) & 7) << 6)
    store_word = (((h >> 9) & 15) << 2) | (((h >> 7) & 3) << 6)
    if kind == 0:
        _set(out, ops.SLL, _sink(rd), rd, 0, 0, (bit12 << 5) | rs2)
    elif kind == 1:
        _set(out, ops.FLD, rd, 2, 0, 0, double)
    elif kind == 2:
        if rd != 0:
            _set(out, ops.LW, rd, 2, 0, 0, word)
    elif kind == 3:
        if rd != 0:
            _set(out, ops.LD, rd, 2, 0, 0, double)
    elif kind == 4:
        _jump_or_add(bit12, rd, rs2, out)
    elif kind == 5:
        _set(out, ops.FSD, 0, 2, 0, rs2, store_double)
    elif kind == 6:
        _set(out, ops.SW, 0, 2, 0, rs2, store_word)
    else:
        _set(out, ops.SD, 0, 2, 0, rs2, store_double)


@compiled
def _jump_or_add(bit12, rd, rs2, out):
    if rs2 == 0:
        if rd != 0:
            _set(out, ops.JALR, 1 if bit12 else 32, rd, 0, 0, 0)
        elif bit12:
            _set(out, ops.EBREAK, 0, 0, 0, 0, 0)
    elif bit12:
        _set(out, ops.ADD, _sink(rd), rd, rs2, 0, 0)
    else:
        _set(out, ops.ADD, _sink(rd), 0, rs2, 0, 0)
