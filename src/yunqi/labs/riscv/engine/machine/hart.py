"""One hart: its registers and memory, and how it is told to go on."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from yunqi.labs.riscv.engine.isa.catalogue import table
from yunqi.labs.riscv.engine.machine import layout as at
from yunqi.labs.riscv.engine.machine.loop import run
from yunqi.labs.riscv.engine.machine.memory import Memory

_TRACE = 1 << 16


@dataclass(slots=True)
class Hart:
    """The state of one hardware thread.

    Parameters
    ----------
    memory
        Its address space.
    x, f
        Integer registers (33: the last swallows what is written to ``x0``) and the bits of the floating-point registers
        (32; what is above is scratch).
    control
        The words named in `layout`.
    slots, addresses
        The trace: decoded slot and address of each instruction since the last reading.
    """

    memory: Memory
    x: NDArray[np.int64] = field(default_factory=lambda: np.zeros(64, np.int64))
    f: NDArray[np.int64] = field(default_factory=lambda: np.zeros(64, np.int64))
    control: NDArray[np.int64] = field(default_factory=lambda: np.zeros(at.CONTROL_WORDS, np.int64))
    vectors: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(32 * 16, np.uint8))
    slots: NDArray[np.int64] = field(default_factory=lambda: np.zeros(_TRACE, np.int64))
    addresses: NDArray[np.int64] = field(default_factory=lambda: np.zeros(_TRACE, np.int64))

    def __post_init__(self) -> None:
        self.control[at.RESERVED] = -1
        self.control[at.VTYPE] = -(1 << 63)  # no configuration yet: vill

    def go(self, limit: int, *, tracing: bool) -> int:
        """Run until something has to be done outside, or ``limit`` instructions have retired; return why it stopped."""
        control, memory = self.control, self.memory
        control[at.LIMIT] = limit
        control[at.TRACING] = tracing
        run(
            self.x, self.f, self.f.view(np.float64), self.f.view(np.float32), control, memory.tlb, memory.pages,
            memory.bytes, memory.halves, memory.words, memory.doubles, memory.code, memory.code_index, table(), self.vectors,
            self.slots, self.addresses,
        )  # fmt: skip
        return int(control[at.STOP])

    @property
    def pc(self) -> int:
        """Address of the next instruction."""
        return int(self.control[at.PC])

    @property
    def retired(self) -> int:
        """How many instructions have been carried out."""
        return int(self.control[at.RETIRED])
