"""Vector 0.7.1 in assembler source: today's assemblers know later encodings alone, so each such line becomes a word."""

import re
from functools import cache

from yunqi.kernel.errors import Invalid
from yunqi.labs.riscv.engine.disassemble import REGISTERS
from yunqi.labs.riscv.engine.isa import ops
from yunqi.labs.riscv.engine.isa.catalogue import Row, rows

_LINE = re.compile(r"^\s*(v[a-z0-9.]+)\s+([^#]*)")
_FACTOR_FIRST = re.compile(r"^vf?w?n?s?(madd|macc|msac|nmsac|nmsub|nmacc|nmadd|msub)")
_ALIASES = {"vmv.v.v": "vmerge.vvm", "vmv.v.x": "vmerge.vxm", "vmv.v.i": "vmerge.vim", "vfmv.v.f": "vfmerge.vfm"}


@cache
def _rows() -> dict[str, Row]:
    return {row.name: row for row in rows() if row.operation >= ops.VECTOR}


def assembled(text: str) -> str:
    """Return assembler source with every vector line as ``.word``.

    Raises
    ------
    Invalid
        An instruction or operand that is none; the line is in the message.
    """
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        found = _LINE.match(line)
        if found is None or found[1].endswith(":") or (found[1] not in _ALIASES and found[1] not in _rows()):
            if found and not line.strip().endswith(":"):
                raise Invalid(f"Line {number}: there is no vector instruction {found[1]!r}.", "assembler")
            lines.append(line)
            continue
        lines.append(f"  .word {word(found[1], found[2]):#010x} # {line.strip()}")
    return "\n".join(lines) + "\n"


def word(name: str, operands: str) -> int:
    """Return one vector instruction's bits.

    Parameters
    ----------
    name
        As ``vwmacc.vx``.
    operands
        As ``v8, t5, v4`` or ``v8, (a0), v0.t``.
    """
    parts = [part.strip() for part in operands.split(",")]
    unmasked = parts[-1] != "v0.t"
    if not unmasked:
        parts.pop()
    row = _rows()[_ALIASES.get(name, name)]
    bits = row.match | (1 << 25 if unmasked and row.operation not in (ops.VSETVLI, ops.VSETVL) else 0)
    try:
        if row.operation == ops.VSETVLI:
            width, many = int(parts[2][1:]), int(parts[3][1:])
            vtype = (width // 8).bit_length() - 1 << 2 | many.bit_length() - 1
            return bits | _register(parts[0]) << 7 | _register(parts[1]) << 15 | vtype << 20
        if row.operation in (ops.VLOAD, ops.VSTORE):
            last = _register(parts[2]) if len(parts) > 2 else 0
            return bits | _register(parts[0]) << 7 | _register(parts[1].strip("()")) << 15 | last << 20
        if row.format == "VU":
            return bits | _register(parts[0]) << 7 | (_register(parts[1]) << 20 if len(parts) > 1 else 0)
        if name in _ALIASES:
            return bits | _register(parts[0]) << 7 | _register(parts[1]) << 15
        second, first = (parts[1], parts[2]) if _FACTOR_FIRST.match(name) else (parts[2], parts[1])
        return bits | _register(parts[0]) << 7 | _register(second) << 15 | _register(first) << 20
    except (IndexError, ValueError):
        raise Invalid(f"{name} {operands.strip()}: these operands make no sense.", "assembler") from None


def _register(text: str) -> int:
    if re.fullmatch(r"[vf]\d{1,2}", text) and int(text[1:]) < 32:
        return int(text[1:])
    if text in REGISTERS:
        return REGISTERS.index(text)
    return int(text, 0) & 31
