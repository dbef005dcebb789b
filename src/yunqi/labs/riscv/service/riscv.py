"""The lab: programs in, what they did and how long it took out."""

import time
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yunqi.kernel import Kernel
from yunqi.kernel.errors import Unavailable
from yunqi.labs.riscv.config import RiscvConfig
from yunqi.labs.riscv.engine.elf import read_program
from yunqi.labs.riscv.engine.files import Files
from yunqi.labs.riscv.model import Limits, Program, Run

if TYPE_CHECKING:
    from yunqi.labs.riscv.engine.process import Ended, Process
    from yunqi.labs.riscv.engine.timing.model import TimingModel


MIX = ("list", "matrix", "machine", "crc32")
"""The kernels of `mix_program`, in its order."""


def _no_input(length: int) -> bytes:
    return b""


class Riscv:
    """Runs RISC-V programs on the modelled core.

    Parameters
    ----------
    kernel
        The house's ground floor (the lab keeps nothing in it).
    config
        Limits.
    """

    def __init__(self, kernel: Kernel | None, config: RiscvConfig) -> None:
        self.kernel = kernel
        self.config = config

    def read(self, file: Path) -> Program:
        """Read an ELF executable from a file."""
        from yunqi.labs.riscv.service.input import file_bytes

        return read_program(file_bytes(file), name=file.name)

    def limits(
        self, *, instructions: int | None = None, memory: int | None = None, seconds: float | None = None
    ) -> Limits:
        """Return the limits of a run: the configured ones with some changed."""
        config = self.config
        return Limits(
            instructions or config.max_instructions,
            memory or config.max_memory_bytes,
            seconds or config.deadline_seconds,
            config.max_output_bytes,
        )

    def run(
        self,
        program: Program,
        arguments: Sequence[str] = (),
        *,
        stdin: Callable[[int], bytes] = _no_input,
        show: Callable[[int, bytes], None] | None = None,
        folder: Path | None = None,
        writable: bool = False,
        limits: Limits | None = None,
        timing: bool = True,
        changes: Mapping[str, float] | None = None,
    ) -> Run:
        """Run a program to its end, a fault or a limit.

        Parameters
        ----------
        program
            From `read`.
        arguments
            ``argv`` after the program's name.
        stdin, show
            Where standard input comes from, and who is told of output while it is written.
        folder, writable
            Files below this folder can be opened, and changed when ``writable``.
        limits
            Where it is stopped; by default as configured.
        timing
            Whether cycles are modelled; without, it is about ten times faster.
        changes
            Parameters of the core that differ from the published ones.
        """
        model = self.model(changes) if timing else None
        process = self.process(
            program, arguments, stdin=stdin, show=show, folder=folder, writable=writable, limits=limits, model=model
        )
        return result(process, process.run(), model)

    def model(self, changes: Mapping[str, float] | None = None, *, log: int = 0) -> "TimingModel":
        """Return a fresh timing model of the core."""
        need_extra()
        from yunqi.labs.riscv.engine.timing.model import TimingModel

        return TimingModel(changes, log=log)

    def process(
        self,
        program: Program,
        arguments: Sequence[str] = (),
        *,
        stdin: Callable[[int], bytes] = _no_input,
        show: Callable[[int, bytes], None] | None = None,
        folder: Path | None = None,
        writable: bool = False,
        limits: Limits | None = None,
        model: "TimingModel | None" = None,
    ) -> "Process":
        """Return a program as a process that has not begun."""
        need_extra()
        from yunqi.labs.riscv.engine.process import Process

        bounds = limits or self.limits()
        files = Files(stdin, folder=folder, writable=writable, output_limit=bounds.output)
        if show is not None:
            files.show = show
        made = Process(
            program, [program.name, *arguments], files=files, limits=bounds, clock=time.monotonic,
            consume=None if model is None else model.consume, full=self.config.full_timing_instructions,
        )  # fmt: skip
        if model is not None:
            memory = made.memory
            drain = memory.before_forgetting

            def keep() -> None:
                drain()
                model.forget_code(memory.code_pages)

            memory.before_forgetting = keep
        return made

    def spin(self, instructions: int, *, timing: bool) -> int:
        """Run our own mix again and again for so many instructions, to see how fast the lab is; returns how many ran."""
        done = 0
        while done < instructions:
            done += self.run(mix_program(), limits=Limits(instructions=instructions - done), timing=timing).instructions
        return done

    def warm(self) -> float:
        """Compile the inner loops, so that the first program does not wait for it; returns the seconds it took."""
        started = time.monotonic()
        self.run(tiny_program())
        return time.monotonic() - started


def result(process: "Process", ended: "Ended", model: "TimingModel | None") -> Run:
    """Return what a process did as a noun."""
    hart, files = process.hart, process.files
    cycles, kind, timed = 0, "none", None
    frequency = 2500.0
    if model is not None:
        timed = model.timed()
        cycles, kind = timed.cycles, "full"
        frequency = model.values["core.frequency_mhz"]
        if process.untimed and timed.instructions:
            cycles, kind = cycles + round(process.untimed * timed.cycles / timed.instructions), "sampled"
    status = ended.status if ended.fault is None or ended.status else 128 + ended.fault.signal
    return Run(
        process.program.name, status, ended.fault, ended.limit, hart.retired, cycles, kind, cycles / (frequency * 1e6),
        bytes(files.output), bytes(files.errors), timed.stack if timed else {}, timed.counters if timed else {},
        timed.marks if timed else (),
    )  # fmt: skip


def need_extra() -> None:
    """Raise where the packages of the lab are not installed."""
    if find_spec("numba") is None:
        raise Unavailable("Running RISC-V programs needs the extra `labs`: run scripts/setup labs.")


def mix_program() -> Program:
    """Return four kernels of our own in one program; engine/kernels/build makes it from the sources beside it."""
    file = Path(__file__).resolve().parents[1] / "engine" / "kernels" / "mix.elf"
    return read_program(file.read_bytes(), name="mix")


def own_mix(riscv: Riscv) -> dict[str, int]:
    """Return the cycles of a warm round of each of the four kernels. They are not CoreMark."""
    marks = riscv.run(mix_program()).marks
    taken = [end - begin for begin, end in zip(marks[::2], marks[1::2], strict=True)]
    return dict(zip(MIX, taken[-len(MIX) :], strict=True))


def tiny_program() -> Program:
    """Return a program of a few instructions that ends at once."""
    from yunqi.labs.riscv.model import Segment

    words = [0x05D00893, 0x00000513, 0x00000073]  # li a7, 93; li a0, 0; ecall
    data = b"".join(word.to_bytes(4, "little") for word in words)
    return Program("tiny", 0x10000, (Segment(0x10000, len(data), 0, data, 5),), 0, 0)


def run_json(run: Run) -> dict[str, Any]:
    """Return a run as the command line and the API show it."""
    fault = run.fault
    return {
        "program": run.program,
        "exit_status": run.exit_status,
        "fault": None
        if fault is None
        else {
            "kind": fault.kind,
            "pc": fault.pc,
            "address": fault.address,
            "message": fault.message,
            "signal": fault.signal,
        },
        "stopped": run.stopped,
        "instructions": run.instructions,
        "cycles": run.cycles,
        "ipc": round(run.ipc, 4),
        "seconds": run.seconds,
        "timing": run.timing,
        "stdout": run.output.decode("utf-8", "replace"),
        "stderr": run.errors.decode("utf-8", "replace"),
        "cpi_stack": run.stack,
        "counters": run.counters,
    }
