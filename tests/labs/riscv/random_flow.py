"""Programs of random loads, stores, atomics, branches, jumps, compressed and floating-point instructions."""

import random
import struct

from tests.labs.riscv.assembler import elf
from tests.labs.riscv.random_program import _offset, _special

from yunqi.labs.riscv.engine.isa import ops
from yunqi.labs.riscv.engine.isa.catalogue import Row, rows

_LEFT_OUT = (ops.SCW, ops.SCD, ops.JALR, ops.FMINS, ops.FMAXS, ops.FMIND, ops.FMAXD)
_PLAIN = ("R", "RX", "R1", "I", "SH", "SHW", "U", "EXT", "F", "F1", "FF", "F4", "FX", "FXF", "FC", "XF", "XFF")
_TO_INTEGER = ("FX", "FXF", "FC")
_MEMORY = ("L", "S", "FL", "FS", "LX", "LXU", "SX", "SXU", "FLX", "FLXU", "FSX", "FSXU", "LUA", "LUB", "SUA", "SUB", "LP",
           "LPD", "SP", "SPD", "LR", "A")  # fmt: skip
_BASE, _INDEX, _PLACE = 9, 28, 29  # the room's address, a small number, an address in the room
_KEPT = (0, 1, 2, 3, 4, _BASE, _INDEX, _PLACE)
_FREE = tuple(n for n in range(5, 32) if n not in _KEPT)
_SMALL = (8, 10, 11, 12, 13, 14, 15)


def plain(row: Row, chance: random.Random) -> list[int]:
    """Return a random arithmetic instruction."""
    word = row.match | (chance.getrandbits(32) & ~row.mask & 0xFFFFFFFF)
    if row.format in ("F", "F1", "F4", "FX", "XF"):
        word = (word & ~0x7000) | (chance.choice((0, 1, 2, 3, 4, 7)) << 12)
    if row.format in _TO_INTEGER or row.format[0] not in "FX":
        word = (word & ~0xF80) | chance.choice(_FREE) << 7
    return [word]


def memory(row: Row, chance: random.Random) -> list[int]:
    """Return a random access inside the room, with what makes its address before it."""
    word = row.match | (chance.getrandbits(32) & ~row.mask & 0xFFFFFFFF & ~0x01FFFF80)
    floating = row.format[0] == "F"
    first = chance.randrange(32) if floating else chance.choice(_FREE)
    index = [0x0F807013 & ~0x0F800000 | chance.randrange(128) << 20 | chance.choice(_FREE) << 15 | _INDEX << 7]  # andi
    place = [0x00000013 | 8 * chance.randrange(16) << 20 | _BASE << 15 | _PLACE << 7]  # addi
    if row.format in ("L", "FL"):
        return [row.match | chance.randrange(-256, 256) % 4096 << 20 | _BASE << 15 | first << 7]
    if row.format in ("S", "FS"):
        return [row.match | _offset(chance.randrange(-256, 256) % 4096) | first << 20 | _BASE << 15]
    if row.format == "LR":  # with the store that belongs to it: alone, or of another width, it may fail or not
        store = row.match | 1 << 27 | chance.choice(_FREE) << 20 | _PLACE << 15 | chance.choice(_FREE) << 7
        return [*place, row.match | _PLACE << 15 | first << 7, store]
    if row.format == "A":
        source = chance.choice(_FREE)
        return [*place, row.match | source << 20 | _PLACE << 15 | first << 7]
    if row.format in ("LP", "LPD", "SP", "SPD"):
        second = chance.choice([one for one in _FREE if one != first])
        return [*place, (word & ~0x1FF8F80) | second << 20 | _PLACE << 15 | first << 7]
    if row.format in ("LUA", "LUB", "SUA", "SUB"):
        return [*place, (word & ~0x1FF8F80) | chance.randrange(32) << 20 | _PLACE << 15 | first << 7]
    return [*index, (word & ~0x1FF8F80) | _INDEX << 20 | _BASE << 15 | first << 7]


