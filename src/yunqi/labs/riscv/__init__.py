"""A RISC-V core of the Xuantie 910 class: runs programs and knows their cycles.

>>> from yunqi.labs.riscv import Invalid, read_program
>>> try:
...     read_program(b"MZ not an ELF file", name="setup.exe")
... except Invalid as error:
...     print(error)
setup.exe is not an ELF file (it begins with 4d5a206e).
"""

from yunqi.kernel.errors import Invalid
from yunqi.labs.riscv.config import RiscvConfig
from yunqi.labs.riscv.engine.elf import read_program
from yunqi.labs.riscv.model import Fault, Limits, Program, Run, Segment, Symbol
from yunqi.labs.riscv.service import (
    HOW_COREMARK,
    PUBLISHED_COREMARK,
    Ranked,
    Riscv,
    SpecEstimate,
    compare,
    coremark,
    own_mix,
    parameters,
    profile,
    ranking,
    right_pairs,
    right_winners,
    specint,
)

__all__ = [
    "HOW_COREMARK",
    "PUBLISHED_COREMARK",
    "Fault",
    "Invalid",
    "Limits",
    "Program",
    "Ranked",
    "Riscv",
    "RiscvConfig",
    "Run",
    "Segment",
    "SpecEstimate",
    "Symbol",
    "compare",
    "coremark",
    "own_mix",
    "parameters",
    "profile",
    "ranking",
    "read_program",
    "right_pairs",
    "right_winners",
    "specint",
]
