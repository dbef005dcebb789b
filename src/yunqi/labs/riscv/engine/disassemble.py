"""Instructions as text, from the same rows that they are decoded by."""

import numpy as np

from yunqi.labs.riscv.engine.isa import ops
from yunqi.labs.riscv.engine.isa.catalogue import Row, rows, table
from yunqi.labs.riscv.engine.isa.decode import decode
from yunqi.labs.riscv.engine.machine.layout import EXECUTE
from yunqi.labs.riscv.engine.machine.memory import Memory

REGISTERS = [
    "zero",
    "ra",
    "sp",
    "gp",
    "tp",
    "t0",
    "t1",
    "t2",
    "s0",
    "s1",
    "a0",
    "a1",
    "a2",
    "a3",
    "a4",
    "a5",
    "a6",
    "a7",
    "s2",
    "s3",
    "s4",
    "s5",
    "s6",
    "s7",
    "s8",
    "s9",
    "s10",
    "s11",
    "t3",
    "t4",
    "t5",
    "t6",
    "zero",
]
"""The names of the integer registers by number; 32 is the sink, shown as zero."""


def text_at(memory: Memory, address: int) -> str:
    """Return the instruction at an address as text, or its bits where it is none."""
    raw = b""
    for index in (0, 2):
        if address + index >= 0 and memory.touch(address + index, EXECUTE):
            raw += memory.read(address + index, 2) or b""
    return text(int.from_bytes(raw, "little"), address) if raw else "unreadable"


def text(bits: int, pc: int) -> str:
    """Return one instruction as text.

    Parameters
    ----------
    bits
        Its 16 or 32 bits (what is above them is ignored).
    pc
        Its address, for targets.

    Returns
    -------
    str
        As ``addi a0, a0, 1``; compressed ones are shown as what they stand for, with ``c.`` before; ``.word
        0x...`` when it is none.
    """
    out = np.zeros(2, np.int64)
    bits &= 0xFFFFFFFF if bits & 3 == 3 else 0xFFFF
    decode(bits, pc, table(), out)
    word, immediate = int(out[0]), int(out[1])
    if word == 0:
        return f".word {bits:#010x}" if bits & 3 == 3 else f".half {bits:#06x}"
    if bits & 3 != 3:
        return f"c.{ops.NAMES[word & 1023].lower()} {_operands(word, immediate)}"
    row = next(row for row in rows() if bits & row.mask == row.match and row.operation == word & 1023)
    if row.operation >= ops.VECTOR:
        return f"{row.name} {_vector(row, bits)}"
    return f"{row.name} {_operands(word, immediate)}".strip()


def _vector(row: Row, bits: int) -> str:
    rd, rs1, rs2 = bits >> 7 & 31, bits >> 15 & 31, bits >> 20 & 31
    masked = "" if bits >> 25 & 1 else ", v0.t"
    if row.operation == ops.VSETVL:
        return f"{REGISTERS[rd]}, {REGISTERS[rs1]}, {REGISTERS[rs2]}"
    if row.operation == ops.VSETVLI:
        vtype = bits >> 20 & 0x7FF
        return f"{REGISTERS[rd]}, {REGISTERS[rs1]}, e{8 << (vtype >> 2 & 7)}, m{1 << (vtype & 3)}"
    if row.operation in (ops.VLOAD, ops.VSTORE):
        mode = bits >> 26 & 3
        last = "" if mode < 2 else f", {REGISTERS[rs2]}" if mode == 2 else f", v{rs2}"
        return f"v{rd}, ({REGISTERS[rs1]}){last}{masked}"
    category = bits >> 12 & 7
    if row.format == "VU":
        target = REGISTERS[rd] if category == 2 and rs1 == 0 else f"v{rd}"
        return f"{target}, v{rs2}{masked}"
    second = (
        f"v{rs1}"
        if category < 3
        else str((rs1 ^ 16) - 16)
        if category == 3
        else f"f{rs1}"
        if category == 5
        else REGISTERS[rs1]
    )
    return f"v{rd}, v{rs2}, {second}{masked}"


def _operands(word: int, immediate: int) -> str:
    op, rd, rs1, rs2, rs3 = word & 1023, *((word >> at & 63) for at in (10, 16, 22, 28))
    f = op in (ops.FLW, ops.FLD, ops.FSW, ops.FSD)
    if op < ops.INTEGER_END:
        last = REGISTERS[rs2] if rs2 else str(immediate) if immediate < 1 << 31 else f"{immediate:#x}"
        return f"{REGISTERS[rd]}, {REGISTERS[rs1]}, {last}"
    if op < ops.STORE_END:
        data = rd if op < ops.LOAD_END else rs3
        place = f"{immediate}({REGISTERS[rs1]})" if not rs2 else f"{REGISTERS[rs1]}, {REGISTERS[rs2]}"
        return f"{f'f{data}' if f else REGISTERS[data]}, {place}"
    if op < ops.BRANCH_END:
        return f"{REGISTERS[rs1]}, {REGISTERS[rs3]}, {immediate:#x}"
    if op == ops.JAL:
        return f"{REGISTERS[rd]}, {immediate:#x}"
    if op == ops.JALR:
        return f"{REGISTERS[rd]}, {immediate}({REGISTERS[rs1]})"
    if op in (ops.CSRRW, ops.CSRRS, ops.CSRRC):
        return f"{REGISTERS[rd]}, {immediate:#x}, {rs1 if word >> 40 & 3 else REGISTERS[rs1]}"
    if op < ops.LRW:
        return (
            ""
            if op < ops.CSRRW and op >= ops.NOP
            else f"{REGISTERS[rd]}, {REGISTERS[rs3]}, ({REGISTERS[rs1]}), {immediate}"
        )
    if op < ops.FLOATING:
        return f"{REGISTERS[rd]}, {REGISTERS[rs3]}, ({REGISTERS[rs1]})"
    return f"{rd}, {rs1}, {rs2}"