def short(chance: random.Random) -> int:
    """Return a random compressed instruction: c.addi, c.addiw, c.li, c.mv, c.add, arithmetic on small registers, accesses."""
    rd, low, high = chance.choice(_FREE), chance.randrange(32), chance.randrange(2)
    small, other = (chance.choice(_SMALL) - 8 for _ in range(2))
    number = low << 2 | high << 12
    choices = (
        0x0001 | rd << 7 | number, 0x2001 | rd << 7 | number, 0x4001 | rd << 7 | number, 0x8002 | rd << 7 | chance.choice(_FREE) << 2,
        0x9002 | rd << 7 | chance.choice(_FREE) << 2, 0x8801 | small << 7 | number,
        0x8C01 | small << 7 | other << 2 | chance.randrange(4) << 5, 0x9C01 | small << 7 | other << 2 | chance.randrange(2) << 5,
        0x8001 | small << 7 | max(1, low) << 2 | high << 12, 0x8401 | small << 7 | max(1, low) << 2 | high << 12,
        0x0002 | rd << 7 | max(1, low) << 2,
        *(code << 13 | 1 << 7 | small << 2 | chance.randrange(8) << 10 | chance.randrange(4) << 5 for code in (2, 3, 6, 7, 1, 5)),
    )  # fmt: skip
    return chance.choice(choices)


def _branch(distance: int) -> int:
    return (
        (distance >> 12 & 1) << 31 | (distance >> 5 & 63) << 25 | (distance >> 1 & 15) << 8 | (distance >> 11 & 1) << 7
    )


def _jump(distance: int) -> int:
    return 0x6F | 1 << 7 | (distance >> 1 & 1023) << 21 | (distance >> 11 & 1) << 20 | (distance >> 12 & 255) << 12


def _body(chance: random.Random, length: int, keep: int | None) -> bytes:
    everything = [row for row in rows() if row.operation not in _LEFT_OUT]
    work, access = ([row for row in everything if row.format in kinds] for kinds in (_PLAIN, _MEMORY))
    pieces: list[bytes | tuple[int, int]] = []
    while len(pieces) < length:
        kind = chance.randrange(10)
        if kind < 4:
            pieces += [struct.pack("<I", word) for word in plain(chance.choice(work), chance)]
        elif kind < 7:
            words = memory(chance.choice(access), chance)
            pieces.append(b"".join(struct.pack("<I", word) for word in words))
        elif kind < 9:
            pieces.append(struct.pack("<H", short(chance)))
        else:
            kind = chance.choice((0, 1, 4, 5, 6, 7)) << 12
            word = (
                0x6F
                if chance.randrange(6) == 0
                else 0x63 | kind | chance.choice(_FREE) << 15 | chance.choice(_FREE) << 20
            )
            pieces.append((word, chance.randrange(1, 9)))  # a branch or jump over so many of what follows
    pieces = pieces[:keep]
    done = b""
    for place in range(len(pieces) - 1, -1, -1):
        piece = pieces[place]
        if isinstance(piece, tuple):
            word, many = piece
            distance = 4 + sum(
                len(one) if isinstance(one, bytes) else 4 for one in pieces[place + 1 : place + 1 + many]
            )
            piece = struct.pack("<I", _jump(distance) if word == 0x6F else word | _branch(distance))
        done = piece + done
    return done


def program(seed: int, *, length: int = 2000, turns: int = 100, keep: int | None = None) -> bytes:
    """Return an ELF file of ``length`` random instructions, ``turns`` times, which writes registers and the room out."""
    chance = random.Random(seed)
    words = [0x000201B7]  # lui gp, 0x20
    words += [0x0001B007 | register << 7 | (8 * register) << 20 for register in range(32)]
    words += [0x0001B003 | register << 7 | (256 + 8 * register) << 20 for register in _FREE]
    words += [0x000014B7, 0x003484B3, 0x00000113 | turns << 20]  # lui s1, 1; add s1, s1, gp; li sp, turns
    body = _body(chance, length, keep)
    body += b"\x01\x00" if len(body) % 4 else b""
    back = -(len(body) + 8)
    high, low = (back + 0x800) >> 12, (back + 0x800) % 4096 - 0x800
    after = [0xFFF10113, 0x00010663, 0x00000217 | (high & 0xFFFFF) << 12, 0x00020067 | (low & 0xFFF) << 20]
    after += [0x0001B023 | register << 20 | _offset(8 * register) for register in _FREE]
    after += [0x0001B027 | register << 20 | _offset(256 + 8 * register) for register in range(32)]
    after += [0x00302573, 0x20A1B023]  # csrr a0, fcsr; sd a0, 512(gp)
    after += [0x04000893, 0x00100513, 0x00018593, 0x00002637, 0x00000073, 0x05D00893, 0x00000513, 0x00000073]
    chance = random.Random(-seed - 1)
    data = struct.pack("<64Q", *(_special(chance) for _ in range(64)))
    code = struct.pack(f"<{len(words)}I", *words) + body + struct.pack(f"<{len(after)}I", *after)
    return elf(code, data=data.ljust(0x2000, b"\xa5"))
