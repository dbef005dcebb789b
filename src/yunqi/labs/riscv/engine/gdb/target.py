"""The registers as GDB numbers and describes them: integer, floating point, status, vector."""

from functools import cache

import numpy as np

from yunqi.labs.riscv.engine.disassemble import REGISTERS
from yunqi.labs.riscv.engine.machine import layout as at
from yunqi.labs.riscv.engine.machine.hart import Hart

PC, FIRST_FLOAT, FFLAGS, FRM, FCSR, FIRST_VECTOR, COUNT = 32, 33, 65, 66, 67, 68, 100
_FLOATS = (
    *(f"ft{n}" for n in range(8)), "fs0", "fs1", *(f"fa{n}" for n in range(8)), *(f"fs{n}" for n in range(2, 12)),
    *(f"ft{n}" for n in range(8, 12)),
)  # fmt: skip


@cache
def description() -> str:
    """Return the target description (``target.xml``)."""
    kinds = {"ra": "code_ptr", "sp": "data_ptr", "gp": "data_ptr", "tp": "data_ptr"}
    integer = "".join(
        f'<reg name="{name}" bitsize="64" type="{kinds.get(name, "int")}" regnum="{number}"/>'
        for number, name in enumerate(REGISTERS[:32])
    )
    floating = "".join(
        f'<reg name="{name}" bitsize="64" type="ieee_double" regnum="{FIRST_FLOAT + number}"/>'
        for number, name in enumerate(_FLOATS)
    )
    status = "".join(
        f'<reg name="{name}" bitsize="32" type="int" regnum="{FFLAGS + number}"/>'
        for number, name in enumerate(("fflags", "frm", "fcsr"))
    )
    vector = "".join(f'<reg name="v{n}" bitsize="128" type="bytes" regnum="{FIRST_VECTOR + n}"/>' for n in range(32))
    return (
        '<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target version="1.0">'
        "<architecture>riscv:rv64</architecture>"
        f'<feature name="org.gnu.gdb.riscv.cpu">{integer}<reg name="pc" bitsize="64" type="code_ptr" regnum="{PC}"/></feature>'
        f'<feature name="org.gnu.gdb.riscv.fpu">{floating}{status}</feature>'
        '<feature name="org.gnu.gdb.riscv.vector"><vector id="bytes" type="uint8" count="16"/>'
        f"{vector}</feature></target>"
    )


def size_of(number: int) -> int:
    """Return a register's bytes."""
    return 16 if number >= FIRST_VECTOR else 4 if number >= FFLAGS else 8


def read(hart: Hart, number: int) -> bytes:
    """Return a register's bytes, lowest first."""
    if number < PC:
        return (int(hart.x[number]) & 0xFFFFFFFFFFFFFFFF if number else 0).to_bytes(8, "little")
    if number == PC:
        return (hart.pc & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "little")
    if number < FFLAGS:
        return (int(hart.f[number - FIRST_FLOAT]) & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "little")
    if number >= FIRST_VECTOR:
        start = 16 * (number - FIRST_VECTOR)
        return hart.vectors[start : start + 16].tobytes()
    flags, rounding = int(hart.control[at.FLAGS]), int(hart.control[at.ROUNDING])
    return {FFLAGS: flags, FRM: rounding, FCSR: flags | rounding << 5}[number].to_bytes(4, "little")


def write(hart: Hart, number: int, data: bytes) -> None:
    """Change a register."""
    value = int.from_bytes(data[:8], "little", signed=False)
    whole = value - (1 << 64) if value >> 63 else value
    if number >= FIRST_VECTOR:
        start = 16 * (number - FIRST_VECTOR)
        hart.vectors[start : start + 16] = np.frombuffer(data.ljust(16, b"\0")[:16], np.uint8)
    elif number == PC:
        hart.control[at.PC] = whole & ~1
    elif 0 < number < PC:
        hart.x[number] = whole
    elif FIRST_FLOAT <= number < FFLAGS:
        hart.f[number - FIRST_FLOAT] = whole
    elif number in (FFLAGS, FCSR):
        hart.control[at.FLAGS] = value & 31
        if number == FCSR:
            hart.control[at.ROUNDING] = value >> 5 & 7
    elif number == FRM:
        hart.control[at.ROUNDING] = value & 7
