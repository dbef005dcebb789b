"""ELF files made by hand for the tests, so that they need no compiler."""

import struct


def elf(code: bytes, *, machine: int = 243, kind: int = 2, data: bytes = b"", flags: int = 5) -> bytes:
    """Return a static executable of one code segment at 0x10000 and one data segment at 0x20000."""
    count = 2 if data else 1
    base = 4096
    second = base + -(-len(code) // 4096) * 4096
    header = struct.pack(
        "<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", kind, machine, 1, 0x10000, 64, 0, 0, 64, 56, count, 0, 0, 0
    )
    rows = struct.pack("<IIQQQQQQ", 1, flags, base, 0x10000, 0x10000, len(code), len(code), 4096)
    if data:
        rows += struct.pack("<IIQQQQQQ", 1, 6, second, 0x20000, 0x20000, len(data), len(data) + 4096, 4096)
    whole = (header + rows).ljust(base, b"\0") + code
    return whole.ljust(second, b"\0") + data if data else whole


def words(*values: int) -> bytes:
    """Return 32-bit instructions as bytes."""
    return b"".join(struct.pack("<I", value) for value in values)


EXIT = (0x05D00893, 0x00000073)  # li a7, 93; ecall
