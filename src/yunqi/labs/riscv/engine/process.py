"""A program as a process: loaded, given a stack, run between system calls, stopped at its limits."""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from yunqi.kernel.errors import Exhausted, Invalid
from yunqi.labs.riscv.engine.disassemble import text_at
from yunqi.labs.riscv.engine.files import Files
from yunqi.labs.riscv.engine.isa.catalogue import table
from yunqi.labs.riscv.engine.linux import Exited, Linux
from yunqi.labs.riscv.engine.machine import layout as at
from yunqi.labs.riscv.engine.machine.hart import Hart
from yunqi.labs.riscv.engine.machine.loop import prepare
from yunqi.labs.riscv.engine.machine.memory import TOP, Memory
from yunqi.labs.riscv.engine.signals import SIGNALS
from yunqi.labs.riscv.model import Fault, Limits, Program

_STACK = 8 << 20
_STACK_TOP = TOP - (16 << 20)
_BURST = 20_000_000
_WINDOW = 1_000_000
_NANOSECONDS_PER_INSTRUCTION = 1


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: its exit status, or a fault, or the limit that stopped it."""

    status: int | None
    fault: Fault | None
    limit: str | None


class Process:
    """One process on one hart.

    Parameters
    ----------
    program
        What is run.
    arguments
        Its ``argv``.
    files
        What it may read and write.
    limits
        Where it is stopped.
    clock
        Seconds on the wall, for the deadline.
    consume
        Is called with the hart whenever the trace holds instructions to be timed; ``None``: no trace is kept.
    nanoseconds
        Time of the modelled core; by default one a retired instruction.
    full
        Instructions up to which all are traced; after them one window in ten is.
    """

    def __init__(
        self,
        program: Program,
        arguments: Sequence[str],
        *,
        files: Files,
        limits: Limits,
        clock: Callable[[], float],
        consume: Callable[[Hart], None] | None = None,
        nanoseconds: Callable[[], int] | None = None,
        full: int = 1 << 62,
    ) -> None:
        self.program, self.limits, self.files = program, limits, files
        self.memory = Memory(limits.memory)
        self.memory.before_forgetting = self._drain
        self.untimed = 0
        self._full = full
        self.hart = Hart(self.memory)
        self.linux = Linux(
            self.memory, files, nanoseconds or (lambda: self.hart.retired * _NANOSECONDS_PER_INSTRUCTION)
        )
        self._clock, self._consume = clock, consume
        self._load()
        self._stack([*arguments] or [program.name])

    def run(self) -> Ended:
        """Run to the end, a fault or a limit."""
        deadline = self._clock() + self.limits.seconds
        try:
            while True:
                ended = self.step(deadline)
                if ended is not None:
                    return ended
        except Exited as exited:
            self._drain()
            if exited.signal:
                return Ended(exited.status, self._death(exited.signal), None)
            return Ended(exited.status, None, None)
        except Exhausted as full:
            self._drain()
            return Ended(None, None, full.message)
        finally:
            self.files.close_all()

    def step(self, deadline: float, most: int | None = None, *, traced: bool = False) -> Ended | None:
        """Go on until the next event and answer it; None when the process can go on.

        Parameters
        ----------
        deadline
            On the clock, when the process is stopped.
        most
            Instructions at most.
        traced
            Whether the hart's trace afterwards holds these instructions (for who keeps none otherwise).
        """
        hart = self.hart
        before, tracing = hart.retired, self._consume is not None
        limit = min(self.limits.instructions, before + (_BURST if most is None else most))
        if tracing:
            tracing, border = self._window(before)
            limit = min(limit, border)
        if traced:
            hart.control[at.TRACED] = 0
        why = hart.go(limit, tracing=tracing or traced)
        if not tracing:
            self.untimed += hart.retired - before
        if why == at.TRACE_FULL:
            self._drain()
        elif why == at.SYSTEM_CALL:
            self._system_call()
        elif why in (at.NO_CODE, at.NO_LOAD, at.NO_STORE):
            if not self._page(why):
                return Ended(None, self._segmentation(why), None)
        elif why != at.LIMIT_REACHED:
            return Ended(None, self._fault(why), None)
        if hart.retired >= self.limits.instructions:
            self._drain()
            return Ended(None, None, f"The program was stopped after {self.limits.instructions:,} instructions.")
        if self._clock() > deadline:
            self._drain()
            return Ended(None, None, f"The program was stopped after {self.limits.seconds:g} seconds.")
        return None

    def decode(self, address: int, slot: int) -> None:
        """Decode an instruction that the program has not come to, for who brings a trace from elsewhere."""
        memory = self.memory
        prepare(address, slot, memory.pages, memory.bytes, memory.code, table(), self.hart.control)
        self.hart.control[at.STOP] = at.RUNNING

    def _window(self, retired: int) -> tuple[bool, int]:
        """Return whether the next instructions are traced, and up to which one."""
        if retired < self._full:
            return True, self._full
        start = retired - (retired - self._full) % (10 * _WINDOW)
        inside = retired < start + _WINDOW
        return inside, start + (_WINDOW if inside else 10 * _WINDOW)

    def _system_call(self) -> None:
        hart = self.hart
        before = [int(value) for value in hart.x[10:18]]
        hart.control[at.PC] += 4
        hart.control[at.RETIRED] += 1
        hart.x[10] = self.linux.call([*before[:6], 0, before[7]])

    def _page(self, why: int) -> bool:
        address = int(self.hart.control[at.FAULT])
        right = {at.NO_CODE: at.EXECUTE, at.NO_LOAD: at.READ, at.NO_STORE: at.WRITE}[why]
        if address < 0 or not self.memory.touch(address, right):
            return False
        if why == at.NO_CODE and address == self.hart.pc:
            self.memory.decode_page(address)
        return True

    def _drain(self) -> None:
        if self._consume is not None:
            self._consume(self.hart)
            self.hart.control[at.TRACED] = 0

    def _load(self) -> None:
        top = 0
        for segment in self.program.segments:
            rights = (
                (at.READ if segment.rights & 4 else 0)
                | (at.WRITE if segment.rights & 2 else 0)
                | (at.EXECUTE | at.READ if segment.rights & 1 else 0)
            )
            self._map_segment(segment.start, segment.size, rights)
            top = max(top, segment.start + segment.size)
        for segment in self.program.segments:
            if segment.data and not self.memory.write(segment.start, segment.data, right=7):
                raise Invalid(
                    f"{self.program.name} is damaged: the segment at {segment.start:#x} cannot be loaded.", "elf"
                )
        self.linux.brk_start = self.linux.brk = -(-top // at.PAGE) * at.PAGE
        self.hart.control[at.PC] = self.program.entry

    def _map_segment(self, start: int, size: int, rights: int) -> None:
        """Map a segment; a page that two segments share gets the rights of both."""
        first, last = start // at.PAGE, -(-(start + size) // at.PAGE)
        if last - first > self.memory.limit // at.PAGE * 64:
            raise Exhausted(
                f"{self.program.name} wants a segment of {size:,} bytes, far over the memory limit.", "max_memory"
            )
        shared = next((r for a, b, r in self.memory.areas if a <= first < b), 0)
        if shared:
            self.memory.map(first * at.PAGE, at.PAGE, rights | shared)
            first += 1
        if last > first:
            self.memory.map(first * at.PAGE, (last - first) * at.PAGE, rights)

    def _stack(self, arguments: list[str]) -> None:
        self.memory.map(_STACK_TOP - _STACK, _STACK, at.READ | at.WRITE)
        place = _STACK_TOP
        pointers = []
        for word in [*arguments, "yunqi-random-16b"]:
            data = word.encode("utf-8", "surrogateescape") + b"\0"
            place -= len(data)
            self.memory.write(place, data)
            pointers.append(place)
        if _STACK_TOP - place > 1 << 20:
            raise Invalid("The arguments are longer than 1 MiB.", "arguments")
        random = pointers.pop()
        auxiliary = [
            (3, self.program.header_address), (4, 56), (5, self.program.header_count), (6, at.PAGE), (7, 0), (8, 0),
            (9, self.program.entry), (11, 1000), (12, 1000), (13, 1000), (14, 1000), (16, 0x112D), (17, 100), (23, 0),
            (25, random), (31, pointers[0] if pointers else 0), (0, 0),
        ]  # fmt: skip
        words = [len(pointers), *pointers, 0, 0, *(number for pair in auxiliary for number in pair)]
        place = (place - 8 * len(words)) & ~15
        self.memory.write(place, struct.pack(f"<{len(words)}Q", *words))
        self.hart.x[2] = place

    def _fault(self, why: int) -> Fault:
        self._drain()
        control, pc = self.hart.control, self.hart.pc
        if why == at.BREAKPOINT:
            return Fault("breakpoint", pc, None, f"The program stopped at a breakpoint at {self.where(pc)}.", 5)
        if why == at.MISALIGNED:
            address = int(control[at.FAULT])
            message = f"The atomic at {self.where(pc)} touched the unaligned address {address:#x}."
            return Fault("misaligned", pc, address, message, 7)
        text = text_at(self.memory, pc)
        if why == at.UNKNOWN_CSR:
            message = f"The instruction at {self.where(pc)} ({text}) touches a register that a user program may not."
        else:
            message = f"The instruction at {self.where(pc)} is illegal on this core: {text}."
        return Fault("illegal_instruction", pc, None, message, 4)

    def _segmentation(self, why: int) -> Fault:
        self._drain()
        pc, address = self.hart.pc, int(self.hart.control[at.FAULT])
        shown = f"{address & 0xFFFFFFFFFFFFFFFF:#x}"
        if why == at.NO_CODE:
            return Fault("segmentation", pc, address, f"The program jumped to {shown}, where no instructions are.", 11)
        verb = "read" if why == at.NO_LOAD else "write"
        message = f"The instruction at {self.where(pc)} ({text_at(self.memory, pc)}) may not {verb} {shown}."
        return Fault("segmentation", pc, address, message, 11)

    def _death(self, signal: int) -> Fault:
        name = SIGNALS.get(signal, f"signal {signal}")
        kind = "abort" if signal == 6 else "signal"
        return Fault(kind, self.hart.pc, None, f"The program ended itself with {name}.", signal)

    def where(self, pc: int) -> str:
        """Return an address with the function that it is in."""
        inside = [s for s in self.program.symbols if s.address <= pc and pc < s.address + max(s.size, 1)]
        return f"{pc:#x} in {inside[-1].name}" if inside else f"{pc:#x}"
