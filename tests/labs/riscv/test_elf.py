import random

import pytest
from tests.labs.riscv.assembler import EXIT, elf, words

from yunqi.labs.riscv import Invalid, read_program

GOOD = elf(words(0x02A00513, *EXIT), data=b"data")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not an ELF"),
        (b"MZ\x90\0", "not an ELF"),
        (GOOD[:40], "cut off"),
        (GOOD[:100], "damaged"),
        (elf(b"\x13\0\0\0", machine=62), "x86-64"),
        (elf(b"\x13\0\0\0", machine=183), "AArch64"),
        (elf(b"\x13\0\0\0", kind=1), "object file"),
        (elf(b"\x13\0\0\0", flags=6), "entry point"),
        (GOOD[:4] + b"\x01" + GOOD[5:], "32-bit"),
        (GOOD[:5] + b"\x02" + GOOD[6:], "big-endian"),
        (GOOD[:64] + b"\x03" + GOOD[65:], "-static"),
    ],
)
def test_a_file_that_is_no_program_for_this_core_is_refused_by_name(data: bytes, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        read_program(data)


def test_hostile_headers_never_do_more_than_refuse() -> None:
    chance = random.Random(5)
    for _ in range(3000):
        bad = bytearray(GOOD)
        for _ in range(chance.randint(1, 8)):
            bad[chance.randrange(4, 176)] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        try:
            program = read_program(bytes(bad[: chance.choice((len(bad), chance.randrange(len(bad))))]))
        except Invalid:
            continue
        assert sum(len(segment.data) for segment in program.segments) <= 2 * len(bad)


def test_hostile_section_tables_are_left_out() -> None:
    chance = random.Random(6)
    whole = bytearray(GOOD.ljust(12288, b"\0"))
    at = 9000
    whole[40:48] = at.to_bytes(8, "little")  # where the section table begins
    whole[58:62] = (64).to_bytes(2, "little") + (12).to_bytes(2, "little")
    for _ in range(1500):
        for index in range(12):
            row = [chance.choice((0, 1, 2, 3, 64, at, 1 << 31, 1 << 63, chance.getrandbits(64))) for _ in range(8)]
            kinds = (chance.getrandbits(32), chance.choice((2, 2, 3, 11)))
            words_ = b"".join(value.to_bytes(8, "little") for value in row)
            entry = (
                b"".join(value.to_bytes(4, "little") for value in kinds)
                + words_[:32]
                + chance.randbytes(8)
                + words_[32:40]
            )
            entry += (24).to_bytes(8, "little")
            whole[at + 64 * index : at + 64 * index + 64] = entry[:64]
        program = read_program(bytes(whole))
        assert len(program.symbols) <= 500_000
