"""The timing model as an object that eats traces and tells cycles."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yunqi.kernel.errors import Invalid
from yunqi.labs.riscv.engine.machine import layout
from yunqi.labs.riscv.engine.machine.hart import Hart
from yunqi.labs.riscv.engine.timing import back, caches, order, predict, words
from yunqi.labs.riscv.engine.timing.parameters import chosen, packed
from yunqi.labs.riscv.engine.timing.pipeline import LOG_COLUMNS, RING, advance

_MARKS = 4096
_I64 = np.int64


@dataclass(frozen=True, slots=True)
class Timed:
    """What the model counted: cycles, the stack of causes, counters, and the cycle of each reading of the cycle register."""

    cycles: int
    instructions: int
    stack: dict[str, int]
    counters: dict[str, int]
    marks: tuple[int, ...]


class TimingModel:
    """The core's pipeline, fed with what a hart has traced.

    Parameters
    ----------
    changes
        Parameters that differ from the published core.
    log
        Of how many instructions the way through the pipeline is kept.
    """

    def __init__(self, changes: Mapping[str, float] | None = None, *, log: int = 0) -> None:
        self.values = chosen(changes or {})
        self.p = packed(self.values)
        p = self.p
        self.t: NDArray[np.int64] = np.zeros(words.WORDS, _I64)
        self.n: NDArray[np.int64] = np.zeros(words.COUNTED, _I64)
        self.log: NDArray[np.int64] = np.zeros((log, LOG_COLUMNS), _I64)
        self.stack: NDArray[np.int64] = np.zeros(16, _I64)
        self.marks: NDArray[np.int64] = np.zeros(_MARKS, _I64)
        self._fronts = (
            np.full(predict.LEVEL + 1, -1, _I64), np.full(2 * int(p[words.BTB]), -1, _I64), _neutral(),
            np.zeros(max(1, int(p[words.RETURN_STACK])), _I64), np.full(int(p[words.INDIRECT]), -1, _I64),
            *_cache(p, words.L1I_BYTES, words.L1I_WAYS), np.zeros((predict.LATE, predict.LATE_COLUMNS), _I64),
        )  # fmt: skip
        self._fronts[0][predict.LEVEL] = 0
        self._memory = (
            *_cache(p, words.L1D_BYTES, words.L1D_WAYS), *_cache(p, words.L2_BYTES, words.L2_WAYS), np.zeros(64, _I64),
            np.full(caches.STREAMS + 1, -9, _I64), np.full(int(p[words.TLB_ENTRIES]), -1, _I64),
        )  # fmt: skip
        self._memory[5][caches.STREAMS] = 0
        self._machine = (
            np.zeros((6, RING), _I64), np.zeros((words.QUEUES, words.ENTRIES), _I64), np.full(2 * back.CALENDAR, -1, _I64),
            np.full(3 * back.STORES, -1, _I64), np.zeros(words.REGISTERS, _I64), np.zeros(words.REGISTERS, _I64),
            np.full(3 * order.TABLE, -1, _I64), np.full((order.KEPT, order.STATE), -1, _I64),
        )  # fmt: skip
        self.t[words.GROUP] = self.t[words.FETCH_BLOCK_END] = self.t[words.HELD_BLOCK] = -1
        self.t[words.OPERATION_BLOCK] = self.t[words.ENTRY_GROUP] = -1
        self.executions: NDArray[np.int64] = np.zeros(0, _I64)
        self.cycles: NDArray[np.int64] = np.zeros(0, _I64)
        self._info: NDArray[np.int64] = np.zeros(0, _I64)
        self.by_pc: dict[int, tuple[int, int]] = {}

    def consume(self, hart: Hart) -> None:
        """Time what the hart has traced since the last call."""
        count = int(hart.control[layout.TRACED])
        if not count:
            return
        code = hart.memory.code
        if not self.executions.size:
            slots = code.size // 2
            self.executions, self.cycles = np.zeros(slots, _I64), np.zeros(slots, _I64)
            self._info = np.zeros(2 * slots, _I64)
        pages = np.array(hart.memory.code_pages, _I64)
        books = (self.stack, self.executions, self.cycles, self.log, self.marks)
        advance(
            hart.slots, hart.addresses, count, code, pages, self._info, self._fronts, self._memory, self._machine, books,
            self.t, self.p, self.n,
        )  # fmt: skip
        hart.control[layout.CYCLES] = self.t[words.RETIRED_AT]

    def forget_code(self, pages: list[int]) -> None:
        """Keep what was counted by address: the decoded slots are about to be used anew."""
        self._collect(pages)
        for array in (self.executions, self.cycles):
            array[: len(pages) * layout.SLOTS] = 0

    def profile(self, pages: list[int]) -> dict[int, tuple[int, int]]:
        """Return by address of instruction how often it was carried out and how many cycles retirement stood at it."""
        kept = dict(self.by_pc)
        self._collect(pages)
        found, self.by_pc = self.by_pc, kept
        return found

    def _collect(self, pages: list[int]) -> None:
        found = dict(self.by_pc)
        for slot in np.flatnonzero(self.executions[: len(pages) * layout.SLOTS]):
            pc = (pages[slot // layout.SLOTS] << 12) + (int(slot) % layout.SLOTS) * 2
            count, cycles = found.get(pc, (0, 0))
            found[pc] = (count + int(self.executions[slot]), cycles + int(self.cycles[slot]))
        self.by_pc = found

    def timed(self) -> Timed:
        """Return what was counted so far."""
        names = [name.lower() for name in _COUNTER_NAMES]
        return Timed(
            int(self.t[words.RETIRED_AT]),
            int(self.t[words.COUNT]),
            {cause: int(value) for cause, value in zip(words.CAUSES, self.stack, strict=False)},
            {name: int(value) for name, value in zip(names, self.n, strict=False)},
            tuple(int(mark) for mark in self.marks[: self.t[words.MARKS]]),
        )


_COUNTER_NAMES = (
    "BRANCHES", "BRANCH_MISSES", "INDIRECTS", "INDIRECT_MISSES", "RETURNS", "RETURN_MISSES", "L1I_MISSES",
    "LOADS", "STORES", "L1D_MISSES",
    "L2_MISSES", "TLB_MISSES", "FORWARDS", "MULTIPLIES", "FLOATS", "VECTORS", "BTB_LATE", "BTB_NEVER", "PREFETCHES",
    "ORDER_FLUSHES",
)  # fmt: skip


def _neutral() -> NDArray[np.int8]:
    """Return the direction counters as after their invalidation: each half sure of its side, all blocks with the first."""
    made = np.zeros(predict.SIZE, np.int8)
    made[predict.COUNTERS : 2 * predict.COUNTERS] = 3
    return made


def _cache(p: NDArray[np.int64], size: int, ways: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    lines = int(p[size] // p[words.LINE])
    sets = lines // int(p[ways])
    if sets < 1 or sets & (sets - 1):
        raise Invalid(f"A cache of {p[size]} bytes with {p[ways]} ways has no power of two of sets.", "set")
    return np.full(sets * int(p[ways]), -1, _I64), np.zeros(sets * int(p[ways]), _I64)
