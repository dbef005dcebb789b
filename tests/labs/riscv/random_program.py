"""Programs of random but harmless instructions, which end by writing out every register."""

import random
import struct

from tests.labs.riscv.assembler import elf

from yunqi.labs.riscv.engine.isa import ops
from yunqi.labs.riscv.engine.isa.catalogue import Row, rows

_DATA = 0x20000
_FORMATS = ("R", "RX", "R1", "I", "SH", "SHW", "U", "EXT", "F", "F1", "FF", "F4", "FX", "FXF", "FC", "XF", "XFF")
_SAVED = (2, 3, 4)  # sp: the loop's counter; gp: the data's address; tp: unused


def _allowed() -> list[Row]:
    # fmin and fmax of a signalling NaN: the number in today's specification, which is ours; a NaN in that emulator's older one.
    left_out = (ops.JALR, ops.FMINS, ops.FMAXS, ops.FMIND, ops.FMAXD)
    return [row for row in rows() if row.format in _FORMATS and row.operation not in left_out]


def _instruction(row: Row, chance: random.Random) -> int:
    word = row.match | (chance.getrandbits(32) & ~row.mask & 0xFFFFFFFF)
    if row.format in ("F", "F1", "F4", "FX", "XF"):
        word = (word & ~0x7000) | (chance.choice((0, 1, 2, 3, 4, 7)) << 12)
    goes_to_integer = row.format in ("FX", "FXF", "FC") or row.format[0] not in "FX"
    rd = word >> 7 & 31
    if goes_to_integer and rd in _SAVED:
        word = (word & ~0xF80) | (chance.randrange(5, 32) << 7)
    return word


def _special(chance: random.Random) -> int:
    choices = (0, 1, 0x7FF0000000000000, 0xFFF0000000000000, 0x7FF8000000000000, 0x7FF0000000000001, 0x0010000000000000, 0x000FFFFFFFFFFFFF,
               0x3FF0000000000000, 0xBFF8000000000000, 0x7FEFFFFFFFFFFFFF, 0x8000000000000000)  # fmt: skip
    single = (0x3F800000, 0x7F800001, 0x00800000, 0x007FFFFF, 0x7F7FFFFF, 0x80000001, 0xBF000000, 0x7FC00000)
    return chance.choice((chance.choice(choices), 0xFFFFFFFF00000000 | chance.choice(single), 0xFFFFFFFF00000000 | chance.getrandbits(32),
                          chance.getrandbits(64), chance.getrandbits(64)))  # fmt: skip


def program(seed: int, *, length: int = 2000, turns: int = 100) -> bytes:
    """Return an ELF file that carries out ``length`` random instructions ``turns`` times and writes 65 words."""
    chance = random.Random(seed)
    choices = _allowed()
    code = [0x000201B7]  # lui gp, 0x20
    body = []
    for register in range(32):  # fld f, 8 * f(gp)
        body.append(0x0001B007 | register << 7 | (8 * register) << 20)
    code += [0x0001B003 | register << 7 | (256 + 8 * register) << 20 for register in range(5, 32)]
    code += [0x00000113 | (turns << 20)]  # li sp, turns
    body += [_instruction(chance.choice(choices), chance) for _ in range(length)]
    code += body
    code.append(0xFFF10113)  # addi sp, sp, -1
    code += [0x00010663, 0x00000017 | 4 << 7, 0]  # beqz sp, +12; auipc tp, 0; jalr back (below)
    back = -4 * (len(body) + 2)
    high, low = (back + 0x800) >> 12, (back + 0x800) % 4096 - 0x800
    code[-2] = 0x00000217 | (high & 0xFFFFF) << 12
    code[-1] = 0x00020067 | (low & 0xFFF) << 20
    code += [0x0001B023 | register << 20 | _offset(8 * register) for register in range(5, 32)]
    code += [0x0001B027 | register << 20 | _offset(256 + 8 * register) for register in range(32)]
    code += [0x00302573, 0x20A1B023]  # csrr a0, fcsr; sd a0, 512(gp)
    code += [0x04000893, 0x00100513, 0x00018593, 0x20800613, 0x00000073, 0x05D00893, 0x00000513, 0x00000073]
    data = struct.pack("<64Q", *(_special(chance) for _ in range(64))) + bytes(64)
    return elf(b"".join(struct.pack("<I", word) for word in code), data=data)


def _offset(value: int) -> int:
    return (value >> 5 & 0x7F) << 25 | (value & 31) << 7
