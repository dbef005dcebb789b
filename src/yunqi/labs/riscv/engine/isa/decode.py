"""From the bits of an instruction to the two words that the interpreter works from.

Layout of the first word: operation 0-9, rd 10-15, rs1 16-21, rs2 22-27, rs3 28-33, shift 34-36, length 37-39,
mode 40-41, zero-extend 42,
rounding 43-45, code 46-61. The second word is the immediate (for pc-relative instructions the finished
address). A destination ``x0`` becomes register 32,
which nobody reads.
"""

from yunqi.labs.riscv.engine.compiled import compiled, inlined
from yunqi.labs.riscv.engine.isa import formats as form
from yunqi.labs.riscv.engine.isa.compressed import expand


@inlined
def sink(register: int) -> int:
    """Return where a result for this integer register goes."""
    return 32 if register == 0 else register


@inlined
def pack(op: int, rd: int, rs1: int, rs2: int, rs3: int) -> int:
    """Return the first word of the plain fields."""
    return op | (rd << 10) | (rs1 << 16) | (rs2 << 22) | (rs3 << 28)


@inlined
def signed(value: int, bits: int) -> int:
    """Return a field of so many bits as a signed number."""
    return (value << (64 - bits)) >> (64 - bits)


@compiled
def decode(bits, pc, table, out):
    """Decode one instruction into ``out[0]`` and ``out[1]``; ``out[0]`` is 0 when it is illegal."""
    out[0] = 0
    out[1] = 0
    if bits & 3 != 3:
        expand(bits & 0xFFFF, pc, out)
        return
    major = (bits >> 2) & 31
    for index in range(table[major, 0], table[major + 1, 0]):
        if bits & table[index, 0] == table[index, 1]:
            _fields(bits, pc, table[index, 2], table[index, 3], table[index, 4], out)
            return


@inlined
def vector_code(bits: int) -> int:
    """Return what the timing model asks of a vector instruction: its category, and with 8 that it divides, with 16 that
    its result goes to an integer register, with 32 to a floating-point register."""
    category, funct6 = (bits >> 12) & 7, (bits >> 26) & 63
    code = category
    if ((category == 2 or category == 6) and funct6 >= 0x20 and funct6 <= 0x23) or (
        (category == 1 or category == 5) and (funct6 == 0x20 or funct6 == 0x21 or funct6 == 0x23)
    ):
        code |= 8
    if category == 2 and (funct6 == 0x0C or funct6 == 0x14 or funct6 == 0x15):
        code |= 16
    elif category == 1 and funct6 == 0x0C:
        code |= 32
    return code


@compiled
def _fields(bits, pc, f, op, code, out):
    rd = (bits >> 7) & 31
    rs1 = (bits >> 15) & 31
    rs2 = (bits >> 20) & 31
    imm = signed(bits >> 20, 12)
    store = signed(((bits >> 25) << 5) | rd, 12)
    length = 4 << 37
    if f <= form.S:
        _plain(bits, pc, f, op, rd, rs1, rs2, imm, store, out)
    elif f <= form.FSXU:
        _memory(bits, f, op, rd, rs1, rs2, imm, store, out)
    elif f <= form.XFF:
        _floating(bits, f, op, rd, rs1, rs2, out)
    elif f <= form.CACHE:
        _system(bits, f, op, rd, rs1, rs2, out)
    elif f == form.VSETLI:
        out[0] = pack(op, sink(rd), rs1, 0, 0) | (rd << 28)
        out[1] = (bits >> 20) & 0x7FF
    elif f == form.VSET:
        out[0] = pack(op, sink(rd), rs1, rs2, 0) | (rd << 28)
    else:
        out[0] = pack(op, rd, rs1, rs2, rd) | (((bits >> 25) & 1) << 42) | (vector_code(bits) << 46)
        out[1] = bits
    if out[0] != 0:
        out[0] |= length


