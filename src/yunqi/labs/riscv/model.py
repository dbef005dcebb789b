"""The lab's nouns: programs, runs, faults."""

from dataclasses import dataclass, field

PORT = "riscv.port"
"""Kind of the job that ports a network."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a program in memory.

    Parameters
    ----------
    start, size
        Address and length in bytes; what ``data`` does not fill is zero.
    offset
        Where it stands in the file.
    data
        Its bytes from the file.
    rights
        1 to execute, 2 to write, 4 to read, added together (ELF's numbers).
    """

    start: int
    size: int
    offset: int
    data: bytes = field(repr=False)
    rights: int

    @property
    def executable(self) -> bool:
        """Whether instructions may be fetched from it."""
        return bool(self.rights & 1)


@dataclass(frozen=True, slots=True)
class Symbol:
    """A function's name, address and length in bytes (0 when the file does not say)."""

    name: str
    address: int
    size: int


@dataclass(frozen=True, slots=True)
class Program:
    """An executable, checked and ready to be loaded.

    Parameters
    ----------
    name
        What messages call it.
    entry
        Address of its first instruction.
    segments
        What it has in memory.
    header_address, header_count
        Its program headers in memory, for its start-up code; 0 when they are not loaded.
    symbols
        Its functions, sorted by address.
    """

    name: str
    entry: int
    segments: tuple[Segment, ...]
    header_address: int
    header_count: int
    symbols: tuple[Symbol, ...] = field(repr=False, default=())


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a run is stopped.

    Parameters
    ----------
    instructions
        Most instructions.
    memory
        Most bytes of memory.
    seconds
        Most seconds on the wall clock.
    output
        Most bytes of output.
    """

    instructions: int = 2_000_000_000
    memory: int = 512 << 20
    seconds: float = 600.0
    output: int = 16 << 20


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a program could not go on.

    Parameters
    ----------
    kind
        ``illegal_instruction``, ``segmentation``, ``misaligned``, ``breakpoint``, ``abort`` or ``signal``.
    pc
        Address of the instruction.
    address
        The address that it touched, where it touched one.
    message
        The whole in one sentence.
    signal
        The Linux signal that a process would have died of.
    """

    kind: str
    pc: int
    address: int | None
    message: str
    signal: int


@dataclass(frozen=True, slots=True)
class Run:
    """What a run did.

    Parameters
    ----------
    program
        Its name.
    exit_status
        What it returned; 128 and the signal's number where it died of one; ``None`` where a limit stopped it.
    fault
        Why it could not go on, if so.
    stopped
        Which limit stopped it, in a sentence, if one did.
    instructions
        How many were carried out.
    cycles
        The modelled core's; 0 without timing.
    timing
        ``full``, ``sampled`` (cycles are estimated from one window in ten after the first ones) or ``none``.
    seconds
        Time on the modelled core at its frequency.
    output, errors
        What it wrote.
    stack
        Cycles by cause; they sum up to the timed cycles.
    counters
        Branches, misses and accesses that were counted.
    marks
        Cycle of each reading of the cycle register.
    """

    program: str
    exit_status: int | None
    fault: Fault | None
    stopped: str | None
    instructions: int
    cycles: int
    timing: str
    seconds: float
    output: bytes = field(repr=False)
    errors: bytes = field(repr=False)
    stack: dict[str, int] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    marks: tuple[int, ...] = ()

    @property
    def ipc(self) -> float:
        """Instructions per cycle."""
        return self.instructions / self.cycles if self.cycles else 0.0
