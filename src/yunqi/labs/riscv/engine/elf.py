"""ELF files: read with distrust, every number checked against the file before it is used."""

import struct
from collections.abc import Sequence
from itertools import pairwise

from yunqi.kernel.errors import Invalid
from yunqi.labs.riscv.model import Program, Segment, Symbol

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_MACHINES = {
    3: "x86 (32 bit)",
    8: "MIPS",
    40: "Arm (32 bit)",
    62: "x86-64",
    183: "AArch64",
    243: "RISC-V",
    258: "LoongArch",
}
_LOAD, _DYNAMIC, _INTERPRETER = 1, 2, 3
_SYMBOL_TABLE, _FUNCTION = 2, 2
_LIMIT = 1 << 38
_PIE_BASE = 0x10000000
_MOST_SEGMENTS, _MOST_SECTIONS, _MOST_SYMBOLS = 256, 4096, 500_000


def read_program(data: bytes, *, name: str = "the program") -> Program:
    """Read a static RV64 ELF executable.

    Parameters
    ----------
    data
        The whole file.
    name
        What errors call it.

    Raises
    ------
    Invalid
        Not an ELF file, cut off, of another machine, dynamically linked, or with numbers that do not fit.
    """
    header = _header(data, name)
    kind, entry, table, size, count = header
    if count == 0:
        raise Invalid(f"{name} has no segments to load; link it to an executable (this may be an object file).", "elf")
    if size != _SEGMENT.size or count > _MOST_SEGMENTS or table + size * count > len(data):
        raise Invalid(f"{name} is damaged: its program headers lie outside the file.", "elf")
    rows = [_SEGMENT.unpack_from(data, table + index * size) for index in range(count)]
    if any(row[0] == _INTERPRETER for row in rows):
        raise Invalid(f"{name} is dynamically linked, and no libraries are loaded here. Link it with -static.", "elf")
    base = _PIE_BASE if kind == 3 else 0
    segments = tuple(_segment(data, row, base, name) for row in rows if row[0] == _LOAD and row[6])
    if not segments:
        raise Invalid(f"{name} has no segments to load.", "elf")
    _check_overlaps(segments, name)
    if not any(s.start <= entry + base < s.start + s.size and s.executable for s in segments):
        raise Invalid(f"{name} is damaged: its entry point {entry + base:#x} is in no executable segment.", "elf")
    headers = next((s.start + table - s.offset for s in segments if s.offset <= table < s.offset + len(s.data)), 0)
    return Program(name, entry + base, segments, headers, count, symbols(data, base))


def _header(data: bytes, name: str) -> tuple[int, int, int, int, int]:
    if len(data) < 4 or data[:4] != b"\x7fELF":
        raise Invalid(f"{name} is not an ELF file (it begins with {data[:4].hex() or 'nothing'}).", "elf")
    if len(data) < _HEADER.size:
        raise Invalid(f"{name} is cut off: {len(data)} bytes, the header alone has {_HEADER.size}.", "elf")
    ident, kind, machine, _, entry, table, _, _, _, size, count, *_ = _HEADER.unpack_from(data)
    if machine != 243:
        found = _MACHINES.get(machine, f"machine {machine}")
        raise Invalid(f"{name} is for {found}, not RISC-V. Compile it with riscv64-linux-gnu-gcc -static.", "elf")
    if ident[4] != 2:
        raise Invalid(f"{name} is a 32-bit RISC-V program; this core is RV64. Compile for rv64gc.", "elf")
    if ident[5] != 1:
        raise Invalid(f"{name} is big-endian; this core is little-endian.", "elf")
    if kind not in (2, 3):
        word = {1: "an object file: link it first", 4: "a core dump"}.get(kind, f"of ELF type {kind}")
        raise Invalid(f"{name} is {word}; an executable is needed.", "elf")
    return kind, entry, table, size, count


def _segment(data: bytes, row: Sequence[int], base: int, name: str) -> Segment:
    _, flags, offset, address, _, in_file, in_memory, _ = row
    if in_file > in_memory or offset + in_file > len(data):
        raise Invalid(
            f"{name} is damaged: the segment at {address:#x} is cut off or larger in the file than in memory.", "elf"
        )
    if address + base + in_memory > _LIMIT:
        raise Invalid(f"{name} wants memory at {address:#x}, outside the user's address space.", "elf")
    return Segment(address + base, in_memory, offset, data[offset : offset + in_file], flags & 7)


def _check_overlaps(segments: Sequence[Segment], name: str) -> None:
    ordered = sorted(segments, key=lambda one: one.start)
    for first, second in pairwise(ordered):
        if first.start + first.size > second.start:
            raise Invalid(f"{name} is damaged: two segments overlap at {second.start:#x}.", "elf")


def symbols(data: bytes, base: int = 0) -> tuple[Symbol, ...]:
    """Return the functions that the file names, sorted by address; none where the tables are missing or damaged."""
    table, size, count = struct.unpack_from("<Q", data, 40)[0], *struct.unpack_from("<HH", data, 58)
    if size != _SECTION.size or not 0 < count <= _MOST_SECTIONS or table + size * count > len(data):
        return ()
    sections = [_SECTION.unpack_from(data, table + index * size) for index in range(count)]
    found: dict[int, Symbol] = {}
    for section in sections:
        if section[1] != _SYMBOL_TABLE or section[9] != _SYMBOL.size or not section[6] < count:
            continue
        words = _slice(data, sections[section[6]])
        rows = _slice(data, section)
        for at in range(0, min(len(rows) // _SYMBOL.size, _MOST_SYMBOLS) * _SYMBOL.size, _SYMBOL.size):
            where, info, _, index, value, length = _SYMBOL.unpack_from(rows, at)
            if info & 15 == _FUNCTION and index and where < len(words):
                label = words[where : words.find(b"\0", where)].decode("utf-8", "replace")[:200]
                found.setdefault(value + base, Symbol(label, value + base, length))
    return tuple(sorted(found.values(), key=lambda one: one.address))


def _slice(data: bytes, section: Sequence[int]) -> bytes:
    start, length = section[4], section[5]
    return data[start : start + length] if start + length <= len(data) else b""