@compiled
def _plain(bits, pc, f, op, rd, rs1, rs2, imm, store, out):
    if f == form.R or f == form.RX:
        shift = ((bits >> 25) & 3) if f == form.RX else 0
        out[0] = pack(op, sink(rd), rs1, rs2, 0) | (shift << 34)
    elif f == form.R1:
        out[0] = pack(op, sink(rd), rs1, 0, 0)
    elif f == form.I or f == form.L:
        out[0] = pack(op, sink(rd), rs1, 0, 0)
        out[1] = imm
    elif f == form.SH or f == form.SHW:
        out[0] = pack(op, sink(rd), rs1, 0, 0)
        out[1] = (bits >> 20) & (63 if f == form.SH else 31)
    elif f == form.U or f == form.UPC:
        out[0] = pack(op, sink(rd), 0, 0, 0)
        out[1] = signed(bits >> 12, 20) * 4096 + (pc if f == form.UPC else 0)
    elif f == form.J:
        raw = (
            ((bits >> 31) << 20)
            | (((bits >> 12) & 255) << 12)
            | (((bits >> 20) & 1) << 11)
            | (((bits >> 21) & 1023) << 1)
        )
        out[0] = pack(op, sink(rd), 0, 0, 0)
        out[1] = pc + signed(raw, 21)
    elif f == form.B:
        raw = ((bits >> 31) << 12) | (((bits >> 7) & 1) << 11) | (((bits >> 25) & 63) << 5) | (((bits >> 8) & 15) << 1)
        out[0] = pack(op, 0, rs1, 0, rs2)
        out[1] = pc + signed(raw, 13)
    else:
        out[0] = pack(op, 0, rs1, 0, rs2)
        out[1] = store


@compiled
def _memory(bits, f, op, rd, rs1, rs2, imm, store, out):
    shift = (bits >> 25) & 3
    if f == form.LX or f == form.LXU:
        out[0] = pack(op, sink(rd), rs1, rs2, 0) | (shift << 34) | ((f == form.LXU) << 42)
    elif f == form.LUA or f == form.LUB:
        if rd != rs1:  # both would be written
            out[0] = pack(op, sink(rd), rs1, 0, 0) | ((1 if f == form.LUA else 2) << 40)
            out[1] = signed(rs2, 5) << shift
    elif f == form.SX or f == form.SXU:
        out[0] = pack(op, 0, rs1, rs2, rd) | (shift << 34) | ((f == form.SXU) << 42)
    elif f == form.SUA or f == form.SUB:
        out[0] = pack(op, 0, rs1, 0, rd) | ((1 if f == form.SUA else 2) << 40)
        out[1] = signed(rs2, 5) << shift
    elif f == form.LP or f == form.LPD:
        if rd != rs2 and rd != rs1 and rs2 != rs1:
            out[0] = pack(op, sink(rd), rs1, 0, sink(rs2))
            out[1] = shift << (3 if f == form.LP else 4)
    elif f == form.SP or f == form.SPD:
        out[0] = pack(op, rd, rs1, 0, rs2)
        out[1] = shift << (3 if f == form.SP else 4)
    elif f == form.FL:
        out[0] = pack(op, rd, rs1, 0, 0)
        out[1] = imm
    elif f == form.FS:
        out[0] = pack(op, 0, rs1, 0, rs2)
        out[1] = store
    elif f == form.FLX or f == form.FLXU:
        out[0] = pack(op, rd, rs1, rs2, 0) | (shift << 34) | ((f == form.FLXU) << 42)
    else:
        out[0] = pack(op, 0, rs1, rs2, rd) | (shift << 34) | ((f == form.FSXU) << 42)


@compiled
def _floating(bits, f, op, rd, rs1, rs2, out):
    rounding = (bits >> 12) & 7
    has_mode = f == form.F or f == form.F1 or f == form.F4 or f == form.FX or f == form.XF
    if has_mode and (rounding == 5 or rounding == 6):
        return
    if f == form.FX or f == form.FXF or f == form.FC:
        rd = sink(rd)
    word = pack(op, rd, rs1, rs2, (bits >> 27) & 31)
    if f == form.F1 or f == form.FX or f == form.FXF or f == form.XF or f == form.XFF:
        word = pack(op, rd, rs1, 0, 0)
    out[0] = word | ((rounding if has_mode else 0) << 43)


@compiled
def _system(bits, f, op, rd, rs1, rs2, out):
    if f == form.CSR or f == form.CSRI:
        out[0] = pack(op, sink(rd), rs1, 0, 0) | ((f == form.CSRI) << 40)
        out[1] = (bits >> 20) & 0xFFF
    elif f == form.EXT:
        out[0] = pack(op, sink(rd), rs1, 0, 0)
        out[1] = ((bits >> 26) & 63) | (((bits >> 20) & 63) << 6)
    elif f == form.LR or f == form.A:
        out[0] = pack(op, sink(rd), rs1, 0, rs2)
    else:
        out[0] = pack(op, 0, 0, 0, 0)
